"""What can be said against a history, and what was."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What can be said against a history."""

    LEAK = "leak"
    """At the end a model starts or runs whose last Start a stack's request made, which no existing resource
    has, and which was not retained."""
    LATE_STOP = "stopped late"
    """A model did so for more than five minutes, then it stopped."""
    HANG = "hang"
    """CloudFormation gave a request up unanswered, after an hour."""
    EARLY = "early"
    """SUCCESS on create or update while the model did not run with the declared units."""
    EARLY_DELETE = "early delete"
    """SUCCESS on delete while the resource's model started or ran, and no other resource has it."""
    STILL_STOPPING = "still stopping"
    """SUCCESS on delete while it stopped; whether that is billed is not documented."""
    ANOTHERS = "another's"
    """A Stop of a model that a resource of another stack holds, or another resource of its own one (but for
    a resize by a resource that declares it as well), or that a person started and the stack had never run."""
    GAP = "gap"
    """A replacement that was to start first stopped the old model before the new one had run."""
    LEFT_BEHIND = "left behind"
    """A rule, a permission or an execution at the end."""
    UNSTOPPABLE = "could not be stopped"
    """A leak, or a late stop, of what nobody could have stopped."""
    UNANSWERABLE = "could not be answered"
    """A hang that nobody could have prevented."""


EXCUSED: Final = frozenset({Kind.UNSTOPPABLE, Kind.UNANSWERABLE})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is said against a history."""

    kind: Kind
    at: float
    """Seconds since the epoch."""
    what: str


@dataclass(slots=True)
class Verdict:
    """All that is said against a history."""

    findings: list[Finding] = field(default_factory=list)
    unit_hours: float = 0.0
    """Billed after the resource was gone, by models that could have been stopped, up to the end."""

    def of(self, kind: Kind) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind is kind]
