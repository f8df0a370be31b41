"""Calls a second: a token bucket for each operation, a second's worth deep."""

from __future__ import annotations

import threading
from collections.abc import Callable

_ROUNDING = 1e-4
"""Of a call. Seconds since 1970 are floats of a quarter microsecond; a caller just at the rate must pass."""


class Rates:
    """Judges each call by the rate of its name. The account and Region share one, as on AWS.

    AWS documents calls a second and no burst; here a burst of one second's worth passes.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str, per_second: float | None) -> bool:
        """Whether one more call of this name is within its rate; None is no limit."""
        if per_second is None:
            return True
        depth = max(1.0, per_second)
        with self._lock:
            now = self._now()
            tokens, at = self._buckets.get(name, (depth, now))
            tokens = min(depth, tokens + (now - at) * per_second)
            taken = tokens >= 1.0 - _ROUNDING
            self._buckets[name] = (tokens - 1.0 if taken else tokens, now)
            return taken

    def clear(self) -> None:
        """Fill every bucket."""
        with self._lock:
            self._buckets.clear()
