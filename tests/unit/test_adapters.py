"""The thin adapters behind real boto3 clients: parameters out, our types and errors in."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from running_model_handler.core.arn import parse_project_arn, parse_project_version_arn
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.shell.calls import CLIENT_CONFIG, call
from running_model_handler.shell.cloudformation import CloudFormationStacks
from running_model_handler.shell.handover import LambdaHandOver
from running_model_handler.shell.rekognition import RekognitionModels

PREFIX = "arn:aws:rekognition:eu-west-1:123456789012:project/parts"
PROJECT = parse_project_arn(f"{PREFIX}/1690734433420", name="p")
VERSION = parse_project_version_arn(f"{PREFIX}/version/v1/1691099674800", name="v")
STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/parts/1"

UNREADABLE = {"Status": "RUNNING", "MinInferenceUnits": "one"}


def client(name: str) -> Any:
    """A client that reaches nothing but its stubber."""
    return boto3.client(
        name,  # type: ignore[call-overload]
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=CLIENT_CONFIG,
    )


@pytest.fixture
def rekognition() -> Iterator[tuple[RekognitionModels, Stubber]]:
    """The adapter on a stubbed client."""
    raw = client("rekognition")
    with Stubber(raw) as stub:
        yield RekognitionModels(raw), stub
        stub.assert_no_pending_responses()


@pytest.fixture
def stacks() -> Iterator[tuple[CloudFormationStacks, Stubber]]:
    """The adapter on a stubbed client."""
    raw = client("cloudformation")
    with Stubber(raw) as stub:
        yield CloudFormationStacks(raw), stub
        stub.assert_no_pending_responses()


def description(arn: str, **more: Any) -> dict[str, Any]:
    """One version in an answer of DescribeProjectVersions."""
    return {"ProjectVersionArn": arn, "Status": "STOPPED", **more}


def test_observe_pages_and_filters_by_the_full_arn(rekognition: tuple[RekognitionModels, Stubber]) -> None:
    """A version of the same name with another creation time is another version."""
    models, stub = rekognition
    asked = {"ProjectArn": str(PROJECT), "VersionNames": ["v1"]}
    other = f"{PREFIX}/version/v1/1600000000000"
    stub.add_response(
        "describe_project_versions",
        {"ProjectVersionDescriptions": [description(other)], "NextToken": "t"},
        asked,
    )
    found = description(str(VERSION), Status="RUNNING", MinInferenceUnits=1, MaxInferenceUnits=3)
    stub.add_response(
        "describe_project_versions", {"ProjectVersionDescriptions": [found]}, {**asked, "NextToken": "t"}
    )
    assert models.observe(VERSION, PROJECT) == Observation("RUNNING", InferenceUnits(1, 3))


def test_observe_an_empty_list_is_absent(rekognition: tuple[RekognitionModels, Stubber]) -> None:
    """A deleted version yields an empty list."""
    models, stub = rekognition
    stub.add_response("describe_project_versions", {"ProjectVersionDescriptions": []})
    assert models.observe(VERSION, PROJECT) == ABSENT


def test_find_project_by_its_name(rekognition: tuple[RekognitionModels, Stubber]) -> None:
    """The project's ARN is looked up, since it can't be derived."""
    models, stub = rekognition
    stub.add_response(
        "describe_projects",
        {"ProjectDescriptions": [{"ProjectArn": str(PROJECT)}]},
        {"ProjectNames": ["parts"]},
    )
    assert models.find_project(VERSION) == PROJECT
    stub.add_response("describe_projects", {"ProjectDescriptions": []})
    assert models.find_project(VERSION) is None


def test_start_sends_a_maximum_only_where_there_is_one(
    rekognition: tuple[RekognitionModels, Stubber],
) -> None:
    """Without MaxInferenceUnits Rekognition does not scale."""
    models, stub = rekognition
    arn = {"ProjectVersionArn": str(VERSION)}
    stub.add_response("start_project_version", {"Status": "STARTING"}, {**arn, "MinInferenceUnits": 2})
    models.start(VERSION, InferenceUnits(2))
    both = {**arn, "MinInferenceUnits": 2, "MaxInferenceUnits": 4}
    stub.add_response("start_project_version", {"Status": "STARTING"}, both)
    models.start(VERSION, InferenceUnits(2, 4))
    stub.add_response("stop_project_version", {"Status": "STOPPING"}, arn)
    models.stop(VERSION)


def test_tags_are_read_written_and_removed(rekognition: tuple[RekognitionModels, Stubber]) -> None:
    """The three tag calls name the version's ARN."""
    models, stub = rekognition
    arn = {"ResourceArn": str(VERSION)}
    stub.add_response("list_tags_for_resource", {"Tags": {"a": "b"}}, arn)
    assert models.tags(VERSION) == {"a": "b"}
    stub.add_response("tag_resource", {}, {**arn, "Tags": {"a": "b"}})
    models.tag(VERSION, {"a": "b"})
    stub.add_response("untag_resource", {}, {**arn, "TagKeys": ["a"]})
    models.untag(VERSION, ["a"])


def test_errors_carry_action_resource_and_kind(rekognition: tuple[RekognitionModels, Stubber]) -> None:
    """A refused call says what was refused, in IAM's words."""
    models, stub = rekognition
    stub.add_client_error("start_project_version", "LimitExceededException", "too many", 400)
    with pytest.raises(ServiceError) as caught:
        models.start(VERSION, InferenceUnits(1))
    assert caught.value.kind is ErrorKind.QUOTA
    assert caught.value.action == "rekognition:StartProjectVersion"
    assert str(VERSION) in str(caught.value)


def test_parameters_that_botocore_refuses_are_invalid() -> None:
    """What never left the machine is a wrong value."""
    with pytest.raises(ServiceError) as caught:
        call("rekognition:X", "r", client("rekognition").start_project_version, ProjectVersionArn="x")
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (botocore.exceptions.ReadTimeoutError(endpoint_url="u"), ErrorKind.UNCERTAIN),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="u"), ErrorKind.UNCERTAIN),
        (botocore.exceptions.NoCredentialsError(), ErrorKind.DENIED),
    ],
)
def test_no_answer_is_uncertain(error: Exception, kind: ErrorKind) -> None:
    """A call without an answer may have had its effect."""

    def burst() -> None:
        raise error

    with pytest.raises(ServiceError) as caught:
        call("a:b", "r", burst)
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    "error", [ResponseParserError("<html>"), ValueError("body"), TypeError("body"), KeyError("body")]
)
def test_an_answer_that_cannot_be_parsed_is_uncertain(error: Exception) -> None:
    """G4: botocore raises what is none of its own errors; the call is tried again, its body not repeated."""

    def fail() -> None:
        raise error

    with pytest.raises(ServiceError, match="the answer can't be read") as caught:
        call("rekognition:X", "r", fail)
    assert caught.value.kind is ErrorKind.UNCERTAIN
    assert "body" not in str(caught.value)


def test_units_that_are_no_numbers_are_no_other_size() -> None:
    """G9: botocore passes a text on where a number should be; a running model is not resized for that."""

    class Client:
        def describe_project_versions(self, **_: Any) -> dict[str, Any]:
            return {"ProjectVersionDescriptions": [{"ProjectVersionArn": str(VERSION), **UNREADABLE}]}

    with pytest.raises(ServiceError, match="can't be read"):
        RekognitionModels(Client()).observe(VERSION, PROJECT)


def test_resource_of_a_stack(stacks: tuple[CloudFormationStacks, Stubber]) -> None:
    """Status, physical id and time of a resource; None where it, or its stack, does not exist."""
    adapter, stub = stacks
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    detail = {
        "LogicalResourceId": "Model",
        "ResourceType": "Custom::X",
        "LastUpdatedTimestamp": at,
        "ResourceStatus": "CREATE_IN_PROGRESS",
    }
    asked = {"StackName": STACK, "LogicalResourceId": "Model"}
    stub.add_response("describe_stack_resource", {"StackResourceDetail": detail}, asked)
    view = adapter.resource(STACK, "Model")
    assert view is not None
    assert (view.status, view.physical_id, view.updated_at) == ("CREATE_IN_PROGRESS", None, at.timestamp())
    for message in ("Resource Model does not exist for stack parts", "Stack 'parts' does not exist"):
        stub.add_client_error("describe_stack_resource", "ValidationError", message, 400)
        assert adapter.resource(STACK, "Model") is None
    stub.add_client_error("describe_stack_resource", "ValidationError", "1 validation error", 400)
    with pytest.raises(ServiceError):
        adapter.resource(STACK, "Model")


def test_latest_event_and_stack_status(stacks: tuple[CloudFormationStacks, Stubber]) -> None:
    """The newest event of the resource comes first."""
    adapter, stub = stacks
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    base = {"StackId": STACK, "EventId": "e", "StackName": "parts", "Timestamp": at}
    shown = json.dumps({"ProjectVersionArn": "arn:v", "MinInferenceUnits": "2"})
    events = [
        {**base, "LogicalResourceId": "Other", "ResourceStatus": "CREATE_COMPLETE"},
        {
            **base,
            "LogicalResourceId": "Model",
            "ResourceStatus": "CREATE_FAILED",
            "ResourceProperties": shown,
        },
        {**base, "LogicalResourceId": "Model", "ResourceStatus": "CREATE_IN_PROGRESS"},
    ]
    stub.add_response("describe_stack_events", {"StackEvents": events}, {"StackName": STACK})
    view = adapter.latest_event(STACK, "Model")
    assert view is not None
    assert view.status == "CREATE_FAILED"
    assert view.properties == {"ProjectVersionArn": "arn:v", "MinInferenceUnits": "2"}
    for unreadable in ("{", "[]", ""):
        event = {**events[2], "ResourceProperties": unreadable}
        stub.add_response("describe_stack_events", {"StackEvents": [event]}, {"StackName": STACK})
        view = adapter.latest_event(STACK, "Model")
        assert view is not None
        assert view.properties == {}
    stack = {"StackName": "parts", "CreationTime": at, "StackStatus": "UPDATE_IN_PROGRESS"}
    stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK})
    assert adapter.stack_status(STACK) == "UPDATE_IN_PROGRESS"
    stub.add_client_error("describe_stacks", "ValidationError", "Stack with id parts does not exist", 400)
    assert adapter.stack_status(STACK) is None


def test_what_a_resource_was_before_its_deletion(stacks: tuple[CloudFormationStacks, Stubber]) -> None:
    """Further pages are asked for until an event tells; a nested stack's event on itself does not."""
    adapter, stub = stacks
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def event(status: str, stack: str = STACK, name: str = "Model") -> dict[str, Any]:
        identity = {"StackId": stack, "EventId": "e", "StackName": "parts", "Timestamp": at}
        return {**identity, "LogicalResourceId": name, "ResourceStatus": status}

    first = [event("DELETE_IN_PROGRESS"), event("DELETE_FAILED"), event("CREATE_COMPLETE", name="Other")]
    second = [event("CREATE_COMPLETE", stack=f"{STACK}-nested"), event("CREATE_FAILED")]
    stub.add_response("describe_stack_events", {"StackEvents": first, "NextToken": "n"}, {"StackName": STACK})
    stub.add_response(
        "describe_stack_events", {"StackEvents": second}, {"StackName": STACK, "NextToken": "n"}
    )
    assert adapter.status_before_deletion(STACK, "Model") == "CREATE_FAILED"
    stub.add_response("describe_stack_events", {"StackEvents": first}, {"StackName": STACK})
    assert adapter.status_before_deletion(STACK, "Model") is None


def test_hand_over_invokes_asynchronously() -> None:
    """The event goes to the function's own ARN as an asynchronous invocation."""
    raw = client("lambda")
    asked = {"FunctionName": "arn:f", "InvocationType": "Event", "Payload": b'{"a": 1}'}
    with Stubber(raw) as stub:
        stub.add_response("invoke", {"StatusCode": 202}, asked)
        LambdaHandOver(raw, "arn:f").send({"a": 1})
        stub.assert_no_pending_responses()
