"""Remedies, each as a variant of the handler that exists here alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bench.growth.account import Account
from bench.growth.schedule import SHARE_JITTER, Schedule, faded, fair_seconds, fixed
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.waiting import POLL_INTERVAL_SECONDS_DEFAULT
from running_model_handler.entry import Function
from running_model_handler.envelope import Envelope
from running_model_handler.request import CreateRequest, Request
from running_model_handler.worker import HandOverDue, Invocation, Worker
from simulator.fast_seam import FastServices, _log_levels_kept
from simulator.functions import Handler
from simulator.stack import StackEvent
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Variant:
    """What is done otherwise than today."""

    name: str
    schedule: Schedule = fixed
    expects: bool = False
    """Whether the length of the last start is known, from a tag."""
    shares: bool = False
    """Whether the waiters of a stack know how many they are, and keep to their share of the quota."""
    yields: bool = False
    """Whether the invocation that has sent the Start makes room: the wait begins in a fresh one."""
    leaves: bool = False
    """Whether long pauses are spent in a queue, which calls the function again, instead of asleep in it."""


LEAVE_SECONDS_MIN: Final = 20.0
"""A pause that is shorter is not worth a message."""
LEAVE_SECONDS_MAX: Final = 900.0
"""What a queue delays a message at most (SQS)."""
LEAVE_SHARE: Final = 1 / 4
"""Where nothing is known of a start, the share of the time that it has taken so far."""
LEAVES_MAX: Final = 8
"""Of the 16 links that loop detection lets pass; the others are for the hour."""


@dataclass(slots=True)
class Memory:
    """What a waiter would write into its state; kept beside it here, since the state is the handler's."""

    throttles: float = 0.0
    throttled_at: float = 0.0
    yielded: bool = False
    neighbours: int = 0
    leaves: int = 0
    leave_seconds: float = 0.0


class VariantWorker(Worker):
    """Waits by a schedule."""

    variant: Variant
    account: Account
    memory: Memory
    expected_seconds: float | None
    model: str

    def absorb(self, error: ServiceError) -> None:
        """See ``Worker``; takes note of throttles.

        Those of the claim and the Start count too: they tell that many models begin at once, and the first
        looks of the early ones are not to get in the way of the others' Starts.
        """
        if error.kind is ErrorKind.THROTTLED:
            now = self.clock.now()
            self.memory.throttles = faded(self.memory.throttles, now - self.memory.throttled_at) + 1.0
            self.memory.throttled_at = now
        super().absorb(error)

    def pause_between_looks(self, *, at_most: float = math.inf) -> None:
        """See ``Worker``; while the declared model starts, the schedule tells how long."""
        memory = self.state.models.get(self.model)
        if memory is None or not memory.starts or memory.stops or at_most < math.inf:
            super().pause_between_looks(at_most=at_most)
            return
        now = self.clock.now()
        if self.variant.yields and not self.memory.yielded:
            self.memory.yielded = True
            raise HandOverDue
        seconds = self.variant.schedule(
            now - memory.start_at,
            self.expected_seconds,
            self._poll_interval_seconds,
            faded(self.memory.throttles, now - self.memory.throttled_at),
            self.clock.chance(),
        )
        if self.variant.shares:
            seconds = max(seconds, self._fair_seconds())
        may_leave = self.variant.leaves and self.memory.leaves < LEAVES_MAX
        if may_leave and self.expected_seconds is None:
            seconds = max(seconds, (now - memory.start_at) * LEAVE_SHARE)
        if may_leave and seconds >= LEAVE_SECONDS_MIN:
            self.memory.leaves += 1
            self.memory.leave_seconds = min(seconds, LEAVE_SECONDS_MAX, self.deadline - now)
            raise HandOverDue
        self.pause(seconds)

    def _fair_seconds(self) -> float:
        """The share of the own stack, by how many of its models are under way.

        They are counted once, in the page of events that the handler reads before it claims a model: that
        takes no call more. Jitter only lengthens it.
        """
        if not self.memory.neighbours:
            events = self.account.stacks[self.envelope.stack_id].events_at(self.clock.now())
            self.memory.neighbours = neighbours_in(events)
        return fair_seconds(self.memory.neighbours) * (1.0 + SHARE_JITTER * self.clock.chance())


def neighbours_in(events: list[StackEvent]) -> int:
    """How many models of a stack are under way, by its newest events, newest first."""
    latest: dict[str, str] = {}
    for event in events:
        if event.properties is not None and "ProjectVersionArn" in event.properties:
            latest.setdefault(event.logical_id, event.status)
    return sum(status.endswith("_IN_PROGRESS") for status in latest.values())


class VariantFunction(Function):
    """The function with a worker that waits otherwise."""

    def __init__(self, account: Account, variant: Variant, notes: Notes) -> None:
        super().__init__(FastServices(account))
        self._account = account
        self._variant = variant
        self._notes = notes

    def _worker(self, request: Request, envelope: Envelope, state: Any, invocation: Invocation) -> Worker:
        if not isinstance(request, CreateRequest):
            return super()._worker(request, envelope, state, invocation)
        worker = VariantWorker(
            envelope,
            state,
            models=self.services.models,
            stacks=self.services.stacks,
            clock=self.services.clock,
            invocation=invocation,
            poll_interval_seconds=request.declared.poll_interval_seconds or POLL_INTERVAL_SECONDS_DEFAULT,
        )
        worker.variant, worker.account, worker.model = self._variant, self._account, str(request.declared.arn)
        worker.memory = self._notes.memories.setdefault(envelope.digest, Memory())
        worker.expected_seconds = self._notes.expected_seconds if self._variant.expects else None
        return worker

    def _hand_over(self, event: Any, state: Any, context: Any, invocation: Invocation) -> None:
        envelope = self._envelope
        memory = self._notes.memories.get(envelope.digest)
        if memory is not None and memory.leave_seconds:
            self._account.metered_functions.later[context] = memory.leave_seconds
            memory.leave_seconds = 0.0
        super()._hand_over(event, state, context, invocation)


@dataclass(slots=True)
class Notes:
    """What outlives an execution environment."""

    expected_seconds: float
    memories: dict[str, Memory] = field(default_factory=dict)


def handler_of(variant: Variant, expected_seconds: float) -> Callable[[World], Handler]:
    """Makes execution environments of a variant for one account."""
    notes = Notes(expected_seconds)

    def new(world: World) -> Handler:
        if not isinstance(world, Account):
            raise TypeError("a variant lives in an account")
        with _log_levels_kept():
            return VariantFunction(world, variant, notes)

    return new
