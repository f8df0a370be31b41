"""A sweep: a schedule's look at one model with guards, which starts it or stops it as its duty asks.

What is to be done is ``core.sweeping``'s to decide; here are the calls and the words. The next sweep comes in
minutes, so an error is told, counted, and no reason to fail the invocation. Only what is throttled is tried
again: the sweeps of a stack with many models begin in the same second, every time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from running_model_handler.core.actions import (
    AskClaim,
    AskOwner,
    AskStack,
    FindProject,
    Look,
    StartModel,
    StopModel,
)
from running_model_handler.core.arn import location_of, stop_command
from running_model_handler.core.claim import read_claim
from running_model_handler.core.duty import Duty
from running_model_handler.core.duty_tags import read_duty_tags, record_tags
from running_model_handler.core.errors import ErrorKind, InvalidProperty, ServiceError
from running_model_handler.core.metric_lines import metric_line
from running_model_handler.core.names import SWEEP
from running_model_handler.core.sweeping import (
    AskQueue,
    CountCalls,
    Leave,
    NoteDuty,
    Step,
    SweepViews,
    Unable,
    Unseen,
    next_step,
)
from running_model_handler.core.waiting import backoff_seconds
from running_model_handler.shell.clock import Clock
from running_model_handler.shell.cloudformation import Stacks
from running_model_handler.shell.detections import Detections
from running_model_handler.shell.rekognition import Models
from running_model_handler.shell.waiting_messages import Queues
from running_model_handler.sweep_event import SweepEvent, read_sweep

_logger = logging.getLogger("running_model")
THROTTLES_MAX: Final = 5
STEPS_MAX: Final = 24 + THROTTLES_MAX
"""Twice what a sweep with a queue, idleness and two more holders takes: what grows old is asked anew."""
_COUNTS: Final[dict[type, tuple[str, str]]] = {
    StartModel: ("GuardStarts", "GuardStartFailures"),
    StopModel: ("GuardStops", "GuardStopFailures"),
}
_LOOK_FAILURES: Final = "GuardLookFailures"


class Neighbours(Protocol):
    """What a sweep works with."""

    @property
    def clock(self) -> Clock:
        """Time."""

    @property
    def models(self) -> Models:
        """Rekognition."""

    @property
    def stacks(self) -> Stacks:
        """CloudFormation."""

    @property
    def queues(self) -> Queues:
        """SQS."""

    @property
    def detections(self) -> Detections:
        """CloudWatch."""

    @property
    def tell(self) -> Callable[[str], None]:
        """Takes a line of metrics."""


def sweep(event: Mapping[str, Any], neighbours: Neighbours, function_arn: str) -> None:
    """Look after the model that a schedule's event names; see ``names.SWEEP``."""
    try:
        read = read_sweep(event[SWEEP], location_of(function_arn))
    except InvalidProperty as error:
        _logger.error(f"sweep ignored: {error}", extra={"problem": str(error)})
        return
    _Sweeping(read, neighbours).run()


class _Sweeping:
    """One sweep."""

    def __init__(self, read: SweepEvent, neighbours: Neighbours) -> None:
        self._sweep, self._version = read
        self._neighbours = neighbours
        self._throttles = 0
        self._about = {"model": self._sweep.arn, "resource": self._sweep.owner.logical_id}

    def run(self) -> None:
        """Step by step, to the end."""
        views: SweepViews | None = SweepViews(began_at=self._neighbours.clock.now())
        for _ in range(STEPS_MAX):
            if views is None:
                return
            step, duty = next_step(self._sweep, views, self._neighbours.clock.now())
            match step:
                case Leave(why):
                    _logger.debug(f"sweep: nothing to do: {why}", extra=self._about)
                    return
                case Unable(why):
                    self._fail("GuardStartFailures", f"it is on duty and can't run: {why}")
                    return
                case Unseen(why):
                    self._fail(_LOOK_FAILURES, why)
                    return
            try:
                views = self._after(step, views)
            except ServiceError as error:
                views = views if self._passes(error) else self._after_error(step, error, views)
            else:
                if isinstance(step, StartModel | StopModel):
                    self._tell_act(step, duty)
                    return
                if isinstance(step, NoteDuty) and step.last:
                    _logger.debug(f"sweep: noted: {step.record}", extra=self._about)
                    return
        self._fail(_LOOK_FAILURES, "AWS answers so slowly that all that is known has grown old")

    # --- calls ----------------------------------------------------------------------------------------

    def _after(self, step: Step, views: SweepViews) -> SweepViews:
        """Make the call of a step; what is known after it."""
        neighbours, began = self._neighbours, self._neighbours.clock.now()
        match step:
            case AskClaim():
                tags = neighbours.models.tags(self._version)
                claim = read_claim(tags).begun_by(began)
                return views._replace(claim=claim, duty=read_duty_tags(tags), claim_at=began)
            case FindProject():
                project = neighbours.models.find_project(self._version)
                created = project.created if project is not None else None
                return views._replace(project_created=created, looked_up=True)
            case Look(_, created):
                seen = neighbours.models.observe(self._version, self._version.project_arn(created))
                return views._replace(seen=seen, seen_at=began)
            case AskQueue(url):
                return views._replace(messages=neighbours.queues.messages(url), queue_at=began)
            case CountCalls(since):
                return views._replace(calls=neighbours.detections.calls(since, began), calls_at=began)
            case AskOwner(owner, _):
                view = neighbours.stacks.resource(*owner)
                return views._replace(resources={**views.resources, owner: (view, began)})
            case AskStack():
                return views._replace(story=neighbours.stacks.story(*self._sweep.owner), story_at=began)
            case _:
                return self._change(step, views)

    def _change(self, step: Step, views: SweepViews) -> SweepViews:
        """The calls that change something."""
        models = self._neighbours.models
        match step:
            case NoteDuty(record):
                models.tag(self._version, record_tags(record))
                at, before = self._neighbours.clock.now(), views.duty.record
                return views._replace(written=record, written_at=at, replaced=before)
            case StartModel(_, units):
                models.start(self._version, units)
            case StopModel():
                models.stop(self._version)
        return views

    def _passes(self, error: ServiceError) -> bool:
        """Whether it was a throttle, which had no effect: a while later what to do is decided anew."""
        if error.kind is not ErrorKind.THROTTLED or self._throttles >= THROTTLES_MAX:
            return False
        self._throttles += 1
        clock = self._neighbours.clock
        clock.sleep(backoff_seconds(self._throttles, clock.chance()))
        return True

    def _after_error(self, step: Step, error: ServiceError, views: SweepViews) -> SweepViews | None:
        """What is known after a call that failed; None where the sweep ends with it."""
        now = self._neighbours.clock.now()
        if isinstance(step, StartModel | StopModel) and error.kind is ErrorKind.CHANGED:
            text = f"sweep: {error}; the next sweep looks again"
            _logger.info(text, extra=self._about | {"code": error.code})
            return None
        _, metric = _COUNTS.get(type(step), ("", _LOOK_FAILURES))
        self._fail(metric, f"{error}; {self._remedy(step, error)}")
        match step:
            case AskQueue():
                return views._replace(messages=None, queue_at=now)
            case CountCalls():
                return views._replace(calls=None, calls_at=now)
            case _:
                return None

    # --- words ----------------------------------------------------------------------------------------

    def _remedy(self, step: Step, error: ServiceError) -> str:
        by_hand = f", or stop it by hand: {stop_command(self._version)}" if type(step) is StopModel else ""
        match error.kind:
            case ErrorKind.DENIED:
                return f"allow the function's role {error.action} on {error.resource}{by_hand}"
            case ErrorKind.QUOTA:
                return "stop another running model, declare fewer units, or raise the quota (Service Quotas)"
            case ErrorKind.NOT_FOUND:
                return "check that what is declared still exists"
            case _:
                return f"the next sweep tries again{by_hand}"

    def _tell_act(self, step: StartModel | StopModel, duty: Duty | None) -> None:
        why, until = (duty.why, duty.until) if duty is not None else ("", None)
        end = "" if until is None else f", until {datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}"
        verb = f"started with {step.units} inference units" if type(step) is StartModel else "stopped"
        metric, _ = _COUNTS[type(step)]
        _logger.info(f"sweep: {verb}{end}: {why}", extra=self._about | {"metric": metric})
        self._count(metric, why)

    def _fail(self, metric: str, why: str) -> None:
        _logger.warning(f"sweep: {self._sweep.arn}: {why}", extra=self._about | {"metric": metric})
        self._count(metric, why)

    def _count(self, metric: str, why: str) -> None:
        now, arn = self._neighbours.clock.now(), self._sweep.arn
        self._neighbours.tell(metric_line({metric: 1}, now, ProjectVersionArn=arn, Reason=why))
