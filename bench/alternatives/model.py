"""A model to be run: the same for every way."""

from __future__ import annotations

from typing import NamedTuple


class Model(NamedTuple):
    """What a stack has to know about a model."""

    construct_id: str
    project_arn: str
    version_arn: str
    min_inference_units: int = 1

    def properties(self) -> dict[str, str | int]:
        """As properties of a custom resource."""
        return {
            "ProjectArn": self.project_arn,
            "ProjectVersionArn": self.version_arn,
            "VersionName": self.version_arn.split("/")[3],
            "MinInferenceUnits": self.min_inference_units,
        }
