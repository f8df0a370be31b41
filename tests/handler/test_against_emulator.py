"""The handler behind real boto3 clients, on the emulator: every switch of what AWS does not document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from deletes import delete
from updates import clean_up, update
from world import World, created, properties

from local_aws.platform.rekognition import (
    AFTER_START,
    AFTER_STOP,
    COPYING,
    PERHAPS_STARTABLE,
    STARTABLE,
    STATUSES,
    TRAINING,
)
from local_aws.rekognition import HandClock, RekognitionEmulator, Settings
from running_model_handler.core.names import Tag
from running_model_handler.entry import Function, Services
from running_model_handler.shell.calls import CLIENT_CONFIG
from running_model_handler.shell.clock import Clock
from running_model_handler.shell.rekognition import RekognitionModels


class Ticking:
    """The handler's clock on the emulator's hand: sleeping moves it, so nothing waits."""

    def __init__(self, hand: HandClock, world: World) -> None:
        self._hand = hand
        self._world = world

    def now(self) -> float:
        return self._hand.now()

    def sleep(self, seconds: float) -> None:
        self._hand.advance(max(0.0, seconds))
        self._world.clock.sleep(seconds)

    def chance(self) -> float:
        return self._world.clock.chance()


class Stage(Services):
    """The function with Rekognition emulated, CloudFormation and Lambda as in ``World``."""

    def __init__(self, emulator: RekognitionEmulator, hand: HandClock) -> None:
        super().__init__()
        self.emulator = emulator
        self.world = World()
        self.world.clock.time = hand.now()
        self.clock: Clock = Ticking(hand, self.world)
        self.put_answer = self.world.function.services.put_answer
        client = boto3.client(
            "rekognition",
            region_name="eu-west-1",
            endpoint_url=emulator.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=CLIENT_CONFIG,
        )
        self._models = RekognitionModels(client)
        self.world.function = Function(self)
        self.project = emulator.add_project("parts")

    @property
    def models(self) -> RekognitionModels:
        return self._models

    @property
    def stacks(self) -> World:
        return self.world

    def hand_over(self, function_arn: str) -> World:
        return self.world

    def create(self, arn: str, **more: Any) -> dict[str, Any]:
        answer = created(self.world, arn, **more)
        self.world.stack.done()
        return answer

    def update(self, arn: str, old: str, **more: Any) -> dict[str, Any]:
        answer = update(self.world, properties(arn, **more), properties(old), request_id=f"u{arn}{more}")
        if arn == old:
            self.world.stack.done()
        return answer

    def clean_up(self, arn: str) -> dict[str, Any]:
        return clean_up(self.world, arn)

    def delete(self, arn: str) -> dict[str, Any]:
        return delete(self.world, arn, ProjectVersionArn=arn)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """One emulator for a test, its time moved by hand."""
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    hand = HandClock()
    with RekognitionEmulator(
        settings=Settings(start_seconds=90.0, stop_seconds=20.0), clock=hand
    ) as emulator:
        yield Stage(emulator, hand)


def whole_life(stage: Stage) -> None:
    """Create, resize, replace, clean up, delete: each as promised."""
    emulator = stage.emulator
    old, new = emulator.add_version(stage.project, "v1"), emulator.add_version(stage.project, "v2")
    assert stage.create(old)["Status"] == "SUCCESS"
    assert emulator.status(old) == "RUNNING"
    assert stage.update(old, old, MinInferenceUnits="2")["Status"] == "SUCCESS"
    assert emulator.units(old)[0] == 2
    replaced = stage.update(new, old)
    assert (replaced["Status"], replaced["PhysicalResourceId"]) == ("SUCCESS", new)
    assert emulator.status(old) == "RUNNING"
    assert stage.clean_up(old)["Status"] == "SUCCESS"
    assert emulator.status(old) == "STOPPED"
    assert stage.delete(new)["Status"] == "SUCCESS"
    assert emulator.status(new) == "STOPPED"
    for arn in (old, new):
        assert Tag.STACK_ID not in emulator.tags(arn)
    gaps = emulator.journal.running_intervals(old)[1], emulator.journal.running_intervals(new)[0]
    assert gaps[0][1] is not None
    assert gaps[1][0] <= gaps[0][1]


SWITCHES = [
    {},
    {"stop_when_starting": "accepted"},
    {"stop_when_failed": "accepted"},
    {"stop_when_stopped": "accepted"},
    {"start_when_failed": "refused"},
    {"start_when_copied": "refused"},
    {"start_when_running": "accepted"},
    {"units_while_stopped": "absent"},
    {"rate_error": "ThrottlingException"},
    {"wrong_status_error": "InvalidParameterException"},
    {"quota_counts_starting": False, "quota_counts_stopping": False},
    {"control_calls_per_second": 1.0, "tag_calls_per_second": 1.0},
    {"also_startable": ["STOPPING", "FAILED", "TRAINING_FAILED", "EXPIRED"]},
    {"also_stoppable": ["STOPPING", "STOPPED", "TRAINING_COMPLETED", "FAILED"]},
    {"tagging_refused_while": ["STARTING", "STOPPING"]},
    {"request_counts_per_model": True},
    {"bill_starting": True, "bill_stopping": True, "bill_failed": True},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: ",".join(switches) or "defaults")
def test_a_whole_life_whatever_aws_really_does(stage: Stage, switches: dict[str, Any]) -> None:
    """G1, G2, G7, G8 hold on either side of each thing that no page documents."""
    for name, value in switches.items():
        setattr(stage.emulator.settings, name, value)
    whole_life(stage)


FAULTS = [
    {"throttle_probability": 0.5},
    {"error_probability": 0.3},
    {"lost_answer_probability": 0.3},
    {"late_error_probability": 0.3},
    {"dropped_request_probability": 0.3},
    {"stale_describe_seconds": 10.0},
    {"stale_tags_seconds": 10.0},
]


@pytest.mark.parametrize("faults", FAULTS, ids=lambda faults: next(iter(faults)))
def test_a_whole_life_on_a_bad_day(stage: Stage, faults: dict[str, float]) -> None:
    """G1, G2, G5, G7, G8 hold under throttling, errors, lost answers and answers from the past."""
    stage.emulator.faults.seed(7)
    for name, value in faults.items():
        setattr(stage.emulator.faults, name, value)
    whole_life(stage)
    assert stage.emulator.faults.fired() > 0


@pytest.mark.parametrize("accepted", ["accepted", "refused"])
def test_a_start_that_never_ends_is_stopped_or_told(stage: Stage, accepted: str) -> None:
    """G3: NEVER ends as FAILED in time; where STARTING can't be stopped the reason names the command."""
    stage.emulator.settings.stop_when_starting = accepted
    arn = stage.emulator.add_version(stage.project, "v1", start_outcome="NEVER")
    answer = stage.create(arn)
    assert answer["Status"] == "FAILED"
    if accepted == "accepted":
        assert stage.emulator.status(arn) == "STOPPED"
    else:
        assert "stop-project-version" in answer["Reason"]
        stage.emulator.set_status(arn, "RUNNING")
        assert stage.delete(arn)["Status"] == "SUCCESS"
        assert stage.emulator.status(arn) == "STOPPED"


DEAD = sorted(STATUSES - STARTABLE - PERHAPS_STARTABLE - {TRAINING, COPYING, *AFTER_START, *AFTER_STOP})


@pytest.mark.parametrize("status", DEAD)
@pytest.mark.parametrize("taken", [True, False])
def test_what_no_tool_starts_is_not_started(stage: Stage, status: str, taken: bool) -> None:
    """G3: it is told as what it is, and nothing bills, whether or not the service would take a Start."""
    stage.emulator.settings.also_startable = (status,) if taken else ()
    arn = stage.emulator.add_version(stage.project, "v1", status)
    answer = stage.create(arn)
    assert answer["Status"] == "FAILED"
    assert status in answer["Reason"]
    assert (stage.emulator.status(arn), stage.emulator.journal.billed(arn)) == (status, 0)


@pytest.mark.parametrize("taken", [True, False])
def test_what_stops_is_started_once_it_rests(stage: Stage, taken: bool) -> None:
    """G1: whether or not a Start of what stops is taken, the model runs in the end, with what is declared."""
    stage.emulator.settings.also_startable = ("STOPPING",) if taken else ()
    arn = stage.emulator.add_version(stage.project, "v1", "RUNNING")
    stage.emulator.stop_by_hand(arn)
    assert stage.create(arn, MinInferenceUnits="2")["Status"] == "SUCCESS"
    assert (stage.emulator.status(arn), stage.emulator.units(arn)[0]) == ("RUNNING", 2)


@pytest.mark.parametrize("taken", ["accepted", "refused"])
def test_a_copy_runs_or_its_refusal_is_told(stage: Stage, taken: str) -> None:
    """G1, G3: the copy guide implies that a copy can be started, and nothing says so."""
    stage.emulator.settings.start_when_copied = taken
    arn = stage.emulator.add_version(stage.project, "v1", "COPYING_COMPLETED")
    answer = stage.create(arn)
    assert answer["Status"] == ("SUCCESS" if taken == "accepted" else "FAILED")
    assert stage.emulator.status(arn) == ("RUNNING" if taken == "accepted" else "COPYING_COMPLETED")


def test_failed_with_its_message(stage: Stage) -> None:
    """StatusMessage of a start that fails reaches the reason; nothing bills."""
    arn = stage.emulator.add_version(
        stage.project, "v1", start_outcome="FAILED", status_message="out of capacity"
    )
    answer = stage.create(arn)
    assert "out of capacity" in answer["Reason"]
    assert stage.emulator.journal.billed(arn) == 0


def test_quota_by_the_service_itself(stage: Stage) -> None:
    """The third running model and the sixth unit are refused by the emulator's own quotas, with advice."""
    for name in ("a", "b"):
        other = stage.emulator.add_version(stage.project, name)
        stage.emulator.start_by_hand(other, 1)
    arn = stage.emulator.add_version(stage.project, "v1")
    answer = stage.create(arn)
    assert "LimitExceededException" in answer["Reason"]
    assert stage.emulator.status(arn) == "TRAINING_COMPLETED"
