"""Kills between two lines of the life cycle."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.fast_seam import new_handler
from simulator.functions import Handler, Invocation
from simulator.plan import (
    Declared,
    Kill,
    KillAt,
    ModelPlan,
    Operation,
    Plan,
    StackPlan,
    Start,
    StartEnd,
    Template,
    Verb,
)
from simulator.world import World

NEVER = 10**9


def two_stacks_at_once(*kills: Kill) -> Plan:
    """Two models that are started at the same time, each by an invocation of its own.

    So short that the number of looks does not depend on the jitter, which all draw from one source.
    """
    starts = (Start(StartEnd.RUNNING, 8.0),)
    models = (ModelPlan("v1", "parts", starts=starts), ModelPlan("v2", "parts", starts=starts))
    stacks = tuple(
        StackPlan(name, 0.0, (Operation(Verb.DEPLOY, Template((("Model", Declared(number)),))),))
        for number, name in enumerate(("one", "other"))
    )
    return Plan(1, models, stacks, kills=kills)


def lines_of(plan: Plan) -> dict[int, int]:
    """How many lines of the life cycle each invocation ran, as far as they were counted."""
    contexts: list[Invocation] = []

    def handler_of(world: World) -> Handler:
        handler = new_handler(world)

        def noted(event: Any, context: Any) -> None:
            contexts.append(context)
            handler(event, context)

        return noted

    World(plan, handler_of).play()
    return {context.number: context.lines for context in contexts}


def test_lines_count_for_the_invocation_that_runs_them() -> None:
    """What others do meanwhile is not counted, whether their own lines are or not."""
    first, second = Kill(0, KillAt.LINE, NEVER), Kill(1, KillAt.LINE, NEVER)
    both = lines_of(two_stacks_at_once(first, second))
    assert min(both.values()) > 50
    assert lines_of(two_stacks_at_once(first)) == {0: both[0], 1: 0}
    assert lines_of(two_stacks_at_once(second)) == {0: 0, 1: both[1]}


@pytest.mark.parametrize("line", [5, 30, 100])
def test_a_kill_between_lines_costs_others_no_line(line: int) -> None:
    """Whoever lives on is counted as before, whatever the loggers of this process know already."""
    alone = lines_of(two_stacks_at_once(Kill(0, KillAt.LINE, NEVER)))[0]
    kills = Kill(0, KillAt.LINE, NEVER), Kill(1, KillAt.LINE, line)
    assert lines_of(two_stacks_at_once(*kills))[0] == alone


def test_every_kill_between_lines_happens() -> None:
    """A kill leaves nothing behind that would spare those after it, in this history or the next."""
    plan = two_stacks_at_once(*(Kill(number, KillAt.LINE, 30 + number) for number in range(4)))
    for _ in range(2):
        world = World(plan, new_handler)
        world.play()
        assert world.gateway.fired["killed"] == 4
        assert [str(request.outcome) for request in world.requests] == ["SUCCESS"] * 2
