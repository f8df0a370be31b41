"""Visits every state that can be reached, the nearest first, so that a violation comes with its shortest story."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field

from explorer.world import State, World


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold, and in which state: the way there is found again from ``parents``."""

    text: str
    state: int
    last: tuple[object, ...] = ()


@dataclass(slots=True)
class Search:
    """What was found in one scene."""

    world: World
    states: list[State] = field(default_factory=list)
    parents: array[int] = field(default_factory=lambda: array("q"))
    violations: list[Violation] = field(default_factory=list)
    complete: bool = True
    seconds: float = 0.0
    steps: int = 0


def explore(world: World, *, states_max: int, seconds_max: float = 1e9, violations_max: int = 1) -> Search:
    """All states of a world, or as many as are allowed."""
    search = Search(world)
    states, parents = search.states, search.parents
    numbers: dict[State, int] = {world.first: 0}
    states.append(world.first)
    parents.append(-1)
    told: set[str] = set()
    began = time.monotonic()
    current = 0

    def note(text: str, label: tuple[object, ...]) -> bool:
        if text not in told:
            told.add(text)
            search.violations.append(Violation(text, current, label))
        return len(search.violations) >= violations_max

    while current < len(states):
        state = states[current]
        wrong = world.at_rest(state)
        if wrong and note(wrong, ()):
            break
        for label, after, violated in world.steps(state) if not wrong else ():
            search.steps += 1
            if violated:
                if note(violated, label):
                    break
                continue
            if after not in numbers:
                numbers[after] = len(states)
                states.append(after)
                parents.append(current)
        else:
            current += 1
            if len(states) > states_max or (current % 1024 == 0 and time.monotonic() - began > seconds_max):
                search.complete = False
                break
            continue
        break
    search.seconds = time.monotonic() - began
    return search
