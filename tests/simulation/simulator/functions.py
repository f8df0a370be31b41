"""Lambda: asynchronous invocations, delivered at least once, late, and tried again when they die."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from local_aws.platform.aws_lambda import (
    CHAIN_LENGTH_MAX,
    RETRIES_DEFAULT,
    RETRY_SECONDS,
    THROTTLE_SECONDS_MAX,
)
from simulator.errors import ApiError
from simulator.iam import Role
from simulator.kernel import Task
from simulator.plan import KillAt

if TYPE_CHECKING:
    from simulator.gateway import Gateway
    from simulator.requests import Request
    from simulator.world import World

EVENT_AGE_SECONDS_MAX: Final = 3600.0
DUPLICATES_MAX: Final = 6
"""Of the events of one request."""
IDLE_SECONDS: Final = 30.0
"""More than a hand-over takes."""
TIME_IS_OVER: Final = "its time is over"
"""How an invocation ends that did not hand over in time."""

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a synchronous invocation gives back."""

    payload: Any = None
    error: str = ""
    """The type of the error that ended it, empty if none did."""
    raised: object = ""
    """What its message is read from."""

    @property
    def message(self) -> str:
        """The message of that error."""
        return str(self.raised)


@dataclass(slots=True, eq=False)
class Delivery:
    """An event on its way; a duplicate is a delivery of its own."""

    function: DeployedFunction
    payload: str
    request: Request | None
    depth: int
    born: float
    attempt: int = 0
    throttles: int = 0
    done: Callable[[Result], None] | None = None
    """Who waits for the result: then it is tried once and outside the plan's limit of concurrency."""
    actor: object = None
    """Who acts, where there is no request."""
    origin: int = 0
    """The same for all tries and hand-overs that go back to one delivery; a duplicate has its own."""


@dataclass(slots=True, eq=False)
class DeployedFunction:
    """A function of a stack, with its role and its idle execution environments."""

    arn: str
    role: Role
    new_handler: Callable[[], Handler]
    timeout_seconds: float | None = None
    """None: as the plan says."""
    exists: bool = True
    permissions: dict[str, str] = field(default_factory=dict)
    """Statement id to source ARN of its resource policy."""
    idle: list[Handler] = field(default_factory=list)
    settles_since: float = 0.0
    """When it, or its policy, came to be."""
    retries: int = RETRIES_DEFAULT
    """How often an event is tried again that ended with an error."""
    event_seconds: float = EVENT_AGE_SECONDS_MAX
    """How old an event may become before it is dropped."""


@dataclass(slots=True, eq=False)
class Invocation:
    """One run of a function; also Lambda's context object."""

    number: int
    delivery: Delivery
    handler: Handler
    ends_at: float
    name: str
    world: World
    service: Functions
    calls: int = 0
    lines: int = 0
    task: Task | None = None
    threads: list[Task] = field(default_factory=list)
    """What it does beside its main course; ends with it."""
    handed_over: bool = False
    answers: int = 0
    last_look: dict[str, Any] = field(default_factory=dict)
    """What DescribeProjectVersions said last of each model, and when."""

    @property
    def request(self) -> Request | None:
        """The request that it works on."""
        return self.delivery.request

    @property
    def role(self) -> Role:
        """Its permissions."""
        return self.delivery.function.role

    @property
    def invoked_function_arn(self) -> str:
        """See Lambda's context object."""
        return self.delivery.function.arn

    @property
    def function_name(self) -> str:
        """See Lambda's context object."""
        return self.delivery.function.arn.rpartition(":")[2]

    @property
    def aws_request_id(self) -> str:
        """See Lambda's context object."""
        return f"invocation-{self.number}"

    def get_remaining_time_in_millis(self) -> int:
        """See Lambda's context object."""
        return int((self.ends_at - self.world.kernel.now) * 1000)


class Functions:
    """The service."""

    def __init__(
        self,
        world: World,
        chance: random.Random,
        gateway: Gateway | None = None,
        *,
        label: str = "λ",
        first: int = 0,
    ) -> None:
        """``label``, ``first``: how its invocations are called, and from where on they are numbered."""
        self._world = world
        self._chance = chance
        self._own_gateway = gateway
        self._label = label
        self._first = first
        self._running = 0
        self._duplicates: Counter[int | None] = Counter()
        self._origins = 0
        self.count = first
        self.by_arn: dict[str, DeployedFunction] = {}
        self.by_task: dict[Task, Invocation] = {}

    @property
    def _gateway(self) -> Gateway:
        return self._own_gateway or self._world.gateway

    def deploy(
        self, arn: str, role: Role, new_handler: Callable[[], Handler], timeout_seconds: float | None = None
    ) -> DeployedFunction:
        """A function comes to be."""
        function = DeployedFunction(arn, role, new_handler, timeout_seconds)
        self.by_arn[arn] = function
        return function

    def remove(self, arn: str) -> None:
        """A function is deleted: what waits for it is dropped, what runs goes on until it ends."""
        self.by_arn[arn].exists = False

    # --- events -------------------------------------------------------------------------------------

    def invoke(
        self,
        arn: str,
        event: Mapping[str, Any],
        request: Request | None,
        depth: int = 1,
        actor: object = None,
    ) -> None:
        """Invoke, InvocationType Event: 202, and at some time at least one invocation."""
        function = self.existing(arn)
        world, faults, chance = self._world, self._gateway.faults, self._chance.random
        payload = json.dumps(event)
        born = world.kernel.now
        first = Delivery(function, payload, request, depth, born, actor=actor, origin=self._origin(request))
        self._queue(first, self._delay())
        if faults.duplicated and chance() < faults.duplicated and (actor or self._may_come_twice(request)):
            self._gateway.note("duplicated")
            second = Delivery(function, payload, request, depth, born, actor=actor, origin=self._new_origin())
            self._queue(second, self._delay() + chance() * faults.duplicate_delay)

    def _origin(self, request: Request | None) -> int:
        """A hand-over goes back to the delivery that hands over."""
        task = self._world.kernel.current
        sender = self.by_task.get(task) if task is not None else None
        if sender is not None and sender.request is request:
            return sender.delivery.origin
        return self._new_origin()

    def _new_origin(self) -> int:
        self._origins += 1
        return self._origins

    def _may_come_twice(self, request: Request | None) -> bool:
        """Each hands over as its original does: without an end there were thousands."""
        key = request.number if request is not None else None
        self._duplicates[key] += 1
        return self._duplicates[key] <= DUPLICATES_MAX

    def call(self, arn: str, payload: str, request: Request | None, done: Callable[[Result], None]) -> None:
        """Invoke, InvocationType RequestResponse, with a JSON text; ``done`` gets the result."""
        self._start(Delivery(self.existing(arn), payload, request, 1, self._world.kernel.now, done=done))

    def existing(self, arn: str) -> DeployedFunction:
        """A function that is there; raises ``ApiError``."""
        function = self.by_arn.get(arn)
        if function is None or not function.exists:
            raise ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return function

    def thread(self, invocation: Invocation, body: Callable[[], None]) -> None:
        """Let an invocation do something beside its main course."""
        task = self._world.kernel.spawn(f"{invocation.name} thread", body)
        invocation.threads.append(task)
        self.by_task[task] = invocation

    def _delay(self) -> float:
        faults, chance = self._gateway.faults, self._chance.random
        seconds = 0.05 + 0.3 * chance()
        if faults.delayed and chance() < faults.delayed:
            self._gateway.note("delayed")
            seconds += chance() * faults.delay_seconds
        return seconds

    def _queue(self, delivery: Delivery, seconds: float) -> None:
        if delivery.request is not None:
            delivery.request.chains += 1
        self._world.kernel.after(seconds, self._begin, delivery)

    def _drop(self, delivery: Delivery, why: str) -> None:
        self._world.story.note(self._world.kernel.now, "Lambda", f"drops an event ({why})")
        self._chain_ends(delivery, why)

    def _begin(self, delivery: Delivery) -> None:
        world, function = self._world, delivery.function
        now = world.kernel.now
        if delivery.depth > CHAIN_LENGTH_MAX:
            return self._drop(delivery, "loop detection")
        if not function.exists:
            return self._drop(delivery, "the function is gone")
        if now - delivery.born > function.event_seconds:
            return self._drop(delivery, "too old")
        if self._running >= world.plan.concurrency:
            self._gateway.note("concurrency")
            delivery.throttles += 1
            world.kernel.after(min(THROTTLE_SECONDS_MAX, 2.0**delivery.throttles), self._begin, delivery)
            return None
        return self._start(delivery)

    def _start(self, delivery: Delivery) -> None:
        world, function = self._world, delivery.function
        now = world.kernel.now
        handler = function.idle.pop() if function.idle else function.new_handler()
        attempt = f", try {delivery.attempt + 1}" if delivery.attempt else ""
        what = delivery.request.name if delivery.request is not None else str(delivery.actor or "an event")
        ends_at = now + (function.timeout_seconds or world.plan.invocation_seconds)
        name = f"{self._label}{self.count - self._first}"
        invocation = Invocation(self.count, delivery, handler, ends_at, name, world, self)
        self.count += 1
        self._running += delivery.done is None
        if delivery.request is not None:
            if not delivery.request.running and now - delivery.request.ran_until > IDLE_SECONDS:
                delivery.request.woken_at = now
            delivery.request.running += 1
            if delivery.request.began_at is None:
                delivery.request.began_at = now
        world.story.note(now, invocation.name, f"begins: {what}{attempt}, link {delivery.depth}")
        task = world.kernel.spawn(invocation.name, lambda: self._run(invocation))
        invocation.task = task
        self.by_task[task] = invocation
        world.kernel.at(invocation.ends_at, self._timed_out, invocation)

    def _run(self, invocation: Invocation) -> None:
        event = json.loads(invocation.delivery.payload)
        try:
            with self._world.line_kills.counted(invocation):
                payload = invocation.handler(event, invocation)
        except Exception as error:
            self._ends(invocation, keep=True)
            self._failed(invocation, type(error).__name__, error)
        else:
            self._ends(invocation, keep=True)
            self._world.story.note(self._world.kernel.now, invocation.name, "ends")
            if invocation.delivery.done is not None:
                invocation.delivery.done(Result(payload))
                return
            self._chain_ends(
                invocation.delivery, "" if invocation.handed_over or invocation.answers else "silent"
            )

    def _ends(self, invocation: Invocation, *, keep: bool) -> None:
        task = invocation.task
        if task is not None:
            for each in (task, *invocation.threads):
                self.by_task.pop(each, None)
                each.alive = each is self._world.kernel.current
        invocation.task = None
        self._running -= invocation.delivery.done is None
        if invocation.request is not None:
            invocation.request.running -= 1
            invocation.request.ran_until = self._world.kernel.now
        if keep:
            invocation.delivery.function.idle.append(invocation.handler)

    def _timed_out(self, invocation: Invocation) -> None:
        if invocation.task is not None:
            self.kill(invocation, None, TIME_IS_OVER)

    def kill(self, invocation: Invocation, at: KillAt | None, when: str) -> None:
        """An invocation dies: of its time-out, or, ``at`` a moment of the plan, with its machine."""
        task, world = invocation.task, self._world
        if task is None:
            return
        self._gateway.note("killed")
        self._gateway.note(f"killed {at or 'by its time-out'}")
        self._ends(invocation, keep=False)
        self._failed(invocation, f"killed {when}", "the runtime exited")
        dying = world.kernel.current
        world.kernel.kill(dying if dying is not None and dying in invocation.threads else task)

    def _failed(self, invocation: Invocation, why: str, raised: object) -> None:
        """An error or a time-out: two more tries, after one and two minutes."""
        world, delivery = self._world, invocation.delivery
        now = world.kernel.now
        world.story.note(now, invocation.name, f"dies: {why}")
        if delivery.done is not None:
            return delivery.done(Result(error=why, raised=raised))
        if delivery.attempt >= delivery.function.retries:
            return self._chain_ends(delivery, f"every try failed, the last: {why}")
        pause = RETRY_SECONDS[delivery.attempt]
        delivery.attempt += 1
        delivery.depth += world.plan.retries_count_as_hops
        world.kernel.after(pause, self._begin, delivery)
        return None

    def _chain_ends(self, delivery: Delivery, lost: str) -> None:
        for monitor in self._world.monitors if delivery.request is None else ():
            monitor.wake_ended(delivery, lost)
        if delivery.request is not None:
            delivery.request.chains -= 1
            if lost:
                delivery.request.lost.append(lost)
