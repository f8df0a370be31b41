"""The bench's figures, goals and document."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bench import goals, report, results
from bench.observations import Phase
from bench.prices import Usage
from bench.results import AT_MEMORY_SIZE
from bench.variants import VARIANTS

PHASES = [
    Phase(lag, 1.0, {"StartProjectVersion": 1, "DescribeProjectVersions": looks}, Usage(requests=looks))
    for lag, looks in ((3.0, 4), (1.0, 2), (2.0, 9))
]


def figures(lag: float, price: float, calls: int, synth: float, to_start: float) -> dict[str, Any]:
    """The figures of one way, as a run gives them."""
    summary = {"median": lag, "p95": lag, "worst": lag, "n": 1}
    used = {
        "Rekognition calls": {"DescribeProjectVersions": calls},
        "usage": dict.fromkeys(vars(Usage()), 0.0),
        "list price, USD": price,
    }
    return {
        "RUNNING to CREATE_COMPLETE, seconds": summary,
        "STOPPED to DELETE_COMPLETE, seconds": summary,
        "event to StartProjectVersion, seconds": summary | {"median": 0.3},
        AT_MEMORY_SIZE: summary | {"median": to_start},
        "event to StopProjectVersion, seconds": summary,
        "create": used,
        "delete": used,
        "long start": used,
        "cold start, milliseconds": {"Function": 100},
        "synth, seconds": synth,
        "synth, times an empty app": synth,
        "template": {
            "resources": 7,
            "resources of a further model": 1,
            "functions": 1,
            "template bytes": 1234,
            "asset bytes": 0,
            "actions allowed": ["a:Do", "b:Do"],
            "wildcards": ["a:Do"],
            "managed policies": 1,
        },
        "left after destroy": {"model": ["STOPPED"], "log groups": 2, "rules": 0},
    }


def all_figures() -> dict[str, Any]:
    """Ours is ahead by as much as it has to be, and no more."""
    found = {variant.key: figures(2.0, 0.002, 120, 1.5, 0.9) for variant in VARIANTS}
    found["ours"] = figures(1.0, 0.001, 120, 1.5, 0.9)
    return found


def started_before(lag: float = 1.0, calls: int = 40) -> dict[str, Any]:
    """Half the lag and a third of the calls of the provider framework, and no more."""
    return figures(lag, 0.001, calls, 1.5, 0.9)


def judged(found: dict[str, Any], again: dict[str, Any] | None = None) -> list[goals.Goal]:
    """The goals of such a run."""
    return goals.goals(found, again or started_before())


def test_figures_of_rounds_are_medians() -> None:
    """Of lags, of each call, of each thing used."""
    found = results.of_rounds(PHASES, PHASES)
    assert found["RUNNING to CREATE_COMPLETE, seconds"]["median"] == 2.0
    assert found["create"]["Rekognition calls"] == {"DescribeProjectVersions": 4, "StartProjectVersion": 1}
    assert found["create"]["usage"]["requests"] == 4
    assert results.total_calls(found["create"]) == 5


def test_figures_of_one_have_a_price_by_service() -> None:
    """The parts and their sum."""
    found = results.of_one(Phase(1.0, 1.0, {}, Usage(transitions=1000)))
    assert found["list price, USD"] == 0.025
    assert found["list price by service, USD"]["step_functions"] == 0.025


def test_the_time_between_looks() -> None:
    """Of what looks; AwsCustomResource never does."""
    looks = {"Rekognition calls": {"DescribeProjectVersions": 120, "StartProjectVersion": 1}}
    assert results.seconds_between_looks(600.0, looks) == 5.0
    assert results.seconds_between_looks(600.0, {"Rekognition calls": {"StartProjectVersion": 1}}) is None


def test_what_is_left_is_the_worst_of_all() -> None:
    """One deployment that leaves something behind is enough."""
    left = [
        {"model": "STOPPED", "rules": 0},
        {"model": "RUNNING", "rules": 1},
        {"model": "STOPPED", "rules": 0},
    ]
    assert results.what_is_left(left) == {"model": ["RUNNING", "STOPPED"], "rules": 1}


def test_goals_that_are_just_met() -> None:
    """Equal is enough where a goal says no worse, half where it says half."""
    assert [goal for goal in judged(all_figures()) if not goal.met] == []
    assert len(judged(all_figures())) == 9


@pytest.mark.parametrize(
    ("again", "goal"),
    [
        (started_before(lag=1.01), "started before, RUNNING to"),
        (started_before(calls=41), "started before, Rekognition calls"),
    ],
)
def test_goals_of_a_version_that_has_started_before(again: dict[str, Any], goal: str) -> None:
    """Each is missed by a little, and by itself."""
    (missed,) = [each for each in judged(all_figures(), again) if not each.met]
    assert missed.text.startswith(goal)
    assert missed.why_not


@pytest.mark.parametrize(
    ("path", "value", "goal"),
    [
        (("RUNNING to CREATE_COMPLETE, seconds", "median"), 2.01, "first start, RUNNING to"),
        (("STOPPED to DELETE_COMPLETE, seconds", "median"), 1.01, "STOPPED to"),
        ((AT_MEMORY_SIZE, "median"), 0.91, "event to"),
        (
            ("long start", "Rekognition calls", "DescribeProjectVersions"),
            121,
            "first start, Rekognition calls",
        ),
        (("long start", "list price, USD"), 0.00101, "list price"),
        (("template", "resources"), 8, "at most"),
        (("template", "resources of a further model"), 2, "at most"),
        (("synth, times an empty app",), 1.51, "synth"),
    ],
)
def test_each_goal_is_missed_by_a_little(path: tuple[str, ...], value: float, goal: str) -> None:
    """And by that goal alone, with a reason."""
    found = copy.deepcopy(all_figures())
    place = found["ours"] = copy.deepcopy(found["ours"])
    for key in path[:-1]:
        place[key] = copy.deepcopy(place[key])
        place = place[key]
    place[path[-1]] = value
    (missed,) = [each for each in judged(found) if not each.met]
    assert missed.text.startswith(goal)
    assert missed.why_not


def test_slow_for_all_is_not_fast() -> None:
    """The first call has a limit of its own beside the comparison."""
    found = {key: copy.deepcopy(value) for key, value in all_figures().items()}
    for each in found.values():
        each[AT_MEMORY_SIZE]["median"] = 1.5
    (missed,) = [goal for goal in judged(found) if not goal.met]
    assert missed.text.startswith("event to")


def test_what_does_not_wait_does_not_compete_for_the_first_call() -> None:
    """It is fast since it does less."""
    found = all_figures()
    found["aws_custom_resource"] = figures(1.0, 0.1, 1, 2.0, 0.01)
    assert all(goal.met for goal in judged(found))


def test_the_first_call_is_judged_at_the_memory_size_and_shown_on_a_whole_core_too() -> None:
    """On AWS no function has a whole core, so what is slower with one has not lost by that."""
    found = all_figures()
    found["boto3_waiter"]["event to StartProjectVersion, seconds"] = {"median": 0.2}
    (goal,) = [goal for goal in judged(found) if goal.text.startswith("event to")]
    assert goal.met
    assert goal.measured.startswith("0.90 s; the shortest other: 0.90 s")
    assert goal.measured.endswith(
        "Wall time with a whole core for each: 0.30 s; the shortest other: 0.20 s (boto3_waiter)"
    )


def test_goals_without_the_long_start() -> None:
    """What was not measured is not judged."""
    found = {key: value | {"long start": None} for key, value in all_figures().items()}
    assert len(judged(found, started_before() | {"long start": None})) == 6


def test_a_table() -> None:
    """Header, rule, rows."""
    assert report.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_only_the_marked_section_is_replaced() -> None:
    """What people wrote stays; a second run changes nothing more."""
    document = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    once = report.replaced(document, "new")
    assert once == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    assert report.replaced(once, "new") == once


@pytest.mark.parametrize("document", ["", report.BEGIN, f"{report.END}\n"])
def test_a_document_without_marks(document: str) -> None:
    """A section that would land nowhere is an error."""
    with pytest.raises(ValueError, match="needs the lines"):
        report.replaced(document, "new")


def test_the_section_shows_every_way_and_what_was_not_met() -> None:
    """All columns, the reasons, and what was not run."""
    found = all_figures()
    found["ours"]["synth, times an empty app"] = 9.99
    found["crhelper_poller"] = found["crhelper_poller"] | {"long start": None}
    text = report.section(
        {
            "run": {
                "commit": "abc1234",
                "machine": "m",
                "versions": {"Python": "3.11"},
                "rounds": 2,
                "processes": 3,
                "cold starts": 15,
                "minutes": 7.4,
                "times": {"start": 20.0, "stop": 10.0, "spread": 95.0, "long_start": 600.0},
            },
            "variants": found,
            "started before": started_before(),
            "goals": [goal.as_dict() for goal in judged(all_figures() | {"ours": found["ours"]})],
            "construct alone": {"lag": {"up": {"median": 0.5, "p95": 0.9, "worst": 1.0}, "one": 20.5}},
        }
    )
    assert all(variant.title in text for variant in VARIANTS)
    assert "20 to 115 s to start" in text
    assert "for the CPU time 15 times" in text
    assert "at its share of a core: median, p95, worst (s) | 0.90, 1.00, 1.00 | 0.90, 2.00, 2.00 |" in text
    assert "| 2; 1; 1 |" in text
    assert "model STOPPED, 2 log groups" in text
    assert "not run" in text
    assert "| mean time between two looks of it (s) | 5.00 |" in text
    assert "| Rekognition calls of the long start | 120 (DescribeProjectVersions 120) | 40 (Describe" in text
    assert text.count("**no**") == 1
    assert "| lag: up | median 0.50, p95 0.90, worst 1.00 |\n| lag: one | 20.5 |" in text
