"""The event of a schedule, read strictly: which resource of which stack to look after, and how; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from math import inf
from typing import Final, NamedTuple

from running_model_handler.core.arn import Location, ProjectVersionArn, location_of
from running_model_handler.core.claim import STACK_ID, Owner
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.event import TEXT_CHARACTERS_MAX, readable_properties
from running_model_handler.core.names import SCHEDULED_TIME, SWEEP
from running_model_handler.core.sweeping import Sweep
from running_model_handler.request import parse_declared

_LOGICAL_ID: Final = re.compile(r"[A-Za-z0-9]{1,255}")


class SweepEvent(NamedTuple):
    """What a schedule sends, read."""

    sweep: Sweep
    version: ProjectVersionArn


def read_sweep(event: object, function: Location) -> SweepEvent:
    """What stands under the event's one key; raises ``InvalidProperty`` naming key and value.

    ``function`` is where the function works: a sweep looks after models and stacks of that place alone.
    """
    if not isinstance(event, Mapping):
        raise InvalidProperty(
            SWEEP, event, "must be an object with StackId, LogicalResourceId and properties"
        )
    stack_id, logical_id = event.get("StackId"), event.get("LogicalResourceId")
    known = isinstance(stack_id, str) and len(stack_id) <= TEXT_CHARACTERS_MAX
    if not isinstance(stack_id, str) or not known or not STACK_ID.fullmatch(stack_id):
        raise InvalidProperty("StackId", stack_id, "must be the ARN of a stack")
    if not isinstance(logical_id, str) or not _LOGICAL_ID.fullmatch(logical_id):
        raise InvalidProperty("LogicalResourceId", logical_id, "must be the logical id of a resource")
    stack = location_of(stack_id)
    if (function.account, function.region) != (stack.account, stack.region):
        where = f"{function.account} in {function.region}"
        raise InvalidProperty("StackId", stack_id, f"must be a stack of the function's account, {where}")
    if not isinstance(event.get("ResourceProperties"), Mapping):
        raise InvalidProperty("ResourceProperties", event.get("ResourceProperties"), "must be an object")
    declared = parse_declared(readable_properties(event["ResourceProperties"]), function)
    created = declared.project_arn.created if declared.project_arn is not None else None
    owner, due = Owner(stack_id, logical_id), _moment(event.get(SCHEDULED_TIME))
    sweep = Sweep(owner, str(declared.arn), declared.units, declared.guards, created, due)
    return SweepEvent(sweep, declared.arn)


def _moment(told: object) -> float:
    """A time in seconds since the epoch; infinite for what is none: no guard may fail for its spelling."""
    try:
        return datetime.fromisoformat(told).timestamp() if isinstance(told, str) else inf
    except (ValueError, OverflowError, OSError):
        return inf
