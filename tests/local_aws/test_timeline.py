"""The timeline: from a journal to lanes, text and picture, its judgement on gaps, what is told at the end."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from local_aws.drawing import draw
from local_aws.ending import stack_steps, timeline_of, write
from local_aws.timeline import (
    SECOND_FOR_SECOND,
    Band,
    Lane,
    Mark,
    Outage,
    Span,
    Step,
    Timeline,
    as_text,
    build,
    gap,
)

OLD, NEW = "arn:project/parts/version/v1/1", "arn:project/parts/version/v2/2"
NAMES = {OLD: "v1", NEW: "v2"}


def moved(at: float, arn: str, status: str, units: int = 0, before: str | None = "before") -> Any:
    """A transition as the emulator journals it."""
    detail = {"from": before, "to": status, "billed_units": units}
    return SimpleNamespace(at=100 + at, kind="transition", operation="", arn=arn, detail=detail)


def called(at: float, arn: str, operation: str) -> Any:
    """A call as the emulator journals it."""
    return SimpleNamespace(at=100 + at, kind="call", operation=operation, arn=arn, detail={})


def replaced(old_ends: float) -> Timeline:
    """v1 runs from 0 s until ``old_ends``, v2 from 20 s on, in a step from 5 to 30 s."""
    entries = [
        moved(0, OLD, "RUNNING", 1),
        moved(0, NEW, "STOPPED"),
        called(10, NEW, "StartProjectVersion"),
        moved(10, NEW, "STARTING"),
        called(11, "arn:project", "DescribeProjectVersions"),
        moved(20, NEW, "RUNNING", 2),
        moved(old_ends, OLD, "STOPPED"),
    ]
    entries.sort(key=lambda entry: entry.at)
    return build(entries, NAMES, [Step("replace", 5, 30)], 100, 130)


def test_spans_bill_units_times_seconds() -> None:
    """What a model bills is its running time times its units."""
    timeline = replaced(25)
    old, new = timeline.lanes
    assert [(span.status, span.begin, span.end) for span in new.spans] == [
        ("STOPPED", 0, 10),
        ("STARTING", 10, 20),
        ("RUNNING", 20, 30),
    ]
    assert (old.billed_unit_seconds, new.billed_unit_seconds) == (25, 20)
    assert timeline.billed_unit_seconds == 45
    assert timeline.usd_at_real_pace == pytest.approx(45 / 60 * 4)
    assert timeline.looks == 1


@pytest.mark.parametrize(("old_ends", "seconds"), [(25, 0), (20, 0), (18, 2), (12, 8), (3, 15)])
def test_gap_is_the_time_without_a_running_model(old_ends: float, seconds: float) -> None:
    """A replacement that stops the old model too early is found out, to the second."""
    assert gap(replaced(old_ends), "replace") == pytest.approx(seconds)


def test_text_tells_statuses_calls_and_the_bill() -> None:
    """The text has every step, status and call in the order of time, then the bill."""
    lines = as_text(replaced(25))
    text = "\n".join(lines)
    for words in ("$ replace", "v2: STARTING for 10.0 s", "StartProjectVersion on v2", "45 unit-seconds"):
        assert words in text
    times = [float(line.split(" s")[0]) for line in lines if line[:1] == " " and " s  " in line[:12]]
    assert times == sorted(times)


def test_the_picture_is_well_formed_and_names_everything() -> None:
    """The SVG parses, stays inside its frame, and shows each model, status and step."""
    root = ElementTree.fromstring(draw(replaced(25)))  # noqa: S314 - our own picture
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    for words in ("v1", "v2", "STARTING", "replace", "units billed"):
        assert words in texts
    width = float(root.attrib["width"])
    for element in root.iter():
        if element.tag.endswith("}rect"):
            assert 0 <= float(element.attrib.get("x", 0)) + float(element.attrib["width"]) <= width + 0.2


def test_names_are_escaped() -> None:
    """A name with markup in it breaks no picture."""
    timeline = build([moved(0, OLD, "RUNNING", 1)], {OLD: "<v1> & co"}, [], 100, 110)
    ElementTree.fromstring(draw(timeline))  # noqa: S314


RESIZE = Step("resize", 5, 30)


def resized(*others: Any, step: Step = RESIZE) -> Timeline:
    """v1 is stopped at 10 s and runs again at 20 s."""
    entries = [moved(0, OLD, "RUNNING", 1), moved(10, OLD, "STOPPING"), moved(20, OLD, "RUNNING", 2), *others]
    entries.sort(key=lambda entry: entry.at)
    return build(entries, NAMES, [step], 100, 140)


def test_a_resize_is_shown_as_no_service() -> None:
    """From the end of RUNNING to the next RUNNING, in text and picture."""
    timeline = resized()
    assert timeline.outages == (Outage(10, 20, 0),)
    assert "   10.0 s      no service for 10.0 s" in as_text(timeline)
    assert "no service: 10 s" in draw(timeline)


def test_words_do_not_lie_over_each_other() -> None:
    """Of outages that stand close together one has a word, all have a bracket."""
    at = ((0, "RUNNING"), (10, "STOPPING"), (11, "RUNNING"), (13, "STOPPING"), (14, "RUNNING"))
    entries = [moved(second, OLD, status, 1) for second, status in at]
    picture = draw(build(entries, NAMES, [Step("resize", 5, 30)], 100, 1000))
    assert picture.count(">no service: 1 s</text>") == 1
    assert picture.count("<title>no service: 1 s</title>") == 2


def test_a_version_that_runs_meanwhile_is_service() -> None:
    """Another version of the project fills the gap, or ends it early; another project does neither."""
    elsewhere = "arn:project/cans/version/v1/3"
    names = {**NAMES, elsewhere: "cans v1"}
    assert resized(moved(0, NEW, "RUNNING", 1)).outages == ()
    assert resized(moved(15, NEW, "RUNNING", 1)).outages == (Outage(10, 15, 0),)
    entries = [moved(0, elsewhere, "RUNNING", 1), moved(0, OLD, "RUNNING", 1), moved(10, OLD, "STOPPING")]
    entries.append(moved(20, OLD, "RUNNING", 1))
    found = build(entries, names, [Step("resize", 5, 30)], 100, 140)
    assert found.outages == (Outage(10, 20, 0),)


@pytest.mark.parametrize("step", [Step("create", 12, 30), Step("delete", 5, 15)])
def test_before_the_first_start_and_after_the_last_stop_nobody_misses_it(step: Step) -> None:
    """A create has had no service yet, and a delete ends it on purpose."""
    assert resized(step=step).outages == ()


def test_a_version_that_never_ran_looks_unlike_a_stopped_one() -> None:
    """TRAINING_COMPLETED is an outline, STOPPED is filled."""
    entries = [moved(0, OLD, "TRAINING_COMPLETED"), moved(0, NEW, "STOPPED")]
    root = ElementTree.fromstring(draw(build(entries, NAMES, [], 100, 130)))  # noqa: S314
    looks = {
        (element.findtext("{*}title") or "").partition(":")[0]: (
            element.attrib["fill"],
            "stroke-dasharray" in element.attrib,
        )
        for element in root.iter()
        if element.tag.endswith("}rect")
    }
    assert looks["TRAINING_COMPLETED"] == ("#ffffff", True)
    assert looks["STOPPED"][0] != "#ffffff"
    assert not looks["STOPPED"][1]


def test_commands_that_overlap_stand_below_each_other() -> None:
    """Two stacks at once, for days: the picture has a row for each, and a scale that fits."""
    steps = [Step("A: create", 0, 20), Step("B: create", 10, 30), Step("A: delete", 100_000, 200_000)]
    root = ElementTree.fromstring(draw(build([], {}, steps, 0, 200_000)))  # noqa: S314
    tops = {
        (element.findtext("{*}title") or "").partition(":")[0]: element.get("y")
        for element in root.iter()
        if element.tag.endswith("}rect")
    }
    assert tops["A"] != tops["B"]


STARTED, DONE = "CREATE_IN_PROGRESS", "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("events", "titles"),
    [
        ([(0, "REVIEW_IN_PROGRESS"), (1, STARTED), (5, DONE)], ["S: create"]),
        ([(1, STARTED), (5, "ROLLBACK_IN_PROGRESS"), (9, "ROLLBACK_COMPLETE")], ["S: create, rolled back"]),
        ([(1, STARTED), (5, "CREATE_FAILED")], ["S: create, failed"]),
        ([(1, STARTED), (5, "DELETE_IN_PROGRESS"), (9, "DELETE_COMPLETE")], ["S: create, deleted"]),
        (
            [(1, STARTED), (2, DONE), (3, "UPDATE_IN_PROGRESS"), (4, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")],
            ["S: create", "S: update"],
        ),
        ([(1, "DELETE_IN_PROGRESS"), (9, "DELETE_COMPLETE")], ["S: delete"]),
        (
            [
                (0, "REVIEW_IN_PROGRESS"),
                (1, "DELETE_IN_PROGRESS"),
                (2, "DELETE_COMPLETE"),
                (3, STARTED),
                (5, DONE),
            ],
            ["S: create"],
        ),
        (
            [
                (1, "UPDATE_IN_PROGRESS"),
                (2, "UPDATE_COMPLETE"),
                (2, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
                (3, "DELETE_IN_PROGRESS"),
                (4, "DELETE_COMPLETE"),
            ],
            ["S: update", "S: delete"],
        ),
    ],
)
def test_the_events_of_stacks_are_steps(events: list[tuple[float, str]], titles: list[str]) -> None:
    """From the event that begins an operation to the one that ends it, or to the last one there is."""
    steps = stack_steps({"S": events})
    assert [step.title for step in steps] == titles
    assert steps[-1].end == events[-1][0]


def test_the_time_before_the_first_step_is_left_out() -> None:
    """Who waits an hour before the first deployment sees the deployment, priced second for second."""
    entries = [
        moved(0, OLD, "TRAINING_COMPLETED", before=None),
        moved(0, NEW, "TRAINING_COMPLETED", before=None),
        moved(3600, OLD, "RUNNING", 2),
    ]
    timeline = timeline_of(entries, [Step("S: create", 3690, 3701)], 3790)
    assert timeline is not None
    assert [lane.name for lane in timeline.lanes] == ["parts v1"]
    assert (timeline.steps[0].begin, timeline.seconds) == (2, 102)
    assert timeline.billed_unit_seconds == 180
    assert "0.20 USD, for the same time there" in timeline.bill


def test_where_no_model_did_anything_there_is_no_timeline() -> None:
    """Nothing is drawn of models that were only there."""
    assert timeline_of([moved(0, OLD, "TRAINING_COMPLETED", before=None)], [], 200) is None


def test_text_picture_and_figures_are_written(tmp_path: Path) -> None:
    """Into a folder that need not be there."""
    text = write(replaced(25), tmp_path / "new" / "folder", "A title")
    folder = tmp_path / "new" / "folder"
    assert (folder / "timeline.txt").read_text().splitlines() == text
    assert "A title" in (folder / "timeline.svg").read_text()
    assert json.loads((folder / "timeline.json").read_text())["seconds"] == 30


def test_a_day_is_told_by_the_clock_with_bands_and_marks() -> None:
    """A mark is a number at its moment, and a line below that tells what it stands for."""
    lane = Lane("parts v1", (Span("RUNNING", 3600.0, 7200.0, 1),), (), 3600.0)
    day = Timeline(
        10_800.0,
        (Step("cdk deploy", 600.0, 660.0),),
        (lane,),
        (),
        0,
        SECOND_FOR_SECOND,
        bands=(Band(0, 3000.0, 9000.0, "running hours"),),
        marks=(Mark(0, 3600.0, "started by hand & foot"), Mark(0, 7200.0, "stopped by a sweep")),
        clock=22_799.5,
    )
    texts = [str(element.text) for element in ElementTree.fromstring(draw(day)).iter() if element.text]  # noqa: S314
    assert texts.count("running hours") == 2
    assert [text for text in texts if "by " in text and " USD" not in text] == [
        "started by hand & foot", "started by hand & foot", "stopped by a sweep", "stopped by a sweep",
    ]  # fmt: skip
    assert {"07:19", "08:19", "1", "2"} <= set(texts)
    # The axis has full hours; nothing is told in seconds.
    assert [text for text in texts if text.endswith(":00")] == ["07:00", "08:00", "09:00"]
    assert "billed 1.0 unit-h" in texts
    # So short a command has its name beside it.
    assert "cdk deploy" in texts
    assert any(text.startswith("06:19 to 09:19 on the embedded AWS") for text in texts)
    assert "07:19          started by hand & foot" in as_text(day)
    assert "07:19      parts v1: RUNNING (1 unit) for 1 h 0 min" in as_text(day)
