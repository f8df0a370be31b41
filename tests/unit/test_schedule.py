"""When to look next at a model that starts, or stops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core import schedule
from running_model_handler.core.schedule import (
    PAUSE_SECONDS_MAX,
    SHARED_PAUSE_SECONDS_MAX,
    STOP_FACTOR,
    faded,
    fair_seconds,
    is_news,
    next_look_seconds,
    pause_seconds,
    pressed,
    start_seconds,
    stopping_seconds,
)
from running_model_handler.core.waiting import hand_over_margin

_SECONDS = st.floats(0.0, 3600.0)
_ANY_SECONDS = _SECONDS | st.floats(0.0, 1e12)
_EXPECTED = st.none() | st.integers(1, 7200).map(float)
_INTERVAL = st.integers(1, 60).map(float)
_THROTTLES = st.floats(0.0, 50.0) | st.floats(0.0, 1e300)
_NEIGHBOURS = st.integers(0, 500) | st.integers(0, 10**400)
_CHANCE = st.floats(0.0, 1.0)


@given(_ANY_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _CHANCE)
def test_a_pause_is_never_nothing_and_never_above_its_maximum(
    elapsed: float, expected: float | None, interval: float, throttles: float, chance: float
) -> None:
    """Half a minute, or the declared interval where that is longer; it always fits into 15 minutes."""
    pause = next_look_seconds(elapsed, expected, interval, throttles, chance)
    assert 0.6 < pause <= max(PAUSE_SECONDS_MAX, interval)
    assert pause < 900.0 - hand_over_margin(900.0)


@given(_ANY_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _NEIGHBOURS, _CHANCE)
def test_a_pause_is_never_below_the_share_and_never_above_a_minute(
    elapsed: float, expected: float | None, interval: float, throttles: float, neighbours: int, chance: float
) -> None:
    """However many neighbours a stack tells of, and whatever a state says."""
    pause = pause_seconds(elapsed, expected, interval, throttles, neighbours, chance)
    assert fair_seconds(neighbours) <= pause
    assert next_look_seconds(elapsed, expected, interval, throttles, chance) <= pause
    assert pause <= SHARED_PAUSE_SECONDS_MAX * 1.000001


@given(_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _THROTTLES, _CHANCE)
def test_throttles_never_shorten_a_pause(
    elapsed: float, expected: float | None, interval: float, fewer: float, more: float, chance: float
) -> None:
    """Whoever is throttled makes room."""
    fewer, more = sorted((fewer, more))
    assert next_look_seconds(elapsed, expected, interval, fewer, chance) <= next_look_seconds(
        elapsed, expected, interval, more, chance
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


@given(st.floats(15.0, 599.0), st.floats(15.0, 599.0), _CHANCE)
def test_looks_come_more_often_as_the_expected_time_comes_nearer(
    one: float, other: float, chance: float
) -> None:
    """From 15 s after the Start on pauses only get shorter until then."""
    earlier, later = sorted((one, other))
    assert next_look_seconds(later, 600.0, 5.0, 0.0, chance) <= next_look_seconds(
        earlier, 600.0, 5.0, 0.0, chance
    )


@pytest.mark.parametrize(
    ("elapsed", "expected", "pause"),
    [
        (0.0, None, 5.0),
        (15.0, None, 5 * (3.0 - 2.28 * 15 / 400)),
        (400.0, None, 3.6),
        (800.0, None, 5.0),
        (3200.0, None, 20.0),
        (0.0, 600.0, 5.0),
        (15.0, 600.0, 30.0),
        (500.0, 600.0, 25.0),
        (590.0, 600.0, 2.5),
        (600.0, 600.0, 1.0),
        (640.0, 600.0, 2.0),
    ],
)
def test_the_pauses_at_an_interval_of_five_seconds(
    elapsed: float, expected: float | None, pause: float
) -> None:
    """Quick at first, rare, often where the start may end, rare again."""
    assert next_look_seconds(elapsed, expected, 5.0, 0.0, 0.0) == pytest.approx(pause)
    assert next_look_seconds(elapsed, expected, 5.0, 0.0, 1.0) == pytest.approx(0.9 * pause)


def test_a_long_interval_is_kept_where_looks_are_rare() -> None:
    """Whoever declares a minute gets no more looks than that, but for the seconds around the end."""
    assert next_look_seconds(100.0, None, 60.0, 0.0, 0.0) == 60.0
    assert next_look_seconds(100.0, 600.0, 60.0, 0.0, 0.0) == 60.0
    assert next_look_seconds(600.0, 600.0, 60.0, 0.0, 0.0) == 12.0


def test_throttles_double_a_pause_up_to_eight_times_and_fade() -> None:
    """Half of one is forgotten after five minutes."""
    pauses = [next_look_seconds(500.0, None, 5.0, throttles, 0.0) for throttles in (0.0, 1.0, 2.0, 3.0, 4.0)]
    assert pauses == pytest.approx([3.6, 7.2, 14.4, 28.8, 28.8])
    assert faded(2.0, 300.0) == pytest.approx(1.0)
    assert faded(2.0, -1.0) == 2.0
    assert faded(2.0, 1e300) == 0.0
    assert pressed(1.0, 1e300) == 8.0


@given(st.floats(0.0, 1e6), _ANY_SECONDS, _ANY_SECONDS)
def test_throttles_only_fade(throttles: float, one: float, other: float) -> None:
    """The longer ago, the less."""
    sooner, later = sorted((one, other))
    assert 0.0 <= faded(throttles, later) <= faded(throttles, sooner) <= throttles


def test_waiters_share_three_calls_a_second() -> None:
    """Fifty look every 17 s, one as often as its schedule says, two hundred once a minute."""
    assert fair_seconds(50) == pytest.approx(50 / 3)
    assert fair_seconds(1) == fair_seconds(0) == pytest.approx(1 / 3)
    assert fair_seconds(200) == fair_seconds(10**400) == pytest.approx(50.0)
    assert pause_seconds(600.0, 600.0, 5.0, 0.0, 200, 1.0) == pytest.approx(60.0)
    assert pause_seconds(600.0, 600.0, 5.0, 0.0, 1, 0.0) == 1.0


def test_a_start_is_measured_where_two_looks_are_close() -> None:
    """What can't be, or was seen too vaguely, is not measured."""
    assert start_seconds(599.6, 30.0) == 600
    assert start_seconds(0.7, 1.4) == 1
    assert start_seconds(0.2, 0.4) == 0
    assert start_seconds(7200.6, 5.0) == 0
    assert start_seconds(600.0, schedule.MEASURED_WITHIN_SECONDS + 1.0) == 0


def test_what_is_known_more_or_less_is_no_news() -> None:
    """Five percent spare a call."""
    assert is_news(600, None)
    assert not is_news(600, 600)
    assert not is_news(630, 600)
    assert not is_news(570, 600)
    assert is_news(631, 600)
    assert is_news(569, 600)


@given(st.floats(0.0, 7200.0), st.sampled_from([1, 5, 10, 60]), st.floats(0.0, 20.0), st.floats(0.0, 1.0))
def test_a_stop_is_looked_at_more_often_than_the_interval_unless_it_is_throttled(
    elapsed: float, interval: int, throttles: float, chance: float
) -> None:
    """Whatever is known, a look comes, and within half a minute or the declared interval."""
    pause = stopping_seconds(elapsed, interval, throttles, 1, chance)
    assert 0.899 * STOP_FACTOR * interval <= pause <= max(PAUSE_SECONDS_MAX, interval)
    assert stopping_seconds(elapsed, interval, 0.0, 1, chance) <= interval
    assert pause <= stopping_seconds(elapsed + 60.0, interval, throttles, 1, chance) + 1e-9


@pytest.mark.parametrize(
    ("elapsed", "pause"), [(0.0, 1.0), (30.0, 1.0), (60.0, 1.5), (100.0, 2.5), (900.0, 5.0)]
)
def test_the_pauses_of_a_stop_at_an_interval_of_five_seconds(elapsed: float, pause: float) -> None:
    """The answer comes an eightieth of the time later than the stop ends."""
    assert stopping_seconds(elapsed, 5.0, 0.0, 1, 0.0) == pytest.approx(pause)


@given(st.floats(0.0, 7200.0), st.floats(0.0, 20.0), st.integers(0, 10_000), st.floats(0.0, 1.0))
def test_the_models_of_a_stack_that_stop_keep_to_their_share(
    elapsed: float, throttles: float, neighbours: int, chance: float
) -> None:
    """However many neighbours a stack tells of; alone, a model is looked at as if nothing was known."""
    pause = stopping_seconds(elapsed, 5.0, throttles, neighbours, chance)
    assert fair_seconds(neighbours) <= pause <= SHARED_PAUSE_SECONDS_MAX * 1.000001
    assert neighbours > 1 or pause == stopping_seconds(elapsed, 5.0, throttles, 0, chance)
