"""Who started and stopped each model of the demo, and why: from the journal and the logs of the functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from local_aws import EmbeddedAws
from local_aws.embedded import ROOT_KEY
from local_aws.timeline import Mark, Step

Told = tuple[float, str, str]
"""Seconds since 1970, the ARN of a model, and a text."""
_VERBS = {"StartProjectVersion": "started", "StopProjectVersion": "stopped"}
_APART_SECONDS = 30.0
"""A line of the log is no further from the call that it tells of."""


def marks_of(
    aws: EmbeddedAws, told: Sequence[Told], lanes: Sequence[str], steps: Sequence[Step], begin: float
) -> list[Mark]:
    """A mark for each accepted Start and Stop; ``lanes``: the ARNs, ``steps`` in seconds since ``begin``."""
    found = []
    for call in aws.rekognition.journal.calls():
        if call.operation in _VERBS and call.arn in lanes and call.detail["outcome"] == "ok":
            at, verb = call.at - begin, _VERBS[call.operation]
            who = _who(call, verb, told, [step for step in steps if step.begin <= at <= step.end])
            found.append(Mark(lanes.index(call.arn), at, f"{verb} by {who}"))
    return found


def _who(call: Any, verb: str, told: Sequence[Told], steps: Sequence[Step]) -> str:
    if call.principal == ROOT_KEY:
        return "hand"
    for at, arn, text in told:
        if arn == call.arn and text.startswith(verb) and abs(at - call.at) < _APART_SECONDS:
            return f"a sweep: {text.partition(': ')[2]}"
    return steps[0].title if steps else "the function"


def sweeps(aws: EmbeddedAws) -> list[Told]:
    """When a sweep acted on which model, and what it said; the logs go with their stacks."""
    client = aws.client("logs")
    found = []
    for group in client.describe_log_groups()["logGroups"]:
        for event in client.filter_log_events(logGroupName=group["logGroupName"])["events"]:
            for line in event["message"].splitlines():
                told = _json(line)
                text = str(told.get("message", ""))
                if text.startswith("sweep: ") and "model" in told:
                    found.append(
                        (event["timestamp"] / 1000, str(told["model"]), text.removeprefix("sweep: "))
                    )
    return found


def _json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
