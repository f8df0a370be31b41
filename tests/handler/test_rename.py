"""A resource that gets another logical id: its model goes over without a stop, and back."""

from __future__ import annotations

from typing import Any

import pytest
from deletes import delete, deleting
from updates import updating_world
from world import V1, World, answered, created, creating, properties


@pytest.fixture
def world() -> World:
    """The stack's model V1 has run with one unit for an hour."""
    return updating_world()


def renamed(world: World, **changes: Any) -> dict[str, Any]:
    """The construct gets another id: a create of the new resource in an update of the stack."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    return created(world, logical_id="Renamed", **changes)


def former_deleted(world: World) -> None:
    """The clean-up of the update deletes the resource under its old name."""
    world.stack.cleans_up()
    assert delete(world)["Status"] == "SUCCESS"
    world.stack.done()


def rename_rolled_back(world: World) -> dict[str, Any]:
    """The clean-up of the roll-back deletes the resource under its new name."""
    world.stack.turns_back()
    world.stack.cleans_up()
    answer = delete(world, logical_id="Renamed")
    world.stack.done()
    return answer


def test_g6_rename_hands_over_without_a_stop(world: World) -> None:
    """G6: the new resource holds the model too; the Delete of the old one leaves it running."""
    assert renamed(world)["Status"] == "SUCCESS"
    assert set(world.holders(V1)) == {"Model", "Renamed"}
    former_deleted(world)
    assert world.history == []
    assert set(world.holders(V1)) == {"Renamed"}


def test_g6_renamed_resource_stops_the_model_when_it_is_deleted(world: World) -> None:
    """After a rename the new resource is the last one out."""
    renamed(world)
    former_deleted(world)
    assert delete(world, logical_id="Renamed")["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.owner(V1) is None


def test_rename_that_is_rolled_back_leaves_the_model_with_the_old_one(world: World) -> None:
    """The Delete of the new resource in a roll-back removes its own holder, and no more."""
    renamed(world)
    assert rename_rolled_back(world)["Status"] == "SUCCESS"
    assert world.history == []
    assert set(world.holders(V1)) == {"Model"}


def test_rename_with_other_units_that_is_rolled_back_restores_them(world: World) -> None:
    """A rename that also resized is undone in both."""
    renamed(world, MinInferenceUnits="2")
    assert str(world.versions[V1].units) == "2"
    assert rename_rolled_back(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert str(world.versions[V1].units) == "1"
    assert set(world.holders(V1)) == {"Model"}


def test_g1_a_rolled_back_rename_waits_for_the_model_to_run_again(world: World) -> None:
    """G1: no other request speaks for the resource that stays, so an accepted start is not enough."""
    renamed(world, MinInferenceUnits="2")
    answer = rename_rolled_back(world)
    running_at = max(at for at, _, status in world.history if status == "RUNNING")
    assert answer["At"] >= running_at


def test_a_rolled_back_rename_whose_model_cannot_run_again_fails(world: World) -> None:
    """The old resource is left without its model: nobody else would say so."""
    renamed(world, MinInferenceUnits="2")
    world.versions[V1].ends_as = "FAILED"
    assert rename_rolled_back(world)["Status"] == "FAILED"


def test_a_cancelled_rename_that_resized_restores_the_size(world: World) -> None:
    """The model is stopped, or starting with other units, when the stack turns back."""
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.clock.at(200, world.stack.turns_back)
    event = creating(world, logical_id="Renamed", MinInferenceUnits="2")
    assert answered(world, event)["Status"] == "FAILED"
    world.stack.cleans_up()
    assert delete(world, logical_id="Renamed")["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert str(world.versions[V1].units) == "1"
    assert set(world.holders(V1)) == {"Model"}


@pytest.mark.parametrize("units", ["1", "2"])
def test_g3_the_last_one_out_stops_the_model(world: World, units: str) -> None:
    """G3: the old resource is gone when the new one is rolled back: nobody has the model any more."""
    renamed(world, MinInferenceUnits=units)
    world.stack.turns_back()
    world.stack.cleans_up()
    world.stack.begins("DELETE", properties(), "Model")
    world.stack.completes("Model")
    assert delete(world, logical_id="Renamed")["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.owner(V1) is None


def test_g3_both_go_with_their_stack(world: World) -> None:
    """G3: two resources that hold one model are deleted at once; each removes its own, the model stops."""
    renamed(world)
    world.stack.done()
    world.stack.goes("DELETE_IN_PROGRESS")
    first = deleting(world)
    second = deleting(world, logical_id="Renamed")
    assert answered(world, first)["Status"] == "SUCCESS"
    assert answered(world, second)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert world.owner(V1) is None
    assert world.holders(V1) == {}


def test_g7_a_claim_that_shows_late_does_not_stop_a_renamed_model(world: World) -> None:
    """G7: the Delete of the old resource may be shown the tags from before the rename."""
    before = dict(world.versions[V1].tags)
    assert renamed(world)["Status"] == "SUCCESS"
    after = dict(world.versions[V1].tags)
    world.versions[V1].tags = before
    world.clock.at(6, lambda: world.versions[V1].tags.update(after))
    former_deleted(world)
    assert world.history == []


def test_g3_a_claim_of_a_resource_that_is_gone_keeps_nothing_alive(world: World) -> None:
    """G3: the Delete of the new resource was shown the tags from before its claim, and has left it."""
    before = dict(world.versions[V1].tags)
    assert renamed(world)["Status"] == "SUCCESS"
    after = dict(world.versions[V1].tags)
    world.versions[V1].tags = before
    world.clock.at(6, lambda: world.versions[V1].tags.update(after))
    rename_rolled_back(world)
    world.clock.sleep(30)
    assert world.history == []
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("others", [1, 3])
def test_g6_a_model_that_several_resources_declare_runs_until_the_last_is_gone(others: int) -> None:
    """G6: a tag alone keeps nothing alive, a living resource that CloudFormation shows does."""
    world = updating_world()
    world.stack.goes("UPDATE_IN_PROGRESS")
    names = [f"Other{number}" for number in range(others)]
    for name in names:
        assert created(world, logical_id=name)["Status"] == "SUCCESS"
    world.stack.done()
    for name in ["Model", *names[:-1]]:
        world.clock.sleep(600)
        world.stack.goes("UPDATE_IN_PROGRESS")
        world.stack.cleans_up()
        assert delete(world, logical_id=name)["Status"] == "SUCCESS"
        world.stack.done()
        assert world.versions[V1].status == "RUNNING"
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.cleans_up()
    assert delete(world, logical_id=names[-1])["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
