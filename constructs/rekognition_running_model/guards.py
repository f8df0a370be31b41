"""Guards: when a model is needed, as a user declares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import CfnResource, Duration, Stack, TimeZone, Token
from constructs import Construct

from rekognition_running_model._checks import Checks, example, shown
from rekognition_running_model._declared import place_of
from rekognition_running_model._function import is_queue
from rekognition_running_model._schedules import Schedules, make_only_with
from rekognition_running_model._tokens import is_token
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.guards import (
    check_hours,
    check_stop_after,
    hours_text,
    make_period,
    parse_empty_seconds,
    parse_idle_seconds,
    parse_lead_seconds,
    parse_stop_after_seconds,
)
from running_model_handler.core.hours import DAYS, MINUTES_OF_A_DAY, Period
from running_model_handler.core.names import SCHEDULED_TIME, SWEEP, Property
from running_model_handler.core.waiting import TIMEOUT_SECONDS_DEFAULT

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

GUARDS: Final = ("running_hours", "lead_time", "stop_after", "stop_when_idle", "start_for", "stop_when_empty")
SWEEP_MINUTES: Final = 5
SWEEP_MINUTES_WITH_A_QUEUE: Final = 1
"""Whoever has put a message into the queue waits for the sweep, and then for the start."""
_NAME: Final = "running_hours"
_OF_CLOUDFORMATION: Final = (Property.SERVICE_TOKEN, Property.SERVICE_TIMEOUT, Property.DEPLOYMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningHours:
    """A piece of certain days in which a model is needed, or a moment at which it only stops.

    :param days: names of three letters, ``MON`` to ``SUN``, and ranges of them, in one text or several:
        ``"MON-FRI"``, ``"MON,WED"``, ``["SAT", "SUN"]``. They are the days on which it begins.
    :param start: clock time ``HH:MM``, 00:00 to 23:59. None: nothing starts the model, it is only stopped.
    :param stop: clock time, up to 24:00; not included.
    :param time_zone: IANA's name, or one of ``aws_cdk.TimeZone``. A time that a clock change leaves out is
        the moment of the change; an hour that comes twice belongs to the period both times.
    :param over_midnight: it stops on the day after. Default False.
    """

    days: str | Sequence[str]
    stop: str
    time_zone: str | TimeZone
    start: str | None = None
    over_midnight: bool = False

    def period(self) -> Period:
        """As the handler knows it; raises ``InvalidProperty`` for what breaks a rule."""
        if not isinstance(self.over_midnight, bool):
            raise InvalidProperty(_NAME, self.over_midnight, "must have True or False as over_midnight")
        if self.over_midnight and self._ends_on_its_day():
            raise InvalidProperty(
                _NAME,
                f"{self.start or 'no start'} to {self.stop}, over_midnight=True",
                "must go over midnight only where it stops earlier than it starts, a day later",
            )
        return self._make(over_midnight=self.over_midnight)

    def _ends_on_its_day(self) -> bool:
        try:
            self._make(over_midnight=False)
        except InvalidProperty:
            return False
        return True

    def _make(self, *, over_midnight: bool) -> Period:
        if not isinstance(self.days, Sequence):
            raise InvalidProperty(_NAME, self.days, "must name its days in a text or a list of texts")
        texts = [self.days] if isinstance(self.days, str) else list(self.days)
        days = [day.strip() for text in texts for day in str(text).split(",") if day.strip()]
        zone = self.time_zone.timezone_name if isinstance(self.time_zone, TimeZone) else self.time_zone
        return make_period(days, self.start, self.stop, zone, over_midnight=over_midnight, name=_NAME)


@dataclass(frozen=True, slots=True)
class DeclaredGuards:
    """What is given of guards, checked; what the resource and the schedules are made of."""

    periods: tuple[Period, ...] = ()
    lead_seconds: int | None = None
    stop_after_seconds: int | None = None
    idle_seconds: int | None = None
    queue: sqs.IQueue | None = None
    empty_seconds: int | None = None

    @property
    def any(self) -> bool:
        """Whether the model may ever be stopped while its stack is there."""
        return bool(self.periods or self.stop_after_seconds or self.idle_seconds or self.queue is not None)

    def properties(self) -> dict[Property, Any]:
        """The properties of the resource; None for what is not declared."""
        return {
            Property.RUNNING_HOURS: hours_text(self.periods) or None,
            Property.LEAD_SECONDS: self.lead_seconds,
            Property.STOP_AFTER_SECONDS: self.stop_after_seconds,
            Property.IDLE_SECONDS: self.idle_seconds,
            Property.QUEUE_URL: None if self.queue is None else self.queue.queue_url,
            Property.QUEUE_EMPTY_SECONDS: self.empty_seconds,
        }

    @property
    def sweep_minutes(self) -> int:
        """How often a sweep looks."""
        return SWEEP_MINUTES if self.queue is None else SWEEP_MINUTES_WITH_A_QUEUE


def checked_guards(
    checks: Checks,
    construct: Construct,
    *,
    project_version_arn: Any,
    running_hours: Any,
    lead_time: Any,
    stop_after: Any,
    stop_when_idle: Any,
    start_for: Any,
    stop_when_empty: Any,
    timeout_seconds: int | None,
) -> DeclaredGuards:
    """The guards as they are given; what is wrong with them goes into ``checks``."""
    hours = _periods(checks, running_hours)
    guards = DeclaredGuards(
        periods=hours,
        lead_seconds=checks.seconds(lead_time, "lead_time", parse_lead_seconds),
        stop_after_seconds=checks.seconds(stop_after, "stop_after", parse_stop_after_seconds),
        idle_seconds=checks.seconds(stop_when_idle, "stop_when_idle", parse_idle_seconds),
        queue=start_for,
        empty_seconds=checks.seconds(stop_when_empty, "stop_when_empty", parse_empty_seconds),
    )
    deadline, most = guards.stop_after_seconds, timeout_seconds or TIMEOUT_SECONDS_DEFAULT
    if deadline is not None and not stop_after.is_unresolved():
        checks.run(lambda: check_stop_after(deadline, most, name="stop_after"))
    if lead_time is not None and not any(period.start is not None for period in hours):
        checks.wrong("lead_time", "must come with running_hours that have a start", lead_time)
    if stop_when_empty is not None and start_for is None:
        checks.wrong("stop_when_empty", "must come with start_for", stop_when_empty)
    if start_for is not None:
        _check_queue(checks, construct, project_version_arn, start_for)
    return guards


def _periods(checks: Checks, given: Any) -> tuple[Period, ...]:
    if given is None:
        return ()
    several = [given] if isinstance(given, RunningHours) else given
    if isinstance(several, str) or not isinstance(several, Sequence):
        checks.wrong(_NAME, "must be RunningHours, or a list of them", given)
        return ()
    found = []
    for one in several:
        if not isinstance(one, RunningHours):
            checks.wrong(_NAME, "must be RunningHours, or a list of them", one)
            continue
        token = _token_in(one)
        if token is not None:
            rule = "must be known at synth, since schedules are made of it"
            checks.wrong(_NAME, rule, token)
            continue
        period = checks.run(one.period, like="over_midnight" if _is_reversed(one) else _NAME)
        if period is not None:
            found.append(period)
    if not several:
        checks.wrong(_NAME, "must hold at least one period; omit it for all hours", given)
    return checks.run(lambda: check_hours(found, name=_NAME)) or ()


def _token_in(hours: RunningHours) -> Any:
    """What of it only the deployment knows."""
    days = hours.days if isinstance(hours.days, Sequence) and not is_token(hours.days) else [hours.days]
    return next((part for part in (*days, hours.start, hours.stop, hours.time_zone) if is_token(part)), None)


def _is_reversed(hours: RunningHours) -> bool:
    """Whether it goes over midnight, or looks as if it should."""
    start, stop = hours.start, hours.stop
    return hours.over_midnight is not False or (
        isinstance(start, str) and isinstance(stop, str) and stop.zfill(5) < start.zfill(5)
    )


def _check_queue(checks: Checks, construct: Construct, arn: Any, queue: Any) -> None:
    """A queue of SQS, in the place of the model: the function asks it there, by its own role."""
    if not is_queue(queue):
        checks.wrong("start_for", "must be a queue of SQS", queue)
        return
    place = place_of(construct, arn)
    for what, mine, its in (
        ("account", place.account, queue.env.account),
        ("Region", place.region, queue.env.region),
    ):
        if mine is not None and not Token.is_unresolved(its) and mine != its:
            kind = "FIFO queue" if queue.fifo else "queue"
            checks.wrong(
                "start_for",
                f"must be a queue in the {what} of the model, {mine}: its numbers are asked there, by the "
                "function's role",
                f"{queue.node.path}, a {kind} of {its}",
            )


def refuse_guards(scope: Construct, construct_id: str, given: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` for guards on an imported model, ``TypeError`` for what is no property at all."""
    unknown = next((name for name in given if name not in GUARDS), None)
    if unknown is not None:
        raise TypeError(f"from_project_version_arn() got an unexpected keyword argument {unknown!r}")
    if given:
        path = "/".join(filter(None, (scope.node.path, construct_id)))
        values = ", ".join(f"{name}={shown(value)}" for name, value in given.items())
        raise ValueError(
            f"{path}: {', '.join(given)} must be declared where the model runs, not where it is imported, "
            f'got {values}; for example RunningModel(stack, "Detector", project_version_arn=arn, '
            f"{example(next(iter(given)))})"
        )


def wake(
    construct: Construct,
    schedules: Schedules,
    resource: CfnResource,
    properties: Mapping[str, Any],
    guards: DeclaredGuards,
) -> CfnResource:
    """The schedules of a model: a rate, and, where that is coarse, the edges of the hours; returns the rate.

    They tell the function what a request would: which resource of which stack, and what it declares.
    """
    payload = {
        SWEEP: {
            "StackId": Stack.of(construct).stack_id,
            "LogicalResourceId": resource.logical_id,
            SCHEDULED_TIME: "<aws.scheduler.scheduled-time>",
            "ResourceProperties": {
                key: value for key, value in properties.items() if key not in _OF_CLOUDFORMATION
            },
        }
    }
    words = "Looks whether a Rekognition Custom Labels model is needed"
    sweep = schedules.every(construct, "Sweep", Duration.minutes(guards.sweep_minutes), payload, words)
    make_only_with(sweep, resource)
    if guards.sweep_minutes > 1:
        # The rate finds the beginning where only the deployment knows the lead.
        lead = guards.lead_seconds or 0
        known = 0 if Token.is_unresolved(lead) else lead
        for number, (expression, zone) in enumerate(edges(guards.periods, known)):
            edge = schedules.at(construct, f"Edge{number}", expression, zone, payload, words)
            make_only_with(edge, resource)
    return sweep


def edges(periods: Sequence[Period], lead_seconds: int) -> list[tuple[str, str]]:
    """When the hours begin and end: cron expressions of EventBridge Scheduler with their zones, each once.

    A time that a clock change leaves out is skipped there; the rate finds that edge.
    """
    found: dict[tuple[str, str], None] = {}
    for period in periods:
        if period.start is not None:
            found[_cron(period.days, period.start - -(-lead_seconds // 60)), period.zone] = None
        stop = period.stop + MINUTES_OF_A_DAY * period.over_midnight
        found[_cron(period.days, stop), period.zone] = None
    return list(found)


def _cron(days: Sequence[int], minutes: int) -> str:
    later, minute = divmod(minutes, MINUTES_OF_A_DAY)
    named = ",".join(DAYS[day] for day in sorted((day + later) % 7 for day in days))
    return f"cron({minute % 60} {minute // 60} ? * {named} *)"
