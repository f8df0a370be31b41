"""A resource that gets another logical id: its model goes over without a stop, and back."""

from __future__ import annotations

from typing import Any

import pytest
from updates import updating_world
from world import STACK, V1, World, properties, request

from running_model_handler.core.names import Tag


@pytest.fixture
def world() -> World:
    """The stack's model V1 runs with one unit and an update is under way."""
    return updating_world()


def renamed(world: World, **changes: Any) -> dict[str, Any]:
    """The construct gets another id: a create of the new resource in an update of the stack."""
    world.set_resource("UPDATE_COMPLETE", physical_id=V1)
    world.set_resource("CREATE_IN_PROGRESS", "Renamed")
    answer = world.deliver(request("Create", properties(**changes), logical_id="Renamed", request_id="c2"))
    assert answer is not None
    return answer


def former_deleted(world: World) -> None:
    """The clean-up of the update deletes the resource under its old name."""
    world.set_resource("CREATE_COMPLETE", "Renamed", physical_id=V1)
    world.stacks[STACK] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", physical_id=V1)
    answer = world.deliver(request("Delete", properties(), physical_id=V1, request_id="d1"))
    assert answer is not None
    assert answer["Status"] == "SUCCESS"


def rename_rolled_back(world: World) -> None:
    """The clean-up of the roll-back deletes the resource under its new name."""
    world.stacks[STACK] = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", "Renamed", physical_id=V1)
    answer = world.deliver(
        request("Delete", properties(), physical_id=V1, logical_id="Renamed", request_id="d1")
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"


def test_g6_rename_hands_over_without_a_stop(world: World) -> None:
    """G6: the new resource takes the model; the Delete of the old one leaves it running."""
    assert renamed(world)["Status"] == "SUCCESS"
    former_deleted(world)
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
    rename_rolled_back(world)
    assert world.history == []
    assert world.versions[V1].tags[Tag.LOGICAL_ID] == "Model"


def test_rename_with_other_units_that_is_rolled_back_restores_them(world: World) -> None:
    """A rename that also resized is undone in both."""
    renamed(world, MinInferenceUnits="2")
    assert str(world.versions[V1].units) == "2"
    rename_rolled_back(world)
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
    assert set(world.versions[V1].tags) - {Tag.START_SECONDS} == {Tag.REQUESTS}


def test_g7_a_claim_that_shows_late_does_not_stop_a_renamed_model(world: World) -> None:
    """G7: the Delete of the old resource may be shown the tags from before the rename."""
    before = dict(world.versions[V1].tags)
    assert renamed(world)["Status"] == "SUCCESS"
    after = dict(world.versions[V1].tags)
    world.versions[V1].tags = before
    world.clock.at(6, lambda: setattr(world.versions[V1], "tags", after))
    former_deleted(world)
    assert world.history == []
    assert world.versions[V1].tags[Tag.LOGICAL_ID] == "Renamed"


def test_g3_a_rename_rolled_back_at_once_leaves_no_claim_of_a_resource_that_is_gone(world: World) -> None:
    """G3: the Delete of the new resource may be shown the tags from before its claim."""
    before = dict(world.versions[V1].tags)
    assert renamed(world)["Status"] == "SUCCESS"
    after = dict(world.versions[V1].tags)
    world.versions[V1].tags = before
    world.clock.at(6, lambda: setattr(world.versions[V1], "tags", after))
    rename_rolled_back(world)
    world.clock.sleep(30)
    assert world.history == []
    assert world.versions[V1].tags[Tag.LOGICAL_ID] == "Model"
