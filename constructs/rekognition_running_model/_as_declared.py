"""What a resource has to declare at the end of the synth: permissions and schedules were made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aws_cdk import CfnResource, Stack
from constructs import Construct

from rekognition_running_model._checks import problem_of_a_place
from rekognition_running_model._declared import USD_PER_UNIT_DAY
from rekognition_running_model._final import Written
from rekognition_running_model._rendering import is_waiting_for_look_ups
from rekognition_running_model._said import warn
from rekognition_running_model._schedules import what_keeps_asleep
from rekognition_running_model._tokens import is_dynamic_reference, is_token
from running_model_handler.core.names import Property

_GIVEN_AS: Final = {
    Property.PROJECT_VERSION_ARN: "project_version_arn",
    Property.RUNNING_HOURS: "running_hours",
    Property.LEAD_SECONDS: "lead_time",
    Property.STOP_AFTER_SECONDS: "stop_after",
    Property.IDLE_SECONDS: "stop_when_idle",
    Property.QUEUE_URL: "start_for",
    Property.QUEUE_EMPTY_SECONDS: "stop_when_empty",
}
"""The permissions name the model and the queue; the schedules are there for the guards."""
_SENT_TOO: Final = {
    Property.PROJECT_ARN: "project_arn",
    Property.MIN_INFERENCE_UNITS: "min_inference_units",
    Property.MAX_INFERENCE_UNITS: "max_inference_units",
    Property.TIMEOUT_SECONDS: "timeout",
    Property.POLL_INTERVAL_SECONDS: "poll_interval",
    Property.REPLACEMENT: "replacement",
}
"""What schedules tell the function as well, at each look."""


def check_properties(
    model: Construct,
    found: Mapping[str, Any],
    written: Written,
    declared: Mapping[str, Any],
    *,
    guarded: bool,
) -> list[str]:
    """What an override has changed that can't be changed by one, and an ARN that turns out to be wrong."""
    properties = found.get("Properties", {})
    problems = list(_overridden(properties, written, declared, guarded=guarded))
    arn = properties.get(Property.PROJECT_VERSION_ARN)
    changed = isinstance(arn, str) and arn != declared[Property.PROJECT_VERSION_ARN]
    if not problems and changed and not is_dynamic_reference(arn):
        # A token that the synth itself resolves, such as Lazy.string: judged as what it has become.
        wrong = problem_of_a_place(str(arn), Stack.of(model))
        problems += [] if wrong and is_waiting_for_look_ups(model) else wrong
    return problems


def _overridden(
    properties: Mapping[str, Any], written: Written, declared: Mapping[str, Any], *, guarded: bool
) -> Iterator[str]:
    for name, given_as in (_GIVEN_AS | _SENT_TOO if guarded else _GIVEN_AS).items():
        wanted, got = declared.get(name), properties.get(name)
        if got == wanted or got == (written.resolved(wanted) if is_token(wanted) else wanted):
            continue
        why = (
            "the schedules tell the function what the construct declares"
            if guarded
            else "permissions and schedules are made of what the construct declares"
        )
        yield f"{name} must not be overridden, got {got}: {why}; give it as {given_as}"


def warn_of_sleep(model: Construct, sweep: CfnResource, written: Written) -> None:
    """Warn where nothing wakes the function for a model with guards."""
    what = what_keeps_asleep(sweep, written)
    if what is None:
        return
    warn(
        model,
        "asleep",
        f"the schedule {sweep.node.path} {what}: only deployments obey the guards of this model then, and "
        f"one that runs goes on billing about {USD_PER_UNIT_DAY} USD a day for each inference unit. Leave it "
        "out of the aspect that does it, or acknowledge this",
    )
