"""What a synthesized template says of itself: sizes, permissions, functions, state machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MEMORY_MB_DEFAULT = 128
"""Of a Lambda function whose template says nothing."""

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Function:
    """What is billed and logged of a function, by its template."""

    memory_mb: int
    arm: bool
    system_lines: bool
    """Whether Lambda writes START, END and REPORT into its log."""


def resource_count(template: Template) -> int:
    """CloudFormation resources."""
    return len(template["Resources"])


def template_bytes(template: Template) -> int:
    """The size of the template without white space between its tokens."""
    return len(json.dumps(template, separators=(",", ":")).encode())


def functions(template: Template) -> dict[str, Function]:
    """The Lambda functions by logical id."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        properties = resource["Properties"]
        logging_config = properties.get("LoggingConfig", {})
        found[logical_id] = Function(
            memory_mb=int(properties.get("MemorySize", MEMORY_MB_DEFAULT)),
            arm=properties.get("Architectures") == ["arm64"],
            system_lines=logging_config.get("SystemLogLevel", "INFO") != "WARN",
        )
    return found


def custom_resource(template: Template) -> Mapping[str, Any]:
    """The properties of the one custom resource: what its function is told, the token left out."""
    (properties,) = _custom_resources(template)
    return {name: value for name, value in properties.items() if name != "ServiceToken"}


def functions_to_start(template: Template) -> list[str]:
    """The logical ids of the functions on the way from the custom resource's event to the model's start.

    The first is the one that CloudFormation invokes; that of the provider framework invokes another.
    """
    (properties,) = _custom_resources(template)
    way: list[str] = []
    target: Any = properties["ServiceToken"]
    while target is not None:
        way += _referenced(target)
        environment = template["Resources"][way[-1]]["Properties"].get("Environment", {})
        target = environment.get("Variables", {}).get("USER_ON_EVENT_FUNCTION_ARN")
    return way


def _custom_resources(template: Template) -> list[Mapping[str, Any]]:
    resources = template["Resources"].values()
    return [resource["Properties"] for resource in resources if resource["Type"].startswith("Custom::")]


def state_machine_functions(template: Template) -> set[str]:
    """The logical ids of the functions that state machines invoke."""
    named: set[str] = set()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            named |= set(_referenced(resource["Properties"]["DefinitionString"]))
    return named & set(functions(template))


def statements(template: Template) -> list[Mapping[str, Any]]:
    """The statements that allow something to a role, trust policies left out."""
    found: list[Mapping[str, Any]] = []
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        documents = [properties.get("PolicyDocument")] if resource["Type"].startswith("AWS::IAM::") else []
        documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        for document in documents:
            found += [entry for entry in (document or {}).get("Statement", []) if entry["Effect"] == "Allow"]
    return found


def managed_policies(template: Template) -> int:
    """AWS managed policies attached to roles; what they allow does not stand in the template."""
    return sum(
        len(resource.get("Properties", {}).get("ManagedPolicyArns", []))
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    )


def allowed_actions(template: Template) -> set[str]:
    """The different actions that the template's own policies allow."""
    return {action for statement in statements(template) for action in _as_list(statement["Action"])}


def wildcards(template: Template) -> list[str]:
    """Every allowed action on the resource "*", and every action with a "*" in it."""
    found = set()
    for statement in statements(template):
        everything = "*" in _as_list(statement["Resource"])
        found |= {action for action in _as_list(statement["Action"]) if everything or "*" in action}
    return sorted(found)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _referenced(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield str(value["Ref"])
        if "Fn::GetAtt" in value:
            yield str(value["Fn::GetAtt"][0])
        for inner in value.values():
            yield from _referenced(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referenced(inner)
