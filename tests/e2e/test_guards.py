"""Guards on the embedded AWS: hours that end, a model that nobody calls, a queue that wakes one.

Schedules, roles and clocks are as deployed. An hour passes at once, however long the deployment took.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import CfnResource, Duration, Stack
from aws_cdk import aws_sqs as sqs
from by_api import ByApi
from harness import Deployment
from stacks import POLL

from local_aws import EmbeddedAws
from local_aws.rekognition import Settings
from rekognition_running_model import RunningHours, RunningModel
from running_model_handler.core.duty_tags import read_duty_tags
from running_model_handler.core.record import By, Record

pytestmark = pytest.mark.e2e
MINUTE, HOUR = 60.0, 3600.0


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A stack in an AWS of its own: calls are counted for all models of an account."""
    settings = Settings(start_seconds=4.0, stop_seconds=2.0, running_models_quota=3)
    with EmbeddedAws(rekognition=settings, movable_time=True) as aws:
        api = ByApi(aws)
        api.bootstrap()
        yield Deployment(api, tmp_path)


def hours_that_end(at: float) -> RunningHours:
    """Every day to a full minute, in a zone where that is around noon."""
    hour = datetime.datetime.fromtimestamp(at, datetime.UTC).hour
    # Signs are reversed there: Etc/GMT-3 is three hours ahead of UTC (IANA).
    zone = f"Etc/GMT{hour - 12:+d}" if hour != 12 else "UTC"
    clock = datetime.datetime.fromtimestamp(at, datetime.UTC) + datetime.timedelta(hours=12 - hour)
    return RunningHours(days="MON-SUN", start="06:00", stop=f"{clock:%H:%M}", time_zone=zone)


def every_minute(model: RunningModel) -> None:
    """A sweep a minute instead of one in five, so that the test need not wait for it."""
    schedule = model.node.find_child("Sweep")
    assert isinstance(schedule, CfnResource)
    schedule.add_property_override("ScheduleExpression", "rate(1 minute)")


def called(deployment: Deployment) -> None:
    """Somebody has called a model just now, whichever: the metric is of the account."""
    metric = {
        "MetricName": "SuccessfulRequestCount",
        "Dimensions": [{"Name": "Operation", "Value": "DetectCustomLabels"}],
        "Timestamp": datetime.datetime.fromtimestamp(deployment.aws.now(), datetime.UTC),
        "Value": 1.0,
    }
    deployment.aws.client("cloudwatch").put_metric_data(Namespace="AWS/Rekognition", MetricData=[metric])


def memory_of(deployment: Deployment, arn: str) -> Record | None:
    """What the guards have noted of a model."""
    return read_duty_tags(deployment.rekognition.tags(arn)).record


def has_run(deployment: Deployment, arn: str) -> bool:
    """Whether a sweep has seen a model run: from then on it can be idle."""
    record = memory_of(deployment, arn)
    return record is not None and record.reached


def counted(deployment: Deployment) -> list[tuple[str, str]]:
    """The metrics in the function's log, each with its model."""
    group = deployment.physical_id("RekognitionRunningModel", "AWS::Logs::LogGroup")
    events = deployment.aws.client("logs").filter_log_events(logGroupName=group)["events"]
    lines = [json.loads(line) for event in events for line in event["message"].splitlines() if "_aws" in line]
    named = [(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], line) for line in lines]
    return sorted((name, line["ProjectVersionArn"]) for name, line in named)


def sweep_by_hand(deployment: Deployment, name: str) -> None:
    """What the docs tell people to call: the input of the schedule, sent to its target."""
    schedule = deployment.physical_id(f"{name}Sweep", "AWS::Scheduler::Schedule")
    target = deployment.aws.client("scheduler").get_schedule(Name=schedule)["Target"]
    client = deployment.aws.client("lambda")
    answer = client.invoke(FunctionName=target["Arn"], Payload=target["Input"].encode())
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) is None


@pytest.mark.long
def test_hours_end_an_idle_model_stops_and_a_queue_wakes_one(deployment: Deployment) -> None:
    """Each by its own schedule and rule, in one function, beside each other."""
    timed, idle, woken = (deployment.model(name) for name in ("v1", "v2", "v3"))
    ends_at = (deployment.aws.now() + HOUR) // MINUTE * MINUTE

    def build(stack: Stack) -> None:
        guards: dict[str, tuple[str, dict[str, Any]]] = {
            "Timed": (timed, {"running_hours": hours_that_end(ends_at)}),
            "Idle": (idle, {"stop_when_idle": Duration.minutes(15)}),
            "Woken": (woken, {"start_for": sqs.Queue(stack, "Pictures")}),
        }
        for name, (arn, declared) in guards.items():
            every_minute(RunningModel(stack, name, project_version_arn=arn, poll_interval=POLL, **declared))

    outcome = deployment.deploy(build)
    assert outcome.code == 0, outcome.output
    status = deployment.rekognition.status
    assert [status(arn) for arn in (timed, idle, woken)] == ["RUNNING", "RUNNING", "TRAINING_COMPLETED"]
    called(deployment)
    deployment.aws.move_time(MINUTE)
    deployment.wait_for("a sweep that sees it run", lambda: has_run(deployment, idle))
    deployment.aws.move_time(ends_at - deployment.aws.now())
    queue = deployment.physical_id("Pictures", "AWS::SQS::Queue")
    deployment.aws.client("sqs").send_message(QueueUrl=queue, MessageBody="picture-1.jpg")

    ended = {timed: "STOPPED", idle: "STOPPED", woken: "RUNNING"}
    deployment.wait_for("the guards", lambda: {arn: status(arn) for arn in ended} == ended)

    life = ["TRAINING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"]
    assert [deployment.statuses(arn) for arn in ended] == [life, life, life[:3]]
    (stopped,) = [entry for entry in deployment.transitions("STOPPING") if entry.arn == timed]
    assert ends_at <= stopped.at
    start, stop = "rekognition:StartProjectVersion", "rekognition:StopProjectVersion"
    # Two sweeps that come at once both ask; what that did is told by the life above.
    made = {(call.action, call.resource) for call in deployment.role_calls() if call.action in (start, stop)}
    assert made == {(start, timed), (start, idle), (start, woken), (stop, timed), (stop, idle)}
    # A log shows once its invocation has ended.
    deployment.wait_for("the metrics", lambda: len(counted(deployment)) == 3)
    assert counted(deployment) == [
        ("GuardStarts", woken),
        *sorted([("GuardStops", timed), ("GuardStops", idle)]),
    ]
    duty = {arn: memory_of(deployment, arn) for arn in ended}
    by = {arn: record.by if record is not None else None for arn, record in duty.items()}
    assert by == {timed: By.DUTY, idle: By.IDLE, woken: By.DUTY}
    assert {"cloudwatch:GetMetricData", "sqs:GetQueueAttributes"} <= deployment.actions()
    deployment.check_role()
    sweep_by_hand(deployment, "Woken")
    assert status(woken) == "RUNNING"
    assert deployment.destroy().code == 0
    assert status(woken) == "STOPPED"
    assert not [key for key in deployment.rekognition.tags(idle) if not key.endswith(":start-seconds")]
