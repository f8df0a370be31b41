"""Update of the same model: resize, roll-back, and nothing needless."""

from __future__ import annotations

from typing import Any

import pytest
from updates import update, updating, updating_world
from world import STACK, V1, V2, World, created, properties, service_error

from running_model_handler.core.wanted import ResourceView


@pytest.fixture
def world() -> World:
    """The stack's model V1 runs with one unit and an update is under way."""
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
    assert first is not None
    updating(world)
    answer = update(world, properties(PollIntervalSeconds="9"), properties())
    assert answer["Data"].keys() == first["Data"].keys()


def test_g8_resize_stops_and_starts(world: World) -> None:
    """G8: other units are reached by stop, wait, start, wait."""
    answer = update(world, properties(MinInferenceUnits="2"), properties())
    assert answer["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STOPPING", "STOPPED", "STARTING", "RUNNING"]
    assert str(world.versions[V1].units) == "2"


def test_g8_a_refused_size_brings_the_old_one_back(world: World) -> None:
    """G8: where the new size is refused, the old one is started before the answer."""
    answer = update(world, properties(MinInferenceUnits="9"), properties())
    assert answer["Status"] == "FAILED"
    assert "LimitExceededException" in answer["Reason"]
    assert world.versions[V1].status == "STARTING"
    assert str(world.versions[V1].units) == "1"
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(), properties(MinInferenceUnits="9"), request_id="u2")
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert world.count("StartProjectVersion") == 2


def test_g8_a_new_size_that_fails_to_start_brings_the_old_one_back(world: World) -> None:
    """G8: FAILED at the new size, then the old one."""
    world.versions[V1].ends_as = "FAILED"

    def once(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and world.count(action) == 2:
            world.versions[V1].ends_as = "RUNNING"

    world.before = once
    world.after = lambda action, arn: None
    answer = update(world, properties(MinInferenceUnits="2"), properties())
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STARTING"
    assert str(world.versions[V1].units) == "1"


def test_cancelled_resize_leaves_the_model_to_the_roll_back(world: World) -> None:
    """A resize that CloudFormation cancelled starts nothing more; the roll-back brings the old size."""

    def cancel() -> None:
        world.stacks[STACK] = "UPDATE_ROLLBACK_IN_PROGRESS"
        world.set_resource("UPDATE_FAILED", physical_id=V1)

    world.clock.at(60, cancel)
    answer = update(world, properties(MinInferenceUnits="2"), properties())
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(), properties(MinInferenceUnits="2"), request_id="u2")
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert str(world.versions[V1].units) == "1"


def test_a_forward_update_ends_when_the_stack_turns_back(world: World) -> None:
    """The resource is UPDATE_IN_PROGRESS in both directions; the stack's status tells them apart."""
    world.versions[V1].status = "STOPPED"
    world.clock.at(60, lambda: updating(world, "UPDATE_ROLLBACK_IN_PROGRESS"))
    answer = update(world, properties(MinInferenceUnits="2"), properties())
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STARTING"


def test_a_status_that_lags_is_corrected_by_the_latest_event(world: World) -> None:
    """The resource is still shown as it was before the update; its latest event says what is going on."""
    world.versions[V1].status = "STOPPED"
    world.set_resource("UPDATE_COMPLETE", physical_id=V1)
    world.events[STACK, "Model"] = ResourceView("UPDATE_IN_PROGRESS", V1, world.clock.now() + 1)
    answer = update(world, properties(Deployment="2"), properties(Deployment="1"))
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_a_roll_back_that_is_not_shown_yet_is_waited_for(world: World) -> None:
    """What is shown is the update that is rolled back, minutes old: that is not the age of the roll-back."""
    back, forward = properties(), properties(MinInferenceUnits="2")

    def show(stack_status: str, began_at: float, begun_with: dict[str, Any]) -> None:
        world.events[STACK, "Model"] = ResourceView(
            "UPDATE_IN_PROGRESS", V1, began_at, begun_with, stack_status, begun_with
        )

    show("UPDATE_IN_PROGRESS", world.clock.now() - 600, forward)
    world.clock.at(3, lambda: show("UPDATE_ROLLBACK_IN_PROGRESS", world.clock.now() - 3, forward))
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    world.versions[V1].status = "STOPPED"
    assert update(world, back, forward)["Status"] == "SUCCESS"
    assert str(world.versions[V1].units) == "1"


@pytest.mark.parametrize(("begun_id", "status"), [(V1, "FAILED"), (V2, "SUCCESS")])
def test_g10_a_late_replacement_is_no_roll_back(world: World, begun_id: str, status: str) -> None:
    """Another update is rolled back, which began with V1: a roll-back to V2 undoes one that began with V2."""
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    world.events[STACK, "Model"] = ResourceView(
        "UPDATE_IN_PROGRESS",
        V1,
        world.clock.now(),
        stack_status="UPDATE_ROLLBACK_IN_PROGRESS",
        begun_with=properties(V1),
        begun_id=begun_id,
    )
    assert update(world, properties(V2), properties(V1))["Status"] == status
    assert (world.versions[V2].status == "RUNNING") is (status == "SUCCESS")


def test_g10_a_late_resize_changes_nothing(world: World) -> None:
    """The stack's event shows the units of the next update, which are neither side of this request."""
    world.events[STACK, "Model"] = ResourceView(
        "UPDATE_IN_PROGRESS", V1, properties=properties(MinInferenceUnits="3")
    )
    answer = update(world, properties(MinInferenceUnits="2"), properties())
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
    world.events[STACK, "Model"] = ResourceView("UPDATE_IN_PROGRESS", V1, properties=shown)
    answer = update(world, properties(MinInferenceUnits="2"), properties())
    assert answer["Status"] == "SUCCESS"
    assert str(world.versions[V1].units) == "2"


def test_permission_missing_in_an_update_names_the_action(world: World) -> None:
    """A role without Start fails the replacement by name and leaves the old model running."""

    def deny(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            raise service_error("AccessDeniedException", "rekognition:StartProjectVersion")

    world.before = deny
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "FAILED"
    assert "rekognition:StartProjectVersion" in answer["Reason"]
    assert world.history == []


def test_g10_an_update_ends_at_once_when_its_resource_is_being_deleted(world: World) -> None:
    """G10: a late delivery does not go on asking until the deletion has taken the role away."""
    world.stacks[STACK] = "DELETE_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", physical_id=V1)
    begin = world.clock.now()
    answer = update(world, properties(V2), properties(V1))
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert answer["At"] - begin < 1
    assert world.history == []
