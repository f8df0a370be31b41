"""The life of a model on the embedded AWS: the good days."""

from __future__ import annotations

import pytest
from aws_cdk import Duration, Stack
from harness import Deployment
from stacks import models, set_service_timeout

from rekognition_running_model import Replacement, RunningModel
from running_model_handler.core.names import Tag

pytestmark = pytest.mark.e2e


@pytest.mark.real_cli
def test_deploy_and_destroy(deployment: Deployment) -> None:
    """G1, G2: RUNNING when the deployment ends, outputs that say so, STOPPED when it is destroyed."""
    arn = deployment.model("v1")
    outcome = deployment.deploy(models(arn))
    assert outcome.code == 0, outcome.output
    assert deployment.rekognition.status(arn) == "RUNNING"
    assert outcome.outputs == {"Model0Arn": arn, "Model0Status": "RUNNING", "Model0Units": "1"}
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert Tag.STACK_ID not in deployment.rekognition.tags(arn)


def test_resize(deployment: Deployment) -> None:
    """G8: other units are reached by stop and start, and shown in the outputs."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn)).code == 0
    outcome = deployment.deploy(models(arn, min_inference_units=2))
    assert outcome.code == 0, outcome.output
    assert outcome.outputs["Model0Units"] == "2"
    units = [units for _, _, units in deployment.rekognition.journal.running_intervals(arn)]
    assert units == [1, 2]


@pytest.mark.real_cli
def test_replacement_has_no_gap(deployment: Deployment) -> None:
    """G7: at every moment of the replacement one of the versions was RUNNING; the old one is stopped."""
    old, new = deployment.model("v1"), deployment.model("v2")
    assert deployment.deploy(models(old)).code == 0
    outcome = deployment.deploy(models(new))
    assert outcome.code == 0, outcome.output
    journal = deployment.rekognition.journal
    ((_, old_ends, _),) = journal.running_intervals(old)
    ((new_begins, new_ends, _),) = journal.running_intervals(new)
    assert old_ends is not None
    assert new_begins <= old_ends
    assert new_ends is None
    assert deployment.rekognition.status(old) == "STOPPED"
    assert outcome.outputs["Model0Arn"] == new


def test_stop_first_replacement_with_all_slots_taken(deployment: Deployment) -> None:
    """START_FIRST fails with advice and changes nothing; STOP_FIRST succeeds in the same slot."""
    old, new = deployment.model("v1"), deployment.model("v2")
    assert deployment.deploy(models(old)).code == 0
    settings = deployment.rekognition.settings
    quota = settings.running_models_quota
    settings.running_models_quota = deployment.running()
    try:
        failed = deployment.deploy(models(new))
        assert failed.code != 0
        assert "STOP_FIRST" in failed.output
        assert len(deployment.rekognition.journal.running_intervals(old)) == 1
        assert deployment.rekognition.status(old) == "RUNNING"
        assert deployment.rekognition.status(new) == "TRAINING_COMPLETED"
        outcome = deployment.deploy(models(new, replacement=Replacement.STOP_FIRST))
    finally:
        settings.running_models_quota = quota
    assert outcome.code == 0, outcome.output
    assert deployment.rekognition.status(new) == "RUNNING"
    assert deployment.rekognition.status(old) == "STOPPED"


def test_rename_does_not_stop(deployment: Deployment) -> None:
    """G6: another construct id hands the model over; the new resource stops it at the end."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn, ids=["Before"])).code == 0
    outcome = deployment.deploy(models(arn, ids=["After"]))
    assert outcome.code == 0, outcome.output
    assert len(deployment.calls("StartProjectVersion")) == 1
    assert deployment.calls("StopProjectVersion") == []
    assert deployment.destroy().code == 0
    assert deployment.rekognition.status(arn) == "STOPPED"


def test_an_interval_alone_does_not_stop(deployment: Deployment) -> None:
    """G9: another poll interval, time-out and ServiceTimeout are updates without a Start or a Stop."""

    def shorter(stack: Stack, built: list[RunningModel]) -> None:
        set_service_timeout(built, 3000)

    arn = deployment.model("v1")
    assert deployment.deploy(models(arn)).code == 0
    for build in (
        models(arn, poll_interval=Duration.seconds(2)),
        models(arn, poll_interval=Duration.seconds(2), timeout=Duration.minutes(9)),
        models(arn, poll_interval=Duration.seconds(2), timeout=Duration.minutes(9), change=shorter),
    ):
        outcome = deployment.deploy(build)
        assert outcome.code == 0, outcome.output
        assert "no changes" not in outcome.output
    assert len(deployment.calls("StartProjectVersion")) == 1
    assert deployment.calls("StopProjectVersion") == []


def test_check_on_every_deploy_starts_what_was_stopped_by_hand(deployment: Deployment) -> None:
    """G9: a deployment without any other change starts a model that somebody stopped."""
    arn = deployment.model("v1")
    build = models(arn, check_on_every_deploy=True)
    assert deployment.deploy(build).code == 0
    deployment.rekognition.stop_by_hand(arn)
    deployment.wait_for_status(arn, "STOPPED")
    outcome = deployment.deploy(build)
    assert outcome.code == 0, outcome.output
    assert deployment.rekognition.status(arn) == "RUNNING"


def test_a_start_longer_than_the_functions_time_out(deployment: Deployment) -> None:
    """G4: with a function of 12 seconds and a start of 30, the hand-over is crossed at least twice."""
    arn = deployment.model("v1", start_seconds=30.0)
    outcome = deployment.deploy(models(arn, function_seconds=12))
    assert outcome.code == 0, outcome.output
    assert len(deployment.calls("StartProjectVersion")) == 1
    assert deployment.hand_overs() >= 2


def test_ten_models_start_side_by_side(deployment: Deployment) -> None:
    """Ten models of one stack are all STARTING at one moment: the slowest counts, not the sum."""
    settings = deployment.rekognition.settings
    quota = settings.running_models_quota
    settings.running_models_quota = deployment.running() + 10
    arns = [deployment.model(f"v{number}", start_seconds=15.0) for number in range(10)]
    try:
        outcome = deployment.deploy(models(*arns, poll_interval=deployment.interval(5)))
        assert outcome.code == 0, outcome.output
        starts = [entry.at for entry in deployment.transitions("STARTING")]
        ends = [entry.at for entry in deployment.transitions("RUNNING")]
        assert len(starts) == len(ends) == 10
        assert max(starts) < min(ends)
        destroyed = deployment.destroy()
    finally:
        settings.running_models_quota = quota
    assert destroyed.code == 0, destroyed.output
    assert all(deployment.rekognition.status(arn) == "STOPPED" for arn in arns)


def test_throttling_at_half(deployment: Deployment) -> None:
    """Half of all calls throttled: deployed and destroyed all the same, with one effective Start."""
    arn = deployment.model("v1")
    deployment.rekognition.faults.throttle_probability = 0.5
    outcome = deployment.deploy(models(arn))
    assert outcome.code == 0, outcome.output
    destroyed = deployment.destroy()
    assert destroyed.code == 0, destroyed.output
    assert deployment.rekognition.status(arn) == "STOPPED"
    assert len(deployment.rekognition.journal.running_intervals(arn)) == 1


def test_detect_is_granted_on_this_model_alone(deployment: Deployment) -> None:
    """The model answers DetectCustomLabels once the deployment has ended."""
    arn = deployment.model("v1")
    assert deployment.deploy(models(arn)).code == 0
    client = deployment.aws.client("rekognition")
    found = client.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": deployment.picture()})
    assert "CustomLabels" in found


def test_every_event_is_delivered_twice(deployment: Deployment) -> None:
    """G5, G10: at-least-once delivery taken at its word: a whole life with every event doubled, and late."""
    old, new = deployment.model("v1"), deployment.model("v2")
    # A late call falls between the deletion of the stack's policy and that of its role.
    deployment.policies_count_late = True
    deployment.aws.set_switches(duplicate_deliveries=1, duplicate_delay_seconds=3.0)
    try:
        assert deployment.deploy(models(old)).code == 0
        assert deployment.deploy(models(new)).code == 0
        destroyed = deployment.destroy()
    finally:
        deployment.aws.set_switches(duplicate_deliveries=0, duplicate_delay_seconds=0.0)
    assert destroyed.code == 0, destroyed.output
    for arn in (old, new):
        assert deployment.rekognition.status(arn) == "STOPPED"
        assert len(deployment.rekognition.journal.running_intervals(arn)) == 1


def test_a_model_that_was_running_is_adopted(deployment: Deployment) -> None:
    """A model that somebody started by hand is taken over without a Start, and stopped with the stack."""
    arn = deployment.model("v1")
    deployment.rekognition.start_by_hand(arn, 1)
    deployment.wait_for_status(arn, "RUNNING")
    assert deployment.deploy(models(arn)).code == 0
    assert all(entry.principal == "by hand" for entry in deployment.calls("StartProjectVersion"))
    assert deployment.destroy().code == 0
    assert deployment.rekognition.status(arn) == "STOPPED"
