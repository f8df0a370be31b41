"""Statuses of a project version, and what one look at a model shows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from running_model_handler.core.units import InferenceUnits

CUSTOM_LABELS: Final = "CUSTOM_LABELS"
"""The Feature that can run; content moderation adapters share the API and can't be started."""


class Status(StrEnum):
    """ProjectVersionStatus of botocore's service model."""

    TRAINING_IN_PROGRESS = "TRAINING_IN_PROGRESS"
    TRAINING_COMPLETED = "TRAINING_COMPLETED"
    TRAINING_FAILED = "TRAINING_FAILED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    DELETING = "DELETING"
    COPYING_IN_PROGRESS = "COPYING_IN_PROGRESS"
    COPYING_COMPLETED = "COPYING_COMPLETED"
    COPYING_FAILED = "COPYING_FAILED"
    DEPRECATED = "DEPRECATED"
    EXPIRED = "EXPIRED"


READY: Final = frozenset({Status.TRAINING_COMPLETED, Status.COPYING_COMPLETED, Status.STOPPED})
"""At rest, and able to start."""


class Observation(NamedTuple):
    """What DescribeProjectVersions says of one version; ``status`` is None when there is no such version."""

    status: str | None
    units: InferenceUnits | None = None
    message: str = ""
    feature: str = CUSTOM_LABELS

    def runs_with(self, wanted: InferenceUnits) -> bool:
        """Whether the model runs with these units; units that are not shown count as the wanted ones."""
        if self.status != Status.RUNNING:
            return False
        return self.units is None or (
            self.units.minimum == wanted.minimum and self.units.effective_maximum == wanted.effective_maximum
        )


ABSENT: Final = Observation(None)
