"""What a create or an update does to one resource of its stack: makes it, changes it or takes it in.

A FAILED answer's id counts, and without a roll-back a replacement is refused (aws-cdk 30546).
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from local_aws.corrections import deployment_mode, ministack
from local_aws.corrections.changes import Change
from local_aws.corrections.custom_types import check_properties
from local_aws.corrections.declared import remember
from local_aws.corrections.definitions import Resolved
from local_aws.corrections.deletion import is_stack
from local_aws.corrections.provisioning import Made
from local_aws.corrections.stack_record import is_custom, stable_state
from local_aws.corrections.undertaking import Undertaking
from local_aws.platform.cloudformation import CREATION_CANCELLED, RETAINING

NEEDS_REPLACEMENT = "Requested update requires the creation of a new physical resource; hence creating one."


class ReplacementRefused(Exception):
    """Roll-back is disabled. ``physical_id``: of a custom resource that has made another one all the same."""

    def __init__(self, physical_id: str | None = None) -> None:
        super().__init__("Replacement type updates not supported on stack with disable-rollback.")
        self.physical_id = physical_id


class ResourceSteps(Undertaking):
    """Each method works on the resource of one change, writes its events, and raises what has failed."""

    @abstractmethod
    async def apply_child(self, change: Change) -> Made:
        """Deploys a nested stack as a part of this operation."""

    def import_existing(self, change: Change) -> None:
        """Takes a resource that exists into the stack."""
        identifier = self.order.imports[change.logical_id]
        resolved = self._resolved(change)
        physical_id, attributes = ministack.stacks._adopt_resource(
            self.stack.id, self.stack.name, change.logical_id, change.resource_type, identifier
        )
        self.stack.resources[change.logical_id] = {
            "LogicalResourceId": change.logical_id,
            "ResourceType": change.resource_type,
            "PhysicalResourceId": physical_id,
            "Attributes": attributes,
            "Properties": resolved.properties,
            "ResourceStatus": "UPDATE_COMPLETE",
            "Timestamp": ministack.responses.now_iso(),
        }

    def _resolved(self, change: Change) -> Resolved:
        definitions, previous = self.order.definitions, self.order.previous or {}
        template = previous.get("_template") or {}
        return definitions.resolve(
            change.logical_id,
            self.stack,
            change.before,
            same_inputs=template == definitions.template
            and previous.get("_resolved_params") == definitions.parameters,
            same_self=template.get("Resources", {}).get(change.logical_id)
            == definitions.resources[change.logical_id],
        )

    async def make(self, change: Change) -> None:
        """Makes a resource that the stack does not have."""
        logical_id = change.logical_id
        try:
            resolved = self._resolved(change)
            if is_custom(change.resource_type):
                check_properties(resolved.tagged)
            change.applied, change.begun = resolved.tagged, True
            self.stack.mark(
                logical_id,
                "CREATE_IN_PROGRESS",
                ResourceType=change.resource_type,
                Properties=resolved.properties,
                _begun=True,
                _sent=resolved.tagged,
            )
            remember(self.stack, self.order.definitions, logical_id)
            if is_stack(change.resource_type):
                made = await self.apply_child(change)
            else:
                made = await self.provisioner.create(
                    self.stack, logical_id, change.resource_type, resolved.tagged
                )
        except asyncio.CancelledError:
            self._failed(change, "CREATE_FAILED", CREATION_CANCELLED)
            raise
        except Exception as error:
            self._failed(change, "CREATE_FAILED", error)
            raise
        self.stack.mark(
            logical_id,
            "CREATE_IN_PROGRESS",
            "Resource creation Initiated",
            PhysicalResourceId=made.physical_id,
        )
        self._done(change, made, resolved, "CREATE_COMPLETE")

    async def change(self, change: Change, before: Mapping[str, Any], forced: bool) -> None:
        """Changes a resource if its properties differ, or in any case if ``forced``."""
        logical_id = change.logical_id
        if before.get("ResourceType") != change.resource_type:
            self.changes[logical_id] = change
            error = ValueError("Update of resource type is not permitted.")
            self._failed(change, "UPDATE_FAILED", error)
            raise error
        former_tags = (self.order.previous or {}).get("Tags") or []
        change.former = before.get("_sent") or self.order.definitions.tagged(
            logical_id, before.get("Properties") or {}, former_tags, self.stack
        )
        try:
            resolved = self._resolved(change)
            if is_custom(change.resource_type):
                check_properties(resolved.tagged, change.former)
        except Exception as error:
            self.changes[logical_id] = change
            self._failed(change, "UPDATE_FAILED", error)
            raise
        if change.former == resolved.tagged and not forced:
            return
        self.changes[logical_id] = change
        change.applied, change.begun = resolved.tagged, True
        change.physical_id = before.get("PhysicalResourceId")
        await self._update(change, before, resolved)

    async def _update(self, change: Change, before: Mapping[str, Any], resolved: Resolved) -> None:
        logical_id = change.logical_id
        self.stack.mark(
            logical_id, "UPDATE_IN_PROGRESS", Properties=resolved.properties, _sent=resolved.tagged
        )
        remember(self.stack, self.order.definitions, logical_id)
        replacing = not is_custom(change.resource_type) and ministack.provisioners._replacing_change(
            change.resource_type, change.former, change.applied
        )
        if replacing:
            self.stack.mark(logical_id, "UPDATE_IN_PROGRESS", NEEDS_REPLACEMENT)
        policy = self.order.definitions.policy(logical_id, "UpdateReplacePolicy", self.stack)
        try:
            if replacing and self.order.disable_rollback:
                raise ReplacementRefused
            if is_stack(change.resource_type):
                made = await self.apply_child(change)
            else:
                made = await self.provisioner.update(
                    self.stack,
                    logical_id,
                    change.resource_type,
                    before,
                    change.former,
                    change.applied,
                    keep_replaced=policy in RETAINING,
                )
            self._refuse_replacement(before, made)
        except asyncio.CancelledError:
            self._failed(change, "UPDATE_FAILED", "Resource update cancelled")
            raise
        except Exception as error:
            self._failed(change, "UPDATE_FAILED", error)
            raise
        change.old_ones = made.old_ones
        self._done(change, made, resolved, "UPDATE_COMPLETE")

    def _refuse_replacement(self, before: Mapping[str, Any], made: Made) -> None:
        """A custom resource has made another one while roll-back is disabled."""
        refused = self.order.disable_rollback and self.switches.replacement_without_rollback == "refused"
        if refused and made.physical_id != before.get("PhysicalResourceId"):
            raise ReplacementRefused(made.physical_id)

    def _failed(self, change: Change, status: str, error: Exception | str) -> None:
        """A FAILED answer's id counts: a create's Delete carries it (aws-cdk PR 5525), and an update's other
        id gets a Delete later (aws-cdk 17040, 30012)."""
        named = getattr(error, "physical_id", None)
        change.physical_id = named or change.physical_id
        changes: dict[str, Any] = {"ResourceType": change.resource_type}
        if change.before is None:
            changes["_begun"] = change.begun
            if named:
                changes["PhysicalResourceId"] = named
        self.stack.mark(change.logical_id, status, str(error), **changes)
        stable = None if change.before is None else stable_state(change.before)
        self.stack.mark_unstable(change.logical_id, stable)

    def _done(self, change: Change, made: Made, resolved: Resolved, status: str) -> None:
        change.done, change.physical_id = True, made.physical_id
        extra: dict[str, Any] = {"_dynamic": resolved.dynamic} if resolved.dynamic else {}
        if made.name_seed:
            extra["_name_seed"] = made.name_seed
        self.stack.mark(
            change.logical_id,
            status,
            deployment_mode.completed(self.stack.record, change.resource_type),
            PhysicalResourceId=made.physical_id,
            Properties=resolved.properties,
            Attributes=made.attributes,
            **extra,
        )
        self.stack.mark_stable(change.logical_id)
