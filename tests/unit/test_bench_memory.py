"""Which memory size the CPU time of a process leads to, and the script that it is measured with."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import memory, scripted_aws
from bench.cpu_share import Cold
from bench.processes import example
from bench.templates import functions
from bench.variants import OURS


def test_the_smallest_size_has_room_and_is_in_time() -> None:
    """Each of the three conditions can be the one that decides."""
    quick, slow = Cold(0.1, 0.01, 50), Cold(0.1, 0.2, 50)
    assert memory.smallest_fit(quick, 50, []) == 128
    assert memory.smallest_fit(quick, 100, []) == 192
    assert memory.smallest_fit(slow, 50, []) == 256
    assert memory.smallest_fit(quick, 50, [Cold(0.1, 0.008, 50)]) == 192
    with pytest.raises(ValueError, match="none of"):
        memory.smallest_fit(slow, 50, [Cold(0.1, 0.001, 50)])


def test_table() -> None:
    """A line for each way, a column for each size."""
    lines = memory.table({"ours": Cold(0.3, 0.0181, 51.46)}, [128, 1769])
    assert lines[0].endswith("| 128 MB | 1769 MB |")
    assert lines[2] == "| ours | 300 | 18 | 51.5 | 0.55 s | 0.32 s |"


def test_the_script_brings_a_model_up_and_down() -> None:
    """After as many looks as it is told."""
    script = scripted_aws.Script(looks=2, events=5)
    script.rekognition("TagResource", {"Tags": {"a": "1", "b": "2"}})
    script.rekognition("UntagResource", {"TagKeys": ["a"]})
    assert script.rekognition("ListTagsForResource", {}) == {"Tags": {"b": "2"}}
    seen = []
    for call in ("StartProjectVersion", "StopProjectVersion"):
        script.rekognition(call, {})
        for _ in range(3):
            (look,) = script.rekognition("DescribeProjectVersions", {})["ProjectVersionDescriptions"]
            seen.append(look["Status"])
    assert seen == ["STARTING", "RUNNING", "RUNNING", "STOPPING", "STOPPED", "STOPPED"]


@pytest.mark.parametrize("action", ["DescribeStackResource", "DescribeStackEvents", "DescribeStacks"])
def test_the_script_answers_with_xml(action: str) -> None:
    """As many events as it is told, each with readable properties where it has some."""
    text = scripted_aws.Script(looks=1, events=7).cloudformation(action)
    answer = ElementTree.fromstring(text)  # noqa: S314 - our own
    space = {"c": "http://cloudformation.amazonaws.com/doc/2010-05-15/"}
    if action == "DescribeStackEvents":
        events = answer.findall(".//c:StackEvents/c:member", space)
        assert len(events) == 7
        texts = [event.findtext("c:ResourceProperties", namespaces=space) for event in events]
        assert all(json.loads(text) for text in texts if text)
    assert "CREATE_IN_PROGRESS" in ElementTree.tostring(answer, encoding="unicode")


def test_one_size() -> None:
    """What is deployed is what the decision chose."""
    with tempfile.TemporaryDirectory() as folder:
        (function,) = functions(example(Path(folder), OURS.key, 1)).values()
    assert function.memory_mb == 192
