"""What a request has to remember from one invocation to the next.

It travels in the hand-over event as plain JSON. A roll-back may continue a chain with older code, so keys
may be added but neither renamed nor given another meaning; unknown keys are ignored, missing ones have
defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from running_model_handler.core.plan import Done
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import LAG_SECONDS

STATE_KEY: Final = "RunningModelState"
"""The key of the hand-over event that holds the state beside CloudFormation's own keys."""


@dataclass(slots=True)
class ModelMemory:
    """What a request has done to one model."""

    starts: int = 0
    start_at: float = 0.0
    start_certain: bool = False
    start_visible: bool = False
    before_start: str = ""
    starts_refused: int = 0
    """Starts that the service refused because of the model's status, while it was FAILED."""
    refused: bool = False
    """Whether the service refused a Start for good: a quota, or units that it does not take."""
    stops: int = 0
    stop_at: float = 0.0
    settled_since: float = 0.0
    """Since when the model has been as wanted, where that has to hold for a while."""

    def note_start(self, before: str, now: float, *, certain: bool) -> None:
        """A Start was sent; ``certain`` if the service accepted it."""
        self.starts += 1
        self.start_at = now
        self.start_certain = certain
        self.start_visible = False
        self.before_start = before

    def note_stop(self, now: float) -> None:
        """A Stop was sent, accepted or not."""
        self.stops += 1
        self.stop_at = now

    def note_observation(self, seen: Observation) -> None:
        """Keep whether the last Start has had its effect."""
        if not self.starts or seen.status is None:
            return
        if seen.status in (Status.STARTING, Status.RUNNING):
            # After a stop and a start an old RUNNING may still show; STARTING is always the new one.
            self.start_visible = self.start_visible or seen.status == Status.STARTING or not self.stops
        elif seen.status == Status.FAILED and self.before_start != Status.FAILED:
            self.start_visible = True

    def done(self, now: float) -> Done:
        """The view of the plan on it."""
        return Done(
            starts=self.starts,
            start_certain=self.start_certain,
            start_visible=self.start_visible,
            starts_refused=self.starts_refused,
            start_may_lag=bool(self.starts) and now - self.start_at < LAG_SECONDS,
            stops=self.stops,
            stop_may_lag=bool(self.stops) and now - self.stop_at < LAG_SECONDS,
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
    last_error: str = ""
    failure: str = ""
    """The reason why the request fails, once that is certain; what is left is to undo."""
    ended: bool = False
    """CloudFormation ended the request before we did."""
    project_arns: dict[str, str] = field(default_factory=dict)
    models: dict[str, ModelMemory] = field(default_factory=dict)

    def note_claimed(self, arn: str, now: float) -> None:
        """Remember that this request took charge of a model."""
        if arn not in self.claimed:
            self.claimed.append(arn)
            self.claimed_at = now

    def model(self, arn: str) -> ModelMemory:
        """What was done to one model, empty at first."""
        return self.models.setdefault(arn, ModelMemory())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON for the hand-over, which shares its lists with this state."""
        models = {arn: _plain(memory) for arn, memory in self.models.items()}
        return {"version": 1, **_plain(self), "models": models}


def state_from_json(raw: object) -> State:
    """The state in a hand-over event of this release or another one; a fresh one where there is none."""
    if not isinstance(raw, Mapping):
        return State()
    state = State(**_known(State, raw))
    models = raw.get("models")
    state.models = {}
    if isinstance(models, Mapping):
        for arn, memory in models.items():
            if isinstance(memory, Mapping):
                state.models[str(arn)] = ModelMemory(**_known(ModelMemory, memory))
    return state


def _plain(record: State | ModelMemory) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _known(kind: type[State] | type[ModelMemory], raw: Mapping[Any, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {str(key): value for key, value in raw.items() if key in names}
