"""EventBridge Scheduler: when a schedule is due in its zone, and calls that a schedule makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError
from stack_world import StackWorld, until

from local_aws import EmbeddedAws
from local_aws.corrections.schedules import filled, latest_time, next_time, trusts

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
START = "arn:aws:scheduler:::aws-sdk:rekognition:startProjectVersion"
STOP = "arn:aws:scheduler:::aws-sdk:rekognition:stopProjectVersion"


def moment(text: str) -> float:
    """Seconds since 1970 of an ISO time with its offset."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("expression", "zone", "after", "due"),
    [
        ("cron(0 19 * * ? *)", "UTC", "2026-11-28T12:00Z", "2026-11-28T19:00Z"),
        ("cron(0 19 * * ? *)", "Europe/Berlin", "2026-11-28T12:00Z", "2026-11-28T18:00Z"),
        ("cron(0 19 * * ? *)", "Europe/Berlin", "2026-07-28T12:00Z", "2026-07-28T17:00Z"),
        ("cron(0 19 * * ? *)", "Europe/Berlin", "2026-07-28T17:00Z", "2026-07-29T17:00Z"),
        ("cron(0 7 ? * MON-FRI *)", "Asia/Kolkata", "2026-11-27T12:00Z", "2026-11-30T01:30Z"),
        ("cron(30 23 * * ? *)", "America/New_York", "2026-11-28T00:00Z", "2026-11-28T04:30Z"),
        # The spring gap of 29 March 2026 in Berlin, 02:00 to 03:00: skipped that day.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-30T00:30Z"),
        # The autumn hour of 25 October 2026, 02:00 to 03:00 twice: the first of them, and once.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30Z"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-26T01:30Z"),
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-25T01:10Z", "2026-10-26T01:30Z"),
        ("at(2026-11-28T19:00:00)", "Europe/Berlin", "2026-11-28T12:00Z", "2026-11-28T18:00Z"),
        ("at(2026-11-28T19:00:00)", "Europe/Berlin", "2026-11-28T18:00Z", None),
        ("at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-03-28T12:00Z", None),
        ("rate(5 minutes)", "Europe/Berlin", "2026-11-28T12:07Z", "2026-11-28T12:10Z"),
        ("rate(1 hour)", "UTC", "2026-11-28T13:00Z", "2026-11-28T14:00Z"),
        ("cron(0 19 * * ? 2020)", "UTC", "2026-11-28T12:00Z", None),
    ],
)
def test_a_schedule_is_due_in_its_zone(expression: str, zone: str, after: str, due: str | None) -> None:
    """The clock on the wall there decides."""
    found = next_time(expression, zone, moment(after), moment("2026-11-28T12:00Z"))
    assert found == (None if due is None else moment(due))


@pytest.mark.parametrize("expression", ["", "at(tomorrow)", "cron(0 19 * *)", "rate(0 minutes)", "every day"])
def test_fails_when_an_expression_is_none(expression: str) -> None:
    """It is named."""
    with pytest.raises(ValueError, match="Invalid Schedule Expression"):
        next_time(expression, "UTC", 0, 0)


@pytest.mark.parametrize(
    ("expression", "last"),
    [
        ("rate(5 minutes)", "2026-03-02T12:55:00+00:00"),
        ("cron(0 7 ? * MON *)", "2026-03-02T06:00:00+00:00"),
        ("at(2026-03-02T07:30:00)", "2026-03-02T06:30:00+00:00"),
    ],
)
def test_where_the_clock_was_moved_a_schedule_runs_for_the_last_time_that_is_due(
    expression: str, last: str
) -> None:
    """In Berlin, from midnight UTC to 12:57."""
    since = datetime.fromisoformat("2026-03-02T00:00:00+00:00").timestamp()
    due = next_time(expression, "Europe/Berlin", since, since)
    assert due is not None
    found = latest_time(expression, "Europe/Berlin", due, since + 12 * 3600 + 57 * 60, since)
    assert found == datetime.fromisoformat(last).timestamp()


def test_only_a_role_that_trusts_the_scheduler_is_used() -> None:
    """As text or as a document, with one principal or several."""
    both = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    assume = {"Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Principal": {"Service": both}, **assume}
    assert trusted(json.dumps(TRUST))
    assert trusted({"Statement": allow})
    assert not trusted({"Statement": [allow, {**allow, "Effect": "Deny"}]})
    assert not trusted({"Statement": {**allow, "Action": "sts:TagSession"}})
    assert not trusted({"Statement": [{"Effect": "Allow", "Principal": {"Service": both[0]}, **assume}]})
    assert not trusted({"Statement": [{"Effect": "Allow", "Principal": "*", **assume}]})
    assert not trusted(None)


def trusted(document: Any, **condition: dict[str, str]) -> bool:
    """Whether a trust policy lets the Scheduler in, for account 123456789012 and the group nights."""
    if condition:
        statement = {**TRUST["Statement"][0], "Condition": condition}  # type: ignore[dict-item]
        document = {"Statement": [statement]}
    group = "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/nights"
    return trusts(document, "123456789012", group)


@pytest.mark.parametrize(
    ("operator", "key", "value", "works"),
    [
        ("StringEquals", "aws:SourceAccount", "123456789012", True),
        ("StringEquals", "aws:SourceAccount", "210987654321", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:scheduler:*:123456789012:schedule-group/*", True),
        (
            "StringEquals",
            "aws:SourceArn",
            "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/nights",
            True,
        ),
        ("ArnLike", "aws:SourceArn", "arn:aws:scheduler:*:123456789012:schedule-group/days", False),
        # A frequent mistake: the schedule's own ARN.
        ("ArnLike", "aws:SourceArn", "arn:aws:scheduler:*:123456789012:schedule/nights/*", False),
    ],
)
def test_the_conditions_of_the_trust_count(operator: str, key: str, value: str, works: bool) -> None:
    """The source is the group, never the schedule (Scheduler guide, confused deputy)."""
    assert trusted(None, **{operator: {key: value}}) == works


@pytest.fixture
def model(aws: EmbeddedAws, request: pytest.FixtureRequest) -> Iterator[str]:
    """A model that runs."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:60]
    arn = aws.rekognition.add_version(
        aws.rekognition.add_project(name), "v1", "RUNNING", start_seconds=0.0, stop_seconds=0.0
    )
    yield arn
    aws.rekognition.set_status(arn, "STOPPED")


@pytest.fixture
def role(aws: EmbeddedAws, request: pytest.FixtureRequest) -> str:
    """An execution role that may start and stop models."""
    name = f"schedules-{abs(hash(request.node.name))}"
    iam = aws.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    allow(aws, name, "rekognition:*ProjectVersion")
    return str(made["Role"]["Arn"])


def allow(aws: EmbeddedAws, role_name: str, action: str) -> None:
    """The role may do this, and nothing else."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName=role_name, PolicyName="p", PolicyDocument=document)


def soon(zone: str) -> str:
    """An at() expression for a moment from now, as a clock there shows it."""
    hands = datetime.now(ZoneInfo(zone)) + timedelta(seconds=2)
    return f"at({hands:%Y-%m-%dT%H:%M:%S})"


def schedule(aws: EmbeddedAws, role: str, model: str, target: str = STOP, **options: Any) -> dict[str, Any]:
    """A schedule for the model, in Tokyo unless another zone is given."""
    zone = options.pop("ScheduleExpressionTimezone", "Asia/Tokyo")
    document = {"ProjectVersionArn": model, **options.pop("more", {})}
    given = {
        "Name": f"s-{model.split('/')[-1]}",
        "ScheduleExpression": soon(zone),
        "ScheduleExpressionTimezone": zone,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": target,
            "RoleArn": role,
            "Input": json.dumps(document),
            **options.pop("Target", {}),
        },
    }
    answer: dict[str, Any] = aws.client("scheduler").create_schedule(**{**given, **options})
    return answer


@pytest.mark.slow
def test_a_schedule_stops_a_model(aws: EmbeddedAws, role: str, model: str) -> None:
    """By aws-sdk:rekognition:stopProjectVersion, with the role's permission, as the journal shows."""
    schedule(aws, role, model, ActionAfterCompletion="DELETE")
    until("the stop", lambda: aws.rekognition.status(model) == "STOPPED", seconds=20)
    (call,) = [one for one in aws.api_calls if one.resource == model]
    assert (call.action, call.allowed) == ("rekognition:StopProjectVersion", True)
    assert f":assumed-role/{role.rpartition('/')[2]}/" in call.principal
    names = [one["Name"] for one in aws.client("scheduler").list_schedules()["Schedules"]]
    assert f"s-{model.split('/')[-1]}" not in names


@pytest.mark.slow
def test_a_schedule_starts_a_model(aws: EmbeddedAws, role: str, model: str) -> None:
    """By startProjectVersion with its units; a schedule that is kept does it once."""
    aws.rekognition.set_status(model, "STOPPED")
    schedule(aws, role, model, START, more={"MinInferenceUnits": 2})
    until("the start", lambda: aws.rekognition.status(model) == "RUNNING", seconds=20)
    assert aws.rekognition.units(model)[0] == 2
    assert aws.client("scheduler").get_schedule(Name=f"s-{model.split('/')[-1]}")["State"] == "ENABLED"
    assert len(aws.rekognition.journal.calls("StartProjectVersion", model)) == 1


@pytest.mark.slow
def test_what_can_t_be_delivered_goes_to_the_queue(aws: EmbeddedAws, role: str, model: str) -> None:
    """A role without the permission: no retry, and a message that says why."""
    allow(aws, role.rpartition("/")[2], "sqs:*")
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName=f"undelivered-{model.split('/')[-1]}")["QueueUrl"]
    asked = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    schedule(aws, role, model, Target={"DeadLetterConfig": {"Arn": asked["Attributes"]["QueueArn"]}})

    def message() -> list[dict[str, Any]]:
        got = queues.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        return list(got.get("Messages", []))

    (told,) = until("the message", message, seconds=20)
    assert json.loads(told["Body"]) == {"ProjectVersionArn": model}
    assert "AccessDeniedException" in told["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert aws.rekognition.status(model) == "RUNNING"


@pytest.mark.parametrize("attempt", [1, 12])
def test_context_attributes_are_filled_in(attempt: int) -> None:
    """As the Scheduler guide spells them; what is none stays."""
    words = ("scheduled-time", "schedule-arn", "attempt-number", "execution-id", "else")
    due = datetime(2026, 3, 2, 6, 50, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    told = filled(" ".join(f"<aws.scheduler.{word}>" for word in words), "arn:of:it", due, attempt).split()
    assert told[:3] == ["2026-03-02T05:50:00Z", "arn:of:it", str(attempt)]
    assert re.fullmatch("[0-9a-f]{16}", told[3])
    assert told[4] == "<aws.scheduler.else>"


@pytest.mark.slow
def test_a_schedule_says_for_when_it_was_due(aws: EmbeddedAws, role: str, model: str) -> None:
    """In what it sends."""
    allow(aws, role.rpartition("/")[2], "sqs:*")
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName=f"due-{model.split('/')[-1]}")["QueueUrl"]
    zone = ZoneInfo("Asia/Tokyo")
    due = (datetime.now(zone) + timedelta(seconds=2)).replace(microsecond=0)
    schedule(
        aws,
        role,
        model,
        "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
        ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
        Target={"Input": json.dumps({"QueueUrl": url, "MessageBody": "<aws.scheduler.scheduled-time>"})},
    )
    (told,) = until("the message", lambda: queues.receive_message(QueueUrl=url).get("Messages"), seconds=20)
    assert datetime.fromisoformat(told["Body"]) == due


@pytest.mark.slow
def test_a_throttle_is_tried_again(aws: EmbeddedAws, role: str, model: str) -> None:
    """The model stops after all."""
    aws.rekognition.faults.once("StopProjectVersion", "throttle")
    schedule(aws, role, model)
    until("the stop", lambda: aws.rekognition.status(model) == "STOPPED", seconds=20)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ScheduleExpressionTimezone": "UTC", "ScheduleExpression": "daily"}, "Invalid Schedule Expression"),
        ({"target": "arn:aws:scheduler:::aws-sdk:rekognition:describeProjects"}, "describeProjects reads"),
        ({"Target": {"Input": "[]"}}, "Input must be a JSON object"),
    ],
)
def test_what_the_service_refuses_is_refused(
    aws: EmbeddedAws, role: str, model: str, options: dict[str, Any], said: str
) -> None:
    """An expression that is none, an operation that reads, an input that is none."""
    with pytest.raises(ClientError, match=said):
        schedule(aws, role, model, **options)


@pytest.mark.slow
def test_a_zone_that_is_none_is_refused(aws: EmbeddedAws, role: str) -> None:
    """Instead of being taken for UTC."""
    with pytest.raises(ClientError, match="Invalid ScheduleExpressionTimezone Mars/Base"):
        aws.client("scheduler").create_schedule(
            Name="mars",
            ScheduleExpression="rate(1 hour)",
            ScheduleExpressionTimezone="Mars/Base",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": STOP, "RoleArn": role, "Input": "{}"},
        )


@pytest.mark.slow
def test_a_template_keeps_the_zone_and_tells_errors(stacks: StackWorld, role: str, model: str) -> None:
    """The schedule of a stack is that of its template, after an update too; a bad one fails the stack."""

    def resource(hour: str, zone: str = "Europe/Berlin") -> dict[str, Any]:
        return {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": f"cron(0 {hour} * * ? *)",
                "ScheduleExpressionTimezone": zone,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": STOP, "RoleArn": role, "Input": json.dumps({"ProjectVersionArn": model})},
            },
        }

    stack = stacks.created({"Night": resource("19")})
    name = stacks.detail(stack, "Night")["PhysicalResourceId"]
    get = stacks.aws.client("scheduler").get_schedule
    assert get(Name=name)["ScheduleExpressionTimezone"] == "Europe/Berlin"
    stacks.update(stack, {"Night": resource("20", "Asia/Tokyo")})
    assert stacks.settled(stack) == "UPDATE_COMPLETE"
    shown = get(Name=name)
    assert (shown["ScheduleExpression"], shown["ScheduleExpressionTimezone"]) == (
        "cron(0 20 * * ? *)",
        "Asia/Tokyo",
    )
    bad = stacks.create({"Night": resource("19", "Mars/Base")}, name="bad")
    assert stacks.settled(bad) == "ROLLBACK_COMPLETE"
    assert any("Invalid ScheduleExpressionTimezone Mars/Base" in reason for reason in stacks.told(bad))
