"""Clients for the tests of adapters."""

from __future__ import annotations

from typing import Any

import boto3

from running_model_handler.shell.calls import CLIENT_CONFIG


def client(name: str) -> Any:
    """A client that reaches nothing but its stubber."""
    return boto3.client(
        name,  # type: ignore[call-overload]
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=CLIENT_CONFIG,
    )
