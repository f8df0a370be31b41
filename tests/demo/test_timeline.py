"""The demo's timeline: from a journal to lanes, text and picture, and its judgement on gaps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from demo.drawing import draw
from demo.picture import scratched_plate
from demo.timeline import Step, Timeline, as_text, build, gap

OLD, NEW = "arn:old", "arn:new"
NAMES = {OLD: "v1", NEW: "v2"}


def moved(at: float, arn: str, status: str, units: int = 0) -> Any:
    """A transition as the emulator journals it."""
    detail = {"to": status, "billed_units": units}
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
    for words in ("$ replace", "v2: STARTING for 10.0 s", "StartProjectVersion on v2", "45.0 unit-seconds"):
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


def test_the_sample_picture_is_a_png_that_is_always_the_same() -> None:
    """The picture that the model is shown is drawn, not shipped."""
    assert scratched_plate().startswith(b"\x89PNG")
    assert scratched_plate() == scratched_plate()
