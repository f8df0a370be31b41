"""Does CloudFormation still want what a request asks for? Decided from what it shows of the resource.

Nothing tells a worker that its request was cancelled, rolled back or delivered twice (aws-cdk 31541), so
it has to look: at the status of its resource, and for an update at which way the stack is going.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from running_model_handler.core.names import Property


class RequestType(StrEnum):
    """RequestType of a custom resource request (CFN crpg-ref)."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Direction(StrEnum):
    """Which way an operation on the stack goes."""

    FORWARD = "forward"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class ResourceView:
    """What DescribeStackResource, or the latest stack event, says of a resource."""

    status: str
    physical_id: str | None = None
    updated_at: float | None = None
    """When the status last changed, in seconds since the epoch."""
    properties: Mapping[str, object] = field(default_factory=dict)
    """What the template declares in the operation under way; only stack events tell."""
    stack_status: str | None = None
    """The stack's status in the same answer; only stack events tell."""
    begun_with: Mapping[str, object] = field(default_factory=dict)
    """What the operation under way declared when it still went forward; only stack events tell."""
    begun_id: str | None = None
    """The physical id that the resource had then; only stack events tell."""
    models_under_way: int = 0
    """How many models of the stack are under way, this one included; only stack events tell."""


@dataclass(frozen=True, slots=True)
class StackEvent:
    """An event as DescribeStackEvents shows it."""

    logical_id: str
    physical_id: str | None
    status: str
    at: float | None
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StackView:
    """What CloudFormation says of a resource and its stack; None for what does not exist."""

    resource: ResourceView | None
    stack_status: str | None = None

    @property
    def direction(self) -> Direction:
        """Whether the stack goes forward or is being rolled back."""
        return Direction.BACK if "ROLLBACK" in (self.stack_status or "") else Direction.FORWARD

    def __str__(self) -> str:
        resource = "gone" if self.resource is None else self.resource.status
        return f"resource {resource}, stack {self.stack_status or 'not looked at'}"


_BEGINS: Final = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"})


def read_events(events: Iterable[StackEvent], stack_id: str, logical_id: str) -> ResourceView | None:
    """A resource as the events of its stack show it, which come newest first; None if they don't.

    Whatever their age, one answer's events fit together: which way the stack goes, and what it declared for
    the resource before it turned back. That is asked of the event that began the resource's operation, as
    long as the stack's own event before it is not one of a roll-back. The same events tell how many models
    of the stack are under way: no more are read for that.
    """
    latest: StackEvent | None = None
    began: StackEvent | None = None
    stack_status: str | None = None
    begun_with: Mapping[str, object] = {}
    begun_id: str | None = None
    statuses: dict[str, str] = {}
    models: set[str] = set()
    for event in events:
        statuses.setdefault(event.logical_id, event.status)
        if Property.PROJECT_VERSION_ARN in event.properties:
            models.add(event.logical_id)
        if event.physical_id == stack_id:
            stack_status = stack_status or event.status
            if began is not None and event.status in _BEGINS:
                begun_with, begun_id = began.properties, began.physical_id
                break
            began = None
        elif event.logical_id == logical_id:
            latest = latest or event
            if began is None and event.status in _BEGINS:
                began = event
    if latest is None:
        return None
    under_way = sum(statuses[model].endswith("_IN_PROGRESS") for model in models)
    return ResourceView(
        latest.status,
        latest.physical_id,
        latest.at,
        latest.properties,
        stack_status,
        begun_with,
        begun_id,
        under_way,
    )


def may_be_taken_over(events: Iterable[StackEvent], stack_id: str, logical_id: str, physical_id: str) -> bool:
    """Whether another resource has got what this one is being deleted for, in the operation under way.

    ``events`` are those of the stack, newest first. Nobody can tell where they are from before the deletion:
    then it may be so.
    """
    shows_deletion = False
    for event in events:
        if event.physical_id == stack_id:
            if event.status in _BEGINS:
                break
        elif event.logical_id == logical_id:
            shows_deletion = shows_deletion or event.status.startswith("DELETE_")
        elif event.physical_id == physical_id and not event.status.startswith("DELETE_"):
            return True
    return not shows_deletion


_GONE: Final = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
_IN_PROGRESS: Final = {
    RequestType.CREATE: "CREATE_IN_PROGRESS",
    RequestType.UPDATE: "UPDATE_IN_PROGRESS",
    RequestType.DELETE: "DELETE_IN_PROGRESS",
}


def is_expected(request_type: RequestType, resource: ResourceView | None) -> bool:
    """Whether a resource is shown in the state in which this type of request is sent."""
    return resource is not None and resource.status == _IN_PROGRESS[request_type]


def newer(resource: ResourceView | None, event: ResourceView | None) -> ResourceView | None:
    """The later word of the two that CloudFormation has on a resource: its status and its latest event.

    The clean-up of an update deletes what the resource was before, under the same logical id: such an event
    says nothing of the resource as it is.
    """
    if resource is None or event is None:
        return resource or event
    known = event.physical_id is not None and resource.physical_id is not None
    if known and event.status.startswith("DELETE_") and event.physical_id != resource.physical_id:
        return resource
    if event.updated_at is None or resource.updated_at is None or event.updated_at <= resource.updated_at:
        return resource
    return ResourceView(event.status, event.physical_id or resource.physical_id, event.updated_at)


def is_gone(resource: ResourceView | None) -> bool:
    """Whether a resource no longer exists for CloudFormation."""
    return resource is None or resource.status in _GONE


def is_alive(resource: ResourceView | None) -> bool:
    """Whether a resource exists and nobody is about to delete it."""
    return resource is not None and not resource.status.startswith("DELETE_")


def is_complete_with(physical_id: str, resource: ResourceView | None) -> bool:
    """Whether a resource is shown at rest with this physical id: what brought it there has succeeded."""
    if resource is None or not is_alive(resource) or not resource.status.endswith("E_COMPLETE"):
        return False
    return resource.physical_id == physical_id


def has_become(physical_id: str, resource: ResourceView | None) -> bool:
    """Whether a resource lives with this physical id: the request that declared it has succeeded.

    What came after does not matter; a create that failed answers with the same id.
    """
    if resource is None or not is_alive(resource) or resource.physical_id != physical_id:
        return False
    return resource.status not in ("CREATE_IN_PROGRESS", "CREATE_FAILED")


def may_have(physical_id: str, resource: ResourceView | None) -> bool:
    """Whether a resource lives with this physical id, or may come to it: a request of it is under way."""
    if resource is None or not is_alive(resource):
        return False
    known = resource.physical_id is not None and not resource.status.endswith("_IN_PROGRESS")
    return not known or resource.physical_id == physical_id


def lives_with(physical_id: str, resource: ResourceView | None) -> bool:
    """Whether a resource is shown with this physical id, or on the way to its first one; not as it goes."""
    if resource is None or not is_alive(resource):
        return False
    return resource.physical_id == physical_id or resource.status == "CREATE_IN_PROGRESS"


def lives_with_another(arn: str, resource: ResourceView | None) -> bool:
    """Whether a resource lives with another model than this one."""
    if resource is None or not is_alive(resource) or resource.physical_id is None:
        return False
    return resource.physical_id.startswith("arn:") and resource.physical_id != arn


def is_deletion_of(physical_id: str | None, resource: ResourceView | None) -> bool:
    """Whether a resource with this physical id is shown as deleted, or on its way there."""
    if resource is None or physical_id is None:
        return False
    return resource.status.startswith("DELETE_") and resource.physical_id == physical_id


def is_under_way(resource: ResourceView | None) -> bool:
    """Whether a create or an update of the resource is under way."""
    return resource is not None and resource.status in _BEGINS


def is_being_deleted(resource: ResourceView | None) -> bool:
    """Whether a Delete of the resource is under way."""
    return resource is not None and resource.status == "DELETE_IN_PROGRESS"


def still_wanted(request_type: RequestType, begun_as: Direction | None, view: StackView) -> bool:
    """Whether the operation that sent the request is still the one under way.

    ``begun_as`` is the direction seen at the first look: an update that began going forward has ended once
    the stack is being rolled back, although the resource is UPDATE_IN_PROGRESS in both.
    """
    if not is_expected(request_type, view.resource):
        return False
    return begun_as is None or view.stack_status is None or view.direction == begun_as


def must_stop_after_end(request_type: RequestType, arn: str, former_arn: str | None, view: StackView) -> bool:
    """Whether a model that a request started has to be stopped, now that CloudFormation ended the request.

    Not where the resource lives on with this very model: then its next request decides. Nor where it has got
    another one since its create: that create has succeeded, or its Delete has been sent.
    """
    if view.resource is None or not is_alive(view.resource):
        return True
    if view.resource.physical_id is not None and view.resource.physical_id.startswith("arn:"):
        if request_type is RequestType.CREATE:
            # One that failed is followed by its Delete, which may not see yet what was started just now.
            return view.resource.physical_id == arn and view.resource.status == "CREATE_FAILED"
        return view.resource.physical_id != arn
    # Before CloudFormation knows a physical id: a create that ended without success, or an update, whose
    # resource keeps the former model.
    if request_type is RequestType.CREATE:
        return view.resource.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS")
    return former_arn is not None and former_arn != arn
