"""The permissions on models that every hand-written function needs."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from bench.alternatives.model import Model

START_AND_STOP = ("rekognition:StartProjectVersion", "rekognition:StopProjectVersion")
LOOK = ("rekognition:DescribeProjectVersions",)


def on_models(models: Sequence[Model], *actions: str) -> iam.PolicyStatement:
    """Actions whose resource is the version."""
    return iam.PolicyStatement(actions=list(actions), resources=[model.version_arn for model in models])


def on_projects(models: Sequence[Model], *actions: str) -> iam.PolicyStatement:
    """Actions whose resource is the project."""
    return iam.PolicyStatement(
        actions=list(actions), resources=sorted({model.project_arn for model in models})
    )
