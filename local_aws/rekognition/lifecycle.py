"""Start, stop, train and delete: what a call does in a status that allows it, and what time makes of it.

Which status allows what is data of ``local_aws.platform.rekognition``, and a switch in ``Settings`` where no
page says it. Every function expects a settled store and the caller to hold its lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from local_aws.platform.rekognition import (
    AFTER_START,
    AFTER_STOP,
    COPIED,
    COPYING,
    COPYING_FAILED,
    DELETING,
    FAILED,
    NOT_DELETABLE,
    PERHAPS_NOT_DELETABLE,
    PERHAPS_STARTABLE,
    PERHAPS_STOPPABLE,
    RUNNING,
    STARTABLE,
    STARTING,
    STOPPABLE,
    STOPPED,
    STOPPING,
    TRAINED,
    TRAINING,
    TRAINING_FAILED,
)
from local_aws.rekognition.errors import ApiError, in_use, invalid_parameter, limit_exceeded
from local_aws.rekognition.records import CUSTOM_LABELS, Caller, Due, Look, Past, Project, Version
from local_aws.rekognition.settings import ACCEPTED
from local_aws.rekognition.store import Store

SHOWS_UNITS = frozenset({STARTING, RUNNING, STOPPING})
_NOTHING_TO_COPY = frozenset({TRAINING, COPYING, DELETING, TRAINING_FAILED, COPYING_FAILED})
_NEVER = "NEVER"

MESSAGES = {
    TRAINING: "The model is being trained.",
    TRAINED: "The model is ready to run.",
    STARTING: "The model is starting.",
    RUNNING: "The model is running.",
    STOPPING: "The model is stopping.",
    STOPPED: "The model is stopped.",
    DELETING: "The model is being deleted.",
    FAILED: "The model failed to start.",
    COPYING: "The model is being copied.",
    COPIED: "The model is copied and ready to run.",
    COPYING_FAILED: "The copying of the model failed.",
    TRAINING_FAILED: "The training of the model failed.",
}
"""StatusMessage; the wording of AWS is not documented except by example."""


def start(store: Store, version: Version, minimum: int, maximum: int | None, caller: Caller) -> str:
    """StartProjectVersion; returns the status that it answers."""
    settings = store.settings
    _only_custom_labels(version)
    if maximum is not None and maximum < minimum:
        raise invalid_parameter(f"MaxInferenceUnits {maximum} is less than MinInferenceUnits {minimum}.")
    if version.status in AFTER_START:
        if settings.start_when_running == ACCEPTED:
            return version.status
        raise wrong_status(store, version, "started")
    if not _startable(store, version):
        raise wrong_status(store, version, "started")
    _units_quota(store, max(minimum, maximum or 0))
    _running_quota(store)
    status = AFTER_START[0]
    look = replace(
        version.look, status=status, min_units=minimum, max_units=maximum, message=MESSAGES[status]
    )
    store.move(version, look, due=_after_start(store, version), caller=caller)
    return status


def _startable(store: Store, version: Version) -> bool:
    settings, status = store.settings, version.status
    chosen = {FAILED: settings.start_when_failed, COPIED: settings.start_when_copied}
    perhaps = status in PERHAPS_STARTABLE and chosen[status] == ACCEPTED
    return perhaps or status in STARTABLE or status in settings.also_startable


def _after_start(store: Store, version: Version) -> Due | None:
    if version.start_outcome == _NEVER:
        return None
    seconds = store.settings.start_seconds if version.start_seconds is None else version.start_seconds
    at = store.clock.now() + seconds
    if version.start_outcome == FAILED:
        return Due(at, FAILED, version.failure_message or MESSAGES[FAILED])
    return Due(at, AFTER_START[1], MESSAGES[AFTER_START[1]])


def _units_quota(store: Store, units: int) -> None:
    quota = store.settings.units_quota
    if quota is not None and units > quota:
        raise limit_exceeded(f"{units} inference units requested, at most {quota} for each started model.")


def running_models(store: Store) -> int:
    """How many versions take a slot of the running quota."""
    counted = {RUNNING}
    counted |= {STARTING} if store.settings.quota_counts_starting else set()
    counted |= {STOPPING} if store.settings.quota_counts_stopping else set()
    return sum(1 for version in store.versions() if version.status in counted)


def _running_quota(store: Store) -> None:
    quota = store.settings.running_models_quota
    if quota is not None and running_models(store) >= quota:
        raise limit_exceeded(f"The account runs its maximum number of models in this Region, {quota}.")


def stop(store: Store, version: Version, caller: Caller) -> str:
    """StopProjectVersion; returns the status that it answers."""
    settings = store.settings
    _only_custom_labels(version)
    if version.status in AFTER_STOP and version.status not in settings.also_stoppable:
        if settings.stop_when_stopped == ACCEPTED:
            return version.status
        raise wrong_status(store, version, "stopped")
    if not _stoppable(store, version):
        raise wrong_status(store, version, "stopped")
    stopping, stopped = AFTER_STOP
    due = None
    if version.stop_outcome != _NEVER:
        seconds = settings.stop_seconds if version.stop_seconds is None else version.stop_seconds
        due = Due(store.clock.now() + seconds, stopped, MESSAGES[stopped])
    look = replace(version.look, status=stopping, message=MESSAGES[stopping])
    store.move(version, look, due=due, caller=caller)
    return stopping


def _stoppable(store: Store, version: Version) -> bool:
    settings, status = store.settings, version.status
    chosen = {STARTING: settings.stop_when_starting}
    perhaps = status in PERHAPS_STOPPABLE and chosen[status] == ACCEPTED
    failed = status == FAILED and settings.stop_when_failed == ACCEPTED
    return perhaps or failed or status in STOPPABLE or status in settings.also_stoppable


def after_training(store: Store, seconds: float) -> Due | None:
    """What the training that begins now will bring."""
    outcome = store.settings.train_outcome
    if outcome == _NEVER:
        return None
    return Due(store.clock.now() + seconds, outcome, MESSAGES[outcome])


def copyable(store: Store, source: Version, project: Project) -> None:
    """Raises ``ApiError`` for a version that has no model, or for what is not of Custom Labels."""
    _only_custom_labels(source)
    if project.feature != CUSTOM_LABELS:
        raise invalid_parameter(f"The operation doesn't apply to a project of the feature {project.feature}.")
    if source.status in _NOTHING_TO_COPY:
        raise wrong_status(store, source, "copied")


def copied_from_now(
    store: Store, source: Version, project: Project, name: str, tags: Mapping[str, str]
) -> Version:
    """A copy that begins now; it detects what its source detects."""
    now, outcome = store.clock.now(), store.settings.copy_outcome
    due = None if outcome == _NEVER else Due(now + store.settings.copy_seconds, outcome, MESSAGES[outcome])
    return Version(
        arn=store.new_version_arn(project, name),
        project_arn=project.arn,
        name=name,
        created=now,
        looks=Past(Look(COPYING, message=MESSAGES[COPYING]), now),
        tags=Past(dict(tags), now),
        feature=source.feature,
        labels=source.labels,
        start_seconds=source.start_seconds,
        stop_seconds=source.stop_seconds,
        due=due,
    )


def delete(store: Store, version: Version, caller: Caller) -> str:
    """DeleteProjectVersion: not while it runs or trains."""
    if version.status in NOT_DELETABLE | PERHAPS_NOT_DELETABLE:
        raise wrong_status(store, version, "deleted")
    due = Due(store.clock.now() + store.settings.delete_seconds, None)
    look = Look(DELETING, message=MESSAGES[DELETING], training_ended=version.look.training_ended)
    store.move(version, look, due=due, caller=caller)
    return DELETING


def delete_project(store: Store, project: Project) -> str:
    """DeleteProject: its versions have to be deleted before."""
    if project.status != "CREATED":
        raise in_use(f"The project {project.arn} is {project.status}.")
    if store.versions(project.arn):
        raise in_use(f"The project {project.arn} still has model versions.")
    project.status = DELETING
    project.due = Due(store.clock.now() + store.settings.delete_seconds, None)
    return DELETING


def wrong_status(store: Store, version: Version, done: str) -> ApiError:
    """The error of a call that the status forbids."""
    message = f"The version {version.arn} is {version.status} and can't be {done}."
    return ApiError(store.settings.wrong_status_error, message)


def _only_custom_labels(version: Version) -> None:
    if version.feature != CUSTOM_LABELS:
        raise invalid_parameter(f"The operation doesn't apply to a version of the feature {version.feature}.")
