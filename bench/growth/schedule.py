"""The schedules that the handler's is compared with, as pure functions of what a waiter knows.

All share the signature of ``running_model_handler.core.schedule.next_look_seconds``, the one that is
recommended and that the handler follows.
"""

from __future__ import annotations

from collections.abc import Callable

from running_model_handler.core.schedule import JITTER, pressed

Schedule = Callable[[float, float | None, float, float, float], float]


def fixed(
    elapsed_since_start: float,  # noqa: ARG001
    expected_seconds: float | None,  # noqa: ARG001
    interval_seconds: float,
    throttles_recently: float,  # noqa: ARG001
    chance: float,
) -> float:
    """The interval, whatever is known: what the handler did before."""
    return interval_seconds * (1.0 - JITTER * chance)


def backed_off(
    elapsed_since_start: float,  # noqa: ARG001
    expected_seconds: float | None,  # noqa: ARG001
    interval_seconds: float,
    throttles_recently: float,
    chance: float,
) -> float:
    """The same interval, that a throttle doubles for a while."""
    return pressed(interval_seconds, throttles_recently) * (1.0 - JITTER * chance)
