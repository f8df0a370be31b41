"""Virtual time, and the tasks that share it.

Production code blocks while it sleeps or calls, so each invocation runs in a greenlet of its own: it goes on
where it stopped, at the moment that it asked for. Whatever is due next happens next; ties are broken by the
order in which they were asked for, so a run is the same every time.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

from greenlet import GreenletExit, greenlet

EPOCH: Final = 1_700_000_000.0
"""When every history begins; seconds since the epoch."""


class Task:
    """A course of action that sleeps and goes on: an invocation, an operation on a stack."""

    __slots__ = ("_greenlet", "alive", "go_on", "name", "waiting_for")

    def __init__(self, name: str, body: Callable[[], None], hub: greenlet) -> None:
        self.name = name
        self.alive = True
        self.waiting_for = 0
        """Counts the waits: a wake-up that was meant for an earlier one is void."""
        self._greenlet = greenlet(body, hub)
        self.go_on: Callable[[], object] = self._greenlet.switch
        """Runs it until its next sleep."""

    def close(self) -> None:
        """Give back what it stands on, wherever it stopped; for when nobody looks any more."""
        while self._greenlet:
            self._greenlet.throw(GreenletExit)


class Kernel:
    """The clock of a history, and what is due."""

    def __init__(self) -> None:
        self.now = EPOCH
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._hub = greenlet.getcurrent()
        self._tasks: list[Task] = []
        self._until = EPOCH
        self.current: Task | None = None
        """The task that runs; None while something merely happens."""
        self.then: Callable[[], None] | None = None
        """What is to be done outside of any task, as soon as the one that runs stops; once."""

    def at(self, when: float, action: Callable[..., None], *arguments: Any) -> None:
        """Let something happen at a moment."""
        self._count += 1
        heappush(self._due, (when, self._count, action, arguments))

    def after(self, seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        """Let something happen so many seconds from now."""
        self.at(self.now + seconds, action, *arguments)

    def spawn(self, name: str, body: Callable[[], None]) -> Task:
        """Begin a task as soon as what runs now sleeps."""
        task = Task(name, body, self._hub)
        self._tasks.append(task)
        self.at(self.now, self._resume, task, 0)
        return task

    def sleep(self, seconds: float) -> None:
        """Let time pass for the task that runs."""
        task = self.current
        if task is None:
            raise RuntimeError("only a task can sleep")
        when, due = self.now + seconds, self._due
        if task.alive and when <= self._until and not (due and due[0][0] <= when):
            # Nothing happens before it wakes: the task that would be next is the one that runs.
            task.waiting_for += 1
            if when > self.now:
                self.now = when
            return
        self.at(when, self._resume, task, task.waiting_for)
        self._leave(task)

    def suspend(self, until: float | None = None) -> None:
        """Wait to be woken; at ``until`` at the latest."""
        task = self.current
        if task is None:
            raise RuntimeError("only a task can wait")
        if until is not None:
            self.at(max(until, self.now), self._resume, task, task.waiting_for)
        self._leave(task)

    def wake(self, task: Task) -> None:
        """Let a task go on that waits; void if it goes on for another reason first."""
        self.at(self.now, self._resume, task, task.waiting_for)

    def kill(self, task: Task) -> None:
        """End a task where it stands: not a line of it runs any more.

        A task that kills itself never returns from here.
        """
        task.alive = False
        if self.current is task:
            self._hub.switch()

    def run(self, until: float) -> bool:
        """Let everything happen that is due up to a moment; False if something is left for later."""
        due, self._until = self._due, until
        while due:
            when, _, action, arguments = heappop(due)
            if when > until:
                heappush(due, (when, 0, action, arguments))
                return False
            self.now = max(self.now, when)
            action(*arguments)
        return True

    def close(self) -> None:
        """End every task for good, when the history is over.

        One that was killed, or never went on, still stands where it stopped and keeps the whole history in
        memory: the collector does not see through the frames of a greenlet.
        """
        for task in self._tasks:
            task.alive = False
        for task in self._tasks:
            task.close()
        self._tasks.clear()
        self._due.clear()

    def _resume(self, task: Task, wait: int) -> None:
        if not task.alive or task.waiting_for != wait:
            return
        task.waiting_for += 1
        self.current = task
        try:
            task.go_on()
        finally:
            self.current = None
        if self.then is not None:
            then, self.then = self.then, None
            then()

    def _leave(self, task: Task) -> None:
        self._hub.switch()
        self.current = task
