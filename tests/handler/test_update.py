"""Update of the same model: resize, roll-back, and nothing needless."""

from __future__ import annotations

from typing import Any

import pytest
from updates import roll_back, rolling_back, update, updating, updating_world
from world import V1, V2, V3, World, answered, created, properties

ONE, TWO = properties(), properties(MinInferenceUnits="2")


@pytest.fixture
def world() -> World:
    """The stack's model V1 has run with one unit for an hour."""
    return updating_world()


@pytest.mark.parametrize(
    "change", [{"TimeoutSeconds": "600"}, {"PollIntervalSeconds": "9"}, {"ServiceTimeout": "3000"}]
)
def test_g9_an_update_of_no_concern_makes_no_start_or_stop(world: World, change: dict[str, str]) -> None:
    """G9: another time-out or interval interrupts nothing."""
    answer = update(world, properties(**change), properties())
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V1
    assert world.count("StartProjectVersion") + world.count("StopProjectVersion") == 0


def test_g9_an_update_starts_what_was_stopped_by_hand(world: World) -> None:
    """G9: a model stopped by hand is started again."""
    world.versions[V1].status = "STOPPED"
    answer = update(world, properties(Deployment="2"), properties(Deployment="1"))
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_update_returns_the_same_attributes_as_create() -> None:
    """GetAtt works after an update as after a create."""
    world = World()
    first = created(world)
    world.stack.done()
    answer = update(world, properties(PollIntervalSeconds="9"), properties())
    assert answer["Data"].keys() == first["Data"].keys()


def test_g8_resize_stops_and_starts(world: World) -> None:
    """G8: other units are reached by stop, wait, start, wait."""
    assert update(world, TWO, ONE)["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STOPPING", "STOPPED", "STARTING", "RUNNING"]
    assert str(world.versions[V1].units) == "2"
    assert str(world.holders(V1)["Model"].units) == "2"


def test_g8_a_refused_size_brings_the_old_one_back(world: World) -> None:
    """G8: where the new size is refused, the old one is started before the answer."""
    nine = properties(MinInferenceUnits="9")
    answer = update(world, nine, ONE)
    assert answer["Status"] == "FAILED"
    assert "LimitExceededException" in answer["Reason"]
    assert world.versions[V1].status == "STARTING"
    assert str(world.versions[V1].units) == "1"
    assert roll_back(world, ONE, nine)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert world.count("StartProjectVersion") == 2


def test_g8_the_units_that_stay_are_written_with_the_failure(world: World) -> None:
    """G8: `failed` holds the former units going forward, so that any other holder reads what will run."""
    update(world, properties(MinInferenceUnits="9"), ONE)
    holder = world.holders(V1)["Model"]
    assert (str(holder.units), holder.failed) == ("1", True)


def test_g8_a_new_size_that_fails_to_start_brings_the_old_one_back(world: World) -> None:
    """G8: FAILED at the new size, then the old one."""
    world.versions[V1].ends_as = "FAILED"

    def once(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and world.count(action) == 1:
            world.versions[V1].ends_as = "RUNNING"

    world.before = once
    answer = update(world, TWO, ONE)
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STARTING"
    assert str(world.versions[V1].units) == "1"


def test_cancelled_resize_leaves_the_model_to_the_roll_back(world: World) -> None:
    """A resize that CloudFormation cancelled starts nothing more; the roll-back brings the old size."""
    world.clock.at(60, world.stack.turns_back)
    answer = update(world, TWO, ONE)
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0
    assert roll_back(world, ONE, TWO)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert str(world.versions[V1].units) == "1"


def test_a_forward_update_ends_when_the_stack_turns_back(world: World) -> None:
    """The resource is UPDATE_IN_PROGRESS in both directions; the stack's status tells them apart."""
    world.versions[V1].status = "STOPPED"
    world.clock.at(60, lambda: rolling_back(world, ONE, TWO))
    answer = world.deliver(updating(world, TWO, ONE))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert world.versions[V1].status == "STARTING"


def test_g8_a_roll_back_is_not_ready_until_what_was_cut_off_has_had_its_time(world: World) -> None:
    """G8: the Stop of the cancelled resize may be on its way; the roll-back looks again after 30 s."""
    event = updating(world, TWO, ONE)
    world.clock.sleep(2)
    back = rolling_back(world, ONE, TWO)
    turned_at = world.clock.now()
    world.clock.at(12, lambda: world.move(V1, "STOPPING"))
    world.clock.at(100, lambda: world.move(V1, "STOPPED"))
    answer = answered(world, back)
    assert answer["Status"] == "SUCCESS"
    assert answer["At"] - turned_at > 30
    assert world.versions[V1].status == "RUNNING"
    late = world.deliver(event)
    assert late is not None
    assert late["Status"] == "FAILED"
    assert world.versions[V1].status == "RUNNING"


@pytest.mark.parametrize("invocation_seconds", [10, 20, 40])
def test_g4_a_pause_that_no_invocation_has_room_for_is_made_in_several(
    world: World, invocation_seconds: int
) -> None:
    """G4: a function with a short time-out does not use up its hand-overs on one long pause."""
    world.invocation_seconds = invocation_seconds
    updating(world, TWO, ONE)
    world.clock.sleep(2)
    event = rolling_back(world, ONE, TWO)
    begin = world.clock.now()
    answer = answered(world, event)
    assert answer["Status"] == "SUCCESS"
    assert 29 <= answer["At"] - begin < 40
    assert len(world.invocations) <= 12


def test_a_status_that_lags_is_waited_for(world: World) -> None:
    """The stack is still shown as it was before the update."""
    world.versions[V1].status = "STOPPED"
    world.stack.lag = 8
    assert update(world, properties(Deployment="2"), properties(Deployment="1"))["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_a_roll_back_that_is_not_shown_yet_is_waited_for(world: World) -> None:
    """What is shown is the update that is rolled back, minutes old: that is not what was sent now."""
    updating(world, TWO, ONE)
    world.clock.sleep(600)
    world.versions[V1].status = "STOPPED"
    world.stack.as_of = world.clock.now()
    event = rolling_back(world, ONE, TWO)
    world.clock.at(3, lambda: setattr(world.stack, "as_of", None))
    assert answered(world, event)["Status"] == "SUCCESS"
    assert str(world.versions[V1].units) == "1"


def test_an_answer_that_is_older_than_the_one_before_changes_nothing(world: World) -> None:
    """Two servers of CloudFormation disagree: the newest word stays."""
    world.versions[V1].start_seconds = 300
    world.versions[V1].status = "STOPPED"
    begin = world.clock.now()
    event = updating(world, TWO, ONE)
    world.clock.at(100, lambda: setattr(world.stack, "as_of", begin - 1))
    world.clock.at(200, lambda: setattr(world.stack, "as_of", None))
    assert answered(world, event)["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STARTING", "RUNNING"]


@pytest.mark.parametrize("shown", ["declared", "failed"])
def test_a_roll_back_goes_on_whatever_its_event_shows(world: World, shown: str) -> None:
    """Whether it is the model to go back to or the one that failed is not documented."""
    update(world, TWO, ONE)
    answer = roll_back(world, ONE, TWO, shows=ONE if shown == "declared" else TWO)
    assert answer["Status"] == "SUCCESS"
    assert str(world.versions[V1].units) == "1"


def test_g10_a_late_replacement_is_no_roll_back(world: World) -> None:
    """Another update is rolled back, which began with V1: a roll-back to V2 undoes one that began with V2."""
    updating(world, properties(V3), properties(V1))
    rolling_back(world, properties(V1), properties(V3))
    late = request_of_update(properties(V2), properties(V1))
    answer = world.deliver(late)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.history == []


def request_of_update(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """An update of another time, as CloudFormation sent it then."""
    earlier = World()
    earlier.stack.goes("UPDATE_IN_PROGRESS")
    return updating(earlier, new, old, request_id="late") | {"PhysicalResourceId": V1}


def test_g10_a_late_resize_changes_nothing(world: World) -> None:
    """The stack's event shows the units of the next update, which this request does not ask for."""
    updating(world, properties(MinInferenceUnits="3"), ONE)
    answer = world.deliver(request_of_update(TWO, ONE))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.history == []


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"ProjectVersionArn": V1, "MinInferenceUnits": "****"},
        {"ProjectVersionArn": V1, "MinInferenceUnits": 2},
        {"ProjectVersionArn": ["x"]},
    ],
)
def test_an_event_that_cannot_be_compared_stops_no_update(world: World, shown: dict[str, Any]) -> None:
    """What the event does not hold, or holds in another form, is no reason to refuse."""
    url = updating(world, shown, ONE)["ResponseURL"]
    answer = answered(world, {**request_of_update(TWO, ONE), "ResponseURL": url})
    assert answer["Status"] == "SUCCESS"
    assert str(world.versions[V1].units) == "2"


def test_g10_a_late_update_leaves_a_resource_that_is_being_deleted_to_its_delete(world: World) -> None:
    """G10: it starts nothing and stops nothing, and is answered before the role is gone."""
    event = updating(world, properties(V2), properties(V1))
    world.stack.fails()
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", properties(V1))
    begin = world.clock.now()
    world.clock.sleep(60)
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert answer["At"] - begin < 60 + 35
    assert world.history == []
