"""The guarantees G1 to G10 and G12 as invariants of a history, J1 and J2 of one with a janitor, and
D1 to D4 of one with guards.

They know the truth of the simulated world (``truth``), not what the handler thinks, and nothing of how it
works.
"""

from __future__ import annotations

from simulator.invariants.answers import AlwaysAnswered, GoneMeansNotBilling, ReadyMeansReady
from simulator.invariants.base import Invariant, Violation
from simulator.invariants.effects import AsDeclared, Idempotent, NoNeedlessInterruption, StaleStartsNothing
from simulator.invariants.guarded import AsDutyAsks, NobodyUndoes, SweepsGiveWay, SweepsObey
from simulator.invariants.leaks import NoLeak
from simulator.invariants.orphans import JanitorTakesNothing, NobodysModelsEnd
from simulator.invariants.owners import OneOwner, WithoutGap
from simulator.invariants.secrets import NothingSecretLeaves
from simulator.invariants.truth import Truth
from simulator.world import World

ALL: tuple[type[Invariant], ...] = (
    ReadyMeansReady,
    GoneMeansNotBilling,
    NoLeak,
    AlwaysAnswered,
    Idempotent,
    OneOwner,
    WithoutGap,
    AsDeclared,
    NoNeedlessInterruption,
    StaleStartsNothing,
    NothingSecretLeaves,
)
OF_A_JANITOR: tuple[type[Invariant], ...] = (NobodysModelsEnd, JanitorTakesNothing)
"""What holds beyond, in a world that has one."""
OF_GUARDS: tuple[type[Invariant], ...] = (AsDutyAsks, SweepsObey, SweepsGiveWay, NobodyUndoes)
"""What holds beyond, where schedules look after models with guards."""


def watch(world: World) -> list[Invariant]:
    """Let every invariant watch a world that has not begun yet."""
    kinds = (
        *ALL,
        *(OF_A_JANITOR if world.plan.janitor is not None else ()),
        *(OF_GUARDS if world.plan.demand is not None else ()),
    )
    violations: list[Violation] = []
    truth = Truth(world)
    invariants = [kind(world, violations, truth) for kind in kinds]
    world.watch(invariants)
    return invariants


__all__ = ["ALL", "OF_A_JANITOR", "OF_GUARDS", "Invariant", "Violation", "watch"]
