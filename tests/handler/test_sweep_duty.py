"""Sweeps and what duty is made of: people, deadlines, calls, queues. It is Tuesday, 23:13 UTC at first."""

from __future__ import annotations

from typing import Any

import pytest
from sweeps import (
    DAY,
    EVENING,
    QUEUE,
    changes,
    counted,
    record,
    refuse,
    resting,
    running,
    sweep,
    tags_by_hand,
)
from updates import update
from world import V1, World, properties

from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.duty import Messages, Override
from running_model_handler.core.duty_tags import override_tags, record_tags, stop_at_tags
from running_model_handler.core.record import By, Record
from running_model_handler.core.units import InferenceUnits

VERSION = parse_project_version_arn(V1, name="V1")
MINUTE, HOUR = 60.0, 3600.0
STOP = ["TagResource", "StopProjectVersion"]
START = ["TagResource", "StartProjectVersion"]


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


def swept(world: World, minutes: int, every: int = 5, **guards: Any) -> list[str]:
    """Sweeps for a while; what they have changed."""
    found: list[str] = []
    for _ in range(0, minutes, every):
        found += changes(sweep(world, **guards))
        world.clock.sleep(every * MINUTE)
    return found


# --- people -----------------------------------------------------------------------------------------------


def test_what_a_person_stops_within_the_hours_stays_off_until_the_next_period(world: World) -> None:
    """A whole evening of sweeps, and a night; the next evening starts it."""
    running(world, RunningHours=EVENING)
    sweep(world, RunningHours=EVENING)
    world.stop(VERSION)
    swept(world, 20 * 60, RunningHours=EVENING)
    assert world.count("StartProjectVersion") == 0
    # 19:13 the next day.
    swept(world, 60, RunningHours=EVENING)
    assert world.versions[V1].status == "RUNNING"
    assert counted(world) == ["GuardStarts"]


def test_a_stop_that_is_over_between_two_sweeps_is_a_persons_all_the_same(world: World) -> None:
    """What was asked says that it should run."""
    running(world, RunningHours=EVENING)
    world.versions[V1].status = "STOPPED"
    assert changes(sweep(world, RunningHours=EVENING)) == ["TagResource"]
    last = record(world)
    assert last is not None
    assert (last.on, last.by) == (False, By.HAND)


def test_a_deployment_starts_what_a_person_has_stopped(world: World) -> None:
    """It asks for it, and sweeps keep to that."""
    running(world, RunningHours=EVENING)
    world.versions[V1].status = "STOPPED"
    swept(world, 10, RunningHours=EVENING)
    old = properties(RunningHours=EVENING)
    update(world, old | {"LeadTimeSeconds": "60"}, old)
    world.stack.done()
    assert world.versions[V1].status == "RUNNING"
    assert swept(world, 10, RunningHours=EVENING) == ["TagResource"]
    assert world.versions[V1].status == "RUNNING"


def test_what_a_person_starts_outside_the_hours_is_stopped_by_the_next_sweep(world: World) -> None:
    """Unless that is said for a while, until that is over."""
    resting(world, RunningHours=DAY)
    world.run_model(V1)
    assert changes(sweep(world, RunningHours=DAY)) == STOP
    world.clock.sleep(5 * MINUTE)
    swept(world, 5, RunningHours=DAY)
    now = world.clock.now()
    tags_by_hand(world, override_tags(Override(on=True, until=now + HOUR, given=now)))
    assert swept(world, 55, RunningHours=DAY)[:2] == START
    assert world.versions[V1].status == "RUNNING"
    world.clock.sleep(10 * MINUTE)
    assert changes(sweep(world, RunningHours=DAY)) == STOP


def test_somebody_keeps_it_off_within_the_hours(world: World) -> None:
    """It is stopped, and started again when that is over: nobody has to do anything."""
    running(world, RunningHours=EVENING)
    now = world.clock.now()
    tags_by_hand(world, override_tags(Override(on=False, until=now + 20 * MINUTE, given=now)))
    assert changes(sweep(world, RunningHours=EVENING)) == STOP
    world.clock.sleep(15 * MINUTE)
    assert changes(sweep(world, RunningHours=EVENING)) == ["TagResource"]
    world.clock.sleep(6 * MINUTE)
    assert changes(sweep(world, RunningHours=EVENING)) == START


def test_other_units_by_hand_are_left(world: World) -> None:
    """Guards look at whether it runs, not at how: a resize by hand lasts until a deployment."""
    running(world, RunningHours=EVENING)
    world.versions[V1].units = InferenceUnits(3)
    assert swept(world, 30, RunningHours=EVENING) == []


# --- deadline ---------------------------------------------------------------------------------------------


def test_the_deadline_stops_it_once(world: World) -> None:
    """It stays off until a deployment sets another one; a person's start lasts until the next sweep."""
    running(world, StopAfterSeconds="7200")
    now = world.clock.now()
    tags_by_hand(world, stop_at_tags(now + 7 * MINUTE))
    assert swept(world, 10, StopAfterSeconds="7200") == []
    assert changes(sweep(world, StopAfterSeconds="7200")) == STOP
    assert changes(swept(world, 24 * 60, StopAfterSeconds="7200")) == ["TagResource"]
    assert counted(world) == ["GuardStops"]


def test_without_a_tag_the_deadline_counts_from_the_deployment(world: World) -> None:
    """Somebody has removed it."""
    running(world, StopAfterSeconds="7200")
    assert swept(world, 60, StopAfterSeconds="7200") == []
    assert changes(sweep(world, StopAfterSeconds="7200")) == STOP


# --- calls ------------------------------------------------------------------------------------------------


def test_a_model_that_nobody_calls_is_stopped_and_stays_off(world: World) -> None:
    """An hour after the last call; calls are counted only once it could be idle."""
    running(world, seconds=10 * MINUTE, StopWhenIdleSeconds="3600")
    world.detected_at = world.clock.now() + 20 * MINUTE
    began = world.clock.now()
    assert swept(world, 50, StopWhenIdleSeconds="3600") == []
    assert world.count("GetMetricData") == 0
    for _ in range(12):
        if changes(sweep(world, StopWhenIdleSeconds="3600")):
            break
        world.clock.sleep(5 * MINUTE)
    # Its period ends at most five minutes after the last call, and a sweep comes at most five later.
    assert 80 * MINUTE <= world.clock.now() - began <= 90 * MINUTE
    last = record(world)
    assert last is not None
    assert (last.on, last.by) == (False, By.IDLE)
    world.clock.sleep(5 * MINUTE)
    assert swept(world, 600, StopWhenIdleSeconds="3600") == ["TagResource"]
    assert counted(world) == ["GuardStops"]


def test_a_model_that_is_called_runs_on(world: World) -> None:
    """Each sweep asks once."""
    running(world, StopWhenIdleSeconds="900")
    for _ in range(12):
        world.detected_at = world.clock.now() - 60.0
        calls = sweep(world, StopWhenIdleSeconds="900")
        assert calls[-1] == "GetMetricData"
        world.clock.sleep(5 * MINUTE)
    assert counted(world) == []


@pytest.mark.parametrize("called", [False, True])
def test_a_stop_as_idle_that_was_refused_counts_calls_anew(world: World, called: bool) -> None:
    """Nobody is cut off who has come meanwhile; else the next sweep stops it, with no further half hour."""
    running(world, StopWhenIdleSeconds="900")
    refuse(world, "StopProjectVersion", "InternalServerError", 500)
    sweep(world, StopWhenIdleSeconds="900")
    assert world.versions[V1].status == "RUNNING"
    world.clock.sleep(5 * MINUTE)
    if called:
        world.detected_at = world.clock.now() - 60.0
    calls = sweep(world, StopWhenIdleSeconds="900")
    assert "GetMetricData" in calls
    assert world.versions[V1].status == ("RUNNING" if called else "STOPPING")
    last = record(world)
    assert last is not None
    assert (last.on, last.reached) == (called, called)


# --- queue ------------------------------------------------------------------------------------------------


def test_messages_wake_it_and_an_empty_queue_ends_it(world: World) -> None:
    """One starts it; while it is in flight it runs; ten minutes after the last one it is stopped."""
    resting(world, StartForQueueUrl=QUEUE)
    assert swept(world, 5, 1, StartForQueueUrl=QUEUE) == ["TagResource"], (
        "that the queue is empty is noted once"
    )
    world.waiting = Messages(1)
    assert changes(sweep(world, StartForQueueUrl=QUEUE)) == START
    world.clock.sleep(15 * MINUTE)
    world.waiting = Messages(0, 1)
    assert swept(world, 30, 1, StartForQueueUrl=QUEUE) == ["TagResource"]
    world.waiting = Messages(0)
    emptied = world.clock.now()
    for _ in range(15):
        if sweep(world, StartForQueueUrl=QUEUE)[-1] == "StopProjectVersion":
            break
        world.clock.sleep(MINUTE)
    assert 10 * MINUTE <= world.clock.now() - emptied <= 13 * MINUTE
    assert swept(world, 60, 1, StartForQueueUrl=QUEUE) == ["TagResource"]
    assert counted(world) == ["GuardStarts", "GuardStops"]


def test_a_start_that_a_quota_refuses_is_not_tried_for_an_empty_queue(world: World) -> None:
    """Nobody has stopped it: as long as something waits it is tried, and not for longer."""
    resting(world, StartForQueueUrl=QUEUE)
    world.running_quota, world.waiting = 0, Messages(3)
    swept(world, 3, 1, StartForQueueUrl=QUEUE)
    assert counted(world) == ["GuardStartFailures"] * 3
    world.running_quota, world.waiting = 2, Messages(0)
    swept(world, 30, 1, StartForQueueUrl=QUEUE)
    assert world.statuses(V1) == []
    world.waiting = Messages(1)
    sweep(world, StartForQueueUrl=QUEUE)
    assert world.statuses(V1) == ["STARTING"]


def test_messages_that_waited_when_a_person_stopped_it_do_not_start_it(world: World) -> None:
    """Not before the queue was empty once."""
    running(world, StartForQueueUrl=QUEUE)
    world.waiting = Messages(5)
    sweep(world, StartForQueueUrl=QUEUE)
    world.versions[V1].status = "STOPPED"
    swept(world, 30, 1, StartForQueueUrl=QUEUE)
    assert world.statuses(V1) == []
    world.waiting = Messages(0)
    swept(world, 2, 1, StartForQueueUrl=QUEUE)
    world.waiting = Messages(5)
    sweep(world, StartForQueueUrl=QUEUE)
    assert world.statuses(V1) == ["STARTING"]


def test_what_people_made_of_the_memory_is_read_as_a_first_look(world: World) -> None:
    """A tag that makes no sense blames nobody, and is written anew."""
    running(world, RunningHours=EVENING)
    tags_by_hand(world, {next(iter(record_tags(Record(True, 1.0, True, By.DUTY)))): "on since Monday"})
    world.versions[V1].status = "STOPPED"
    assert changes(sweep(world, RunningHours=EVENING)) == START
