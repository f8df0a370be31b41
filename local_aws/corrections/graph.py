"""Steps that wait for each other, run side by side. Pure asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

Needs = Mapping[str, Collection[str]]


@dataclass
class Outcome:
    """How a run ended. A step in none of the three never started."""

    completed: list[str] = field(default_factory=list)
    failed: dict[str, BaseException] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    halted: bool = False


async def run_graph(
    needs: Needs,
    step: Callable[[str], Awaitable[None]],
    *,
    halt: asyncio.Event | None = None,
    stop_on_failure: bool = True,
) -> Outcome:
    """Starts each step as soon as what it needs is complete, and returns when nothing runs any more.

    A failure, and ``halt``, start nothing new and cancel what runs; without ``stop_on_failure`` a failure
    only keeps back the steps that need the failed one. If the caller itself is cancelled, everything running
    is cancelled first. In a circle one need does not count.
    """
    run = _Run(TopologicalSorter(without_circles(needs)), step)
    halting = asyncio.ensure_future((halt or asyncio.Event()).wait())
    try:
        run.start_ready()
        while run.tasks:
            await run.wait_for_a_change(halting)
            if halting.done():
                run.outcome.halted = True
            if halting.done() or (stop_on_failure and run.outcome.failed):
                run.stop()
            run.start_ready()
        return run.outcome
    finally:
        halting.cancel()
        run.stop()
        await asyncio.gather(*run.tasks, return_exceptions=True)


class _Run:
    """What runs, what has ended, and how."""

    def __init__(self, order: TopologicalSorter[str], step: Callable[[str], Awaitable[None]]) -> None:
        order.prepare()
        self._order = order
        self._step = step
        self._stopped = False
        self.tasks: dict[asyncio.Future[None], str] = {}
        self.outcome = Outcome()

    def start_ready(self) -> None:
        """Starts what can begin now; nothing once it was stopped."""
        if not self._stopped:
            for name in self._order.get_ready():
                self.tasks[asyncio.ensure_future(self._step(name))] = name

    def stop(self) -> None:
        """Cancels what runs, each step once."""
        if not self._stopped:
            self._stopped = True
            for task in self.tasks:
                task.cancel()

    async def wait_for_a_change(self, halting: asyncio.Task[Literal[True]]) -> None:
        """Until a step ends, or the run is to be halted; not for that a second time."""
        waited: set[asyncio.Future[Any]] = {*self.tasks}
        if not halting.done():
            waited.add(halting)
        done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in self.tasks if task in done]:
            self._note(self.tasks.pop(task), task)

    def _note(self, name: str, task: asyncio.Future[None]) -> None:
        if task.cancelled():
            self.outcome.cancelled.append(name)
        elif (error := task.exception()) is not None:
            self.outcome.failed[name] = error
        else:
            self.outcome.completed.append(name)
            self._order.done(name)


def without_circles(needs: Needs) -> dict[str, set[str]]:
    """``needs`` among its own names, less one need of each circle.

    A template has no circles, but resources that come from two templates may: each needs the other as the one
    was and the other is to be.
    """
    graph = {name: {need for need in wanted if need in needs} - {name} for name, wanted in needs.items()}
    while True:
        try:
            TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)}).prepare()
        except CycleError as error:
            needed, needing, *_ = error.args[1]
            graph[needing].discard(needed)
        else:
            return graph


def transitive(needs: Needs) -> dict[str, set[str]]:
    """Everything that each name needs, directly or through another."""
    outside: dict[str, Collection[str]] = {need: () for wanted in needs.values() for need in wanted}
    graph = without_circles({**outside, **needs})
    everything: dict[str, set[str]] = {}
    for name in TopologicalSorter(graph).static_order():
        everything[name] = graph[name].union(*(everything[need] for need in graph[name]))
    return everything
