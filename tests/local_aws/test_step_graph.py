"""Steps that wait for each other: order, failure, halt, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from local_aws.corrections.graph import Outcome, run_graph, transitive, without_circles

NEEDS: dict[str, set[str]] = {"a": set(), "b": {"a"}, "c": {"a"}, "d": {"b", "c"}, "alone": set()}


def run(step: Callable[[str], Awaitable[None]], *, stop_on_failure: bool = True) -> Outcome:
    """Runs NEEDS to its end; a run that hangs fails."""
    return asyncio.run(asyncio.wait_for(run_graph(NEEDS, step, stop_on_failure=stop_on_failure), 10))


def test_each_step_comes_after_what_it_needs() -> None:
    """All complete, in an order that the needs allow."""

    async def step(_: str) -> None:
        await asyncio.sleep(0)

    done = run(step).completed
    assert sorted(done) == sorted(NEEDS)
    assert all(done.index(need) < done.index(name) for name, wanted in NEEDS.items() for need in wanted)


def test_a_failure_cancels_the_rest() -> None:
    """What runs is cancelled, what needs the failed one never starts."""
    begun: list[str] = []

    async def step(name: str) -> None:
        begun.append(name)
        if name == "b":
            raise ValueError(name)
        if name != "a":
            await asyncio.Event().wait()

    outcome = run(step)
    assert list(outcome.failed) == ["b"]
    assert sorted(outcome.cancelled) == ["alone", "c"]
    assert "d" not in begun


def test_without_stopping_only_dependents_are_kept_back() -> None:
    """A failure leaves independent steps alone."""

    async def step(name: str) -> None:
        if name == "b":
            raise ValueError(name)

    outcome = run(step, stop_on_failure=False)
    assert sorted(outcome.completed) == ["a", "alone", "c"]
    assert list(outcome.failed) == ["b"]
    assert not outcome.cancelled


def test_a_halt_ends_what_runs() -> None:
    """After the halt nothing new starts and everything running is cancelled."""

    async def main() -> Outcome:
        halt = asyncio.Event()

        async def step(name: str) -> None:
            if name == "b":
                halt.set()
            if name != "a":
                await asyncio.Event().wait()

        return await run_graph(NEEDS, step, halt=halt)

    outcome = asyncio.run(asyncio.wait_for(main(), 10))
    assert outcome.halted
    assert sorted(outcome.cancelled) == ["alone", "b", "c"]


def test_who_is_cancelled_leaves_nothing_running() -> None:
    """Cancelling the caller cancels every step first."""
    ended: list[str] = []

    async def main() -> None:
        async def step(name: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        running = asyncio.ensure_future(run_graph(NEEDS, step))
        await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()

    asyncio.run(asyncio.wait_for(main(), 10))
    assert sorted(ended) == ["a", "alone"]


def test_needs_through_others_count() -> None:
    """The closure of the needs holds what is needed through another, and what has no needs of its own."""
    assert transitive(NEEDS)["d"] == {"a", "b", "c"}
    assert transitive({"x": {"elsewhere"}}) == {"x": {"elsewhere"}, "elsewhere": set()}


CIRCLE = {"x": {"y"}, "y": {"z", "x"}, "z": {"x"}, "own": {"own"}, "after": {"z"}}


def test_a_circle_loses_one_need() -> None:
    """No circle is left, by the same needs each time; what is not part of one keeps all."""
    left = without_circles(CIRCLE)
    assert left == without_circles(dict(reversed(CIRCLE.items())))
    assert 2 <= sum(len(CIRCLE[name] - wanted) for name, wanted in left.items()) <= 3
    assert left["after"] == {"z"}
    assert all(name not in wanted for name, wanted in transitive(CIRCLE).items())


def test_every_step_of_a_circle_runs() -> None:
    """None is left out, and the steps after it come after it."""

    async def step(_: str) -> None:
        await asyncio.sleep(0)

    outcome = asyncio.run(asyncio.wait_for(run_graph(CIRCLE, step), 10))
    assert sorted(outcome.completed) == sorted(CIRCLE)
    assert outcome.completed.index("z") < outcome.completed.index("after")


def test_a_halt_before_the_beginning() -> None:
    """Nothing completes."""

    async def main() -> Outcome:
        halt = asyncio.Event()
        halt.set()

        async def step(_: str) -> None:
            await asyncio.Event().wait()

        return await run_graph(NEEDS, step, halt=halt)

    outcome = asyncio.run(asyncio.wait_for(main(), 10))
    assert (outcome.halted, outcome.completed, outcome.failed) == (True, [], {})
