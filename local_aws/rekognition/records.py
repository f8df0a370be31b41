"""What the service keeps: projects and versions, with their past for stale reads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from local_aws.platform.rekognition import FAILED, RUNNING, STOPPED
from local_aws.rekognition.scaling import Load

T = TypeVar("T")
CHANGES_MAX = 1000
"""Changes of one thing that are remembered, for stale reads; a thousand are hours of them."""

CUSTOM_LABELS = "CUSTOM_LABELS"
DELETED = "DELETED"
"""What the emulator calls a version that is gone; the service just doesn't show it."""
START_OUTCOMES = (RUNNING, FAILED, "NEVER")
STOP_OUTCOMES = (STOPPED, "NEVER")


class Past(Generic[T]):
    """A value and when it changed; None where there was nothing."""

    def __init__(self, value: T, since: float) -> None:
        self._times = [since]
        self._values: list[T | None] = [value]

    @property
    def now(self) -> T | None:
        """The latest value."""
        return self._values[-1]

    def set(self, value: T | None, since: float) -> None:
        """Another value from some moment on."""
        self._times.append(since)
        self._values.append(value)
        if len(self._times) > 2 * CHANGES_MAX:
            del self._times[:-CHANGES_MAX], self._values[:-CHANGES_MAX]

    def at(self, moment: float) -> T | None:
        """The value that held at a moment."""
        position = bisect_right(self._times, moment)
        return self._values[position - 1] if position else None


@dataclass(frozen=True, slots=True)
class Look:
    """What can change of a version: its status, units, message, and when its training ended."""

    status: str
    min_units: int | None = None
    max_units: int | None = None
    message: str = ""
    training_ended: float | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who changes something, for the journal; both are empty where time alone does."""

    operation: str = ""
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A status that time will bring; ``to`` is None where the thing will be gone."""

    at: float
    to: str | None
    message: str = ""


@dataclass
class Project:
    """One project; its status is None once it is gone."""

    arn: str
    name: str
    created: float
    feature: str = CUSTOM_LABELS
    auto_update: str | None = None
    status: str | None = "CREATED"
    tags: Mapping[str, str] = field(default_factory=dict)
    due: Due | None = None


@dataclass
class Version:
    """One model version: who it is, how it behaves, how it looks now and looked before."""

    arn: str
    project_arn: str
    name: str
    created: float
    looks: Past[Look]
    tags: Past[Mapping[str, str]]
    feature: str = CUSTOM_LABELS
    labels: tuple[str, ...] = ()
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Members of its description that never change, as CreateProjectVersion was given them."""
    start_seconds: float | None = None
    stop_seconds: float | None = None
    train_seconds: float = 0.0
    start_outcome: str = RUNNING
    stop_outcome: str = STOPPED
    failure_message: str = ""
    due: Due | None = None
    load: Load | None = None
    """While it is RUNNING and may scale; None otherwise."""

    @property
    def units_in_service(self) -> int:
        """How many units serve it now, if it is RUNNING."""
        return self.load.units if self.load is not None else self.look.min_units or 0

    @property
    def look(self) -> Look:
        """How it looks now; a version that is gone looks DELETED."""
        return self.looks.now or Look(DELETED)

    @property
    def status(self) -> str:
        """Its status now."""
        return self.look.status
