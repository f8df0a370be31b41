"""Sweeps: one look at a model with guards, at most one act, and an end."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from stack_log import MODEL
from sweeps import DAY, EVENING, changes, counted, event, record, resting, running, sweep
from updates import rolling_back, updating
from world import OTHER, STACK, V1, V2, World, answered, creating, properties

from running_model_handler.core.claim import Owner as Holding
from running_model_handler.core.claim import holder_key
from running_model_handler.core.duty_tags import record_tags
from running_model_handler.core.names import Tag
from running_model_handler.core.record import By, Record
from running_model_handler.core.status import ABSENT

LOOKS = ["ListTagsForResource", "DescribeProjectVersions"]
ASKED = [*LOOKS, "ListTagsForResource", "DescribeStackResource", "DescribeStackEvents"]
AGAIN = ["ListTagsForResource", "DescribeStackEvents"]
"""Once more, right before the act."""


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack. It is Tuesday, 22:13 UTC."""
    return World()


# --- hours --------------------------------------------------------------------------------------------


def test_within_the_hours_a_model_at_rest_is_started_with_the_units_that_are_declared(world: World) -> None:
    """What is asked is written before; then tags and CloudFormation are asked once more."""
    resting(world, RunningHours=EVENING, MinInferenceUnits="2")
    calls = sweep(world, RunningHours=EVENING, MinInferenceUnits="2")
    assert calls == [*ASKED, "TagResource", *AGAIN, "StartProjectVersion"]
    version = world.versions[V1]
    assert (version.status, str(version.units)) == ("STARTING", "2")
    assert str(record(world)) == f"on {int(world.clock.now() - 0.08)} trying duty"
    assert counted(world) == ["GuardStarts"]


def test_outside_the_hours_a_model_that_runs_is_stopped(world: World) -> None:
    """And nobody waits for it."""
    running(world, RunningHours=DAY)
    began = world.clock.now()
    assert sweep(world, RunningHours=DAY) == [*ASKED, "TagResource", *AGAIN, "StopProjectVersion"]
    assert world.versions[V1].status == "STOPPING"
    assert world.clock.now() - began < 1.0
    assert counted(world) == ["GuardStops"]


def test_most_sweeps_make_two_calls(world: World) -> None:
    """Nothing is to be done: no tag is written, CloudFormation is not asked, no line is logged or counted."""
    running(world, RunningHours=EVENING)
    assert sweep(world, RunningHours=EVENING) == LOOKS
    other = World()
    resting(other, RunningHours=DAY)
    assert sweep(other, RunningHours=DAY) == LOOKS
    assert counted(world) == counted(other) == []


def test_a_whole_day_of_sweeps(world: World) -> None:
    """Every five minutes: it runs within its hours, which begin early, not outside, and nobody is blamed."""
    resting(world, RunningHours=DAY)
    up: list[float] = []
    for _ in range(24 * 12):
        sweep(world, RunningHours=DAY)
        if world.versions[V1].status in ("STARTING", "RUNNING"):
            up.append(world.clock.now() % 86_400)
        world.clock.sleep(300.0)
    begins, ends = (7 * 60 + 50) * 60, 18 * 3600
    assert begins <= up[0] < begins + 302
    assert ends - 302 <= up[-1] < ends
    assert len(up) == round((up[-1] - up[0]) / 300) + 1
    assert counted(world) == ["GuardStarts", "GuardStops"]
    last = record(world)
    assert last is not None
    assert (last.on, last.reached, last.by) == (False, True, By.DUTY)


@pytest.mark.parametrize(("took", "early"), [("60", 66.0), ("1200", 1320.0), (None, 600.0)])
def test_hours_begin_as_early_as_the_last_start_took(world: World, took: str | None, early: float) -> None:
    """And a tenth; ten minutes where no start was ever measured."""
    resting(world, RunningHours=DAY)
    if took is not None:
        world.versions[V1].tags[Tag.START_SECONDS] = took
    begins = 1_700_035_200.0
    """Wednesday, 08:00."""
    world.clock.time = begins - early - 5.0
    assert changes(sweep(world, RunningHours=DAY)) == []
    world.clock.sleep(5.0)
    assert changes(sweep(world, RunningHours=DAY)) == ["TagResource", "StartProjectVersion"]


# --- every status ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "on", "off"),
    [
        ("TRAINING_COMPLETED", ["StartProjectVersion"], []),
        ("COPYING_COMPLETED", ["StartProjectVersion"], []),
        ("STOPPED", ["StartProjectVersion"], []),
        ("STARTING", [], ["StopProjectVersion"]),
        ("RUNNING", [], ["StopProjectVersion"]),
        ("STOPPING", [], []),
        ("FAILED", [], []),
        ("TRAINING_IN_PROGRESS", [], []),
        ("TRAINING_FAILED", [], []),
        ("COPYING_IN_PROGRESS", [], []),
        ("COPYING_FAILED", [], []),
        ("DELETING", [], []),
        ("DEPRECATED", [], []),
        ("EXPIRED", [], []),
        ("NEW_IN_2030", [], []),
    ],
)
def test_every_status_on_and_off_duty(status: str, on: list[str], off: list[str]) -> None:
    """Only what is at rest is started, and only what is up is stopped."""
    for hours, expected in ((EVENING, on), (DAY, off)):
        world = World()
        world.stop_while_starting = True
        resting(world, status, RunningHours=hours)
        # Written by nobody: the first look blames nobody.
        del world.versions[V1].tags[Tag.DUTY]
        calls = sweep(world, RunningHours=hours)
        assert [name for name in calls if name.endswith("ProjectVersion")] == expected


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "TRAINING_FAILED", "DELETING"])
def test_what_can_not_run_on_duty_is_told_and_left(
    world: World, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Only a deployment starts what has failed to start: each sweep tells and counts it."""
    resting(world, status, RunningHours=EVENING)
    sweep(world, RunningHours=EVENING)
    assert world.count("StartProjectVersion") == 0
    assert counted(world) == ["GuardStartFailures"]
    assert "is on duty and can't run" in caplog.text
    assert status in caplog.text


def test_a_stop_that_the_status_does_not_allow_is_tried_by_the_next_sweep(world: World) -> None:
    """Whether STARTING can be stopped is not documented: it is no failure, and no stop yet."""
    resting(world, "STARTING", RunningHours=DAY)
    assert sweep(world, RunningHours=DAY)[-1] == "StopProjectVersion"
    assert counted(world) == []
    world.clock.sleep(300.0)
    world.versions[V1].status = "RUNNING"
    assert sweep(world, RunningHours=DAY)[-1] == "StopProjectVersion"
    assert counted(world) == ["GuardStops"]


# --- whose it is ----------------------------------------------------------------------------------------


def test_nothing_is_done_while_an_operation_of_the_stack_is_under_way(world: World) -> None:
    """Whatever it does: its requests decide, and write what they ask."""
    running(world, RunningHours=DAY)
    updating(world, properties(RunningHours=DAY), properties(RunningHours=DAY))
    assert changes(sweep(world, RunningHours=DAY)) == []
    world.stack.completes(physical_id=V1)
    assert changes(sweep(world, RunningHours=DAY)) == []
    world.stack.done()
    # Nor right after it: the event may be one of before.
    assert changes(sweep(world, RunningHours=DAY)) == []
    world.clock.sleep(60.0)
    assert changes(sweep(world, RunningHours=DAY)) == ["TagResource", "StopProjectVersion"]
    assert counted(world) == ["GuardStops"]


def test_nothing_is_done_with_a_resource_whose_update_was_cut_off_for_good(world: World) -> None:
    """Without a roll-back its tags tell the units of that update, and the schedule what was before."""
    running(world, RunningHours=DAY)
    updating(world, properties(RunningHours=DAY, MinInferenceUnits="2"), properties(RunningHours=DAY))
    world.stack.fails(physical_id=V1)
    world.stack.goes("UPDATE_FAILED")
    world.clock.sleep(120.0)
    assert changes(sweep(world, RunningHours=DAY)) == []


def test_hours_that_stop_count_before_it_is_first_seen_that_it_runs(world: World) -> None:
    """No sweep looks while an operation is under way: what it has started in time is stopped after it."""
    running(world, RunningHours="MON-SUN -22:50 UTC")
    asked = Record(True, world.clock.now() - 1_800.0, False, By.DUTY)
    world.versions[V1].tags.update(record_tags(asked))
    assert changes(sweep(world, RunningHours="MON-SUN -22:50 UTC")) == ["TagResource", "StopProjectVersion"]


def test_nothing_is_done_while_a_stack_goes_back(world: World) -> None:
    """A roll-back is an operation too, and so is its clean-up."""
    running(world, RunningHours=DAY)
    old, new = properties(RunningHours=DAY), properties(V2, RunningHours=DAY)
    updating(world, new, old)
    rolling_back(world, old, new)
    assert changes(sweep(world, RunningHours=DAY)) == []
    world.stack.completes(physical_id=V1)
    world.stack.cleans_up()
    assert changes(sweep(world, RunningHours=DAY)) == []


@pytest.mark.parametrize("hours", [DAY, EVENING])
def test_nothing_is_done_after_the_stack(world: World, hours: str) -> None:
    """A schedule's event may come late: the stack is gone, and so is its claim, or it is left."""
    (running if hours == DAY else resting)(world, RunningHours=hours)
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    assert changes(sweep(world, RunningHours=hours)) == []
    world.stack.completes()
    assert changes(sweep(world, RunningHours=hours)) == []
    world.stack.goes("DELETE_COMPLETE")
    assert changes(sweep(world, RunningHours=hours)) == []
    del world.stacks[STACK]
    assert changes(sweep(world, RunningHours=hours)) == []
    assert counted(world) == []


def test_a_stack_whose_deletion_failed_elsewhere_starts_nothing_and_stops_as_ever(world: World) -> None:
    """The resource still lives, and may bill for as long as nobody deletes the stack again."""
    for hours, expected in ((EVENING, []), (DAY, ["TagResource", "StopProjectVersion"])):
        world = World()
        (running if hours == DAY else resting)(world, RunningHours=hours)
        world.stack.goes("DELETE_IN_PROGRESS")
        world.stack.goes("DELETE_FAILED")
        world.clock.sleep(300.0)
        assert changes(sweep(world, RunningHours=hours)) == expected


def test_nothing_is_done_with_a_resource_whose_deletion_failed(world: World) -> None:
    """Its own request has told how to stop the model."""
    running(world, RunningHours=DAY)
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.fails()
    world.stack.goes("DELETE_FAILED")
    world.clock.sleep(300.0)
    assert changes(sweep(world, RunningHours=DAY)) == []


def test_nothing_is_done_with_another_model_than_the_resource_has(world: World) -> None:
    """As after an update that failed, where the schedule already names the new model."""
    running(world, RunningHours=DAY)
    world.run_model(V2)
    world.own(V2, t=world.stack.began_at())
    assert changes(sweep(world, V2, RunningHours=DAY)) == []


def test_no_model_is_touched_without_the_own_claim() -> None:
    """Unclaimed, another stack's, or another resource's."""
    for claim in ("none", "other stack", "other resource"):
        world = World()
        running(world, RunningHours=DAY)
        tags = world.versions[V1].tags
        if claim == "none":
            tags.clear()
        elif claim == "other stack":
            tags[str(Tag.STACK_ID)] = OTHER
        else:
            value = tags.pop(holder_key(Holding(STACK, MODEL)))
            tags[holder_key(Holding(STACK, "Another"))] = value
        assert sweep(world, RunningHours=DAY) == ["ListTagsForResource"], claim


@pytest.mark.parametrize(
    ("hours", "act"),
    [(DAY, ["TagResource", "StopProjectVersion"]), (EVENING, ["TagResource", "StartProjectVersion"])],
)
def test_a_tag_of_a_delivery_that_failed_beside_one_that_succeeded_keeps_no_guard_from_its_work(
    world: World, hours: str, act: list[str]
) -> None:
    """Seed 60033517: CloudFormation shows that the resource was brought, with what is declared now."""
    (running if hours == DAY else resting)(world, RunningHours=hours, MinInferenceUnits="2")
    world.own(V1, units="1", failed=True)
    assert changes(sweep(world, RunningHours=hours, MinInferenceUnits="2")) == act
    assert str(world.versions[V1].units) in ("None", "2")


def test_without_a_guard_nothing_is_asked(world: World) -> None:
    """A schedule of a deployment before."""
    running(world)
    assert sweep(world) == []


# --- events that make no sense --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"StackId": None}, "StackId must be the ARN of a stack"),
        ({"StackId": 7}, "StackId must be the ARN of a stack"),
        ({"StackId": STACK.replace("123456789012", "999999999999")}, "must be a stack of the function's"),
        ({"StackId": STACK.replace("eu-west-1", "eu-west-2")}, "must be a stack of the function's"),
        ({"LogicalResourceId": ["Model"]}, "LogicalResourceId must be"),
        ({"LogicalResourceId": ""}, "LogicalResourceId must be"),
        ({"ResourceProperties": "x"}, "ResourceProperties must be an object"),
        ({"ResourceProperties": {}}, "ProjectVersionArn must be"),
        ({"ResourceProperties": properties(MinInferenceUnits=10**400)}, "a number of more than 16 digits"),
        ({"ResourceProperties": properties(RunningHours="MON")}, "RunningHours must be"),
        ({"ResourceProperties": properties(RunningHours={"a": 1})}, "RunningHours"),
        ({"ResourceProperties": properties(V1.replace("eu-west-1", "eu-west-2"))}, "in the Region of its"),
    ],
)
def test_an_event_that_makes_no_sense_is_named_in_one_line(
    world: World, change: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No call, no answer, no error that Lambda would repeat."""
    running(world, RunningHours=DAY)
    made = event(properties(RunningHours=DAY))
    payload = made["RunningModelSweep"] | change
    assert world.deliver({"RunningModelSweep": payload}) is None
    assert (world.calls, world.answers, len(caplog.records)) == ([], [], 1)
    assert caplog.text.count("sweep ignored: ") == 1
    assert words in caplog.text


@pytest.mark.parametrize("payload", [None, 7, "x", [], {}])
def test_a_payload_that_is_no_object_is_named(
    world: World, payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The same for the whole."""
    assert world.deliver({"RunningModelSweep": payload}) is None
    assert (world.calls, len(caplog.records)) == ([], 1)


def test_a_request_is_a_request_whatever_else_it_holds(world: World) -> None:
    """Whoever can be answered is."""
    assert answered(world, creating(world) | event(properties()))["Status"] == "SUCCESS"


def test_debug_tells_why_nothing_is_done(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """And nothing does at INFO."""
    running(world, RunningHours=EVENING)
    with caplog.at_level(logging.DEBUG, logger="running_model"):
        sweep(world, RunningHours=EVENING)
    (told,) = [each for each in caplog.records if each.getMessage().startswith("sweep: ")]
    assert told.levelno == logging.DEBUG
    assert "within the running hours" in told.getMessage()


# --- other resources, and where the model is ---------------------------------------------------------------


def with_another(world: World, logical_id: str = "Other") -> None:
    """The stack has another resource with the same model, as after an import of one by hand."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("CREATE", properties(), logical_id)
    world.stack.completes(logical_id, V1)
    world.stack.done()
    world.own(V1, logical_id=logical_id)
    world.clock.sleep(300.0)


def test_a_model_that_another_living_resource_of_the_stack_holds_is_not_stopped(world: World) -> None:
    """Whatever guards that one has; once it is gone its tag counts no more."""
    running(world, RunningHours=DAY)
    with_another(world)
    calls = sweep(world, RunningHours=DAY)
    assert changes(calls) == []
    assert calls.count("DescribeStackResource") == 2
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.cleans_up()
    world.stack.begins("DELETE", properties(), "Other")
    world.stack.completes("Other")
    world.stack.done()
    world.clock.sleep(300.0)
    assert changes(sweep(world, RunningHours=DAY)) == ["TagResource", "StopProjectVersion"]


def test_a_model_that_another_resource_holds_too_is_started_on_duty(world: World) -> None:
    """With the units that the own resource declares."""
    resting(world, RunningHours=EVENING, MinInferenceUnits="2")
    with_another(world)
    acts = changes(sweep(world, RunningHours=EVENING, MinInferenceUnits="2"))
    assert acts == ["TagResource", "StartProjectVersion"]
    assert str(world.versions[V1].units) == "2"


def test_the_project_is_the_declared_one_or_the_remembered_one_or_looked_up(world: World) -> None:
    """It is looked up where neither tells."""
    running(world, RunningHours=EVENING)
    created = world.projects["parts"]
    assert sweep(world, RunningHours=EVENING) == LOOKS
    del world.versions[V1].tags[Tag.PROJECT_CREATED]
    assert sweep(world, RunningHours=EVENING) == [LOOKS[0], "DescribeProjects", LOOKS[1]]
    declared = V1.partition("/version/")[0] + f"/{created}"
    assert sweep(world, RunningHours=EVENING, ProjectArn=declared) == LOOKS


def test_a_project_that_is_not_found_or_does_not_show_the_model_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is done, and not while a deployment may mend it."""
    running(world, RunningHours=DAY)
    del world.versions[V1].tags[Tag.PROJECT_CREATED]
    world.projects.clear()
    assert changes(sweep(world, RunningHours=DAY)) == []
    assert "there is no project parts" in caplog.text
    assert counted(world) == ["GuardLookFailures"]
    updating(world, properties(RunningHours=DAY), properties(RunningHours=DAY))
    sweep(world, RunningHours=DAY)
    assert counted(world) == ["GuardLookFailures"]


def test_a_model_that_its_project_does_not_show_is_told(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell whether it bills."""
    running(world, RunningHours=DAY)
    monkeypatch.setattr(world, "observe", lambda arn, project: ABSENT)
    assert changes(sweep(world, RunningHours=DAY)) == []
    assert "its project does not show it" in caplog.text
    assert counted(world) == ["GuardLookFailures"]
