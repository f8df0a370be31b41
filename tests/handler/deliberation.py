"""The pure part of the handler alone: decisions, and what calls teach, in a world that is a few values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenes import Scene
from world import STACK, properties, request

from running_model_handler.core.actions import (
    Action,
    Answer,
    AskClaim,
    AskOwner,
    AskStack,
    FindProject,
    GiveUp,
    Look,
    Pause,
    RemoveClaim,
    StartModel,
    StopModel,
    WriteClaim,
)
from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.case import Wish
from running_model_handler.core.claim import Holder, Owner, claim_tags
from running_model_handler.core.errors import ServiceError
from running_model_handler.core.memory import Memory
from running_model_handler.core.operation import Declaration, ResourceView
from running_model_handler.core.status import Observation
from running_model_handler.core.views import Views
from running_model_handler.decide import decide
from running_model_handler.envelope import parse_envelope
from running_model_handler.learn import Known, after_answer, after_error, after_giving_up, after_pause
from running_model_handler.request import Request, parse_request

PROJECT = "1690734433420"
WRITES = (WriteClaim, RemoveClaim, StartModel, StopModel)
CALL_SECONDS = 0.1
STEPS_MAX = 2000


def request_of(wish: Wish, **changes: Any) -> Request:
    """The request that asks for something, as CloudFormation sends it."""

    def declared(declaration: Declaration | None) -> dict[str, Any]:
        if declaration is None:
            return properties()
        return properties(declaration.arn, MinInferenceUnits=str(declaration.units), **changes)

    old = declared(wish.former) if wish.former is not None else None
    event = request(str(wish.kind), declared(wish.declared), old=old, physical_id=wish.physical_id)
    return parse_request(event, parse_envelope(event))


@dataclass
class Deliberation:
    """One delivery, whose calls are answered by what stands here."""

    scene: Scene
    after: float = 1.0
    """Seconds from CloudFormation's newest event to the delivery."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: dict[str, Observation] = field(default_factory=dict)
    resources: dict[Owner, ResourceView | None] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    done: list[Action] = field(default_factory=list)
    """All that was decided, in order."""
    now: float = 0.0

    def __post_init__(self) -> None:
        log = self.scene.log
        self.now = log.story("Model").newest_at + self.after
        log.now = lambda: self.now
        self.request = request_of(self.scene.wish, **self.changes)
        self.known = Known(Memory(sent_at=self.now, arrived_at=self.now), Views())

    @property
    def t(self) -> float:
        """When the operation began."""
        return self.scene.log.began_at()

    def own(self, arn: str, holder: Holder, logical_id: str = "Model") -> None:
        """A holder's tag on a model."""
        owner = Owner(STACK, logical_id)
        self.tags[arn] = self.tags.get(arn, {}) | claim_tags(owner, holder, PROJECT)

    def next(self) -> Action:
        """What is decided at this moment."""
        return decide(self.request, self.known.memory, self.known.views, self.now, 0.0)

    def carry_out(self, action: Action, error: ServiceError | None = None) -> None:
        """One action, with its answer or an error, and the time that it takes."""
        self.done.append(action)
        match action:
            case Answer():
                raise AssertionError(f"answered: {action}")
            case GiveUp():
                self.known = after_giving_up(self.known, action)
                return
            case Pause(seconds):
                self.now += seconds
                self.known = after_pause(self.known, self.now)
                return
            case _:
                began, self.now = self.now, self.now + CALL_SECONDS
        if error is not None:
            self.known = after_error(self.request, action, error, self.known, now=self.now)
            return
        answer = self._answer(action)
        self.known = after_answer(self.request, action, answer, self.known, began=began, now=self.now)

    def _answer(self, action: Action) -> Any:
        match action:
            case AskStack():
                return self.scene.log.story("Model")
            case AskOwner(owner, _):
                return self.resources.get(owner)
            case AskClaim(arn):
                return dict(self.tags.get(arn, {}))
            case FindProject(arn):
                return parse_project_version_arn(arn, name="arn").project_arn(PROJECT)
            case Look(arn, _):
                return self.seen.get(arn, Observation("TRAINING_COMPLETED"))
            case WriteClaim(arn, holder):
                self.own(arn, holder)
            case RemoveClaim(arn, keys):
                self.tags[arn] = {key: text for key, text in self.tags[arn].items() if key not in keys}
        return None

    def until(self, *kinds: type) -> Action:
        """Carry out what is decided until it is of a kind; that one is not."""
        for _ in range(STEPS_MAX):
            action = self.next()
            if isinstance(action, kinds):
                return action
            self.carry_out(action)
        raise AssertionError(f"no {kinds} in {STEPS_MAX} steps, the last {self.done[-5:]}")

    def acts(self) -> Action:
        """The next call that changes something, or the answer."""
        return self.until(*WRITES, Answer)
