"""What CloudFormation says of a resource and its stack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.operation import (
    ResourceView,
    StackEvent,
    Story,
    declaration_of,
    is_answer,
    read_story,
)
from running_model_handler.shell.calls import call, reading

_PAGES_MAX: Final = 50
"""Of up to a hundred events each: more than a stack of 500 resources makes in an update and its roll-back."""


class Stacks(Protocol):
    """What the life cycle needs of CloudFormation. Every method raises ``ServiceError``."""

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        """A resource as DescribeStackResource shows it; None if it, or its stack, does not exist."""

    def story(self, stack_id: str, logical_id: str) -> Story:
        """What the stack's events tell of its operation (DescribeStackEvents); see ``read_story``."""


class CloudFormationStacks:
    """``Stacks`` on a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        """See ``Stacks``."""
        action = "cloudformation:DescribeStackResource"
        answer = _call_or_none(
            action,
            stack_id,
            self._client.describe_stack_resource,
            StackName=stack_id,
            LogicalResourceId=logical_id,
        )
        if answer is None:
            return None
        with reading(action, stack_id):
            return _view(answer["StackResourceDetail"])

    def story(self, stack_id: str, logical_id: str) -> Story:
        """See ``Stacks``. CloudFormation gives the newest events first."""
        return read_story(self._events(stack_id), stack_id, logical_id)

    def _events(self, stack_id: str) -> Iterator[StackEvent]:
        """The events of a stack, newest first, page by page as they are asked for."""
        page = self._page_of_events(stack_id)
        for _ in range(_PAGES_MAX):
            for event in (page or {}).get("StackEvents", []):
                # The events of a nested stack are its own.
                if event.get("StackId") == stack_id:
                    with reading("cloudformation:DescribeStackEvents", stack_id):
                        read = _event(event)
                    yield read
            token = (page or {}).get("NextToken")
            if not token:
                return
            page = self._page_of_events(stack_id, NextToken=token)

    def _page_of_events(self, stack_id: str, **following: str) -> Mapping[str, Any] | None:
        action = "cloudformation:DescribeStackEvents"
        method = self._client.describe_stack_events
        answer: Mapping[str, Any] | None = _call_or_none(
            action, stack_id, method, StackName=stack_id, **following
        )
        return answer


def _event(event: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        logical_id=str(event.get("LogicalResourceId", "")),
        physical_id=event.get("PhysicalResourceId") or None,
        status=str(event.get("ResourceStatus", "")),
        at=event["Timestamp"].timestamp(),
        declares=declaration_of(_properties(event.get("ResourceProperties"))),
        answered=is_answer(str(event.get("ResourceStatus", "")), str(event.get("ResourceStatusReason", ""))),
    )


def _view(detail: Mapping[str, Any]) -> ResourceView:
    return ResourceView(str(detail.get("ResourceStatus", "")), detail.get("PhysicalResourceId") or None)


def _properties(text: object) -> Mapping[str, object]:
    """An event's ResourceProperties, JSON in a string (API reference, StackEvent); empty where unreadable."""
    try:
        read = json.loads(str(text))
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _call_or_none(action: str, stack_id: str, method: Any, **parameters: Any) -> Any:
    """CloudFormation says ValidationError, of all codes, for a stack or resource that does not exist."""
    try:
        return call(action, stack_id, method, **parameters)
    except ServiceError as error:
        if error.code == "ValidationError" and "does not exist" in error.message:
            return None
        if error.kind is ErrorKind.NOT_FOUND:
            return None
        raise
