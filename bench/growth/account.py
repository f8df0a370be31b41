"""An account: a simulated world with the account's quotas, that counts instead of telling a story."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bench.growth.quota import Family, Quotas, TokenBucket, family_of
from local_aws.platform.throttles import MESSAGE, throttle_of
from simulator.apis import Apis
from simulator.deployment import Deployment
from simulator.errors import ApiError
from simulator.functions import Delivery, Functions, Handler, Invocation
from simulator.gateway import Gateway
from simulator.kernel import EPOCH
from simulator.plan import Faults, Plan
from simulator.rekognition import Model
from simulator.requests import Outcome, Request
from simulator.story import Story
from simulator.world import World

MEMORY_GB: Final = 192 / 1024
"""What the construct gives its function (docs/decisions/0014-memory-size.md)."""


@dataclass(slots=True)
class Meter:
    """What is counted while an account lives."""

    concurrency: int
    calls: Counter[Family] = field(default_factory=Counter)
    throttles: Counter[Family] = field(default_factory=Counter)
    control_in_second: Counter[int] = field(default_factory=Counter)
    """Control calls that reached the service in each second of the history, refused ones included."""
    throttled_in_second: Counter[int] = field(default_factory=Counter)
    bystander_calls: int = 0
    bystander_throttles: int = 0
    invocations: int = 0
    running: int = 0
    running_peak: int = 0
    function_seconds: float = 0.0
    full_seconds: float = 0.0
    """How long no other function of the account could have begun, until all creates were answered."""
    all_answered: bool = False
    running_since: float = EPOCH
    levels: list[tuple[float, int]] = field(default_factory=list)
    """How many invocations ran from when on."""

    def note_call(self, family: Family, now: float, *, throttled: bool) -> None:
        """A call reached its service."""
        self.calls[family] += 1
        if throttled:
            self.throttles[family] += 1
        if family is Family.CONTROL:
            second = int(now - EPOCH)
            self.control_in_second[second] += 1
            if throttled:
                self.throttled_in_second[second] += 1

    def note_running(self, change: int, now: float) -> None:
        """An invocation began or ended."""
        passed = now - self.running_since
        self.function_seconds += self.running * passed
        if self.running >= self.concurrency and not self.all_answered:
            self.full_seconds += passed
        self.running += change
        self.invocations += change > 0
        self.running_since = now
        self.running_peak = max(self.running_peak, self.running)
        self.levels.append((now - EPOCH, self.running))


class MeteredGateway(Gateway):
    """Refuses what the account's quotas do not allow, and counts."""

    def __init__(self, world: Account, chance: random.Random, quotas: Quotas) -> None:
        super().__init__(world, chance)
        self._account = world
        self._buckets = {
            family: TokenBucket(rate, quotas.burst_seconds) for family, rate in quotas.per_second
        }

    def take(self, family: Family) -> bool:
        """Whether the quota lets a call through."""
        bucket = self._buckets.get(family)
        return bucket is None or bucket.take(self._account.kernel.now)

    def _may_be_refused(self, faults: Faults, action: str, resource: str, invocation: Invocation) -> None:
        family = family_of(action)
        taken = self.take(family)
        self._account.meter.note_call(family, self._account.kernel.now, throttled=not taken)
        if not taken:
            code, status = throttle_of(action)
            raise ApiError(code, MESSAGE, status)
        super()._may_be_refused(faults, action, resource, invocation)


class MeteredFunctions(Functions):
    """Lambda, with every invocation on the bill."""

    def __init__(self, world: Account, chance: random.Random) -> None:
        super().__init__(world, chance)
        self._account = world
        self.later: dict[Invocation, float] = {}
        """How many seconds a queue keeps back what an invocation hands over."""

    def _start(self, delivery: Delivery) -> None:
        self._account.meter.note_running(1, self._account.kernel.now)
        super()._start(delivery)

    def _ends(self, invocation: Invocation, *, keep: bool) -> None:
        self._account.meter.note_running(-1, self._account.kernel.now)
        super()._ends(invocation, keep=keep)

    def _delay(self) -> float:
        task = self._account.kernel.current
        invocation = self.by_task.get(task) if task is not None else None
        later = self.later.pop(invocation, 0.0) if invocation is not None else 0.0
        return super()._delay() + later


class _Silence(Story):
    def note(self, now: float, who: str, what: str, result: Any = None) -> None:
        """Nobody reads it."""


class Account(World):
    """One account in one Region; accounts know nothing of each other, so each is a world of its own."""

    def __init__(
        self,
        plan: Plan,
        new_handler: Callable[[World], Handler],
        quotas: Quotas,
        *,
        deployment: Deployment | None = None,
        bystander_per_second: float = 0.0,
    ) -> None:
        super().__init__(plan, new_handler, deployment)
        self.meter = Meter(plan.concurrency)
        self.story = _Silence()
        self._quota_gateway = MeteredGateway(self, random.Random(f"{plan.seed} calls"), quotas)  # noqa: S311
        self.gateway = self._quota_gateway
        self.metered_functions = MeteredFunctions(self, random.Random(f"{plan.seed} events"))  # noqa: S311
        self.functions = self.metered_functions
        self.apis = Apis(self)
        self._bystander_pause = 1.0 / bystander_per_second if bystander_per_second else 0.0
        self._unanswered = sum(len(o.template.models) for stack in plan.stacks for o in stack.operations)
        if self._bystander_pause:
            self.kernel.after(self._bystander_pause, self._bystander_calls)

    def noted_call(self, invocation: Invocation, action: str, resource: str, result: object) -> None:
        """The meter has it already."""

    def _moved(self, model: Model, before: str | None, after: str | None) -> None:
        pass

    def end_request(self, request: Request, outcome: Outcome) -> None:
        """See ``World``."""
        super().end_request(request, outcome)
        self._unanswered -= request.type == "Create"
        if self._unanswered == 0 and not self.meter.all_answered:
            self.meter.note_running(0, self.kernel.now)
            self.meter.all_answered = True

    def _bystander_calls(self) -> None:
        """The owner's own tools, or another stack: control calls at a steady rate until all is answered."""
        self.meter.bystander_calls += 1
        self.meter.bystander_throttles += not self._quota_gateway.take(Family.CONTROL)
        if self._unanswered > 0:
            self.kernel.after(self._bystander_pause, self._bystander_calls)
