"""The thin adapters behind real boto3 clients: parameters out, our types and errors in."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import botocore.exceptions
import pytest
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber
from stubbed import client

from running_model_handler.core.arn import parse_project_arn, parse_project_version_arn
from running_model_handler.core.duty import UNGUARDED, Guards
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.operation import STACK_IS_GONE, Declaration, ResourceView
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.shell.calls import call
from running_model_handler.shell.cloudformation import CloudFormationStacks
from running_model_handler.shell.handover import LambdaHandOver
from running_model_handler.shell.rekognition import RekognitionModels

PREFIX = "arn:aws:rekognition:eu-west-1:123456789012:project/parts"
PROJECT = parse_project_arn(f"{PREFIX}/1690734433420", name="p")
VERSION = parse_project_version_arn(f"{PREFIX}/version/v1/1691099674800", name="v")
STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/parts/1"

UNREADABLE = {"Status": "RUNNING", "MinInferenceUnits": "one"}


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


AT = datetime.datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=datetime.UTC)


def stack_event(status: str, name: str = "Model", stack: str = STACK, **more: Any) -> dict[str, Any]:
    """One event in an answer of DescribeStackEvents."""
    identity = {"StackId": stack, "EventId": "e", "StackName": "parts", "Timestamp": AT}
    return {**identity, "LogicalResourceId": name, "ResourceStatus": status, **more}


BEGIN = stack_event("CREATE_IN_PROGRESS", "parts", PhysicalResourceId=STACK)


def test_resource_of_a_stack(stacks: tuple[CloudFormationStacks, Stubber]) -> None:
    """Status and physical id of a resource; None where it, or its stack, does not exist."""
    adapter, stub = stacks
    detail = {
        "LogicalResourceId": "Model",
        "ResourceType": "Custom::X",
        "LastUpdatedTimestamp": AT,
        "ResourceStatus": "CREATE_IN_PROGRESS",
    }
    asked = {"StackName": STACK, "LogicalResourceId": "Model"}
    stub.add_response("describe_stack_resource", {"StackResourceDetail": detail}, asked)
    assert adapter.resource(STACK, "Model") == ResourceView("CREATE_IN_PROGRESS", None)
    for message in ("Resource Model does not exist for stack parts", "Stack 'parts' does not exist"):
        stub.add_client_error("describe_stack_resource", "ValidationError", message, 400)
        assert adapter.resource(STACK, "Model") is None
    stub.add_client_error("describe_stack_resource", "ValidationError", "1 validation error", 400)
    with pytest.raises(ServiceError):
        adapter.resource(STACK, "Model")


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        (
            '{"ProjectVersionArn": "arn:v", "MinInferenceUnits": "2"}',
            Declaration("arn:v", InferenceUnits(2), UNGUARDED),
        ),
        (
            '{"ProjectVersionArn": "arn:v", "MinInferenceUnits": "****", "StopWhenIdleSeconds": "900"}',
            Declaration("arn:v", None, Guards(idle_seconds=900)),
        ),
        ("{", None),
        ("[]", None),
        ("", None),
        (None, None),
    ],
)
def test_events_tell_what_is_declared(
    stacks: tuple[CloudFormationStacks, Stubber], text: str | None, declared: Declaration | None
) -> None:
    """ResourceProperties are JSON in a string, or nothing that can be read."""
    adapter, stub = stacks
    more = {"ResourceProperties": text} if text is not None else {}
    events = [stack_event("CREATE_IN_PROGRESS", **more), BEGIN]
    stub.add_response("describe_stack_events", {"StackEvents": events}, {"StackName": STACK})
    (step,) = adapter.story(STACK, "Model").steps["Model"]
    assert (step.declares, step.physical_id) == (declared, None)
    assert f"{step.began_at:.6f}".endswith(".123456")


@pytest.mark.parametrize(
    ("reason", "answered"),
    [
        ("Received response status [FAILED] from custom resource.", True),
        ("Resource creation cancelled", False),
    ],
)
def test_events_tell_an_answer_from_a_cut(
    stacks: tuple[CloudFormationStacks, Stubber], reason: str, answered: bool
) -> None:
    """ResourceStatusReason of a failure."""
    adapter, stub = stacks
    events = [stack_event("CREATE_FAILED", ResourceStatusReason=reason), stack_event("CREATE_IN_PROGRESS")]
    stub.add_response("describe_stack_events", {"StackEvents": [*events, BEGIN]}, {"StackName": STACK})
    (step,) = adapter.story(STACK, "Model").steps["Model"]
    assert step.answered is answered


def test_further_pages_of_events_are_asked_for_until_the_operation_began(
    stacks: tuple[CloudFormationStacks, Stubber],
) -> None:
    """A nested stack's event on itself is no event of this one; what is older is not asked for."""
    adapter, stub = stacks
    first = [stack_event("DELETE_IN_PROGRESS"), stack_event("CREATE_COMPLETE", name="Other")]
    nested = f"{STACK}-nested"
    second = [
        stack_event("CREATE_COMPLETE", "parts", nested, PhysicalResourceId=nested),
        stack_event("DELETE_IN_PROGRESS", "parts", PhysicalResourceId=STACK),
        stack_event("CREATE_COMPLETE", "parts", PhysicalResourceId=STACK),
        stack_event("CREATE_COMPLETE", PhysicalResourceId="v1"),
        stack_event("CREATE_IN_PROGRESS"),
    ]
    asked = {"StackName": STACK}
    stub.add_response("describe_stack_events", {"StackEvents": first, "NextToken": "n"}, asked)
    stub.add_response(
        "describe_stack_events", {"StackEvents": second, "NextToken": "m"}, {**asked, "NextToken": "n"}
    )
    story = adapter.story(STACK, "Model")
    assert story.stack_status == "DELETE_IN_PROGRESS"
    assert [step.status for step in story.steps["Model"]] == ["DELETE_IN_PROGRESS"]
    assert [step.status for step in story.before] == ["CREATE_COMPLETE"]


def test_a_stack_without_events_is_gone(stacks: tuple[CloudFormationStacks, Stubber]) -> None:
    """CloudFormation says ValidationError, of all codes, for a stack that does not exist."""
    adapter, stub = stacks
    stub.add_client_error("describe_stack_events", "ValidationError", "Stack [x] does not exist", 400)
    assert adapter.story(STACK, "Model") == STACK_IS_GONE
    stub.add_client_error("describe_stack_events", "ValidationError", "1 validation error", 400)
    with pytest.raises(ServiceError):
        adapter.story(STACK, "Model")


def test_hand_over_invokes_asynchronously() -> None:
    """The event goes to the function's own ARN as an asynchronous invocation."""
    raw = client("lambda")
    asked = {"FunctionName": "arn:f", "InvocationType": "Event", "Payload": b'{"a": 1}'}
    with Stubber(raw) as stub:
        stub.add_response("invoke", {"StatusCode": 202}, asked)
        LambdaHandOver(raw, "arn:f").send({"a": 1})
        stub.assert_no_pending_responses()
