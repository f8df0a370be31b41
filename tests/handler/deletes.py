"""What the tests of a Delete share: a stack that is being deleted, and the delivery of the request."""

from __future__ import annotations

from typing import Any

from stack_log import MODEL
from world import V1, World, answered, lived, properties, request

INVENTED = "parts-Model-1A2B3C4D5E6F"
"""What CloudFormation calls a resource whose create was never answered."""


def living_world() -> World:
    """A world in which the stack's model V1 has run for an hour."""
    world = World()
    lived(world)
    return world


def deleting(
    world: World, physical_id: str = V1, *, logical_id: str = MODEL, **changes: Any
) -> dict[str, Any]:
    """CloudFormation deletes the resource, with the whole stack unless it is under an operation."""
    if not world.stack.status.endswith("_IN_PROGRESS"):
        world.stack.goes("DELETE_IN_PROGRESS")
    props = properties() | changes
    world.stack.begins("DELETE", props, logical_id, physical_id=physical_id)
    now = world.clock.now()
    return request(
        "Delete",
        props,
        physical_id=physical_id,
        logical_id=logical_id,
        request_id=f"delete {logical_id} {now}",
        sent_at=now,
    )


def delete(world: World, physical_id: str = V1, *, logical_id: str = MODEL, **changes: Any) -> dict[str, Any]:
    """A Delete, from its beginning to its answer."""
    return answered(world, deleting(world, physical_id, logical_id=logical_id, **changes))
