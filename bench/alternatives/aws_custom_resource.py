"""``AwsCustomResource``: one SDK call on create and one on delete, and no waiting.

Source: "Custom Resources for AWS APIs" in the README of aws-cdk-lib/custom-resources.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import custom_resources as cr

from bench.alternatives.model import Model


def add_models(stack: Stack, models: Sequence[Model]) -> None:
    """A resource for each model; the construct shares its function by itself."""
    for model in models:
        start = cr.AwsSdkCall(
            service="Rekognition",
            action="startProjectVersion",
            parameters={
                "ProjectVersionArn": model.version_arn,
                "MinInferenceUnits": model.min_inference_units,
            },
            physical_resource_id=cr.PhysicalResourceId.of(model.version_arn),
        )
        cr.AwsCustomResource(
            stack,
            model.construct_id,
            on_create=start,
            on_update=start,
            on_delete=cr.AwsSdkCall(
                service="Rekognition",
                action="stopProjectVersion",
                parameters={"ProjectVersionArn": model.version_arn},
            ),
            policy=cr.AwsCustomResourcePolicy.from_sdk_calls(resources=[model.version_arn]),
            # The default of a project that "cdk init" makes today, by a feature flag; it saves the function
            # an installation from the package registry at every cold start.
            install_latest_aws_sdk=False,
        )
