"""MiniStack's IAM decides on Rekognition, its S3 and its CloudWatch stand behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from caller import CALLER, Caller
from emulator_world import png
from stack_world import StackWorld, until

from local_aws import EmbeddedAws

pytestmark = pytest.mark.slow


@pytest.fixture
def model(aws: EmbeddedAws, request: pytest.FixtureRequest) -> Iterator[str]:
    """A trained model that nobody has tagged; it does not run when the test ends."""
    project = aws.rekognition.add_project(request.node.name[:60].replace("[", "-").replace("]", "-"))
    arn = aws.rekognition.add_version(project, "v1", start_seconds=0.0)
    yield arn
    aws.rekognition.set_status(arn, "STOPPED")


def test_a_role_without_permission_is_denied(caller: Caller, model: str, aws: EmbeddedAws) -> None:
    """The denial names the principal, the action and the resource, and the journal knows of it."""
    answer = caller.call("rekognition", "start_project_version", ProjectVersionArn=model, MinInferenceUnits=1)
    assert answer["code"] == "AccessDeniedException"
    assert "assumed-role/callers/" in answer["message"]
    assert "rekognition:StartProjectVersion" in answer["message"]
    assert model in answer["message"]
    assert aws.rekognition.status(model) == "TRAINING_COMPLETED"
    denied = [one for one in aws.api_calls if one.resource == model]
    assert [(one.action, one.allowed) for one in denied] == [("rekognition:StartProjectVersion", False)]


def test_a_condition_on_tags_is_evaluated(caller: Caller, model: str, aws: EmbeddedAws) -> None:
    """aws:ResourceTag allows a call on a model with the tag alone."""
    condition = {"StringEquals": {"aws:ResourceTag/owner": "me"}}
    caller.allow({"Action": "rekognition:StartProjectVersion", "Resource": "*", "Condition": condition})
    wanted = {"ProjectVersionArn": model, "MinInferenceUnits": 1}
    assert caller.call("rekognition", "start_project_version", **wanted)["code"] == "AccessDeniedException"
    aws.client("rekognition").tag_resource(ResourceArn=model, Tags={"owner": "me"})
    assert caller.call("rekognition", "start_project_version", **wanted)["code"] == ""


def test_a_condition_on_tag_keys_is_evaluated(caller: Caller, model: str) -> None:
    """aws:TagKeys limits which tags a role may put."""
    condition = {"ForAllValues:StringLike": {"aws:TagKeys": ["own:*"]}}
    caller.allow({"Action": "rekognition:TagResource", "Resource": model, "Condition": condition})
    good = caller.call("rekognition", "tag_resource", ResourceArn=model, Tags={"own:a": "1", "own:b": "2"})
    bad = caller.call("rekognition", "tag_resource", ResourceArn=model, Tags={"own:a": "1", "other": "2"})
    assert (good["code"], bad["code"]) == ("", "AccessDeniedException")


def test_a_condition_on_a_requested_tag_is_evaluated(caller: Caller, model: str) -> None:
    """aws:RequestTag limits the value of a tag that a role puts, and with IfExists no call without it."""
    condition = {"StringEqualsIfExists": {"aws:RequestTag/owner": "me"}}
    caller.allow(
        {"Action": ["rekognition:TagResource", "rekognition:UntagResource"], "Resource": model}
        | {"Condition": condition}
    )
    codes = [
        caller.call("rekognition", "tag_resource", ResourceArn=model, Tags=tags)["code"]
        for tags in ({"owner": "me", "a": "1"}, {"a": "2"}, {"owner": "you", "a": "3"})
    ]
    assert codes == ["", "", "AccessDeniedException"]
    assert caller.call("rekognition", "untag_resource", ResourceArn=model, TagKeys=["owner"])["code"] == ""


def test_condition_keys_are_noted_as_they_were(caller: Caller, model: str, aws: EmbeddedAws) -> None:
    """The journal holds the tags at the moment of the call, those that it asks for, and their keys."""
    caller.allow({"Action": "rekognition:*", "Resource": model})
    caller.call("rekognition", "tag_resource", ResourceArn=model, Tags={"owner": "me", "a": "1"})
    caller.call("rekognition", "untag_resource", ResourceArn=model, TagKeys=["owner", "a"])
    caller.call("rekognition", "list_tags_for_resource", ResourceArn=model)
    owned = {"aws:ResourceTag/owner": "me", "aws:ResourceTag/a": "1"}
    assert [one.condition_keys for one in aws.api_calls if one.resource == model] == [
        {"aws:RequestTag/owner": "me", "aws:RequestTag/a": "1", "aws:TagKeys": ["owner", "a"]},
        {**owned, "aws:TagKeys": ["owner", "a"]},
        {},
    ]


def test_calls_of_ministacks_services_are_noted(caller: Caller, aws: EmbeddedAws) -> None:
    """The journal holds what a role asks of any service, allowed or not."""
    caller.allow({"Action": "cloudformation:DescribeStacks", "Resource": "*"})
    before = len(aws.api_calls)
    caller.call("cloudformation", "list_exports")
    caller.call("ssm", "get_parameter", Name="nothing")
    noted = {(one.action, one.allowed) for one in aws.api_calls[before:]}
    assert ("cloudformation:ListExports", False) in noted
    assert ("ssm:GetParameter", False) in noted


def test_the_account_itself_may_do_everything(aws: EmbeddedAws, model: str) -> None:
    """Root is not limited."""
    aws.client("rekognition").start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)


def test_a_picture_is_read_from_s3(aws: EmbeddedAws, model: str) -> None:
    """DetectCustomLabels finds its S3Object in the embedded S3."""
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d494844520000004000000040080200000025 0b e6 89".replace(" ", "")
        + "0000000049454e44ae426082"
    )
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket="pictures", Key="part.png", Body=png)
    client = aws.client("rekognition")
    client.start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)
    until("RUNNING", lambda: aws.rekognition.status(model) == "RUNNING")
    answer = client.detect_custom_labels(
        ProjectVersionArn=model, Image={"S3Object": {"Bucket": "pictures", "Name": "part.png"}}
    )
    assert answer["CustomLabels"]


def test_metrics_reach_cloudwatch(aws: EmbeddedAws, model: str) -> None:
    """The in-service units of a running model can be read from the embedded CloudWatch."""
    aws.client("rekognition").start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)

    def metrics() -> list[dict[str, Any]]:
        answer = aws.client("cloudwatch").list_metrics(
            Namespace="AWS/Rekognition", MetricName="InServiceInferenceUnits"
        )
        return list(answer["Metrics"])

    (dimension, *_) = until("the metric", metrics)[0]["Dimensions"]
    assert dimension["Name"] in ("ProjectName", "VersionName")


def test_a_policy_can_take_its_time(stacks: StackWorld, aws: EmbeddedAws) -> None:
    """With the switch set, a role that a stack has just made has no permission yet, and later it has."""
    aws.set_switches(iam_propagation_seconds=2.0)
    from stack_world import ROLE

    statement = {"Effect": "Allow", "Action": "cloudformation:ListExports", "Resource": "*"}
    stack_id = stacks.created(
        {
            "Role": ROLE,
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "PolicyName": "own",
                    "Roles": [{"Ref": "Role"}],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                },
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Timeout": 20,
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": CALLER},
                },
            },
        }
    )
    name = stacks.detail(stack_id, "Function")["PhysicalResourceId"]
    event = json.dumps({"service": "cloudformation", "method": "list_exports", "parameters": {}}).encode()

    def code() -> str:
        answer = aws.client("lambda").invoke(FunctionName=name, Payload=event)
        return str(json.loads(answer["Payload"].read())["code"])

    assert code() == "AccessDenied"
    until("the policy", lambda: code() == "")


def test_a_picture_is_read_with_the_caller_s_permission(caller: Caller, model: str, aws: EmbeddedAws) -> None:
    """Without s3:GetObject on the object the picture can't be read, whoever owns the bucket."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="plates", CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket="plates", Key="a/plate.png", Body=png())
    aws.rekognition.set_status(model, "RUNNING")
    wanted = {
        "ProjectVersionArn": model,
        "Image": {"S3Object": {"Bucket": "plates", "Name": "a/plate.png"}},
    }
    caller.allow({"Action": "rekognition:DetectCustomLabels", "Resource": model})
    denied = caller.call("rekognition", "detect_custom_labels", **wanted)
    assert denied["code"] == "InvalidS3ObjectException"
    caller.allow(
        {"Action": "rekognition:DetectCustomLabels", "Resource": model},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::plates/a/*"},
    )
    assert caller.call("rekognition", "detect_custom_labels", **wanted)["code"] == ""


@pytest.mark.parametrize(
    ("effect", "role_may_read", "code"), [("Deny", True, "InvalidS3ObjectException"), ("Allow", False, "")]
)
def test_the_policy_of_a_picture_s_bucket_counts(
    caller: Caller, model: str, aws: EmbeddedAws, effect: str, role_may_read: bool, code: str
) -> None:
    """A Deny of the bucket wins, its Allow is enough within the account (IAM guide, evaluation logic)."""
    s3, bucket = aws.client("s3"), f"plates-{effect.lower()}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket=bucket, Key="plate.png", Body=png())
    role = f"arn:aws:iam::{aws.account}:role/callers"
    picture = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    statement = {"Effect": effect, "Principal": {"AWS": role}, **picture}
    s3.put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    aws.rekognition.set_status(model, "RUNNING")
    caller.allow(
        {"Action": "rekognition:DetectCustomLabels", "Resource": model}, *([picture] if role_may_read else [])
    )
    place = {"S3Object": {"Bucket": bucket, "Name": "plate.png"}}
    found = caller.call("rekognition", "detect_custom_labels", ProjectVersionArn=model, Image=place)
    assert found["code"] == code


def test_a_picture_has_to_be_in_the_model_s_region(model: str, aws: EmbeddedAws) -> None:
    """A bucket of another Region is none for it."""
    session = boto3.Session("test", "test", region_name="eu-central-1")
    s3 = session.client("s3", endpoint_url=aws.endpoint, verify=aws.environment["NODE_EXTRA_CA_CERTS"])
    s3.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="far", Key="plate.png", Body=png())
    aws.rekognition.set_status(model, "RUNNING")
    with pytest.raises(ClientError, match="InvalidS3ObjectException"):
        aws.client("rekognition").detect_custom_labels(
            ProjectVersionArn=model, Image={"S3Object": {"Bucket": "far", "Name": "plate.png"}}
        )


def test_start_and_stop_are_events_of_cloudtrail(caller: Caller, model: str, aws: EmbeddedAws) -> None:
    """Who did it, on which model, and what came of it."""
    caller.allow({"Action": "rekognition:StartProjectVersion", "Resource": model})
    wanted = {"ProjectVersionArn": model, "MinInferenceUnits": 1}
    caller.call("rekognition", "start_project_version", **wanted)
    caller.call("rekognition", "stop_project_version", ProjectVersionArn=model)
    named = [{"AttributeKey": "ResourceName", "AttributeValue": model}]
    stop, start = aws.client("cloudtrail").lookup_events(LookupAttributes=named)["Events"]
    assert (start["EventName"], start["EventSource"]) == ("StartProjectVersion", "rekognition.amazonaws.com")
    told = json.loads(start["CloudTrailEvent"])
    assert told["requestParameters"] == {"projectVersionArn": model, "minInferenceUnits": 1}
    assert told["responseElements"] == {"status": "STARTING"}
    assert told["userIdentity"]["type"] == "AssumedRole"
    assert ":assumed-role/callers/" in told["userIdentity"]["arn"]
    assert json.loads(stop["CloudTrailEvent"])["errorCode"] == "AccessDeniedException"
