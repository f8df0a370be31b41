"""The curves: what grows with the models of one account, and with accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bench.growth.worlds import Figures, Setting, figures_of, live
from simulator.functions import Handler
from simulator.world import World

NewHandler = Callable[[World], Handler]

ACCOUNT_SIZES: Final = (1, 2, 5, 10, 15, 20, 22, 24, 26, 30, 40, 50, 75, 100)
"""Models of one stack in one account."""
TOTALS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""Models of many accounts."""
ACCOUNTS: Final = ((2, 1000), (50, 1000), (50, 10))
"""Models of each of many accounts, and Lambda's concurrency: as many models as the default quota lets run,
and many."""
CONCURRENCIES: Final = (1000, 10)
"""Lambda's default for an account, and what a new one often begins with."""
SEEDS: Final = 5


@dataclass(frozen=True, slots=True)
class Point:
    """What one size measured."""

    models: int
    figures: Figures


def together(settings: Iterable[Setting], new_handler: NewHandler) -> Figures:
    """Accounts, one after the other."""
    total = Figures()
    for setting in settings:
        total.add(figures_of(live(setting, new_handler)))
    return total


def one_account(
    new_handler: NewHandler, concurrency: int, sizes: Iterable[int] = ACCOUNT_SIZES, seeds: int = SEEDS
) -> list[Point]:
    """One stack in one account, each size in several histories."""
    return [
        Point(
            size,
            together(
                (Setting(size, seed=seed, concurrency=concurrency) for seed in range(seeds)), new_handler
            ),
        )
        for size in sizes
    ]


def settings_of(total: int, per_account: int, setting: Setting) -> Iterator[Setting]:
    """The accounts that ``total`` models take, the last one not full."""
    for number, first in enumerate(range(0, total, per_account)):
        yield replace(setting, models=min(per_account, total - first), seed=setting.seed + number)


def many_accounts(
    new_handler: NewHandler,
    per_account: int,
    concurrency: int,
    totals: Iterable[int] = TOTALS,
) -> list[Point]:
    """More and more accounts. They are independent, so a full one is lived through once for all totals."""
    setting = Setting(per_account, seed=1000, concurrency=concurrency)
    lived: list[Figures] = []
    points = []
    for total in sorted(totals):
        sum_of_all = Figures()
        for number, each in enumerate(settings_of(total, per_account, setting)):
            if each.models < per_account:
                sum_of_all.add(figures_of(live(each, new_handler)))
                continue
            if number == len(lived):
                lived.append(figures_of(live(each, new_handler)))
            sum_of_all.add(lived[number])
        points.append(Point(total, sum_of_all))
    return points


def knee(points: Iterable[Point], is_past: Callable[[Figures], bool]) -> int | None:
    """The first size at which something holds."""
    return next((point.models for point in points if is_past(point.figures)), None)
