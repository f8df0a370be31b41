"""What people do beside deploy and destroy, as docs/what-people-do.md tells it, through the real CDK CLI."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_cdk import CfnOutput, CfnResource, Duration, Fn, RemovalPolicy, Stack
from by_api import ByApi
from harness import Deployment
from stacks import models

from rekognition_running_model import RunningModel
from running_model_handler.core.names import Tag

pytestmark = pytest.mark.e2e


@pytest.fixture
def other(api: ByApi, deployment: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    """A second stack."""
    this = Deployment(api, tmp_path / "other")
    yield this
    if this.assembly is not None and this.stack_status() is not None:
        assert this.destroy().code == 0


def topic(stack: Stack, built: list[RunningModel]) -> None:
    """Something that stays when the model goes: a stack without resources would be deleted."""
    CfnResource(stack, "Topic", type="AWS::SNS::Topic")


def without_model(stack: Stack) -> None:
    """The stack after the model has left it."""
    topic(stack, [])


def test_a_model_moves_to_another_stack(deployment: Deployment, other: Deployment) -> None:
    """RETAIN first, then out of one stack and into the other: adopted, without a stop; no claim is left."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn, change=topic)).code == 0
    kept = deployment.deploy(models(arn, change=topic, removal_policy=RemovalPolicy.RETAIN))
    assert kept.code == 0, kept.output
    assert deployment.deploy(without_model).code == 0
    assert deployment.rekognition.status(arn) == "RUNNING"
    moved = other.deploy(models(arn))
    assert moved.code == 0, moved.output
    assert len(deployment.rekognition.journal.running_intervals(arn)) == 1
    assert deployment.calls("StopProjectVersion") == []
    assert other.destroy().code == 0
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert not any(key.startswith(Tag.HOLDER) for key in deployment.rekognition.tags(arn))


def exporting(stack: Stack, built: list[RunningModel]) -> None:
    """What CDK writes where another stack uses ``project_version_arn``."""
    CfnOutput(stack, "Export", value=built[0].project_version_arn, export_name="model-in-use")


def importing(stack: Stack) -> None:
    """The other stack."""
    CfnResource(
        stack, "Topic", type="AWS::SNS::Topic", properties={"DisplayName": Fn.import_value("model-in-use")}
    )


def test_the_arn_that_another_stack_uses_does_not_change(deployment: Deployment, other: Deployment) -> None:
    """The new model starts, the export cannot change, and everything goes back; nor can the stack go."""
    first, second = deployment.model("v1"), deployment.model("v2")
    assert deployment.deploy(models(first, change=exporting)).code == 0
    assert other.deploy(importing).code == 0
    changed = deployment.deploy(models(second, change=exporting))
    assert changed.code != 0
    refused = "export model-in-use as it is in use by"
    assert any(f"Update canceled. Cannot update {refused}" in one for one in deployment.reasons())
    assert deployment.stack_status() == "UPDATE_ROLLBACK_COMPLETE"
    assert deployment.rekognition.status(first) == "RUNNING"
    assert deployment.rekognition.status(second) == "STOPPED"
    assert deployment.destroy().code != 0
    assert deployment.stack_status() == "UPDATE_ROLLBACK_COMPLETE"
    assert deployment.rekognition.status(first) == "RUNNING"
    assert other.destroy().code == 0
    assert deployment.destroy().code == 0
    assert deployment.rekognition.status(first) == "STOPPED"


@pytest.mark.real_cli
def test_interrupted_while_a_model_starts(deployment: Deployment) -> None:
    """Ctrl-C ends the CLI alone: CloudFormation goes on, until somebody destroys the stack in the middle."""
    arn = deployment.model("v1", start_seconds=12.0)
    process = deployment.cdk.start_deploy(deployment.synth(models(arn)), deployment.name)
    deployment.wait_for_status(arn, "STARTING")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert deployment.stack_status() == "CREATE_IN_PROGRESS"
    assert deployment.rekognition.status(arn) == "STARTING"
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    # Rekognition may take no Stop before the start is over.
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert len(deployment.calls("StartProjectVersion")) == 1


@pytest.mark.real_cli
def test_started_again_and_never_by_a_hotswap(deployment: Deployment) -> None:
    """After a stop by hand a deployment has to change something; a hotswap passes over the model."""
    arn = deployment.model("v1", start_seconds=1.0, stop_seconds=1.0)
    assert deployment.deploy(models(arn)).code == 0
    deployment.rekognition.stop_by_hand(arn)
    deployment.wait_for_status(arn, "STOPPED")
    same = deployment.deploy(models(arn), "--force")
    assert "(no changes)" in same.output
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert deployment.deploy(models(arn, timeout=Duration.minutes(50))).code == 0
    assert deployment.rekognition.status(arn) == "RUNNING"
    larger = models(arn, timeout=Duration.minutes(50), min_inference_units=2)
    swapped = deployment.deploy(larger, "--hotswap")
    assert swapped.code == 0, swapped.output
    assert "(no changes)" in swapped.output
    assert deployment.rekognition.units(arn)[0] == 1
    assert deployment.deploy(larger).code == 0
    assert deployment.rekognition.units(arn)[0] == 2
