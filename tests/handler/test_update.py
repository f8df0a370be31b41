"""Update: resize, replacement without a gap, roll-back, rename, and nothing needless."""

from __future__ import annotations

from typing import Any

import pytest
from world import STACK, V1, V2, World, created, properties, request, service_error

from running_model_handler.core.names import Tag
from running_model_handler.core.wanted import ResourceView


@pytest.fixture
def world() -> World:
    """A world in which the stack's model V1 runs with one unit and an update is under way."""
    world = World()
    world.run_model(V1)
    world.own(V1)
    updating(world)
    return world


def updating(world: World, stack_status: str = "UPDATE_IN_PROGRESS", physical_id: str = V1) -> None:
    """CloudFormation updates the resource, forward or back."""
    world.stacks[STACK] = stack_status
    world.set_resource("UPDATE_IN_PROGRESS", physical_id=physical_id)


def update(
    world: World,
    new: dict[str, Any],
    old: dict[str, Any],
    *,
    physical_id: str = V1,
    request_id: str = "u1",
) -> dict[str, Any]:
    """Deliver an update and return its answer."""
    answer = world.deliver(request("Update", new, old=old, physical_id=physical_id, request_id=request_id))
    assert answer is not None
    return answer


def gap(world: World, *arns: str) -> bool:
    """Whether there was a moment in which none of these models ran, given that one ran at first."""
    running = {arn for arn in arns if world.statuses(arn)[:1] != ["STARTING"]}
    for _, arn, status in world.history:
        running = running | {arn} if status == "RUNNING" else running - {arn}
        if not running:
            return True
    return False


# --- same model ---------------------------------------------------------------------------------


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


# --- replacement ----------------------------------------------------------------------------------


def test_g7_replacement_without_a_gap(world: World) -> None:
    """G7: the new model runs before the old one is stopped, in the clean-up."""
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V2
    assert world.versions[V1].status == "RUNNING"
    world.stacks[STACK] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("UPDATE_COMPLETE", physical_id=V2)
    cleaned = world.deliver(request("Delete", properties(), physical_id=V1, request_id="d1"))
    assert cleaned is not None
    assert cleaned["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.versions[V2].status == "RUNNING"
    assert not gap(world, V1, V2)


def test_g7_a_new_version_that_fails_leaves_the_old_one_running(world: World) -> None:
    """G7: the update fails with the old id; the old model never stopped, the new one doesn't bill."""
    world.versions[V2].ends_as = "FAILED"
    world.versions[V2].message = "no capacity"
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "FAILED"
    assert "no capacity" in answer["Reason"]
    assert answer["PhysicalResourceId"] == V1
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "FAILED"
    assert Tag.STACK_ID not in world.versions[V2].tags
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(), properties(V2), request_id="u2")
    assert answer["Status"] == "SUCCESS"
    assert world.statuses(V1) == []


def test_g7_a_new_version_that_never_runs_is_stopped_before_the_answer(world: World) -> None:
    """G7, G3: at the time-out the new model is stopped, then the update fails."""
    world.versions[V2].start_seconds = 9999
    world.stop_while_starting = True
    answer = update(world, properties(V2, TimeoutSeconds="900"), properties())
    assert answer["Status"] == "FAILED"
    assert world.versions[V2].status == "STOPPED"
    assert world.statuses(V1) == []


def test_start_first_without_a_slot_fails_with_advice_and_changes_nothing(world: World) -> None:
    """Both slots taken: START_FIRST says what to do, and the old model goes on."""
    world.running_quota = 1
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "FAILED"
    assert "STOP_FIRST" in answer["Reason"]
    assert world.history == []
    assert Tag.STACK_ID not in world.versions[V2].tags


def test_stop_first_needs_no_slot(world: World) -> None:
    """STOP_FIRST stops the old model, then starts the new one in its slot."""
    world.running_quota = 1
    answer = update(world, properties(V2, Replacement="STOP_FIRST"), properties())
    assert answer["Status"] == "SUCCESS"
    assert [(arn, status) for _, arn, status in world.history] == [
        (V1, "STOPPING"),
        (V1, "STOPPED"),
        (V2, "STARTING"),
        (V2, "RUNNING"),
    ]


def test_stop_first_that_fails_brings_the_old_model_back(world: World) -> None:
    """STOP_FIRST with a version that can't start: the old one is started again before the answer."""
    world.running_quota = 1
    world.versions[V2].ends_as = "FAILED"
    answer = update(world, properties(V2, Replacement="STOP_FIRST"), properties())
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == V1
    assert world.versions[V1].status == "STARTING"
    assert Tag.STACK_ID not in world.versions[V2].tags


def test_stop_first_refuses_before_it_stops_what_runs(world: World) -> None:
    """A version that can't run at all is found out before the old one is stopped."""
    world.versions[V2].status = "TRAINING_IN_PROGRESS"
    answer = update(world, properties(V2, Replacement="STOP_FIRST"), properties())
    assert answer["Status"] == "FAILED"
    assert world.history == []


def test_cancelled_replacement_is_cleaned_by_the_roll_back(world: World) -> None:
    """A replacement cancelled while it starts: the roll-back keeps the old model and stops the new one."""
    world.own(V2)
    world.versions[V2].status = "STARTING"
    world.clock.at(120, lambda: world.move_if(V2, "STARTING", "RUNNING"))
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(), properties(V2), request_id="u2")
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V1
    assert world.versions[V2].status == "STOPPED"
    assert Tag.STACK_ID not in world.versions[V2].tags
    assert world.statuses(V1) == []


def test_roll_back_leaves_a_model_that_was_never_claimed(world: World) -> None:
    """The other model of a roll-back is stopped only where this owner claimed it."""
    world.run_model(V2)
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(), properties(V2), request_id="u2")
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V2].status == "RUNNING"


def test_roll_back_of_stop_first_frees_the_slot_first(world: World) -> None:
    """Where the old model is stopped and the new one holds the only slot, it is stopped first."""
    world.running_quota = 1
    world.versions[V1].status = "STOPPED"
    world.run_model(V2)
    world.own(V2)
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    old = properties(V2, Replacement="STOP_FIRST")
    answer = update(world, properties(), old, request_id="u2")
    assert answer["Status"] == "SUCCESS"
    assert (world.versions[V1].status, world.versions[V2].status) == ("RUNNING", "STOPPED")


def test_stale_replacement_stops_what_it_started_for_nobody(world: World) -> None:
    """G10: the stack turns back right after Start of the new model: it is stopped at once."""

    def cancel(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")

    world.after = cancel
    world.stop_while_starting = True
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "FAILED"
    assert world.versions[V2].status == "STOPPED"
    assert world.statuses(V1) == []


def test_replacement_by_a_model_of_another_stack_fails(world: World) -> None:
    """G6: another stack's model can't be taken by an update either."""
    other = STACK.replace("stack/parts", "stack/other")
    world.own(V2, stack=other, logical_id="Theirs")
    world.set_resource("CREATE_COMPLETE", "Theirs", other)
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "FAILED"
    assert "stack other" in answer["Reason"]
    assert world.history == []


def test_bad_property_in_an_update_keeps_the_physical_id(world: World) -> None:
    """An update with a bad value fails with the id that the resource has."""
    answer = update(world, properties("nonsense"), properties())
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == V1
    assert world.history == []


def test_replacement_across_hand_overs() -> None:
    """G4, G7: the state of a replacement survives hand-overs, with one Start."""
    world = World(invocation_seconds=120)
    world.run_model(V1)
    world.own(V1)
    updating(world)
    answer = update(world, properties(V2), properties())
    assert answer["Status"] == "SUCCESS"
    assert len(world.invocations) >= 3
    assert world.count("StartProjectVersion") == 1


# --- rename -----------------------------------------------------------------------------------------


def renamed(world: World, **changes: Any) -> dict[str, Any]:
    """The construct gets another id: a create of the new resource in an update of the stack."""
    world.set_resource("UPDATE_COMPLETE", physical_id=V1)
    world.set_resource("CREATE_IN_PROGRESS", "Renamed")
    answer = world.deliver(request("Create", properties(**changes), logical_id="Renamed", request_id="c2"))
    assert answer is not None
    return answer


def test_g6_rename_hands_over_without_a_stop(world: World) -> None:
    """G6: the new resource takes the model; the Delete of the old one leaves it running."""
    assert renamed(world)["Status"] == "SUCCESS"
    world.set_resource("CREATE_COMPLETE", "Renamed", physical_id=V1)
    world.stacks[STACK] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", physical_id=V1)
    answer = world.deliver(request("Delete", properties(), physical_id=V1, request_id="d1"))
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.history == []
    assert world.versions[V1].tags[Tag.LOGICAL_ID] == "Renamed"
    assert Tag.PREVIOUS not in world.versions[V1].tags


def test_g6_renamed_resource_stops_the_model_when_it_is_deleted(world: World) -> None:
    """After a rename the new resource owns the model for good."""
    renamed(world)
    world.set_resource("DELETE_COMPLETE")
    world.set_resource("DELETE_IN_PROGRESS", "Renamed", physical_id=V1)
    world.stacks[STACK] = "DELETE_IN_PROGRESS"
    world.deliver(request("Delete", properties(), physical_id=V1, logical_id="Renamed", request_id="d1"))
    assert world.versions[V1].status == "STOPPED"


def test_rename_that_is_rolled_back_hands_the_model_back(world: World) -> None:
    """The Delete of the new resource in a roll-back gives the model back to the old one, running."""
    renamed(world)
    world.stacks[STACK] = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", "Renamed", physical_id=V1)
    answer = world.deliver(
        request("Delete", properties(), physical_id=V1, logical_id="Renamed", request_id="d1")
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.history == []
    assert world.versions[V1].tags[Tag.LOGICAL_ID] == "Model"


def test_rename_with_other_units_that_is_rolled_back_restores_them(world: World) -> None:
    """A rename that also resized is undone in both."""
    renamed(world, MinInferenceUnits="2")
    assert str(world.versions[V1].units) == "2"
    world.stacks[STACK] = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", "Renamed", physical_id=V1)
    answer = world.deliver(
        request("Delete", properties(), physical_id=V1, logical_id="Renamed", request_id="d1")
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert str(world.versions[V1].units) == "1"


@pytest.mark.parametrize(
    ("after", "units"), [("TagResource", "1"), ("TagResource", "2"), ("StopProjectVersion", "2")]
)
def test_g3_a_model_handed_back_to_a_resource_that_goes_too_is_stopped(
    world: World, after: str, units: str
) -> None:
    """The former resource's Delete came while the model was not its own: nobody else would stop it."""
    renamed(world, MinInferenceUnits=units)
    world.stacks[STACK] = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", "Renamed", physical_id=V1)

    def heir_goes(action: str, arn: str) -> None:
        if action == after:
            world.set_resource("DELETE_COMPLETE", physical_id=V1)

    world.after = heir_goes
    answer = world.deliver(
        request("Delete", properties(), physical_id=V1, logical_id="Renamed", request_id="d1")
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert set(world.versions[V1].tags) == {Tag.REQUESTS}


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
