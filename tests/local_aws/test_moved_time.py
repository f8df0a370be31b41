"""The time of the embedded AWS, moved forward: for its services, its functions and the models alike."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from local_aws import EmbeddedAws
from local_aws.errors import LocalAwsError
from local_aws.rekognition import Settings

HOUR = 3600.0
FUNCTION = """
import boto3, datetime, time

def handler(event, context):
    boto3.client("sqs").list_queues()  # a request with a date in its signature
    return [time.time(), time.time_ns() / 1e9, datetime.datetime.now(datetime.timezone.utc).timestamp()]
"""
TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}
ALLOWED = {"Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """One whose time can be moved."""
    settings = Settings(start_seconds=600.0)
    with EmbeddedAws(rekognition=settings, movable_time=True) as embedded:
        yield embedded


def function(aws: EmbeddedAws) -> str:
    """A function that tells what its clocks show."""
    role = aws.client("iam").create_role(RoleName="clock", AssumeRolePolicyDocument=json.dumps(TRUST))
    aws.client("iam").put_role_policy(
        RoleName="clock", PolicyName="clock", PolicyDocument=json.dumps(ALLOWED)
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", FUNCTION)
    aws.client("lambda").create_function(
        FunctionName="clock", Runtime="python3.14", Handler="index.handler", Role=role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()}, Timeout=30,
    )  # fmt: skip
    return "clock"


def clocks(aws: EmbeddedAws) -> list[float]:
    """What the function's clocks show."""
    answer = aws.client("lambda").invoke(FunctionName="clock")
    told: Any = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    return [float(one) for one in told]


def test_what_would_have_happened_has_happened(aws: EmbeddedAws) -> None:
    """A message that was delayed shows, a model runs, and a stack is of later."""
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="later")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x", DelaySeconds=900)
    model = aws.rekognition.add_version(aws.rekognition.add_project("parts"), "v1")
    aws.client("rekognition").start_project_version(ProjectVersionArn=model, MinInferenceUnits=1)

    def waiting() -> str:
        name = "ApproximateNumberOfMessages"
        return str(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])

    assert (waiting(), aws.rekognition.status(model)) == ("0", "STARTING")
    aws.move_time(HOUR)
    assert (waiting(), aws.rekognition.status(model)) == ("1", "RUNNING")
    assert aws.now() - time.time() == pytest.approx(HOUR, abs=1)
    template = {"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName="later", TemplateBody=json.dumps(template))
    (stack,) = cloudformation.describe_stacks(StackName="later")["Stacks"]
    assert stack["CreationTime"].timestamp() == pytest.approx(aws.now(), abs=30)


def test_functions_that_are_warm_see_it_too(aws: EmbeddedAws) -> None:
    """By each of Python's clocks; and their requests are signed at that time."""
    function_name(aws)
    before = clocks(aws)
    aws.move_time(HOUR)
    after = clocks(aws)
    assert [later - sooner for later, sooner in zip(after, before, strict=True)] == pytest.approx(
        [HOUR] * 3, abs=30
    )
    assert after == pytest.approx([aws.now()] * 3, abs=30)


def test_answers_are_dated_by_the_clock_of_the_caller(aws: EmbeddedAws) -> None:
    """Else the CDK CLI finds its clock wrong, and asks seven times whether its bootstrap stack is there.

    A signature is in time by that clock too, of services that look at it.
    """
    aws.move_time(HOUR)
    aws.client("lambda").list_functions()
    answer = aws.client("cloudformation").list_exports()["ResponseMetadata"]["HTTPHeaders"]
    assert parsedate_to_datetime(answer["date"]).timestamp() == pytest.approx(time.time(), abs=30)


def test_schedules_that_were_due_run_once(aws: EmbeddedAws) -> None:
    """However often they would have."""
    function_arn = aws.client("lambda").get_function(FunctionName=function_name(aws))["Configuration"]
    before = len(aws.invocations)
    aws.client("scheduler").create_schedule(
        Name="hourly",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function_arn["FunctionArn"], "RoleArn": function_arn["Role"]},
    )
    aws.move_time(5 * HOUR)
    until = time.monotonic() + 30
    while len(aws.invocations) == before and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(2.5)
    (run,) = aws.invocations[before:]
    assert run.started_at == pytest.approx(aws.now(), abs=30)
    assert datetime.fromtimestamp(run.started_at, UTC) > datetime.now(UTC)


def function_name(aws: EmbeddedAws) -> str:
    """The function, made if another test has not."""
    names = [one["FunctionName"] for one in aws.client("lambda").list_functions()["Functions"]]
    return "clock" if "clock" in names else function(aws)


def test_time_is_not_moved_back(aws: EmbeddedAws) -> None:
    """Nor at all where nobody has asked for it."""
    with pytest.raises(ValueError, match="time can't go back, got -1"):
        aws.move_time(-1.0)
    with pytest.raises(LocalAwsError, match=r"EmbeddedAws\(movable_time=True\)"):
        EmbeddedAws().move_time(1.0)
