"""Steps that wait for each other, run side by side. Pure asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """How a run ended. A step in none of the three never started."""

    completed: list[str] = field(default_factory=list)
    failed: dict[str, BaseException] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    halted: bool = False


async def run_graph(
    needs: Mapping[str, Collection[str]],
    step: Callable[[str], Awaitable[None]],
    *,
    halt: asyncio.Event | None = None,
    stop_on_failure: bool = True,
) -> Outcome:
    """Starts each step as soon as what it needs is complete, and returns when nothing runs any more.

    A failure, and ``halt``, start nothing new and cancel what runs; without ``stop_on_failure`` a failure
    only keeps back the steps that need the failed one. If the caller itself is cancelled, everything running
    is cancelled first.
    """
    outcome = Outcome()
    open_needs = {
        name: {need for need in wanted if need in needs and need != name} for name, wanted in needs.items()
    }
    tasks: dict[asyncio.Task[None], str] = {}
    halting = asyncio.ensure_future((halt or asyncio.Event()).wait())
    stopping = False
    try:
        while True:
            if halting.done() and not stopping:
                outcome.halted = stopping = True
                _cancel(tasks)
            if not stopping:
                for name in [name for name, wanted in open_needs.items() if not wanted]:
                    del open_needs[name]
                    tasks[asyncio.ensure_future(step(name))] = name
            if not tasks:
                return outcome
            waited = {*tasks} if halting.done() else {*tasks, halting}
            done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in tasks if task in done]:
                _note(outcome, tasks.pop(task), task, open_needs)
            if outcome.failed and stop_on_failure and not stopping:
                stopping = True
                _cancel(tasks)
    finally:
        halting.cancel()
        _cancel(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


def _note(outcome: Outcome, name: str, task: asyncio.Task[None], open_needs: dict[str, set[str]]) -> None:
    if task.cancelled():
        outcome.cancelled.append(name)
        return
    error = task.exception()
    if error is not None:
        outcome.failed[name] = error
        return
    outcome.completed.append(name)
    for wanted in open_needs.values():
        wanted.discard(name)


def transitive(needs: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Everything that each name needs, directly or through another."""
    known: dict[str, set[str]] = {}

    def of(name: str, path: tuple[str, ...]) -> set[str]:
        if name not in known:
            direct = {need for need in needs.get(name, ()) if need not in path}
            known[name] = direct.union(*(of(need, (*path, name)) for need in direct))
        return known[name]

    for name in needs:
        of(name, ())
    return known
