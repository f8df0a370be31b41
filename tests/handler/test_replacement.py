"""Update to another model: without a gap, or without a slot, and back."""

from __future__ import annotations

from typing import Any

import pytest
from deletes import delete
from updates import clean_up, gap, roll_back, rolling_back, update, updating, updating_world
from world import OTHER, V1, V2, V3, World, answered, created, properties, request, service_error

OLD, NEW = properties(V1), properties(V2)
STOP_FIRST = properties(V2, Replacement="STOP_FIRST")


@pytest.fixture
def world() -> World:
    """The stack's model V1 has run with one unit for an hour."""
    return updating_world()


def test_g7_replacement_without_a_gap(world: World) -> None:
    """G7: the new model runs before the old one is stopped, in the clean-up."""
    answer = update(world, NEW, OLD)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V2
    assert world.versions[V1].status == "RUNNING"
    assert clean_up(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.versions[V2].status == "RUNNING"
    assert not gap(world, V1, V2)
    assert world.owner(V1) is None


def test_g7_a_new_version_that_fails_leaves_the_old_one_running(world: World) -> None:
    """G7: the update fails with the old id; the old model never stopped, the new one doesn't bill."""
    world.versions[V2].ends_as = "FAILED"
    world.versions[V2].message = "no capacity"
    answer = update(world, NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert "no capacity" in answer["Reason"]
    assert answer["PhysicalResourceId"] == V1
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "FAILED"
    assert world.owner(V2) is None
    assert roll_back(world, OLD, NEW)["Status"] == "SUCCESS"
    assert world.statuses(V1) == []


def test_g7_a_new_version_that_never_runs_is_stopped_before_the_answer(world: World) -> None:
    """G7, G3: at the time-out the new model is stopped, then the update fails."""
    world.versions[V2].start_seconds = 9999
    world.stop_while_starting = True
    answer = update(world, properties(V2, TimeoutSeconds="900"), OLD)
    assert answer["Status"] == "FAILED"
    assert world.versions[V2].status == "STOPPED"
    assert world.statuses(V1) == []


def test_start_first_without_a_slot_fails_with_advice_and_changes_nothing(world: World) -> None:
    """Both slots taken: START_FIRST says what to do, and the old model goes on."""
    world.running_quota = 1
    answer = update(world, NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert "STOP_FIRST" in answer["Reason"]
    assert world.history == []
    assert world.owner(V2) is None


def test_stop_first_needs_no_slot(world: World) -> None:
    """STOP_FIRST stops the old model, then starts the new one in its slot."""
    world.running_quota = 1
    assert update(world, STOP_FIRST, OLD)["Status"] == "SUCCESS"
    assert [(arn, status) for _, arn, status in world.history] == [
        (V1, "STOPPING"),
        (V1, "STOPPED"),
        (V2, "STARTING"),
        (V2, "RUNNING"),
    ]


def test_stop_first_keeps_the_claim_on_the_model_that_it_has_stopped(world: World) -> None:
    """G6: it may come back in a roll-back, and is nobody else's until the clean-up."""
    world.running_quota = 1
    update(world, STOP_FIRST, OLD)
    assert set(world.holders(V1)) == {"Model"}
    assert clean_up(world)["Status"] == "SUCCESS"
    assert world.owner(V1) is None


def test_stop_first_that_fails_brings_the_old_model_back(world: World) -> None:
    """STOP_FIRST with a version that can't start: the old one is started again before the answer."""
    world.running_quota = 1
    world.versions[V2].ends_as = "FAILED"
    answer = update(world, STOP_FIRST, OLD)
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == V1
    assert world.versions[V1].status == "STARTING"
    assert world.owner(V2) is None
    assert roll_back(world, OLD, STOP_FIRST)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g3_stop_first_without_a_roll_back_has_brought_the_old_model_back(world: World) -> None:
    """G3, G7: with --no-rollback no further request comes; what the failed update has done is all."""
    world.running_quota = 1
    world.versions[V2].ends_as = "FAILED"
    update(world, STOP_FIRST, OLD)
    world.stack.goes("UPDATE_FAILED")
    world.clock.sleep(3600)
    assert (world.versions[V1].status, world.versions[V2].status) == ("RUNNING", "FAILED")


def test_stop_first_refuses_before_it_stops_what_runs(world: World) -> None:
    """A version that can't run at all is found out before the old one is stopped."""
    world.versions[V2].status = "TRAINING_IN_PROGRESS"
    assert update(world, STOP_FIRST, OLD)["Status"] == "FAILED"
    assert world.history == []


def test_cancelled_replacement_is_cleaned_by_whoever_comes_first(world: World) -> None:
    """A replacement cancelled while it starts: its own delivery, or the roll-back, stops the new model."""
    world.clock.at(120, world.stack.turns_back)
    assert update(world, NEW, OLD)["Status"] == "FAILED"
    answer = roll_back(world, OLD, NEW)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V1
    assert world.versions[V2].status == "STOPPED"
    assert world.owner(V2) is None
    assert world.statuses(V1) == []


def test_two_requests_that_release_a_model_do_not_wait_for_each_other(world: World) -> None:
    """The cancelled update has released the model first: without its tags the role may not touch it."""
    updating(world, NEW, OLD)
    world.run_model(V2)
    world.own(V2)
    event = rolling_back(world, OLD, NEW)

    def released_by_the_other(action: str, arn: str) -> None:
        if (
            world.versions[V2].status == "STOPPED"
            and arn == V2
            and action in ("TagResource", "UntagResource")
        ):
            world.versions[V2].tags.clear()
            raise service_error("AccessDeniedException", f"rekognition:{action}")

    world.before = released_by_the_other
    answer = answered(world, event)
    assert answer["Status"] == "SUCCESS"
    stopped_at = next(at for at, arn, status in world.history if (arn, status) == (V2, "STOPPED"))
    assert answer["At"] - stopped_at < 30


def test_roll_back_leaves_a_model_that_was_never_claimed(world: World) -> None:
    """The other model of a roll-back is stopped only where this stack has claimed it."""
    world.run_model(V2)
    updating(world, NEW, OLD)
    assert roll_back(world, OLD, NEW)["Status"] == "SUCCESS"
    assert world.versions[V2].status == "RUNNING"


def test_roll_back_of_a_cancelled_stop_first_frees_the_slot_first(world: World) -> None:
    """Where the old model is stopped and the new one holds the only slot, it is stopped first."""
    world.running_quota = 1
    updating(world, STOP_FIRST, OLD)
    world.versions[V1].status = "STOPPED"
    world.run_model(V2)
    world.own(V2)
    assert roll_back(world, OLD, STOP_FIRST)["Status"] == "SUCCESS"
    assert (world.versions[V1].status, world.versions[V2].status) == ("RUNNING", "STOPPED")


@pytest.mark.parametrize("declared_before", ["START_FIRST", "STOP_FIRST"])
def test_roll_back_of_a_stop_first_that_succeeded_frees_the_slot_first(declared_before: str) -> None:
    """G7: a sibling failed after the replacement: there is one slot, whatever was declared before."""
    world, old = updating_world(), properties(V1, Replacement=declared_before)
    world.running_quota = 1
    assert update(world, STOP_FIRST, old)["Status"] == "SUCCESS"
    assert roll_back(world, old, STOP_FIRST)["Status"] == "SUCCESS"
    assert (world.versions[V1].status, world.versions[V2].status) == ("RUNNING", "STOPPED")
    assert clean_up(world, V2)["Status"] == "SUCCESS"
    assert world.owner(V2) is None


def test_stale_replacement_stops_what_it_started_for_nobody(world: World) -> None:
    """G10: the stack turns back right after Start of the new model, which nobody wants any more."""

    def cancel(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            world.stack.turns_back()

    world.after = cancel
    world.stop_while_starting = True
    assert update(world, NEW, OLD)["Status"] == "FAILED"
    assert world.statuses(V2) == ["STARTING", "STOPPING", "STOPPED"]
    assert world.statuses(V1) == []


@pytest.mark.parametrize("back_after", [1.1, 1.5, 3.0])
def test_g10_an_update_that_is_cancelled_at_once_is_not_taken_for_its_roll_back(
    world: World, back_after: float
) -> None:
    """G10: it was signed in the second in which the stack turned, but not in that of the way back."""
    event = updating(world, NEW, OLD)
    world.clock.sleep(0.3)
    world.stack.turns_back()
    world.clock.sleep(back_after - 0.3)
    rolling_back(world, OLD, NEW)
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.history == []
    assert world.owner(V2) is None


def late_replacement() -> dict[str, Any]:
    """A replacement of V1 by V2, as CloudFormation sent it another time."""
    earlier = World()
    earlier.stack.goes("UPDATE_IN_PROGRESS")
    return updating(earlier, NEW, OLD, request_id="late") | {"PhysicalResourceId": V1}


def test_g10_a_late_try_of_a_replacement_does_not_join_the_next_update(world: World) -> None:
    """The resource is UPDATE_IN_PROGRESS again, for another model: the stack's event tells."""
    updating(world, properties(V3), OLD)
    answer = world.deliver(late_replacement())
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert world.history == []
    assert world.owner(V2) is None


def test_g10_a_late_try_of_a_replacement_does_not_join_the_roll_back(world: World) -> None:
    """A roll-back goes from the model that failed; this request comes from the one that it goes to."""
    updating(world, NEW, OLD)
    rolling_back(world, OLD, NEW)
    answer = world.deliver(late_replacement())
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.history == []
    assert world.owner(V2) is None


@pytest.mark.parametrize("shown", [V1, V2])
def test_a_roll_back_goes_on_whatever_its_event_shows(world: World, shown: str) -> None:
    """Whether it is the model to go back to or the one that failed is not documented."""
    world.clock.at(120, world.stack.turns_back)
    update(world, NEW, OLD)
    assert roll_back(world, OLD, NEW, shows=properties(shown))["Status"] == "SUCCESS"
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "STOPPED"


@pytest.mark.parametrize("done", ["by an update", "by a Delete alone"])
def test_a_replacement_that_succeeded_is_taken_back(world: World, done: str) -> None:
    """A sibling failed later: CloudFormation sends the update back, or only deletes the new model."""
    assert update(world, NEW, OLD)["Status"] == "SUCCESS"
    world.stack.turns_back()
    if done == "by an update":
        answer = roll_back(world, OLD, NEW)
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", V1)
    assert clean_up(world, V2)["Status"] == "SUCCESS"
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "STOPPED"
    assert world.owner(V2) is None
    assert set(world.holders(V1)) == {"Model"}


def test_g3_what_a_killed_try_started_is_stopped_by_the_roll_back(world: World) -> None:
    """The first try was killed after its Start; the stack is being rolled back when Lambda tries again."""
    event = updating(world, NEW, OLD)
    world.own(V2)
    world.run_model(V2)
    world.clock.sleep(60)
    back = rolling_back(world, OLD, NEW)
    again = world.deliver(event)
    assert again is not None
    assert again["Status"] == "FAILED"
    assert answered(world, back)["Status"] == "SUCCESS"
    assert world.statuses(V1) == []
    assert world.versions[V2].status == "STOPPED"
    assert world.owner(V2) is None


def test_a_late_duplicate_of_a_replacement_leaves_the_model_to_the_delete(world: World) -> None:
    """The replacement succeeded, the stack is being deleted by now: its Delete stops the model."""
    event = updating(world, NEW, OLD)
    answered(world, event)
    clean_up(world)
    history = list(world.history)
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.begins("DELETE", NEW)
    late = world.deliver(event)
    assert late is not None
    assert late["Status"] == "FAILED"
    assert world.history == history


def test_a_late_duplicate_after_the_clean_up_stops_nothing(world: World) -> None:
    """The latest event is the deletion of the former model, under the same logical id."""
    event = updating(world, NEW, OLD)
    answered(world, event)
    clean_up(world)
    history = list(world.history)
    late = world.deliver(event)
    assert late is not None
    assert late["Status"] == "FAILED"
    assert world.history == history
    assert world.versions[V2].status == "RUNNING"


def test_a_killed_try_of_a_roll_back_goes_on(world: World) -> None:
    """The next one finds the claim that the roll-back has written, and what is left to do."""
    updating(world, NEW, OLD)
    world.versions[V1].status = "STOPPED"
    event = rolling_back(world, OLD, NEW)
    world.own(V1)
    assert answered(world, event)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_after_a_skipped_roll_back_nothing_leaks(world: World) -> None:
    """G3: the update failed, its roll-back too, and was skipped; the next update takes the resource along."""
    world.versions[V1].ends_as = "FAILED"
    world.running_quota = 1
    world.versions[V2].ends_as = "FAILED"
    update(world, STOP_FIRST, OLD)
    failed = roll_back(world, OLD, STOP_FIRST)
    assert failed["Status"] == "FAILED"
    world.stack.goes("UPDATE_ROLLBACK_FAILED")
    world.stack.goes("UPDATE_ROLLBACK_COMPLETE")
    world.versions[V1].ends_as = "RUNNING"
    assert update(world, properties(V3), OLD)["Status"] == "SUCCESS"
    clean_up(world)
    assert [world.versions[arn].status for arn in (V1, V2, V3)] == ["FAILED", "FAILED", "RUNNING"]
    assert world.owner(V1) is None
    assert delete(world, V3)["Status"] == "SUCCESS"
    assert world.versions[V3].status == "STOPPED"


def test_replacement_by_a_model_of_another_stack_fails(world: World) -> None:
    """G6: another stack's model can't be taken by an update either."""
    theirs = world.other_stack()
    theirs.goes("CREATE_IN_PROGRESS")
    theirs.begins("CREATE", NEW, "Theirs")
    theirs.completes("Theirs", V2)
    world.own(V2, stack=OTHER, logical_id="Theirs")
    answer = update(world, NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert "stack other (resource Theirs)" in answer["Reason"]
    assert world.history == []


def test_g7_two_resources_that_swap_their_models_leave_both_running(world: World) -> None:
    """G7: each model is named by the other resource, so neither clean-up stops it."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    created(world, V2, logical_id="Second")
    world.stack.done()
    history = list(world.history)
    assert update(world, NEW, OLD)["Status"] == "SUCCESS"
    world.stack.begins("UPDATE", OLD, "Second")
    event = request("Update", OLD, old=NEW, physical_id=V2, logical_id="Second", request_id="u9")
    assert answered(world, event)["Status"] == "SUCCESS"
    assert clean_up(world)["Status"] == "SUCCESS"
    world.stack.goes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert clean_up(world, V2, logical_id="Second")["Status"] == "SUCCESS"
    assert world.history == history


def test_bad_property_in_an_update_keeps_the_physical_id(world: World) -> None:
    """An update with a bad value fails with the id that the resource has."""
    answer = update(world, properties("nonsense"), OLD)
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == V1
    assert world.history == []


def test_replacement_across_hand_overs() -> None:
    """G4, G7: the memory of a replacement survives hand-overs, with one Start."""
    world = updating_world()
    world.invocation_seconds = 120
    assert update(world, NEW, OLD)["Status"] == "SUCCESS"
    assert len(world.invocations) >= 3
    assert world.count("StartProjectVersion") == 1
