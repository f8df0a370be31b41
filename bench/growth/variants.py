"""Remedies, each as a variant of the handler that exists here alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bench.growth.account import Account
from bench.growth.schedule import Schedule, fixed
from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.schedule import SHARE_JITTER, fair_seconds
from running_model_handler.core.waiting import POLL_INTERVAL_SECONDS_DEFAULT
from running_model_handler.entry import Function
from running_model_handler.envelope import Envelope
from running_model_handler.request import CreateRequest, Request
from running_model_handler.worker import HandOverDue, Invocation, Worker
from simulator.fast_seam import FastServices, _log_levels_kept
from simulator.functions import Handler
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Variant:
    """What is done otherwise than in the handler."""

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

    yielded: bool = False
    leaves: int = 0
    leave_seconds: float = 0.0


class VariantWorker(Worker):
    """Waits by a schedule."""

    variant: Variant
    memory: Memory
    known_seconds: float | None

    def note_start_seconds(self, arn: ProjectVersionArn) -> None:
        """See ``Worker``; what is known is told by the variant."""

    def pause_while_starting(self, arn: ProjectVersionArn) -> None:
        """See ``Worker``; the variant's schedule tells how long."""
        memory, now = self.state.model(str(arn)), self.clock.now()
        if self.variant.yields and not self.memory.yielded:
            self.memory.yielded = True
            raise HandOverDue
        chance = self.clock.chance()
        seconds = self.variant.schedule(
            now - memory.start_at,
            self.known_seconds,
            self._poll_interval_seconds,
            self.state.throttles_recently(now),
            chance,
        )
        if self.variant.shares:
            seconds = max(seconds, fair_seconds(self.state.neighbours) * (1.0 + SHARE_JITTER * chance))
        may_leave = self.variant.leaves and self.memory.leaves < LEAVES_MAX
        if may_leave and self.expected_seconds is None:
            seconds = max(seconds, (now - memory.start_at) * LEAVE_SHARE)
        if may_leave and seconds >= LEAVE_SECONDS_MIN:
            self.memory.leaves += 1
            self.memory.leave_seconds = min(seconds, LEAVE_SECONDS_MAX, self.deadline - now)
            raise HandOverDue
        self.pause(seconds)


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
        worker.variant = self._variant
        worker.memory = self._notes.memories.setdefault(envelope.digest, Memory())
        worker.known_seconds = self._notes.expected_seconds if self._variant.expects else None
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
