"""Updates, their roll-backs and clean-ups as the tests deliver them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack_log import MODEL
from world import V1, World, answered, lived, properties, request


def updating_world() -> World:
    """A world in which the stack's model V1 has run with one unit for an hour."""
    world = World()
    lived(world)
    return world


def updating(
    world: World, new: Mapping[str, Any], old: Mapping[str, Any], *, request_id: str = "u1"
) -> dict[str, Any]:
    """CloudFormation begins to update the resource."""
    if world.stack.status != "UPDATE_IN_PROGRESS":
        world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("UPDATE", new)
    physical_id = world.stack.resource().physical_id
    return request(
        "Update",
        new,
        old=old,
        physical_id=physical_id,
        request_id=request_id,
        sent_at=world.clock.now(),
    )


def update(
    world: World, new: Mapping[str, Any], old: Mapping[str, Any], *, request_id: str = "u1"
) -> dict[str, Any]:
    """An update, from its beginning to its answer."""
    return answered(world, updating(world, new, old, request_id=request_id))


def rolling_back(
    world: World,
    back: Mapping[str, Any],
    failed: Mapping[str, Any],
    *,
    shows: Mapping[str, Any] | None = None,
    request_id: str = "u2",
) -> dict[str, Any]:
    """CloudFormation takes an update back; whether its event shows the old or the new is not documented."""
    if "ROLLBACK" not in world.stack.status:
        world.stack.turns_back()
    world.stack.begins("UPDATE", back if shows is None else shows)
    physical_id = world.stack.resource().physical_id
    return request(
        "Update",
        back,
        old=failed,
        physical_id=physical_id,
        request_id=request_id,
        sent_at=world.clock.now(),
    )


def roll_back(
    world: World,
    back: Mapping[str, Any],
    failed: Mapping[str, Any],
    *,
    shows: Mapping[str, Any] | None = None,
    request_id: str = "u2",
) -> dict[str, Any]:
    """The roll-back of an update, from its beginning to its answer."""
    return answered(world, rolling_back(world, back, failed, shows=shows, request_id=request_id))


def cleaning_up(world: World, arn: str = V1, *, logical_id: str = MODEL) -> dict[str, Any]:
    """CloudFormation deletes what a resource was before an update."""
    if "CLEANUP" not in world.stack.status:
        world.stack.cleans_up()
    world.stack.begins("DELETE", properties(arn), logical_id, physical_id=arn, leftover=True)
    return request(
        "Delete",
        properties(arn),
        physical_id=arn,
        logical_id=logical_id,
        request_id=f"clean up {arn}",
        sent_at=world.clock.now(),
    )


def clean_up(world: World, arn: str = V1, *, logical_id: str = MODEL) -> dict[str, Any]:
    """The deletion of what a resource was, from its beginning to its answer, with which the update ends."""
    answer = world.deliver(cleaning_up(world, arn, logical_id=logical_id))
    assert answer is not None
    world.stack.leftover_gone(logical_id, arn, failed=answer["Status"] == "FAILED")
    world.stack.done()
    return answer


def gap(world: World, *arns: str) -> bool:
    """Whether there was a moment in which none of these models ran, given that one ran at first."""
    running = {arn for arn in arns if world.statuses(arn)[:1] != ["STARTING"]}
    for _, arn, status in world.history:
        running = running | {arn} if status == "RUNNING" else running - {arn}
        if not running:
            return True
    return False
