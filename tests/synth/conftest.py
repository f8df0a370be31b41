"""Shared by the synth tests: one jsii process for all of them, and small helpers."""

from __future__ import annotations

import os
from pathlib import Path

# CDK's own validation of templates takes most of a synth: over a second in every process. The tests of what
# the whole of CDK says switch it on again (test_checks.py). It counts when jsii starts, hence up here.
os.environ.setdefault("CDK_VALIDATION", "false")
# Processes that a test starts run the sources beside it, not what happens to be installed.
os.environ["PYTHONPATH"] = os.pathsep.join(
    str(Path(__file__).parents[2] / folder) for folder in ("constructs", "lambda")
)

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
