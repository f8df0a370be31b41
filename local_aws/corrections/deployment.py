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
from collections.abc import Callable
from dataclasses import replace

from local_aws.corrections import exports, ministack
from local_aws.corrections.changes import Change, Nested, Order, continued
from local_aws.corrections.declared import needs_of, remember
from local_aws.corrections.definitions import type_of
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
from local_aws.corrections.resource_steps import ResourceSteps
from local_aws.corrections.roll_back import roll_back_create, roll_back_update
from local_aws.corrections.stack_record import (
    StackRecord,
    failed_to_change,
    is_custom,
    was_made,
)
from local_aws.platform.cloudformation import CREATION_CANCELLED
from local_aws.switches import Switches

LEFT_BEHIND = "Update successful. One or more resources could not be deleted."


class Deployment(ResourceSteps):
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
            self.import_existing(change)
        elif before is None:
            self.changes[logical_id] = change
            await self.make(change)
        else:
            # What is still failed gets an update whatever it says; a nested stack tells by its own resources.
            failed = former is not None and failed_to_change(former)
            forced = failed and (before is former or is_stack(change.resource_type))
            await self.change(change, before, forced)
        remember(self.stack, self.order.definitions, logical_id)

    async def apply_child(self, change: Change) -> Made:
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
