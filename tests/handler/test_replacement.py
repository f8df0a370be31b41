"""Update to another model: without a gap, or without a slot, and back."""

from __future__ import annotations

import pytest
from updates import gap, update, updating, updating_world
from world import STACK, V1, V2, V3, World, properties, request, service_error

from running_model_handler.core.claim import request_digest
from running_model_handler.core.names import Tag
from running_model_handler.core.wanted import ResourceView


@pytest.fixture
def world() -> World:
    """The stack's model V1 runs with one unit and an update is under way."""
    return updating_world()


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


def test_two_requests_that_release_a_model_do_not_wait_for_each_other(world: World) -> None:
    """The cancelled update has released the model first: without its tags the role may not touch it."""
    world.run_model(V2)
    world.own(V2)
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")

    def released_by_the_other(action: str, arn: str) -> None:
        if (
            world.versions[V2].status == "STOPPED"
            and arn == V2
            and action in ("TagResource", "UntagResource")
        ):
            world.versions[V2].tags.clear()
            raise service_error("AccessDeniedException", f"rekognition:{action}")

    world.before = released_by_the_other
    answer = update(world, properties(V1), properties(V2))
    assert answer["Status"] == "SUCCESS"
    stopped_at = next(at for at, arn, status in world.history if (arn, status) == (V2, "STOPPED"))
    assert answer["At"] - stopped_at < 30


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


def test_g10_a_late_try_of_a_replacement_does_not_join_the_next_update(world: World) -> None:
    """The resource is UPDATE_IN_PROGRESS again, for another model: the stack's event tells."""
    world.events[STACK, "Model"] = ResourceView("UPDATE_IN_PROGRESS", V1, properties=properties(V3))
    answer = update(world, properties(V2), properties(V1))
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert world.history == []
    assert Tag.STACK_ID not in world.versions[V2].tags


def test_g10_a_late_try_of_a_replacement_does_not_join_the_roll_back(world: World) -> None:
    """A roll-back goes to a model that the resource has had; nobody has claimed this one."""
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(V2), properties(V1))
    assert answer["Status"] == "FAILED"
    assert world.history == []
    assert Tag.STACK_ID not in world.versions[V2].tags


@pytest.mark.parametrize("shown", [V1, V2])
def test_a_roll_back_goes_on_whatever_its_event_shows(world: World, shown: str) -> None:
    """Whether it is the model to go back to or the one that failed is not documented."""
    world.run_model(V2)
    world.own(V2)
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    world.events[STACK, "Model"] = ResourceView("UPDATE_IN_PROGRESS", V1, properties=properties(shown))
    assert update(world, properties(V1), properties(V2))["Status"] == "SUCCESS"
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "STOPPED"


def test_g3_what_a_killed_try_started_is_stopped_by_the_next(world: World) -> None:
    """The first try was killed after its Start; the stack is being rolled back when Lambda tries again."""
    world.own(V2)
    world.versions[V2].tags[Tag.REQUESTS] = request_digest(STACK, "u1")
    world.run_model(V2)
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(V2), properties(V1))
    assert answer["Status"] == "FAILED"
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "STOPPED"
    assert Tag.STACK_ID not in world.versions[V2].tags


def test_a_late_duplicate_of_a_replacement_leaves_the_model_to_the_delete(world: World) -> None:
    """The replacement succeeded, the stack is being deleted by now: its Delete stops the model."""
    world.own(V2)
    world.versions[V2].tags[Tag.REQUESTS] = request_digest(STACK, "u1")
    world.run_model(V2)
    world.stacks[STACK] = "DELETE_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", physical_id=V2)
    assert update(world, properties(V2), properties(V1))["Status"] == "FAILED"
    assert world.history == []


def test_a_late_duplicate_after_the_clean_up_stops_nothing(world: World) -> None:
    """The latest event is the deletion of the former model, under the same logical id."""
    world.own(V2)
    world.versions[V2].tags[Tag.REQUESTS] = request_digest(STACK, "u1")
    world.run_model(V2)
    world.stacks[STACK] = "UPDATE_COMPLETE"
    world.set_resource("UPDATE_COMPLETE", physical_id=V2)
    world.events[STACK, "Model"] = ResourceView("DELETE_COMPLETE", V1, world.clock.now() + 1)
    assert update(world, properties(V2), properties(V1))["Status"] == "FAILED"
    assert world.history == []
    assert world.versions[V2].status == "RUNNING"


def test_a_killed_try_of_a_roll_back_goes_on(world: World) -> None:
    """The claim remembers that the roll-back's own request began in the roll-back."""
    world.versions[V1].status = "STOPPED"
    world.versions[V1].tags[Tag.REQUESTS] = f"{request_digest(STACK, 'u1')}- earlier"
    updating(world, "UPDATE_ROLLBACK_IN_PROGRESS")
    answer = update(world, properties(V1), properties(V2))
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


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
