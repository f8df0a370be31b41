"""A Lambda-backed custom resource that waits within its invocation, with boto3's waiter.

Sources: "Lambda-backed custom resources" (CloudFormation user guide) and the waiter
``project_version_running`` (boto3 reference). The function has the longest time-out that Lambda allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_lambda as lambda_

from bench.alternatives.model import Model
from bench.alternatives.permissions import LOOK, START_AND_STOP, on_models, on_projects

CODE = Path(__file__).parent / "functions" / "boto3_waiter"


def add_models(stack: Stack, models: Sequence[Model]) -> None:
    """One function, a resource for each model."""
    function = lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_asset(str(CODE)),
        timeout=Duration.minutes(15),
        initial_policy=[on_models(models, *START_AND_STOP), on_projects(models, *LOOK)],
    )
    for model in models:
        CustomResource(
            stack,
            model.construct_id,
            service_token=function.function_arn,
            resource_type="Custom::Model",
            properties=model.properties(),
        )
