"""Deployments that are not rolled back, and roll-backs that fail, through the real CDK CLI.

After a failure nobody sends another request until a person does something: what runs then is what the failed
request has left, so it has undone what it did before it answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from aws_cdk import CfnParameter, Duration, Stack
from harness import Deployment
from outcome import Outcome
from stacks import POLL, failing_sibling, models

from rekognition_running_model import Replacement, RunningModel

pytestmark = [pytest.mark.e2e, pytest.mark.real_cli]

QUICK: dict[str, Any] = {"start_seconds": 1.0, "stop_seconds": 1.0}
NO_ROLLBACK = "--no-rollback"
OVER_THE_QUOTA = 6
"""Inference units, of which a model may have five."""
GOOD = failing_sibling(after_seconds=0.0, fail_on="nothing", after_models=True)
BAD = failing_sibling(after_seconds=2.0, fail_on="Update", after_models=True)
"""The same resource; it is updated after the models, and fails then. The update back succeeds."""


def assert_failed(outcome: Outcome, deployment: Deployment, status: str) -> None:
    """The CLI says that it failed, and the stack has stayed as it was then."""
    assert outcome.code != 0, outcome.output
    assert deployment.stack_status() == status, outcome.output


def assert_ours_running(deployment: Deployment, **units: int) -> None:
    """Of this test's models these run, with so many units, and no other one bills."""
    billing = {
        arn.split("/")[3]: (status, deployment.rekognition.units(arn)[0])
        for arn, status in deployment.billing()
        if deployment.is_ours(arn)
    }
    assert billing == {name: ("RUNNING", count) for name, count in units.items()}


@pytest.fixture
def free_slots(deployment: Deployment) -> Iterator[None]:
    """Room for as many models as a test likes."""
    settings = deployment.rekognition.settings
    quota = settings.running_models_quota
    settings.running_models_quota = None
    yield
    settings.running_models_quota = quota


def _tells_reason(deployment: Deployment) -> bool:
    """Whether ``cdk diagnose`` shows why the model does not run."""
    told = deployment.cdk.run(
        "diagnose", deployment.name, "--app", str(deployment.assembly), "--unstable=diagnose"
    )
    return re.search(r"^ +ERROR +failed: .* does not run with", told.output, re.MULTILINE) is not None


def test_a_failed_create_does_not_bill(deployment: Deployment) -> None:
    """G3: a start takes too long. The model is at rest when the CLI returns; a mended template deploys."""
    slow = deployment.model("slow", start_seconds=14.0, stop_seconds=1.0)
    good = deployment.model("good", **QUICK)
    outcome = deployment.deploy(models(slow, timeout=Duration.seconds(8)), NO_ROLLBACK)
    assert_failed(outcome, deployment, "CREATE_FAILED")
    assert "STARTING" in deployment.statuses(slow)
    # Of the function's log, which comes late, the CLI shows each line's level and message.
    deployment.wait_for("the reason", lambda: _tells_reason(deployment))
    assert_ours_running(deployment)
    mended = deployment.deploy(models(good), NO_ROLLBACK)
    assert mended.code == 0, mended.output
    assert_ours_running(deployment, good=1)
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert_ours_running(deployment)


def test_a_sibling_fails_and_the_model_runs_on(deployment: Deployment) -> None:
    """G3: the stack is CREATE_FAILED, the model runs, as was declared; destroying the stack stops it."""
    model = deployment.model("model", **QUICK)
    sibling = failing_sibling(after_seconds=0.5, after_models=True)
    outcome = deployment.deploy(models(model, change=sibling), NO_ROLLBACK)
    assert_failed(outcome, deployment, "CREATE_FAILED")
    assert_ours_running(deployment, model=1)
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert_ours_running(deployment)


def test_a_model_that_a_failed_update_has_added(deployment: Deployment) -> None:
    """G3: back to the template without the model: that is a change, and its function outlives the model."""

    def without(stack: Stack) -> None:
        CfnParameter(stack, "Placeholder", default="nothing")
        GOOD(stack, [])

    model = deployment.model("model", **QUICK)
    assert deployment.deploy(without).code == 0
    added = deployment.deploy(models(model, change=BAD), NO_ROLLBACK)
    assert_failed(added, deployment, "UPDATE_FAILED")
    assert_ours_running(deployment, model=1)
    back = deployment.deploy(without, NO_ROLLBACK)
    assert back.code == 0, back.output
    assert "no changes" not in back.output
    assert "DELETE_FAILED" not in back.output
    assert_ours_running(deployment)
    assert deployment.destroy().code == 0


def three_models(resized: str, started: str, stopped: str, *, units: int = 1) -> Callable[[Stack], None]:
    """A stack that updates its models in all three ways."""

    def build(stack: Stack) -> None:
        ways = (Replacement.START_FIRST, Replacement.START_FIRST, Replacement.STOP_FIRST)
        for name, arn, way in zip(
            ("Resized", "Started", "Stopped"), (resized, started, stopped), ways, strict=True
        ):
            RunningModel(
                stack,
                name,
                project_version_arn=arn,
                poll_interval=POLL,
                replacement=way,
                min_inference_units=units if name == "Resized" else 1,
            )

    return build


@pytest.mark.long
def test_a_failed_update_has_brought_back_what_was(deployment: Deployment, free_slots: None) -> None:
    """G7, G8: a resize and both kinds of replacement fail at once. What was runs again when the CLI returns,
    after ``cdk rollback``, and after another deployment; with START_FIRST it never stopped."""
    resized, started, stopped, other = (
        deployment.model(name, **QUICK) for name in ("resized", "started", "stopped", "other")
    )
    first, second = (deployment.model(name, start_outcome="FAILED", **QUICK) for name in ("first", "second"))
    before = three_models(resized, started, stopped)
    failing = three_models(resized, first, second, units=OVER_THE_QUOTA)
    assert deployment.deploy(before).code == 0
    outcome = deployment.deploy(failing, NO_ROLLBACK)
    assert_failed(outcome, deployment, "UPDATE_FAILED")
    assert_ours_running(deployment, resized=1, started=1, stopped=1)
    back = deployment.rollback()
    assert back.code == 0, back.output
    assert deployment.stack_status() == "UPDATE_ROLLBACK_COMPLETE"
    assert_ours_running(deployment, resized=1, started=1, stopped=1)
    outcome = deployment.deploy(failing, NO_ROLLBACK)
    assert_failed(outcome, deployment, "UPDATE_FAILED")
    mended = deployment.deploy(three_models(resized, started, other, units=2), NO_ROLLBACK)
    assert mended.code == 0, mended.output
    assert_ours_running(deployment, resized=2, started=1, other=1)
    assert len(deployment.rekognition.journal.running_intervals(started)) == 1
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert_ours_running(deployment)


@pytest.mark.long
def test_a_roll_back_that_fails_and_goes_on(deployment: Deployment) -> None:
    """UPDATE_ROLLBACK_FAILED: ``cdk rollback`` skips one model and tries the other again; then nothing
    outlives the stack."""

    def has_two_units(arn: str) -> bool:
        return deployment.rekognition.units(arn)[0] == 2

    arns = [deployment.model(name, **QUICK) for name in ("skipped", "again")]
    assert deployment.deploy(models(*arns, change=GOOD)).code == 0
    process = deployment.start_deploy(models(*arns, min_inference_units=2, change=BAD))
    for arn in arns:
        deployment.wait_for("the new size", partial(has_two_units, arn))
        deployment.wait_for_status(arn, "RUNNING")
    deployment.aws.refuse("rekognition:StartProjectVersion", "LimitExceededException")
    output, _ = process.communicate(timeout=120)
    deployment.aws.refuse_nothing()
    assert deployment.stack_status() == "UPDATE_ROLLBACK_FAILED", output
    back = deployment.rollback("--orphan", deployment.logical_id("Model0"))
    assert back.code == 0, back.output
    assert deployment.stack_status() == "UPDATE_ROLLBACK_COMPLETE"
    # Of the other one nothing is known: nobody has asked for it.
    assert (deployment.rekognition.status(arns[1]), deployment.rekognition.units(arns[1])[0]) == (
        "RUNNING",
        1,
    )
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert_ours_running(deployment)


def test_express(deployment: Deployment) -> None:
    """Express mode does not roll back, and only express goes on; a destroy waits for the model as ever."""
    model = deployment.model("model", **QUICK)
    sibling = failing_sibling(after_seconds=0.5, after_models=True)
    outcome = deployment.deploy(models(model, change=sibling), "--express")
    assert_failed(outcome, deployment, "CREATE_FAILED")
    assert_ours_running(deployment, model=1)
    refused = deployment.rollback()
    assert refused.code != 0
    assert "not supported for stacks that were last updated using EXPRESS" in refused.output
    mended = deployment.deploy(models(model, min_inference_units=2), "--express")
    assert mended.code == 0, mended.output
    assert_ours_running(deployment, model=2)
    destroyed = deployment.destroy("--express")
    assert destroyed.code == 0, destroyed.output
    assert_ours_running(deployment)
