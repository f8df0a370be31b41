"""The models of one account and Region, and what people do with them beside the API.

All that tests, the demo and the emulator's own paths need; nothing here serves anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from local_aws.checked import NUMBER_MAX
from local_aws.platform.rekognition import RUNNING, STOPPED, TRAINED
from local_aws.rekognition import lifecycle
from local_aws.rekognition.clock import Clock, RealClock
from local_aws.rekognition.errors import ApiError
from local_aws.rekognition.faults import Faults
from local_aws.rekognition.journal import CALL, Journal
from local_aws.rekognition.operations import tags_of
from local_aws.rekognition.records import (
    CUSTOM_LABELS,
    START_OUTCOMES,
    STOP_OUTCOMES,
    Caller,
    Look,
    Past,
    Project,
    Version,
)
from local_aws.rekognition.settings import REGIONS, Settings
from local_aws.rekognition.store import Store, since_ever

PARTITION = "aws"
"""Custom Labels exists in no other one."""
BY_HAND = "by hand"
"""The principal of people who act beside the stack."""


class Models:
    """``settings`` and ``faults`` may be changed at any time. ``seed`` fixes which calls meet a fault. Raises
    ValueError for an account that is not twelve digits, or a Region without Custom Labels.
    """

    def __init__(
        self,
        account: str = "123456789012",
        region: str = "eu-west-1",
        settings: Settings | None = None,
        seed: int = 0,
        *,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not (account.isascii() and account.isdigit() and len(account) == 12):
            raise ValueError(f"account must be twelve digits, got {account!r}")
        if region not in REGIONS:
            raise ValueError(f"region must be one of {', '.join(REGIONS)}, got {region!r}")
        self.settings = settings or Settings()
        self.faults = faults or Faults()
        self.faults.seed(seed)
        self._seed = seed
        self._first_settings = self.settings.as_dict()
        self.clock: Clock = clock or RealClock()
        self._store = Store(
            account=account, region=region, partition=PARTITION, clock=self.clock, settings=self.settings
        )
        self._begin()

    def _begin(self) -> None:
        """For what a class on top of this one makes of the models, once they are there."""

    @property
    def account(self) -> str:
        """The account, twelve digits."""
        return self._store.account

    @property
    def region(self) -> str:
        """The Region."""
        return self._store.region

    @property
    def journal(self) -> Journal:
        """What happened so far."""
        return self._store.journal

    # --- what is there --------------------------------------------------------------------------

    def add_project(
        self, name: str, *, feature: str = CUSTOM_LABELS, tags: Mapping[str, str] | None = None
    ) -> str:
        """A project as if it had been there for long; returns its ARN. Raises ValueError for a taken name."""
        _check_name(name)
        with self._store.lock:
            if any(project.name == name for project in self._store.projects()):
                raise ValueError(f"there is a project named {name} already")
            project = Project(
                arn=self._store.new_project_arn(name),
                name=name,
                created=self.clock.now(),
                feature=feature,
                auto_update=None if feature == CUSTOM_LABELS else "DISABLED",
                tags=dict(tags or {}),
            )
            self._store.put_project(project)
            return project.arn

    def add_version(
        self,
        project_arn: str,
        name: str,
        status: str = TRAINED,
        feature: str | None = None,
        labels: Sequence[str] = ("part", "defect"),
        start_seconds: float | None = None,
        start_outcome: str = RUNNING,
        status_message: str | None = None,
        *,
        stop_seconds: float | None = None,
        stop_outcome: str = STOPPED,
        units: int | None = None,
        max_units: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """A version as if it had been there for long, in any status; returns its ARN.

        ``start_outcome``: RUNNING, FAILED or NEVER. ``stop_outcome``: STOPPED or NEVER. ``status_message``:
        shown now, and again if a start ends FAILED. ``units``: shown, and billed if it is RUNNING (then 1 by
        default).
        Raises ValueError for an unknown outcome or a name that is taken, ApiError for an unknown project.
        """
        _check_name(name)
        _check_outcomes(start_outcome, stop_outcome)
        _check_numbers(start_seconds, stop_seconds, units, max_units)
        with self._store.lock:
            self._store.settle()
            project = self._store.project(project_arn)
            if any(version.name == name for version in self._store.versions(project_arn)):
                raise ValueError(f"the project has a version named {name} already")
            now = self.clock.now()
            version = Version(
                arn=self._store.new_version_arn(project, name),
                project_arn=project_arn,
                name=name,
                created=now,
                looks=Past(_first_look(status, units, max_units, status_message, now), since_ever()),
                tags=Past(dict(tags or {}), since_ever()),
                feature=feature or project.feature,
                labels=tuple(labels),
                start_seconds=start_seconds,
                stop_seconds=stop_seconds,
                start_outcome=start_outcome,
                stop_outcome=stop_outcome,
                failure_message=status_message or "",
            )
            self._store.put_version(version, Caller())
            return version.arn

    def configure(
        self,
        version_arn: str,
        *,
        start_seconds: float | None = None,
        stop_seconds: float | None = None,
        start_outcome: str | None = None,
        stop_outcome: str | None = None,
        status_message: str | None = None,
    ) -> None:
        """Change how a version behaves from its next start or stop on; None leaves a thing as it is."""
        with self._store.lock:
            self._store.settle()
            version = self._store.version(version_arn)
            _check_numbers(start_seconds, stop_seconds)
            _check_outcomes(start_outcome or version.start_outcome, stop_outcome or version.stop_outcome)
            version.start_outcome = start_outcome or version.start_outcome
            version.stop_outcome = stop_outcome or version.stop_outcome
            version.start_seconds = version.start_seconds if start_seconds is None else start_seconds
            version.stop_seconds = version.stop_seconds if stop_seconds is None else stop_seconds
            version.failure_message = version.failure_message if status_message is None else status_message

    def versions(self) -> list[str]:
        """The ARNs of all versions that exist, latest first."""
        with self._store.lock:
            self._store.settle()
            return [version.arn for version in self._store.versions()]

    def status(self, version_arn: str) -> str:
        """The status of a version now; DELETED once it is gone. Raises KeyError if it never was."""
        return self._known(version_arn).status

    def units(self, version_arn: str) -> tuple[int | None, int | None]:
        """Minimum and maximum units of a version's latest start."""
        look = self._known(version_arn).look
        return look.min_units, look.max_units

    def tags(self, version_arn: str) -> dict[str, str]:
        """The tags of a version or project now; raises ApiError if there is none."""
        with self._store.lock:
            self._store.settle()
            return tags_of(self._store, version_arn)

    def models(self) -> list[dict[str, Any]]:
        """Every version that ever was, as the path models shows it."""
        with self._store.lock:
            self._store.settle()
            found = self._store.versions(gone=True)
            return [self._model(version) for version in found]

    def _model(self, version: Version) -> dict[str, Any]:
        return {
            "arn": version.arn,
            "project_arn": version.project_arn,
            "name": version.name,
            "status": version.status,
            "status_message": version.look.message,
            "units": version.look.min_units,
            "max_units": version.look.max_units,
            "units_in_service": version.units_in_service if version.status == RUNNING else 0,
            "tags": dict(version.tags.now or {}),
            "due": None if version.due is None else {"at": version.due.at, "to": version.due.to},
            "billed_unit_seconds": self.journal.billed(version.arn),
            "running_intervals": self.journal.running_intervals(version.arn),
        }

    def _known(self, arn: str) -> Version:
        with self._store.lock:
            self._store.settle()
            version = self._store.known_version(arn)
            if version is None:
                raise KeyError(arn)
            return version

    # --- what people do beside the stack --------------------------------------------------------

    def set_status(self, version_arn: str, status: str, message: str = "") -> None:
        """Force any status, known to AWS or not; time changes it no more until the next Start or Stop."""
        if not status:
            raise ValueError("status must not be empty")
        with self._store.lock:
            self._store.settle()
            version = self._store.version(version_arn)
            units = version.look.min_units or (1 if status == RUNNING else None)
            look = replace(version.look, status=status, message=message, min_units=units)
            self._store.move(version, look, caller=Caller("set_status", BY_HAND))

    def start_by_hand(self, version_arn: str, units: int = 1, max_units: int | None = None) -> str:
        """StartProjectVersion by somebody else: no rate, fault or policy. Raises ApiError if refused."""
        _check_numbers(None, None, units, max_units)
        with self._acting("StartProjectVersion", version_arn) as (version, caller):
            return lifecycle.start(self._store, version, units, max_units, caller)

    def stop_by_hand(self, version_arn: str) -> str:
        """StopProjectVersion by somebody else; raises ApiError if refused."""
        with self._acting("StopProjectVersion", version_arn) as (version, caller):
            return lifecycle.stop(self._store, version, caller)

    def delete_by_hand(self, version_arn: str, *, at_once: bool = False) -> None:
        """DeleteProjectVersion by somebody else; raises ApiError if refused.

        ``at_once``: the version is gone now, whatever its status, as if a stop and a delete were long done.
        """
        with self._acting("DeleteProjectVersion", version_arn) as (version, caller):
            if at_once:
                self._store.move(version, None, caller=caller)
            else:
                lifecycle.delete(self._store, version, caller)

    def tag_by_hand(self, version_arn: str, tags: Mapping[str, str]) -> None:
        """Replace all tags of a version."""
        with self._acting("TagResource", version_arn) as (version, _):
            version.tags.set(dict(tags), self.clock.now())

    def _acting(self, operation: str, arn: str) -> _Acting:
        return _Acting(self._store, operation, arn)

    def reset(self) -> None:
        """Begin anew: no project, no journal, no fault, the settings of the beginning."""
        with self._store.lock:
            self._store.clear()
            self.journal.clear()
            self.settings.update(self._first_settings)
            self.faults.reset(self._seed)


class _Acting:
    """A call by hand: settled, locked, journalled before what it causes."""

    def __init__(self, store: Store, operation: str, arn: str) -> None:
        self._store = store
        self._operation = operation
        self._arn = arn
        self._detail: dict[str, Any] = {}

    def __enter__(self) -> tuple[Version, Caller]:
        self._store.lock.acquire()
        try:
            self._store.settle()
            detail = {"parameters": {}, "outcome": "ok", "message": "", "answered": True}
            now = self._store.clock.now()
            self._detail = self._store.journal.add(now, CALL, self._operation, self._arn, detail, BY_HAND)
            return self._store.version(self._arn), Caller(self._operation, BY_HAND)
        except BaseException:
            self._store.lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ApiError):
            self._detail.update(outcome=error.code, message=error.message)
        self._store.lock.release()


def _check_outcomes(start_outcome: str, stop_outcome: str) -> None:
    if start_outcome not in START_OUTCOMES:
        raise ValueError(f"start_outcome must be one of {', '.join(START_OUTCOMES)}, got {start_outcome!r}")
    if stop_outcome not in STOP_OUTCOMES:
        raise ValueError(f"stop_outcome must be one of {', '.join(STOP_OUTCOMES)}, got {stop_outcome!r}")


def _check_name(name: str) -> None:
    # re.ASCII: the model's pattern names letters from a to z and no others.
    if not re.fullmatch(r"[a-zA-Z0-9_.\-]{1,255}", name, re.ASCII):
        raise ValueError(f"name must be 1 to 255 of a-z, A-Z, 0-9, _, . and -, got {name!r}")


def _check_numbers(start: float | None, stop: float | None, *units: int | None) -> None:
    for name, seconds in (("start_seconds", start), ("stop_seconds", stop)):
        if seconds is not None and not 0 <= seconds <= NUMBER_MAX:
            raise ValueError(f"{name} must be at least 0 and at most {NUMBER_MAX:g}, got {seconds}")
    if any(count is not None and count < 1 for count in units):
        raise ValueError(f"units must be at least 1, got {[count for count in units if count is not None]}")


def _first_look(
    status: str, units: int | None, max_units: int | None, message: str | None, now: float
) -> Look:
    if units is None and status in lifecycle.SHOWS_UNITS:
        units = 1
    trained = None if status.startswith("TRAINING_") and status != TRAINED else now
    shown = lifecycle.MESSAGES.get(status, "") if message is None else message
    return Look(status, units, max_units, shown, trained)
