"""What a change set says that it will change.

MiniStack compares the resources of two templates. CloudFormation

- compares with what the stack has: a resource that has failed without a roll-back is to be changed whatever
  the template says, and one that the failed operation never came to is as it was before;
- takes outputs for a change, too: where they alone change there is nothing to show, and all the same the
  change set can be executed (aws-cdk 778, PR 2029).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.declared import definition_of
from local_aws.corrections.stack_record import StackRecord, failed_to_change, was_made
from local_aws.platform.cloudformation import PAUSED

Change = dict[str, Any]
Resources = Mapping[str, Mapping[str, Any]]
_NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


def install() -> None:
    """Puts the corrected comparison in place."""
    compare: Callable[..., list[Change]] = ministack.changesets._diff_resources

    def corrected(
        old: Mapping[str, Any], new: Mapping[str, Any], resources: Resources | None = None, *rest: Any
    ) -> list[Change]:
        stack = _stack_of(resources)
        if stack is None or stack.status not in PAUSED:
            return compare(old, new, resources, *rest)
        present = {"Resources": _present(stack, old)}
        return _with_the_failed(compare(present, new, resources, *rest), stack.resources, new)

    ministack.changesets._diff_resources = corrected


def take_outputs_for_changes(change_set: dict[str, Any]) -> None:
    """Lets a change set be executed that MiniStack has failed, where no resource but outputs change."""
    record = ministack.handlers._resolve_stack(change_set["StackId"])
    if record is None or change_set["StatusReason"] != _NO_CHANGES or not _outputs_change(record, change_set):
        return
    change_set |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}


def _outputs_change(record: Mapping[str, Any], change_set: Mapping[str, Any]) -> bool:
    before, after = ((one.get("_template") or {}).get("Outputs") or {} for one in (record, change_set))
    values, others = (
        {name: value.get("Value") for name, value in (one.get("_resolved_params") or {}).items()}
        for one in (record, change_set)
    )
    return bool(before != after or (after and values != others))


def named(parameters: dict[str, Any]) -> dict[str, Any]:
    """The change set that a request names; empty if there is none."""
    stack_name = ministack.helpers._p(parameters, "StackName")
    record = ministack.handlers._resolve_stack(stack_name) if stack_name else None
    _, found = ministack.changesets._find_change_set(
        ministack.helpers._p(parameters, "ChangeSetName"), record["StackName"] if record else stack_name
    )
    return found or {}


def _stack_of(resources: Resources | None) -> StackRecord | None:
    """The stack whose resources these are: the comparison is not told."""
    for record in ministack.cloudformation._stacks.values():
        if resources is not None and record.get("_resources") is resources:
            return StackRecord(record)
    return None


def _present(stack: StackRecord, old: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions of what the stack has, and of what a condition leaves out."""
    conditions = stack.record.get("_conditions") or {}
    left_out = {
        logical_id: definition
        for logical_id, definition in (old.get("Resources") or {}).items()
        if not conditions.get(definition.get("Condition"), True)
    }
    made = {
        logical_id: definition_of(resource) or (old.get("Resources") or {}).get(logical_id, {})
        for logical_id, resource in stack.resources.items()
        if was_made(resource)
    }
    return left_out | made


def _with_the_failed(changes: list[Change], resources: Resources, new: Mapping[str, Any]) -> list[Change]:
    """``changes``, and those of failed resources that look the same in both templates."""
    known = {change["ResourceChange"]["LogicalResourceId"] for change in changes}
    declared = new.get("Resources") or {}
    for logical_id, resource in resources.items():
        if logical_id in known:
            continue
        if not was_made(resource):
            # It is declared no more: if it were, it would be to be added.
            changes.append(_change("Remove", logical_id, resource))
        elif failed_to_change(resource) and logical_id in declared:
            changes.append(_change("Modify", logical_id, resource))
    return changes


def _change(action: str, logical_id: str, resource: Mapping[str, Any]) -> Change:
    change: Change = {
        "Action": action,
        "LogicalResourceId": logical_id,
        "ResourceType": resource.get("ResourceType", ""),
    }
    if resource.get("PhysicalResourceId"):
        change["PhysicalResourceId"] = resource["PhysicalResourceId"]
    if action == "Modify":
        change |= {"Replacement": "False", "Scope": ["Properties"], "Details": []}
    return {"ResourceChange": change}
