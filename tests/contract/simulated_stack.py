"""Plays a course in the simulation of the tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from course import ID, RESOURCE, SIBLING, STACK, Course, Deploy, Destroy, RollBack, Seen, told

from simulator.functions import Handler
from simulator.plan import (
    Continued,
    Declared,
    Mode,
    ModelPlan,
    OnFailure,
    Operation,
    Plan,
    Sibling,
    StackPlan,
    Template,
    Verb,
)
from simulator.requests import Outcome, Request
from simulator.world import World

_MODES: Final = {
    "standard": Mode.STANDARD,
    "no roll-back": Mode.NO_ROLL_BACK,
    "express": Mode.EXPRESS,
}
_ON_FAILURE: Final = {"do nothing": OnFailure.DO_NOTHING, "delete": OnFailure.DELETE}
_SIBLINGS: Final = {
    "fails": Sibling(2.0, create_fails=True),
    "fails late": Sibling(2.0, update_seconds=2.0, update_fails=True, after_models=True),
    "needs it": Sibling(2.0, after_models=True),
}
SWITCHES: Final = {
    "rolled_back_replacement": ("rolls_back_replacements_by_update", "update"),
    "failed_update_next": ("mends_at_once", "single"),
    "replacement_without_rollback": ("replaces_without_roll_back", "accepted"),
    "others_without_rollback": ("lets_others_end", "end"),
    "removed_resources": ("forgets_deleted", "forgotten"),
    "invented_ids": ("hides_invented", "hidden"),
    "roll_back_shows": ("shows_new_properties", "failed"),
    "late_answers": ("names_late", "named"),
}
"""Fields of ``StackPlan`` and the answer for which they are true, by the names of the embedded AWS."""
_OUTCOMES: Final = {Outcome.SUCCESS: "SUCCESS", Outcome.FAILED: "FAILED"}
_SECONDS, _LATE_SECONDS = 10.0, 60.0
_PAUSE_SECONDS, _UNHURRIED_SECONDS = 60.0, 600.0


def play(course: Course) -> Seen:
    """The whole course, in simulated time."""
    operations = tuple(_operation(one) for one in course.operations)
    stack = StackPlan("alpha", 0.0, operations, deploys_again=True)
    chosen: dict[str, Any] = {
        SWITCHES[name][0]: SWITCHES[name][1] == value for name, value in course.switches.items()
    }
    stack = replace(stack, **chosen)
    world = World(Plan(1, (ModelPlan("v1", "parts"),), (stack,)), lambda world: _handler(world, course))
    assert world.play(), "something never ends"
    return _seen(world)


def _operation(one: Deploy | Destroy | RollBack) -> Operation:
    if isinstance(one, Destroy):
        return Operation(Verb.DELETE)
    if isinstance(one, RollBack):
        return Operation(Verb.ROLL_BACK)
    declared = Declared(0, units=one.size, retained=one.retained)
    if one.timeout is not None:
        declared = replace(declared, timeout_seconds=one.timeout)
    models = () if one.gone else ((RESOURCE, declared),)
    siblings = ((SIBLING, _SIBLINGS[one.sibling]),) if one.sibling else ()
    return Operation(
        Verb.DEPLOY,
        Template(models, siblings),
        pause_seconds=_UNHURRIED_SECONDS if one.unhurried else _PAUSE_SECONDS,
        interrupt_after=20.0 if one.interrupted else None,
        mode=_MODES.get(one.mode, Mode.STANDARD),
        on_failure=_ON_FAILURE.get(one.mode, OnFailure.ROLLBACK),
        continued=Continued(retries=0) if one.skipping else Continued(),
    )


def _handler(world: World, course: Course) -> Handler:
    deliveries: Counter[int] = world.__dict__.setdefault("contract_deliveries", Counter())

    def handle(event: Mapping[str, Any], context: Any) -> None:
        number = context.request.number
        says = course.answer(number)
        deliveries[number] += 1
        if deliveries[number] <= says.crashes:
            raise RuntimeError("the course says so")
        world.kernel.sleep(_LATE_SECONDS if says.late else _SECONDS)
        answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")} | {
            "Status": says.status,
            "Reason": "the course says so",
            "PhysicalResourceId": says.id or event.get("PhysicalResourceId", ID),
        }
        if not says.silent:
            world.response_urls.put(event["ResponseURL"], json.dumps(answer | dict(says.changes)).encode())

    return handle


def _seen(world: World) -> Seen:
    stack = next(iter(world.stacks.values()))
    names = {stack.plan.name: STACK, RESOURCE: RESOURCE, SIBLING: SIBLING}
    return Seen(
        [_told(request) for request in world.requests],
        [_OUTCOMES.get(request.outcome, "no answer") for request in world.requests],
        [(names[event.logical_id], event.status) for event in stack.events if event.logical_id in names],
        [frozenset(request.event()) for request in world.requests],
    )


def _told(request: Request) -> str:
    former = request.old_properties
    invented = (request.physical_id or "").startswith(f"{request.stack.plan.name}-{RESOURCE}-")
    return told(
        request.type,
        request.properties["MinInferenceUnits"],
        former["MinInferenceUnits"] if former is not None else None,
        request.physical_id,
        is_invented=invented,
    )
