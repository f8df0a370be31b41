"""Calls that are refused on purpose: which, for how long, in whose protocol, and who is spared."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from caller import Caller
from stack_world import StackWorld, until

from local_aws import EmbeddedAws, LocalAwsError
from local_aws.refusals import Refusal, Refusals, refusal_from

slow = pytest.mark.slow


@pytest.fixture
def refusing(aws: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """The embedded AWS; it refuses nothing any more when the test ends."""
    yield aws
    aws.refuse_nothing()


def test_the_time_begins_with_the_first_call() -> None:
    """For five seconds from the first call that is refused, however long that took to come."""
    refusals = Refusals()
    refusals.add(Refusal("a:Do", "Denied", seconds=5.0))
    met = [refusals.of_call("a:Do", "key", now) is not None for now in (100.0, 104.9, 105.0)]
    assert met == [True, True, False]


def test_so_many_calls() -> None:
    """Two calls are refused; those of another action, and of a spared key, do not count."""
    refusals = Refusals()
    refusals.add(Refusal("a:*", "Denied", calls=2, spares=("root",)))
    calls = [("a:Do", "root"), ("b:Do", "key"), ("a:Do", "key"), ("a:Other", "key"), ("a:Do", "key")]
    met = [refusals.of_call(action, key, 0.0) is not None for action, key in calls]
    assert met == [False, False, True, True, False]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"action": "a:Do"},
        {"action": "a:Do", "code": "X", "seconds": -1},
        {"action": "a:Do", "code": "X", "status": 200},
        {"action": "a:Do", "code": "X", "until": 3},
    ],
)
def test_what_is_no_refusal(wrong: dict[str, object]) -> None:
    """A refusal needs an action and a code, an error's status, and no time before now."""
    with pytest.raises(LocalAwsError):
        refusal_from(wrong)


@slow
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 400),
        ("UnrecognizedClientException", 400),
        ("ExpiredTokenException", 400),
        ("RequestTimeoutException", 408),
        ("NobodyKnowsException", 418),
    ],
)
def test_rekognition_refuses(caller: Caller, refusing: EmbeddedAws, code: str, status: int) -> None:
    """Rekognition refuses a role's calls of one action with any code, and goes on afterwards."""
    caller.allow({"Action": "rekognition:*", "Resource": "*"})
    refusing.refuse("rekognition:DescribeProjects", code, status=status, calls=1)
    refused = caller.call("rekognition", "describe_projects")
    assert (refused["code"], refused["status"]) == (code, status)
    refusing.client("rekognition").describe_projects()
    # The tests of this folder share the calls a second of the account.
    until("a call", lambda: caller.call("rekognition", "describe_projects")["code"] == "")


@slow
@pytest.mark.parametrize(("code", "status"), [("ExpiredToken", 403), ("RequestTimeout", 408), ("Odd", 500)])
def test_cloudformation_refuses(
    caller: Caller, refusing: EmbeddedAws, stacks: StackWorld, code: str, status: int
) -> None:
    """CloudFormation refuses a role's calls for a while, and never those of the account itself."""
    stack_id = stacks.created({"A": stacks.resource()})
    caller.allow({"Action": "cloudformation:*", "Resource": "*"})
    refusing.refuse("cloudformation:DescribeStack*", code, status=status, seconds=1.0)
    refused = caller.call("cloudformation", "describe_stack_events", StackName=stack_id)
    assert (refused["code"], refused["status"]) == (code, status)
    assert caller.call("cloudformation", "list_exports")["code"] == ""
    assert stacks.status(stack_id) == "CREATE_COMPLETE"
    until(
        "the end of the refusal",
        lambda: caller.call("cloudformation", "describe_stacks", StackName=stack_id)["code"] == "",
    )


@slow
def test_lambda_refuses(caller: Caller, refusing: EmbeddedAws) -> None:
    """An invocation by a role is refused; the account's own is not."""
    caller.allow({"Action": "lambda:InvokeFunction", "Resource": "*"})
    refusing.refuse("lambda:InvokeFunction", "AccessDeniedException", status=403, calls=1)
    wanted = {"FunctionName": "caller", "InvocationType": "Event", "Payload": json.dumps({"service": "sts"})}
    refused = caller.call("lambda", "invoke", **wanted)
    assert (refused["code"], refused["status"]) == ("AccessDeniedException", 403)
    assert caller.call("lambda", "invoke", **wanted)["code"] == ""


@slow
def test_a_boundary_limits_what_a_policy_allows(caller: Caller, aws: EmbeddedAws) -> None:
    """A role whose permissions boundary leaves out lambda:InvokeFunction is denied it, policy or not."""
    statement = {"Effect": "Allow", "NotAction": "lambda:InvokeFunction", "Resource": "*"}
    iam = aws.client("iam")
    boundary = iam.create_policy(
        PolicyName="without-invoke",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["Arn"]
    caller.allow({"Action": ["lambda:InvokeFunction", "rekognition:DescribeProjects"], "Resource": "*"})
    wanted = {"FunctionName": "caller", "InvocationType": "Event", "Payload": json.dumps({"service": "sts"})}
    assert caller.call("lambda", "invoke", **wanted)["code"] == ""
    iam.put_role_permissions_boundary(RoleName="callers", PermissionsBoundary=boundary)
    try:
        denied = caller.call("lambda", "invoke", **wanted)
        described = caller.call("rekognition", "describe_projects")
    finally:
        iam.delete_role_permissions_boundary(RoleName="callers")
    assert denied["code"] == "AccessDeniedException"
    assert "lambda:InvokeFunction" in denied["message"]
    assert described["code"] == ""
