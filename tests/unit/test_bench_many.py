"""How a deployment of many models is read out of the journals, and told."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from bench.figures import summary
from bench.many import report
from bench.many.accounts import Found
from bench.many.figures import (
    CREATE,
    DELETE,
    Figures,
    Seen,
    figures,
    leftovers,
    most_at_once,
    most_within,
    taken_at,
)
from local_aws.journal import Answer, Attempt, CustomResourceRequest, Invocation
from local_aws.rekognition import Settings
from local_aws.rekognition.journal import Entry

A, B = "arn:a", "arn:b"
RATE_ERROR = Settings().rate_error


def request(
    arn: str, sent_at: float, answered_at: float | None, kind: str = "Create"
) -> CustomResourceRequest:
    """A request of one model, answered or not."""
    answers = () if answered_at is None else (Answer(answered_at, "taken", "", 200, {}),)
    return CustomResourceRequest(
        request_id=f"{kind} {arn}",
        request_type=kind,
        stack_id="stack",
        logical_id=arn,
        resource_type="Custom::Model",
        physical_id=None,
        properties={"ProjectVersionArn": arn},
        old_properties=None,
        function="f",
        hand_made=False,
        sent_at=sent_at,
        ended_at=answered_at,
        outcome="waiting" if answered_at is None else "SUCCESS",
        answers=answers,
    )


def called(at: float, operation: str, arn: str = "", outcome: str = "ok") -> Entry:
    """A call; one that was refused by its rate bears no ARN."""
    return Entry(at, "call", operation, arn, {"outcome": outcome})


def moved(at: float, arn: str, status: str) -> Entry:
    """A change of status."""
    return Entry(at, "transition", "", arn, {"to": status})


def run(started_at: float, ended_at: float | None) -> Invocation:
    """A run of the function."""
    return Invocation("i", "f", "Event", Attempt(1, 3), started_at, ended_at, "ok", "", "r")


SEEN = Seen(
    asked_at=100.0,
    ended_at=170.0,
    requests=[request(A, 100.5, 163.0), request(B, 101.0, 169.0), request(A, 200.0, 220.0, "Delete")],
    journal=[
        called(102.0, "ListTagsForResource", A),
        called(102.1, "ListTagsForResource", outcome=RATE_ERROR),
        called(102.5, "StartProjectVersion", A),
        moved(102.5, A, "STARTING"),
        called(102.6, "StartProjectVersion", outcome=RATE_ERROR),
        called(104.0, "StartProjectVersion", B),
        moved(104.0, B, "STARTING"),
        called(130.0, "DescribeProjectVersions", A),
        moved(162.5, A, "RUNNING"),
        called(163.0, "DescribeProjectVersions", A),
        moved(164.0, B, "RUNNING"),
        called(168.5, "DescribeProjectVersions", B, outcome="InternalServerError"),
    ],
    invocations=[run(100.5, 163.1), run(101.0, None)],
)


def test_a_create_of_two() -> None:
    """Every figure, counted from CreateStack."""
    assert figures(CREATE, SEEN, RATE_ERROR) == Figures(
        models=2,
        answered=2,
        events_seconds=1.0,
        first_call_seconds=2.0,
        begun_seconds=4.0,
        reached_seconds=64.0,
        complete_seconds=70.0,
        lag=summary([0.5, 5.0], 1),
        control_calls=6,
        control_throttled=1,
        busiest_second=2,
        busiest_minute=4,
        tag_calls=2,
        tag_throttled=1,
        functions_at_once=2,
    )


def test_a_delete_counts_stops() -> None:
    """STOPPING and STOPPED take the place of STARTING and RUNNING, and Deletes that of Creates."""
    journal = [
        called(200.2, "StopProjectVersion", A),
        moved(200.2, A, "STOPPING"),
        moved(210.2, A, "STOPPED"),
    ]
    seen = dataclasses.replace(SEEN, asked_at=199.0, ended_at=221.0, journal=journal, invocations=[])
    found = figures(DELETE, seen, RATE_ERROR)
    assert (found.models, found.begun_seconds, found.reached_seconds) == (1, 1.2, 11.2)
    assert (found.complete_seconds, found.lag.worst, found.functions_at_once) == (22.0, 9.8, 0)


@pytest.mark.parametrize("missing", ["STARTING", "RUNNING"])
def test_a_model_that_did_not_run_is_no_figure(missing: str) -> None:
    """Else the last of the others would pass for the last of all."""
    journal = [entry for entry in SEEN.journal if entry.arn != B or entry.detail.get("to") != missing]
    with pytest.raises(ValueError, match="never RUNNING"):
        figures(CREATE, dataclasses.replace(SEEN, journal=journal), RATE_ERROR)


def test_nobody_asked_is_no_figure() -> None:
    """A stack without a request says nothing of models."""
    with pytest.raises(ValueError, match="nobody was asked"):
        figures(CREATE, dataclasses.replace(SEEN, requests=[]), RATE_ERROR)


def test_an_answer_that_was_missed_is_not_counted() -> None:
    """The model runs, but CloudFormation has heard nothing."""
    missed = dataclasses.replace(SEEN, requests=[request(A, 100.5, 163.0), request(B, 101.0, None)])
    found = figures(CREATE, missed, RATE_ERROR)
    assert (found.models, found.answered, found.lag.n) == (2, 1, 1)


@pytest.mark.parametrize(
    ("outcome", "verdict", "taken"),
    [("SUCCESS", "taken", 5.0), ("FAILED", "taken", None), ("timed out", "ignored", None)],
)
def test_only_a_success_that_was_taken_is_an_answer(outcome: str, verdict: str, taken: float | None) -> None:
    """Not a FAILED, nor one that came late."""
    one = dataclasses.replace(
        request(A, 1.0, 5.0), outcome=outcome, answers=(Answer(5.0, verdict, "", 200, {}),)
    )
    assert taken_at(one) == taken


@pytest.mark.parametrize(
    ("times", "most"),
    [([], 0), ([1.0], 1), ([0.9, 1.1, 1.9], 3), ([0.0, 1.0, 2.0], 2), ([5.0, 0.0, 5.5, 9.0], 2)],
)
def test_the_busiest_span_begins_anywhere(times: list[float], most: int) -> None:
    """0.9 to 1.9 is one second, though two seconds of the clock share it."""
    assert most_within(times, 1.0) == most


@pytest.mark.parametrize(
    ("spans", "most"),
    [
        ([], 0),
        ([(0.0, 1.0), (1.0, 2.0)], 1),
        ([(0.0, 1.5), (1.0, 2.0)], 2),
        ([(0.0, None), (9.0, 10.0), (9.5, 11.0), (10.5, 12.0)], 3),
    ],
)
def test_the_most_at_once(spans: list[tuple[float, float | None]], most: int) -> None:
    """One that ends makes room for one that begins; one without an end stays."""
    assert most_at_once(spans) == most


def test_what_is_left_is_told_in_words() -> None:
    """Only what is there, and only models that did not stop."""
    assert leftovers({"roles": 0, "functions": 0}, ["STOPPED", "STOPPED"]) == []
    assert leftovers({"roles": 0, "functions": 2}, ["STOPPED", "RUNNING", "RUNNING"]) == [
        "2 functions",
        "models RUNNING",
    ]


def told() -> dict[str, Any]:
    """A run as its JSON holds it: a stack with one model, and one with two that takes half as long again."""
    two = figures(CREATE, SEEN, RATE_ERROR)
    one = dataclasses.replace(two, models=1, answered=1, complete_seconds=46.0, first_call_seconds=1.0)
    found = [Found(1, one, one, []), Found(2, two, two, ["2 functions"])]
    run = {"times": {"start": 600.0, "stop": 60.0}, "minutes": 14.2, "stacks": [f.as_dict() for f in found]}
    return dict(json.loads(json.dumps(run)))


def test_the_tables_have_a_column_for_each_size() -> None:
    """Ratios are to the stack with one model, with and without the time that the processes took to start."""
    lines = report.section(told()).splitlines()
    assert "| create; models | 1 | 2 |" in lines
    assert "| **CREATE_COMPLETE after (s)** | 46.0 | 70.0 |" in lines
    assert "| **… times one model's** | 1.00 | 1.52 |" in lines
    assert "| … the same, both counted from the first call | 1.00 | 1.51 |" in lines
    assert "| answered | 1 of 1 | 2 of 2 |" in lines
    assert "| control calls; a model | 6; 6 | 6; 3 |" in lines
    assert "| … throttled | 1 (17%) | 1 (17%) |" in lines
    assert "| … throttled | 1 (50%) | 1 (50%) |" in lines
    assert lines[-1] == "| left | nothing | 2 functions |"
