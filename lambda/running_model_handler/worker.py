"""What every step of a request needs: retried calls, pauses, deadlines, and a look at what is still wanted.

The only place that knows how the time of a request, of an invocation and of a call fit together.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn
from running_model_handler.core.claim import Claim, read_claim
from running_model_handler.core.errors import ErrorKind, RequestFailed, ServiceError
from running_model_handler.core.names import Tag
from running_model_handler.core.schedule import (
    START_SECONDS_MAX,
    START_SECONDS_MIN,
    is_news,
    pause_seconds,
    stopping_seconds,
)
from running_model_handler.core.state import State
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.waiting import (
    ACCESS_DENIED_SECONDS,
    CLOCKS_APART_SECONDS,
    LAG_SECONDS,
    LAST_LOOK_SECONDS,
    STACK_LOOK_SECONDS,
    answer_deadline,
    backoff_seconds,
    hand_over_margin,
    poll_seconds,
    start_deadline,
)
from running_model_handler.core.wanted import (
    Direction,
    RequestType,
    ResourceView,
    StackView,
    is_deletion_of,
    is_expected,
    newer,
    still_wanted,
)
from running_model_handler.envelope import Envelope
from running_model_handler.shell.clock import Clock
from running_model_handler.shell.cloudformation import Stacks
from running_model_handler.shell.rekognition import Models

_logger = logging.getLogger("running_model")
_T = TypeVar("_T")


class HandOverDue(Exception):
    """The invocation is about to end: go on in a fresh one."""


class RequestEnded(Exception):
    """CloudFormation no longer waits for this request, or never sent it twice."""

    def __init__(self, view: StackView) -> None:
        super().__init__(f"CloudFormation has ended this request ({view})")
        self.view = view


@dataclass(frozen=True, slots=True)
class Invocation:
    """The invocation that the code runs in."""

    ends_at: float
    """Seconds since the epoch."""
    seconds: float
    """How long it had at its start."""

    @property
    def hand_over_at(self) -> float:
        """From when on the request goes over to the next invocation."""
        return self.ends_at - hand_over_margin(self.seconds)


class Worker:
    """Works on one request in one invocation."""

    def __init__(
        self,
        envelope: Envelope,
        state: State,
        *,
        models: Models,
        stacks: Stacks,
        clock: Clock,
        invocation: Invocation,
        poll_interval_seconds: float,
    ) -> None:
        self.envelope = envelope
        self.state = state
        self.models = models
        self.stacks = stacks
        self.clock = clock
        self._invocation = invocation
        self._poll_interval_seconds = poll_interval_seconds
        self._looked_at_stack_at = clock.now()
        if not state.started_at:
            state.started_at = clock.now()
        self.timeout_seconds: float | None = None
        """How long the present step may take, counted from the request; None for as long as there is."""
        self.operation_began_at = 0.0
        """When the operation that CloudFormation was last seen to wait for began, by its own word."""
        self.expected_seconds: dict[str, int | None] = {}
        """What the last starts of models took, as their tags told last."""

    @property
    def deadline(self) -> float:
        """When the present step has to end. It moves when the start of the request becomes known."""
        started_at, ceiling = self.state.started_at, self.envelope.service_timeout_seconds
        if self.timeout_seconds is None:
            return answer_deadline(started_at, ceiling)
        return start_deadline(started_at, self.timeout_seconds, ceiling)

    # --- time ---------------------------------------------------------------------------------------

    def out_of_time(self) -> bool:
        """Whether the deadline of the present step has passed."""
        return self.clock.now() >= self.deadline

    def pause(self, seconds: float) -> None:
        """Sleep, no longer than to the deadline; raises ``HandOverDue`` when the invocation is too short."""
        now = self.clock.now()
        seconds = max(0.0, min(seconds, self.deadline - now))
        if now + seconds >= self._invocation.hand_over_at:
            raise HandOverDue
        self.clock.sleep(seconds)

    def pause_between_looks(self, *, at_most: float = math.inf) -> None:
        """Sleep for a poll interval, ``at_most`` so many seconds."""
        self.pause(min(at_most, poll_seconds(self._poll_interval_seconds, self.clock.chance())))

    def pause_while_starting(self, arn: ProjectVersionArn) -> None:
        """Sleep for as long as the schedule says, while a start that was accepted is waited for.

        A pause that does not fit into the invocation ends with a look right before the hand-over: how much
        of an invocation is waited in does not depend on how long a pause is.
        """
        room = self._invocation.hand_over_at - self.clock.now()
        longest = max(self._poll_interval_seconds, room - LAST_LOOK_SECONDS)
        self.pause(min(longest, self._seconds_while_starting(arn)))

    def pause_while_stopping(self, arn: ProjectVersionArn) -> None:
        """The same while a stop that was accepted is waited for."""
        now = self.clock.now()
        elapsed = now - self.state.model(str(arn)).stop_at
        self.pause(
            stopping_seconds(
                elapsed,
                self._poll_interval_seconds,
                self.state.throttles_recently(now),
                self.state.neighbours,
                self.clock.chance(),
            )
        )

    def _seconds_while_starting(self, arn: ProjectVersionArn) -> float:
        now = self.clock.now()
        return pause_seconds(
            now - self.state.model(str(arn)).start_at,
            self.expected_seconds.get(str(arn)),
            self._poll_interval_seconds,
            self.state.throttles_recently(now),
            self.state.neighbours,
            self.clock.chance(),
        )

    # --- calls --------------------------------------------------------------------------------------

    def attempt(self, call: Callable[[], _T]) -> _T:
        """Call until there is an answer that means something.

        Raises ``RequestFailed`` when the deadline passes or a permission is missing for a minute, and the
        ``ServiceError`` itself for everything that another try would not change.
        """
        tries = 0
        while True:
            try:
                return call()
            except ServiceError as error:
                self.absorb(error)
                tries += 1
                self.pause(backoff_seconds(tries, self.clock.chance()))

    def absorb(self, error: ServiceError) -> None:
        """Take note of an error that another try may overcome; raises otherwise, see ``attempt``."""
        now = self.clock.now()
        _logger.warning(
            "call failed",
            extra={"action": error.action, "code": error.code, "kind": error.kind.name},
        )
        if error.kind is ErrorKind.THROTTLED:
            self.state.note_throttle(now)
        if error.kind is ErrorKind.DENIED:
            self.state.denied_since = self.state.denied_since or now
            if now - self.state.denied_since >= min(
                ACCESS_DENIED_SECONDS, self.envelope.service_timeout_seconds / 4
            ):
                raise RequestFailed(
                    f"the function's role lacks permission for {error.action} on {error.resource}; "
                    f"allow it and deploy again ({error.message})"
                ) from error
        elif not error.transient:
            raise error
        self.state.tries += 1
        self.state.last_error = f"{error.action}: {error.code}"
        if self.out_of_time():
            raise RequestFailed(
                f"AWS did not answer in time: {self.state.tries} tries failed, the last with "
                f"{error.code} on {error.action}; deploy again"
            ) from error

    # --- the model ----------------------------------------------------------------------------------

    def claim(self, arn: ProjectVersionArn) -> Claim:
        """The claim in the tags of a model; ``ServiceError`` NOT_FOUND when there is no such version."""
        claim = read_claim(self.attempt(lambda: self.models.tags(arn)))
        self.expected_seconds[str(arn)] = claim.start_seconds
        if claim.is_of(self.envelope.owner):
            self.state.model(str(arn)).held_at = self.clock.now()
        return claim

    def note_start_seconds(self, arn: ProjectVersionArn) -> None:
        """Note in the model's tags what its start took, if this request has seen that: once, in one call.

        It only spares calls: what goes wrong with it is no reason to fail, nor to try again.
        """
        memory = self.state.model(str(arn))
        took, memory.start_seconds = memory.start_seconds, 0
        if not START_SECONDS_MIN <= took <= START_SECONDS_MAX:
            return
        if not is_news(took, self.expected_seconds.get(str(arn))):
            return
        try:
            self.models.tag(arn, {str(Tag.START_SECONDS): str(took)})
        except ServiceError as error:
            _logger.warning("start time not noted", extra={"model": str(arn), "problem": str(error)})

    def claim_or_none(self, arn: ProjectVersionArn) -> Claim | None:
        """The claim on a version, None if there is no such version."""
        try:
            return self.claim(arn)
        except ServiceError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise

    def project(
        self, arn: ProjectVersionArn, declared: ProjectArn | None, claim: Claim | None
    ) -> ProjectArn | None:
        """The project of a version: declared, remembered in the claim, or looked up; None if it is gone."""
        known = self.state.project_arns.get(str(arn))
        if known is not None:
            return arn.project_arn(known)
        project = declared
        if project is None and claim is not None and claim.project_created is not None:
            project = arn.project_arn(claim.project_created)
        if project is None:
            return self.look_up_project(arn)
        self.state.project_arns[str(arn)] = project.created
        return project

    def look_up_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        """The project of a version as the service knows it, whatever was declared or remembered."""
        project = self.attempt(lambda: self.models.find_project(arn))
        if project is not None:
            self.state.project_arns[str(arn)] = project.created
        return project

    def observe(self, arn: ProjectVersionArn, project: ProjectArn | None) -> Observation:
        """One look at a model; ``ABSENT`` where its project is gone too."""
        if project is None:
            return ABSENT
        known = project
        try:
            seen = self.attempt(lambda: self.models.observe(arn, known))
        except ServiceError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            seen = ABSENT
        self.state.model(str(arn)).note_observation(seen, self.clock.now())
        return seen

    # --- what CloudFormation wants ------------------------------------------------------------------

    def look_at_resource(self, logical_id: str, stack_id: str | None = None) -> ResourceView | None:
        """A resource as CloudFormation shows it; None if it does not exist."""
        stack = stack_id or self.envelope.stack_id
        return self.attempt(lambda: self.stacks.resource(stack, logical_id))

    def look_at_latest_event(self) -> ResourceView | None:
        """The own resource as the stack's events show it."""
        envelope = self.envelope
        seen = self.attempt(lambda: self.stacks.latest_event(envelope.stack_id, envelope.logical_id))
        if is_expected(RequestType(envelope.request_type), seen):
            self._looked_at_stack_at = self.clock.now()
            self._note_operation(seen)
        if seen is not None:
            self.state.neighbours = seen.models_under_way
        return seen

    def count_neighbours(self) -> None:
        """Learn how many models of the stack are under way, unless that is known.

        It only spares calls: what goes wrong with it is no reason to fail, nor to try again.
        """
        if self.state.neighbours:
            return
        try:
            seen = self.stacks.latest_event(self.envelope.stack_id, self.envelope.logical_id)
        except ServiceError as error:
            _logger.warning("neighbours not counted", extra={"problem": str(error)})
            seen = None
        self.state.neighbours = max(1, seen.models_under_way if seen is not None else 0)

    def look_at_stack(self) -> StackView:
        """The own resource and stack.

        How fresh the status of a resource is, is not documented: where it does not fit the request, the
        stack's latest event on it is asked too.
        """
        request_type = RequestType(self.envelope.request_type)
        view = StackView(self.look_at_resource(self.envelope.logical_id))
        if not is_expected(request_type, view.resource):
            view = StackView(newer(view.resource, self.look_at_latest_event()))
        if request_type is not RequestType.CREATE:
            status = self.attempt(lambda: self.stacks.stack_status(self.envelope.stack_id))
            view = StackView(view.resource, status or "gone")
        self._looked_at_stack_at = self.clock.now()
        self._note_operation(view.resource)
        return view

    def require_wanted(self) -> None:
        """Raise ``RequestEnded`` unless CloudFormation still wants what this request asks for."""
        request_type = RequestType(self.envelope.request_type)
        while True:
            looked_at = self.clock.now()
            view = self.look_at_stack()
            if request_type is RequestType.UPDATE and not self.state.begun_as:
                self.state.begun_as = view.direction
            begun_as = Direction(self.state.begun_as) if self.state.begun_as else None
            if still_wanted(request_type, begun_as, view):
                return
            self.wait_for_news(view, looked_at)

    def wait_for_news(self, view: StackView, looked_at: float) -> None:
        """Let a second pass for CloudFormation to show the request; raises ``RequestEnded`` if it had time.

        How fresh an answer is, is not documented: right after the request was sent, the resource may not be
        shown at all, or as it was before: even deleted, where it is made anew. Only the deletion of what the
        request itself names is certain. ``looked_at`` is when the look began; calls are tried again.
        """
        had_time = looked_at - self.state.started_at >= LAG_SECONDS
        if had_time or self.out_of_time() or is_deletion_of(self.envelope.physical_id, view.resource):
            raise RequestEnded(view)
        self.pause(1.0)

    @property
    def is_time_to_look_at_stack(self) -> bool:
        """Whether the last look at what CloudFormation wants is a while ago."""
        return self.clock.now() - self._looked_at_stack_at >= STACK_LOOK_SECONDS

    @property
    def is_overtaken(self) -> bool:
        """Whether the operation that CloudFormation waits for began after this request was delivered."""
        return self.operation_began_at > self.state.started_at + CLOCKS_APART_SECONDS

    def is_later_than_operation(self, event: ResourceView) -> bool:
        """Whether an event tells what came after the operation that was seen under way."""
        return event.updated_at is not None and event.updated_at > self.operation_began_at > 0.0

    def _note_operation(self, resource: ResourceView | None) -> None:
        if resource is not None and resource.updated_at is not None:
            self.operation_began_at = resource.updated_at
        if self.envelope.request_type == RequestType.UPDATE:
            # One that is rolled back looks like the roll-back: only a look at its properties tells.
            return
        if resource is None or resource.physical_id in (None, self.envelope.physical_id):
            # Else it is the deletion of what the resource was before.
            self.note_start_of_request(resource)

    def note_start_of_request(self, resource: ResourceView | None) -> None:
        """The queue before the function takes its share of the hour: count from CloudFormation's own time."""
        if resource is None or resource.updated_at is None:
            return
        if resource.status.endswith("_IN_PROGRESS") and not self.state.hand_overs:
            age = self.state.started_at - resource.updated_at
            if 0 < age < self.envelope.service_timeout_seconds:
                self.state.started_at = resource.updated_at
