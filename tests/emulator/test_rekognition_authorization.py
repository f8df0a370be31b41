"""What a policy is asked about each call, and what a denied caller sees."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_world import KEY, World, client_of, png

from local_aws.rekognition import AuthorizationRequest

BUCKET = {"S3Bucket": "results"}


@pytest.fixture
def asked(world: World) -> list[AuthorizationRequest]:
    """What the authorizer was asked; it allows everything."""
    requests: list[AuthorizationRequest] = []

    def allow(request: AuthorizationRequest) -> None:
        requests.append(request)

    world.emulator.authorizer = allow
    return requests


def test_the_resource_of_each_action(world: World, asked: list[AuthorizationRequest]) -> None:
    """As the Service Authorization Reference has it: a version, its project, or no resource at all."""
    arn, idle, client = world.version("RUNNING"), world.version(), world.rekognition
    empty = world.emulator.add_project("empty")
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("DescribeProjects", "*", {}),
        ("CreateProject", "*", {"ProjectName": "new"}),
        ("DescribeProjectVersions", world.project, {"ProjectArn": world.project}),
        (
            "CreateProjectVersion",
            world.project,
            {"ProjectArn": world.project, "VersionName": "n", "OutputConfig": BUCKET},
        ),
        ("DeleteProject", empty, {"ProjectArn": empty}),
        ("StartProjectVersion", idle, {"ProjectVersionArn": idle, "MinInferenceUnits": 1}),
        ("DetectCustomLabels", arn, {"ProjectVersionArn": arn, "Image": {"Bytes": png()}}),
        ("StopProjectVersion", arn, {"ProjectVersionArn": arn}),
        ("TagResource", arn, {"ResourceArn": arn, "Tags": {"a": "b"}}),
        ("ListTagsForResource", arn, {"ResourceArn": arn}),
        ("UntagResource", arn, {"ResourceArn": arn, "TagKeys": ["a"]}),
        ("DeleteProjectVersion", idle, {"ProjectVersionArn": idle}),
    ]
    for operation, _, parameters in calls[:-1]:
        getattr(client, _snake(operation))(**parameters)
    world.emulator.set_status(idle, "STOPPED")
    client.delete_project_version(**calls[-1][2])
    expected = [(f"rekognition:{operation}", resource) for operation, resource, _ in calls]
    assert [(request.action, request.resource_arn) for request in asked] == expected
    assert {(request.access_key_id, request.session_token) for request in asked} == {(KEY, "")}


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")


def test_condition_keys(world: World, asked: list[AuthorizationRequest]) -> None:
    """The resource's tags, the request's tags and their keys, and nothing else."""
    arn = world.version(tags={"owner": "me", "team": "a"})
    client = world.rekognition
    world.start(arn)
    client.tag_resource(ResourceArn=arn, Tags={"owner": "you", "new": "1"})
    client.untag_resource(ResourceArn=arn, TagKeys=["team", "new"])
    mine = {"aws:ResourceTag/owner": "me", "aws:ResourceTag/team": "a"}
    assert dict(asked[0].context) == mine
    requested = {"aws:RequestTag/owner": "you", "aws:RequestTag/new": "1", "aws:TagKeys": "owner,new"}
    assert dict(asked[1].context) == {**mine, **requested}
    assert asked[2].context["aws:TagKeys"] == "team,new"
    assert asked[2].context["aws:ResourceTag/owner"] == "you"


def test_the_session_token_is_handed_on(world: World, asked: list[AuthorizationRequest]) -> None:
    """A role's session is known by its token."""
    client_of(world.emulator, aws_session_token="a-session").describe_projects()
    assert asked[0].session_token == "a-session"


def test_policies_may_see_old_tags(world: World, asked: list[AuthorizationRequest]) -> None:
    """Tag-based permissions become visible late, if the fault is on."""
    arn = world.version(tags={"owner": "old"})
    world.emulator.faults.stale_authorization_seconds = 10
    world.emulator.tag_by_hand(arn, {"owner": "new"})
    world.start(arn)
    assert asked[-1].context == {"aws:ResourceTag/owner": "old"}
    world.clock.advance(10)
    world.describe(arn)
    world.rekognition.list_tags_for_resource(ResourceArn=arn)
    assert asked[-1].context == {"aws:ResourceTag/owner": "new"}


def test_a_denied_call_changes_nothing_and_says_who_may_not_do_what(world: World) -> None:
    """AccessDeniedException with the authorizer's own words, or with key, action and resource."""
    arn = world.version()
    denied = world.rekognition.exceptions.AccessDeniedException
    world.emulator.authorizer = lambda request: ""
    message = f"User: {KEY} is not authorized to perform: rekognition:StartProjectVersion on resource: {arn}"
    with pytest.raises(denied) as problem:
        world.start(arn)
    assert problem.value.response["Error"]["Message"] == message
    world.emulator.authorizer = lambda request: f"no {request.action}"
    with pytest.raises(denied, match="no rekognition:TagResource"):
        world.rekognition.tag_resource(ResourceArn=arn, Tags={"a": "b"})
    assert world.emulator.status(arn) == "TRAINING_COMPLETED"
    assert world.emulator.tags(arn) == {}
    outcomes = [entry.detail["outcome"] for entry in world.emulator.journal.calls()]
    assert outcomes == ["AccessDeniedException"] * 2


def test_without_permission_nobody_learns_what_exists(world: World) -> None:
    """An unknown version is AccessDenied, too, for somebody who may not touch it."""
    world.emulator.authorizer = lambda request: "no"
    unknown = world.version().rpartition("/")[0] + "/1"
    with pytest.raises(world.rekognition.exceptions.AccessDeniedException):
        world.stop(unknown)


def test_an_authorizer_that_fails_is_a_fault_of_the_service(world: World) -> None:
    """The call is refused as an internal error, has no effect, and the journal says why."""

    def fail(request: AuthorizationRequest) -> None:
        raise ConnectionError("no IAM")

    world.emulator.authorizer = fail
    arn = world.version()
    with pytest.raises(world.rekognition.exceptions.InternalServerError):
        world.start(arn)
    assert world.emulator.status(arn) == "TRAINING_COMPLETED"
    notes = [entry.detail for entry in world.emulator.journal.entries if entry.kind == "note"]
    assert notes == [{"problem": "the authorizer failed: ConnectionError: no IAM"}]
