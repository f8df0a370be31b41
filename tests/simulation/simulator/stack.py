"""A stack as CloudFormation keeps it, and as it shows it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nextafter
from operator import attrgetter
from typing import Any, Final

from simulator.plan import ACCOUNT, REGION, Declared, Guarded, ModelPlan, StackPlan, View

EVENTS_SHOWN: Final = 100
QUEUE_URL: Final = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/pictures"
_AT: Final = attrgetter("at")


@dataclass(frozen=True, slots=True)
class Shown:
    """A resource as DescribeStackResource shows it from a moment on."""

    at: float
    status: str | None
    physical_id: str | None


@dataclass(frozen=True, slots=True)
class StackEvent:
    """An event as DescribeStackEvents shows it."""

    at: float
    logical_id: str
    status: str
    physical_id: str | None
    properties: Mapping[str, str] | None
    """None for the stack's own events, which show none."""
    reason: str = ""
    """Why it failed."""


@dataclass(slots=True)
class Freeze:
    """Answers that stay as they were before a moment."""

    began_at: float
    until: float
    views: tuple[View, ...]
    logical_id: str | None
    """The resource that DescribeStackResource shows so; None: every one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a resource is to be brought back to."""

    properties: Mapping[str, str]
    declared: Declared
    physical_id: str


@dataclass(slots=True, eq=False)
class Resource:
    """A resource of a stack."""

    logical_id: str
    declared: Declared | None = None
    """None for a sibling, which is no model."""
    properties: Mapping[str, str] = field(default_factory=dict)
    physical_id: str | None = None
    shown: list[Shown] = field(default_factory=list)
    stable: Standing | None = None
    """Its last known stable state: what its last create or update that succeeded has brought."""

    @property
    def status(self) -> str:
        """Its status."""
        return (self.shown[-1].status or "") if self.shown else ""

    @property
    def exists(self) -> bool:
        """Whether it is part of its stack."""
        return bool(self.shown) and self.status not in ("", "DELETE_COMPLETE", "DELETE_SKIPPED")


@dataclass(slots=True, eq=False)
class Stack:
    """A stack: its status, resources and events."""

    plan: StackPlan
    statuses: list[tuple[float, str]] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)
    function_exists: bool = False
    every: list[Resource] = field(default_factory=list)
    """All resources that it ever had; one that was made anew is another one."""
    freezes: list[Freeze] = field(default_factory=list)
    """Those that count, or have counted in the operation under way."""

    @property
    def status(self) -> str:
        """Its status, empty before it exists."""
        return self.statuses[-1][1] if self.statuses else ""

    @property
    def exists(self) -> bool:
        """Whether it is there and not deleted."""
        return self.status not in ("", "DELETE_COMPLETE")

    def status_at(self, moment: float) -> str:
        """Its status at a moment."""
        for at, status in reversed(self.statuses):
            if at <= moment:
                return status
        return ""

    def set_status(self, status: str, now: float) -> None:
        """Give the stack a status, which is an event too."""
        self.statuses.append((now, status))
        self.events.append(StackEvent(now, self.plan.name, status, self.plan.stack_id, None))

    def mark(
        self,
        resource: Resource,
        status: str,
        now: float,
        properties: Mapping[str, str] | None = None,
        *,
        physical_id: str | None = None,
        is_the_resource: bool = True,
        reason: str = "",
    ) -> None:
        """Give a resource a status. The deletion of what it was before shows in the events alone."""
        identity = physical_id if physical_id is not None else resource.physical_id
        if is_the_resource:
            if not resource.shown:
                self.every.append(resource)
            resource.shown.append(Shown(now, status, identity))
        shown = dict(properties if properties is not None else resource.properties)
        self.events.append(StackEvent(now, resource.logical_id, status, identity, shown, reason))

    def forget(self, resource: Resource, now: float) -> None:
        """No longer show a resource that was removed."""
        resource.shown.append(Shown(now, None, None))

    def seen_at(self, view: View, moment: float, now: float, logical_id: str | None = None) -> float:
        """Which moment an answer shows that is asked for now and would show ``moment``."""
        for freeze in self.freezes:
            about = freeze.logical_id in (None, logical_id) or view is not View.RESOURCE
            if freeze.began_at <= now < freeze.until and view in freeze.views and about:
                moment = min(moment, nextafter(freeze.began_at, -inf))
        return moment

    def view(self, logical_id: str, moment: float) -> Shown | None:
        """A resource as it was at a moment; None if it did not exist."""
        resource = self.resources.get(logical_id)
        if resource is None:
            return None
        for shown in reversed(resource.shown):
            if shown.at <= moment:
                return shown if shown.status is not None else None
        return None

    def events_at(self, moment: float, token: int | None = None) -> tuple[list[StackEvent], int]:
        """A page of the events at a moment, newest first, and the token of the next one; 0 if there is none.

        The token is how many older ones there are.
        """
        end = bisect_right(self.events, moment, key=_AT) if token is None else token
        begin = max(0, end - EVENTS_SHOWN)
        return self.events[begin:end][::-1], begin


def properties_of(declared: Declared, model: ModelPlan, function_arn: str) -> dict[str, str]:
    """ResourceProperties: CloudFormation makes strings of all."""
    properties: dict[str, Any] = {
        "ServiceToken": function_arn,
        "ServiceTimeout": "3600",
        "ProjectVersionArn": model.arn,
        "MinInferenceUnits": str(declared.units),
        "TimeoutSeconds": str(declared.timeout_seconds),
        "PollIntervalSeconds": str(declared.poll_seconds),
        "Replacement": str(declared.replacement),
    }
    if declared.max_units is not None:
        properties["MaxInferenceUnits"] = str(declared.max_units)
    if declared.with_project_arn:
        properties["ProjectArn"] = model.project_arn
    if declared.guarded is not None:
        properties |= _guards_of(declared.guarded)
    return properties


def _guards_of(guarded: Guarded) -> dict[str, str]:
    given = {
        "RunningHours": guarded.hours,
        "LeadTimeSeconds": guarded.lead_seconds,
        "StopAfterSeconds": guarded.stop_after_seconds,
        "StopWhenIdleSeconds": guarded.idle_seconds,
        "StartForQueueUrl": QUEUE_URL if guarded.empty_seconds is not None else None,
        "StopWhenEmptySeconds": guarded.empty_seconds,
    }
    return {name: str(value) for name, value in given.items() if value not in (None, "")}
