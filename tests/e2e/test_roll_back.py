"""Stacks that turn back, through the real CDK CLI on the embedded AWS."""

from __future__ import annotations

import time

import pytest
from aws_cdk import Stack
from harness import Deployment
from stacks import failing_sibling, models, set_service_timeout, without_action

from rekognition_running_model import RunningModel
from running_model_handler.core.claim import read_claim
from running_model_handler.core.names import Tag

pytestmark = pytest.mark.e2e


GOOD = failing_sibling(after_seconds=0.5, fail_on="nothing", after_models=True)
BAD = failing_sibling(after_seconds=0.5, fail_on="Update", after_models=True)
"""The same resource; it is updated after the models, and fails then. The update back succeeds."""


@pytest.mark.parametrize("roll_back", ["update", "restore"])
def test_a_finished_replacement_that_is_rolled_back(deployment: Deployment, roll_back: str) -> None:
    """G7, G3: a sibling fails after both models run. The old one never stops, the new one does.

    Whether CloudFormation sends an Update back before the Delete is not documented: both are tried.
    """
    old, new = deployment.model("v1"), deployment.model("v2")
    deployment.aws.set_switches(rolled_back_replacement=roll_back)
    try:
        assert deployment.deploy(models(old, change=GOOD)).code == 0
        outcome = deployment.deploy(models(new, change=BAD))
        assert outcome.code != 0
        deployment.wait_for_stack("UPDATE_ROLLBACK_COMPLETE")
    finally:
        deployment.aws.set_switches(rolled_back_replacement="update")
    journal = deployment.rekognition.journal
    ((_, old_ended, _),) = journal.running_intervals(old)
    assert old_ended is None
    ((_, new_ended, _),) = journal.running_intervals(new)
    assert new_ended is not None
    assert Tag.STACK_ID not in deployment.rekognition.tags(new)
    assert deployment.destroy().code == 0
    assert deployment.rekognition.status(old) == "STOPPED"


def test_a_finished_resize_that_is_rolled_back(deployment: Deployment) -> None:
    """G8: the size before is back when the stack has turned back."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn, change=GOOD)).code == 0
    outcome = deployment.deploy(models(arn, min_inference_units=2, change=BAD))
    assert outcome.code != 0
    deployment.wait_for_stack("UPDATE_ROLLBACK_COMPLETE")
    units = [units for _, _, units in deployment.rekognition.journal.running_intervals(arn)]
    assert units == [1, 2, 1]
    assert deployment.rekognition.status(arn) == "RUNNING"


def test_a_rename_that_is_rolled_back(deployment: Deployment) -> None:
    """G6: the model goes back to the resource that had it, and never stops."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn, ids=["Before"], change=GOOD)).code == 0
    outcome = deployment.deploy(models(arn, ids=["After"], change=BAD))
    assert outcome.code != 0
    deployment.wait_for_stack("UPDATE_ROLLBACK_COMPLETE")
    ((_, ended, _),) = deployment.rekognition.journal.running_intervals(arn)
    assert ended is None
    (holder,) = read_claim(deployment.rekognition.tags(arn)).holders
    assert "Before" in holder.logical_id
    assert deployment.destroy().code == 0
    assert deployment.rekognition.status(arn) == "STOPPED"


@pytest.mark.real_cli
def test_a_create_that_never_had_the_model_leaves_it(deployment: Deployment) -> None:
    """G6: somebody runs the model by hand, the claim is denied; deleting the failed stack stops nothing."""

    def impatient(stack: Stack, built: list[RunningModel]) -> None:
        without_action("rekognition:TagResource")(stack, built)
        set_service_timeout(built, 40)

    arn = deployment.model("v1")
    deployment.rekognition.start_by_hand(arn, 1)
    deployment.wait_for_status(arn, "RUNNING")
    outcome = deployment.deploy(models(arn, change=impatient), "--no-rollback")
    assert outcome.code != 0
    assert "rekognition:TagResource" in outcome.output
    assert deployment.stack_status() == "CREATE_FAILED"
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert deployment.rekognition.status(arn) == "RUNNING"
    deployment.rekognition.stop_by_hand(arn)


def test_permissions_that_arrive_late(deployment: Deployment) -> None:
    """IAM is eventually consistent: a role whose policy counts only later is waited for."""
    arn = deployment.model("v1")
    # The roles of the bootstrap, made a moment ago, are not what is looked at.
    time.sleep(6.0)
    deployment.aws.set_switches(iam_propagation_seconds=6.0)
    deployment.policies_count_late = True
    try:
        outcome = deployment.deploy(models(arn))
        destroyed = deployment.destroy()
    finally:
        deployment.aws.set_switches(iam_propagation_seconds=0.0)
    assert outcome.code == 0, outcome.output
    assert destroyed.code == 0, destroyed.output
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert any(not call.allowed for call in deployment.role_calls())
