"""What a template declares: the resources that are wanted, what each needs, its policies, its resolved
properties."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.stack_record import StackRecord, is_custom
from local_aws.platform.cloudformation import CUSTOM_RESOURCE


@dataclass(frozen=True)
class Resolved:
    """A resource's properties without any intrinsic function."""

    properties: dict[str, Any]
    tagged: dict[str, Any]
    """With the stack's tags: what the provider gets."""
    dynamic: Any
    """Values of dynamic references, for the next update to reuse."""


class Definitions:
    """One template with its parameters. Raises ValueError with CloudFormation's words for what is wrong in
    it."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self.template = template
        self.parameters = parameters
        self.conditions: dict[str, bool] = ministack.engine._evaluate_conditions(template, parameters)
        self.mappings = template.get("Mappings", {})
        every: dict[str, Any] = template.get("Resources", {}) or {}
        self.resources: dict[str, dict[str, Any]] = {
            logical_id: definition
            for logical_id, definition in every.items()
            if not definition.get("Condition") or self.conditions.get(definition["Condition"], True)
        }

    def needs(self) -> dict[str, set[str]]:
        """What each resource references or depends on."""
        return {logical_id: self.needs_of(logical_id) for logical_id in self.resources}

    def needs_of(self, logical_id: str) -> set[str]:
        """What one resource references or depends on."""
        definition, names = self.resources[logical_id], set(self.resources)
        return set(ministack.engine._extract_deps(definition, names)) - {logical_id}

    def imports_of(self, raw: Any, stack: StackRecord) -> set[str]:
        """The names of the exports that ``raw`` imports; of an Fn::If only the branch that is taken."""
        if isinstance(raw, Mapping):
            if set(raw) == {"Fn::ImportValue"}:
                return {str(self.value(raw["Fn::ImportValue"], stack.resources, stack))}
            if set(raw) == {"Fn::If"}:
                condition, if_true, if_false = raw["Fn::If"]
                return self.imports_of(if_true if self.conditions.get(condition) else if_false, stack)
            raw = list(raw.values())
        if isinstance(raw, list):
            return {name for one in raw for name in self.imports_of(one, stack)}
        return set()

    def in_order(self) -> list[str]:
        """The resources, each after what it needs. Raises ValueError for a circle."""
        ordered: list[str] = ministack.engine._topological_sort(
            self.template.get("Resources", {}), self.conditions
        )
        return ordered

    def policy(self, logical_id: str, attribute: str, stack: StackRecord) -> str:
        """DeletionPolicy or UpdateReplacePolicy of a resource: Delete, Retain, RetainExceptOnCreate or
        Snapshot."""
        return str(
            ministack.stacks._resource_policy(
                self.resources.get(logical_id),
                attribute,
                stack.resources,
                self.parameters,
                self.conditions,
                self.mappings,
                stack.name,
                stack.id,
            )
        )

    def value(self, raw: Any, resources: Mapping[str, Any], stack: StackRecord) -> Any:
        """``raw`` with its intrinsic functions resolved."""
        try:
            return ministack.engine._resolve_refs(
                copy.deepcopy(raw),
                resources,
                self.parameters,
                self.conditions,
                self.mappings,
                stack.name,
                stack.id,
            )
        except ValueError as error:
            raise ValueError(_vendor_message(str(error), raw, resources)) from error

    def resolve(
        self,
        logical_id: str,
        stack: StackRecord,
        before: Mapping[str, Any] | None,
        same_inputs: bool,
        same_self: bool,
    ) -> Resolved:
        """The properties of a resource, with those it needs in place.

        ``same_inputs``, ``same_self``: whether template and parameters, and the resource's own definition,
        are those of the last operation, on which it depends which dynamic references are looked up again.
        """
        definition = self.resources[logical_id]
        properties = self.value(definition.get("Properties", {}) or {}, stack.resources, stack)
        kept = {name: value for name, value in properties.items() if value is not ministack.engine._NO_VALUE}
        kept, dynamic = ministack.engine._resolve_dynamic_references(
            kept, (before or {}).get("_dynamic"), reuse_ssm=same_inputs, reuse_secrets=same_self
        )
        return Resolved(kept, self.tagged(logical_id, kept, stack.tags, stack), dynamic)

    def tagged(
        self, logical_id: str, properties: Mapping[str, Any], tags: list[dict[str, str]], stack: StackRecord
    ) -> dict[str, Any]:
        """``properties`` with the stack's tags, where the type has any."""
        tagged: dict[str, Any] = ministack.provisioners._with_stack_tags(
            type_of(self.resources.get(logical_id, {})),
            dict(properties),
            tags,
            stack.name,
            stack.id,
            logical_id,
        )
        return tagged

    def outputs(self, stack: StackRecord, resources: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The outputs and the exports. Raises ValueError for one that can't be resolved."""
        declared = self.template.get("Outputs", {}) or {}
        try:
            outputs, exports = ministack.stacks._resolve_stack_outputs(
                declared, self.conditions, resources, self.parameters, self.mappings, stack.name, stack.id
            )
        except ValueError as error:
            raise ValueError(_vendor_message(str(error), declared, resources)) from error
        return outputs, exports


def type_of(definition: Mapping[str, Any]) -> str:
    """The type that a definition declares."""
    return str(definition.get("Type", CUSTOM_RESOURCE))


def _vendor_message(message: str, raw: Any, resources: Mapping[str, Any]) -> str:
    """For Fn::GetAtt of a key that a custom resource's Data has not, what CloudFormation says (reported in
    live-streaming-on-aws 8 and elsewhere); any other message as it is."""
    for logical_id, key in ministack.engine._intrinsic_references(raw):
        resource = resources.get(logical_id)
        if resource is None or key is None or not is_custom(str(resource.get("ResourceType", ""))):
            continue
        if message == ministack.engine._unknown_attribute_message(resource, logical_id, key):
            return (
                f"CustomResource attribute error: Vendor response doesn't contain {key} key in object "
                f"{resource.get('PhysicalResourceId')} in S3 bucket cloudformation-custom-resource-storage"
            )
    return message
