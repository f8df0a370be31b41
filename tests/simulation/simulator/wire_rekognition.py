"""Rekognition on the wire: JSON 1.1, the operation in a header."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import ApiError
from simulator.wire_http import HttpAnswer, HttpRequest, WireFault
from simulator.wire_signature import require_signed

if TYPE_CHECKING:
    from simulator.world import World

_JSON: Final = {"Content-Type": "application/x-amz-json-1.1"}
_PREFIX: Final = "RekognitionService."


def answer(world: World, request: HttpRequest) -> HttpAnswer:
    """Answer a call."""
    target = request.headers.get("x-amz-target", "")
    operation = _OPERATIONS.get(target.removeprefix(_PREFIX))
    if operation is None or (request.method, request.target) != ("POST", "/"):
        raise WireFault(f"Rekognition does not know {request.method} {request.target} {target}")
    try:
        require_signed(world, request, "rekognition")
        found = operation(world, json.loads(request.body))
    except ApiError as error:
        return HttpAnswer(error.status, _json({"__type": error.code, "Message": error.message}), _JSON)
    return HttpAnswer(200, _json(found), _JSON)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _created(arn: str) -> float:
    """Seconds since the epoch; an ARN ends in milliseconds."""
    return int(arn.rpartition("/")[2]) / 1000


def _describe_projects(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    (name,) = asked["ProjectNames"]
    arn = world.apis.find_project(name)
    if arn is None:
        return {"ProjectDescriptions": []}
    return {
        "ProjectDescriptions": [
            {"ProjectArn": arn, "CreationTimestamp": _created(arn), "Status": "CREATED", "Datasets": []}
        ]
    }


def _describe_project_versions(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    project, (version,) = asked["ProjectArn"], asked["VersionNames"]
    arns = [model.arn for model in world.plan.models if (model.project_arn, model.name) == (project, version)]
    seen = world.apis.describe(arns[0] if arns else project, project, version)
    if seen is None:
        return {"ProjectVersionDescriptions": []}
    model, look = seen
    description = {
        "ProjectVersionArn": model.arn,
        "CreationTimestamp": _created(model.arn),
        "Status": look.status,
        "StatusMessage": look.message or None,
        "MinInferenceUnits": look.minimum,
        "MaxInferenceUnits": look.maximum,
        "Feature": model.feature,
    }
    known = {name: value for name, value in description.items() if value is not None}
    return {"ProjectVersionDescriptions": [known]}


def _start_project_version(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    world.apis.start(asked["ProjectVersionArn"], asked["MinInferenceUnits"], asked.get("MaxInferenceUnits"))
    return {"Status": "STARTING"}


def _stop_project_version(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    world.apis.stop(asked["ProjectVersionArn"])
    return {"Status": "STOPPING"}


def _list_tags(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"Tags": dict(world.apis.list_tags(asked["ResourceArn"]))}


def _tag(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    world.apis.tag(asked["ResourceArn"], asked["Tags"])
    return {}


def _untag(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    world.apis.untag(asked["ResourceArn"], asked["TagKeys"])
    return {}


_OPERATIONS: Final[Mapping[str, Callable[[World, Mapping[str, Any]], dict[str, Any]]]] = {
    "DescribeProjects": _describe_projects,
    "DescribeProjectVersions": _describe_project_versions,
    "StartProjectVersion": _start_project_version,
    "StopProjectVersion": _stop_project_version,
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}
