"""When to look again: the schedules that are compared, as pure functions of what a waiter knows.

All share one signature, so that the handler could call any of them in place of ``poll_seconds``:
``elapsed_since_start`` and ``expected_seconds`` count from the accepted Start, ``interval_seconds`` is the
declared poll interval, ``throttles_recently`` is 1 for a throttle just now and fades, ``chance`` is drawn
from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Schedule = Callable[[float, float | None, float, float, float], float]

CALLS_PER_SECOND: Final = 5.0
"""What an account may do to all of its models (General Reference, Custom Labels control operations)."""
SHARE: Final = 0.6
"""Of that, what the waiters of one stack take together; the rest is for the owner, and for Starts."""

SHARE_JITTER: Final = 0.2
"""Only lengthens: what is left below the share is for calls that are tried again."""

THROTTLE_FACTOR: Final = 2.0
THROTTLE_FACTOR_MAX: Final = 8.0
THROTTLE_HALF_LIFE_SECONDS: Final = 300.0
"""How long it takes until half of a throttle is forgotten."""

JITTER: Final = 0.1

PAUSE_SECONDS_MAX: Final = 60.0
"""Whatever the reason. A pause that does not fit into an invocation is handed over, to an invocation into
which it does not fit either, until no hand-over is left."""

QUICK_SECONDS: Final = 15.0
"""For so long after a Start looks come at the declared interval: what fails at once is told at once."""

EARLY_FACTOR: Final = 3.0
"""Then, if nothing is known of the start, the pause in poll intervals: few starts are over that soon."""
STEADY_FACTOR: Final = 0.72
"""From ``STEADY_AFTER_SECONDS`` on, while most starts end; until then it goes down steadily."""
STEADY_AFTER_SECONDS: Final = 400.0
LATE_SHARE: Final = 1 / 160
"""A start that takes long is looked at after so much of the time that it has taken."""

FAR_FACTOR: Final = 12.0
"""Long before the expected time, in poll intervals; a model that fails meanwhile is found that late."""
NEAR_FACTOR: Final = 0.2
"""Around the expected time."""
NEAR_SECONDS_MIN: Final = 1.0
APPROACH_SHARE: Final = 1 / 5
"""Of the time that is left until the expected one, what the next pause takes."""
APPROACH_SHARE_MAX: Final = 3 / 4
"""The same after throttles: however many, the expected time is not slept through."""
OVERDUE_SHARE: Final = 1 / 20
"""Of the time since the expected one, what the next pause takes."""


def fixed(
    elapsed_since_start: float,  # noqa: ARG001
    expected_seconds: float | None,  # noqa: ARG001
    interval_seconds: float,
    throttles_recently: float,  # noqa: ARG001
    chance: float,
) -> float:
    """Today's: the interval, whatever is known."""
    return interval_seconds * (1.0 - JITTER * chance)


def backed_off(
    elapsed_since_start: float,  # noqa: ARG001
    expected_seconds: float | None,  # noqa: ARG001
    interval_seconds: float,
    throttles_recently: float,
    chance: float,
) -> float:
    """Today's interval, that a throttle doubles for a while."""
    return pressed(interval_seconds, throttles_recently) * (1.0 - JITTER * chance)


def next_look_seconds(
    elapsed_since_start: float,
    expected_seconds: float | None,
    interval_seconds: float,
    throttles_recently: float,
    chance: float,
) -> float:
    """The one that is recommended. Never more than ``PAUSE_SECONDS_MAX``."""
    if expected_seconds is None:
        pause = pressed(unknown(elapsed_since_start, interval_seconds), throttles_recently)
    else:
        pause = known(elapsed_since_start, expected_seconds, interval_seconds, throttles_recently)
    return min(PAUSE_SECONDS_MAX, pause) * (1.0 - JITTER * chance)


def unknown(elapsed: float, interval: float) -> float:
    """The pause after so many seconds of a start that nothing is known of."""
    if elapsed < QUICK_SECONDS:
        return interval
    share = min(1.0, elapsed / STEADY_AFTER_SECONDS)
    factor = EARLY_FACTOR + (STEADY_FACTOR - EARLY_FACTOR) * share
    return max(interval * factor, elapsed * LATE_SHARE)


def known(elapsed: float, expected: float, interval: float, throttles_recently: float = 0.0) -> float:
    """The pause after so many seconds of a start that is expected to take ``expected``."""
    left = expected - elapsed
    near = pressed(max(NEAR_SECONDS_MIN, interval * NEAR_FACTOR), throttles_recently)
    if left <= 0.0:
        late = pressed(unknown(elapsed, interval), throttles_recently)
        return min(late, max(near, -left * OVERDUE_SHARE))
    far = interval if elapsed < QUICK_SECONDS else interval * FAR_FACTOR
    return max(near, min(far, left * min(APPROACH_SHARE_MAX, pressed(APPROACH_SHARE, throttles_recently))))


def pressed(pause: float, throttles_recently: float) -> float:
    """A pause where the quota is used up: whoever is throttled makes room."""
    factor: float = THROTTLE_FACTOR ** max(0.0, throttles_recently)
    return pause * min(THROTTLE_FACTOR_MAX, factor)


def faded(throttles: float, seconds: float) -> float:
    """What is left of throttles after a time without any."""
    left: float = 0.5 ** (max(0.0, seconds) / THROTTLE_HALF_LIFE_SECONDS)
    return throttles * left


def fair_seconds(neighbours: int) -> float:
    """The shortest pause with which so many waiters, up to 180, keep to their share of the calls."""
    return min(PAUSE_SECONDS_MAX, max(1, neighbours) / (SHARE * CALLS_PER_SECOND))
