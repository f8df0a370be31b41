"""One create or update of one stack, with its roll-back and its clean-up.

MiniStack provisions one resource after the other, cancels nothing, sends a failed create no Delete and cleans
up after it has said UPDATE_COMPLETE. CloudFormation (its guide: view-stack-events, stack-failure-options,
using-cfn-stack-update-cancel; reports as named in the functions):

- works on all resources at once whose needs are met;
- after a failure, or a cancel, ends what still runs, without telling anybody ("Resource creation cancelled");
- rolls back: changed resources get an update with swapped properties, made ones a Delete;
- after a successful update shows UPDATE_COMPLETE_CLEANUP_IN_PROGRESS while it deletes what was replaced or
  removed;
- without a roll-back cancels nothing, leaves what failed as it is, and takes it up in the next operation
  (``recovery``); it refuses to replace there (aws-cdk 30546).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local_aws.corrections import deployment_mode, exports, ministack
from local_aws.corrections.changes import Change, Nested, Order, continued
from local_aws.corrections.custom_types import check_properties
from local_aws.corrections.declared import needs_of, remember
from local_aws.corrections.definitions import Resolved, type_of
from local_aws.corrections.deletion import (
    Deletions,
    Doomed,
    doomed_resource,
    failed_to,
    is_stack,
)
from local_aws.corrections.graph import Outcome, run_graph
from local_aws.corrections.provisioning import Made, Provisioner
from local_aws.corrections.recovery import Recovery, superseded
from local_aws.corrections.roll_back import roll_back_create, roll_back_update
from local_aws.corrections.stack_record import (
    StackRecord,
    failed_to_change,
    is_custom,
    stable_state,
    was_made,
)
from local_aws.corrections.undertaking import Undertaking
from local_aws.platform.cloudformation import CREATION_CANCELLED, RETAINING
from local_aws.switches import Switches

NEEDS_REPLACEMENT = "Requested update requires the creation of a new physical resource; hence creating one."
LEFT_BEHIND = "Update successful. One or more resources could not be deleted."


class ReplacementRefused(Exception):
    """Roll-back is disabled. ``physical_id``: of a custom resource that has made another one all the same."""

    def __init__(self, physical_id: str | None = None) -> None:
        super().__init__("Replacement type updates not supported on stack with disable-rollback.")
        self.physical_id = physical_id


class Deployment(Undertaking):
    """See the module. ``apply`` first; then ``clean_up`` if it succeeded, else ``roll_back``."""

    def __init__(
        self,
        stack: StackRecord,
        order: Order,
        provisioner: Provisioner,
        deletions: Deletions,
        nested: Callable[[Deployment, Change], Deployment],
        switches: Switches,
        earlier: Nested | None = None,
    ) -> None:
        """``earlier``: the operation that failed without a roll-back, and that this one goes on from."""
        super().__init__(stack, order, provisioner, deletions, switches, earlier)
        self.ended = asyncio.Event()
        self.abandoned = False
        """The stack is to be deleted: end without a roll-back."""
        self.cancelled_by_user = False
        self.cancel_token = ""
        self.reason = ""
        """Why ``apply`` failed."""
        self._nested = nested
        self._halt = asyncio.Event()
        self.recovery = Recovery(
            stack, provisioner, deletions, switches, earlier.changes if earlier is not None else {}
        )

    def cancel(self, token: str) -> None:
        """CancelUpdateStack: whatever runs is cancelled now. ``token``: the caller's ClientRequestToken."""
        self.cancelled_by_user = True
        self.cancel_token = token
        self._halt.set()

    def abandon(self) -> None:
        """The stack is to be deleted, or a parent's roll-back takes over: ends what runs, and does no
        more."""
        self.abandoned = True
        self._halt.set()

    # Forwards

    async def roll_back(self, reason: str = "") -> bool:
        """Brings the stack back to what it was; False if something would not go.

        ``reason``: instead of our own.
        """
        if self.cancelled_by_user:
            # These events are the cancel's.
            ministack.stacks.CLIENT_REQUEST_TOKEN.set(self.cancel_token)
        reason = reason or self.reason
        roll_back = roll_back_create if self.stable is None else roll_back_update
        return await roll_back(self, reason)

    async def apply(self) -> bool:
        """Makes and changes everything the template declares, and the outputs. False, with ``reason``, if
        not."""
        if not self.is_update:
            self.show_declared()
        outcome = await run_graph(
            self.order.definitions.needs(),
            self._step,
            halt=self._halt,
            # Without a roll-back CloudFormation goes on with what does not need the failed one.
            stop_on_failure=not self.order.disable_rollback
            or self.switches.others_without_rollback == "cancelled",
        )
        unfinished = outcome.halted or bool(outcome.failed or outcome.cancelled)
        self.reason = self._why(outcome) if unfinished else ""
        self.changes = continued(self.recovery.changes, self.changes)
        if unfinished:
            return False
        try:
            self._publish()
        except ValueError as error:
            self.reason = str(error)
            return False
        return True

    def show_declared(self) -> None:
        """The stack shows the template that this operation was asked for."""
        self.stack.record["_template"] = self.order.definitions.template
        self.stack.record["_resolved_params"] = self.order.definitions.parameters

    def _why(self, outcome: Outcome) -> str:
        if outcome.halted and self.cancelled_by_user:
            return "User Initiated"
        unfinished = [change for change in self.changes.values() if not change.done]
        made = {change.logical_id for change in unfinished if change.before is None}
        changed = {change.logical_id for change in unfinished if change.before is not None}
        # What could not even be taken up as the operation before has left it.
        stuck = outcome.failed.keys() - self.changes.keys()
        made |= {logical_id for logical_id in stuck if not was_made(self.before.get(logical_id, {}))}
        return failed_to("create", made) + failed_to("update", (changed | stuck) - made)

    async def _step(self, logical_id: str) -> None:
        definition, former = self.order.definitions.resources[logical_id], self.before.get(logical_id)
        before = former
        if former is not None:
            before = await self.recovery.take_up(logical_id, former)
        change = Change(logical_id, type_of(definition), before)
        if logical_id in self.order.imports:
            self._import(change)
        elif before is None:
            self.changes[logical_id] = change
            await self._make(change)
        else:
            # What is still failed gets an update whatever it says; a nested stack tells by its own resources.
            failed = former is not None and failed_to_change(former)
            forced = failed and (before is former or is_stack(change.resource_type))
            await self._change(change, before, forced)
        remember(self.stack, self.order.definitions, logical_id)

    def _import(self, change: Change) -> None:
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

    async def _make(self, change: Change) -> None:
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
                made = await self._apply_child(change)
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

    async def _change(self, change: Change, before: Mapping[str, Any], forced: bool) -> None:
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
                made = await self._apply_child(change)
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

    async def _apply_child(self, change: Change) -> Made:
        """A nested stack: its roll-back and its clean-up are parts of ours."""
        child = change.child = self._nested(self, change)
        change.physical_id = child.stack.id
        if change.before is None:
            self.stack.resources[change.logical_id]["PhysicalResourceId"] = child.stack.id
        running = asyncio.ensure_future(child.apply())
        try:
            applied = await asyncio.shield(running)
        except asyncio.CancelledError:
            child.abandon()
            await running
            child.stack.set_status(f"{child.verb}_FAILED", CREATION_CANCELLED)
            raise
        finally:
            child.ended.set()
        if not applied:
            child.stack.set_status(f"{child.verb}_FAILED", child.reason)
            done = "updated" if child.is_update else "created"
            raise ValueError(f"Embedded stack {child.stack.id} was not successfully {done}: {child.reason}")
        child.stack.set_status(f"{child.verb}_COMPLETE")
        attributes = {
            f"Outputs.{one['OutputKey']}": one["OutputValue"] for one in child.stack.record["Outputs"]
        }
        return Made(child.stack.id, attributes)

    def _publish(self) -> None:
        record, definitions = self.stack.record, self.order.definitions
        wanted = {name: one for name, one in self.stack.resources.items() if name in definitions.resources}
        outputs, exported = definitions.outputs(self.stack, wanted)
        exports.publish(self.stack, exported)
        record["Outputs"] = outputs
        record["_template"] = definitions.template
        record["_resolved_params"] = definitions.parameters

    # After a success

    async def clean_up(self) -> bool:
        """Deletes what the update replaced or removed; False if something was left behind. Nothing after a
        create."""
        clean = [
            await change.child.clean_up() for change in self.changes.values() if change.child is not None
        ]
        if not self.is_update:
            return all(clean)
        removed = self.before.keys() - self.order.definitions.resources.keys()
        failures = await self.deletions.delete_all(
            self.stack,
            [
                *(one for change in self.changes.values() for one in self._replaced(change)),
                *(
                    doomed_resource(one, self.stack.resources[one])
                    for one in removed & self.stack.resources.keys()
                ),
            ],
            needs_of(self.before),
            attempts=self.switches.cleanup_delete_attempts,
        )
        for logical_id in failures:
            # CloudFormation takes it out of the stack (troubleshooting, "Resource removed from stack but not
            # deleted").
            if logical_id not in self.order.definitions.resources:
                self.stack.resources.pop(logical_id, None)
        if self.switches.removed_resources == "forgotten":
            self.stack.forget_deleted()
        return all(clean) and not failures

    def _replaced(self, change: Change) -> list[Doomed]:
        present = self.stack.resources.get(change.logical_id, {}).get("PhysicalResourceId")
        gone = superseded(change, present)
        if change.before is None or not (gone or change.old_ones):
            return gone
        policy = self.order.definitions.policy(change.logical_id, "UpdateReplacePolicy", self.stack)
        if is_custom(change.resource_type) and self.switches.new_id_replace_policy == "ignored":
            policy = "Delete"
        queued = [
            Doomed(
                change.logical_id,
                change.resource_type,
                None,
                change.before.get("Properties") or {},
                policy,
                is_the_resource=False,
                old_ones=tuple(change.old_ones),
            )
        ]
        return [replace(one, policy=policy) for one in gone] + (queued if change.old_ones else [])
