"""What the janitor asks of AWS, behind real clients: parameters out, our types in; and its metrics."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from stubbed import client

from running_model_handler.core.arn import parse_project_arn, parse_project_version_arn
from running_model_handler.core.errors import ServiceError
from running_model_handler.core.metric_lines import metric_line
from running_model_handler.shell.all_models import RekognitionAllModels, UpModel
from running_model_handler.shell.stack_history import CloudFormationHistories

PREFIX = "arn:aws:rekognition:eu-west-1:123456789012:project/parts"
PROJECT = parse_project_arn(f"{PREFIX}/1690734433420", name="p")
STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/parts/1"


@pytest.fixture
def models() -> Iterator[tuple[RekognitionAllModels, Stubber]]:
    """The adapter on a stubbed client."""
    raw = client("rekognition")
    with Stubber(raw) as stub:
        yield RekognitionAllModels(raw), stub
        stub.assert_no_pending_responses()


@pytest.fixture
def stacks() -> Iterator[tuple[CloudFormationHistories, Stubber]]:
    """The adapter on a stubbed client."""
    raw = client("cloudformation")
    with Stubber(raw) as stub:
        yield CloudFormationHistories(raw), stub
        stub.assert_no_pending_responses()


def test_all_projects_are_listed_page_by_page(models: tuple[RekognitionAllModels, Stubber]) -> None:
    """Without a name."""
    adapter, stub = models
    second = f"{PREFIX}2/1690734433421"
    stub.add_response(
        "describe_projects", {"ProjectDescriptions": [{"ProjectArn": str(PROJECT)}], "NextToken": "t"}, {}
    )
    stub.add_response(
        "describe_projects", {"ProjectDescriptions": [{"ProjectArn": second}]}, {"NextToken": "t"}
    )
    assert [str(project) for project in adapter.projects()] == [str(PROJECT), second]


def test_only_what_is_up_counts(models: tuple[RekognitionAllModels, Stubber]) -> None:
    """RUNNING and STARTING, on all pages; what has no ARN of a version is passed over."""
    adapter, stub = models
    statuses = ("RUNNING", "STARTING", "STOPPING", "STOPPED", "FAILED")
    arns = [f"{PREFIX}/version/v{number}/1691099674800" for number in range(len(statuses))]
    found = [{"ProjectVersionArn": arn, "Status": status} for arn, status in zip(arns, statuses, strict=True)]
    asked = {"ProjectArn": str(PROJECT)}
    stub.add_response(
        "describe_project_versions",
        {"ProjectVersionDescriptions": [*found[1:], {"Status": "RUNNING"}], "NextToken": "t"},
        asked,
    )
    stub.add_response(
        "describe_project_versions", {"ProjectVersionDescriptions": found[:1]}, {**asked, "NextToken": "t"}
    )
    expected = [parse_project_version_arn(arns[number], name="v") for number in (1, 0)]
    assert adapter.up_in(PROJECT) == [UpModel(arn, PROJECT) for arn in expected]


def event(status: str, at: float, logical_id: str = "parts") -> dict[str, Any]:
    """An event as DescribeStackEvents shows it."""
    return {
        "StackId": STACK,
        "EventId": f"{at}",
        "StackName": "parts",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": STACK if logical_id == "parts" else "id",
        "ResourceStatus": status,
        "Timestamp": datetime.datetime.fromtimestamp(at, datetime.UTC),
    }


CREATION = [
    event("CREATE_COMPLETE", 4),
    event("CREATE_COMPLETE", 3, "A"),
    event("CREATE_IN_PROGRESS", 2, "A"),
    event("CREATE_IN_PROGRESS", 1),
]


def test_events_are_read_back_to_the_claim_and_to_the_begin_of_the_last_operation(
    stacks: tuple[CloudFormationHistories, Stubber],
) -> None:
    """Whichever is earlier; no page more."""
    adapter, stub = stacks
    page = [event("UPDATE_COMPLETE", 9), event("UPDATE_IN_PROGRESS", 8), *CREATION[:2]]
    stub.add_response("describe_stack_events", {"StackEvents": page, "NextToken": "t"}, {"StackName": STACK})
    found = adapter.history(STACK, 3.5)
    assert ([each.at for each in found.events], found.whole) == ([9.0, 8.0, 4.0, 3.0], True)
    stub.add_response("describe_stack_events", {"StackEvents": page, "NextToken": "t"}, {"StackName": STACK})
    stub.add_response(
        "describe_stack_events", {"StackEvents": CREATION[2:]}, {"StackName": STACK, "NextToken": "t"}
    )
    found = adapter.history(STACK, 2.0)
    assert ([each.at for each in found.events], found.whole) == ([9.0, 8.0, 4.0, 3.0, 2.0, 1.0], True)
    stub.add_response("describe_stack_events", {"StackEvents": CREATION}, {"StackName": STACK})
    assert len(adapter.history(STACK, 3.5).events) == 4


@pytest.mark.parametrize("ends", [False, True])
def test_more_events_than_are_read_are_not_whole(
    stacks: tuple[CloudFormationHistories, Stubber], ends: bool
) -> None:
    """Fifty pages are read, whether or not the one after them is the last."""
    adapter, stub = stacks
    for number in range(51):
        token = {"NextToken": "t"} if number else {}
        more = {} if ends and number == 50 else {"NextToken": "t"}
        page = {"StackEvents": [event("UPDATE_COMPLETE", 1000 - number)], **more}
        stub.add_response("describe_stack_events", page, {"StackName": STACK, **token})
    found = adapter.history(STACK, None)
    assert (len(found.events), found.whole) == (50, False)


def test_no_such_stack_has_no_events(stacks: tuple[CloudFormationHistories, Stubber]) -> None:
    """An error that is none; any other stays one."""
    adapter, stub = stacks
    stub.add_client_error("describe_stack_events", "ValidationError", f"Stack [{STACK}] does not exist", 400)
    assert adapter.history(STACK, 1.0).events == ()
    stub.add_client_error("describe_stack_events", "AccessDenied", "no", 403)
    with pytest.raises(ServiceError, match="AccessDenied"):
        adapter.history(STACK, 1.0)


def test_a_line_of_metrics_is_what_cloudwatch_reads() -> None:
    """Embedded metric format: milliseconds, a namespace, no dimension, the values beside."""
    line = json.loads(metric_line({"OrphansStopped": 1, "Rounds": 2}, 1_700_000_000.5, Reason='a "reason"\n'))
    assert line == {
        "_aws": {
            "Timestamp": 1_700_000_000_500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "RekognitionRunningModel",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "OrphansStopped", "Unit": "Count"},
                        {"Name": "Rounds", "Unit": "Count"},
                    ],
                }
            ],
        },
        "OrphansStopped": 1,
        "Rounds": 2,
        "Reason": 'a "reason"\n',
    }
    assert "\n" not in metric_line({"OrphansStopped": 1}, 0.0, Reason="a\nb")
