"""The only door for time and chance."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Clock(Protocol):
    """Time and chance as the life cycle uses them; tests and simulations bring their own."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""

    def chance(self) -> float:
        """A number from 0 to 1, for jitter."""


class SystemClock:
    """The machine's clock. Requests cross machines, so the wall clock is the one that all share."""

    def __init__(self) -> None:
        self._random = random.Random()  # noqa: S311 - jitter, not secrets

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()  # noqa: TID251 - this is the door

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(max(0.0, seconds))  # noqa: TID251 - this is the door

    def chance(self) -> float:
        """A number from 0 to 1."""
        return self._random.random()
