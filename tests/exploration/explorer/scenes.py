"""What is explored, as data: the templates of one stack, what its user does, and how much may go wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from running_model_handler.core.names import ReplacementMode
from running_model_handler.core.waiting import LAG_SECONDS

ACCOUNT: Final = "arn:aws:{}:eu-west-1:123456789012:{}"
STACK: Final = "alpha"
STACK_ID: Final = ACCOUNT.format("cloudformation", f"stack/{STACK}/11111111-2222-3333-4444-555555555555")
FUNCTION: Final = ACCOUNT.format("lambda", "function:provider")
PROJECT: Final = ACCOUNT.format("rekognition", "project/parts/1690734433420")
MODELS: Final = tuple(
    ACCOUNT.format("rekognition", f"project/parts/version/v{number}/1691099674800") for number in (1, 2)
)
NAMES: Final = ("A", "B", "C")
"""Logical ids."""
UNLIMITED: Final = 99


@dataclass(frozen=True, slots=True)
class Declared:
    """A running model in a template."""

    model: int = 0
    units: int = 1
    replacement: ReplacementMode = ReplacementMode.START_FIRST
    poll_seconds: int = 5
    retained: bool = False
    guarded: bool = False
    """It has a guard, and a schedule that wakes the function for it."""

    @property
    def arn(self) -> str:
        """The model."""
        return MODELS[self.model]

    def properties(self) -> dict[str, str]:
        """ResourceProperties: CloudFormation makes strings of all."""
        # Nothing here is up for long enough to be idle: what turns duty is what a person says for a while.
        guards = {"StopWhenIdleSeconds": "3600"} if self.guarded else {}
        return guards | {
            "ServiceToken": FUNCTION,
            "ProjectVersionArn": self.arn,
            "ProjectArn": PROJECT,
            "MinInferenceUnits": str(self.units),
            "PollIntervalSeconds": str(self.poll_seconds),
            "Replacement": str(self.replacement),
        }


class Verb(StrEnum):
    """What a user does to a stack."""

    DEPLOY = "deploy"
    DELETE = "delete"


class Turn(StrEnum):
    """What may keep an operation from succeeding, beside a request that fails."""

    NEVER = "never"
    SIBLING = "another resource fails, or the user cancels the update"
    DELETE = "the user deletes the stack while it is created"


Template = tuple[tuple[str, Declared], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a user does."""

    verb: Verb
    template: Template = ()
    turn: Turn = Turn.NEVER
    rolls_back: bool = True


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each thing may go wrong; all of them together no more than ``total``."""

    total: int = UNLIMITED
    duplicates: int = 0
    """Requests that are delivered once more, at any later time."""
    duplicated: tuple[int, ...] = ()
    """The numbers of those that may be; all of them where none is named."""
    kills: int = 0
    refusals: int = 0
    """Calls that are refused without effect, or whose answer is lost after it."""
    stale: int = 0
    """Views that are one step old."""
    slow: int = 0
    """Calls that arrive a step of time after they were decided."""
    slow_acts: bool = False
    """Only such calls as change something, and answers."""
    hand_overs: int = 0
    late: int = 0
    """Requests whose first delivery waits in Lambda's queue."""
    failing_starts: int = 0
    """Starts that end FAILED; no fault of the way, so not counted in ``total``."""
    time_outs: int = 0
    """Deliveries for which the time is over that a start may take; not counted either."""
    sweeps: int = 0
    """How often a schedule wakes the function, at any time; neither is that counted."""
    turns: int = 0
    """How often a person says of a model with a guard that it is off for a while, or takes it back."""
    off: bool = False
    """That they are off was said long ago."""
    hides_deletions: bool = False
    """A Delete may be shown what was before CloudFormation sent it, however long ago that is."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A world to explore."""

    name: str
    operations: tuple[Operation, ...]
    faults: Faults
    step_seconds: float = 7.5
    """The step of time: whatever happens does so at a multiple of it. Of the handler's waits of 15 and 30 s
    it makes two and four, and views may be one step old; shorter pauses become one."""
    stops_while_starting: bool = False
    """Whether StopProjectVersion is taken while the model starts; not documented."""
    models: int = 2
    quota: int = 2
    """How many models may run at once."""
    settled: int = 0
    """So many operations have succeeded, long ago and without a fault, when the exploration begins."""

    @property
    def guarded(self) -> tuple[int, ...]:
        """The numbers of the models that a resource with guards declares."""
        declared = (each for operation in self.operations for _, each in operation.template)
        return tuple(sorted({each.model for each in declared if each.guarded}))

    @property
    def lag_steps(self) -> int:
        """For how many steps of time what was before a change may still show: less than 15 s."""
        return math.ceil(LAG_SECONDS / self.step_seconds) - 1


def create(*template: tuple[str, Declared], turn: Turn = Turn.NEVER, rolls_back: bool = True) -> Operation:
    """The stack is deployed, made or changed."""
    return Operation(Verb.DEPLOY, template, turn, rolls_back)


deploy: Final = create
DELETE: Final = Operation(Verb.DELETE)
