"""The schedules that the measurements compare: pure functions of what a waiter knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.growth import schedule
from bench.growth.schedule import backed_off, faded, fair_seconds, fixed, next_look_seconds
from running_model_handler.core.waiting import hand_over_margin, poll_seconds

_SECONDS = st.floats(0.0, 3600.0)
_EXPECTED = st.none() | st.floats(1.0, 3600.0)
_INTERVAL = st.integers(1, 60).map(float)
_THROTTLES = st.floats(0.0, 50.0)
_CHANCE = st.floats(0.0, 1.0)


@given(_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _CHANCE)
def test_today_is_what_the_handler_does(
    elapsed: float, expected: float | None, interval: float, throttles: float, chance: float
) -> None:
    """Whatever is known, the pause is the interval, shortened by chance."""
    assert fixed(elapsed, expected, interval, throttles, chance) == poll_seconds(interval, chance)


@given(_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _CHANCE)
def test_a_pause_is_never_nothing_and_always_fits_into_an_invocation(
    elapsed: float, expected: float | None, interval: float, throttles: float, chance: float
) -> None:
    """A longer one would be handed over again and again, to invocations into which it does not fit."""
    pause = next_look_seconds(elapsed, expected, interval, throttles, chance)
    assert 0.5 < pause <= schedule.PAUSE_SECONDS_MAX
    assert pause < 900.0 - hand_over_margin(900.0)


@given(_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _CHANCE)
def test_throttles_never_shorten_a_pause(
    elapsed: float, expected: float | None, interval: float, throttles: float, chance: float
) -> None:
    """Whoever is throttled makes room."""
    calm = next_look_seconds(elapsed, expected, interval, 0.0, chance)
    assert next_look_seconds(elapsed, expected, interval, throttles, chance) >= calm
    assert backed_off(elapsed, expected, interval, throttles, chance) >= fixed(
        elapsed, expected, interval, throttles, chance
    )


@given(st.floats(0.0, 590.0), _THROTTLES, _CHANCE)
def test_the_expected_time_is_not_slept_through(elapsed: float, throttles: float, chance: float) -> None:
    """However often a waiter was throttled, it wakes before, or a few seconds after, what it expects."""
    pause = next_look_seconds(elapsed, 600.0, 5.0, throttles, chance)
    assert elapsed + pause <= 600.0 + 8.0


@given(_SECONDS, _INTERVAL, _CHANCE)
def test_a_start_that_is_overdue_is_never_looked_at_less_than_one_that_nothing_is_known_of(
    overdue: float, interval: float, chance: float
) -> None:
    """A wrong expectation costs calls, and no time beyond the expected one."""
    elapsed = 600.0 + overdue
    unknown = next_look_seconds(elapsed, None, interval, 0.0, chance)
    assert next_look_seconds(elapsed, 600.0, interval, 0.0, chance) <= unknown


@pytest.mark.parametrize(
    ("elapsed", "expected", "pause"),
    [
        (0.0, None, 5.0),
        (15.0, None, 5 * (3.0 - 2.28 * 15 / 400)),
        (400.0, None, 3.6),
        (800.0, None, 5.0),
        (3200.0, None, 20.0),
        (0.0, 600.0, 5.0),
        (15.0, 600.0, 60.0),
        (500.0, 600.0, 20.0),
        (590.0, 600.0, 2.0),
        (600.0, 600.0, 1.0),
        (640.0, 600.0, 2.0),
    ],
)
def test_the_recommended_pauses_at_an_interval_of_five_seconds(
    elapsed: float, expected: float | None, pause: float
) -> None:
    """Quick at first, rare, often where the start may end, rare again."""
    assert next_look_seconds(elapsed, expected, 5.0, 0.0, 0.0) == pytest.approx(pause)
    assert next_look_seconds(elapsed, expected, 5.0, 0.0, 1.0) == pytest.approx(0.9 * pause)


def test_throttles_double_a_pause_up_to_eight_times_and_fade() -> None:
    """Half of one is forgotten after five minutes."""
    pauses = [next_look_seconds(500.0, None, 5.0, throttles, 0.0) for throttles in (0.0, 1.0, 2.0, 3.0, 4.0)]
    assert pauses == pytest.approx([3.6, 7.2, 14.4, 28.8, 28.8])
    assert faded(2.0, 300.0) == pytest.approx(1.0)
    assert faded(2.0, -1.0) == 2.0


def test_waiters_share_three_calls_a_second() -> None:
    """Fifty look every 17 s, one as often as its schedule says, two hundred once a minute."""
    assert fair_seconds(50) == pytest.approx(50 / 3)
    assert fair_seconds(1) == fair_seconds(0) == pytest.approx(1 / 3)
    assert fair_seconds(200) == schedule.PAUSE_SECONDS_MAX
