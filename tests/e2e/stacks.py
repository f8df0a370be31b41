"""What the end-to-end tests deploy: models, and the neighbours that make a deployment fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_cdk import CfnOutput, CfnResource, CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from rekognition_running_model import RunningModel, RunningModelProvider

POLL = Duration.seconds(1)

_FAILING_SIBLING = """
import json, time, urllib.request
def handler(event, context):
    status = "SUCCESS"
    if event["RequestType"] == event["ResourceProperties"]["FailOn"]:
        time.sleep(float(event["ResourceProperties"]["AfterSeconds"]))
        status = "FAILED"
    body = json.dumps({
        "Status": status, "Reason": "the sibling fails on purpose", "StackId": event["StackId"],
        "PhysicalResourceId": event.get("PhysicalResourceId", "sibling"),
        "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
    }).encode()
    request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT")
    request.add_unredirected_header("content-type", "")
    urllib.request.urlopen(request)
"""


def models(
    *arns: str,
    ids: list[str] | None = None,
    function_seconds: int | None = None,
    change: Callable[[Stack, list[RunningModel]], Any] | None = None,
    **properties: Any,
) -> Callable[[Stack], None]:
    """A stack with a model for each ARN, and whatever ``change`` adds."""

    def build(stack: Stack) -> None:
        built = [
            RunningModel(
                stack,
                (ids or [f"Model{number}" for number in range(len(arns))])[index],
                project_version_arn=arn,
                **({"poll_interval": POLL} | properties),
            )
            for index, arn in enumerate(arns)
        ]
        for model in built:
            CfnOutput(stack, f"{model.node.id}Arn", value=model.project_version_arn)
            CfnOutput(stack, f"{model.node.id}Status", value=model.running_model_status)
            CfnOutput(stack, f"{model.node.id}Units", value=model.running_model_min_inference_units)
        if function_seconds is not None:
            set_function_timeout(RunningModelProvider.of(stack), function_seconds)
        if change is not None:
            change(stack, built)

    return build


def set_service_timeout(built: list[RunningModel], seconds: int) -> None:
    """Let CloudFormation wait for so long; the construct itself offers no less than the hour."""
    for model in built:
        child = model.node.default_child
        assert isinstance(child, CfnResource)
        child.add_property_override("ServiceTimeout", str(seconds))


def set_function_timeout(provider: RunningModelProvider, seconds: int) -> None:
    """Let the function hand over after seconds, not minutes."""
    child = provider.function.node.default_child
    assert isinstance(child, CfnResource)
    child.add_property_override("Timeout", seconds)


def failing_sibling(
    *, after_seconds: float, fail_on: str = "Create", after_models: bool = False
) -> Callable[[Stack, list[RunningModel]], None]:
    """A custom resource beside the models that answers a while later, and fails on one type of request."""

    def add(stack: Stack, built: list[RunningModel]) -> None:
        role = iam.Role(stack, "SiblingRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        function = lambda_.Function(
            stack,
            "SiblingFunction",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler="index.handler",
            code=lambda_.Code.from_inline(_FAILING_SIBLING),
            timeout=Duration.minutes(2),
            role=role.without_policy_updates(),
        )
        sibling = CustomResource(
            stack,
            "Sibling",
            service_token=function.function_arn,
            properties={"FailOn": fail_on, "AfterSeconds": after_seconds},
            removal_policy=RemovalPolicy.DESTROY,
        )
        if after_models:
            sibling.node.add_dependency(*built)

    return add


def without_action(action: str) -> Callable[[Stack, list[RunningModel]], None]:
    """Take an action away from the function's role, as a permissions boundary would."""

    def deny(stack: Stack, built: list[RunningModel]) -> None:
        policy = iam.Policy(
            stack,
            "Deny",
            statements=[iam.PolicyStatement(effect=iam.Effect.DENY, actions=[action], resources=["*"])],
            roles=[RunningModelProvider.of(stack).role],
        )
        for model in built:
            model.node.add_dependency(policy)

    return deny
