"""The second table, every cell of it: what is wanted × status × what was done."""

from __future__ import annotations

import pytest

from running_model_handler.core.act import (
    STARTS_MAX,
    STOPS_MAX,
    Deed,
    Fail,
    Reached,
    Start,
    Stop,
    Wait,
    toward_rest,
    toward_running,
)
from running_model_handler.core.memory import Done
from running_model_handler.core.status import ABSENT, Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import LAG_SECONDS
from running_model_handler.core.wanted import Run

ONE, TWO = InferenceUnits(1), InferenceUnits(2)
NOW = 10_000.0
JUST_NOW, LONG_AGO = NOW - 1, NOW - LAG_SECONDS - 1
NOTHING = Done()
STARTED_JUST_NOW = Done(starts=1, start_accepted=True, start_at=JUST_NOW)
STARTED_LONG_AGO = Done(starts=1, start_accepted=True, start_at=LONG_AGO)
START_LOST = Done(starts=1, start_at=LONG_AGO)
START_SEEN = Done(starts=1, start_accepted=True, start_at=LONG_AGO, start_visible=True)
STOPPED_JUST_NOW = Done(stops=1, stop_accepted=True, stop_at=JUST_NOW)
STOPPED_LONG_AGO = Done(stops=1, stop_accepted=True, stop_at=LONG_AGO)

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
    Status.RUNNING: (Reached, Reached, Reached, Reached),
    Status.STOPPING: (Wait, Wait, Wait, Wait),
}

#          status                   nothing done  stopped just now  stopped long ago  just started
TO_REST = {
    Status.TRAINING_IN_PROGRESS: (Reached, Reached, Reached, Wait),
    Status.COPYING_IN_PROGRESS: (Reached, Reached, Reached, Wait),
    Status.TRAINING_COMPLETED: (Reached, Reached, Reached, Wait),
    Status.COPYING_COMPLETED: (Reached, Reached, Reached, Wait),
    Status.STOPPED: (Reached, Reached, Reached, Wait),
    Status.TRAINING_FAILED: (Reached, Reached, Reached, Wait),
    Status.COPYING_FAILED: (Reached, Reached, Reached, Wait),
    Status.DEPRECATED: (Reached, Reached, Reached, Wait),
    Status.EXPIRED: (Reached, Reached, Reached, Wait),
    Status.DELETING: (Reached, Reached, Reached, Wait),
    Status.FAILED: (Stop, Reached, Reached, Wait),
    Status.STARTING: (Stop, Stop, Stop, Stop),
    Status.RUNNING: (Stop, Wait, Stop, Stop),
    Status.STOPPING: (Wait, Wait, Wait, Wait),
}


def running(seen: Observation, done: Done = NOTHING, run: Run | None = None) -> Deed:
    """The next step towards one unit, or what else is wanted."""
    return toward_running(run or Run(ONE), seen, done, NOW)


@pytest.mark.parametrize("status", list(Status))
def test_to_running_decides_every_status(status: Status) -> None:
    """Each status has a step for each thing done; a status added to the enum fails here first."""
    seen = Observation(status, ONE if status == Status.RUNNING else None)
    steps = [type(running(seen, done)) for done in (NOTHING, STARTED_JUST_NOW, START_LOST, START_SEEN)]
    assert tuple(steps) == TO_RUNNING[status]


@pytest.mark.parametrize("status", list(Status))
def test_to_rest_decides_every_status(status: Status) -> None:
    """Each status has a step for each thing done."""
    every = (NOTHING, STOPPED_JUST_NOW, STOPPED_LONG_AGO, STARTED_JUST_NOW)
    steps = [type(toward_rest(Observation(status), done, NOW)) for done in every]
    assert tuple(steps) == TO_REST[status]


@pytest.mark.parametrize("status", list(Status))
def test_what_brings_back_is_reached_with_an_accepted_start(status: Status) -> None:
    """After a failure the answer waits for no start; what can never run is told all the same."""
    back = Run(ONE, brings_back=True)
    assert isinstance(running(Observation(status), STARTED_JUST_NOW, back), Reached | Fail)
    can_run = TO_RUNNING[status][0] is not Fail
    assert isinstance(running(Observation(status), STARTED_JUST_NOW, back), Reached) is can_run
    assert type(running(Observation(status, ONE), START_LOST, back)) is TO_RUNNING[status][2]


def test_any_size_that_the_others_declare_will_do() -> None:
    """Row 8: a model of several resources is not resized from one's to the other's."""
    others = Run(ONE, any_of=frozenset({ONE, TWO}), for_others=True)
    assert running(Observation("RUNNING", TWO), NOTHING, others) == Reached()
    assert running(Observation("RUNNING", InferenceUnits(3)), NOTHING, others) == Stop()


def test_running_with_other_units_is_stopped_to_be_started() -> None:
    """Units change only by stop and start."""
    assert running(Observation("RUNNING", TWO)) == Stop()


def test_running_with_other_units_right_after_the_stop_is_waited_out() -> None:
    """Describe may show RUNNING for a while after the Stop, with the wanted units too."""
    assert isinstance(running(Observation("RUNNING", TWO), STOPPED_JUST_NOW), Wait)
    assert isinstance(running(Observation("RUNNING", ONE), STOPPED_JUST_NOW), Wait)


def test_running_with_other_units_right_after_our_start_is_waited_out() -> None:
    """Describe may show the run before the stop until the new one shows."""
    assert isinstance(running(Observation("RUNNING", TWO), STARTED_JUST_NOW), Wait)


def test_running_with_other_units_after_our_start_was_seen_is_somebody_elses_doing() -> None:
    """Whoever starts it with other units meanwhile is named as the cause."""
    step = running(Observation("RUNNING", TWO), START_SEEN)
    assert isinstance(step, Fail)
    assert "somebody else" in step.reason


def test_what_an_earlier_step_may_have_undone_is_done_again() -> None:
    """A Start that was sent before everything of that step had arrived proves nothing of other people."""
    done = START_SEEN._replace(start_unsettled=True)
    assert running(Observation("STOPPED"), done) == Start()
    assert running(Observation("RUNNING", TWO), done) == Stop()
    assert isinstance(running(Observation("STOPPED"), done._replace(starts=STARTS_MAX)), Fail)


@pytest.mark.parametrize("stops", range(STOPS_MAX + 1))
def test_a_model_that_is_always_started_again_is_given_up(stops: int) -> None:
    """The way to other units is bounded: three stops."""
    step = running(Observation("RUNNING", TWO), Done(stops=stops, stop_at=LONG_AGO))
    assert type(step) is (Fail if stops == STOPS_MAX else Stop)


@pytest.mark.parametrize("starts", range(1, STARTS_MAX + 1))
def test_starts_without_effect_are_given_up(starts: int) -> None:
    """Starts that are accepted without any effect are bounded."""
    done = Done(starts=starts, start_accepted=True, start_at=LONG_AGO)
    assert type(running(Observation("STOPPED"), done)) is (Fail if starts == STARTS_MAX else Start)


def test_failed_after_an_accepted_start_fails_once_lag_is_over() -> None:
    """FAILED before and after an accepted Start counts as its result when it no longer can be old."""
    step = running(Observation("FAILED", message="no capacity"), STARTED_LONG_AGO)
    assert isinstance(step, Fail)
    assert "no capacity" in step.reason


@pytest.mark.parametrize("refused", range(STARTS_MAX + 1))
def test_starts_that_failed_refuses_are_given_up(refused: int) -> None:
    """Whether FAILED can be started is not documented: tried three times."""
    step = running(Observation("FAILED"), Done(refused=refused))
    assert type(step) is (Fail if refused == STARTS_MAX else Start)


def test_maximum_equal_to_minimum_is_the_same_as_none() -> None:
    """A model without scaling may be shown with both bounds."""
    assert running(Observation("RUNNING", InferenceUnits(2, 2)), NOTHING, Run(TWO)) == Reached()


def test_units_that_are_not_shown_count_as_the_wanted_ones() -> None:
    """Nothing is interrupted over units that the service does not tell."""
    assert running(Observation("RUNNING"), NOTHING, Run(TWO)) == Reached()


def test_absent_fails_to_run_and_is_done_at_rest() -> None:
    """No such version."""
    assert isinstance(running(ABSENT), Fail)
    assert toward_rest(ABSENT, NOTHING, NOW) == Reached()


def test_another_feature_is_never_started_nor_stopped() -> None:
    """A content moderation adapter has no running state."""
    assert isinstance(running(Observation("TRAINING_COMPLETED", feature="CONTENT_MODERATION")), Fail)
    seen = Observation("RUNNING", feature="CONTENT_MODERATION")
    assert toward_rest(seen, NOTHING, NOW) == Reached()


def test_unknown_status_waits_both_ways() -> None:
    """A status of a later API is waited out by name."""
    for step in (running(Observation("PONDERING")), toward_rest(Observation("PONDERING"), NOTHING, NOW)):
        assert isinstance(step, Wait)
        assert "PONDERING" in step.why


@pytest.mark.parametrize("visible", [True, False])
def test_a_start_that_may_not_show_yet_keeps_the_rest_waiting(visible: bool) -> None:
    """STOPPED right after our own Start may be from before it; after it was seen, it is not."""
    done = STARTED_JUST_NOW._replace(start_visible=visible)
    assert isinstance(toward_rest(Observation("STOPPED"), done, NOW), Reached if visible else Wait)
