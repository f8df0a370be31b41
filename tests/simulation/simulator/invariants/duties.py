"""Whether a model with guards is needed, by what is declared, what people did and what calls for it.

It knows nothing of a handler: neither its tags nor its table. Where the guards leave it to somebody's
judgement, or to what can't be known, it says so (None), and nobody is judged by it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from running_model_handler.core.guards import parse_hours
from running_model_handler.core.hours import Hours, Period, hours_at, last_stop
from simulator.conditions import STALE_SECONDS
from simulator.invariants.truth import Owner, Truth
from simulator.plan import EMPTY_FAULTS, Guarded
from simulator.rekognition import PERSON, Change, Model
from simulator.requests import Outcome, Request
from simulator.sweeps import Sweep

if TYPE_CHECKING:
    from simulator.world import World

LEAD_SECONDS_MAX: Final = 3600.0
"""How early hours may begin where no lead is declared: a start takes no longer."""
NOTICED_SECONDS: Final = 900.0
"""So long a model runs before it is certain that somebody has seen that it does."""
METRIC_SECONDS: Final = 1_200.0
"""A period of the metric of calls that is not over, one more, and how late it may be."""
YOUNG_SECONDS: Final = 1_800.0
"""No model that has not run for so long is idle."""
QUEUE_SECONDS: Final = 1_200.0
"""What it takes until it is known that a queue is empty: rounds that were missed, numbers that settle."""


class _Silent(Enum):
    """A guard has no word to say."""

    SILENT = auto()


_SILENT: Final = _Silent.SILENT


class Duties:
    """What is asked of models by their guards."""

    def __init__(self, world: World, truth: Truth) -> None:
        self._world = world
        self._truth = truth

    def last_deployment(self, owner: Owner, arn: str) -> Request | None:
        """The request that has brought a resource with a model; None where the last one is another one."""
        requests = [one for one in self._truth.requests_of(owner) if one.type != "Delete"]
        if not requests or requests[-1].outcome is not Outcome.SUCCESS or requests[-1].refused:
            return None
        return requests[-1] if requests[-1].declared_arn == arn else None

    @staticmethod
    def has_guards(request: Request) -> bool:
        """Whether a request declares guards, or the one before it has."""
        declares = request.declared is not None and request.declared.guarded is not None
        return declares or _had_guards(request)

    def needed_before(self, owner: Owner, model: Model) -> bool:
        """Whether a model is certainly needed by the last request that has brought its resource with it."""
        for request in reversed(self._truth.requests_of(owner)):
            if request.outcome is Outcome.SUCCESS and request.declared_arn == model.plan.arn:
                return self.needs(request, model, before=STALE_SECONDS, after=STALE_SECONDS)
        return True

    def duty(self, owner: Owner, model: Model, now: float) -> bool | None:
        """Whether a resource needs its model at a moment; None where that can't be told."""
        deployed = self.last_deployment(owner, model.plan.arn)
        return None if deployed is None else self.duty_of(deployed, model, now)

    def needs(self, request: Request, model: Model, *, before: float = 0.0, after: float = 0.0) -> bool:
        """Whether a request's model is certainly needed, so long before now and after."""
        if not self.has_guards(request):
            return True
        guarded = request.declared.guarded if request.declared is not None else None
        if guarded is not None and guarded.empty_seconds is not None:
            # A deployment does not ask a queue.
            return False
        now = self._world.kernel.now
        return all(self.duty_of(request, model, at) for at in (now - before, now, now + after))

    def duty_of(self, deployed: Request, model: Model, now: float) -> bool | None:
        """Whether a model is needed by what a request has deployed, or is to."""
        owner, declared = deployed.owner, deployed.declared
        if declared is None or declared.guarded is None:
            return None
        said = self._said(model, now)
        if said is not None:
            return said
        guarded = declared.guarded
        over = self._is_over(owner, deployed, guarded, now)
        if over is not False:
            return None if over is None else False
        for verdict in (
            self._by_queue(model, deployed, guarded, now),
            self._by_calls(model, deployed, guarded, now),
            self._by_hours(model, deployed, guarded, now),
        ):
            if not isinstance(verdict, _Silent):
                return verdict
        return self._by_deployment(model, deployed)

    # --- guard by guard -------------------------------------------------------------------------------

    def _said(self, model: Model, now: float) -> bool | None:
        demands = self._world.demands
        said = demands.said.get(model.plan.arn, []) if demands is not None else []
        # A second word of the same kind replaces the first one.
        last = {one.on: one for one in said if one.given <= now}
        holding = [one for one in last.values() if now < one.until]
        return max(holding, key=lambda one: (one.given, not one.on)).on if holding else None

    def _is_over(self, owner: Owner, deployed: Request, guarded: Guarded, now: float) -> bool | None:
        """Whether the time is over that is set by the last deployment that changes anything that counts."""
        if guarded.stop_after_seconds is None:
            return False
        requests = [one for one in self._truth.requests_of(owner) if one.type != "Delete"]
        declaring = self._truth.declaring(deployed.declared_arn)
        if any(one.owner != owner and "StopAfterSeconds" in one.properties for one in declaring):
            # There is one deadline for a model, whoever declares it.
            return None
        if now < min(one.sent_at for one in requests) + guarded.stop_after_seconds:
            return False
        if any(one.outcome is not Outcome.SUCCESS or one.rolls_back for one in requests):
            return None if now < deployed.sent_at + guarded.stop_after_seconds else True
        last = max((one.sent_at for one in requests if _sets_a_deadline(one)), default=None)
        return None if last is None else now >= last + guarded.stop_after_seconds

    def turns(self, deployed: Request, model: Model, since: float, now: float) -> bool:
        """Whether anything but a deployment and people's acts may have turned it between two moments."""
        guarded = deployed.declared.guarded if deployed.declared is not None else None
        if guarded is None or (guarded.hours and _edge_within(guarded, since, now)):
            return True
        moments: list[float] = []
        if guarded.stop_after_seconds is not None:
            requests = self._truth.requests_of(deployed.owner)
            moments += [one.sent_at + guarded.stop_after_seconds for one in requests]
        demands = self._world.demands
        if demands is not None:
            moments += demands.edges()
            moments += [at for one in demands.said.get(model.plan.arn, ()) for at in (one.given, one.until)]
        if any(since <= at <= now for at in moments):
            return True
        idle = guarded.idle_seconds is not None and now - since >= YOUNG_SECONDS
        waited = guarded.empty_seconds is not None and now - since >= guarded.empty_seconds
        return idle or waited

    def _by_queue(
        self, model: Model, deployed: Request, guarded: Guarded, now: float
    ) -> bool | _Silent | None:
        demands = self._world.demands
        if guarded.empty_seconds is None or demands is None:
            return _SILENT
        if demands.messages(now):
            return None if _last_of_a_person(model) is not None else True
        if model.status == "STARTING":
            # Nobody knows for how long nothing waited before it ran.
            return None
        quiet = guarded.empty_seconds + QUEUE_SECONDS
        edges = [at for at in demands.edges() if at <= now]
        changed = max((*edges, self._seen_at(deployed, model)))
        return _SILENT if now >= changed + quiet else None

    def _seen_at(self, deployed: Request, model: Model) -> float:
        """From when on a sweep has seen what the model is: those that come while a stack works look away."""
        demands = self._world.demands
        outages = [until for until in demands.outages() if until >= model.now.at] if demands else []
        return max((model.now.at, deployed.stack.statuses[-1][0], *outages))

    def _by_calls(
        self, model: Model, deployed: Request, guarded: Guarded, now: float
    ) -> bool | _Silent | None:
        demands = self._world.demands
        if guarded.idle_seconds is None or demands is None:
            return _SILENT
        if model.status != "RUNNING":
            # It may have been stopped as idle, until something asks for it.
            stopped = _last(model, "Stop")
            asked = deployed.sent_at
            rests = stopped is not None and isinstance(stopped.by, Sweep) and stopped.at >= asked
            return None if rests else _SILENT
        begun = self._seen_at(deployed, model)
        called = max(begun, demands.last_call(0.0, now) or 0.0)
        idle_at = max(begun + YOUNG_SECONDS, called + guarded.idle_seconds)
        certain = self._world.plan.faults == EMPTY_FAULTS and not self._world.plan.kills
        if certain and now >= idle_at + METRIC_SECONDS + NOTICED_SECONDS:
            return False
        begun = max(model.now.at, deployed.sent_at)
        # What was called a moment ago the metric need not count yet.
        called = max(begun, demands.last_call(0.0, now - METRIC_SECONDS) or 0.0)
        idle_at = max(begun + YOUNG_SECONDS, called + guarded.idle_seconds)
        return None if now >= idle_at else _SILENT

    def _by_hours(
        self, model: Model, deployed: Request, guarded: Guarded, now: float
    ) -> bool | _Silent | None:
        periods = parse_hours(guarded.hours, name="hours")
        starting = tuple(one for one in periods if one.start is not None)
        if starting:
            hours = _hours(starting, guarded, now)
            if hours is None or not hours.on:
                return None if hours is None else False
            return self._unless_stopped(model, deployed, max(hours.since or 0.0, deployed.sent_at))
        if guarded.empty_seconds is not None:
            return False
        stop = last_stop(periods, now)
        if stop is None:
            return _SILENT
        return _after_a_stop(model, deployed, stop)

    def _by_deployment(self, model: Model, deployed: Request) -> bool | None:
        return self._unless_stopped(model, deployed, deployed.sent_at)

    @staticmethod
    def _unless_stopped(model: Model, deployed: Request, since: float) -> bool | None:
        """True, unless a person has stopped it since; None where nobody may have seen that.

        As long as the deployment has not ended, what it asks for may not even have been heard.
        """
        stopped = _last(model, "Stop")
        if stopped is None or stopped.by != PERSON or stopped.at < since:
            return True if _last_of_a_person(model) is None else None
        before = model.look_at(stopped.at - 0.001)
        ran = before.status == "RUNNING" and stopped.at - before.at > NOTICED_SECONDS
        started = _last(model, "Start")
        again = started is not None and started.at > stopped.at
        heard = deployed.ended_at is not None and stopped.at > deployed.ended_at
        return False if ran and heard and stopped.at > since + NOTICED_SECONDS and not again else None


def _hours(periods: tuple[Period, ...], guarded: Guarded, now: float) -> Hours | None:
    if guarded.lead_seconds is not None:
        return hours_at(periods, now, guarded.lead_seconds)
    late, early = hours_at(periods, now), hours_at(periods, now, LEAD_SECONDS_MAX)
    return late if late.on is early.on else None


def _after_a_stop(model: Model, deployed: Request, stop: float) -> bool | _Silent | None:
    """Of hours that only stop."""
    started = _last(model, "Start")
    begun = max(deployed.sent_at, started.at if started is not None else 0.0)
    if begun < stop - NOTICED_SECONDS:
        return False
    return _SILENT if deployed.sent_at > stop and _last_of_a_person(model) is None else None


def _edge_within(guarded: Guarded, since: float, now: float) -> bool:
    """Whether hours may begin or end between two moments."""
    periods = parse_hours(guarded.hours, name="hours")
    starting = tuple(one for one in periods if one.start is not None)
    leads = (0.0, LEAD_SECONDS_MAX) if guarded.lead_seconds is None else (guarded.lead_seconds,)
    ends = [hours_at(starting, since, lead).until for lead in leads]
    stop = last_stop(periods, now)
    early = bool(starting) and guarded.lead_seconds is None
    return early or any(at is not None and at <= now for at in ends) or (stop is not None and stop >= since)


def _had_guards(request: Request) -> bool:
    names = {"RunningHours", "StopAfterSeconds", "StopWhenIdleSeconds", "StartForQueueUrl"}
    return bool(names & set(request.old_properties or {}))


def _sets_a_deadline(request: Request) -> bool:
    if request.type == "Create" or request.old_properties is None:
        return True
    names = ("ProjectVersionArn", "MinInferenceUnits", "MaxInferenceUnits", "StopAfterSeconds")
    return any(request.properties.get(name) != request.old_properties.get(name) for name in names)


def _last(model: Model, verb: str) -> Change | None:
    return next((change for change in reversed(model.changes) if change.verb == verb), None)


def _last_of_a_person(model: Model) -> Change | None:
    return next((change for change in reversed(model.changes) if change.by == PERSON), None)
