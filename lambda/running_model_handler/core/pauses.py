"""How long to wait before the next look at a model: pure, from what was seen of it and done to it."""

from __future__ import annotations

from typing import Final

from running_model_handler.core.memory import Done
from running_model_handler.core.schedule import PAUSE_SECONDS_MAX, pause_seconds, stopping_seconds
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import poll_seconds

REFUSED_FACTOR: Final = 0.25
"""By so much of the declared interval a pause grows with each Start or Stop that was refused."""


def pause_between_looks(
    seen: Observation | None,
    done: Done,
    now: float,
    *,
    interval_seconds: float,
    expected_seconds: float | None,
    throttles: float,
    neighbours: int,
    chance: float,
) -> tuple[float, float]:
    """Seconds to the next look, and how many of them are enough where an invocation ends before.

    While a start or a stop that was accepted is waited for, as their schedules say; else the declared
    interval. For the parameters see ``core.schedule``.
    """
    if awaits_running(seen, done, now):
        elapsed = now - done.start_at
        pause = pause_seconds(elapsed, expected_seconds, interval_seconds, throttles, neighbours, chance)
        return pause, interval_seconds
    if done.stop_at and done.stop_at >= done.start_at:
        elapsed = now - done.stop_at
        pause = stopping_seconds(elapsed, interval_seconds, throttles, neighbours, chance)
    else:
        # A model that is starting may refuse each Stop until it runs.
        factor = 1.0 + REFUSED_FACTOR * done.refused
        longest = max(interval_seconds, PAUSE_SECONDS_MAX)
        pause = poll_seconds(min(longest, interval_seconds * factor), chance)
    return pause, pause


def awaits_running(seen: Observation | None, done: Done, now: float) -> bool:
    """Whether all there is to do is to wait for the last Start, which was accepted, to succeed."""
    if not done.start_at or done.stop_at > done.start_at or not (done.start_accepted or done.start_visible):
        return False
    if seen is None or seen.status == Status.STARTING:
        return True
    # The look before the Start, or one that lags behind it.
    return seen.status == done.before_start and done.start_may_lag(now)
