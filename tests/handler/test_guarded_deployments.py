"""Deployments of models with guards. The world's clock begins on Tuesday, 14 November 2023, at 22:13 UTC."""

from __future__ import annotations

import logging

import pytest
from deletes import delete
from stack_log import MODEL
from updates import roll_back, rolling_back, update, updating, updating_world
from world import V1, V2, World, answered, created, lived, properties

from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.duty import Override
from running_model_handler.core.duty_tags import override_tags, read_duty_tags, record_tags
from running_model_handler.core.record import By, Record
from running_model_handler.core.units import InferenceUnits

DAY = "MON-FRI 08:00-18:00 UTC"
EVENING = "MON-FRI 20:00-24:00 UTC"
STOP_AT_NINE = "MON-FRI -22:16 UTC"


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


def test_off_duty_succeeds_without_a_start_and_says_why(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The claim is written, the model is not started, and attribute and log tell until when."""
    with caplog.at_level(logging.INFO, logger="running_model"):
        answer = created(world, RunningHours=DAY)
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "TRAINING_COMPLETED")
    assert world.count("StartProjectVersion") == 0
    assert set(world.holders(V1)) == {MODEL}
    # The hours begin ten minutes early, where no start was ever measured.
    assert answer["Data"]["Duty"] == f"off until 2023-11-15T07:50:00Z: outside the running hours {DAY}"
    assert any(answer["Data"]["Duty"] in record.getMessage() for record in caplog.records)
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert (record.on, record.by) == (False, By.DUTY)


def test_on_duty_is_started_and_what_is_asked_is_written_before(world: World) -> None:
    """One TagResource more carries nothing: claim and record are written together."""
    answer = created(world, RunningHours=EVENING)
    assert (answer["Data"]["Status"], answer["Data"]["Duty"]) == ("RUNNING", "on")
    names = [name for name, _ in world.calls]
    assert names[: names.index("StartProjectVersion")].count("TagResource") == 1
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert record.on


def test_without_a_guard_no_tag_is_more(world: World) -> None:
    """Nothing changes for a model that declares none."""
    created(world)
    assert not [key for key in world.versions[V1].tags if key.endswith((":duty", ":stop-at"))]


def test_a_queue_alone_waits_for_messages(world: World) -> None:
    """No queue is asked in a request: the first look starts it if something waits."""
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/pictures"
    answer = created(world, StartForQueueUrl=url)
    assert answer["Data"]["Duty"] == "off: nothing waits in the queue"
    assert world.count("StartProjectVersion") == 0


def test_override_counts_more_than_the_hours(world: World) -> None:
    """Somebody who keeps it running gets it, outside the hours too."""
    now = world.clock.now()
    world.versions[V1].tags.update(override_tags(Override(on=True, until=now + 7200, given=now)))
    assert created(world, RunningHours=DAY)["Data"]["Status"] == "RUNNING"


def test_a_model_that_can_never_run_fails_off_duty_too(world: World) -> None:
    """What could not run within the hours is said by the deployment that declares it."""
    world.versions[V1].status = "TRAINING_FAILED"
    assert created(world, RunningHours=DAY)["Status"] == "FAILED"
    del world.versions[V2]
    other = World()
    del other.versions[V2]
    assert "does not exist" in created(other, V2, RunningHours=DAY)["Reason"]


def stop_at(world: World) -> float:
    """The deadline in the tags."""
    at = read_duty_tags(world.versions[V1].tags).stop_at
    assert at is not None
    return at


def test_deadline_counts_from_the_deployment_that_sets_it(world: World) -> None:
    """An update that changes neither model, units nor stop_after does not move it; any of these does."""
    created(world, StopAfterSeconds="7200")
    first = stop_at(world)
    assert 7190 < first - 1_700_000_000 < 7210
    old = properties(StopAfterSeconds="7200")
    for number, (change, seconds) in enumerate(
        [
            ({"PollIntervalSeconds": "7"}, 0),
            ({"MinInferenceUnits": "2"}, 7200),
            ({"StopAfterSeconds": "9000"}, 9000),
        ]
    ):
        world.stack.done()
        world.clock.time += 1000
        began, before = world.clock.now(), stop_at(world)
        update(world, old | change, old, request_id=f"u{number}")
        old |= change
        assert stop_at(world) == (pytest.approx(began + seconds, abs=2) if seconds else before)


def test_deadline_that_is_over_is_set_anew_by_a_change_of_stop_after(world: World) -> None:
    """Whoever asks for more time wants it to run."""
    created(world, StopAfterSeconds="7200")
    world.stack.done()
    world.versions[V1].status = "STOPPED"
    world.clock.time += 8000
    old = properties(StopAfterSeconds="7200")
    same = update(world, old | {"PollIntervalSeconds": "7"}, old)
    assert same["Data"]["Duty"].startswith("off: stop_after is over")
    world.stack.done()
    longer = update(world, old | {"StopAfterSeconds": "86400"}, old, request_id="u2")
    assert (longer["Data"]["Status"], longer["Data"]["Duty"]) == ("RUNNING", "on")


def test_roll_back_takes_a_deadline_back(world: World) -> None:
    """What was shortened by an update that failed elsewhere is as long as before, counted anew."""
    created(world, StopAfterSeconds="86400")
    world.stack.done()
    old = properties(StopAfterSeconds="86400")
    new = properties(StopAfterSeconds="7200")
    update(world, new, old)
    assert stop_at(world) - world.clock.now() < 7300
    roll_back(world, old, new)
    assert stop_at(world) - world.clock.now() > 86_000


def test_roll_back_of_a_resize_keeps_the_deadline(world: World) -> None:
    """What the resize has set anew: nobody asks for another one."""
    created(world, StopAfterSeconds="7200")
    world.stack.done()
    old = properties(StopAfterSeconds="7200")
    new = old | {"MinInferenceUnits": "2"}
    update(world, new, old)
    before = stop_at(world)
    roll_back(world, old, new)
    assert stop_at(world) == before


def test_a_stop_off_duty_has_all_the_time_of_the_request() -> None:
    """The time that a start may take is no matter of a model that is to rest."""
    world = updating_world()
    world.versions[V1].stop_seconds = 600.0
    answer = update(world, properties(RunningHours=DAY, TimeoutSeconds="60"), properties())
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "STOPPED")


def test_a_stop_off_duty_that_never_ends_is_told_as_what_it_is() -> None:
    """With the command, at the end of CloudFormation's hour."""
    world = updating_world()
    world.versions[V1].stop_seconds = 9_999.0
    answer = update(world, properties(RunningHours=DAY), properties())
    assert answer["Status"] == "FAILED"
    assert "did not stop in time, its status is STOPPING" in answer["Reason"]
    assert "inference units" not in answer["Reason"]


def test_update_that_brings_hours_stops_what_runs_outside_of_them() -> None:
    """The resource keeps its claim, and the model rests until the hours begin."""
    world = updating_world()
    answer = update(world, properties(RunningHours=DAY), properties())
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "STOPPED")
    assert set(world.holders(V1)) == {MODEL}
    assert world.count("StartProjectVersion") == 0


def test_off_duty_a_model_that_another_resource_has_is_left_as_it_is(world: World) -> None:
    """It is claimed, and runs on; nothing is noted as asked of it."""
    created(world)
    answer = created(world, logical_id="Second", RunningHours=DAY)
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "RUNNING")
    assert answer["Data"]["Duty"].startswith("off until")
    assert world.statuses(V1) == ["STARTING", "RUNNING"]
    assert set(world.holders(V1)) == {MODEL, "Second"}
    assert read_duty_tags(world.versions[V1].tags).record is None


def test_what_guards_keep_at_rest_is_not_started_for_others_when_one_resource_goes(world: World) -> None:
    """Their own sweeps start it when its time comes."""
    for name in (MODEL, "Second"):
        created(world, logical_id=name, RunningHours=DAY)
    assert delete(world, logical_id="Second")["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 0
    assert set(world.holders(V1)) == {MODEL}


def test_a_deployment_without_guards_ends_that_its_model_is_kept_off(world: World) -> None:
    """So whoever makes room with it later gives it back running."""
    created(world, RunningHours=DAY)
    assert created(world, logical_id="Second")["Data"]["Status"] == "RUNNING"
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert (record.on, record.by) == (True, By.DUTY)


def test_replacement_off_duty_starts_nothing_and_its_clean_up_stops_the_former() -> None:
    """START_FIRST: the former model is CloudFormation's to clean up, as ever."""
    world = updating_world()
    answer = update(world, properties(V2, RunningHours=DAY), properties())
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", V2)
    assert world.versions[V1].status == "RUNNING"
    assert world.count("StartProjectVersion") == 0
    assert set(world.holders(V2)) == {MODEL}


def test_failed_resize_brings_back_nothing_off_duty() -> None:
    """Its former units are not started where the former hours are over; that is told as its duty."""
    world = World()
    old = properties(RunningHours="MON-FRI 20:00-23:00 UTC")
    lived(world)
    world.units_quota = 2
    answer = answered(world, updating(world, properties(MinInferenceUnits="3"), old))
    assert answer["Status"] == "FAILED"
    assert world.statuses(V1) == ["STOPPING", "STOPPED"]
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert (record.on, record.by) == (False, By.DUTY)


def test_resize_starts_the_time_anew_after_which_a_model_can_be_idle() -> None:
    """What ran before counts no more: nobody can have used it yet."""
    world = World()
    lived(world, StopWhenIdleSeconds="900")
    long_ago = record_tags(Record(True, world.clock.now() - 3600.0, True, By.DUTY))
    world.versions[V1].tags.update(long_ago)
    old = properties(StopWhenIdleSeconds="900")
    assert update(world, {**old, "MinInferenceUnits": "2"}, old)["Status"] == "SUCCESS"
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert (record.on, record.reached) == (True, False)
    assert world.clock.now() - record.at < 900.0


def test_failed_replacement_stops_the_former_model_off_duty_as_its_duty() -> None:
    """What is asked is written before the Stop, so that nobody takes it for a person's."""
    world = updating_world()
    world.versions[V2].status = "TRAINING_FAILED"
    old = properties(RunningHours=DAY)
    assert update(world, properties(V2), old)["Status"] == "FAILED"
    assert world.statuses(V1) == ["STOPPING", "STOPPED"]
    assert world.calls.index(("TagResource", V1)) < world.calls.index(("StopProjectVersion", V1))
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert (record.on, record.by) == (False, By.DUTY)


def test_roll_back_to_hours_that_are_over_starts_nothing() -> None:
    """What the stack goes back to is off duty: the roll-back succeeds, and the model rests."""
    world = World()
    lived(world, RunningHours=DAY)
    old, new = properties(RunningHours=DAY), properties(MinInferenceUnits="2")
    update(world, new, old)
    assert world.versions[V1].status == "RUNNING"
    answer = roll_back(world, old, new)
    assert (answer["Status"], world.versions[V1].status) == ("SUCCESS", "STOPPED")
    assert answer["Data"]["Duty"].startswith("off until")


def test_delete_takes_the_tags_of_duty_along(world: World) -> None:
    """The last holder leaves nothing that was asked; what the last start took stays."""
    created(world, RunningHours=EVENING, StopAfterSeconds="7200")
    world.stack.done()
    assert delete(world, RunningHours=EVENING)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert [key for key in world.versions[V1].tags if not key.endswith(":start-seconds")] == []


@pytest.mark.parametrize("arrives_after", [2.0, 12.0, 25.0])
def test_g3_delete_waits_for_a_start_that_a_sweep_may_have_sent(arrives_after: float) -> None:
    """It was decided before the deletion showed, and arrives after the first look at a model at rest."""
    world = World()
    lived(world, RunningHours=DAY)
    world.versions[V1].status = "STOPPED"
    world.versions[V1].tags.update(record_tags(Record(False, world.clock.now() - 60.0, True, By.DUTY)))
    version = parse_project_version_arn(V1, name="V1")
    world.clock.at(arrives_after, lambda: world.start(version, InferenceUnits(1)))
    assert delete(world, RunningHours=DAY)["Status"] == "SUCCESS"
    assert world.statuses(V1)[-1] == "STOPPED"
    assert not world.holders(V1)


def test_g3_a_delete_waits_for_a_sweeps_start_also_where_no_memory_was_written(world: World) -> None:
    """Two that were made off duty at once each left the model to the other one."""
    lived(world, RunningHours=DAY)
    world.versions[V1].status = "STOPPED"
    version = parse_project_version_arn(V1, name="V1")
    world.clock.at(12.0, lambda: world.start(version, InferenceUnits(1)))
    assert delete(world, RunningHours=DAY)["Status"] == "SUCCESS"
    assert world.statuses(V1)[-1] == "STOPPED"


def test_delete_without_guards_waits_for_no_sweep() -> None:
    """Nobody else starts it."""
    world = World()
    lived(world)
    world.versions[V1].status = "STOPPED"
    began = world.clock.now()
    delete(world)
    assert world.clock.now() - began < 5.0


@pytest.mark.parametrize("arrives_after", [2.0, 12.0, 25.0])
def test_update_that_takes_guards_out_waits_for_a_stop_that_a_sweep_may_have_sent(
    arrives_after: float,
) -> None:
    """It was decided before the update showed; once no guard is declared no other sweep undoes it."""
    world = World()
    lived(world, RunningHours=EVENING)
    version = parse_project_version_arn(V1, name="V1")
    world.clock.at(arrives_after, lambda: world.stop(version))
    answer = update(world, properties(), properties(RunningHours=EVENING))
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "RUNNING")
    assert world.versions[V1].status == "RUNNING"
    assert world.statuses(V1)[:1] == ["STOPPING"]


@pytest.mark.parametrize("arrives_after", [2.0, 12.0, 25.0])
def test_resource_without_guards_that_joins_waits_for_a_stop_that_a_sweep_may_have_sent(
    arrives_after: float,
) -> None:
    """The sweep knew nothing of the second resource, and the first one is off duty for every other."""
    world = World()
    lived(world, RunningHours=EVENING)
    world.versions[V1].tags.update(record_tags(Record(True, world.clock.now() - 60.0, True, By.DUTY)))
    version = parse_project_version_arn(V1, name="V1")
    world.clock.at(arrives_after, lambda: world.stop(version))
    world.stack.goes("UPDATE_IN_PROGRESS")
    answer = created(world, logical_id="Second")
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "RUNNING")
    assert world.statuses(V1)[:1] == ["STOPPING"]


def test_update_of_guards_that_stay_waits_for_no_sweep() -> None:
    """The next sweep undoes it."""
    world = World()
    lived(world, RunningHours=EVENING)
    began = world.clock.now()
    update(world, properties(RunningHours="MON-FRI 21:00-24:00 UTC"), properties(RunningHours=EVENING))
    assert world.clock.now() - began < 15.0


def test_late_update_of_guards_does_not_act_in_its_roll_back() -> None:
    """G5: model and units are those that the roll-back brings back; the guards are not."""
    world = updating_world()
    late = updating(world, properties(RunningHours=DAY), properties())
    assert roll_back(world, properties(), properties(RunningHours=DAY))["Status"] == "SUCCESS"
    rolling_back(world, properties(), properties(RunningHours=DAY))
    answered(world, late)
    assert world.versions[V1].status == "RUNNING"
    assert world.count("StopProjectVersion") == 0


@pytest.mark.parametrize("by", [By.HAND, By.IDLE])
def test_own_stop_that_a_sweep_takes_for_another_ones_is_undone(by: By) -> None:
    """It saw an answer from before the update: a deployment that fails brings the model back all the same."""
    world = World()
    lived(world, StopWhenIdleSeconds="900")
    world.units_quota = 2
    note = record_tags(Record(False, world.clock.now() + 2.0, True, by))
    world.clock.at(2.0, lambda: world.versions[V1].tags.update(note))
    old = properties(StopWhenIdleSeconds="900")
    new = {**properties(V2, Replacement="STOP_FIRST", MinInferenceUnits="3"), "StopWhenIdleSeconds": "900"}
    assert answered(world, updating(world, new, old))["Status"] == "FAILED"
    assert world.statuses(V1) == ["STOPPING", "STOPPED", "STARTING"]


def test_hours_that_end_within_the_start_end_it(world: World) -> None:
    """Duty is decided anew before each act, and what is asked then is written first."""
    answer = created(world, RunningHours="MON-FRI 20:00-22:16 UTC")
    assert (answer["Status"], answer["Data"]["Status"]) == ("SUCCESS", "STOPPED")
    record = read_duty_tags(world.versions[V1].tags).record
    assert record is not None
    assert not record.on


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"RunningHours": "MON-FRI 08:00-18:00 Europe/Berlim"}, "maybe Europe/Berlin"),
        ({"StopAfterSeconds": "60"}, "would be stopped before it has run"),
        ({"StopWhenIdleSeconds": "5"}, "StopWhenIdleSeconds"),
        ({"StartForQueueUrl": "pictures"}, "must be the URL of an SQS queue"),
    ],
)
def test_bad_guard_fails_by_name(world: World, change: dict[str, str], words: str) -> None:
    """A guard that breaks a rule is named, and no call is made."""
    answer = created(world, **change)
    assert answer["Status"] == "FAILED"
    assert words in answer["Reason"]
    assert world.calls == []
