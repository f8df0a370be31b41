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
from typing import TYPE_CHECKING, Any

from local_aws.corrections import exports
from local_aws.corrections.changes import Change
from local_aws.corrections.declared import deletion_policy_of, needs_of
from local_aws.corrections.deletion import Doomed, failed_to
from local_aws.corrections.graph import run_graph
from local_aws.corrections.recovery import superseded
from local_aws.corrections.stack_record import DESCRIPTION, is_custom

if TYPE_CHECKING:
    from local_aws.corrections.deployment import Deployment


async def roll_back_create(deployment: Deployment, reason: str) -> bool:
    """Deletes what the create made; False if something would not go."""
    stack = deployment.stack
    stack.set_status("ROLLBACK_IN_PROGRESS", f"{reason.rstrip()} Rollback requested by user.".lstrip())
    exports.withdraw(stack.id)
    doomed = [_made(deployment, change) for change in deployment.changes.values()]
    doomed += deployment.superseded()
    failures = await deployment.deletions.delete_all(stack, doomed, needs_of(stack.resources))
    if failures:
        stack.set_status("ROLLBACK_FAILED", failed_to("delete", failures))
    else:
        stack.set_status("ROLLBACK_COMPLETE")
    return not failures


async def roll_back_update(deployment: Deployment, reason: str) -> bool:
    """Brings the stack back to what it was before the update; False if something would not go."""
    stack, previous = deployment.stack, deployment.stable or {}
    stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
    # While it rolls back, a stack shows the template that it goes back to.
    stack.record.update({name: previous[name] for name in DESCRIPTION if name in previous})
    exports.bring_back(stack)
    changed = {name: change for name, change in deployment.changes.items() if change.before is not None}
    return await _revert(deployment, changed)


async def continue_roll_back(deployment: Deployment, skip: frozenset[str], *, force: bool = False) -> bool:
    """ContinueUpdateRollback: tries again what would not go back; what is skipped counts as gone back.

    ``force``: ForceRollback, which skips what will not go back this time either.
    """
    stack = deployment.stack
    stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    for logical_id in skip & deployment.not_reverted.keys():
        _skip(deployment, logical_id)
    left = {name: change for name, change in deployment.not_reverted.items() if name not in skip}
    return await _revert(deployment, left, force=force)


def _skip(deployment: Deployment, logical_id: str) -> None:
    """Counts as gone back without a call, whatever it really is (CloudFormation guide,
    using-cfn-updating-stacks-continueupdaterollback); it keeps the physical id that it has by now."""
    stack, before = deployment.stack, deployment.not_reverted[logical_id].before or {}
    physical_id = stack.resources[logical_id].get("PhysicalResourceId")
    stack.resources[logical_id] = {**before, "PhysicalResourceId": physical_id}
    stack.mark(logical_id, "UPDATE_COMPLETE", "Resource rollback skipped by user")


async def _revert(deployment: Deployment, changes: Mapping[str, Change], *, force: bool = False) -> bool:
    stack = deployment.stack
    needs = needs_of({name: change.before or {} for name, change in changes.items()})

    async def step(logical_id: str) -> None:
        deployment.left_over.extend(await _revert_one(deployment, changes[logical_id]))

    outcome = await run_graph(needs, step, stop_on_failure=False)
    deployment.not_reverted = {n: change for n, change in changes.items() if n not in outcome.completed}
    if force and outcome.failed:
        for logical_id in outcome.failed:
            _skip(deployment, logical_id)
        left = {n: change for n, change in deployment.not_reverted.items() if n not in outcome.failed}
        return await _revert(deployment, left, force=True)
    if deployment.not_reverted:
        # ContinueUpdateRollback looks here for what may be skipped.
        stack.record["_rollback_failed"] = {name: {} for name in deployment.not_reverted}
        stack.set_status("UPDATE_ROLLBACK_FAILED", failed_to("update", deployment.not_reverted))
        return False
    stack.record.pop("_rollback_failed", None)
    await _clean_up(deployment)
    stack.set_status("UPDATE_ROLLBACK_COMPLETE")
    return True


async def _clean_up(deployment: Deployment) -> None:
    stack, stable = deployment.stack, (deployment.stable or {}).get("_resources", {})
    stack.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    made = [_made(deployment, change) for change in deployment.changes.values() if change.before is None]
    failures = await deployment.deletions.delete_all(
        stack,
        [*deployment.left_over, *made],
        needs_of(stack.resources),
        attempts=deployment.switches.cleanup_delete_attempts,
    )
    for logical_id in failures.keys() - stable.keys():
        stack.resources.pop(logical_id, None)
    stack.forget_deleted()


def _made(deployment: Deployment, change: Change) -> Doomed:
    policy = deletion_policy_of(deployment.stack.resources.get(change.logical_id, {}))
    if policy == "RetainExceptOnCreate" or deployment.order.retain_except_on_create:
        policy = "Delete"
    return Doomed(
        change.logical_id,
        change.resource_type,
        change.physical_id,
        change.applied,
        policy,
        begun=change.begun,
    )


async def _revert_one(deployment: Deployment, change: Change) -> list[Doomed]:
    """Back to what it was; returns what is to be deleted for it later. Raises if it would not go."""
    stack, before = deployment.stack, dict(change.before or {})
    if change.child is not None:
        stack.mark(change.logical_id, "UPDATE_IN_PROGRESS", Properties=before.get("Properties"))
        if not await change.child.roll_back():
            reason = change.child.stack.record["StackStatusReason"]
            stack.mark(change.logical_id, "UPDATE_FAILED", reason)
            raise ValueError(reason)
    elif _is_sent_back(change, deployment.switches.rolled_back_replacement):
        before = await _send_back(deployment, change, before)
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


async def _send_back(deployment: Deployment, change: Change, before: dict[str, Any]) -> dict[str, Any]:
    """An update with swapped properties: to the id of a finished update, else to the one known before."""
    stack = deployment.stack
    current = {**before, "PhysicalResourceId": change.physical_id} if change.done else before
    failed = deployment.switches.roll_back_shows == "failed"
    shown = change.applied if failed else before.get("Properties")
    stack.mark(change.logical_id, "UPDATE_IN_PROGRESS", Properties=shown)
    try:
        made = await deployment.provisioner.update(
            stack, change.logical_id, change.resource_type, current, change.applied, change.former
        )
    except Exception as error:
        stack.mark(change.logical_id, "UPDATE_FAILED", str(error))
        raise
    attributes = made.attributes or before.get("Attributes") or {}
    return {**before, "PhysicalResourceId": made.physical_id, "Attributes": attributes}
