"""The state table, every cell of it: status × wanted × what was done."""

from __future__ import annotations

import pytest

from running_model_handler.core.plan import (
    STARTS_MAX,
    STOPS_MAX,
    Done,
    Fail,
    Finished,
    Start,
    Stop,
    Wait,
    step_to_running,
    step_to_stopped,
)
from running_model_handler.core.status import ABSENT, Observation, Status
from running_model_handler.core.units import InferenceUnits

ONE, TWO = InferenceUnits(1), InferenceUnits(2)
NOTHING = Done()
STARTED_JUST_NOW = Done(starts=1, start_certain=True, start_may_lag=True)
STARTED_LONG_AGO = Done(starts=1, start_certain=True)
START_LOST = Done(starts=1)
START_SEEN = Done(starts=1, start_certain=True, start_visible=True)
STOPPED_JUST_NOW = Done(stops=1, stop_may_lag=True)
STOPPED_LONG_AGO = Done(stops=1)

#          status                   nothing done  just started  start lost    start seen
TO_RUNNING = {
    Status.TRAINING_IN_PROGRESS: (Fail, Fail, Fail, Fail),
    Status.COPYING_IN_PROGRESS: (Fail, Fail, Fail, Fail),
    Status.TRAINING_COMPLETED: (Start, Wait, Start, Fail),
    Status.COPYING_COMPLETED: (Start, Wait, Start, Fail),
    Status.STOPPED: (Start, Wait, Start, Fail),
    Status.TRAINING_FAILED: (Fail, Fail, Fail, Fail),
    Status.COPYING_FAILED: (Fail, Fail, Fail, Fail),
    Status.DEPRECATED: (Fail, Fail, Fail, Fail),
    Status.EXPIRED: (Fail, Fail, Fail, Fail),
    Status.DELETING: (Fail, Fail, Fail, Fail),
    Status.FAILED: (Start, Wait, Start, Fail),
    Status.STARTING: (Wait, Wait, Wait, Wait),
    Status.RUNNING: (Finished, Finished, Finished, Finished),
    Status.STOPPING: (Wait, Wait, Wait, Wait),
}

#          status                   nothing done  stopped just now  stopped long ago
TO_STOPPED = {
    Status.TRAINING_IN_PROGRESS: (Finished, Finished, Finished),
    Status.COPYING_IN_PROGRESS: (Finished, Finished, Finished),
    Status.TRAINING_COMPLETED: (Finished, Finished, Finished),
    Status.COPYING_COMPLETED: (Finished, Finished, Finished),
    Status.STOPPED: (Finished, Finished, Finished),
    Status.TRAINING_FAILED: (Finished, Finished, Finished),
    Status.COPYING_FAILED: (Finished, Finished, Finished),
    Status.DEPRECATED: (Finished, Finished, Finished),
    Status.EXPIRED: (Finished, Finished, Finished),
    Status.DELETING: (Finished, Finished, Finished),
    Status.FAILED: (Stop, Finished, Finished),
    Status.STARTING: (Stop, Stop, Stop),
    Status.RUNNING: (Stop, Wait, Stop),
    Status.STOPPING: (Wait, Wait, Wait),
}


@pytest.mark.parametrize("status", list(Status))
def test_to_running_decides_every_status(status: Status) -> None:
    """Each status has a step for each thing done; a status added to the enum fails here first."""
    seen = Observation(status, ONE if status == Status.RUNNING else None)
    steps = [
        type(step_to_running(seen, ONE, done)) for done in (NOTHING, STARTED_JUST_NOW, START_LOST, START_SEEN)
    ]
    assert tuple(steps) == TO_RUNNING[status]


@pytest.mark.parametrize("status", list(Status))
def test_to_stopped_decides_every_status(status: Status) -> None:
    """Each status has a step for each thing done."""
    seen = Observation(status)
    steps = [type(step_to_stopped(seen, done)) for done in (NOTHING, STOPPED_JUST_NOW, STOPPED_LONG_AGO)]
    assert tuple(steps) == TO_STOPPED[status]


def test_running_with_other_units_is_stopped_to_be_started() -> None:
    """Units change only by stop and start."""
    assert step_to_running(Observation("RUNNING", TWO), ONE, NOTHING) == Stop()


def test_running_with_other_units_right_after_the_stop_is_waited_out() -> None:
    """Describe may show RUNNING for a while after the Stop."""
    step = step_to_running(Observation("RUNNING", TWO), ONE, STOPPED_JUST_NOW)
    assert isinstance(step, Wait)


def test_running_with_other_units_after_our_start_was_seen_is_somebody_elses_doing() -> None:
    """Whoever starts it with other units meanwhile is named as the cause."""
    step = step_to_running(Observation("RUNNING", TWO), ONE, START_SEEN)
    assert isinstance(step, Fail)
    assert "somebody else" in step.reason


def test_a_model_that_is_always_started_again_is_given_up() -> None:
    """The way to other units is bounded."""
    step = step_to_running(Observation("RUNNING", TWO), ONE, Done(stops=STOPS_MAX))
    assert isinstance(step, Fail)


def test_starts_without_effect_are_given_up() -> None:
    """Starts that are accepted without any effect are bounded."""
    step = step_to_running(Observation("STOPPED"), ONE, Done(starts=STARTS_MAX, start_certain=True))
    assert isinstance(step, Fail)


def test_failed_after_an_accepted_start_fails_once_lag_is_over() -> None:
    """FAILED before and after an accepted Start counts as its result when it no longer can be old."""
    step = step_to_running(Observation("FAILED", message="no capacity"), ONE, STARTED_LONG_AGO)
    assert isinstance(step, Fail)
    assert "no capacity" in step.reason


def test_maximum_equal_to_minimum_is_the_same_as_none() -> None:
    """A model without scaling may be shown with both bounds."""
    seen = Observation("RUNNING", InferenceUnits(2, 2))
    assert step_to_running(seen, TWO, NOTHING) == Finished()


def test_units_that_are_not_shown_count_as_the_wanted_ones() -> None:
    """Nothing is interrupted over units that the service does not tell."""
    assert step_to_running(Observation("RUNNING"), TWO, NOTHING) == Finished()


def test_absent_fails_to_run_and_is_done_when_stopped() -> None:
    """No such version."""
    assert isinstance(step_to_running(ABSENT, ONE, NOTHING), Fail)
    assert step_to_stopped(ABSENT, NOTHING) == Finished()


def test_another_feature_is_never_started_nor_stopped() -> None:
    """A content moderation adapter has no running state."""
    seen = Observation("TRAINING_COMPLETED", feature="CONTENT_MODERATION")
    assert isinstance(step_to_running(seen, ONE, NOTHING), Fail)
    assert step_to_stopped(Observation("RUNNING", feature="CONTENT_MODERATION"), NOTHING) == Finished()


def test_unknown_status_waits_both_ways() -> None:
    """A status of a later API is waited out by name."""
    for step in (
        step_to_running(Observation("PONDERING"), ONE, NOTHING),
        step_to_stopped(Observation("PONDERING"), NOTHING),
    ):
        assert isinstance(step, Wait)
        assert "PONDERING" in step.why


def test_a_start_that_may_not_show_yet_keeps_the_stop_waiting() -> None:
    """STOPPED right after our own Start may be from before it."""
    assert isinstance(step_to_stopped(Observation("STOPPED"), STARTED_JUST_NOW), Wait)
