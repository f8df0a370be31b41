"""The evaluator of policies: what decides over the evidence has to be right itself (G11)."""

from __future__ import annotations

from typing import Any

import pytest
from iam_statements import Call, UnknownPolicyLanguage, allows, read
from synthesized_role import Unresolved, resolved

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"


def decides(call: Call, *statements: dict[str, Any]) -> bool:
    """The decision on a call by statements that allow on everything, unless they say otherwise."""
    document = {
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **one} for one in statements]
    }
    return allows(read(document), call)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("sns:Publish", True),
        ("SNS:publish", True),
        ("sns:P*h", True),
        ("sns:Publis?", True),
        ("sns:Publis", False),
        ("sns:Publish?", False),
        ("sqs:*", False),
        ("sns.Publish", False),
    ],
)
def test_actions(pattern: str, matches: bool) -> None:
    """Wildcards anywhere, without regard to case, and nothing that is merely a regular expression."""
    assert decides(Call("sns:Publish", TOPIC), {"Action": ["x:Y", pattern]}) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (TOPIC, True),
        (TOPIC.upper(), False),
        ("arn:aws:sns:*:*:alar?s", True),
        ("arn:aws:sns:*:alarms", False),
        ("arn:aws:sns:*", False),
        ("*", True),
        (f"{TOPIC}:*", False),
    ],
)
def test_resources(pattern: str, matches: bool) -> None:
    """With regard to case, and no wildcard reaches into the next part of the ARN."""
    assert decides(Call("sns:Publish", TOPIC), {"Resource": [pattern]}) is matches


@pytest.mark.parametrize(
    ("operator", "expected", "keys", "holds"),
    [
        ("StringEquals", "mine", {"aws:ResourceTag/Owner": "mine"}, True),
        ("StringEquals", "mine", {"AWS:resourcetag/owner": "mine"}, True),
        ("StringEquals", "mine", {"aws:ResourceTag/Owner": "Mine"}, False),
        ("StringEquals", "m*", {"aws:ResourceTag/Owner": "mine"}, False),
        ("StringEquals", ["a", "mine"], {"aws:ResourceTag/Owner": "mine"}, True),
        ("StringEquals", "mine", {}, False),
        ("StringEquals", "mine", {"aws:ResourceTag/Other": "mine"}, False),
        ("StringEqualsIfExists", "mine", {}, True),
        ("StringEqualsIfExists", "mine", {"aws:ResourceTag/Owner": "yours"}, False),
        ("StringLike", "m?n*", {"aws:ResourceTag/Owner": "mine"}, True),
        ("StringLike", "m?", {"aws:ResourceTag/Owner": "mine"}, False),
    ],
)
def test_conditions_on_one_value(operator: str, expected: Any, keys: dict[str, str], holds: bool) -> None:
    """Any of the values will do; without the key only IfExists holds."""
    condition = {operator: {"aws:ResourceTag/Owner": expected}}
    assert decides(Call("sns:Publish", TOPIC, keys), {"Condition": condition}) is holds


@pytest.mark.parametrize(
    ("given", "holds"),
    [(["own:a", "own:b"], True), (["own:a", "other"], False), (["other"], False), ([], True), (None, True)],
)
def test_conditions_on_all_values(given: list[str] | None, holds: bool) -> None:
    """Every given key has to match; where there is none, ForAllValues holds."""
    condition = {"ForAllValues:StringLike": {"aws:TagKeys": ["own:*", "mine"]}}
    call = Call("sns:TagResource", TOPIC, {} if given is None else {"aws:TagKeys": given})
    assert decides(call, {"Condition": condition}) is holds


def test_every_condition_has_to_hold() -> None:
    """Operators and keys are joined by and."""
    condition = {"StringEquals": {"a": "1", "b": "2"}, "StringLike": {"c": "3*"}}
    keys: dict[str, str | list[str]] = {"a": "1", "b": "2", "c": "33"}
    assert decides(Call("sns:Publish", TOPIC, keys), {"Condition": condition})
    for key in keys:
        changed = Call("sns:Publish", TOPIC, {**keys, key: "9"})
        assert not decides(changed, {"Condition": condition}), key


def test_a_denial_wins() -> None:
    """Whatever else allows the call; and where nothing allows it, it is denied."""
    call = Call("sns:Publish", TOPIC)
    assert decides(call, {})
    assert not decides(call, {}, {"Effect": "Deny"})
    assert decides(call, {}, {"Effect": "Deny", "Action": "sns:Subscribe"})
    assert not decides(call, {"Effect": "Deny", "Action": "sns:Subscribe"})


@pytest.mark.parametrize(
    "statement",
    [
        {"NotAction": "sns:Publish"},
        {"NotResource": TOPIC},
        {"Principal": "*"},
        {"Effect": "allow"},
        {"Condition": {"StringNotEquals": {"a": "1"}}},
        {"Condition": {"ForAnyValue:StringLike": {"a": "1"}}},
        {"Condition": {"Null": {"a": "true"}}},
        {"Resource": "arn:aws:sns:*:*:${aws:username}"},
        {"Resource": {"Ref": "Topic"}},
    ],
    ids=str,
)
def test_fails_when_a_policy_uses_what_is_not_evaluated(statement: dict[str, Any]) -> None:
    """A policy is never judged by a guess."""
    with pytest.raises(UnknownPolicyLanguage):
        decides(Call("sns:Publish", TOPIC), statement)


def test_fails_when_one_value_is_asked_of_a_list() -> None:
    """AWS's answer to that would be a surprise, too."""
    with pytest.raises(UnknownPolicyLanguage, match="several values"):
        decides(Call("a:B", TOPIC, {"k": ["1"]}), {"Condition": {"StringEquals": {"k": "1"}}})


def test_references_in_a_template() -> None:
    """Ref, GetAtt and Join become what they stand for; what is not known is no guess either."""
    values = {"AWS::Region": "eu-west-1", "Topic.Arn": TOPIC}
    joined = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Region"}, ":x"]]}
    assert resolved({"a": [joined, {"Fn::GetAtt": ["Topic", "Arn"]}], "b": 1}, values) == {
        "a": ["arn:eu-west-1:x", TOPIC],
        "b": 1,
    }
    for unknown in ({"Ref": "Queue"}, {"Fn::GetAtt": ["Topic", "Name"]}, {"Fn::Sub": "${AWS::Region}"}):
        with pytest.raises(Unresolved):
            resolved(unknown, values)
