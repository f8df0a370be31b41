"""What a request has to remember from one invocation to the next.

It travels in the hand-over event as plain JSON. A roll-back may continue a chain with older code, so keys
may be added but neither renamed nor given another meaning; unknown keys are ignored, missing ones have
defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from running_model_handler.core.arn import CREATED
from running_model_handler.core.claim import Claim
from running_model_handler.core.plan import Done
from running_model_handler.core.schedule import faded, start_seconds
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import HAND_OVERS_MAX, LAG_SECONDS, SERVICE_TIMEOUT_SECONDS
from running_model_handler.core.wanted import Direction

STATE_KEY: Final = "RunningModelState"
"""The key of the hand-over event that holds the state beside CloudFormation's own keys."""

_AGE_SECONDS_MAX: Final = 2 * SERVICE_TIMEOUT_SECONDS
"""An hour that CloudFormation waits, and an hour that Lambda's queue keeps a hand-over."""


@dataclass(slots=True)
class ModelMemory:
    """What a request has done to one model."""

    starts: int = 0
    start_at: float = 0.0
    start_certain: bool = False
    start_visible: bool = False
    before_start: str = ""
    start_over: bool = False
    """The model no longer started or ran, when that could be seen: what runs since was started by others."""
    held_at: float = 0.0
    """When its claim was last seen to be the own resource's."""
    starts_refused: int = 0
    """Starts that the service refused because of the model's status, while it was FAILED."""
    stops: int = 0
    stop_at: float = 0.0
    stop_certain: bool = False
    """The service has accepted a Stop."""
    settled_since: float = 0.0
    """Since when the model has been as wanted, where that has to hold for a while."""
    not_running_at: float = 0.0
    """The last look since the Start that did not show RUNNING, for as long as the start can be measured."""
    start_seconds: int = 0
    """What the start took, until that has been noted in the model's tags."""

    def note_start(self, before: str, now: float, *, certain: bool) -> None:
        """A Start was sent; ``certain`` if the service accepted it."""
        self.starts += 1
        self.start_at = now
        self.start_certain = certain
        self.start_visible = self.start_over = False
        self.before_start = before
        # After a stop an old RUNNING may still show: then a look has to show STARTING first.
        self.not_running_at = now if certain and not self.stops else 0.0
        self.start_seconds = 0

    def note_stop(self, now: float, *, certain: bool = False) -> None:
        """A Stop was sent; ``certain`` if the service accepted it."""
        self.stops += 1
        self.stop_at = now
        self.stop_certain = self.stop_certain or certain

    def may_run_by_us(self, claim: Claim) -> bool:
        """Whether it may be a Start of this request that makes it run, if it does.

        ``claim`` is what its tags say now. Where the claim was still there when the Start must have shown,
        whoever has released it since has seen the model stopped.
        """
        outlived = claim.is_released and self.held_at - self.start_at >= LAG_SECONDS
        return self.starts > 0 and not self.start_over and not outlived

    def note_observation(self, seen: Observation, now: float) -> None:
        """Keep whether the last Start has had its effect, and when it was over."""
        if not self.starts or seen.status is None:
            return
        self._measure(seen, now)
        if seen.status in (Status.STARTING, Status.RUNNING):
            # After a stop and a start an old RUNNING may still show; STARTING is always the new one.
            self.start_visible = self.start_visible or seen.status == Status.STARTING or not self.stops
            return
        self.start_over = self.start_over or now - self.start_at >= LAG_SECONDS
        if seen.status == Status.FAILED and self.before_start != Status.FAILED:
            self.start_visible = True

    def _measure(self, seen: Observation, now: float) -> None:
        """The start ended between two looks: the middle between them is when."""
        if seen.status == Status.STARTING and self.start_certain:
            self.not_running_at = now
        elif seen.status == Status.RUNNING and self.not_running_at:
            gap = now - self.not_running_at
            self.start_seconds = start_seconds(now - gap / 2 - self.start_at, gap)
            self.not_running_at = 0.0
        elif seen.status != self.before_start:
            # It failed, or was stopped: what runs after that was started by somebody else.
            self.not_running_at = 0.0

    def awaits_running(self, seen: Observation, now: float) -> bool:
        """Whether all there is to do is to wait for the last Start, which was accepted, to succeed."""
        if not self.starts or self.stop_at > self.start_at or not (self.start_certain or self.start_visible):
            return False
        if seen.status == Status.STARTING:
            return True
        # The look before the Start, or one that lags behind it.
        return seen.status == self.before_start and now - self.start_at < LAG_SECONDS

    def stop_may_lag(self, now: float) -> bool:
        """Whether a look may still show what was before the last Stop."""
        return self.stops > 0 and now - self.stop_at < LAG_SECONDS

    def done(self, now: float) -> Done:
        """The view of the plan on it."""
        return Done(
            starts=self.starts,
            start_certain=self.start_certain,
            start_visible=self.start_visible,
            starts_refused=self.starts_refused,
            start_may_lag=bool(self.starts) and now - self.start_at < LAG_SECONDS,
            stops=self.stops,
            stop_may_lag=self.stop_may_lag(now),
        )


@dataclass(slots=True)
class State:
    """The memory of one request."""

    started_at: float = 0.0
    """When CloudFormation sent the request, as far as it can be told; seconds since the epoch."""
    hand_overs: int = 0
    claimed: list[str] = field(default_factory=list)
    """ARNs that this request took charge of."""
    claimed_at: float = 0.0
    """When it did so last; tags may lag behind."""
    stood_back_at: float = 0.0
    """When it wrote the claim of another owner back, who was first."""
    adopted: bool = False
    begun_as: str = ""
    """The direction of the stack at the first look, empty before it."""
    denied_since: float = 0.0
    tries: int = 0
    """Calls that were throttled or never answered."""
    throttles: float = 0.0
    """How often calls were throttled of late; it has faded since ``throttled_at``."""
    throttled_at: float = 0.0
    neighbours: int = 0
    """How many models of the stack were under way when its events were last read, this one included."""
    last_error: str = ""
    failure: str = ""
    """The reason why the request fails, once that is certain; what is left is to undo."""
    failed_at: float = 0.0
    """When that became certain."""
    ended: bool = False
    """CloudFormation ended the request before we did."""
    done_by_others: bool = False
    """It did so because another delivery of the request has succeeded."""
    given_up_by_others: bool = False
    """Another delivery has failed, and may have been killed while it undid what it had done."""
    project_arns: dict[str, str] = field(default_factory=dict)
    models: dict[str, ModelMemory] = field(default_factory=dict)

    def note_claimed(self, arn: str, now: float) -> None:
        """Remember that this request took charge of a model."""
        if arn not in self.claimed:
            self.claimed.append(arn)
            self.claimed_at = now

    def note_throttle(self, now: float) -> None:
        """Whoever is throttled looks less often for a while."""
        self.throttles = self.throttles_recently(now) + 1.0
        self.throttled_at = now

    def throttles_recently(self, now: float) -> float:
        """1 for a throttle just now, less for earlier ones."""
        return faded(self.throttles, now - self.throttled_at)

    def model(self, arn: str) -> ModelMemory:
        """What was done to one model, empty at first."""
        return self.models.setdefault(arn, ModelMemory())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the hand-over, which shares its lists with this state."""
        models = {arn: _plain(memory) for arn, memory in self.models.items()}
        return {"version": 1, **_plain(self), "models": models}


def state_from_json(raw: object, now: float) -> State:
    """The state in a hand-over event of this release or another one, as far as it makes sense.

    A fresh one where there is none, or none that a hand-over can have left. ``now`` is in seconds since the
    epoch: a time to come would be waited for, and one long past would leave no time for a stop.
    """
    if not isinstance(raw, Mapping) or not 1 <= _count(raw.get("hand_overs")) <= HAND_OVERS_MAX:
        return State()
    state = State(**_plain_fields(State, raw, now))
    if now - state.started_at > _AGE_SECONDS_MAX:
        state.started_at = 0.0
    if state.begun_as not in [*Direction]:
        state.begun_as = ""
    claimed, projects, models = raw.get("claimed"), raw.get("project_arns"), raw.get("models")
    state.claimed = [arn for arn in claimed if isinstance(arn, str)] if isinstance(claimed, list) else []
    if isinstance(projects, Mapping):
        state.project_arns = {
            str(arn): created
            for arn, created in projects.items()
            if isinstance(created, str) and CREATED.fullmatch(created)
        }
    if isinstance(models, Mapping):
        state.models = {
            str(arn): ModelMemory(**_plain_fields(ModelMemory, memory, now))
            for arn, memory in models.items()
            if isinstance(memory, Mapping)
        }
    return state


def _plain(record: State | ModelMemory) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _plain_fields(
    kind: type[State] | type[ModelMemory], raw: Mapping[Any, Any], now: float
) -> dict[str, Any]:
    """The numbers, texts and flags of a dataclass; the default stands for what is of another type."""
    found: dict[str, Any] = {}
    for each in fields(kind):
        value = raw.get(each.name)
        match each.default:
            case bool():
                found[each.name] = value is True
            case int():
                found[each.name] = _count(value)
            case float():
                # Amounts too: no amount in the state comes near to a time.
                found[each.name] = _time(value, now)
            case str():
                found[each.name] = value if isinstance(value, str) else ""
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
