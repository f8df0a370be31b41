"""One history from its plan to the verdict on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import fast_seam
from simulator.functions import Handler
from simulator.invariants import Violation, watch
from simulator.plan import Plan
from simulator.world import World

HandlerFactory = Callable[[World], Handler]


@dataclass(frozen=True, slots=True)
class History:
    """A history that was played, and what was found."""

    world: World
    violations: tuple[Violation, ...]


def play(plan: Plan, new_handler: HandlerFactory = fast_seam.new_handler) -> History:
    """Play a plan to its end with every invariant watching."""
    world = World(plan, new_handler)
    invariants = watch(world)
    quiet = world.play()
    for invariant in invariants:
        invariant.at_the_end(quiet)
    return History(world, tuple(invariants[0].violations))
