"""The schedules that the handler's is compared with: pure functions of what a waiter knows."""

from __future__ import annotations

from deliberation import Deliberation
from hypothesis import given
from hypothesis import strategies as st
from scenes import create_under_way
from world import V1

from bench.growth.schedule import backed_off, fixed
from bench.growth.variants import Notes, Variant, Waiting
from running_model_handler.core.actions import GiveUp, Pause, StartModel
from running_model_handler.core.status import Observation
from running_model_handler.core.waiting import poll_seconds

_SECONDS = st.floats(0.0, 3600.0)
_EXPECTED = st.none() | st.floats(1.0, 3600.0)
_INTERVAL = st.integers(1, 60).map(float)
_THROTTLES = st.floats(0.0, 50.0)
_CHANCE = st.floats(0.0, 1.0)


@given(_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _CHANCE)
def test_a_fixed_pause_is_what_the_handler_does_where_nothing_starts(
    elapsed: float, expected: float | None, interval: float, throttles: float, chance: float
) -> None:
    """Whatever is known, the pause is the interval, shortened by chance."""
    assert fixed(elapsed, expected, interval, throttles, chance) == poll_seconds(interval, chance)


@given(_SECONDS, _EXPECTED, _INTERVAL, _THROTTLES, _CHANCE)
def test_throttles_never_shorten_a_pause(
    elapsed: float, expected: float | None, interval: float, throttles: float, chance: float
) -> None:
    """Whoever is throttled makes room."""
    calm = fixed(elapsed, expected, interval, throttles, chance)
    assert backed_off(elapsed, expected, interval, 0.0, chance) == calm
    assert backed_off(elapsed, expected, interval, throttles, chance) >= calm


def test_a_failure_is_waited_for_as_the_handler_does() -> None:
    """The time for a start is over: a pause until its end would be none, without an end."""
    one = Deliberation(create_under_way())
    one.carry_out(one.until(StartModel))
    one.seen[V1] = Observation("STARTING")
    one.carry_out(one.until(Pause))
    one.carry_out(GiveUp("too long", V1))
    told = one.until(Pause)
    decided = Waiting(Variant("any"), Notes(0.0))
    assert decided(one.request, one.known.memory, one.known.views, one.now, 0.0) == told
