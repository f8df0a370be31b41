"""Steps of an operation on a stack, which run side by side and can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.kernel import Task
from simulator.requests import Outcome, Request

if TYPE_CHECKING:
    from simulator.world import World


@dataclass(slots=True, eq=False)
class Step:
    """What is done to one resource in an operation."""

    name: str
    body: Callable[[Step], bool]
    cancelled: Callable[[], None] = lambda: None
    task: Task | None = None
    outcome: bool | None = None
    request: Request | None = None


class Steps:
    """Runs them for one stack."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kernel = world.kernel

    def run_phases(self, phases: list[list[Step]], until: float | None, *, cancels: bool = True) -> bool:
        """One list of steps after the other; False as soon as one fails.

        ``cancels``: what runs beside a step that fails is cancelled; else it runs to its end.
        """
        return all(self.run_all(steps, until, stop_on_failure=cancels) for steps in phases)

    def run_all(self, steps: list[Step], until: float | None, *, stop_on_failure: bool) -> bool:
        """Run steps side by side; False if one fails, or if the user ends the operation."""
        operator = self._kernel.current
        if not steps or operator is None:
            return until is None or self._kernel.now < until

        def begin(step: Step) -> None:
            def course() -> None:
                step.outcome = step.body(step)
                self._kernel.wake(operator)

            step.task = self._kernel.spawn(step.name, course)

        for step in steps:
            begin(step)
        while any(step.outcome is None for step in steps):
            self._kernel.suspend(until)
            failed = any(step.outcome is False for step in steps)
            ended = until is not None and self._kernel.now >= until
            if (failed and stop_on_failure) or ended:
                for step in steps:
                    self._cancel(step)
                return False
        return all(step.outcome for step in steps)

    def _cancel(self, step: Step) -> None:
        if step.outcome is not None or step.task is None:
            return
        self._kernel.kill(step.task)
        step.outcome = False
        if step.request is not None and step.request.waiting:
            self._world.end_request(step.request, Outcome.CANCELLED)
        step.cancelled()
