"""CDK's provider framework with its defaults: an on_event and an is_complete handler, a look every 5 s.

Source: "Provider Framework" in the README of aws-cdk-lib/custom-resources.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr

from bench.alternatives.model import Model
from bench.alternatives.permissions import LOOK, START_AND_STOP, on_models, on_projects

CODE = Path(__file__).parent / "functions" / "provider_framework"


def add_models(stack: Stack, models: Sequence[Model]) -> None:
    """One provider, a resource for each model."""
    code = lambda_.Code.from_asset(str(CODE))
    provider = cr.Provider(
        stack,
        "Provider",
        on_event_handler=lambda_.Function(
            stack,
            "OnEvent",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler="index.on_event",
            code=code,
            timeout=Duration.minutes(1),
            initial_policy=[on_models(models, *START_AND_STOP)],
        ),
        is_complete_handler=lambda_.Function(
            stack,
            "IsComplete",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler="index.is_complete",
            code=code,
            timeout=Duration.minutes(1),
            initial_policy=[on_projects(models, *LOOK)],
        ),
    )
    for model in models:
        CustomResource(
            stack,
            model.construct_id,
            service_token=provider.service_token,
            resource_type="Custom::Model",
            properties=model.properties(),
        )
