"""Updates as the tests deliver them."""

from __future__ import annotations

from typing import Any

from world import STACK, V1, World, request


def updating_world() -> World:
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
