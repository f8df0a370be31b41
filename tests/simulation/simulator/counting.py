"""What one history adds to a tally."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from simulator.draw import draw
from simulator.fast_seam import new_handler
from simulator.history import HandlerFactory, History, play
from simulator.rekognition import PERSON
from simulator.requests import Request
from simulator.stack import Stack
from simulator.sweeps import Demands, Sweep
from simulator.tally import Tally
from simulator.world import World

HURRIED_SECONDS: Final = 5.0
"""As long as a person hardly takes between two operations."""
LATE_SECONDS: Final = 200.0
"""By then the models of an update are done as a rule."""


def tally(seeds: Iterable[int], handler: HandlerFactory = new_handler, **drawn: bool) -> Tally:
    """Play seeds and count; ``drawn`` as in ``draw``."""
    result = Tally()
    for seed in seeds:
        begin = time.process_time()
        history = play(draw(seed, **drawn), handler)
        _count(result, seed, history)
        result.cpu_seconds += time.process_time() - begin
    return result


def _count(result: Tally, seed: int, history: History) -> None:
    world = history.world
    result.histories += 1
    if history.violations:
        result.violations[seed] = [str(violation) for violation in history.violations]
    result.excused += bool(world.conditions)
    result.conditions.update(condition.name for condition in world.conditions)
    result.faults.update(world.gateway.fired)
    if world.janitor is not None:
        result.faults.update(
            {f"janitor: {fault}": count for fault, count in world.janitor.gateway.fired.items()}
        )
        result.operations["round of the janitor"] += world.janitor.rounds
    result.invocations += world.functions.count
    result.simulated_seconds += world.elapsed
    if world.demands is not None:
        _count_guards(result.operations, world, world.demands)
    _count_story(result, world)
    _count_operations(result.operations, world)
    for model in world.rekognition.models.values():
        result.models.update(str(look.status) for look in model.looks[1:])
        ends = model.plan.starts
        result.models.update(
            f"start ends {ends[min(number, len(ends) - 1)].end}" for number in range(model.starts)
        )


def _count_guards(operations: Counter[str], world: World, demands: Demands) -> None:
    operations["sweep"] += demands.wakes
    operations["said for a while"] += sum(map(len, demands.said.values()))
    for model in world.rekognition.models.values():
        operations.update(f"{one.verb} by a sweep" for one in model.changes if isinstance(one.by, Sweep))


def _count_story(result: Tally, world: World) -> None:
    for _, who, what, told in world.story.entries:
        if who == PERSON:
            result.by_hand[what.split(" ")[0] if told == "done" else "refused"] += 1
        elif who == "Lambda":
            result.faults[what] += 1
        elif ":" in what and who != "CloudFormation" and not what.startswith(("begins", "dies")):
            _count_call(result, what.split(" ")[0], str(told))


def _count_call(result: Tally, action: str, told: str) -> None:
    if told == "answer lost":
        # The second word on a call that is counted already.
        return
    result.calls[action] += 1
    if told.endswith(("Exception", "Error", "Denied", "Throttling")):
        result.refusals[told] += 1


def _count_operations(operations: Counter[str], world: World) -> None:
    for stack in world.stacks.values():
        operations.update(f"stack {status}" for _, status in stack.statuses)
        operations.update(_paces_of(stack))
        operations.update(
            f"sibling {status}"
            for resource in stack.every
            if resource.declared is None
            for status in {shown.status for shown in resource.shown}
            if str(status).endswith("_FAILED")
        )
    operations.update({"retained": len(world.retained)})
    for number, request in enumerate(world.requests):
        operations[f"{request.type} {request.outcome}"] += 1
        operations.update(_kinds_of(request, world.requests[:number]))


def _paces_of(stack: Stack) -> list[str]:
    """What follows hard on what, and what comes late."""
    paces = [
        "operations back to back"
        for (ended_at, ended), (at, _) in pairwise(stack.statuses)
        if not ended.endswith("_IN_PROGRESS") and at - ended_at <= HURRIED_SECONDS
    ]
    for resource in stack.every:
        if resource.declared is None:
            paces += [
                "sibling fails late"
                for former, shown in pairwise(resource.shown)
                if shown.status == "UPDATE_FAILED" and shown.at - former.at >= LATE_SECONDS
            ]
    return paces


def _kinds_of(request: Request, before: list[Request]) -> list[str]:
    """What a request is about, as people would say."""
    if request.rolls_back:
        return ["roll-back of an update"]
    if request.to_stable:
        return ["back to a stable state"]
    arn = request.declared_arn
    others = [one for one in before if one.owner != request.owner and one.declared_arn == arn]
    of_the_stack = [one for one in others if one.stack is request.stack]
    if request.type == "Update":
        if arn != request.old_arn:
            kinds = [f"replacement {request.properties.get('Replacement')}"]
            return [*kinds, "takes a model over"] if of_the_stack else kinds
        return ["resize" if request.declared_units != request.old_units else "other properties"]
    if request.type == "Delete":
        during = request.stack.status_at(request.sent_at)
        return ["delete in the clean-up of an update"] if "CLEANUP" in during else []
    if not any(one.stack is request.stack and one.type == "Create" for one in before):
        return ["first create", *_after_others(request, others)]
    own = [one.type for one in before if one.owner == request.owner]
    if request.stack.plan.deploys_again and own[-2:] == ["Create", "Delete"]:
        return ["created again after a failure"]
    if not of_the_stack:
        return ["addition"]
    same = of_the_stack[-1].declared_units == request.declared_units
    return ["rename" if same else "rename with another size"]


def _after_others(request: Request, others: list[Request]) -> list[str]:
    """Of the first create of a stack: whether another stack has had the model."""
    if not any(one.stack is not request.stack and not one.stack.exists for one in others):
        return []
    return ["stack created again" if request.stack.plan.life else "stack takes a model over"]
