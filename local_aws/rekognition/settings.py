"""How the emulated service behaves: times, quotas, and a switch for everything AWS does not document.

Where no page of AWS says how the service behaves, both ways can be chosen and both are tested.
"""

from __future__ import annotations

from attrs import define

from local_aws.checked import Checked, choice, count, flag, number, words
from local_aws.platform.rekognition import (
    CONTROL_CALLS_PER_SECOND,
    COPIED,
    COPYING_FAILED,
    COUNTS_STARTING,
    COUNTS_STOPPING,
    DETECT_CALLS_PER_SECOND,
    RUNNING_MODELS_MAX,
    SHOWS_UNITS_AT_REST,
    START_WHEN_COPIED,
    START_WHEN_FAILED,
    START_WHEN_RUNNING,
    STOP_WHEN_FAILED,
    STOP_WHEN_STARTING,
    STOP_WHEN_STOPPED,
    TAG_CALLS_PER_SECOND,
    TRAINED,
    TRAINING_FAILED,
    UNITS_MAX,
    WRONG_STATUS,
)
from local_aws.platform.throttles import OF_REKOGNITION, OVER_THROUGHPUT

REFUSED = "refused"
ACCEPTED = "accepted"
KEPT = "kept"
ABSENT = "absent"
INVALID = "InvalidParameterException"
VALIDATION = "ValidationException"
REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
)
"""Where Custom Labels exists (General Reference, Rekognition endpoints); Rekognition has more Regions."""


def _answer(accepts: bool) -> str:
    return ACCEPTED if accepts else REFUSED


@define
class Settings(Checked):
    """Every field may be changed while the emulator runs; a wrong value raises WrongValueError at once."""

    # --- times, in seconds; a version may have its own ---
    start_seconds: float = number(600.0)
    """From STARTING to RUNNING or FAILED. Public reports: 5 to 30 minutes; no bound is documented."""
    stop_seconds: float = number(120.0)
    """From STOPPING to STOPPED. Not documented."""
    train_seconds: float = number(1800.0)
    """From TRAINING_IN_PROGRESS to its outcome."""
    copy_seconds: float = number(300.0)
    """From COPYING_IN_PROGRESS to its outcome. Not documented."""
    scaling_period_seconds: float = number(60.0, least=0.05)
    """Over how long the load is measured by which a model scales between its minimum and maximum units. Not
    documented; without ``detect_calls_per_unit_second`` nothing scales."""
    delete_seconds: float = number(5.0)
    """How long a version or a project shows DELETING before it is gone."""

    # --- quotas (General Reference, Rekognition endpoints and quotas); None: no limit ---
    running_models_quota: int | None = count(RUNNING_MODELS_MAX, optional=True)
    """Models running at once in the account and Region."""
    units_quota: int | None = count(UNITS_MAX, least=1, optional=True)
    """Inference units per started model."""
    control_calls_per_second: float | None = number(CONTROL_CALLS_PER_SECOND, least=0.001, optional=True)
    """Of each control operation by itself."""
    tag_calls_per_second: float | None = number(TAG_CALLS_PER_SECOND, least=0.001, optional=True)
    """Of TagResource, UntagResource and ListTagsForResource, each by itself."""
    detect_calls_per_second: float | None = number(DETECT_CALLS_PER_SECOND, least=0.001, optional=True)
    """Of DetectCustomLabels."""
    detect_calls_per_unit_second: float | None = number(None, least=0.001, optional=True)
    """DetectCustomLabels a second and inference unit that one model stands; depends on the model on AWS."""
    projects_quota: int | None = count(100, optional=True)
    versions_quota: int | None = count(100, optional=True)
    """Models per project."""

    # --- what is not documented ---
    rate_error: str = choice(OVER_THROUGHPUT, *OF_REKOGNITION)
    """The error of a call over its calls a second."""
    missing_error: str = choice(INVALID, INVALID, VALIDATION)
    length_error: str = choice(INVALID, INVALID, VALIDATION)
    pattern_error: str = choice(INVALID, INVALID, VALIDATION)
    enum_error: str = choice(INVALID, INVALID, VALIDATION)
    range_error: str = choice(INVALID, INVALID, VALIDATION)
    page_size_error: str = choice(VALIDATION, INVALID, VALIDATION)
    """The error of a value that is missing, or against the model's length, pattern, enum or range; the first
    one decides. InvalidParameterException is "a parameter violated a constraint" (API reference, common to
    all operations), ValidationException is named for MaxResults over 100 alone; users saw it elsewhere."""
    wrong_status_error: str = choice(WRONG_STATUS, WRONG_STATUS, INVALID)
    """The error of a Start, Stop or Delete that the status forbids."""
    start_when_running: str = choice(_answer(START_WHEN_RUNNING), REFUSED, ACCEPTED)
    """Start of a STARTING or RUNNING model: an error, or accepted without any effect."""
    also_startable: tuple[str, ...] = words()
    """Further statuses in which Start is accepted: none is documented, STOPPING, TRAINING_FAILED, EXPIRED and
    others are conceivable."""
    also_stoppable: tuple[str, ...] = words()
    """Further statuses in which Stop is accepted."""
    start_when_failed: str = choice(_answer(START_WHEN_FAILED), REFUSED, ACCEPTED)
    """Start of a model that is FAILED."""
    start_when_copied: str = choice(_answer(START_WHEN_COPIED), REFUSED, ACCEPTED)
    """Start of a COPYING_COMPLETED version (the copy guide implies that it works)."""
    stop_when_starting: str = choice(_answer(STOP_WHEN_STARTING), REFUSED, ACCEPTED)
    """Stop of a STARTING model; accepted, it goes to STOPPING and never becomes RUNNING."""
    stop_when_failed: str = choice(_answer(STOP_WHEN_FAILED), REFUSED, ACCEPTED)
    """Stop of a FAILED model; accepted, it goes to STOPPING and STOPPED."""
    stop_when_stopped: str = choice(_answer(STOP_WHEN_STOPPED), REFUSED, ACCEPTED)
    """Stop of a STOPPING or STOPPED model: an error, or accepted without any effect."""
    units_while_stopped: str = choice(KEPT if SHOWS_UNITS_AT_REST else ABSENT, KEPT, ABSENT)
    """Whether DescribeProjectVersions shows units of a model that neither starts, runs nor stops."""
    quota_counts_starting: bool = flag(COUNTS_STARTING)
    quota_counts_stopping: bool = flag(COUNTS_STOPPING)
    """Whether STARTING and STOPPING models take a slot of the running quota."""
    bill_starting: bool = flag(False)
    bill_stopping: bool = flag(False)
    bill_failed: bool = flag(False)
    """Whether the time in STARTING, in STOPPING, and in FAILED after a start is billed."""
    tagging_refused_while: tuple[str, ...] = words()
    """Statuses in which TagResource and UntagResource of a version are refused: InvalidParameterException."""

    request_counts_per_model: bool = flag(False)
    """Whether the counts of DetectCustomLabels are also put under ProjectName and VersionName: the page lists
    the dimensions without saying for which metrics (Rekognition guide, cloudwatch-metricsdim)."""

    # --- outcomes ---
    train_outcome: str = choice(TRAINED, TRAINED, TRAINING_FAILED, "NEVER")
    """How the training of a CreateProjectVersion ends; NEVER stays in TRAINING_IN_PROGRESS."""
    copy_outcome: str = choice(COPIED, COPIED, COPYING_FAILED, "NEVER")
    """How a CopyProjectVersion ends; NEVER stays in COPYING_IN_PROGRESS."""
    default_labels: tuple[str, ...] = words("part", "defect")
    """Labels of a version that CreateProjectVersion made."""

    # --- metrics ---
    metrics_period_seconds: float = number(60.0, least=0.05)
    """How often metrics are put."""
