"""What is done to a stack and how its one custom resource answers, for either world to play.

The resource is called A; its one property that matters is a size. Beside it there may be a sibling, Topic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from local_aws.platform.aws_lambda import RETRIES_DEFAULT

RESOURCE: Final = "A"
SIBLING: Final = "Topic"
STACK: Final = "stack"
ID: Final = "a"
"""What the resource calls itself if an answer says nothing else."""


@dataclass(frozen=True)
class Says:
    """One answer of the resource's function."""

    status: str = "SUCCESS"
    id: str = ""
    """Empty: the id by which it is known, ``ID`` for a create."""
    late: bool = False
    """It comes after everything else that happens in the operation."""
    silent: bool = False
    crashes: int = 0
    """How many deliveries of the request end in an exception before one answers."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Members of the answer that are otherwise than they should be."""


FAILED: Final = Says("FAILED")


@dataclass(frozen=True)
class Deploy:
    """A create or an update."""

    size: int = 1
    gone: bool = False
    """The template has the resource no more."""
    sibling: Literal["", "fails", "fails late", "needs it"] = ""
    """It fails to be made, beside the resource; or it needs the resource, and may then fail to be updated."""
    mode: Literal["standard", "no roll-back", "express", "do nothing", "delete"] = "standard"
    """The last two are what CreateStack calls OnFailure."""
    timeout: int | None = None
    """TimeoutSeconds on one, ServiceTimeout on the other: a property that says how long to wait."""
    interrupted: bool = False
    """The user cancels the update as soon as the resource has its request."""
    skipping: bool = False
    """If the roll-back fails, the user continues it without the resource."""
    retained: bool = False
    """RetainExceptOnCreate."""
    unhurried: bool = False
    """It begins when every answer has come, late ones too."""


@dataclass(frozen=True)
class Destroy:
    """DeleteStack, and once more where the first one fails."""


@dataclass(frozen=True)
class RollBack:
    """RollbackStack."""


@dataclass(frozen=True)
class Course:
    """Everything that happens to one stack."""

    operations: tuple[Deploy | Destroy | RollBack, ...]
    answers: Mapping[int, Says] = field(default_factory=dict)
    """To the resource's first request (0), its second, …; all others succeed."""
    switches: Mapping[str, str] = field(default_factory=dict)
    """What AWS leaves open, by the names of the embedded AWS; nothing: as it is by default."""

    @property
    def has_silence(self) -> bool:
        """Whether a request is never answered, so that somebody has to wait until its time is over."""
        return any(one.silent or one.crashes > RETRIES_DEFAULT for one in self.answers.values())

    def answer(self, number: int) -> Says:
        """The answer to a request."""
        return self.answers.get(number, Says())


@dataclass(frozen=True)
class Seen:
    """What became of it, as both worlds tell it."""

    requests: list[str]
    """Such as "Create 1", "Update 1→2 of a", "Delete 2 of an invented id"."""
    outcomes: list[str]
    """How each ended for CloudFormation: SUCCESS, FAILED or "no answer"."""
    events: list[tuple[str, str]]
    """(STACK, RESOURCE or SIBLING, status), in order."""
    fields: list[frozenset[str]] = field(default_factory=list)
    """The members of each request's event."""

    def statuses(self, of: str = STACK) -> list[str]:
        """The statuses that something went through."""
        return [status for who, status in self.events if who == of]

    @property
    def rests(self) -> list[str]:
        """What each operation has come to."""
        return [status for status in self.statuses() if not status.endswith("_IN_PROGRESS")]

    def stack_during(self, status: str, of: str = RESOURCE) -> list[str]:
        """The stack's status each time that something had this one."""
        found, stack = [], ""
        for who, one in self.events:
            if who == STACK:
                stack = one
            elif (who, one) == (of, status):
                found.append(stack)
        return found


def told(kind: str, size: str, former_size: str | None, physical_id: str | None, *, is_invented: bool) -> str:
    """A request in short."""
    sizes = f"{former_size}→{size}" if former_size is not None else size
    known = " of an invented id" if is_invented else f" of {physical_id}" if physical_id else ""
    return f"{kind} {sizes}{known}"
