"""Models of nested stacks through the real CDK CLI, on the embedded AWS."""

from __future__ import annotations

from functools import partial

import pytest
from aws_cdk import NestedStack, Stack
from harness import Deployment
from stacks import POLL, set_function_timeout

from rekognition_running_model import RunningModel, RunningModelProvider

pytestmark = pytest.mark.e2e


def test_a_nested_stack_with_a_function_of_its_own(deployment: Deployment) -> None:
    """A model of a nested stack, beside one of its parent."""
    inner, outer = deployment.model("inner"), deployment.model("outer")

    def build(stack: Stack) -> None:
        nested = NestedStack(stack, "Nested")
        RunningModel(nested, "Model", project_version_arn=inner, poll_interval=POLL)
        RunningModel(stack, "Model", project_version_arn=outer, poll_interval=POLL)

    outcome = deployment.deploy(build)
    assert outcome.code == 0, outcome.output
    assert {deployment.rekognition.status(arn) for arn in (inner, outer)} == {"RUNNING"}
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert {deployment.rekognition.status(arn) for arn in (inner, outer)} == {"STOPPED"}


def test_a_nested_stack_with_the_function_of_its_parent(deployment: Deployment) -> None:
    """The function may hand over, although the models' permissions stand in another stack than its own."""
    first, second = deployment.model("v1", start_seconds=15.0), deployment.model("v2", start_seconds=15.0)

    def build(stack: Stack, arn: str) -> None:
        provider = RunningModelProvider(stack, "Provider")
        set_function_timeout(provider, 8)
        nested = NestedStack(stack, "Nested")
        RunningModel(nested, "Model", project_version_arn=arn, poll_interval=POLL, provider=provider)

    for arn in (first, second):
        outcome = deployment.deploy(partial(build, arn=arn))
        assert outcome.code == 0, outcome.output
        assert deployment.rekognition.status(arn) == "RUNNING"
    assert deployment.rekognition.status(first) == "STOPPED"
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert deployment.rekognition.status(second) == "STOPPED"
    assert [call for call in deployment.role_calls() if not call.allowed] == []
    assert "lambda:InvokeFunction" in deployment.actions()
