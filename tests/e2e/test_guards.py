"""Guards on the embedded AWS: hours that end, a model that nobody calls, a queue that wakes one.

Schedules, roles and clocks are as deployed; only the time that a model has run for is told by its tags, since
no test waits for half an hour. What takes minutes is waited for at once.
"""

from __future__ import annotations

import datetime
import json
import time
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
from running_model_handler.core.claim import Owner, claim_tags, read_claim
from running_model_handler.core.duty_tags import read_duty_tags, record_tags
from running_model_handler.core.record import By, Record

pytestmark = pytest.mark.e2e
MINUTE, HOUR = 60.0, 3600.0
LEAST_SECONDS = 85.0
"""The hours end so long after the deployment begins: it has ended then, and a minute has passed."""


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A stack in an AWS of its own: calls are counted for all models of an account."""
    settings = Settings(start_seconds=4.0, stop_seconds=2.0, running_models_quota=3)
    with EmbeddedAws(rekognition=settings) as aws:
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


def as_if_it_had_run(deployment: Deployment, arn: str, seconds: float) -> None:
    """The deployment, and its RUNNING, were so long ago by the model's tags; somebody called it since."""
    client, now = deployment.aws.client("rekognition"), time.time()
    claim = read_claim(client.list_tags_for_resource(ResourceArn=arn)["Tags"])
    ((owner, holder),) = claim.holders.items()
    tags = claim_tags(Owner(*owner), holder._replace(t=holder.t - seconds), claim.project_created)
    record = record_tags(Record(True, now - seconds, True, By.DUTY))
    client.tag_resource(ResourceArn=arn, Tags={**tags, **record})
    called = {
        "MetricName": "SuccessfulRequestCount",
        "Dimensions": [{"Name": "Operation", "Value": "DetectCustomLabels"}],
        "Timestamp": datetime.datetime.fromtimestamp(now - 25 * MINUTE, datetime.UTC),
        "Value": 1.0,
    }
    deployment.aws.client("cloudwatch").put_metric_data(Namespace="AWS/Rekognition", MetricData=[called])


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
    ends_at = (time.time() + LEAST_SECONDS) // MINUTE * MINUTE + MINUTE

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
    as_if_it_had_run(deployment, idle, 2 * HOUR)
    queue = deployment.physical_id("Pictures", "AWS::SQS::Queue")
    deployment.aws.client("sqs").send_message(QueueUrl=queue, MessageBody="picture-1.jpg")

    ended = {timed: "STOPPED", idle: "STOPPED", woken: "RUNNING"}
    deployment.wait_for("the guards", lambda: {arn: status(arn) for arn in ended} == ended, seconds=240)

    life = ["TRAINING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"]
    assert [deployment.statuses(arn) for arn in ended] == [life, life, life[:3]]
    (stopped,) = [entry for entry in deployment.transitions("STOPPING") if entry.arn == timed]
    # How long after is for the machine that the test runs on.
    assert ends_at <= stopped.at
    start, stop = "rekognition:StartProjectVersion", "rekognition:StopProjectVersion"
    made = [(call.action, call.resource) for call in deployment.role_calls() if call.action in (start, stop)]
    assert sorted(made) == sorted(
        [(start, timed), (start, idle), (start, woken), (stop, timed), (stop, idle)]
    )
    # A log shows once its invocation has ended.
    deployment.wait_for("the metrics", lambda: len(counted(deployment)) == 3)
    assert counted(deployment) == [
        ("GuardStarts", woken),
        *sorted([("GuardStops", timed), ("GuardStops", idle)]),
    ]
    duty = {arn: read_duty_tags(deployment.rekognition.tags(arn)).record for arn in ended}
    by = {arn: record.by if record is not None else None for arn, record in duty.items()}
    assert by == {timed: By.DUTY, idle: By.IDLE, woken: By.DUTY}
    assert {"cloudwatch:GetMetricData", "sqs:GetQueueAttributes"} <= deployment.actions()
    deployment.check_role()
    sweep_by_hand(deployment, "Woken")
    assert status(woken) == "RUNNING"
    assert deployment.destroy().code == 0
    assert status(woken) == "STOPPED"
    assert not [key for key in deployment.rekognition.tags(idle) if not key.endswith(":start-seconds")]
