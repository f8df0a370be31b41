"""One stack as CloudFormation's API shows it: status, resources, events, kept in MiniStack's own record.

MiniStack shows a resource only after its first success, and an update that adds one calls its create
UPDATE_IN_PROGRESS. CloudFormation shows every resource from the moment it begins, with the status it has then
(API reference, DescribeStackResource, StackEvent with ResourceProperties), and those of a deleted stack for
90 days.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local_aws.corrections import ministack
from local_aws.platform.cloudformation import CUSTOM_RESOURCE, CUSTOM_TYPE_PREFIX

STACK_TYPE = "AWS::CloudFormation::Stack"
DESCRIPTION = (
    "_template",
    "_template_body",
    "_resolved_params",
    "_conditions",
    "Parameters",
    "Tags",
    "Outputs",
)
"""What an update changes in MiniStack's record of a stack, besides the resources."""

_STABLE = "_stable"


def is_custom(resource_type: str) -> bool:
    """Whether a function provides resources of this type."""
    return resource_type.startswith(CUSTOM_TYPE_PREFIX) or resource_type == CUSTOM_RESOURCE


def was_made(resource: Mapping[str, Any]) -> bool:
    """Whether a resource was ever complete; if not, the next operation on its stack deletes it."""
    return resource.get(_STABLE, resource) is not None


def failed_to_change(resource: Mapping[str, Any]) -> bool:
    """Whether an update of the resource has failed and it was not brought back yet."""
    return resource.get(_STABLE) is not None


def stable_state(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The resource as it was when it was complete for the last time; None if it never was."""
    stable: Mapping[str, Any] | None = resource.get(_STABLE, resource)
    return stable


class StackRecord:
    """Reads and writes MiniStack's record of one stack."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record

    @property
    def name(self) -> str:
        """The stack's name."""
        return str(self.record["StackName"])

    @property
    def id(self) -> str:
        """The stack's ARN."""
        return str(self.record["StackId"])

    @property
    def status(self) -> str:
        """The stack's status."""
        return str(self.record["StackStatus"])

    @property
    def tags(self) -> list[dict[str, str]]:
        """The stack's own tags, which its resources get as well."""
        return self.record.get("Tags") or []

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources that exist, or are being made, by logical id."""
        found: dict[str, dict[str, Any]] = self.record.setdefault("_resources", {})
        return found

    @property
    def deleted(self) -> dict[str, dict[str, Any]]:
        """The resources that the running operation, or a failed create, or the stack's delete has deleted."""
        found: dict[str, dict[str, Any]] = self.record.setdefault("_local_aws_deleted", {})
        return found

    def set_status(self, status: str, reason: str = "") -> None:
        """Changes the stack's status and records the event."""
        self.record["StackStatus"] = status
        self.record["StackStatusReason"] = reason
        ministack.stacks._add_event(self.id, self.name, self.name, STACK_TYPE, status, reason, self.id)

    def mark(self, logical_id: str, status: str, reason: str = "", **changes: Any) -> None:
        """Changes a resource's status and whatever else ``changes`` names, and records the event."""
        resource = self.resources.setdefault(logical_id, {"LogicalResourceId": logical_id})
        resource.update(changes)
        resource["ResourceStatus"] = status
        resource["ResourceStatusReason"] = reason
        resource["Timestamp"] = ministack.responses.now_iso()
        self.event(
            logical_id,
            resource.get("ResourceType", ""),
            status,
            reason,
            resource.get("PhysicalResourceId"),
            resource.get("Properties"),
        )

    def event(
        self,
        logical_id: str,
        resource_type: str,
        status: str,
        reason: str = "",
        physical_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        """Records an event of a resource without a change of its state: of what it was, or will never be."""
        ministack.stacks._add_event(
            self.id, self.name, logical_id, resource_type, status, reason, physical_id or ""
        )
        if properties is not None:
            events = ministack.cloudformation._stack_events[self.id]
            events[-1]["ResourceProperties"] = json.dumps(properties, default=str)

    def mark_unstable(self, logical_id: str, stable: Mapping[str, Any] | None) -> None:
        """Keeps what a failed resource was before, None for a create, until something about it succeeds."""
        self.resources[logical_id][_STABLE] = None if stable is None else dict(stable)

    def mark_stable(self, logical_id: str) -> None:
        """Something about the resource has succeeded."""
        self.resources[logical_id].pop(_STABLE, None)

    def put_to_the_deleted(self, logical_id: str) -> None:
        """Takes a resource out of the stack; it stays visible until ``forget_deleted``."""
        resource = self.resources.pop(logical_id, None)
        if resource is not None:
            self.deleted[logical_id] = resource

    def forget_deleted(self) -> None:
        """A stack that lives on shows what it has, not what it had."""
        self.deleted.clear()


def archive(stack: StackRecord) -> None:
    """A deleted stack gives its name free and is found by its id from now on (API reference,
    DescribeStacks)."""
    known = ministack.cloudformation._stacks
    stack.record["DeletionTime"] = ministack.responses.now_iso()
    if known.get(stack.name) is stack.record:
        known.pop(stack.name)
    known[stack.id] = stack.record
