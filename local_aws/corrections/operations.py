"""The stack operations that run, one a stack, in the place of MiniStack's own.

Also DeleteStack during a create: CloudFormation cancels the create and deletes what there is, the function
last, while MiniStack deletes the functions under the running create and sends no Delete.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from local_aws.corrections import exports, ministack
from local_aws.corrections.changes import Change, Nested, Order
from local_aws.corrections.definitions import Definitions
from local_aws.corrections.deletion import Deletions, Doomed, delete_stack, is_stack
from local_aws.corrections.deployment import LEFT_BEHIND, Deployment
from local_aws.corrections.nested_stacks import child_record
from local_aws.corrections.provisioning import Provisioner
from local_aws.corrections.roll_back import continue_roll_back
from local_aws.corrections.stack_record import StackRecord, archive
from local_aws.switches import Switches

logger = logging.getLogger("cloudformation")

_MODULES = ("stacks", "handlers", "changesets")


class Operations:
    """Runs creates, updates, roll-backs and deletes. Lives on the event loop."""

    def __init__(self, provisioner: Provisioner, switches: Switches) -> None:
        self._provisioner = provisioner
        self._switches = switches
        self._deletions = Deletions(self._delete_resource, provisioner.named_late, switches)
        self._running: dict[str, Deployment] = {}
        self._failed: dict[str, Deployment] = {}
        self._deleting: set[str] = set()
        self._forced: set[str] = set()

    def install(self) -> None:
        """Takes the place of MiniStack's coroutines, in every module that has taken over their names."""
        ours = {
            "_deploy_stack_async": self.deploy,
            "_roll_back_operation": self.roll_back,
            "_continue_update_rollback_async": self.continue_roll_back,
            "_delete_stack_async": self.delete,
        }
        for module in (getattr(ministack, name) for name in _MODULES):
            for name, function in ours.items():
                if hasattr(module, name):
                    setattr(module, name, function)

    def cancel(self, stack_id: str, token: str) -> None:
        """CancelUpdateStack."""
        running = self._running.get(stack_id)
        if running is not None:
            running.cancel(token)

    async def deploy(
        self,
        stack_name: str,
        stack_id: str,
        template: Mapping[str, Any],
        param_values: Mapping[str, Any],
        disable_rollback: bool,
        tags: Any,  # noqa: ARG002 - already on the stack's record; MiniStack passes it all the same
        is_update: bool = False,
        previous_stack: Mapping[str, Any] | None = None,
        retain_except_on_create: bool = False,
        imports: Mapping[str, Any] | None = None,
    ) -> None:
        """A create or an update, to its end. The parameters are those of MiniStack's coroutine."""
        stack = StackRecord(ministack.cloudformation._stacks[stack_name])
        stack.deleted.clear()
        definitions = Definitions(template, param_values)
        if not self._acceptable(stack, definitions, disable_rollback, previous_stack if is_update else None):
            return
        order = Order(
            definitions,
            (previous_stack or {}) if is_update else None,
            disable_rollback,
            retain_except_on_create,
            imports or {},
        )
        deployment = self._deployment(stack, order, self._failed.pop(stack_id, None) if is_update else None)
        self._running[stack_id] = deployment
        try:
            await self._run(deployment)
        except Exception:
            logger.exception("operation on stack %s", stack_name)
            stack.set_status(f"{deployment.verb}_FAILED", "Internal Failure")
        finally:
            self._running.pop(stack_id, None)
            deployment.ended.set()

    def _acceptable(
        self,
        stack: StackRecord,
        definitions: Definitions,
        disable_rollback: bool,
        previous: Mapping[str, Any] | None,
    ) -> bool:
        """MiniStack's checks before anything is made."""
        verb = "CREATE" if previous is None else "UPDATE"
        try:
            ordered = definitions.in_order()
        except ValueError as error:
            stack.set_status(f"{verb}_FAILED", str(error))
            return False
        if stack.record.get("_disable_validation"):
            return True
        return not ministack.stacks._fail_property_validation(
            stack.record,
            stack.id,
            stack.name,
            definitions.template.get("Resources", {}),
            ordered,
            definitions.parameters,
            definitions.conditions,
            definitions.mappings,
            disable_rollback,
            previous_stack=previous,
        )

    def _deployment(self, stack: StackRecord, order: Order, earlier: Nested | None) -> Deployment:
        return Deployment(
            stack, order, self._provisioner, self._deletions, self._child, self._switches, earlier
        )

    def _child(self, parent: Deployment, change: Change) -> Deployment:
        record, previous = child_record(parent.stack, change.logical_id, change.applied, change.before)
        stack = StackRecord(record)
        # The parent decides about the roll-back.
        definitions = Definitions(record["_template"], record["_resolved_params"])
        definitions.in_order()
        earlier = parent.recovery.changes.get(change.logical_id)
        child = self._deployment(
            stack,
            Order(definitions, previous, parent.order.disable_rollback),
            earlier.child if earlier is not None else None,
        )
        stack.set_status(f"{child.verb}_IN_PROGRESS")
        return child

    async def _run(self, deployment: Deployment) -> None:
        stack = deployment.stack
        stack.record.pop("_failed_operation", None)
        if await deployment.apply():
            if deployment.is_update:
                stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            clean = await deployment.clean_up()
            stack.set_status(f"{deployment.verb}_COMPLETE", "" if clean else LEFT_BEHIND)
        elif deployment.abandoned:
            return
        elif deployment.order.disable_rollback and not deployment.cancelled_by_user:
            self._failed[stack.id] = deployment
            deployment.show_declared()
            # RollbackStack looks here for something to roll back.
            stack.record["_failed_operation"] = {"is_update": deployment.is_update}
            stack.set_status(f"{deployment.verb}_FAILED", deployment.reason)
        elif not await deployment.roll_back():
            self._failed[stack.id] = deployment

    async def roll_back(
        self,
        stack_name: str,  # noqa: ARG002
        stack_id: str,
        stack: Any,  # noqa: ARG002
        operation: Mapping[str, Any],
        reason_override: str = "",
    ) -> None:
        """RollbackStack of a stack that failed without a roll-back. The parameters are those of
        MiniStack's."""
        deployment = self._failed.pop(stack_id, None)
        if deployment is None:
            return
        kept = bool(operation.get("retain_except_on_create"))
        deployment.order = replace(deployment.order, retain_except_on_create=kept)
        if not await deployment.roll_back(reason_override):
            self._failed[stack_id] = deployment

    def force_roll_back(self, stack_id: str) -> None:
        """The ContinueUpdateRollback that is about to begin skips whatever will not go back."""
        self._forced.add(stack_id)

    async def continue_roll_back(
        self,
        stack_name: str,  # noqa: ARG002
        stack_id: str,
        resources_to_skip: frozenset[str],
    ) -> None:
        """ContinueUpdateRollback. The parameters are those of MiniStack's coroutine."""
        deployment = self._failed.pop(stack_id, None)
        force = stack_id in self._forced
        self._forced.discard(stack_id)
        if deployment is not None and not await continue_roll_back(
            deployment, resources_to_skip, force=force
        ):
            self._failed[stack_id] = deployment

    async def delete(
        self,
        stack_name: str,
        stack_id: str,
        retain_resources: Collection[str] = (),
        force: bool = False,
    ) -> None:
        """DeleteStack, to its end. The parameters are those of MiniStack's coroutine."""
        record = ministack.cloudformation._stacks.get(stack_name)
        if record is None or record.get("StackId") != stack_id or stack_id in self._deleting:
            return
        self._deleting.add(stack_id)
        try:
            running = self._running.get(stack_id)
            if running is not None:
                running.abandon()
                await running.ended.wait()
            await self._delete(StackRecord(record), retain_resources, force)
        except Exception:
            logger.exception("delete of stack %s", stack_name)
            StackRecord(record).set_status("DELETE_FAILED", "Internal Failure")
        finally:
            self._deleting.discard(stack_id)

    async def _delete(self, stack: StackRecord, retain: Collection[str] = (), force: bool = False) -> bool:
        failed = self._failed.pop(stack.id, None)
        besides = failed.superseded() if failed is not None else []
        if not await delete_stack(stack, self._deletions, retain=retain, force=force, besides=besides):
            if failed is not None:
                self._failed[stack.id] = failed
            return False
        exports.withdraw(stack.id)
        archive(stack)
        return True

    async def _delete_resource(self, stack: StackRecord, doomed: Doomed, physical_id: str) -> None:
        if not is_stack(doomed.resource_type):
            await self._provisioner.delete(
                stack,
                doomed.logical_id,
                doomed.resource_type,
                physical_id,
                doomed.properties,
                snapshot=doomed.policy == "Snapshot",
            )
            return
        record = ministack.handlers._resolve_stack(physical_id)
        if record is None or record["StackStatus"] == "DELETE_COMPLETE":
            return
        in_use = exports.why_kept(record["StackId"])
        if in_use:
            raise ValueError(in_use)
        if not await self._delete(StackRecord(record)):
            raise ValueError(
                f"Embedded stack {physical_id} was not successfully deleted: {record['StackStatusReason']}"
            )
