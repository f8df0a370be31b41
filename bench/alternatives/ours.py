"""This project's construct with its defaults."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack

from bench.alternatives.model import Model
from rekognition_running_model import RunningModel


def add_models(stack: Stack, models: Sequence[Model]) -> None:
    """The project's ARN is handed in, as the alternatives need it too."""
    for model in models:
        RunningModel(
            stack,
            model.construct_id,
            project_version_arn=model.version_arn,
            project_arn=model.project_arn,
            min_inference_units=model.min_inference_units,
        )
