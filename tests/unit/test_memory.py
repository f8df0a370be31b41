"""What a request remembers: of calls, of looks, and across hand-overs."""

from __future__ import annotations

import json

import pytest

from running_model_handler.core.memory import NOTHING_DONE, Done, Memory, memory_from_json
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import HAND_OVERS_MAX

A = "arn:a"
NOW = 1_700_000_000.0


def seen(status: str) -> Observation:
    """A look at a model."""
    return Observation(status, InferenceUnits(1))


def read(raw: object, now: float = NOW, sent_at: float = 0.0) -> Memory:
    """A memory that a hand-over event holds, as JSON makes it."""
    return memory_from_json(json.loads(json.dumps(raw)), now, sent_at)


MEMORY = Memory(
    sent_at=NOW - 90,
    arrived_at=NOW - 80,
    t=NOW - 100.123456,
    failure="why",
    failed_at=NOW - 10,
    lost={A: "because"},
    hand_overs=2,
    tries=3,
    throttles=1.5,
    throttled_at=NOW - 5,
    last_error="rekognition:X: Odd",
    denied={"rekognition:X": NOW - 7},
    projects={A: "1690734433420"},
    models={A: NOTHING_DONE.with_start("STOPPED", NOW - 7.0, accepted=True)},
)


def test_memory_survives_json_and_other_releases() -> None:
    """Hand-overs are read by other releases: unknown keys are ignored, missing ones have defaults."""
    told = MEMORY.to_json()
    assert read(told) == MEMORY
    newer = json.loads(json.dumps(told)) | {"colour": "blue"}
    newer["models"][A]["shade"] = 3
    assert read(newer) == MEMORY
    older = {"hand_overs": 1, "sent_at": NOW - 9, "arrived_at": NOW - 8}
    assert read(older) == Memory(sent_at=NOW - 9, arrived_at=NOW - 8, hand_overs=1)
    assert read({"models": {A: {}}, "hand_overs": 1}).models == {A: Done()}


@pytest.mark.parametrize("raw", [None, "x", [], {}, {"hand_overs": 0}, {"hand_overs": HAND_OVERS_MAX + 1}])
def test_what_no_hand_over_has_left_is_a_fresh_memory(raw: object) -> None:
    """A first delivery has none; its hour counts from when it was sent, if its URL tells."""
    assert read(raw) == Memory(sent_at=NOW, arrived_at=NOW)
    assert read(raw, sent_at=NOW - 60) == Memory(sent_at=NOW - 60, arrived_at=NOW)
    assert read(raw, sent_at=NOW + 60) == Memory(sent_at=NOW, arrived_at=NOW)


def test_t_stays_as_it_was_to_the_microsecond() -> None:
    """It is compared with what others have written, so no clock corrects it."""
    ahead = NOW + 3.000001
    assert read(Memory(hand_overs=1, sent_at=NOW, t=ahead).to_json()).t == ahead


@pytest.mark.parametrize(
    ("t", "sent_at", "began_at"), [(0.0, 5.0, 5.0), (3.0, 5.0, 5.0), (7.0, 5.0, 7.0), (7.0, 0.0, 7.0)]
)
def test_the_hour_counts_from_the_later_of_the_operation_and_the_request(
    t: float, sent_at: float, began_at: float
) -> None:
    """An operation may have begun before; a request is never answered before its own hour is over."""
    assert Memory(t=t, sent_at=sent_at).began_at == began_at


def test_a_second_failure_concerns_what_was_to_be_undone() -> None:
    """The reason of a request is the first one; what can't be undone is told after it."""
    memory = Memory().with_failure("first", A).with_failure("second", A)
    assert (memory.failure, memory.lost) == ("first", {A: "second"})


def test_throttles_are_counted_and_fade() -> None:
    """Half of what was counted is forgotten in five minutes, in a hand-over too."""
    memory = Memory(hand_overs=1).with_throttle(1000.0).with_throttle(1300.0)
    assert memory.throttles_recently(1300.0) == 1.5
    assert read(memory.to_json(), 1600.0).throttles_recently(1600.0) == 0.75
    hostile = read({"hand_overs": 1, "throttles": 1e300, "throttled_at": 1e300}, 1600.0)
    assert hostile.throttles_recently(1600.0) == 1600.0


def test_what_is_wanted_anew_is_counted_anew() -> None:
    """Three stops on the way to one size are no stops on the way to another; when it was is not forgotten."""
    done = Done(toward="run 1", starts=2, start_accepted=True, start_at=5.0, stops=3, stop_at=7.0)
    assert done.aimed("run 1") is done
    anew = done.aimed("rest")
    assert (anew.starts, anew.stops, anew.start_accepted) == (0, 0, False)
    assert (anew.start_at, anew.stop_at) == (5.0, 7.0)


def looked(done: Done, *looks: tuple[float, str]) -> Done:
    """After some looks."""
    for at, status in looks:
        done = done.with_look(seen(status), at)
    return done


def started(*, accepted: bool = True, before: Done = NOTHING_DONE) -> Done:
    """After a Start at 100 s."""
    return before.with_start("STOPPED", 100.0, accepted=accepted)


@pytest.mark.parametrize(
    ("looks", "visible"),
    [
        ([], False),
        ([(105.0, "STOPPED")], False),
        ([(105.0, "STARTING")], True),
        ([(105.0, "RUNNING")], True),
        ([(105.0, "FAILED")], True),
        ([(105.0, "STARTING"), (110.0, "STOPPED")], True),
    ],
)
def test_a_start_is_visible_once_a_look_shows_it(looks: list[tuple[float, str]], visible: bool) -> None:
    """STARTING, RUNNING or a new FAILED; it stays so."""
    assert looked(started(), *looks).start_visible is visible


def test_an_old_running_or_failed_is_no_start() -> None:
    """After a stop RUNNING may be from before it, FAILED from before the Start."""
    after_stop = started(before=NOTHING_DONE.with_stop(90.0, accepted=True))
    assert not looked(after_stop, (104.0, "RUNNING")).start_visible
    assert looked(after_stop, (110.0, "RUNNING")).start_visible
    failed_before = NOTHING_DONE.with_start("FAILED", 100.0, accepted=True)
    assert not looked(failed_before, (104.0, "FAILED")).start_visible


def test_what_runs_long_after_our_start_had_no_effect_is_not_by_us() -> None:
    """At rest after the lag of a look: the Start came to nothing, so what runs later is somebody else's."""
    assert looked(started(), (110.0, "STOPPED")).may_run_by_us
    assert not looked(started(), (116.0, "STOPPED")).may_run_by_us
    assert looked(started(), (116.0, "STARTING")).may_run_by_us


def test_a_start_is_measured_to_the_middle_between_two_looks() -> None:
    """From the accepted Start to between the last look that did not show RUNNING and the first that did."""
    waiting = looked(started(), (105.0, "STOPPED"), (110.0, "STARTING"), (690.0, "STARTING"))
    assert waiting.took_seconds == 0
    done = looked(waiting, (700.0, "RUNNING"))
    assert done.took_seconds == 595
    assert looked(done, (800.0, "RUNNING")).took_seconds == 595


@pytest.mark.parametrize(
    ("done", "looks"),
    [
        pytest.param(started(accepted=False), [(104.0, "RUNNING")], id="no answer"),
        pytest.param(
            started(before=NOTHING_DONE.with_stop(90.0, accepted=True)), [(104.0, "RUNNING")], id="old"
        ),
        pytest.param(started(), [(110.0, "STARTING"), (300.0, "RUNNING")], id="looks far apart"),
        pytest.param(started(), [(110.0, "FAILED"), (120.0, "RUNNING")], id="failed"),
    ],
)
def test_what_is_vague_is_not_measured(done: Done, looks: list[tuple[float, str]]) -> None:
    """A Start without an answer, a RUNNING from before a stop, looks far apart, a start that failed."""
    assert looked(done, *looks).took_seconds == 0


def test_a_start_after_a_stop_is_measured_from_the_first_starting() -> None:
    """A look has to show STARTING first."""
    after_stop = started(before=NOTHING_DONE.with_stop(90.0, accepted=True))
    assert looked(after_stop, (104.0, "RUNNING"), (110.0, "STARTING"), (120.0, "RUNNING")).took_seconds == 15


def test_a_look_that_shows_nothing_teaches_nothing() -> None:
    """A version that is hidden says nothing of its start."""
    assert started().with_look(ABSENT, 105.0) == started()
