"""Visits every state that can be reached, the nearest first: a violation comes with its shortest story."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field

from explorer.world import State, World


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold, and in which state; ``last`` is what happens there, if it is that."""

    text: str
    state: int
    last: tuple[object, ...] = ()


@dataclass(slots=True)
class Search:
    """What was found in one scene."""

    world: World
    states: list[State] = field(default_factory=list)
    parents: array[int] = field(default_factory=lambda: array("q"))
    """Of each state the one that it was reached from first."""
    violations: list[Violation] = field(default_factory=list)
    complete: bool = True
    """Whether all states were visited that can be reached without a violation."""
    seconds: float = 0.0
    steps: int = 0


def explore(world: World, *, states_max: int, violations_max: int = 1) -> Search:
    """All states of a world, or as many as are allowed. What is beyond a violation is not visited."""
    search, told = Search(world, [world.first], array("q", [-1])), set[str]()
    states, parents = search.states, search.parents
    numbers: dict[State, int] = {world.first: 0}
    began, current = time.monotonic(), 0
    while current < len(states) and len(search.violations) < violations_max:
        if len(states) > states_max:
            search.complete = False
            break
        state = states[current]
        wrong = world.at_rest(state)
        if wrong and wrong not in told:
            told.add(wrong)
            search.violations.append(Violation(wrong, current))
        for label, after, violated in () if wrong else world.steps(state):
            search.steps += 1
            if violated:
                if violated not in told:
                    told.add(violated)
                    search.violations.append(Violation(violated, current, label))
            elif after not in numbers:
                numbers[after] = len(states)
                states.append(after)
                parents.append(current)
        current += 1
    search.seconds = time.monotonic() - began
    return search
