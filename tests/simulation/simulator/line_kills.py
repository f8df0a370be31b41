"""Kills invocations between two lines of the life cycle: the finest grain at which the code can stop.

A trace function belongs to the thread, and all tasks share it: a line counts only for the task that runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from simulator.kernel import Kernel, Task
from simulator.plan import KillAt

if TYPE_CHECKING:
    from simulator.functions import Invocation

LIFE_CYCLE_FILES: Final = ("loop", "effort")
"""The modules between whose lines an invocation can be killed: whatever has an effect is done from there.
Between the lines of pure functions nothing happens that a kill could part."""


class LineKills:
    """Counts the lines of the invocations that the plan kills in this way, and kills them."""

    def __init__(
        self, kernel: Kernel, limits: Mapping[int, int], kill: Callable[[Invocation, KillAt, str], None]
    ) -> None:
        self._kernel = kernel
        self._limits = limits
        """Lines that an invocation lives through, by its number."""
        self._kill = kill
        self._counted: dict[Task, Invocation] = {}

    @contextmanager
    def counted(self, invocation: Invocation) -> Iterator[None]:
        """Kill the invocation, whose task runs now, if the plan says so."""
        task = invocation.task
        if task is None or invocation.number not in self._limits:
            yield
            return
        self._counted[task] = invocation
        sys.settrace(self._trace)
        try:
            yield
        finally:
            self._done(task)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        task = self._kernel.current
        invocation = self._counted.get(task) if task is not None else None
        if task is None or invocation is None:
            self._done(task)
            return None
        module = frame.f_globals.get("__name__") or ""
        if module.rpartition(".")[2] not in LIFE_CYCLE_FILES or not module.startswith("running_model"):
            return None
        if event == "line":
            invocation.lines += 1
            limit = self._limits[invocation.number]
            if invocation.lines > limit:
                self._done(task)
                when = f"between two lines, at line {limit} of its life cycle"
                # The killed task never returns from here, and nothing would be traced any more in this
                # thread: as if its trace function still ran. call_tracing counts from zero again. Lines of
                # others would still be missed until they call something that makes a new C frame, which
                # depends on what loggers of this process know: hence outside, and for all.
                self._kernel.then = self._trace_on
                sys.call_tracing(self._kill, (invocation, KillAt.LINE, when))
        return self._trace

    def _trace_on(self) -> None:
        if self._counted:
            sys.settrace(self._trace)

    def _done(self, task: Task | None) -> None:
        """Trace no longer than needed: it slows everything down. A task that was killed does not say so."""
        self._counted = {
            other: its for other, its in self._counted.items() if other.alive and other is not task
        }
        if not self._counted:
            sys.settrace(None)
