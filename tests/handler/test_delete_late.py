"""Deletes that are delivered twice, or late, and claims that show late."""

from __future__ import annotations

import pytest
from deletes import OTHER, delete, world_of_a_deletion
from world import STACK, V1, World, properties, request, service_error, version_arn

from running_model_handler.core.names import Tag


@pytest.fixture
def world() -> World:
    """The stack's model runs and the stack is being deleted."""
    return world_of_a_deletion()


def test_g5_late_duplicate_of_a_delete_does_not_stop_the_models_next_life(world: World) -> None:
    """G5, G10: after a new create, a duplicate of the former Delete is known and leaves the model running."""
    delete(world)
    world.stacks[STACK] = "UPDATE_IN_PROGRESS"
    world.set_resource("CREATE_IN_PROGRESS")
    created_again = world.deliver(request("Create", properties(), request_id="r20"))
    assert created_again is not None
    assert created_again["Status"] == "SUCCESS"
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g5_late_duplicate_of_a_clean_up_asks_for_no_permission_it_has_lost(world: World) -> None:
    """G5, G11: the claim was the permission to change a former model's tags, and it is released by then."""

    refused: list[str] = []

    def only_what_is_claimed(action: str, arn: str) -> None:
        if action in ("TagResource", "UntagResource") and Tag.STACK_ID not in world.versions[V1].tags:
            refused.append(action)
            raise service_error("AccessDeniedException", f"rekognition:{action}")

    world.before = only_what_is_claimed
    world.stacks[STACK] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.was[STACK, "Model"] = "UPDATE_COMPLETE"
    delete(world)
    world.set_resource("UPDATE_COMPLETE", physical_id=version_arn("v2"))
    assert delete(world)["Status"] == "SUCCESS"
    assert not refused


def test_g6_a_second_try_leaves_what_a_person_started_after_the_first_had_released_it(world: World) -> None:
    """G6: the tags say that this very Delete has stopped and released the model already."""
    world.was[STACK, "Model"] = "UPDATE_COMPLETE"
    delete(world)
    world.run_model(V1)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g2_another_stacks_claim_that_is_only_shown_late_is_waited_out(world: World) -> None:
    """G2: of two stacks that claim a model at once, one writes the other's claim back; tags lag."""
    ours = dict(world.versions[V1].tags)
    world.own(V1, stack=OTHER, logical_id="Theirs")
    world.clock.at(5, lambda: world.versions[V1].tags.update(ours))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g5_a_delete_that_comes_after_the_resource_was_made_anew_stops_nothing(world: World) -> None:
    """G5: its digest is in no claim, but no Delete is sent for what a resource is."""
    world.stacks[STACK] = "UPDATE_COMPLETE"
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g2_a_delete_that_is_not_shown_yet_is_waited_for(world: World) -> None:
    """G2: what CloudFormation shows may be from before it sent the Delete."""
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    world.clock.at(8, lambda: world.set_resource("DELETE_IN_PROGRESS", physical_id=V1))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g5_a_late_release_takes_no_claim_of_a_later_request_away(world: World) -> None:
    """G5: a duplicate that ends its stop late finds the next life of the resource in charge."""
    ended = world.versions[V1]

    def next_life() -> None:
        world.stacks[STACK] = "UPDATE_IN_PROGRESS"
        world.set_resource("UPDATE_IN_PROGRESS", physical_id=version_arn("v2"))
        world.own(V1, **{str(Tag.REQUESTS): "later earlier"})

    def stopped(action: str, arn: str) -> None:
        if action == "DescribeProjectVersions" and ended.status == "STOPPED":
            world.after = lambda action, arn: None
            next_life()

    world.after = stopped
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.REQUESTS] == "later earlier"
    assert world.versions[V1].tags[Tag.STACK_ID] == STACK
