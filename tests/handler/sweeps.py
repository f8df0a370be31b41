"""Sweeps as the tests deliver them, and the neighbours that only a sweep asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stack_log import MODEL
from world import STACK, V1, World, lived, properties, service_error

from running_model_handler.core.duty_tags import read_duty_tags, record_tags
from running_model_handler.core.names import SWEEP
from running_model_handler.core.record import By, Record

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/pictures"
DAY = "MON-FRI 08:00-18:00 UTC"
"""Hours that are over when the world's clock begins, on a Tuesday at 22:13 UTC."""
EVENING = "MON-FRI 20:00-24:00 UTC"
"""Hours within which it begins."""
CHANGES = ("TagResource", "UntagResource", "StartProjectVersion", "StopProjectVersion")


def event(
    props: Mapping[str, Any], *, logical_id: str = MODEL, stack: str = STACK
) -> dict[str, dict[str, Any]]:
    """What a schedule sends."""
    payload = {"StackId": stack, "LogicalResourceId": logical_id, "ResourceProperties": dict(props)}
    return {SWEEP: payload}


def sweep(world: World, arn: str = V1, *, logical_id: str = MODEL, **guards: Any) -> list[str]:
    """A sweep; the calls that it has made."""
    before = len(world.calls)
    world.deliver(event(properties(arn, **guards), logical_id=logical_id))
    return [name for name, _ in world.calls[before:]]


def changes(calls: list[str]) -> list[str]:
    """Those of some calls that change something."""
    return [name for name in calls if name in CHANGES]


def counted(world: World) -> list[str]:
    """The metrics that sweeps have counted so far, oldest first."""
    lines = [json.loads(line) for line in world.lines]
    return [metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]


def record(world: World, arn: str = V1) -> Record | None:
    """The memory in the tags of a model."""
    return read_duty_tags(world.versions[arn].tags).record


def resting(world: World, status: str = "STOPPED", *, by: By = By.DUTY, **guards: Any) -> None:
    """A stack was created an hour ago, and its model rests since, as somebody asked."""
    lived(world, **guards)
    world.versions[V1].status = status
    world.versions[V1].tags.update(record_tags(Record(False, world.clock.now() - 60.0, True, by)))


def running(world: World, *, seconds: float = 3600.0, **guards: Any) -> None:
    """A stack was created an hour ago, and its model has run for so long, as it should."""
    lived(world, **guards)
    record = Record(True, world.clock.now() - seconds, True, By.DUTY)
    world.versions[V1].tags.update(record_tags(record))


def refuse(world: World, action: str, code: str, status: int = 400) -> None:
    """One call of an action fails, once."""

    def refused(called: str, _: str) -> None:
        if called == action:
            world.before = lambda action, arn: None
            raise service_error(code, f"service:{action}", status)

    world.before = refused


def tags_by_hand(world: World, tags: Mapping[str, str], arn: str = V1) -> None:
    """Somebody writes tags."""
    world.versions[arn].tags.update(tags)
