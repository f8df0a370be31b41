"""Deletes that are delivered twice, or late, and claims that show late."""

from __future__ import annotations

import pytest
from deletes import delete, deleting, living_world
from updates import clean_up, cleaning_up, update
from world import OTHER, STACK, V1, V2, World, answered, created, properties, service_error


@pytest.fixture
def world() -> World:
    """The stack's model has run for an hour."""
    return living_world()


def test_g5_late_duplicate_of_a_delete_does_not_stop_the_models_next_life(world: World) -> None:
    """G5, G10: after a new create, a duplicate of the former Delete leaves the model running."""
    event = deleting(world)
    assert answered(world, event)["Status"] == "SUCCESS"
    world.stack.done()
    world.stack.goes("UPDATE_IN_PROGRESS")
    assert created(world)["Status"] == "SUCCESS"
    world.stack.done()
    world.deliver(event)
    assert world.versions[V1].status == "RUNNING"
    assert set(world.holders(V1)) == {"Model"}


def test_g5_late_duplicate_of_a_clean_up_asks_for_no_permission_it_has_lost(world: World) -> None:
    """G5, G11: the claim was the permission to change a former model's tags, and it is removed by then."""
    refused: list[str] = []

    def only_what_is_claimed(action: str, arn: str) -> None:
        if action in ("TagResource", "UntagResource") and arn == V1 and world.owner(V1) != STACK:
            refused.append(action)
            raise service_error("AccessDeniedException", f"rekognition:{action}")

    world.before = only_what_is_claimed
    update(world, properties(V2), properties())
    event = cleaning_up(world)
    assert world.deliver(event) is not None
    world.stack.leftover_gone("Model", V1)
    world.stack.done()
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert not refused


def test_g6_a_second_try_leaves_what_a_person_started_after_the_first_had_released_it(world: World) -> None:
    """G6: the model is nobody's, and its deletion has ended."""
    update(world, properties(V2), properties())
    event = cleaning_up(world)
    assert world.deliver(event) is not None
    world.stack.leftover_gone("Model", V1)
    world.run_model(V1)
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g3_a_delete_that_begins_too_late_sends_a_stop_before_it_fails(world: World) -> None:
    """G3: it waited for the function for an hour; it says how to stop the model, and has stopped it."""
    event = deleting(world)
    world.clock.sleep(3590)
    answer = answered(world, event)
    assert answer["Status"] == "FAILED"
    assert "aws rekognition stop-project-version" in answer["Reason"]
    assert world.versions[V1].status in ("STOPPING", "STOPPED")


def test_g5_two_deliveries_of_a_delete_end_as_one(world: World) -> None:
    """G5: the second one finds the stop under way and waits for the same end."""
    event = deleting(world)
    second: list[dict[str, object] | None] = []
    world.clock.at(30, lambda: second.append(world.another_environment().deliver(event)))
    answer = answered(world, event)
    assert answer["Status"] == "SUCCESS"
    assert second
    assert second[0] is not None
    assert second[0]["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STOPPING", "STOPPED"]
    assert world.owner(V1) is None


def test_g2_a_claim_that_is_only_shown_late_is_waited_out() -> None:
    """G2: the tags may be from before this stack took the model over, seconds ago, from one that is gone."""
    world = World()
    theirs = world.other_stack()
    theirs.goes("CREATE_IN_PROGRESS")
    theirs.begins("CREATE", properties(), "Theirs")
    theirs.completes("Theirs", V1)
    world.own(V1, stack=OTHER, logical_id="Theirs")
    theirs.begins("DELETE", properties(), "Theirs")
    theirs.completes("Theirs")
    before = dict(world.versions[V1].tags)
    world.run_model(V1)
    assert created(world)["Status"] == "SUCCESS"
    ours, world.versions[V1].tags = world.versions[V1].tags, before
    world.clock.at(5, lambda: world.versions[V1].tags.update(ours))
    world.stack.done()
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g5_a_delete_that_comes_after_the_resource_was_made_anew_stops_nothing(world: World) -> None:
    """G5: no Delete is sent for what a resource is, and its last deletion has ended."""
    event = deleting(world)
    world.stack.completes()
    world.stack.done()
    world.stack.goes("UPDATE_IN_PROGRESS")
    created(world)
    world.stack.done()
    world.clock.sleep(60)
    world.deliver(event)
    assert world.versions[V1].status == "RUNNING"


def test_g5_a_late_release_takes_no_claim_of_a_later_request_away(world: World) -> None:
    """G5: a duplicate that ends its stop late finds the next life of the resource in charge."""
    event = deleting(world)

    def next_life() -> None:
        world.stack.completes()
        world.stack.done()
        world.stack.goes("UPDATE_IN_PROGRESS")
        world.stack.begins("CREATE", properties())
        world.own(V1)

    def stopped(action: str, arn: str) -> None:
        if action == "DescribeProjectVersions" and world.versions[V1].status == "STOPPED":
            world.after = lambda action, arn: None
            next_life()
            world.clock.sleep(16)

    world.after = stopped
    world.deliver(event)
    assert world.owner(V1) == STACK
    assert world.holders(V1)["Model"].t == world.stack.began_at()


def test_g5_a_retried_clean_up_delete_goes_on_where_the_first_one_ended(world: World) -> None:
    """G5: its own deletion began anew, which moves its T forward."""
    update(world, properties(V2), properties())
    world.versions[V1].stop_seconds = 4000
    assert clean_up(world)["Status"] == "FAILED"
    world.stack.goes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert clean_up(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.versions[V2].status == "RUNNING"
