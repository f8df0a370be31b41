"""What the API shows of stacks and resources, and when it takes CancelUpdateStack and DeleteStack.

- A resource that is being made has no physical id yet: CloudFormation leaves the element out, MiniStack sends
  it empty.
- DescribeStackResource(s) and ListStackResources also show what a failed create or a delete has deleted.
- Stack events carry ResourceProperties (API reference, StackEvent).
- CancelUpdateStack takes effect at once, not before the next resource.
- A stack in the middle of an update cannot be deleted ("cannot be deleted while in status …", as reported by
  users).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.operations import Operations
from local_aws.corrections.stack_record import StackRecord
from local_aws.platform.cloudformation import NOT_DELETABLE

Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Answer]

_RESOURCES = ("DescribeStackResource", "DescribeStackResources", "ListStackResources")
_EMPTY = re.compile(rb"<(PhysicalResourceId|ResourceStatusReason|StackStatusReason|Description)></\1>")
_EVENT_ID = re.compile(r"<EventId>([^<]*)</EventId>")


def install(operations: Operations) -> None:
    """Puts the corrected actions in place."""
    actions: dict[str, Action] = ministack.handlers._ACTION_HANDLERS
    for name in _RESOURCES:
        actions[name] = _without_empty(_with_the_deleted(actions[name]))
    actions["DescribeStacks"] = _without_empty(actions["DescribeStacks"])
    actions["DescribeStackEvents"] = _without_empty(_with_properties(actions["DescribeStackEvents"]))
    actions["CancelUpdateStack"] = _cancelling(actions["CancelUpdateStack"], operations)
    actions["DeleteStack"] = _refusing_delete(actions["DeleteStack"])


def _without_empty(action: Action) -> Action:
    def corrected(parameters: dict[str, Any]) -> Answer:
        status, headers, body = action(parameters)
        return status, headers, _EMPTY.sub(b"", body)

    return corrected


def _with_the_deleted(action: Action) -> Action:
    def corrected(parameters: dict[str, Any]) -> Answer:
        record = ministack.handlers._resolve_stack(ministack.helpers._p(parameters, "StackName"))
        if record is None:
            return action(parameters)
        stack = StackRecord(record)
        present = stack.resources
        record["_resources"] = {**stack.deleted, **present}
        try:
            return action(parameters)
        finally:
            record["_resources"] = present

    return corrected


def _with_properties(action: Action) -> Action:
    def corrected(parameters: dict[str, Any]) -> Answer:
        status, headers, body = action(parameters)
        record = ministack.handlers._resolve_stack(ministack.helpers._p(parameters, "StackName"))
        if record is None or status != 200:
            return status, headers, body
        events = ministack.cloudformation._stack_events.get(record["StackId"], [])
        known = {event["EventId"]: event.get("ResourceProperties") for event in events}

        def add(found: re.Match[str]) -> str:
            properties = known.get(found[1])
            if properties is None:
                return found[0]
            return f"{found[0]}<ResourceProperties>{ministack.helpers._esc(properties)}</ResourceProperties>"

        return status, headers, _EVENT_ID.sub(add, body.decode()).encode()

    return corrected


def _cancelling(action: Action, operations: Operations) -> Action:
    def corrected(parameters: dict[str, Any]) -> Answer:
        answer = action(parameters)
        record = ministack.handlers._resolve_stack(ministack.helpers._p(parameters, "StackName"))
        if record is not None and record.pop("_cancel_requested", False):
            operations.cancel(record["StackId"], record.pop("_cancel_token", ""))
        return answer

    return corrected


def _refusing_delete(action: Action) -> Action:
    def corrected(parameters: dict[str, Any]) -> Answer:
        record = ministack.handlers._resolve_stack(ministack.helpers._p(parameters, "StackName"))
        if record is not None and record.get("StackStatus") in NOT_DELETABLE:
            refused: Answer = ministack.helpers._error(
                "ValidationError",
                f"Stack [{record['StackName']}] cannot be deleted while in status {record['StackStatus']}",
            )
            return refused
        return action(parameters)

    return corrected
