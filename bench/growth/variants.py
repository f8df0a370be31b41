"""Remedies, each as a variant of the handler that exists here alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bench.growth.account import Account
from bench.growth.schedule import Schedule, fixed
from running_model_handler.core.actions import Action, Pause
from running_model_handler.core.memory import Memory
from running_model_handler.core.operation import RequestType
from running_model_handler.core.pauses import awaits_running
from running_model_handler.core.schedule import SHARE_JITTER, fair_seconds
from running_model_handler.core.views import Views
from running_model_handler.core.waiting import start_deadline
from running_model_handler.decide import decide
from running_model_handler.effort import Effort
from running_model_handler.entry import Function
from running_model_handler.request import Request
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
NEVER_FITS: Final = 3600.0
"""A pause that no invocation has room for: the request is handed over."""


@dataclass(slots=True)
class Waiter:
    """What a waiter would write into its memory; kept beside it here, since that one is the handler's."""

    yielded: bool = False
    leaves: int = 0
    leave_seconds: float = 0.0


@dataclass(slots=True)
class Notes:
    """What outlives an execution environment."""

    expected_seconds: float
    waiters: dict[str, Waiter] = field(default_factory=dict)
    """By request."""

    def waiter(self, request_id: str) -> Waiter:
        """That of a request."""
        return self.waiters.setdefault(request_id, Waiter())


class LeavingEffort(Effort):
    """Carries out what the handler does, and can be told that its invocation ends."""

    def leave(self) -> None:
        """Let no pause fit any more."""
        self._hand_over_at = self.clock.now()


class Waiting:
    """Decides as the handler does, but for the pauses of a create while its model starts."""

    def __init__(self, variant: Variant, notes: Notes) -> None:
        self._variant = variant
        self._notes = notes
        self.effort: LeavingEffort | None = None
        """That of the invocation under way."""

    def _leave(self, action: Pause) -> Pause:
        """Go on in another invocation, whatever room there is in this one."""
        assert self.effort is not None
        self.effort.leave()
        return action._replace(seconds=NEVER_FITS, least=NEVER_FITS)

    def __call__(self, request: Request, memory: Memory, views: Views, now: float, chance: float) -> Action:
        """See ``decide.decide``. What starts took is told by the variant, so it is not noted."""
        if request.declared is None or request.wish.kind is not RequestType.CREATE:
            return decide(request, memory, views, now, chance)
        arn = str(request.declared.arn)
        done = memory.done(arn)
        action = decide(request, memory.with_done(arn, done._replace(took_seconds=0)), views, now, chance)
        waits = not memory.failure and awaits_running(views.model(arn).seen, done, now)
        if isinstance(action, Pause) and waits:
            return self._pause(action, request, memory, views, now, chance)
        return action

    def _pause(
        self, action: Pause, request: Request, memory: Memory, views: Views, now: float, chance: float
    ) -> Pause:
        """What the variant's schedule tells, to the end of the time that a start may take."""
        variant, waiter = self._variant, self._notes.waiter(request.envelope.request_id)
        if variant.yields and not waiter.yielded:
            waiter.yielded = True
            return self._leave(action)
        elapsed = now - memory.done(action.arn).start_at
        known = self._notes.expected_seconds if variant.expects else None
        interval, throttles = request.poll_interval_seconds, memory.throttles_recently(now)
        seconds = variant.schedule(elapsed, known, interval, throttles, chance)
        if variant.shares and views.story is not None:
            seconds = max(seconds, fair_seconds(views.story.models_under_way) * (1.0 + SHARE_JITTER * chance))
        left = self._ends_at(request, memory) - now
        may_leave = variant.leaves and waiter.leaves < LEAVES_MAX
        if may_leave and views.model(action.arn).claim.start_seconds is None:
            seconds = max(seconds, elapsed * LEAVE_SHARE)
        if may_leave and seconds >= LEAVE_SECONDS_MIN:
            waiter.leaves += 1
            waiter.leave_seconds = min(seconds, LEAVE_SECONDS_MAX, left)
            return self._leave(action)
        return action._replace(seconds=max(0.0, min(seconds, left)), least=min(action.least, seconds))

    @staticmethod
    def _ends_at(request: Request, memory: Memory) -> float:
        assert request.declared is not None
        ceiling = request.envelope.service_timeout_seconds
        return start_deadline(memory.began_at, request.declared.timeout_seconds, ceiling)


class VariantFunction(Function):
    """The function with a waiter that waits otherwise."""

    def __init__(self, account: Account, variant: Variant, notes: Notes) -> None:
        super().__init__(FastServices(account))
        self._account = account
        self._notes = notes
        self._waiting = Waiting(variant, notes)
        self.decided = self._waiting

    def _effort(self, request: Request, context: Any) -> Effort:
        services, seconds = self.services, context.get_remaining_time_in_millis() / 1000
        self._waiting.effort = LeavingEffort(
            request,
            models=services.models,
            stacks=services.stacks,
            clock=services.clock,
            ends_at=services.clock.now() + seconds,
            seconds=seconds,
        )
        return self._waiting.effort

    def _hand_over(self, event: Any, memory: Memory, context: Any, effort: Effort) -> Memory | None:
        waiter = self._notes.waiter(self._envelope.request_id)
        if waiter.leave_seconds:
            self._account.metered_functions.later[context] = waiter.leave_seconds
            waiter.leave_seconds = 0.0
        return super()._hand_over(event, memory, context, effort)


def handler_of(variant: Variant, expected_seconds: float) -> Callable[[World], Handler]:
    """Makes execution environments of a variant for one account."""
    notes = Notes(expected_seconds)

    def new(world: World) -> Handler:
        if not isinstance(world, Account):
            raise TypeError("a variant lives in an account")
        with _log_levels_kept():
            return VariantFunction(world, variant, notes)

    return new
