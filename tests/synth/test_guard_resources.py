"""How many resources guards add: the table of docs/guards.md, counted in templates."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from synth_examples import ARN

from rekognition_running_model import RunningHours, RunningModel

DOCS = (Path(__file__).parents[2] / "docs" / "guards.md").read_text()
OFFICE = RunningHours(days="MON-FRI", start="08:00", stop="18:00", time_zone="Europe/Berlin")
LATE = RunningHours(days="SAT", start="20:00", stop="23:00", time_zone="Europe/Berlin")
ONLY_STOPS = RunningHours(days="MON-SUN", stop="20:00", time_zone="Europe/Berlin")
DECLARED: dict[str, Callable[[sqs.IQueue], dict[str, Any]]] = {
    "`stop_after`": lambda _: {"stop_after": Duration.hours(8)},
    "`stop_when_idle`": lambda _: {"stop_when_idle": Duration.hours(1)},
    "`start_for`, with hours too": lambda queue: {"start_for": queue, "running_hours": OFFICE},
    "`running_hours`: one period": lambda _: {"running_hours": OFFICE},
    "`running_hours`: one that only stops": lambda _: {"running_hours": ONLY_STOPS},
    "`running_hours`: two periods that differ in start and stop": lambda _: {"running_hours": [OFFICE, LATE]},
}


def resources(models: int, guards: Callable[[sqs.IQueue], dict[str, Any]]) -> int:
    """How many a stack of so many models has; the queue is somebody else's."""
    stack = Stack(App(), "Parts")
    queue = sqs.Queue.from_queue_arn(stack, "Pictures", "arn:aws:sqs:eu-west-1:123456789012:pictures")
    for number in range(models):
        arn = ARN.replace("/v3/", f"/w{number}/")
        RunningModel(stack, f"Model{number}", project_version_arn=arn, **guards(queue))
    return len(Template.from_stack(stack).to_json()["Resources"])


def test_the_docs_tell_how_many_resources_each_guard_adds() -> None:
    """For the first model of a stack, and for each further one."""
    plain = [resources(models, lambda _: {}) for models in (1, 2)]
    assert plain == [6, 7]
    counted = {}
    for words, guards in DECLARED.items():
        one, two = resources(1, guards), resources(2, guards)
        counted[words] = (one - plain[0], two - one - 1)
    table = DOCS.partition("| declared | the first such model")[2].partition("\n\n")[0]
    told = re.findall(r"^\| (.+?) \| ([0-9]+) \| ([0-9]+) \|$", table, re.MULTILINE)
    assert {words: (int(first), int(further)) for words, first, further in told} == counted


def test_the_docs_tell_how_often_each_guard_wakes_the_function() -> None:
    """The wakes of a month of 30 days, in the table of prices."""
    row = r"^\| .*?(`start_for`|`stop_after`|`stop_when_idle`).*? \| ([0-9,]+) \|"
    table = DOCS.partition("\n| | wakes |")[2].partition("\n\n")[0]
    wakes = re.findall(row, table, re.MULTILINE)
    found = {}
    for guard, options in (("`stop_after`", "`stop_after`"), ("`start_for`", "`start_for`, with hours too")):
        stack = Stack(App(), "Parts")
        queue = sqs.Queue.from_queue_arn(stack, "Pictures", "arn:aws:sqs:eu-west-1:123456789012:pictures")
        RunningModel(stack, "Model", project_version_arn=ARN, **DECLARED[options](queue))
        (schedule,) = Template.from_stack(stack).find_resources("AWS::Scheduler::Schedule").values()
        (minutes,) = re.findall(r"rate\(([0-9]+) minutes?\)", schedule["Properties"]["ScheduleExpression"])
        found[guard] = 30 * 24 * 60 // int(minutes)
    told = {guard: int(number.replace(",", "")) for guard, number in wakes}
    assert found.items() <= told.items(), told
