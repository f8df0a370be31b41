"""Shared by the synth tests: one jsii process for all of them, and small helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template


@pytest.fixture
def stack() -> Stack:
    """A stack without an explicit environment."""
    return Stack(App(), "Parts")


@pytest.fixture
def resources() -> Callable[[Stack, str], dict[str, Any]]:
    """All resources of a type in a stack's template, by logical id."""

    def find(of: Stack, kind: str) -> dict[str, Any]:
        return dict(Template.from_stack(of).find_resources(kind))

    return find
