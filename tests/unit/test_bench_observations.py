"""How the bench reads the journals."""

from __future__ import annotations

import dataclasses

import pytest

from bench.observations import Deployed, LogLine, Phase, billed_seconds, lambda_usage, log_bytes, phase
from bench.prices import Usage
from bench.templates import Function
from local_aws.journal import Attempt, CustomResourceRequest, Invocation
from local_aws.rekognition.journal import Entry

ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/p/version/v/1"
CREATE = CustomResourceRequest(
    request_id="r1",
    request_type="Create",
    stack_id="arn:…:stack/S/1",
    logical_id="Model",
    resource_type="Custom::Model",
    physical_id=None,
    properties={},
    old_properties=None,
    function="f",
    hand_made=False,
    sent_at=100.0,
    ended_at=133.0,
    outcome="SUCCESS",
    answers=(),
)
JOURNAL = [
    Entry(50.0, "transition", "", ARN, {"to": "RUNNING"}),
    Entry(101.5, "call", "StartProjectVersion", ARN),
    Entry(101.5, "transition", "StartProjectVersion", ARN, {"to": "STARTING"}),
    Entry(110.0, "call", "DescribeProjectVersions", ARN),
    Entry(130.0, "transition", "", ARN, {"to": "RUNNING"}),
    Entry(132.0, "call", "DescribeProjectVersions", ARN),
    Entry(200.0, "call", "StopProjectVersion", ARN),
]
PLAIN = Deployed({"f": Function(128, arm=False, system_lines=True)}, frozenset(), rules=False)


def run(
    function: str = "f", start: float = 100.0, end: float | None = 101.0, request: str = "r1"
) -> Invocation:
    """A run of a function."""
    return Invocation("i", function, "Event", Attempt(1, 3), start, end, "ok", "", request)


def test_a_create() -> None:
    """Only what lies within the window, and only the stack's own functions."""
    found = phase(CREATE, (100.0, 200.0), PLAIN, JOURNAL, [run(), run(start=200.0), run("other")], [])
    assert found == Phase(
        lag_seconds=3.0,
        to_call_seconds=1.5,
        calls={"DescribeProjectVersions": 2, "StartProjectVersion": 1},
        usage=Usage(requests=1, x86_gb_seconds=0.125),
    )


def test_an_answer_before_the_model_runs_is_a_negative_lag() -> None:
    """As of a way that does not wait."""
    early = dataclasses.replace(CREATE, ended_at=102.0)
    assert phase(early, (100.0, 200.0), PLAIN, JOURNAL, [], []).lag_seconds == -28.0


def test_a_delete_looks_for_the_stop() -> None:
    """STOPPED and StopProjectVersion take the place of RUNNING and Start."""
    delete = dataclasses.replace(CREATE, request_type="Delete", sent_at=199.5, ended_at=212.0)
    journal = [*JOURNAL, Entry(210.0, "transition", "", ARN, {"to": "STOPPED"})]
    found = phase(delete, (199.0, float("inf")), PLAIN, journal, [], [])
    assert (found.lag_seconds, found.to_call_seconds) == (2.0, 0.5)
    assert found.calls == {"StopProjectVersion": 1}


def test_a_model_that_never_ran_is_no_figure() -> None:
    """An older RUNNING, outside the window, does not count."""
    with pytest.raises(ValueError, match="was not seen as RUNNING"):
        phase(CREATE, (100.0, 120.0), PLAIN, JOURNAL, [], [])


def test_lambda_bills_whole_milliseconds() -> None:
    """Rounded up, but not for a rounding error of floating point."""
    assert billed_seconds(run(end=100.0101)) == 0.011
    assert billed_seconds(run(end=100.010)) == 0.01


def test_a_run_that_goes_on_is_no_figure() -> None:
    """Its price is not known yet."""
    with pytest.raises(ValueError, match="still runs"):
        billed_seconds(run(end=None))


def test_memory_and_architecture_count() -> None:
    """GB-seconds are memory times time, of each architecture by itself."""
    deployed = Deployed(
        {"f": Function(512, arm=True, system_lines=True), "g": Function(1024, arm=False, system_lines=True)},
        frozenset({"g"}),
        rules=False,
    )
    usage = lambda_usage([run(), run("g"), run("g", end=102.0)], deployed)
    assert usage == Usage(requests=3, x86_gb_seconds=3.0, arm_gb_seconds=0.5, transitions=2)


def test_every_run_of_a_request_but_its_first_comes_from_a_rule() -> None:
    """CloudFormation invokes once, the rule does the rest."""
    deployed = dataclasses.replace(PLAIN, rules=True)
    runs = [run(), run(), run(), run(request="r2")]
    assert lambda_usage(runs, deployed).rule_invocations == 2
    assert lambda_usage(runs, PLAIN).rule_invocations == 0


def test_a_log_counts_what_lambda_would_write() -> None:
    """Not what the settings silence, nor what the emulator's own code makes Node say."""
    deployed = Deployed(
        {"f": Function(128, arm=False, system_lines=True), "g": Function(128, arm=True, system_lines=False)},
        frozenset(),
        rules=False,
    )
    lines = [
        LogLine("f", 1.0, "REPORT x"),
        LogLine("g", 1.0, "REPORT x"),
        LogLine("g", 1.0, "é"),
        LogLine("f", 1.0, "(node:1) [DEP0169] DeprecationWarning"),
    ]
    assert log_bytes(lines, deployed) == 9 + 3
