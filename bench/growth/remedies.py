"""The remedies side by side, in the same worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from bench.growth.schedule import backed_off
from bench.growth.variants import Variant, handler_of
from bench.growth.worlds import START_SECONDS, Figures, Setting, figures_of, live
from running_model_handler.core.schedule import next_look_seconds
from simulator.alternatives import PROVIDER_FRAMEWORK
from simulator.deployment import Deployment
from simulator.functions import Handler
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Way:
    """A way to wait."""

    name: str
    new_handler: Callable[[float], Callable[[World], Handler]]
    """From the seconds that a start is expected to take, where that is asked for at all."""
    deployment: Callable[[], Deployment] | None = None
    reserved: int | None = None


def _way(variant: Variant, reserved: int | None = None) -> Way:
    return Way(variant.name, lambda expected: handler_of(variant, expected), reserved=reserved)


TODAY: Final = _way(Variant("(i) every 5 s, as before"))
FRAMEWORK: Final = Way(
    "for comparison: Provider framework",
    lambda _: PROVIDER_FRAMEWORK.new_handler,
    PROVIDER_FRAMEWORK.deployment,
)
BACKED_OFF: Final = _way(Variant("(ii) every 5 s, twice as long after a throttle", backed_off))
FIRST: Final = _way(Variant("(ii) adaptive, first start", next_look_seconds))
KNOWN: Final = _way(Variant("(iii) adaptive, length known", next_look_seconds, expects=True))
FIRST_SHARED: Final = _way(Variant("recommended, first start", next_look_seconds, shares=True))
KNOWN_SHARED: Final = _way(Variant("recommended, length known", next_look_seconds, expects=True, shares=True))
YIELDS: Final = _way(
    Variant("(iv) recommended, hands over right after the Start", next_look_seconds, shares=True, yields=True)
)
FIRST_LEAVES: Final = _way(
    Variant("(iv) recommended, first start, waits in a queue", next_look_seconds, shares=True, leaves=True)
)
KNOWN_LEAVES: Final = _way(
    Variant(
        "(iv) recommended, length known, waits in a queue",
        next_look_seconds,
        expects=True,
        shares=True,
        leaves=True,
    )
)
RESERVED: Final = _way(
    Variant("(v) recommended, length known, 5 of 10 reserved", next_look_seconds, expects=True, shares=True),
    reserved=5,
)

RECOMMENDED: Final = (FIRST_SHARED, KNOWN_SHARED)
FOR_ONE: Final = (TODAY, FRAMEWORK, BACKED_OFF, FIRST_SHARED, KNOWN_SHARED, FIRST_LEAVES, KNOWN_LEAVES)
FOR_MANY: Final = (
    TODAY,
    FRAMEWORK,
    BACKED_OFF,
    FIRST,
    KNOWN,
    FIRST_SHARED,
    KNOWN_SHARED,
    YIELDS,
    FIRST_LEAVES,
    KNOWN_LEAVES,
)
FOR_MANY_STACKS: Final = (TODAY, BACKED_OFF, FIRST_SHARED, KNOWN_SHARED)
FOR_FEW_SLOTS: Final = (
    TODAY,
    FIRST_SHARED,
    KNOWN_SHARED,
    YIELDS,
    RESERVED,
    FIRST_LEAVES,
    KNOWN_LEAVES,
)

DEVIATIONS: Final = (0.01, 0.02, 0.05, 0.1)
"""By how much, as a share, a start's length may deviate from the last one's (one standard deviation)."""
FACTORS: Final = (0.5, 0.8, 1.25, 2.0)
LENGTHS: Final = (60.0, 180.0, 300.0, 600.0, 1200.0, 1800.0)


def lived(way: Way, settings: Iterable[Setting]) -> Figures:
    """What a way measured in some accounts."""
    total = Figures()
    for setting in settings:
        account = live(
            replace(setting, reserved=way.reserved), way.new_handler(setting.start_seconds), way.deployment
        )
        total.add(figures_of(account))
    return total


def lived_off(way: Way, settings: Iterable[Setting], factor: float) -> Figures:
    """The same where every start takes ``factor`` times as long as is expected."""
    total = Figures()
    for setting in settings:
        off = replace(setting, start_seconds=setting.start_seconds * factor)
        total.add(figures_of(live(off, way.new_handler(setting.start_seconds), way.deployment)))
    return total


def factory(way: Way) -> Callable[[World], Handler]:
    """Environments of a way for accounts that live one after the other, each with a memory of its own."""
    of_world: dict[World, Callable[[World], Handler]] = {}

    def new(world: World) -> Handler:
        if world not in of_world:
            of_world.clear()
            of_world[world] = way.new_handler(START_SECONDS)
        return of_world[world](world)

    return new


def alone(seeds: int, **options: float) -> list[Setting]:
    """One model in an account, in many histories, so that looks meet RUNNING at any phase."""
    setting = replace(Setting(1, spread_seconds=20.0), **options)  # type: ignore[arg-type]
    return [replace(setting, seed=seed) for seed in range(seeds)]


def crowd(seeds: int, *, stacks: int = 1, concurrency: int = 1000, models: int = 50) -> list[Setting]:
    """Fifty models in an account, and its owner, who makes a control call a second."""
    return [
        Setting(models, seed=seed, stacks=stacks, concurrency=concurrency, bystander_per_second=1.0)
        for seed in range(seeds)
    ]
