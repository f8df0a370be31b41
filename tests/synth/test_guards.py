"""Guards as an app declares them: what is made of them, what it may do, and what is said of bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Environment, Stack, TimeZone
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from synth_examples import ARN
from test_packs import findings, report

from rekognition_running_model import RunningHours, RunningModel, RunningModelProvider
from rekognition_running_model.guards import edges
from running_model_handler.core.duty import Guards, QueueGuard
from running_model_handler.core.guards import make_period, parse_guards
from running_model_handler.core.hours import Period
from running_model_handler.core.names import Property

OFFICE = RunningHours(days="MON-FRI", start="08:00", stop="18:00", time_zone="Europe/Berlin")
NIGHTS = RunningHours(
    days=["SAT", "SUN"], start="22:00", stop="06:00", time_zone=TimeZone.ETC_UTC, over_midnight=True
)
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/pictures"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:pictures"


def properties(stack: Stack) -> list[dict[str, Any]]:
    """The properties of the models."""
    found = Template.from_stack(stack).find_resources("Custom::RekognitionRunningModel")
    return [each["Properties"] for each in found.values()]


def schedules(stack: Stack) -> list[dict[str, Any]]:
    """The properties of the schedules."""
    found = Template.from_stack(stack).find_resources("AWS::Scheduler::Schedule")
    return [each["Properties"] for each in found.values()]


def actions(stack: Stack) -> set[str]:
    """Everything that is allowed to any role."""
    found = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    allowed: set[str] = set()
    for policy in found.values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            action = statement["Action"]
            allowed |= {action} if isinstance(action, str) else set(action)
    return allowed


def test_a_model_without_guards_has_nothing_of_them(stack: Stack) -> None:
    """Neither a schedule, nor a permission, nor a property."""
    RunningModel(stack, "Model", project_version_arn=ARN)
    assert schedules(stack) == []
    assert not {action for action in actions(stack) if action.startswith(("cloudwatch:", "sqs:"))}
    ours = {Property.RUNNING_HOURS, Property.IDLE_SECONDS, Property.QUEUE_URL, Property.STOP_AFTER_SECONDS}
    (found,) = properties(stack)
    assert not ours & found.keys()


def test_the_handler_reads_what_is_declared(stack: Stack) -> None:
    """All guards, by the handler's own reader; CloudFormation makes strings of the numbers."""
    RunningModel(
        stack,
        "Model",
        project_version_arn=ARN,
        running_hours=[OFFICE, NIGHTS],
        lead_time=Duration.minutes(20),
        stop_after=Duration.days(30),
        stop_when_idle=Duration.hours(1),
        start_for=sqs.Queue.from_queue_arn(stack, "Pictures", QUEUE_ARN),
        stop_when_empty=Duration.minutes(5),
    )
    (found,) = properties(stack)
    sent = {key: str(value) for key, value in found.items()} | {Property.QUEUE_URL: URL}
    expected = (
        Period((0, 1, 2, 3, 4), 480, 1080, "Europe/Berlin"),
        Period((5, 6), 1320, 360, "Etc/UTC", over_midnight=True),
    )
    assert parse_guards(sent, 3300) == Guards(expected, 1200, 30 * 86_400, 3600, QueueGuard(URL, 300))


def test_hours_wake_the_function_every_five_minutes_and_at_their_edges(stack: Stack) -> None:
    """In their own time zone, the start as early as declared; one role for all schedules of a stack."""
    RunningModel(
        stack, "Model", project_version_arn=ARN, running_hours=OFFICE, lead_time=Duration.seconds(601)
    )
    RunningModel(stack, "Other", project_version_arn=ARN.replace("v3", "v4"), stop_after=Duration.hours(8))
    found = {
        (each["ScheduleExpression"], each.get("ScheduleExpressionTimezone")) for each in schedules(stack)
    }
    assert found == {
        ("rate(5 minutes)", None),
        ("cron(49 7 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin"),
        ("cron(0 18 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin"),
    }
    assert len(schedules(stack)) == 4
    assert len({json.dumps(each["Target"]["RoleArn"]) for each in schedules(stack)}) == 1


def test_a_schedule_says_what_a_request_would(stack: Stack) -> None:
    """Which resource of which stack, and what it declares, without what is CloudFormation's."""
    RunningModel(
        stack, "Model", project_version_arn=ARN, stop_when_idle=Duration.hours(1), check_on_every_deploy=True
    )
    (schedule,) = schedules(stack)
    pieces = schedule["Target"]["Input"]["Fn::Join"][1]
    sent = json.loads("".join(piece if isinstance(piece, str) else "STACK" for piece in pieces))
    (logical_id,) = Template.from_stack(stack).find_resources("Custom::RekognitionRunningModel")
    (declared,) = properties(stack)
    left_out = {"ServiceToken", "ServiceTimeout", "Deployment"}
    assert sent == {
        "RunningModelSweep": {
            "StackId": "STACK",
            "LogicalResourceId": logical_id,
            "ScheduledTime": "<aws.scheduler.scheduled-time>",
            "ResourceProperties": {key: value for key, value in declared.items() if key not in left_out},
        }
    }


def test_a_queue_wakes_the_function_every_minute(stack: Stack) -> None:
    """Which is as fine as any edge."""
    queue = sqs.Queue(stack, "Pictures")
    RunningModel(stack, "Model", project_version_arn=ARN, running_hours=OFFICE, start_for=queue)
    assert [each["ScheduleExpression"] for each in schedules(stack)] == ["rate(1 minute)"]


def test_g11_each_guard_is_allowed_what_it_asks_for(
    stack: Stack, resources: Callable[[Stack, str], dict[str, Any]]
) -> None:
    """G11: calls are counted for stop_when_idle, and one queue is asked for start_for."""
    RunningModel(stack, "Model", project_version_arn=ARN, running_hours=OFFICE)
    assert not {"cloudwatch:GetMetricData", "sqs:GetQueueAttributes"} & actions(stack)
    other = Stack(App(), "Parts")
    queue = sqs.Queue.from_queue_arn(other, "Pictures", QUEUE_ARN)
    for name in ("v4", "v5"):
        RunningModel(
            other, name, project_version_arn=ARN.replace("v3", name), stop_when_idle=Duration.hours(1),
            start_for=queue,
        )  # fmt: skip
    statements = [
        statement
        for policy in resources(other, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    counts = [each for each in statements if each["Action"] == "cloudwatch:GetMetricData"]
    assert [each["Resource"] for each in counts] == ["*"]
    asks = [each for each in statements if each["Action"] == "sqs:GetQueueAttributes"]
    assert [each["Resource"] for each in asks] == [QUEUE_ARN]


def test_a_shared_provider_is_woken_from_the_stack_of_the_model() -> None:
    """The schedules, and their role, go with the models."""
    app = App()
    provider = RunningModelProvider(Stack(app, "Shared"), "Provider")
    parts = Stack(app, "Parts")
    RunningModel(parts, "Model", project_version_arn=ARN, running_hours=OFFICE, provider=provider)
    assert len(schedules(parts)) == 3
    assert len(Template.from_stack(parts).find_resources("AWS::IAM::Role")) == 1


def test_the_rules_of_an_account_hold_for_the_role_of_the_schedules(stack: Stack) -> None:
    """A boundary, and no inline policy."""
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "team-boundary")
    provider = RunningModelProvider(
        stack, "Provider", managed_policies_only=True, permissions_boundary=boundary
    )
    RunningModel(stack, "Model", project_version_arn=ARN, running_hours=OFFICE, provider=provider)
    template = Template.from_stack(stack)
    assert template.find_resources("AWS::IAM::Policy") == {}
    roles = template.find_resources("AWS::IAM::Role").values()
    assert all("team-boundary" in str(role["Properties"]["PermissionsBoundary"]) for role in roles)
    assert len(roles) == 2


def test_tokens_are_left_to_the_handler(stack: Stack) -> None:
    """A duration that a parameter of the template gives."""
    seconds = CfnParameter(stack, "Seconds", type="Number").value_as_number
    RunningModel(stack, "Model", project_version_arn=ARN, stop_after=Duration.seconds(seconds))
    (found,) = properties(stack)
    assert found[Property.STOP_AFTER_SECONDS] == {"Ref": "Seconds"}
    assert len(schedules(stack)) == 1


def hours(**changes: Any) -> RunningHours:
    """Office hours with something else in them."""
    given: dict[str, Any] = {"days": "MON-FRI", "start": "08:00", "stop": "18:00", "time_zone": "UTC"}
    return RunningHours(**(given | changes))


EXAMPLE = r"; for example running_hours=RunningHours\(days="


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"running_hours": hours(time_zone="Berlin")},
            rf"Parts/Model: running_hours .*got 'Berlin'{EXAMPLE}",
        ),
        ({"running_hours": hours(days=[])}, rf"running_hours must name at least one day, .*{EXAMPLE}"),
        ({"running_hours": hours(days="")}, rf"running_hours must name at least one day, .*{EXAMPLE}"),
        ({"running_hours": hours(days="Monday")}, "running_hours must name days as MON"),
        (
            {"running_hours": hours(days=None)},
            rf"must name its days in a text or a list of texts, got None{EXAMPLE}",
        ),
        (
            {"running_hours": hours(over_midnight="yes")},
            "must have True or False as over_midnight, got 'yes'",
        ),
        (
            {"running_hours": hours(over_midnight=True)},
            r"must go over midnight only where .*got '08:00 to 18:00, over_midnight=True'",
        ),
        (
            {"running_hours": hours(start=None, over_midnight=True)},
            "must go over midnight only where .*got 'no start to 18:00",
        ),
        ({"running_hours": hours(start="18:00")}, "running_hours must not stop when it starts"),
        (
            {"running_hours": hours(start="19:00")},
            r"must start before it stops, .*got '19:00 to 18:00'; for example .*22:00.*over_midnight=True\)$",
        ),
        ({"running_hours": hours(start=8)}, "running_hours must have a start from 00:00"),
        ({"running_hours": hours(start="8:00")}, rf"must have a start from 00:00 .*'8:00'{EXAMPLE}.*08:00"),
        (
            {"running_hours": [OFFICE, hours(time_zone="Europe/Berlin", days="TUE")]},
            "must not lie within another",
        ),
        ({"running_hours": [OFFICE, hours(start=None)]}, "must all have a start, or none"),
        ({"running_hours": []}, "running_hours must hold at least one period"),
        ({"running_hours": "MON-FRI 08:00-18:00 UTC"}, "running_hours must be RunningHours, or a list"),
        (
            {"running_hours": ["MON-FRI"]},
            "running_hours must be RunningHours, or a list of them, got 'MON-FRI'",
        ),
        (
            {"lead_time": Duration.hours(1), "running_hours": OFFICE},
            "lead_time must be a whole number from 0 to",
        ),
        (
            {"lead_time": Duration.minutes(5)},
            "lead_time must come with running_hours that have a start, got '5 minutes'",
        ),
        (
            {"lead_time": Duration.minutes(5), "running_hours": hours(start=None)},
            "lead_time must come with running_hours that have a start",
        ),
        (
            {"stop_when_idle": Duration.minutes(5)},
            "stop_when_idle must be a whole number from 900 .*for example",
        ),
        ({"stop_when_idle": 3600}, "stop_when_idle must be a Duration, got 3600; for example"),
        ({"stop_after": Duration.days(366)}, "stop_after must be .*a year at most.*for example stop_after="),
        (
            {"stop_after": Duration.minutes(55)},
            "stop_after must be more than 3300 seconds, which the start may",
        ),
        (
            {"stop_after": Duration.minutes(10), "timeout": Duration.minutes(10)},
            "stop_after must be more than 600 seconds",
        ),
        (
            {"start_for": "pictures"},
            "start_for must be a queue of SQS, got 'pictures'; for example start_for=",
        ),
        ({"start_for": sqs.Queue}, "start_for must be a queue of SQS, got <class"),
        (
            {"stop_when_empty": Duration.minutes(5)},
            "stop_when_empty must come with start_for, got '5 minutes'",
        ),
    ],
)
def test_bad_input_is_named(stack: Stack, options: dict[str, Any], words: str) -> None:
    """With the construct, the property, what was given, what is right, and an example."""
    with pytest.raises(ValueError, match=rf"(?s)^Parts/Model: .*{words.removeprefix('Parts/Model: ')}"):
        RunningModel(stack, "Model", project_version_arn=ARN, **options)


def test_all_problems_are_named_at_once(stack: Stack) -> None:
    """Guards as well as the rest."""
    with pytest.raises(ValueError, match=r"min_inference_units .*stop_when_idle .*running_hours "):
        RunningModel(
            stack, "Model", project_version_arn=ARN, min_inference_units=0,
            running_hours=hours(time_zone="CET"), stop_when_idle=Duration.seconds(1),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (
            "arn:aws:sqs:eu-west-1:999999999999:pictures.fifo",
            r"queue in the account of the model, 123456789012: .*got 'Parts/Pictures, a FIFO queue of 9{12}'",
        ),
        (
            "arn:aws:sqs:eu-west-1:999999999999:pictures",
            "queue in the account .*got 'Parts/Pictures, a queue of 999999999999'",
        ),
        ("arn:aws:sqs:us-east-1:123456789012:pictures", "queue in the Region of the model, eu-west-1"),
    ],
)
@pytest.mark.parametrize("env", [Environment(account="123456789012", region="eu-west-1"), None])
def test_a_queue_of_another_place_is_refused(arn: str, words: str, env: Environment | None) -> None:
    """The function asks for its numbers where it works, by its own role; the ARN tells where, without env."""
    stack = Stack(App(), "Parts", env=env)
    queue = sqs.Queue.from_queue_arn(stack, "Pictures", arn)
    with pytest.raises(ValueError, match=rf"^Parts/Model: start_for must be a {words}"):
        RunningModel(stack, "Model", project_version_arn=ARN, start_for=queue)


def test_guards_on_an_imported_model_are_refused(stack: Stack) -> None:
    """Whatever runs the model has them."""
    words = (
        r"^Parts/Elsewhere: running_hours must be declared where the model runs, .*for example RunningModel\("
    )
    with pytest.raises(ValueError, match=words):
        RunningModel.from_project_version_arn(stack, "Elsewhere", ARN, running_hours=OFFICE)
    words = r"Elsewhere: stop_after, running_hours must be .*got stop_after=8 hours, running_hours=Running"
    with pytest.raises(ValueError, match=words):
        RunningModel.from_project_version_arn(
            stack, "Elsewhere", ARN, stop_after=Duration.hours(8), running_hours=OFFICE
        )
    with pytest.raises(TypeError, match="unexpected keyword argument 'hours'"):
        RunningModel.from_project_version_arn(stack, "Elsewhere", ARN, hours=OFFICE)


def period(days: str, start: str | None, stop: str, *, over_midnight: bool = False) -> Period:
    """A period in UTC."""
    return make_period([days], start, stop, "UTC", over_midnight=over_midnight, name="x")


@pytest.mark.parametrize(
    ("one", "lead_seconds", "expected"),
    [
        (period("MON", "08:00", "18:00"), 0, ["cron(0 8 ? * MON *)", "cron(0 18 ? * MON *)"]),
        (period("MON", "00:05", "24:00"), 600, ["cron(55 23 ? * SUN *)", "cron(0 0 ? * TUE *)"]),
        (
            period("SUN", "22:00", "06:00", over_midnight=True),
            0,
            ["cron(0 22 ? * SUN *)", "cron(0 6 ? * MON *)"],
        ),
        (period("MON", None, "20:00"), 600, ["cron(0 20 ? * MON *)"]),
    ],
)
def test_edges(one: Period, lead_seconds: int, expected: list[str]) -> None:
    """Over midnight to the day after, and with a lead to the day before."""
    assert edges([one], lead_seconds) == [(expression, "UTC") for expression in expected]
    assert edges([one, one], lead_seconds) == edges([one], lead_seconds)


@pytest.mark.xdist_group("packs")
def test_packs_of_cdk_nag_find_nothing_that_is_not_acknowledged(tmp_path: Path) -> None:
    """In the role of the schedules, and in what the function may do more."""
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Parts")
    queue = sqs.Queue.from_queue_arn(stack, "Pictures", QUEUE_ARN)
    RunningModel(
        stack, "Model", project_version_arn=ARN, running_hours=OFFICE, stop_when_idle=Duration.hours(1),
        start_for=queue,
    )  # fmt: skip
    assert list(findings(report(app))) == []
