"""What each resource remembers of the template that made it or changed it last.

A stack's resources need not all come from one template: an operation that failed without a roll-back leaves
some as they were, some as they were to be, and some half made (CloudFormation guide, stack-failure-options).
So what a resource needs and imports, whether its deletion keeps it, and what a change set compares it with
stand with the resource, and not with the stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.definitions import Definitions
from local_aws.corrections.stack_record import StackRecord, stable_state

_KEY = "_declared"


def remember(stack: StackRecord, definitions: Definitions, logical_id: str) -> None:
    """Writes down what ``definitions`` says of a resource that the stack has."""
    resource = stack.resources.get(logical_id)
    definition = definitions.resources.get(logical_id)
    if resource is None or definition is None:
        return
    shown = ministack.changesets._resolve_props_for_diff(
        {**definitions.template, "Resources": {logical_id: definition}},
        definitions.parameters,
        stack.name,
        stack.id,
    )
    resource[_KEY] = {
        "needs": sorted(definitions.needs_of(logical_id)),
        "deletion_policy": definitions.policy(logical_id, "DeletionPolicy", stack),
        "definition": shown["Resources"][logical_id],
        "imports": sorted(definitions.imports_of(definition.get("Properties"), stack)),
    }


def remember_all(stack: StackRecord) -> None:
    """Fills in what is missing, for resources that an import change set has taken into the stack."""
    if all(_KEY in resource for resource in stack.resources.values()):
        return
    template, parameters = stack.record.get("_template") or {}, stack.record.get("_resolved_params") or {}
    definitions = Definitions(template, parameters)
    for logical_id, resource in stack.resources.items():
        if _KEY not in resource:
            remember(stack, definitions, logical_id)


def needs_of(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """What each of ``resources`` needs, in its last stable state or in the one that it did not reach."""
    return {
        logical_id: {need for state in _states(resource) for need in state.get(_KEY, {}).get("needs", ())}
        for logical_id, resource in resources.items()
    }


def deletion_policy_of(resource: Mapping[str, Any]) -> str:
    """Delete, Retain, RetainExceptOnCreate or Snapshot."""
    return str(resource.get(_KEY, {}).get("deletion_policy", "Delete"))


def imports_of(resource: Mapping[str, Any]) -> set[str]:
    """The exports of other stacks that a resource uses, as it is or as it was when it was last stable."""
    return {name for state in _states(resource) for name in state.get(_KEY, {}).get("imports", ())}


def definition_of(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The resource's definition with parameters in place, as a change set compares it; None if unknown."""
    definition: Mapping[str, Any] | None = resource.get(_KEY, {}).get("definition")
    return definition


def _states(resource: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    stable = stable_state(resource)
    return [resource] if stable is None or stable is resource else [resource, stable]
