"""A stack as CloudFormation tells of it: every event of it, and each resource as it was shown at any time.

Tests say what CloudFormation does; what the handler is shown of that may be old.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from running_model_handler.core.operation import (
    ResourceView,
    StackEvent,
    Story,
    declaration_of,
    is_answer,
    read_story,
)

MODEL = "Model"
"""The logical id of a resource where a test has no more than one."""


class _Noted(NamedTuple):
    since: float
    event: StackEvent


class _Shown(NamedTuple):
    since: float
    view: ResourceView | None


@dataclass
class StackLog:
    """One stack. Events of one moment have times of their own, as CloudFormation's have."""

    stack_id: str
    now: Callable[[], float]
    step: float = 0.001
    """Seconds at least between two events."""
    lag: float = 0.0
    """By how many seconds what is shown is old."""
    as_of: float | None = None
    """What is shown is what there was then, whatever has happened since."""
    _events: list[_Noted] = field(default_factory=list)
    _views: dict[str, list[_Shown]] = field(default_factory=dict)
    _properties: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    # --- what the handler is shown --------------------------------------------------------------

    @property
    def _moment(self) -> float:
        moment = self.now() - self.lag
        return moment if self.as_of is None else min(moment, self.as_of)

    def story(self, logical_id: str) -> Story:
        """What DescribeStackEvents tells, read as the adapter reads it."""
        return read_story(self.shown(), self.stack_id, logical_id)

    def shown(self) -> list[StackEvent]:
        """The events that DescribeStackEvents shows, newest first."""
        return [noted.event for noted in reversed(self._events) if noted.since <= self._moment]

    def view(self, logical_id: str) -> ResourceView | None:
        """What DescribeStackResource tells."""
        views = [shown.view for shown in self._views.get(logical_id, []) if shown.since <= self._moment]
        return views[-1] if views else None

    # --- what there is ----------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """The stack's own status; empty before it exists."""
        own = [event.status for _, event in self._events if event.physical_id == self.stack_id]
        return own[-1] if own else ""

    def resource(self, logical_id: str = MODEL) -> ResourceView:
        """A resource as it is; one that there is not has no status."""
        views = self._views.get(logical_id, [])
        return (views[-1].view if views else None) or ResourceView("")

    def under_way(self, logical_id: str = MODEL) -> bool:
        """Whether CloudFormation waits for an answer about a resource."""
        return self.resource(logical_id).status.endswith("_IN_PROGRESS")

    def began_at(self, logical_id: str = MODEL) -> float:
        """When CloudFormation last began to create or to update a resource; the T of its request."""
        begins = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        steps = [e for _, e in self._events if e.logical_id == logical_id and e.status in begins]
        # The second event of a create says that it has its id by now.
        first = [e for e in steps if not (e.status == "CREATE_IN_PROGRESS" and e.physical_id)]
        return first[-1].at

    # --- what CloudFormation does with the stack -----------------------------------------------------

    def goes(self, status: str) -> None:
        """The stack begins an operation, turns back, cleans up, or has ended."""
        self._note(StackEvent("parts", self.stack_id, status, self._stamp()))

    def turns_back(self) -> None:
        """The operation has failed somewhere or was cancelled: what is under way is given up."""
        for logical_id in list(self._views):
            if self.under_way(logical_id):
                self.fails(logical_id)
        creating = self.status.startswith("CREATE_")
        self.goes("ROLLBACK_IN_PROGRESS" if creating else "UPDATE_ROLLBACK_IN_PROGRESS")

    def cleans_up(self) -> None:
        """The update, or its roll-back, is done; what it has left behind is deleted."""
        back = "ROLLBACK" in self.status
        self.goes(
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" if back else "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
        )

    def done(self) -> None:
        """The operation has ended."""
        self.goes(self.status.replace("_CLEANUP_IN_PROGRESS", "").replace("_IN_PROGRESS", "_COMPLETE"))

    # --- what CloudFormation does with a resource ----------------------------------------------------

    def begins(
        self,
        verb: str,
        properties: Mapping[str, Any],
        logical_id: str = MODEL,
        *,
        physical_id: str | None = None,
        leftover: bool = False,
    ) -> None:
        """CREATE, UPDATE or DELETE of a resource begins; ``leftover``: of what the resource was before."""
        known = self.resource(logical_id).physical_id if verb != "CREATE" else None
        identity = physical_id or known
        self._properties[logical_id] = properties
        self._shows(logical_id, f"{verb}_IN_PROGRESS", identity, leftover=leftover)

    def completes(self, logical_id: str = MODEL, physical_id: str | None = None) -> None:
        """What is under way has succeeded."""
        verb, identity = self._verb_and_id(logical_id)
        identity = physical_id or identity
        if verb == "CREATE":
            self._shows(logical_id, "CREATE_IN_PROGRESS", identity)
        self._shows(logical_id, f"{verb}_COMPLETE", identity)

    def fails(
        self, logical_id: str = MODEL, physical_id: str | None = None, reason: str = "Resource cancelled"
    ) -> None:
        """What is under way has failed, or was cancelled, which the reason tells apart."""
        verb, identity = self._verb_and_id(logical_id)
        self._shows(logical_id, f"{verb}_FAILED", physical_id or identity, reason=reason)

    def leftover_gone(self, logical_id: str, physical_id: str, *, failed: bool = False) -> None:
        """What a resource was before is deleted, or its deletion has failed."""
        self._shows(logical_id, "DELETE_FAILED" if failed else "DELETE_COMPLETE", physical_id, leftover=True)

    def skips(self, logical_id: str = MODEL) -> None:
        """The resource goes and leaves behind what it was (DeletionPolicy Retain)."""
        self._shows(logical_id, "DELETE_SKIPPED", self.resource(logical_id).physical_id)

    def takes(self, answer: Mapping[str, Any], logical_id: str = MODEL) -> None:
        """CloudFormation takes an answer, as long as it waits for one."""
        if not self.under_way(logical_id):
            return
        if answer["Status"] == "SUCCESS":
            self.completes(logical_id, answer["PhysicalResourceId"])
        else:
            verb, _ = self._verb_and_id(logical_id)
            named = answer["PhysicalResourceId"] if verb == "CREATE" else None
            self.fails(logical_id, named, "Received response status [FAILED] from custom resource.")

    # --- inside ---------------------------------------------------------------------------------------

    def _verb_and_id(self, logical_id: str) -> tuple[str, str | None]:
        view = self.resource(logical_id)
        assert view.status.endswith("_IN_PROGRESS"), f"nothing of {logical_id} is under way: {view}"
        return view.status.removesuffix("_IN_PROGRESS"), view.physical_id

    def _shows(
        self,
        logical_id: str,
        status: str,
        physical_id: str | None,
        *,
        leftover: bool = False,
        reason: str = "",
    ) -> None:
        declares, answered = declaration_of(self._properties.get(logical_id, {})), is_answer(status, reason)
        self._note(StackEvent(logical_id, physical_id, status, self._stamp(), declares, answered))
        if not leftover:
            view = ResourceView(status, physical_id)
            self._views.setdefault(logical_id, []).append(_Shown(self.now(), view))

    def _stamp(self) -> float:
        """The time of an event: later than that of the one before, to the microsecond."""
        before = self._events[-1].event.at if self._events else 0.0
        return round(max(self.now(), before + self.step), 6)

    def _note(self, event: StackEvent) -> None:
        self._events.append(_Noted(self.now(), event))
