"""The one door for time: real time, or a hand that a test moves."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the emulator needs of time."""

    def now(self) -> float:
        """Seconds since 1970; never goes backwards."""

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """Let time pass, at most until ``cancelled`` is set."""


class RealClock:
    """Wall time at the start, carried on by the monotonic clock, so a set clock bends no interval."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """See ``Clock``."""
        return self._offset + time.monotonic()

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """See ``Clock``."""
        cancelled.wait(max(0.0, seconds))


class MovedClock(RealClock):
    """Real time that is moved forward now and then: what would happen in between has happened then."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def now(self) -> float:
        """See ``Clock``."""
        return super().now() + self._ahead

    def move(self, seconds: float) -> None:
        """Let so many seconds pass at once; raises ValueError for a negative number of seconds."""
        if seconds < 0:
            raise ValueError(f"time can't go back, got {seconds}")
        self._ahead += seconds


class HandClock:
    """Time that stands still until it is moved. Waiting moves it, so that no test ever sleeps."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """See ``Clock``."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the hand forward; raises ValueError for a negative number of seconds."""
        if seconds < 0:
            raise ValueError(f"time can't go back, got {seconds}")
        with self._lock:
            self._now += seconds

    def wait(self, seconds: float, cancelled: threading.Event) -> None:
        """See ``Clock``."""
        if not cancelled.is_set():
            self.advance(max(0.0, seconds))
