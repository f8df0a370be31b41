"""CloudFormation on the wire: the query protocol, with forms in and XML out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from simulator.errors import ApiError
from simulator.wire_http import REQUEST_ID, HttpAnswer, HttpRequest, WireFault
from simulator.wire_signature import require_signed

if TYPE_CHECKING:
    from simulator.stack import StackEvent
    from simulator.world import World

_VERSION: Final = "2010-05-15"
_XML: Final = {"Content-Type": "text/xml"}
_NAMESPACE: Final = {"xmlns": f"http://cloudformation.amazonaws.com/doc/{_VERSION}/"}


def answer(world: World, request: HttpRequest) -> HttpAnswer:
    """Answer a call."""
    asked = dict(parse_qsl(request.body.decode(), strict_parsing=True))
    action = asked.get("Action", "")
    operation = _OPERATIONS.get(action)
    known = (request.method, request.target, asked.get("Version")) == ("POST", "/", _VERSION)
    if operation is None or not known:
        raise WireFault(f"CloudFormation does not know {request.method} {request.target} {action}")
    try:
        require_signed(world, request, "cloudformation")
        found = operation(world, asked)
    except ApiError as error:
        return HttpAnswer(error.status, _error(error), _XML)
    document = Element(f"{action}Response", _NAMESPACE)
    _fill(SubElement(document, f"{action}Result"), found)
    _fill(SubElement(document, "ResponseMetadata"), {"RequestId": REQUEST_ID})
    return HttpAnswer(200, tostring(document), _XML)


def _error(error: ApiError) -> bytes:
    document = Element("ErrorResponse", _NAMESPACE)
    fault = "Sender" if error.status < 500 else "Receiver"
    details = {"Type": fault, "Code": error.code, "Message": error.message}
    _fill(document, {"Error": details, "RequestId": REQUEST_ID})
    return tostring(document)


def _fill(element: Element, content: Any) -> None:
    """Members of a structure by their names, those of a list as ``member``; nothing for None."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if value is not None:
                _fill(SubElement(element, name), value)
    elif isinstance(content, list):
        for value in content:
            _fill(SubElement(element, "member"), value)
    else:
        element.text = str(content)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _type_of(world: World, stack_id: str, logical_id: str) -> str:
    resource = world.stacks[stack_id].resources.get(logical_id)
    if resource is None:
        return "AWS::CloudFormation::Stack"
    return "AWS::SNS::Topic" if resource.declared is None else "Custom::RekognitionRunningModel"


def _describe_stack_resource(world: World, asked: Mapping[str, str]) -> dict[str, Any]:
    stack_id, logical_id = asked["StackName"], asked["LogicalResourceId"]
    shown = world.apis.describe_stack_resource(stack_id, logical_id)
    detail = {
        "StackName": world.stacks[stack_id].plan.name,
        "StackId": stack_id,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": shown.physical_id,
        "ResourceType": _type_of(world, stack_id, logical_id),
        "LastUpdatedTimestamp": _time(shown.at),
        "ResourceStatus": shown.status,
    }
    return {"StackResourceDetail": detail}


def _describe_stack_events(world: World, asked: Mapping[str, str]) -> dict[str, Any]:
    stack_id = asked["StackName"]
    name = world.stacks[stack_id].plan.name if stack_id in world.stacks else ""

    def told(event: StackEvent) -> dict[str, Any]:
        at = _time(event.at)
        return {
            "StackId": stack_id,
            "EventId": f"{event.logical_id}-{event.status}-{at}",
            "StackName": name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": _type_of(world, stack_id, event.logical_id),
            "Timestamp": at,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.reason,
            "ResourceProperties": "" if event.properties is None else json.dumps(event.properties),
        }

    token = asked.get("NextToken")
    events, following = world.apis.describe_stack_events(stack_id, int(token) if token else None)
    page: dict[str, Any] = {"StackEvents": [told(event) for event in events]}
    return {**page, "NextToken": str(following)} if following else page


def _describe_stacks(world: World, asked: Mapping[str, str]) -> dict[str, Any]:
    stack_id = asked["StackName"]
    status = world.apis.describe_stack(stack_id)
    stack = world.stacks[stack_id]
    one = {
        "StackId": stack_id,
        "StackName": stack.plan.name,
        "CreationTime": _time(stack.statuses[0][0]),
        "StackStatus": status,
    }
    return {"Stacks": [one]}


_OPERATIONS: Final[Mapping[str, Callable[[World, Mapping[str, str]], dict[str, Any]]]] = {
    "DescribeStackResource": _describe_stack_resource,
    "DescribeStackEvents": _describe_stack_events,
    "DescribeStacks": _describe_stacks,
}
