"""The janitor on the embedded AWS: its schedule wakes it, and it ends what no request can."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from aws_cdk import CfnResource, Stack
from harness import Deployment
from stacks import models

from rekognition_running_model import RunningModel, RunningModelJanitor
from running_model_handler.core.claim import Holder, Owner, claim_tags
from running_model_handler.core.units import InferenceUnits

pytestmark = pytest.mark.e2e
TEMPLATE = {"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}


def with_a_janitor(stack: Stack, _: list[RunningModel]) -> None:
    """One that is woken every minute, so that the test need not wait for ten."""
    janitor = RunningModelJanitor(stack, "Janitor")
    schedule = janitor.node.find_child("Rounds")
    assert isinstance(schedule, CfnResource)
    schedule.add_property_override("ScheduleExpression", "rate(1 minute)")


def deleted_stack(deployment: Deployment) -> str:
    """The id of a stack that was, and is no more."""
    client = deployment.aws.client("cloudformation")
    name = f"{deployment.name}gone"
    stack_id: str = client.create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE))["StackId"]

    def status() -> Any:
        return client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]

    deployment.wait_for("the stack", lambda: status() == "CREATE_COMPLETE")
    client.delete_stack(StackName=name)
    deployment.wait_for("its end", lambda: status() == "DELETE_COMPLETE")
    return stack_id


def start_by_hand(deployment: Deployment, arn: str, tags: dict[str, str]) -> None:
    """A model that runs, with some tags."""
    client = deployment.aws.client("rekognition")
    if tags:
        client.tag_resource(ResourceArn=arn, Tags=tags)
    client.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    deployment.wait_for_status(arn, "RUNNING")


def test_g3_a_model_whose_stack_is_gone_is_stopped_and_no_other(deployment: Deployment) -> None:
    """G3: by the schedule, with the janitor's own role; what lives, or is unclaimed, runs on."""
    living, orphan, unclaimed = (deployment.model(name) for name in ("v1", "v2", "v3"))
    settings = deployment.rekognition.settings
    quota = settings.running_models_quota
    settings.running_models_quota = deployment.running() + 10
    try:
        gone = deleted_stack(deployment)
        assert deployment.deploy(models(living, change=with_a_janitor)).code == 0
        start_by_hand(deployment, unclaimed, {"team": "vision"})
        holder = Holder(time.time() - 60.0, InferenceUnits(1))
        start_by_hand(deployment, orphan, claim_tags(Owner(gone, "Model"), holder, None))
        deployment.wait_for(
            "the janitor", lambda: deployment.rekognition.status(orphan) == "STOPPED", seconds=180
        )
        assert deployment.rekognition.status(living) == "RUNNING"
        assert deployment.rekognition.status(unclaimed) == "RUNNING"
    finally:
        settings.running_models_quota = quota
        deployment.rekognition.stop_by_hand(unclaimed)
    group = deployment.physical_id("Janitor", "AWS::Logs::LogGroup")

    def counted() -> list[str]:
        events = deployment.aws.client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [line for event in events for line in event["message"].splitlines()]
        return [line for line in lines if line.startswith("{") and "_aws" in json.loads(line)]

    # A log shows once its invocation has ended.
    deployment.wait_for("the metric", lambda: bool(counted()))
    (line,) = counted()
    assert (json.loads(line)["OrphansStopped"], json.loads(line)["ProjectVersionArn"]) == (1, orphan)
    acts = {
        (call.action, call.resource)
        for call in deployment.role_calls()
        if "Janitor" in call.principal and call.action.endswith("ProjectVersion")
    }
    assert acts == {("rekognition:StopProjectVersion", orphan)}
