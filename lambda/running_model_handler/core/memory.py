"""What a request remembers from one look to the next, and from one invocation to the next; frozen.

It travels in the hand-over event as plain JSON. A roll-back may continue a chain with older code, so keys
may be added but neither renamed nor given another meaning; unknown keys are ignored, missing ones have
defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from running_model_handler.core.arn import CREATED
from running_model_handler.core.schedule import faded, start_seconds
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import (
    HAND_OVERS_MAX,
    LAG_SECONDS,
    SERVICE_TIMEOUT_SECONDS,
    last_moment,
)

STATE_KEY: Final = "RunningModelState"
"""The key of the hand-over event that holds the memory beside CloudFormation's own keys."""

_AGE_SECONDS_MAX: Final = 2 * SERVICE_TIMEOUT_SECONDS
"""An hour that CloudFormation waits, and an hour that Lambda's queue keeps a hand-over."""


class Done(NamedTuple):
    """What a request has done to one model on the way to what it wants of it now. Times since the epoch."""

    toward: str = ""
    """What is wanted; the counts begin anew with it."""
    starts: int = 0
    start_at: float = 0.0
    start_accepted: bool = False
    """The service took the last Start; False when its answer was lost."""
    start_visible: bool = False
    """STARTING, RUNNING or a new FAILED was seen after the Start."""
    before_start: str = ""
    start_unsettled: bool = False
    """What an earlier step of the resource had sent could still arrive when it was sent."""
    refused: int = 0
    """Starts and Stops that the status of the model did not allow."""
    stops: int = 0
    stop_at: float = 0.0
    """Also of a Stop on the way to something else."""
    stop_accepted: bool = False
    may_run_by_us: bool = False
    """A Start of this request may make it run, if it does, whatever was wanted then."""
    acted_at: float = 0.0
    """When a Start or a Stop was last tried, whatever came of it."""
    claimed_at: float = 0.0
    """When the own claim was last written: tags that are read may be older for a while."""
    released_at: float = 0.0
    """When it was last removed."""
    not_running_at: float = 0.0
    """The last look since the Start that did not show RUNNING, for as long as the start can be measured."""
    took_seconds: int = 0
    """What the start took, until that has been noted in the model's tags."""

    def aimed(self, toward: str) -> Done:
        """The same, its counts begun anew if something else is wanted than before."""
        if toward == self.toward:
            return self
        return self._replace(toward=toward, starts=0, start_accepted=False, refused=0, stops=0)

    def with_start(self, before: str, now: float, *, accepted: bool, unsettled: bool = False) -> Done:
        """After a Start was sent."""
        return self._replace(
            starts=self.starts + 1,
            start_at=now,
            acted_at=now,
            start_accepted=accepted,
            start_visible=False,
            before_start=before,
            start_unsettled=unsettled,
            may_run_by_us=True,
            # After a stop an old RUNNING may still show: then a look has to show STARTING first.
            not_running_at=now if accepted and not self.stop_at else 0.0,
            took_seconds=0,
        )

    def with_stop(self, now: float, *, accepted: bool) -> Done:
        """After a Stop was sent that may have had its effect."""
        return self._replace(stops=self.stops + 1, stop_at=now, acted_at=now, stop_accepted=accepted)

    def with_look(self, seen: Observation, at: float) -> Done:
        """After a look that began then: whether the last Start has had its effect, and if that is over."""
        if not self.start_at or seen.status is None:
            return self
        done = self._measured(seen, at)
        if seen.status in (Status.STARTING, Status.RUNNING):
            # After a stop and a start an old RUNNING may still show; STARTING is always the new one.
            new = seen.status == Status.STARTING or not done.stop_may_lag(at)
            return done._replace(start_visible=done.start_visible or new)
        if not done.start_may_lag(at):
            done = done._replace(may_run_by_us=False)
        if seen.status == Status.FAILED and done.before_start != Status.FAILED:
            return done._replace(start_visible=True)
        return done

    def _measured(self, seen: Observation, at: float) -> Done:
        """The start ended between two looks: the middle between them is when."""
        if seen.status == Status.STARTING and self.start_accepted:
            return self._replace(not_running_at=at)
        if seen.status == Status.RUNNING and self.not_running_at:
            gap = at - self.not_running_at
            took = start_seconds(at - gap / 2 - self.start_at, gap)
            return self._replace(took_seconds=took, not_running_at=0.0)
        if seen.status != self.before_start:
            # It failed, or was stopped: what runs after that was started by somebody else.
            return self._replace(not_running_at=0.0)
        return self

    def start_may_lag(self, at: float) -> bool:
        """Whether a look at that time may show what was before the last Start."""
        return self.start_at > 0.0 and at - self.start_at < LAG_SECONDS

    def stop_may_lag(self, at: float) -> bool:
        """Whether a look at that time may show what was before the last Stop."""
        return self.stop_at > 0.0 and at - self.stop_at < LAG_SECONDS


class Memory(NamedTuple):
    """The memory of one request. Times are in seconds since the epoch, 0 for never."""

    sent_at: float = 0.0
    """When CloudFormation sent the request, or, where its URL does not tell, when it first arrived."""
    arrived_at: float = 0.0
    """When its first invocation began."""
    t: float = 0.0
    """When the operation began that sent the request, by CloudFormation's word; 0 until that shows."""
    failure: str = ""
    """The reason why the request fails, once that is certain."""
    failed_at: float = 0.0
    """When that was written down, or read, for all deliveries to see."""
    lost: Mapping[str, str] = MappingProxyType({})
    """What of a failure could not be undone: model to reason."""
    cut_short_at: float = 0.0
    """When all has to end because no further invocation can be had."""
    hand_overs: int = 0
    handed_over_at: float = 0.0
    """When the last hand-over began; 0 before the first."""
    tries: int = 0
    """Calls that were throttled or never answered."""
    throttles: float = 0.0
    """How often calls were throttled of late; it has faded since ``throttled_at``."""
    throttled_at: float = 0.0
    last_error: str = ""
    denied: Mapping[str, float] = MappingProxyType({})
    """Since when each action is refused that has not been allowed again."""
    projects: Mapping[str, str] = MappingProxyType({})
    """Model to the creation time of its project, once that has shown it."""
    models: Mapping[str, Done] = MappingProxyType({})

    @property
    def began_at(self) -> float:
        """From when the request's hour counts."""
        return max(self.t, self.sent_at)

    def last_moment(self, service_timeout_seconds: float) -> float:
        """Until when a call may come before the last word."""
        return last_moment(self.arrived_at, self.began_at, service_timeout_seconds)

    def done(self, arn: str) -> Done:
        """What was done to a model."""
        return self.models.get(arn) or NOTHING_DONE

    def with_done(self, arn: str, done: Done) -> Memory:
        """After something was done to a model, or seen of it."""
        return self if done is self.models.get(arn) else self._replace(models={**self.models, arn: done})

    def with_failure(self, reason: str, arn: str) -> Memory:
        """After a failure; a second one concerns what was to be undone for a model."""
        if not self.failure:
            return self._replace(failure=reason)
        return self._replace(lost={**self.lost, arn: reason})

    def cut_short(self, reason: str, now: float) -> Memory:
        """After the last invocation that could be had."""
        return self.with_failure(reason, "")._replace(cut_short_at=now)

    def with_throttle(self, now: float) -> Memory:
        """Whoever is throttled looks less often for a while."""
        return self._replace(throttles=self.throttles_recently(now) + 1.0, throttled_at=now)

    def throttles_recently(self, now: float) -> float:
        """1 for a throttle just now, less for earlier ones."""
        return faded(self.throttles, now - self.throttled_at)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the hand-over."""
        told = {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in self._asdict().items()
        }
        return {"version": 1, **told, "models": {arn: done._asdict() for arn, done in self.models.items()}}


NOTHING_DONE: Final = Done()


def memory_from_json(raw: object, now: float, sent_at: float) -> Memory:
    """The memory in a hand-over event of this release or another one, as far as it makes sense.

    A fresh one where there is none, or none that a hand-over can have left. ``now`` is in seconds since the
    epoch: a time to come would be waited for, and one long past would leave no time for a stop.
    """
    if not isinstance(raw, Mapping) or not 1 <= _count(raw.get("hand_overs")) <= HAND_OVERS_MAX:
        return Memory(sent_at=min(now, sent_at or now), arrived_at=now)
    read = Memory(
        **_plain_fields(Memory, raw, now),
        lost={key: why for key, why in _entries(raw.get("lost")) if isinstance(why, str)},
        denied={key: _time(at, now) for key, at in _entries(raw.get("denied"))},
        projects={
            key: created
            for key, created in _entries(raw.get("projects"))
            if isinstance(created, str) and CREATED.fullmatch(created)
        },
        models={
            arn: Done(**_plain_fields(Done, done, now))
            for arn, done in _entries(raw.get("models"))
            if isinstance(done, Mapping)
        },
    )
    if now - read.sent_at > _AGE_SECONDS_MAX:
        read = read._replace(sent_at=now, arrived_at=now)
    # Compared with what others have written: it stays as it is, although CloudFormation's clock is another.
    t = raw.get("t")
    known = isinstance(t, float) and abs(now - t) <= _AGE_SECONDS_MAX
    return read._replace(t=t if isinstance(t, float) and known else 0.0)


def _entries(raw: object) -> list[tuple[str, Any]]:
    return [(str(key), value) for key, value in raw.items()] if isinstance(raw, Mapping) else []


def _plain_fields(kind: type[Memory] | type[Done], raw: Mapping[Any, Any], now: float) -> dict[str, Any]:
    """The numbers, texts and flags of a dataclass; the default stands for what is of another type."""
    found: dict[str, Any] = {}
    for name, default in kind._field_defaults.items():
        value = raw.get(name)
        match default:
            case bool():
                found[name] = value is True
            case int():
                found[name] = _count(value)
            case float():
                # Amounts too: no amount comes near to a time.
                found[name] = _time(value, now)
            case str():
                found[name] = value if isinstance(value, str) else ""
            case _:
                continue
    return found


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _time(value: object, now: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        return 0.0
    # Clocks of two machines differ: what seems to come has just been.
    return float(min(value, now))
