"""What the tests of a Delete share: a stack that is being deleted, and the delivery of the request."""

from __future__ import annotations

from typing import Any

from world import STACK, V1, World, properties, request

OTHER = STACK.replace("stack/parts", "stack/other")


def world_of_a_deletion() -> World:
    """A world in which the stack's model runs and the stack is being deleted."""
    world = World()
    world.run_model(V1)
    world.own(V1)
    deleting(world)
    return world


def deleting(world: World) -> None:
    """CloudFormation deletes the stack."""
    world.stacks[STACK] = "DELETE_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", physical_id=V1)


def delete(world: World, physical_id: str = V1, **more: Any) -> dict[str, Any]:
    """Deliver a delete and return its answer."""
    answer = world.deliver(
        request("Delete", properties(), physical_id=physical_id, **{"request_id": "r9"} | more)
    )
    assert answer is not None
    return answer
