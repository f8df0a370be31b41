"""The life of a model on the embedded AWS: the bad days."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from aws_cdk import Stack
from by_api import ByApi
from harness import Deployment
from stacks import failing_sibling, models, set_service_timeout, without_action

from rekognition_running_model import RunningModel
from running_model_handler.core.names import Tag

pytestmark = pytest.mark.e2e


def test_a_replacement_that_fails_to_start_never_stopped_the_old_one(deployment: Deployment) -> None:
    """G7: the update fails with StatusMessage, the old model ran all the time, the new one is at rest."""
    old = deployment.model("v1")
    new = deployment.model("v2", start_outcome="FAILED", status_message="no capacity left")
    assert deployment.deploy(models(old)).code == 0
    outcome = deployment.deploy(models(new))
    assert outcome.code != 0
    assert "no capacity left" in outcome.output
    ((_, ended, _),) = deployment.rekognition.journal.running_intervals(old)
    assert ended is None
    assert deployment.rekognition.status(new) == "FAILED"
    assert Tag.STACK_ID not in deployment.rekognition.tags(new)
    assert deployment.stack_status() == "UPDATE_ROLLBACK_COMPLETE"


def test_a_sibling_that_fails_while_the_model_is_starting(deployment: Deployment) -> None:
    """G3: the create is cancelled while STARTING; when the stack is rolled back, nothing runs."""
    arn = deployment.model("v1", start_seconds=20.0)
    outcome = deployment.deploy(models(arn, change=failing_sibling(after_seconds=8.0)))
    assert outcome.code != 0
    assert "STARTING" in deployment.statuses(arn)
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert Tag.STACK_ID not in deployment.rekognition.tags(arn)
    assert deployment.stack_status() == "ROLLBACK_COMPLETE"


def test_a_sibling_that_fails_while_the_model_is_running(deployment: Deployment) -> None:
    """G3: the model already runs when its sibling fails; the roll-back stops it."""
    arn = deployment.model("v1")
    sibling = failing_sibling(after_seconds=0.5, after_models=True)
    outcome = deployment.deploy(models(arn, change=sibling))
    assert outcome.code != 0
    assert "RUNNING" in deployment.statuses(arn)
    assert deployment.rekognition.status(arn) == "STOPPED"


def test_an_update_rolled_back_by_a_sibling_while_the_new_version_starts(deployment: Deployment) -> None:
    """G7, G3: the replacement is cancelled; the old model never stopped, the new one ends STOPPED."""
    old, new = deployment.model("v1"), deployment.model("v2", start_seconds=20.0)

    good = failing_sibling(after_seconds=6.0, fail_on="nothing")
    bad = failing_sibling(after_seconds=6.0, fail_on="Update")
    assert deployment.deploy(models(old, change=good)).code == 0
    outcome = deployment.deploy(models(new, change=bad))
    assert outcome.code != 0
    assert deployment.stack_status() == "UPDATE_ROLLBACK_COMPLETE"
    ((_, ended, _),) = deployment.rekognition.journal.running_intervals(old)
    assert ended is None
    assert deployment.rekognition.status(new) in ("STOPPED", "TRAINING_COMPLETED")


@pytest.mark.real_cli
def test_deploy_interrupted_and_the_update_cancelled(deployment: Deployment) -> None:
    """G10: ctrl-C ends the CLI, cancel-update-stack the update: the old size is back, nothing else runs."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn)).code == 0
    assembly = deployment.synth(models(arn, min_inference_units=2))
    process = deployment.cdk.start_deploy(assembly, deployment.name)
    deployment.wait_for_status(arn, "STOPPING")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    deployment.aws.client("cloudformation").cancel_update_stack(StackName=deployment.name)
    deployment.wait_for_stack("UPDATE_ROLLBACK_COMPLETE")
    assert deployment.rekognition.status(arn) == "RUNNING"
    last = deployment.rekognition.journal.running_intervals(arn)[-1]
    assert last[2] == 1


def test_the_function_is_killed_at_work(deployment: Deployment) -> None:
    """G3, G5: killed twice while it starts and once while it stops; Lambda's retries go on with one Start."""
    arn = deployment.model("v1", start_seconds=15.0, stop_seconds=8.0)
    process = deployment.start_deploy(models(arn))
    deployment.wait_for_status(arn, "STARTING")
    deployment.kill_function()
    deployment.wait_for("the first retry", lambda: deployment.tries("Create") == 2)
    deployment.kill_function()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert deployment.tries("Create") == 3
    assert len(deployment.calls("StartProjectVersion")) == 1
    assert deployment.assembly is not None
    process = deployment.start_destroy()
    deployment.wait_for_status(arn, "STOPPING")
    deployment.kill_function()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert Tag.STACK_ID not in deployment.rekognition.tags(arn)


def test_another_stack_that_claims_the_same_model(deployment: Deployment, api: ByApi, tmp_path: Path) -> None:
    """G6: the second stack fails with the owner's name; the model goes on running for the first."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn)).code == 0
    second = Deployment(api, tmp_path)
    outcome = second.deploy(models(arn))
    assert outcome.code != 0
    assert f"stack {deployment.name}" in outcome.output
    assert second.destroy().code == 0
    ((_, ended, _),) = deployment.rekognition.journal.running_intervals(arn)
    assert ended is None


@pytest.mark.real_cli
def test_a_start_that_fails_tells_why(deployment: Deployment) -> None:
    """FAILED on start reaches the CLI with StatusMessage."""
    arn = deployment.model("v1", start_outcome="FAILED", status_message="the model is broken")
    outcome = deployment.deploy(models(arn))
    assert outcome.code != 0
    assert "the model is broken" in outcome.output
    assert deployment.rekognition.status(arn) == "FAILED"


@pytest.mark.parametrize(
    ("status", "words"),
    [("TRAINING_IN_PROGRESS", "not trained yet"), ("TRAINING_FAILED", "declare another version")],
)
def test_a_model_that_cannot_run(deployment: Deployment, status: str, words: str) -> None:
    """What can't be started fails by its status, and nothing is claimed."""
    arn = deployment.model("v1", status=status)
    outcome = deployment.deploy(models(arn))
    assert outcome.code != 0
    assert words in outcome.output
    assert Tag.STACK_ID not in deployment.rekognition.tags(arn)


def test_version_missing(deployment: Deployment) -> None:
    """A version that does not exist is named."""
    arn = deployment.model("v1")
    outcome = deployment.deploy(models(arn.replace("/version/v1/", "/version/v9/")))
    assert outcome.code != 0
    assert "/version/v9/" in outcome.output
    assert "does not exist; check the ARN" in outcome.output


def test_permission_missing_names_the_action(deployment: Deployment) -> None:
    """IAM denies StartProjectVersion: after a quarter of the time that there is the action is named."""

    def denied(stack: Stack, built: list[RunningModel]) -> None:
        without_action("rekognition:StartProjectVersion")(stack, built)
        set_service_timeout(built, 60)

    arn = deployment.model("v1")
    outcome = deployment.deploy(models(arn, change=denied))
    assert outcome.code != 0
    assert "rekognition:StartProjectVersion" in outcome.output
    assert deployment.rekognition.status(arn) == "TRAINING_COMPLETED"


def test_deleted_by_hand_before_the_stack_is(deployment: Deployment) -> None:
    """A version that somebody deleted keeps no stack from being destroyed."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn)).code == 0
    deployment.rekognition.stop_by_hand(arn)
    deployment.wait_for_status(arn, "STOPPED")
    deployment.rekognition.delete_by_hand(arn)
    outcome = deployment.destroy()
    assert outcome.code == 0, outcome.output


def test_a_stop_that_never_ends_is_told_with_the_command(deployment: Deployment) -> None:
    """DELETE_FAILED comes before CloudFormation's own time-out, with the command that stops the model."""

    def impatient(stack: Stack, built: list[RunningModel]) -> None:
        set_service_timeout(built, 20)

    arn = deployment.model("v1")
    assert deployment.deploy(models(arn, change=impatient)).code == 0
    deployment.rekognition.settings.stop_seconds = 3600.0
    try:
        outcome = deployment.destroy()
    finally:
        deployment.rekognition.settings.stop_seconds = 2.0
    assert outcome.code != 0
    assert any("aws rekognition stop-project-version" in reason for reason in deployment.reasons())
    deployment.rekognition.set_status(arn, "STOPPED")
    deployment.forget()
