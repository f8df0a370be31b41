"""The statements that a synthesized template gives to roles, with its intrinsic functions resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from iam_statements import Statements, read

POLICY_TYPES: Final = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")

Values = Mapping[str, str]
"""What Ref gives, by logical id or pseudo parameter, and what GetAtt gives, by ``LogicalId.Attribute``."""


class Unresolved(ValueError):
    """A template refers to something of which no value is given, or by a function that is not known."""


_ARNS: Final = {
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{id}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{id}:*",
}
"""What GetAtt Arn gives for the resources that a policy of ours names."""


def deployed_values(
    template: Mapping[str, Any], stack_id: str, physical_ids: Mapping[str, str] | None = None
) -> Values:
    """What references become in a stack; a resource without a physical id is called by its logical id."""
    _, partition, _, region, account, _ = stack_id.split(":", 5)
    values = {
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::AccountId": account,
        "AWS::StackId": stack_id,
    }
    for logical_id, resource in template["Resources"].items():
        physical_id = (physical_ids or {}).get(logical_id, logical_id)
        values[logical_id] = physical_id
        if resource["Type"] in _ARNS:
            arn = _ARNS[resource["Type"]].format(region=region, account=account, id=physical_id)
            values[f"{logical_id}.Arn"] = arn
    return values


def synthesized_statements(template: Mapping[str, Any], values: Values) -> Statements:
    """The statements of all policies of a template, in its order."""
    return tuple(
        statement
        for resource in template["Resources"].values()
        if resource["Type"] in POLICY_TYPES
        for statement in read(resolved(resource["Properties"]["PolicyDocument"], values))
    )


def resolved(value: Any, values: Values) -> Any:
    """A part of a template as CloudFormation sees it when it is deployed."""
    if isinstance(value, list):
        return [resolved(item, values) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return _value(str(argument), values)
        if name == "Fn::GetAtt":
            return _value(".".join(argument) if isinstance(argument, list) else argument, values)
        if name == "Fn::Join":
            separator, parts = argument
            return str(separator).join(resolved(parts, values))
        if name.startswith("Fn::"):
            raise Unresolved(f"{name} is not known")
    return {name: resolved(item, values) for name, item in value.items()}


def _value(name: str, values: Values) -> str:
    if name not in values:
        raise Unresolved(f"no value for {name}")
    return values[name]
