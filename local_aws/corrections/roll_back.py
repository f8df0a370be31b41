"""The way back of a create or an update that failed or was cancelled.

A create's resources are deleted. In an update, what was changed gets an update with swapped properties,
custom resources also when their own update failed, was cancelled or never answered (README of aws-cdk-lib's
custom_resources; powertools-lambda-java, custom_resources); then, in the clean-up, what the update made is
deleted. Where an update named another physical id and is taken back, the other id gets a Delete (AWS
support's best practices for custom resources: "the new physical resource id is sent in the Delete event");
see Switches.rolled_back_replacement for what else is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.corrections import exports
from local_aws.corrections.changes import Change
from local_aws.corrections.declared import deletion_policy_of, needs_of
from local_aws.corrections.deletion import Doomed, failed_to
from local_aws.corrections.graph import run_graph
from local_aws.corrections.recovery import superseded
from local_aws.corrections.stack_record import DESCRIPTION, is_custom
from local_aws.corrections.undertaking import Undertaking


async def roll_back_create(undertaking: Undertaking, reason: str) -> bool:
    """Deletes what the create made; False if something would not go."""
    stack = undertaking.stack
    stack.set_status("ROLLBACK_IN_PROGRESS", f"{reason.rstrip()} Rollback requested by user.".lstrip())
    exports.withdraw(stack.id)
    doomed = [_made(undertaking, change) for change in undertaking.changes.values()]
    doomed += undertaking.superseded()
    failures = await undertaking.deletions.delete_all(stack, doomed, needs_of(stack.resources))
    if failures:
        stack.set_status("ROLLBACK_FAILED", failed_to("delete", failures))
    else:
        stack.set_status("ROLLBACK_COMPLETE")
    return not failures


async def roll_back_update(undertaking: Undertaking, reason: str) -> bool:
    """Brings the stack back to what it was before the update; False if something would not go."""
    stack, previous = undertaking.stack, undertaking.stable or {}
    stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
    # While it rolls back, a stack shows the template that it goes back to.
    stack.record.update({name: previous[name] for name in DESCRIPTION if name in previous})
    exports.bring_back(stack)
    changed = {name: change for name, change in undertaking.changes.items() if change.before is not None}
    return await _revert(undertaking, changed)


async def continue_roll_back(undertaking: Undertaking, skip: frozenset[str], *, force: bool = False) -> bool:
    """ContinueUpdateRollback: tries again what would not go back; what is skipped counts as gone back.

    ``force``: ForceRollback, which skips what will not go back this time either.
    """
    stack = undertaking.stack
    stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    for logical_id in skip & undertaking.not_reverted.keys():
        _skip(undertaking, logical_id)
    left = {name: change for name, change in undertaking.not_reverted.items() if name not in skip}
    return await _revert(undertaking, left, force=force)


def _skip(undertaking: Undertaking, logical_id: str) -> None:
    """Counts as gone back without a call, whatever it really is (CloudFormation guide,
    using-cfn-updating-stacks-continueupdaterollback); it keeps the physical id that it has by now."""
    stack, before = undertaking.stack, undertaking.not_reverted[logical_id].before or {}
    physical_id = stack.resources[logical_id].get("PhysicalResourceId")
    stack.resources[logical_id] = {**before, "PhysicalResourceId": physical_id}
    stack.mark(logical_id, "UPDATE_COMPLETE", "Resource rollback skipped by user")


async def _revert(undertaking: Undertaking, changes: Mapping[str, Change], *, force: bool = False) -> bool:
    stack = undertaking.stack
    needs = needs_of({name: change.before or {} for name, change in changes.items()})

    async def step(logical_id: str) -> None:
        undertaking.left_over.extend(await _revert_one(undertaking, changes[logical_id]))

    outcome = await run_graph(needs, step, stop_on_failure=False)
    undertaking.not_reverted = {n: change for n, change in changes.items() if n not in outcome.completed}
    if force and outcome.failed:
        for logical_id in outcome.failed:
            _skip(undertaking, logical_id)
        left = {n: change for n, change in undertaking.not_reverted.items() if n not in outcome.failed}
        return await _revert(undertaking, left, force=True)
    if undertaking.not_reverted:
        # ContinueUpdateRollback looks here for what may be skipped.
        stack.record["_rollback_failed"] = {name: {} for name in undertaking.not_reverted}
        stack.set_status("UPDATE_ROLLBACK_FAILED", failed_to("update", undertaking.not_reverted))
        return False
    stack.record.pop("_rollback_failed", None)
    await _clean_up(undertaking)
    stack.set_status("UPDATE_ROLLBACK_COMPLETE")
    return True


async def _clean_up(undertaking: Undertaking) -> None:
    stack, stable = undertaking.stack, (undertaking.stable or {}).get("_resources", {})
    stack.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    made = [_made(undertaking, change) for change in undertaking.changes.values() if change.before is None]
    failures = await undertaking.deletions.delete_all(
        stack,
        [*undertaking.left_over, *made],
        needs_of(stack.resources),
        attempts=undertaking.switches.cleanup_delete_attempts,
    )
    for logical_id in failures.keys() - stable.keys():
        stack.resources.pop(logical_id, None)
    stack.forget_deleted()


def _made(undertaking: Undertaking, change: Change) -> Doomed:
    policy = deletion_policy_of(undertaking.stack.resources.get(change.logical_id, {}))
    if policy == "RetainExceptOnCreate" or undertaking.order.retain_except_on_create:
        policy = "Delete"
    return Doomed(
        change.logical_id,
        change.resource_type,
        change.physical_id,
        change.applied,
        policy,
        begun=change.begun,
    )


async def _revert_one(undertaking: Undertaking, change: Change) -> list[Doomed]:
    """Back to what it was; returns what is to be deleted for it later. Raises if it would not go."""
    stack, before = undertaking.stack, dict(change.before or {})
    if change.child is not None:
        stack.mark(change.logical_id, "UPDATE_IN_PROGRESS", Properties=before.get("Properties"))
        if not await change.child.roll_back():
            reason = change.child.stack.record["StackStatusReason"]
            stack.mark(change.logical_id, "UPDATE_FAILED", reason)
            raise ValueError(reason)
    elif _is_sent_back(change, undertaking.switches.rolled_back_replacement):
        before = await _send_back(undertaking, change, before)
    stack.resources[change.logical_id] = before
    stack.mark(change.logical_id, "UPDATE_COMPLETE")
    first = str((change.before or {}).get("PhysicalResourceId"))
    return [one for one in superseded(change, before["PhysicalResourceId"]) if one.physical_id != first]


def _is_sent_back(change: Change, rolled_back_replacement: str) -> bool:
    if not change.begun or (change.done and change.applied == change.former):
        return False
    if is_custom(change.resource_type):
        return change.other_id is None or rolled_back_replacement == "update"
    # An own type whose update failed has changed nothing, and one that was replaced still has its old self.
    return change.done and change.other_id is None and not change.old_ones


async def _send_back(undertaking: Undertaking, change: Change, before: dict[str, Any]) -> dict[str, Any]:
    """An update with swapped properties: to the id of a finished update, else to the one known before."""
    stack = undertaking.stack
    current = {**before, "PhysicalResourceId": change.physical_id} if change.done else before
    failed = undertaking.switches.roll_back_shows == "failed"
    shown = change.applied if failed else before.get("Properties")
    stack.mark(change.logical_id, "UPDATE_IN_PROGRESS", Properties=shown)
    try:
        made = await undertaking.provisioner.update(
            stack, change.logical_id, change.resource_type, current, change.applied, change.former
        )
    except Exception as error:
        stack.mark(change.logical_id, "UPDATE_FAILED", str(error))
        raise
    attributes = made.attributes or before.get("Attributes") or {}
    return {**before, "PhysicalResourceId": made.physical_id, "Attributes": attributes}
