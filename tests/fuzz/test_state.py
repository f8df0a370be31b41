"""A hand-over state that no hand-over has left: it must neither crash a request nor keep it from its work."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hostile import examples, json_values, numbers, texts
from hypothesis import example, given
from hypothesis import strategies as st
from stage import BILLS, STAGES, an_event, deleting, play
from test_any_event import check, check_models
from world import V1

from running_model_handler.core.state import STATE_KEY, ModelMemory, State, state_from_json
from running_model_handler.core.waiting import HAND_OVERS_MAX

NOW = 1_700_000_000.0
times = numbers | st.sampled_from([NOW - 100, NOW + 1e6, 1.0, "1"])
memories = st.fixed_dictionaries(
    {},
    optional={
        "starts": numbers,
        "start_at": times,
        "start_certain": json_values,
        "start_visible": json_values,
        "before_start": texts,
        "stops": numbers,
        "stop_at": times,
        "settled_since": times,
    },
)
states = st.fixed_dictionaries(
    {"hand_overs": st.just(1) | st.integers(HAND_OVERS_MAX + 1) | numbers},
    optional={
        "version": json_values,
        "started_at": times,
        "claimed": json_values | st.just([V1]),
        "claimed_at": times,
        "adopted": json_values,
        "begun_as": texts | st.sampled_from(["forward", "back"]),
        "denied_since": times,
        "tries": numbers,
        "last_error": texts,
        "failure": texts,
        "ended": json_values,
        "project_arns": json_values | st.dictionaries(st.just(V1), texts | st.just("1111111111111")),
        "models": json_values | st.dictionaries(st.just(V1) | texts, memories | json_values, max_size=3),
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
        assert played.status(V1) not in BILLS, "G3: a Delete sent no Stop"


@pytest.mark.parametrize(
    "state",
    [
        {"hand_overs": 1, "begun_as": "sideways"},
        {"hand_overs": 1, "started_at": "yesterday"},
        {"hand_overs": 1, "started_at": 1.0},
        {"hand_overs": 1, "started_at": NOW + 1e9},
        {"hand_overs": 1, "started_at": float("nan")},
        {"hand_overs": 1, "models": {V1: {"stop_at": NOW + 1e9, "stops": 1}}},
        {"hand_overs": 1, "models": {V1: {"stops": "many"}}},
        {"hand_overs": 1, "project_arns": {V1: "elsewhere"}},
        {"hand_overs": 1, "project_arns": [V1]},
        {"hand_overs": 1, "claimed": 7, "models": []},
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


def test_a_forged_direction_keeps_no_create_from_starting() -> None:
    """G4: a direction that there is not is none."""
    event = an_event("Create") | {STATE_KEY: {"hand_overs": 1, "begun_as": "sideways"}}
    played = play(STAGES["Create"](), event)
    check(played, event)
    assert played.answer is not None
    assert played.answer["Status"] == "SUCCESS"


def test_a_delete_that_begins_too_late_sends_a_stop_before_it_fails() -> None:
    """G3: out of time at its first look, it says how to stop the model, and has stopped it."""
    stage = deleting()
    event = an_event("Delete") | {STATE_KEY: {"hand_overs": 1, "started_at": stage.clock.now() - 3599}}
    played = play(stage, event)
    assert played.answer is not None
    assert played.answer["Status"] == "FAILED"
    assert "aws rekognition stop-project-version" in played.answer["Reason"]
    assert played.status(V1) == "STOPPED"


def test_the_last_hand_over_is_answered() -> None:
    """G4: where Lambda would drop another hand-over, the request fails with what to do."""
    event = an_event("Delete") | {STATE_KEY: {"hand_overs": HAND_OVERS_MAX, "started_at": NOW}}
    played = play(deleting(), event)
    check(played, event)
    assert played.answer is not None
    assert f"not done after {HAND_OVERS_MAX} hand-overs" in played.answer["Reason"]
    assert "aws rekognition stop-project-version" in played.answer["Reason"]


@examples(200)
@example(state={"hand_overs": 1, "started_at": float("nan"), "models": {V1: {"stop_at": float("nan")}}})
@given(state=states)
def test_what_is_read_of_a_state_has_the_types_that_it_says(state: dict[str, Any]) -> None:
    """G4: numbers are finite and not of the future, so that nothing waits for them."""
    read = state_from_json(state, NOW)
    assert 0 <= read.hand_overs <= HAND_OVERS_MAX
    memories: list[State | ModelMemory] = [read, *read.models.values()]
    for memory in memories:
        fresh = asdict(State()) | asdict(ModelMemory())
        for name, value in asdict(memory).items():
            assert type(value) is type(fresh[name])
            assert not isinstance(value, float) or 0 <= value <= NOW
    assert isinstance(read, State)
    assert all(isinstance(memory, ModelMemory) for memory in read.models.values())
