"""What an account may do in a second: quotas as data, and the bucket that enforces them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Family(StrEnum):
    """Calls that share a quota."""

    CONTROL = "control"
    """Start, Stop and Describe of Custom Labels."""
    TAGS = "tags"
    CLOUDFORMATION = "cloudformation"
    LAMBDA = "lambda"
    OTHER = "other"


_TAG_ACTIONS: Final = frozenset({"ListTagsForResource", "TagResource", "UntagResource"})


def family_of(action: str) -> Family:
    """The family of a call such as ``rekognition:StartProjectVersion``."""
    service, _, operation = action.partition(":")
    if service != "rekognition":
        return Family(service) if service in (Family.CLOUDFORMATION, Family.LAMBDA) else Family.OTHER
    return Family.TAGS if operation in _TAG_ACTIONS else Family.CONTROL


@dataclass(frozen=True, slots=True)
class Quotas:
    """Calls per second for an account; a family that is not named is counted and never refused."""

    per_second: tuple[tuple[Family, float], ...] = ((Family.CONTROL, 5.0), (Family.TAGS, 10.0))
    burst_seconds: float = 1.0
    """How many seconds' worth of calls go through at once after a rest; not documented."""


@dataclass(slots=True)
class TokenBucket:
    """Holds ``burst_seconds`` worth of calls, at least one, and is filled steadily."""

    per_second: float
    burst_seconds: float = 1.0
    tokens: float = field(default=-1.0)
    filled_at: float = 0.0

    def take(self, now: float) -> bool:
        """Whether a call at ``now`` is let through. ``now`` never goes back."""
        capacity = max(1.0, self.per_second * self.burst_seconds)
        if self.tokens < 0.0:
            self.tokens, self.filled_at = capacity, now
        self.tokens = min(capacity, self.tokens + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        # What is added in small steps may fall short of 1 by a rounding error.
        if self.tokens < 1.0 - 1e-9:
            return False
        self.tokens = max(0.0, self.tokens - 1.0)
        return True
