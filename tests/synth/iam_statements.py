"""IAM's decision on one call by the statements of a role, as far as our templates use the language.

A second opinion beside the embedded AWS's evaluator, which is MiniStack's: what neither the template uses nor
this module knows raises, so that a policy is never judged by a guess. Rules: IAM guide,
reference_policies_evaluation-logic and reference_policies_condition_operators.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ConditionKeys = Mapping[str, str | list[str]]

_ARN_PARTS: Final = 5
_KNOWN_ELEMENTS: Final = {"Sid", "Effect", "Action", "Resource", "Condition"}
_IF_EXISTS: Final = "IfExists"
_FOR_ALL: Final = "ForAllValues:"


class UnknownPolicyLanguage(ValueError):
    """A policy uses what this module does not evaluate."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one condition key."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    effect: str = "Allow"


Statements = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What a role asks for: an action on a resource, with the condition keys that hold for it."""

    action: str
    resource: str
    keys: ConditionKeys = field(default_factory=dict)


def read(document: Mapping[str, Any]) -> Statements:
    """The statements of a policy document whose values are all known; raises UnknownPolicyLanguage."""
    return tuple(_statement(entry) for entry in _listed(document["Statement"]))


def allows(statements: Iterable[Statement], call: Call) -> bool:
    """Whether some statement allows the call and none denies it."""
    effects = {statement.effect for statement in statements if applies(statement, call)}
    return effects == {"Allow"}


def applies(statement: Statement, call: Call) -> bool:
    """Whether a statement is about this call: its action, its resource, and every condition."""
    return (
        any(_matches(pattern.lower(), call.action.lower()) for pattern in statement.actions)
        and any(_arn_matches(pattern, call.resource) for pattern in statement.resources)
        and all(holds(condition, call.keys) for condition in statement.conditions)
    )


def holds(condition: Condition, keys: ConditionKeys) -> bool:
    """Whether a condition holds; keys are compared without regard to case, values with."""
    known = {name.lower(): value for name, value in keys.items()}
    value = known.get(condition.key.lower())
    compare = _comparison(condition)
    if condition.operator.startswith(_FOR_ALL):
        # True without the key, too: the reason why ForAllValues alone never requires one.
        return all(compare(one) for one in _listed(value or []))
    if value is None:
        return condition.operator.endswith(_IF_EXISTS)
    if not isinstance(value, str):
        raise UnknownPolicyLanguage(f"{condition.operator} on {condition.key}, which has several values")
    return compare(value)


def _comparison(condition: Condition) -> Callable[[str], bool]:
    operator = condition.operator.removeprefix(_FOR_ALL).removesuffix(_IF_EXISTS)
    if operator == "StringEquals":
        return lambda value: value in condition.values
    if operator == "StringLike":
        return lambda value: any(_matches(pattern, value) for pattern in condition.values)
    raise UnknownPolicyLanguage(f"condition operator {condition.operator}")


def _statement(entry: Mapping[str, Any]) -> Statement:
    unknown = set(entry) - _KNOWN_ELEMENTS
    if unknown or entry.get("Effect") not in ("Allow", "Deny"):
        raise UnknownPolicyLanguage(f"statement with {sorted(unknown) or entry.get('Effect')}")
    conditions = tuple(
        Condition(operator, key, _strings(values))
        for operator, keys in entry.get("Condition", {}).items()
        for key, values in keys.items()
    )
    for condition in conditions:
        _comparison(condition)
    return Statement(
        sid=entry.get("Sid", ""),
        actions=_strings(entry["Action"]),
        resources=_strings(entry["Resource"]),
        conditions=conditions,
        effect=entry["Effect"],
    )


def _strings(value: Any) -> tuple[str, ...]:
    texts = tuple(_listed(value))
    for text in texts:
        if not isinstance(text, str) or "${" in text:
            raise UnknownPolicyLanguage(f"{text!r}, which is not a text, or has a policy variable")
    return texts


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arn_matches(pattern: str, arn: str) -> bool:
    """As IAM compares ARNs: part by part, no wildcard reaches over a colon into the next one."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", _ARN_PARTS), arn.split(":", _ARN_PARTS)
    return len(wanted) == len(given) and all(map(_matches, wanted, given))


def _matches(pattern: str, text: str) -> bool:
    """``*`` is any number of characters, ``?`` one; everything else is itself."""
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
