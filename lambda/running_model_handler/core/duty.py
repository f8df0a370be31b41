"""Duty: whether a model is needed at a moment, since when, until when, and why; pure.

One table, first match wins. What starts a model on duty (hours, a queue, a deployment) and what ends its duty
(a deadline, no calls, a person) stand in one order, so no two of them undo each other. Times are seconds
since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from running_model_handler.core.hours import Hours, Period, hours_at, last_stop, next_stop
from running_model_handler.core.record import By, Record

LEAD_SECONDS_UNKNOWN: Final = 600.0
"""How early hours begin where neither a lead is declared nor a start was ever measured."""
LEAD_SHARE: Final = 1.1
"""Of the last start: the next one may take a tenth longer."""
LEAD_SECONDS_MAX: Final = 55 * 60
"""As long as a start may take."""
IDLE_AGE_SECONDS_MIN: Final = 1800.0
"""No model is idle that has not run for half an hour: who starts it still has to begin to use it."""
_STEPS_MAX: Final = 64
"""Moments that are looked at for the end of a duty; a week of hours has fewer that change it."""


@dataclass(frozen=True, slots=True)
class QueueGuard:
    """A queue whose messages need the model."""

    url: str
    empty_seconds: int
    """For so long nothing waits and nothing is in flight before the duty ends."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What is declared; nothing of it means that the model is always needed."""

    hours: tuple[Period, ...] = ()
    lead_seconds: int | None = None
    """How early the hours begin; None: as long as the last start took, see ``lead_of``."""
    stop_after_seconds: int | None = None
    idle_seconds: int | None = None
    queue: QueueGuard | None = None

    @property
    def any(self) -> bool:
        """Whether a guard is declared at all."""
        return bool(self.hours or self.stop_after_seconds or self.idle_seconds or self.queue)

    @property
    def starting_hours(self) -> tuple[Period, ...]:
        """The periods in which the model is needed."""
        return tuple(each for each in self.hours if each.start is not None)

    @property
    def stopping_hours(self) -> tuple[Period, ...]:
        """The moments at which it only stops."""
        return tuple(each for each in self.hours if each.start is None)


UNGUARDED: Final = Guards()
"""Nothing is declared: the model is always needed."""


class Override(NamedTuple):
    """What a person said for a while: keep it running, or keep it off."""

    on: bool
    until: float
    given: float
    """When it was said: the later word counts."""


class Calls(NamedTuple):
    """DetectCustomLabels calls of the account and Region (AWS/Rekognition, Operation=DetectCustomLabels)."""

    since: float
    """From when on they were counted."""
    last: float | None
    """The end of the last period of the metric with a call; None: none since then."""


class Messages(NamedTuple):
    """What a queue holds (GetQueueAttributes), by its approximate numbers."""

    waiting: int
    other: int = 0
    """In flight, or delayed."""


class Facts(NamedTuple):
    """All that a verdict is based on."""

    guards: Guards
    record: Record | None = None
    """The memory of the model, after what was seen last was noted."""
    asked_at: float | None = None
    """When a deployment last asked for the model."""
    stop_at: float | None = None
    """The deadline that the last deployment set; None: counted from ``asked_at``."""
    overrides: tuple[Override, ...] = ()
    start_seconds: float | None = None
    """What the last start took."""
    calls: Calls | None = None
    """None where they could not be counted: then nothing is idle."""
    messages: Messages | None = None
    """None where the queue could not be asked: then a model that is up stays so."""
    up_since: float | None = None
    """When it was asked to run, where it is only now seen that it does; None: what ``record`` says."""


class Duty(NamedTuple):
    """A verdict."""

    on: bool
    since: float | None
    until: float | None
    """When it turns by the clock alone; None where it takes somebody, or something, to turn it."""
    why: str
    by: By
    """What to write with ``asked`` where it is acted upon."""


class _Verdict(NamedTuple):
    on: bool
    since: float | None
    why: str
    by: By = By.DUTY


def duty_of(facts: Facts, now: float) -> Duty:
    """Whether the model is needed now; ``until`` supposes that nothing else happens."""
    on, since, why, by = _verdict(facts, now)
    return Duty(on, since, _until(facts, now, on=on), why, by)


def lead_of(guards: Guards, start_seconds: float | None) -> float:
    """How early hours begin, in seconds: as declared, else a little more than the last start took."""
    if guards.lead_seconds is not None:
        return float(guards.lead_seconds)
    if start_seconds is None:
        return LEAD_SECONDS_UNKNOWN
    return min(start_seconds * LEAD_SHARE, LEAD_SECONDS_MAX)


def deadline_of(guards: Guards, asked_at: float) -> float | None:
    """The deadline that a deployment sets which starts or resizes the model, or changes ``stop_after``."""
    return None if guards.stop_after_seconds is None else asked_at + guards.stop_after_seconds


def needs_calls(facts: Facts, now: float) -> bool:
    """Whether it has to be known when the model was called last; counting calls has a price.

    Whatever they were, a model that has not been up for long enough is not idle.
    """
    never = facts._replace(calls=Calls(0.0, None))
    at = _idle_at(never)
    return at is not None and now >= at


def _verdict(facts: Facts, now: float) -> _Verdict:
    """The table."""
    guards = facts.guards
    hours = _hours(facts, now) if guards.starting_hours else None
    verdict = _by_override(facts, now) or _by_deadline(facts, now) or _by_queue(facts, now, hours)
    verdict = verdict or _by_calls(facts, now)
    if verdict is not None:
        return verdict
    if hours is not None:
        return _by_hours(facts, hours)
    if guards.queue is not None:
        return _Verdict(False, _empty_since(facts), "nothing waits in the queue")
    return _by_stops(facts, now) or _by_deployment(facts)


def _by_override(facts: Facts, now: float) -> _Verdict | None:
    said = [each for each in facts.overrides if now < each.until]
    if not said:
        return None
    # Of two that were said at once, the one that costs nothing.
    last = max(said, key=lambda each: (each.given, not each.on))
    why = "somebody keeps it running" if last.on else "somebody keeps it off"
    return _Verdict(last.on, last.given, why)


def _by_deadline(facts: Facts, now: float) -> _Verdict | None:
    at = _deadline(facts)
    if at is None or now < at:
        return None
    return _Verdict(
        False,
        at,
        "stop_after is over; a deployment that starts or resizes the model or changes it sets another",
    )


def _by_queue(facts: Facts, now: float, hours: Hours | None) -> _Verdict | None:
    """What keeps it running for a queue; that nothing does is said later, after the hours."""
    if facts.guards.queue is None:
        return None
    up, memory = facts.record is not None and facts.record.on, facts.record.queue if facts.record else None
    if facts.messages is None:
        return _Verdict(True, None, "the queue can't be asked, so it stays as it is") if up else None
    since = memory.since if memory is not None else None
    blocked_at = _blocked_at(facts, By.HAND)
    if facts.messages.waiting > 0:
        filled_at = memory.since if memory is not None and not memory.empty else None
        if blocked_at is None or (filled_at is not None and filled_at > blocked_at):
            return _Verdict(True, since, "messages wait in the queue")
        return None
    if not up:
        return None
    if facts.messages.other > 0:
        return _Verdict(True, since, "messages of the queue are in flight")
    lingers = _lingers_until(facts, hours)
    if lingers is None or now < lingers:
        return _Verdict(True, since, "the queue has not been empty for long enough")
    return None


def _by_calls(facts: Facts, now: float) -> _Verdict | None:
    at = _idle_at(facts)
    if at is None or now < at:
        return None
    return _Verdict(False, at, "nobody calls it: no DetectCustomLabels in this account and Region", By.IDLE)


def _by_hours(facts: Facts, hours: Hours) -> _Verdict:
    named = "; ".join(map(str, facts.guards.starting_hours))
    if not hours.on:
        return _Verdict(False, hours.since, f"outside the running hours {named}")
    blocked_at = _blocked_at(facts, By.HAND, By.IDLE)
    if blocked_at is None or (hours.since is not None and hours.since > blocked_at):
        return _Verdict(True, hours.since, f"within the running hours {named}")
    return _Verdict(False, blocked_at, f"{_stopped(facts)}, until the next period of {named}", _by(facts))


def _by_stops(facts: Facts, now: float) -> _Verdict | None:
    at = last_stop(facts.guards.stopping_hours, now)
    if at is None:
        return None
    record = facts.record
    up_since = record.at if record is not None and record.on else 0.0
    # A stop that comes before the first look at what runs is no less one.
    begun = max(facts.asked_at or 0.0, up_since if facts.up_since is None else facts.up_since)
    named = "; ".join(map(str, facts.guards.stopping_hours))
    return _Verdict(False, at, f"stopped by {named}, until somebody starts it") if at > begun else None


def _by_deployment(facts: Facts) -> _Verdict:
    blocked_at = _blocked_at(facts, By.HAND, By.IDLE)
    if blocked_at is None:
        return _Verdict(True, facts.asked_at, "the deployment asks for it")
    return _Verdict(False, blocked_at, f"{_stopped(facts)}, until a deployment asks for it", _by(facts))


def _blocked_at(facts: Facts, *by: By) -> float | None:
    """Since when the model is off by one of these, and no deployment has asked for it since."""
    record = facts.record
    if record is None or record.on or record.by not in by or _still_idle(record):
        return None
    return record.at if facts.asked_at is None or facts.asked_at <= record.at else None


def _still_idle(record: Record) -> bool:
    """Whether it was to be stopped as idle and was not yet: should somebody call it meanwhile, it is not."""
    return not record.on and record.by is By.IDLE and not record.reached


def _stopped(facts: Facts) -> str:
    return "stopped as idle" if _by(facts) is By.IDLE else "stopped by hand"


def _by(facts: Facts) -> By:
    return facts.record.by if facts.record is not None else By.DUTY


def _deadline(facts: Facts) -> float | None:
    if facts.guards.stop_after_seconds is None:
        return None
    if facts.stop_at is not None:
        return facts.stop_at
    return None if facts.asked_at is None else deadline_of(facts.guards, facts.asked_at)


def _hours(facts: Facts, now: float) -> Hours:
    return hours_at(facts.guards.starting_hours, now, lead_of(facts.guards, facts.start_seconds))


def _empty_since(facts: Facts) -> float | None:
    memory = facts.record.queue if facts.record is not None else None
    return memory.since if memory is not None and memory.empty else None


def _lingers_until(facts: Facts, hours: Hours | None) -> float | None:
    """When an empty queue ends the duty; None where that is not known yet."""
    record, guard, since = facts.record, facts.guards.queue, _empty_since(facts)
    if record is None or guard is None or since is None:
        return None
    if hours is not None:
        # What a person starts outside the hours is no reason to wait for messages.
        return since + guard.empty_seconds
    return max(since, record.at) + guard.empty_seconds if record.reached else None


def _idle_at(facts: Facts) -> float | None:
    record, calls, idle = facts.record, facts.calls, facts.guards.idle_seconds
    if idle is None or calls is None or record is None:
        return None
    last = calls.since if calls.last is None else calls.last
    if _still_idle(record):
        return max(record.at, last + idle)
    if not (record.on and record.reached):
        return None
    begun = max(record.at, facts.asked_at or 0.0)
    return max(begun + IDLE_AGE_SECONDS_MIN, max(begun, last) + idle)


def _until(facts: Facts, now: float, *, on: bool) -> float | None:
    """When the verdict turns: the first of the moments at which some row begins or ends to match."""
    at = now
    for _ in range(_STEPS_MAX):
        edges = (*_once(facts, at), *_edges(facts, at))
        following = min((each for each in edges if each > at), default=None)
        if following is None or _verdict(facts, following).on is not on:
            return following
        at = following
    # Hours that have not turned it in a week turn it no more by themselves.
    once = sorted(each for each in _once(facts, at) if each > at)
    return next((each for each in once if _verdict(facts, each).on is not on), None)


def _once(facts: Facts, after: float) -> list[float]:
    """The moments that come once."""
    hours = _hours(facts, after) if facts.guards.starting_hours else None
    moments = (_deadline(facts), _lingers_until(facts, hours), _idle_at(facts))
    return [each for each in moments if each is not None] + [said.until for said in facts.overrides]


def _edges(facts: Facts, after: float) -> list[float]:
    """The next edges of the hours, where they can matter."""
    deadline = _deadline(facts)
    if any(after < said.until for said in facts.overrides) or (deadline is not None and deadline <= after):
        return []
    hours = _hours(facts, after) if facts.guards.starting_hours else None
    edges = (hours.until if hours is not None else None, next_stop(facts.guards.stopping_hours, after))
    return [each for each in edges if each is not None]
