"""Statements for people who make roles by hand, before the stack that they are for.

What CloudFormation decides only when it deploys becomes a wildcard, as narrow as it can be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aws_cdk import Stack, Token

from rekognition_running_model._tokens import is_dynamic_reference

_NAME_CHARACTERS: Final = 16
"""CloudFormation begins the names that it makes with the stack's, and shortens long ones."""


def policy_document(statements: Iterable[Mapping[str, Any]], stack: Stack, arns: Mapping[str, str]) -> str:
    """An IAM policy document, as JSON.

    ``arns`` says how the ARNs of resources of the stack begin, by logical id; ``{here}`` in them stands for
    Region and account.
    """
    text = _Text(stack, arns)
    document = {"Version": "2012-10-17", "Statement": [text.statement(one) for one in statements]}
    return json.dumps(document, indent=2)


class _Text:
    """Resolves CloudFormation's references as far as they are known at synth."""

    def __init__(self, stack: Stack, arns: Mapping[str, str]) -> None:
        region, account, name = (
            "*" if Token.is_unresolved(value) else value
            for value in (stack.region, stack.account, stack.stack_name)
        )
        partition = (
            "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
        )
        self._values = {
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::StackId": f"arn:{partition}:cloudformation:{region}:{account}:stack/{name}/*",
        }
        start = name[:_NAME_CHARACTERS].rstrip("*") + "*"
        self._arns = {
            logical_id: arn.format(partition=partition, here=f"{region}:{account}", start=start)
            for logical_id, arn in arns.items()
        }

    def statement(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        """One statement; what has become a wildcard is compared as one."""
        known = {key: self._known(value) for key, value in statement.items()}
        if "Condition" in known:
            known["Condition"] = _with_patterns(known["Condition"])
        return known

    def _known(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._known(item) for item in value]
        if is_dynamic_reference(value):
            # CloudFormation alone would read it.
            return "*"
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._values.get(argument, "*")
            if name == "Fn::GetAtt":
                return self._arns.get(argument[0], "*")
            if name == "Fn::Join":
                return str(argument[0]).join(self._known(argument[1]))
            if name.startswith("Fn::"):
                return "*"
        return {key: self._known(item) for key, item in value.items()}


def _with_patterns(conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for operator, keys in conditions.items():
        for key, value in keys.items():
            pattern = operator == "StringEquals" and "*" in str(value)
            found.setdefault("StringLike" if pattern else operator, {})[key] = value
    return found
