"""What a run leaves to read: the bill and the timeline, as text, picture and figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_aws.drawing import draw
from local_aws.timeline import SECOND_FOR_SECOND, Step, Timeline, as_text, build

if TYPE_CHECKING:
    from local_aws import EmbeddedAws

BOOTSTRAP_STACK = "CDKToolkit"
_VERBS = {"CREATE": "create", "UPDATE": "update", "DELETE": "delete", "IMPORT": "import"}
_BEGIN_NOTHING = (
    "REVIEW_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)
_MARGIN_SECONDS = 2.0
"""Shown before the first thing that happened."""


def write(
    timeline: Timeline, folder: Path, title: str = "A model’s life, from cdk deploy to cdk destroy"
) -> list[str]:
    """Write ``timeline.txt``, ``timeline.svg`` and ``timeline.json``; the lines of the text."""
    text = as_text(timeline)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timeline.txt").write_text("\n".join(text) + "\n")
    (folder / "timeline.svg").write_text(draw(timeline, title))
    (folder / "timeline.json").write_text(json.dumps(asdict(timeline), indent=2) + "\n")
    return text


def last_words(aws: EmbeddedAws, folder: Path, end: float) -> list[str]:
    """The lines to say when the embedded AWS ends; the files are written where there is anything to tell."""
    timeline = timeline_of(aws.rekognition.journal.entries, stack_steps(_stack_events(aws)), end)
    if timeline is None:
        return ["No model was started: nothing was billed."]
    text = write(timeline, folder, "What the models did on the embedded AWS")
    running = [arn for arn in aws.rekognition.versions() if aws.rekognition.status(arn) == "RUNNING"]
    still = [f"  still RUNNING at the end, and billing if this were AWS: {arn}" for arn in running]
    return [*text, *still, f"  picture: {folder / 'timeline.svg'}"]


def timeline_of(entries: Iterable[Any], steps: Sequence[Step], end: float) -> Timeline | None:
    """The models that did anything; None if no model did. Steps are in seconds since 1970.

    Time before the first step or start is left out: a person may have waited for long.
    """
    entries = list(entries)
    moves = [entry for entry in entries if entry.kind == "transition" and entry.detail["from"] is not None]
    if not moves:
        return None
    begin = min([entry.at for entry in moves] + [step.begin for step in steps]) - _MARGIN_SECONDS
    names = {arn: _name(arn) for arn in dict.fromkeys(entry.arn for entry in moves)}
    moved = [replace(step, begin=step.begin - begin, end=step.end - begin) for step in steps]
    return build(entries, names, moved, begin, end, minutes_per_second=SECOND_FOR_SECOND)


def stack_steps(events: Mapping[str, Sequence[tuple[float, str]]]) -> list[Step]:
    """What was done to stacks, in seconds since 1970; ``events``: time and status, oldest first."""
    steps = []
    for stack, told in events.items():
        began: tuple[float, str] | None = None
        for (_, before), (at, status) in pairwise([(0.0, ""), *told]):
            if before == "REVIEW_IN_PROGRESS" and status.startswith("DELETE_"):
                # A change set that was not carried out: there was nothing to delete.
                continue
            if began is None and status.endswith("_IN_PROGRESS") and status not in _BEGIN_NOTHING:
                began = at, status
            elif began is not None and not status.endswith("_IN_PROGRESS"):
                steps.append(Step(f"{stack}: {_did(began[1], status)}", began[0], at))
                began = None
        if began is not None:
            # Interrupted in the middle: up to the last that is known.
            steps.append(Step(f"{stack}: {_did(began[1], '')}", began[0], told[-1][0]))
    return sorted(steps, key=lambda step: step.begin)


def _did(first: str, last: str) -> str:
    verb = _VERBS.get(first.partition("_")[0], "roll back")
    if "ROLLBACK" in last and "ROLLBACK" not in first:
        verb += ", rolled back"
    elif last == "DELETE_COMPLETE" and verb != "delete":
        verb += ", deleted"
    return f"{verb}, failed" if last.endswith("_FAILED") else verb


def _name(arn: str) -> str:
    """``parts v1`` of ``arn:…:project/parts/version/v1/…``."""
    parts = arn.split("/")
    return f"{parts[1]} {parts[3]}" if len(parts) > 3 else arn


def _stack_events(aws: EmbeddedAws) -> dict[str, list[tuple[float, str]]]:
    """Times and statuses of the stacks themselves, deleted ones too, that of the bootstrap left out.

    Empty where CloudFormation does not answer any more: the bill is told all the same.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return _read_stack_events(aws)
    except (BotoCoreError, ClientError):
        return {}


def _read_stack_events(aws: EmbeddedAws) -> dict[str, list[tuple[float, str]]]:
    client = aws.client("cloudformation")
    found: dict[str, list[tuple[float, str]]] = {}
    pages = client.get_paginator("list_stacks").paginate().build_full_result()["StackSummaries"]
    for stack in pages:
        name, stack_id = stack["StackName"], stack["StackId"]
        if name == BOOTSTRAP_STACK or "ParentId" in stack:
            continue
        events = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        # The newest stands first; what has happened in one millisecond keeps its order.
        own = [
            (event["Timestamp"].timestamp(), event["ResourceStatus"])
            for event in reversed(events.build_full_result()["StackEvents"])
            if event.get("PhysicalResourceId") == stack_id
        ]
        found.setdefault(name, []).extend(own)
    return {name: sorted(events, key=lambda event: event[0]) for name, events in found.items()}
