"""The way of a call from an invocation to a service and back, and all that can happen to it on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from local_aws.platform.throttles import MESSAGE, throttle_of
from simulator.errors import AnswerLost, ApiError
from simulator.features import PASSING
from simulator.kernel import EPOCH
from simulator.plan import EMPTY_FAULTS, Faults, KillAt
from simulator.refusals import Refusals

if TYPE_CHECKING:
    from simulator.functions import Invocation
    from simulator.world import World

_T = TypeVar("_T")

READ_TIMEOUT_SECONDS: Final = 10.0
"""``shell.calls.CLIENT_CONFIG``: a client waits no longer for an answer."""
SLOW_SECONDS_MAX: Final = 9.0
"""A call that reaches its service does so before the client has given up on it."""


class Gateway:
    """Takes calls to their services: late, throttled, refused, or without bringing the answer back."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._kernel = world.kernel
        self._chance = chance
        self._faults: Faults = world.plan.faults
        self._refusals: Refusals | None = None
        if any(getattr(self._faults, name) for name in PASSING):
            self._refusals = Refusals(self, random.Random(f"{world.plan.seed} refusals"))
        self._hand_over_denied = world.plan.hand_over_denied
        self.fired: dict[str, int] = {}
        """How often each fault happened: one that never does proves nothing."""

    @property
    def faults(self) -> Faults:
        """What goes wrong at this time."""
        faults = self._faults
        if faults is not EMPTY_FAULTS and self._kernel.now - EPOCH >= faults.ends:
            faults = self._faults = EMPTY_FAULTS
        return faults

    def lag(self, limit: float) -> float:
        """How old an answer is."""
        return self._chance.random() * limit if limit else 0.0

    def call(
        self,
        action: str,
        resource: str,
        effect: Callable[[], _T],
        told: Callable[[_T], object] | None = None,
    ) -> _T:
        """Make a call for the invocation that runs; raises ``ApiError`` or ``AnswerLost``."""
        world, chance = self._world, self._chance.random
        invocation = world.current_invocation()
        kill = world.kill_of(invocation, invocation.calls)
        invocation.calls += 1
        if kill is KillAt.BEFORE_CALL:
            invocation.service.kill(invocation, kill, f"before {action}")
        faults = self.faults
        seconds = 0.03 + 0.1 * chance()
        if faults.slow and chance() < faults.slow:
            self._note("slow")
            seconds += chance() * SLOW_SECONDS_MAX
        self._kernel.sleep(seconds)
        try:
            self._may_be_refused(faults, action, resource, invocation)
            result = effect()
        except (ApiError, AnswerLost) as error:
            why = str(error) if isinstance(error, AnswerLost) else error.code
            world.noted_call(invocation, action, resource, why)
            world.note_end_of_call(invocation, action, succeeded=False)
            raise
        world.noted_call(invocation, action, resource, told(result) if told else None)
        if kill is KillAt.AFTER_EFFECT:
            invocation.service.kill(invocation, kill, f"after {action} took effect")
        if faults.lost_after and chance() < faults.lost_after:
            self._lose(invocation, action, resource)
        world.note_end_of_call(invocation, action, succeeded=True)
        return result

    def _may_be_refused(self, faults: Faults, action: str, resource: str, invocation: Invocation) -> None:
        world, chance = self._world, self._chance.random
        if faults.throttled and chance() < faults.throttled:
            self._note("throttled")
            code, status = throttle_of(action)
            raise ApiError(code, MESSAGE, status)
        if faults.failed_before and chance() < faults.failed_before:
            self._note("failed before")
            if chance() < 0.5:
                raise ApiError("InternalServerError", "Internal server error", 500)
            raise AnswerLost("ConnectionClosedError")
        now = self._kernel.now
        if self._refusals is not None:
            self._refusals.may_refuse(faults, action, resource, invocation, now)
        if self._hand_over_denied and action == "lambda:InvokeFunction":
            self._note("hand-over denied")
            raise ApiError("AccessDeniedException", f"not authorized to perform: {action}", 403)
        tags: Mapping[str, str] | None = None
        model = world.rekognition.models.get(resource)
        if model is not None:
            tags = model.tags_at(now - self.lag(faults.tag_lag)) if faults.tag_lag else model.true_tags
        stopped = faults.denied and action == "rekognition:StopProjectVersion"
        if stopped or not invocation.role.allows(action, resource, tags, now):
            self._note("denied")
            if stopped:
                self._note("denied for good")
            elif invocation.role.is_late(now):
                self._note("policy not yet in force")
            code = "AccessDenied" if action.startswith("cloudformation") else "AccessDeniedException"
            raise ApiError(
                code, f"not authorized to perform: {action}", 400 if action.startswith("rek") else 403
            )

    def _lose(self, invocation: Invocation, action: str, resource: str) -> None:
        self._note("lost after")
        world, draw = self._world, self._chance.random()
        world.noted_call(invocation, action, resource, "answer lost")
        if draw < 0.3:
            world.kernel.sleep(READ_TIMEOUT_SECONDS)
        world.note_end_of_call(invocation, action, succeeded=False)
        if draw < 0.3:
            raise AnswerLost("ReadTimeoutError")
        if draw < 0.6:
            raise ApiError("InternalServerError", "Internal server error", 500)
        raise AnswerLost("ConnectionClosedError")

    def _note(self, fault: str) -> None:
        self.fired[fault] = self.fired.get(fault, 0) + 1

    def note(self, fault: str) -> None:
        """Count a fault that happened elsewhere."""
        self._note(fault)
