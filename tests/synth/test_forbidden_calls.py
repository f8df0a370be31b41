"""G11: what the role must not do, by its synthesized statements; each wider role would be noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from iam_statements import Call, ConditionKeys, Statements, allows
from synth_examples import ARN
from synthesized_role import deployed_values, synthesized_statements

from rekognition_running_model import RunningModel
from running_model_handler.core.claim import Owner, holder_key
from running_model_handler.core.names import Tag

ACCOUNT = "eu-west-1:123456789012"
CLOUDFORMATION = f"arn:aws:cloudformation:{ACCOUNT}:stack"
MINE, OTHERS = f"{CLOUDFORMATION}/Parts/1-2-3", f"{CLOUDFORMATION}/Others/4-5-6"
HOLDER = holder_key(Owner(MINE, "Model"))
STACK_KEY, HOLDER_KEY = f"aws:ResourceTag/{Tag.STACK_ID}", f"aws:ResourceTag/{HOLDER}"
OURS = [Tag.STACK_ID, HOLDER, Tag.PROJECT_CREATED, Tag.START_SECONDS]
"""The keys that the function puts on a model, and removes."""
FORMER = ARN.replace("parts", "former")
ELSEWHERE = (FORMER.replace("eu-west-1", "eu-west-2"), FORMER.replace("123456789012", "999999999999"))
FUNCTION = f"arn:aws:lambda:{ACCOUNT}:function:RekognitionRunningModelProviderFunction476E70E0"
LOGS = f"arn:aws:logs:{ACCOUNT}:log-group"
PROJECT = ARN.partition("/version/")[0]

STARTS_AND_STOPS = ("StartProjectVersion", "StopProjectVersion")
TAGGING = ("TagResource", "UntagResource")
NOT_OURS: tuple[ConditionKeys, ...] = (
    {},
    {STACK_KEY: OTHERS},
    {STACK_KEY: f"{MINE}4"},
    {STACK_KEY: f"{CLOUDFORMATION}/Parts/*"},
    {HOLDER_KEY: MINE},
    {"aws:ResourceTag/stack-id": MINE, STACK_KEY: ""},
    {f"aws:RequestTag/{Tag.STACK_ID}": MINE},
)
"""What a model that this stack has never claimed may carry, and what a caller may ask to put on it."""

OTHER_TAGS: tuple[ConditionKeys, ...] = (
    {"aws:TagKeys": ["team"]},
    {"aws:TagKeys": [HOLDER, "team"]},
    {"aws:TagKeys": ["not-rekognition-running-model:holder:x"]},
)
"""What a caller may ask to put or to remove besides our own tags."""

FORBIDDEN = [
    *(
        Call(f"rekognition:{action}", model, {STACK_KEY: MINE, **keys})
        for action in TAGGING
        for model in (ARN, FORMER)
        for keys in OTHER_TAGS
    ),
    *(
        Call(f"rekognition:{action}", FORMER, keys)
        for action in (*STARTS_AND_STOPS, *TAGGING)
        for keys in NOT_OURS
    ),
    *(
        Call(f"rekognition:{action}", model, {STACK_KEY: MINE})
        for action in (*STARTS_AND_STOPS, *TAGGING)
        for model in (
            *ELSEWHERE,
            f"{PROJECT}/1627000000000",
            f"arn:aws:rekognition:{ACCOUNT}:collection/faces",
        )
    ),
    *(
        Call(f"rekognition:{action}", ARN, {STACK_KEY: MINE})
        for action in (
            "DetectCustomLabels",
            "DeleteProjectVersion",
            "CreateProjectVersion",
            "PutProjectPolicy",
        )
    ),
    *(Call("rekognition:ListTagsForResource", model) for model in ELSEWHERE),
    *(Call("rekognition:DescribeProjectVersions", model) for model in ELSEWHERE),
    Call("rekognition:ListTagsForResource", f"arn:aws:rekognition:{ACCOUNT}:collection/faces"),
    Call("rekognition:DeleteProject", f"{PROJECT}/1627000000000"),
    Call("rekognition:CreateProject", "*"),
    *(
        Call(f"cloudformation:{action}", OTHERS)
        for action in ("DescribeStacks", "DescribeStackEvents", "GetTemplate")
    ),
    *(Call(f"cloudformation:{action}", MINE) for action in ("DeleteStack", "DescribeStacks", "UpdateStack")),
    Call("cloudformation:DescribeStackResource", OTHERS.replace("123456789012", "999999999999")),
    Call("cloudformation:DescribeStackResource", OTHERS.replace("eu-west-1", "eu-west-2")),
    Call("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:other"),
    Call("lambda:UpdateFunctionCode", FUNCTION),
    Call("logs:PutLogEvents", f"{LOGS}:other:log-stream:1"),
    Call("logs:CreateLogStream", f"{LOGS}:other:log-stream:1"),
    Call("logs:DeleteLogStream", f"{LOGS}:RekognitionRunningModelProviderLogs06F53B78:log-stream:1"),
    Call("iam:PassRole", "arn:aws:iam::123456789012:role/admin"),
]


@cache
def role() -> Statements:
    """The role of a stack with one model."""
    stack = Stack(App(), "Parts")
    RunningModel(stack, "Model", project_version_arn=ARN)
    template = Template.from_stack(stack).to_json()
    return synthesized_statements(template, deployed_values(template, MINE))


def violations(statements: Statements) -> list[Call]:
    """The forbidden calls that statements allow all the same."""
    return [call for call in FORBIDDEN if allows(statements, call)]


def wider(statements: Statements) -> Iterator[tuple[str, Statements]]:
    """Every role with one thing widened: an action, a resource, or a condition that is gone."""
    for place, one in enumerate(statements):
        before, after = statements[:place], statements[place + 1 :]
        for action in one.actions:
            service = f"{action.partition(':')[0]}:*"
            yield f"{one.sid}: {service}", (*before, replace(one, actions=(service,)), *after)
        for resource in one.resources:
            if resource != "*":
                yield f"{one.sid}: * for {resource}", (*before, replace(one, resources=("*",)), *after)
        for condition in one.conditions:
            left = tuple(each for each in one.conditions if each != condition)
            yield f"{one.sid}: no {condition.key}", (*before, replace(one, conditions=left), *after)


def test_g11_what_must_not_be_allowed() -> None:
    """Others' models, one that nobody has claimed, another account's, other actions, stacks and tags."""
    assert violations(role()) == []


@pytest.mark.parametrize(
    "call",
    [
        *(Call(f"rekognition:{action}", ARN) for action in STARTS_AND_STOPS),
        *(Call(f"rekognition:{action}", FORMER, {STACK_KEY: MINE}) for action in STARTS_AND_STOPS),
        *(Call(f"rekognition:{action}", ARN, {"aws:TagKeys": OURS}) for action in TAGGING),
        *(
            Call(f"rekognition:{action}", FORMER, {STACK_KEY: MINE, "aws:TagKeys": OURS})
            for action in TAGGING
        ),
        Call("cloudformation:DescribeStackEvents", MINE),
        Call("cloudformation:DescribeStackResource", OTHERS),
        Call("lambda:InvokeFunction", FUNCTION),
        Call("logs:PutLogEvents", f"{LOGS}:RekognitionRunningModelProviderLogs06F53B78:log-stream:1"),
    ],
    ids=lambda call: f"{call.action} {call.resource[-30:]}",
)
def test_what_differs_from_the_forbidden_in_one_point_is_allowed(call: Call) -> None:
    """The forbidden calls are denied for the reason that is meant, not for a misspelt name."""
    assert allows(role(), call)


def test_g11_a_wider_role_would_be_noticed() -> None:
    """Each action, resource and condition of the role keeps some forbidden call out."""
    unnoticed = [name for name, statements in wider(role()) if not violations(statements)]
    assert unnoticed == []
