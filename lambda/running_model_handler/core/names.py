"""Every name that the construct and the handler share, written once.

Property and attribute names are part of a published format: stacks that were deployed by an earlier
release send them back in roll-backs and deletes, so a name here may be added but never renamed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

RESOURCE_TYPE: Final = "Custom::RekognitionRunningModel"
"""CloudFormation type of the custom resource; it can never change for a deployed resource."""

HANDLER: Final = "running_model_handler.entry.handler"
"""Lambda handler string, relative to the root of the asset."""

JANITOR_HANDLER: Final = "running_model_handler.janitor.handler"
"""The same for the janitor's function."""

JANITOR_STOPS: Final = "Stops"
"""Key of the janitor's event: ``true`` lets it stop what it finds; without that it only tells."""

SWEEP: Final = "RunningModelSweep"
"""Key of the event that a schedule sends: which resource of which stack to look at, and what it declares, in
the keys of a request (StackId, LogicalResourceId, ResourceProperties), and when that was (SCHEDULED_TIME)."""

SCHEDULED_TIME: Final = "ScheduledTime"
"""Key below SWEEP: for when the schedule was to send the event, in ISO 8601 (EventBridge Scheduler guide,
managing-schedule-context-attributes)."""


class Property(StrEnum):
    """Keys of ``ResourceProperties``."""

    PROJECT_VERSION_ARN = "ProjectVersionArn"
    PROJECT_ARN = "ProjectArn"
    MIN_INFERENCE_UNITS = "MinInferenceUnits"
    MAX_INFERENCE_UNITS = "MaxInferenceUnits"
    TIMEOUT_SECONDS = "TimeoutSeconds"
    POLL_INTERVAL_SECONDS = "PollIntervalSeconds"
    REPLACEMENT = "Replacement"
    RUNNING_HOURS = "RunningHours"
    """Periods in the spelling of ``core.guards``."""
    LEAD_SECONDS = "LeadTimeSeconds"
    STOP_AFTER_SECONDS = "StopAfterSeconds"
    IDLE_SECONDS = "StopWhenIdleSeconds"
    QUEUE_URL = "StartForQueueUrl"
    QUEUE_EMPTY_SECONDS = "StopWhenEmptySeconds"
    DEPLOYMENT = "Deployment"
    """Changes with every synth when ``check_on_every_deploy`` is set; the handler does not read it."""
    SERVICE_TOKEN = "ServiceToken"  # noqa: S105 - CloudFormation's name for a function's ARN
    SERVICE_TIMEOUT = "ServiceTimeout"


class Attribute(StrEnum):
    """Keys of ``Data``: the same ones in every answer, since GetAtt on a missing key fails."""

    PROJECT_VERSION_ARN = "ProjectVersionArn"
    STATUS = "Status"
    MIN_INFERENCE_UNITS = "MinInferenceUnits"
    MAX_INFERENCE_UNITS = "MaxInferenceUnits"
    """Equal to the minimum when Rekognition does not scale the model."""
    ADOPTED = "Adopted"
    """``true`` when the model was already running, unclaimed, before the resource was created."""
    DUTY = "Duty"
    """``on``, also without guards, or ``off``, until when as far as the clock tells, and why."""


class ReplacementMode(StrEnum):
    """How another project version takes over in an update."""

    START_FIRST = "START_FIRST"
    STOP_FIRST = "STOP_FIRST"


TAG_PREFIX: Final = "rekognition-running-model:"
"""What every tag of ours begins with; the role's policy lets the handler put and remove no other."""


class Tag(StrEnum):
    """Tags on the project version (TagResource: key at most 128 characters, value at most 256)."""

    STACK_ID = "rekognition-running-model:stack-id"
    """The ARN of the owning stack; the role's policy compares it with ``AWS::StackId``."""
    HOLDER = "rekognition-running-model:holder:"
    """The beginning of a key, one for each resource that holds the model: see ``core.claim``."""
    PROJECT_CREATED = "rekognition-running-model:project-created"
    """The last part of the project's ARN, which the project version's ARN does not hold."""
    START_SECONDS = "rekognition-running-model:start-seconds"
    """What the last start took, from the accepted Start to RUNNING, in whole seconds; whoever owns it."""
    KEEP_RUNNING = "rekognition-running-model:keep-running"
    """An override: until when the model is to run, whatever its guards say, and when that was said."""
    STAY_OFF = "rekognition-running-model:stay-off"
    """The same: until when it is to be off."""
    STOP_AT = "rekognition-running-model:stop-at"
    """The deadline of ``stop_after``, in seconds since the epoch."""
    DUTY = "rekognition-running-model:duty"
    """What was last asked of a model with guards, and by whom: see ``core.record``."""
