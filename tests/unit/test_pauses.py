"""How long to wait before the next look: from what was seen of a model, and done to it."""

from __future__ import annotations

import pytest

from running_model_handler.core.memory import NOTHING_DONE, Done
from running_model_handler.core.pauses import pause_between_looks
from running_model_handler.core.schedule import EARLY_FACTOR, PAUSE_SECONDS_MAX, STOP_FACTOR
from running_model_handler.core.status import Observation
from running_model_handler.core.waiting import LAG_SECONDS

INTERVAL = 10.0
STARTED = NOTHING_DONE.with_start("STOPPED", 100.0, accepted=True)
START_LOST = NOTHING_DONE.with_start("STOPPED", 100.0, accepted=False)
STOPPED = NOTHING_DONE.with_stop(100.0, accepted=True)
STOPPED_THEN_STARTED = STOPPED.with_start("STOPPED", 200.0, accepted=True)
STARTED_THEN_STOPPED = STARTED.with_stop(200.0, accepted=True)


def pause(
    status: str | None,
    done: Done,
    now: float,
    *,
    expected: float | None = None,
    neighbours: int = 1,
    throttles: float = 0.0,
) -> float:
    """The pause, without any chance in it."""
    seconds, least = pause_between_looks(
        Observation(status) if status else None,
        done,
        now,
        interval_seconds=INTERVAL,
        expected_seconds=expected,
        throttles=throttles,
        neighbours=neighbours,
        chance=0.0,
    )
    assert least in (seconds, INTERVAL)
    return seconds


@pytest.mark.parametrize(
    ("status", "done", "now", "follows"),
    [
        ("STARTING", STARTED, 150.0, "the start"),
        (None, STARTED, 150.0, "the start"),
        ("STOPPED", STARTED, 101.0, "the start"),
        ("STOPPED", STARTED, 100.0 + LAG_SECONDS + 1, "the interval"),
        ("STOPPING", STARTED, 101.0, "the interval"),
        ("STARTING", START_LOST._replace(start_visible=True), 150.0, "the start"),
        ("STARTING", START_LOST, 150.0, "the interval"),
        ("STARTING", STOPPED_THEN_STARTED, 250.0, "the start"),
        ("STOPPING", STOPPED, 150.0, "the stop"),
        ("RUNNING", STOPPED, 101.0, "the stop"),
        ("STARTING", STARTED_THEN_STOPPED, 201.0, "the stop"),
        ("STARTING", NOTHING_DONE, 150.0, "the interval"),
        ("STOPPING", NOTHING_DONE, 150.0, "the interval"),
        ("PONDERING", NOTHING_DONE, 150.0, "the interval"),
    ],
)
def test_what_is_waited_for_says_how_long(status: str | None, done: Done, now: float, follows: str) -> None:
    """A start, or a stop, that was accepted or seen has its schedule; all else the declared interval."""
    seconds = pause(status, done, now)
    if follows == "the interval":
        assert seconds == INTERVAL
    if follows == "the start":
        assert seconds == INTERVAL if now < 115.0 else INTERVAL < seconds <= EARLY_FACTOR * INTERVAL
    if follows == "the stop":
        assert INTERVAL * STOP_FACTOR <= seconds < INTERVAL


def test_a_start_whose_length_is_known_is_looked_at_rarely_at_first() -> None:
    """And often around its end."""
    assert pause("STARTING", STARTED, 200.0, expected=600.0) == PAUSE_SECONDS_MAX
    assert pause("STARTING", STARTED, 699.0, expected=600.0) == INTERVAL * 0.2


@pytest.mark.parametrize("done", [STARTED, STOPPED])
def test_neighbours_share_the_calls(done: Done) -> None:
    """Fifty models of a stack look every 17 s at most."""
    assert pause("STARTING" if done is STARTED else "STOPPING", done, 150.0, neighbours=50) >= 50 / 3


@pytest.mark.parametrize("done", [STARTED, STOPPED])
def test_who_is_throttled_looks_less_often(done: Done) -> None:
    """A throttle doubles a pause."""
    status = "STARTING" if done is STARTED else "STOPPING"
    calm, pressed = (pause(status, done, 150.0, throttles=throttles) for throttles in (0.0, 1.0))
    assert pressed == min(2 * calm, PAUSE_SECONDS_MAX)


@pytest.mark.parametrize(("refused", "seconds"), [(0, 10.0), (1, 12.5), (2, 15.0), (8, 30.0), (99, 30.0)])
def test_what_is_refused_is_tried_less_often_each_time(refused: int, seconds: float) -> None:
    """A model that is starting may refuse each Stop until it runs."""
    assert pause("STARTING", Done(refused=refused), 150.0) == seconds
    assert pause("FAILED", Done(refused=refused), 150.0) == seconds


def test_a_start_may_be_cut_short_by_a_hand_over() -> None:
    """The declared interval is enough before an invocation ends; a stop needs its own pause."""
    options = {"interval_seconds": INTERVAL, "expected_seconds": 600.0, "throttles": 0.0}
    starting = pause_between_looks(
        Observation("STARTING"), STARTED, 200.0, neighbours=1, chance=0.0, **options
    )
    assert starting == (PAUSE_SECONDS_MAX, INTERVAL)
