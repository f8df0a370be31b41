"""Rekognition Custom Labels: statuses of a project version, what they allow, quotas.

No page has a table of transitions. What stands here as certain is what the tools of AWS do; what they do not
do, or do in different ways, is open, and a setting in both worlds.
"""

from __future__ import annotations

from typing import Final

TRAINING: Final = "TRAINING_IN_PROGRESS"
TRAINED: Final = "TRAINING_COMPLETED"
TRAINING_FAILED: Final = "TRAINING_FAILED"
STARTING: Final = "STARTING"
RUNNING: Final = "RUNNING"
FAILED: Final = "FAILED"
STOPPING: Final = "STOPPING"
STOPPED: Final = "STOPPED"
DELETING: Final = "DELETING"
COPYING: Final = "COPYING_IN_PROGRESS"
COPIED: Final = "COPYING_COMPLETED"
COPYING_FAILED: Final = "COPYING_FAILED"
DEPRECATED: Final = "DEPRECATED"
EXPIRED: Final = "EXPIRED"
STATUSES: Final = frozenset(
    {
        TRAINING,
        TRAINED,
        TRAINING_FAILED,
        STARTING,
        RUNNING,
        FAILED,
        STOPPING,
        STOPPED,
        DELETING,
        COPYING,
        COPIED,
        COPYING_FAILED,
        DEPRECATED,
        EXPIRED,
    }
)
"""API reference, ProjectVersionStatus."""

STARTABLE: Final = frozenset({TRAINED, STOPPED})
"""From what AWS's own tools start (amazon-rekognition-custom-labels-demo, media2cloud)."""
PERHAPS_STARTABLE: Final = frozenset({FAILED, COPIED})
"""Two samples give up on FAILED, one starts it; the copy guide implies that a copy can be started."""
STOPPABLE: Final = frozenset({RUNNING})
PERHAPS_STOPPABLE: Final = frozenset({STARTING})
"""One sample stops it and ignores any error, the demo does not offer it."""
AFTER_START: Final = (STARTING, RUNNING)
AFTER_STOP: Final = (STOPPING, STOPPED)
"""Developer guide, rm-start and rm-stop: the answer of the call, and what follows."""
NOT_DELETABLE: Final = frozenset({TRAINING, STARTING, RUNNING, STOPPING})
"""Developer guide, tm-delete-model: not while it runs or trains."""
PERHAPS_NOT_DELETABLE: Final = frozenset({COPYING, DELETING})
"""No page tells of them."""

WRONG_STATUS: Final = "ResourceInUseException"
"""The one fitting error of Start and Stop in a status that forbids them (API reference); not spelled out."""
UNKNOWN_RESOURCE: Final = "ResourceNotFoundException"
OVER_QUOTA: Final = "LimitExceededException"
"""Of Start alone; Stop cannot raise it (API reference)."""

# General Reference, Rekognition endpoints and quotas: defaults, per account and Region

RUNNING_MODELS_MAX: Final = 2
UNITS_MAX: Final = 5
"""Inference units of one started model."""
CONTROL_CALLS_PER_SECOND: Final = 5.0
"""Of each control operation by itself."""
TAG_CALLS_PER_SECOND: Final = 10.0
DETECT_CALLS_PER_SECOND: Final = 50.0

# Left open: no page tells it. What both worlds do until a switch is turned

START_WHEN_FAILED: Final = True
START_WHEN_COPIED: Final = True
"""Of a version that a copy has made, COPYING_COMPLETED."""
START_WHEN_RUNNING: Final = False
"""A Start of what starts or runs already: taken without effect, or refused."""
STOP_WHEN_STARTING: Final = False
STOP_WHEN_FAILED: Final = False
STOP_WHEN_STOPPED: Final = False
"""A Stop of what stops or has stopped: taken without effect, or refused."""
SHOWS_UNITS_AT_REST: Final = True
"""DescribeProjectVersions, of a model that neither starts, runs nor stops."""
COUNTS_STARTING: Final = True
COUNTS_STOPPING: Final = True
"""Among the models that run at once."""
