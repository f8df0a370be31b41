"""When to look next at a model that starts: pure functions of what a waiter knows, no clock.

Unless said otherwise times are in seconds. The declared poll interval, 1 to 60 s, is the unit of it all:
whoever wants more looks, or fewer, declares a shorter or a longer one. ``docs/growth.md`` has the figures
that the constants were tuned with.
"""

from __future__ import annotations

from typing import Final

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
_THROTTLES_MAX: Final = 16.0
"""More than this many change nothing."""

JITTER: Final = 0.1
"""Only shortens, so that models drift apart."""

PAUSE_SECONDS_MAX: Final = 30.0
"""Unless the declared interval is longer. What CloudFormation wants is asked for at looks, so a create that
was cancelled, and a start that has failed, are found at most that late."""
SHARED_PAUSE_SECONDS_MAX: Final = 60.0
"""Where many models of a stack share the calls. Together they would use up the quota at 30 s."""

STOP_FACTOR: Final = 0.2
"""Right after a Stop, in poll intervals."""
STOP_SHARE: Final = 1 / 40
"""Of the time since the Stop, what the next pause takes: the answer is late by an eightieth of it."""

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
"""Long before the expected time, in poll intervals; at the default interval the longest pause is shorter."""
NEAR_FACTOR: Final = 0.2
"""Around the expected time."""
NEAR_SECONDS_MIN: Final = 1.0
APPROACH_SHARE: Final = 1 / 4
"""Of the time that is left until the expected one, what the next pause takes."""
APPROACH_SHARE_MAX: Final = 3 / 4
"""The same after throttles: however many, the expected time is not slept through."""
OVERDUE_SHARE: Final = 1 / 20
"""Of the time since the expected one, what the next pause takes."""

START_SECONDS_MIN: Final = 1
START_SECONDS_MAX: Final = 7200
"""What a start can have taken; whatever else is told is nonsense."""
MEASURED_WITHIN_SECONDS: Final = 2 * SHARED_PAUSE_SECONDS_MAX
"""Between two looks that are further apart, as after a hand-over that was late, nothing is measured."""
START_SECONDS_TOLERANCE: Final = 0.05
"""A start that took as long as the last one, more or less, is not worth a call that says so."""


def pause_seconds(
    elapsed_since_start: float,
    expected_seconds: float | None,
    interval_seconds: float,
    throttles_recently: float,
    neighbours: int,
    chance: float,
) -> float:
    """The pause to the next look at a model that starts: what it needs itself, no less than its share.

    ``neighbours`` is how many models of the stack are under way, this one included, 0 if unknown; all else
    is as in ``next_look_seconds``. Between the share and ``SHARED_PAUSE_SECONDS_MAX``, or the declared
    interval.
    """
    wanted = next_look_seconds(
        elapsed_since_start, expected_seconds, interval_seconds, throttles_recently, chance
    )
    return _shared(wanted, neighbours, chance)


def stopping_seconds(
    elapsed_since_stop: float,
    interval_seconds: float,
    throttles_recently: float,
    neighbours: int,
    chance: float,
) -> float:
    """The pause to the next look at a model that stops: a share of the time since the accepted Stop.

    A stop is over in minutes, so it is looked at more often than a start, and the less often the longer it
    takes: from ``STOP_FACTOR`` of the declared interval up to all of it. No more often than the share of a
    model among its ``neighbours`` allows, as in ``pause_seconds``; ``throttles_recently`` and ``chance`` are
    as in ``next_look_seconds``.
    """
    pause = min(interval_seconds, max(interval_seconds * STOP_FACTOR, elapsed_since_stop * STOP_SHARE))
    wanted = min(max(PAUSE_SECONDS_MAX, interval_seconds), pressed(pause, throttles_recently))
    return _shared(wanted * (1.0 - JITTER * chance), neighbours, chance)


def _shared(wanted: float, neighbours: int, chance: float) -> float:
    """A pause that one model wants, no shorter than its share among its neighbours."""
    return max(wanted, fair_seconds(neighbours) * (1.0 + SHARE_JITTER * chance))


def next_look_seconds(
    elapsed_since_start: float,
    expected_seconds: float | None,
    interval_seconds: float,
    throttles_recently: float,
    chance: float,
) -> float:
    """The pause that one model needs: rare looks where little can happen, frequent ones where it ends.

    ``elapsed_since_start`` and ``expected_seconds`` count from the accepted Start; the latter is what the
    last start took, 1 to 7200, None if that is unknown. ``throttles_recently`` is 1 for a throttle just now,
    and fades. ``chance`` is drawn from 0 to 1. At least 0.7 of ``NEAR_SECONDS_MIN``, and never more than
    ``PAUSE_SECONDS_MAX`` or the declared interval, whichever is longer.
    """
    if expected_seconds is None:
        pause = pressed(unknown(elapsed_since_start, interval_seconds), throttles_recently)
    else:
        pause = known(elapsed_since_start, expected_seconds, interval_seconds, throttles_recently)
    return min(max(PAUSE_SECONDS_MAX, interval_seconds), pause) * (1.0 - JITTER * chance)


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
    """A pause where the quota is used up: whoever is throttled makes room, up to eight times as much."""
    factor: float = THROTTLE_FACTOR ** min(_THROTTLES_MAX, max(0.0, throttles_recently))
    return pause * min(THROTTLE_FACTOR_MAX, factor)


def faded(throttles: float, seconds: float) -> float:
    """What is left of throttles after a time without any; never more than there were."""
    left: float = 0.5 ** (max(0.0, seconds) / THROTTLE_HALF_LIFE_SECONDS)
    return throttles * left


def fair_seconds(neighbours: int) -> float:
    """The shortest pause with which so many waiters, up to 150, keep to their share of the calls.

    1/3 s for one, or where it is unknown how many there are; at most what, lengthened by its jitter, is
    ``SHARED_PAUSE_SECONDS_MAX``.
    """
    per_second = SHARE * CALLS_PER_SECOND
    longest = SHARED_PAUSE_SECONDS_MAX / (1.0 + SHARE_JITTER)
    return min(max(1, neighbours), longest * per_second) / per_second


def start_seconds(took: float, gap: float) -> int:
    """What a start took, in whole seconds; 0 if it was seen too vaguely, or is nonsense.

    ``gap`` is the time between the last look that did not show RUNNING and the first that did.
    """
    seconds = round(took)
    exact = gap <= MEASURED_WITHIN_SECONDS
    return seconds if exact and START_SECONDS_MIN <= seconds <= START_SECONDS_MAX else 0


def is_news(took: int, known_before: int | None) -> bool:
    """Whether it is worth a call to note that a start took so many seconds."""
    return known_before is None or abs(took - known_before) > START_SECONDS_TOLERANCE * known_before
