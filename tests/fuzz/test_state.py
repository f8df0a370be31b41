"""A hand-over state that no hand-over has left: it must neither crash a request nor keep it from its work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hostile import examples, json_values, numbers, texts
from hypothesis import example, given
from hypothesis import strategies as st
from stage import BILLS, STAGES, an_event, deleting, play
from test_any_event import check, check_models
from world import V1

from running_model_handler.core.memory import STATE_KEY, Done, Memory, memory_from_json
from running_model_handler.core.waiting import HAND_OVERS_MAX

NOW = 1_700_000_000.0
times = numbers | st.sampled_from([NOW - 100, NOW + 1e6, 1.0, "1", NOW + 3600.001])
dones = st.fixed_dictionaries(
    {},
    optional={
        "toward": texts | st.sampled_from(["rest", "run 1"]),
        "starts": numbers,
        "start_at": times,
        "start_accepted": json_values,
        "start_visible": json_values,
        "before_start": texts,
        "starts_refused": numbers,
        "stops": numbers,
        "stop_at": times,
        "stop_accepted": json_values,
        "may_run_by_us": json_values,
        "acted_at": times,
        "claimed_at": times,
        "released_at": times,
        "took_seconds": numbers,
    },
)
states = st.fixed_dictionaries(
    {"hand_overs": st.just(1) | st.integers(HAND_OVERS_MAX + 1) | numbers},
    optional={
        "version": json_values,
        "sent_at": times,
        "arrived_at": times,
        "t": times,
        "failure": texts,
        "failed_at": times,
        # That a model could not be stopped is believed: it was said by whoever tried for an hour.
        "lost": json_values | st.dictionaries(texts.filter(lambda key: key != V1), texts, max_size=3),
        "cut_short_at": times,
        "denied": json_values | st.dictionaries(texts, times, max_size=3),
        "tries": numbers,
        "throttles": numbers,
        "throttled_at": times,
        "last_error": texts,
        "projects": json_values | st.dictionaries(st.just(V1), texts | st.just("1111111111111")),
        "models": json_values | st.dictionaries(st.just(V1) | texts, dones | json_values, max_size=3),
    },
)


@examples(60)
@given(kind=st.sampled_from(["Create", "Delete"]), state=states | json_values)
def test_any_state_is_answered(kind: str, state: object) -> None:
    """G2, G3, G4: whatever a state says, a request is answered, and a Delete stops its model."""
    event = an_event(kind) | {STATE_KEY: state}
    played = play(STAGES[kind](), event)
    check(played, event)
    check_models(played, kind)
    if kind == "Delete":
        assert played.answer is not None
        told = "aws rekognition stop-project-version" in played.answer["Reason"]
        assert told or played.status(V1) not in BILLS, "G3: a Delete sent no Stop"


@pytest.mark.parametrize(
    "state",
    [
        {"hand_overs": 1, "t": "yesterday"},
        {"hand_overs": 1, "t": 1.0},
        {"hand_overs": 1, "t": float("nan")},
        {"hand_overs": 1, "t": NOW + 1e9},
        {"hand_overs": 1, "sent_at": "yesterday"},
        {"hand_overs": 1, "sent_at": 1.0},
        {"hand_overs": 1, "sent_at": NOW + 1e9},
        {"hand_overs": 1, "sent_at": float("nan")},
        {"hand_overs": 1, "denied": {"rekognition:StopProjectVersion": 1.0}},
        {"hand_overs": 1, "denied": ["rekognition:StopProjectVersion"]},
        {"hand_overs": 1, "models": {V1: {"stop_at": NOW + 1e9, "stops": 1}}},
        {"hand_overs": 1, "models": {V1: {"acted_at": NOW + 1e9}}},
        {"hand_overs": 1, "models": {V1: {"released_at": NOW + 1e9}}},
        {"hand_overs": 1, "models": {V1: {"stops": "many"}}},
        {"hand_overs": 1, "projects": {V1: "elsewhere"}},
        {"hand_overs": 1, "projects": [V1]},
        {"hand_overs": 1, "lost": 7, "models": []},
        {"hand_overs": 99},
        {"hand_overs": "1"},
    ],
)
def test_a_forged_state_keeps_no_delete_from_stopping(state: dict[str, Any]) -> None:
    """G2, G4: each of these crashed a Delete, made it wait for a time to come, or left it unanswered."""
    event = an_event("Delete") | {STATE_KEY: state}
    played = play(deleting(), event)
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "SUCCESS"
    assert played.stage.versions[V1].status == "STOPPED"


@pytest.mark.parametrize(
    "state",
    [
        {"t": NOW - 1000},
        {"sent_at": NOW - 100},
        {"projects": {V1: "1111111111111"}},
        {"models": {V1: {"starts": 1}}},
    ],
)
def test_a_memory_of_another_time_keeps_no_create_from_starting(state: dict[str, Any]) -> None:
    """G4: an older T moves forward, a project that does not show the model is looked up."""
    event = an_event("Create") | {STATE_KEY: {"hand_overs": 1} | state}
    played = play(STAGES["Create"](), event)
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "SUCCESS"


def test_the_last_hand_over_is_answered() -> None:
    """G4: where Lambda would drop another hand-over, the request fails with what to do."""
    stage = deleting()
    now = stage.clock.now()
    event = an_event("Delete") | {
        STATE_KEY: {"hand_overs": HAND_OVERS_MAX, "sent_at": now, "arrived_at": now}
    }
    played = play(stage, event)
    check(played, event)
    assert played.answer is not None
    assert f"not done after {HAND_OVERS_MAX} hand-overs" in played.answer["Reason"]
    assert "aws rekognition stop-project-version" in played.answer["Reason"]


@examples(200)
@example(state={"hand_overs": 1, "sent_at": float("nan"), "models": {V1: {"stop_at": float("nan")}}})
@given(state=states)
def test_what_is_read_of_a_state_has_the_types_that_it_says(state: dict[str, Any]) -> None:
    """G4: numbers are finite and not of the future, so that nothing waits for them; but for T."""
    read = memory_from_json(state, NOW, 0.0)
    assert 0 <= read.hand_overs <= HAND_OVERS_MAX
    every: list[Memory | Done] = [read, *read.models.values()]
    for memory in every:
        fresh = type(memory)()._asdict()
        for name, value in memory._asdict().items():
            assert isinstance(value, Mapping) or type(value) is type(fresh[name])
            assert not isinstance(value, float) or 0 <= value <= NOW + (3600.0 * 2 if name == "t" else 0.0)
    assert isinstance(read, Memory)
    assert all(isinstance(done, Done) for done in read.models.values())
    for texts_by_key in (read.lost, read.projects):
        assert all(isinstance(text, str) for text in texts_by_key.values())
    assert all(isinstance(at, float) and at <= NOW for at in read.denied.values())
