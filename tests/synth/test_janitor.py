"""The janitor's stack: what it is made of, what it may do, and what it says of bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Annotations, Match, Template
from iam_statements import Call, Statements, allows
from synth_examples import ARN
from synthesized_role import deployed_values, synthesized_statements
from test_packs import acknowledged, findings, report

from rekognition_running_model import RunningModel, RunningModelJanitor
from running_model_handler.core.names import Tag

ACCOUNT = "eu-west-1:123456789012"
STACKS = f"arn:aws:cloudformation:{ACCOUNT}:stack"
STACK = f"{STACKS}/Janitor/1-2-3"
CLAIM = f"aws:ResourceTag/{Tag.STACK_ID}"
ELSEWHERE = STACK.replace("123456789012", "999999999999")
CLAIMED = {CLAIM: f"{STACKS}/Parts/4-5-6"}
PROJECT = f"{ARN.partition('/version/')[0]}/1627000000000"
FUNCTION = f"arn:aws:lambda:{ACCOUNT}:function:JanitorFunction820277F8"
LOGS = f"arn:aws:logs:{ACCOUNT}:log-group:JanitorLogs59EE4870:log-stream:1"


@cache
def template(**options: Any) -> dict[str, Any]:
    """The janitor's stack."""
    stack = Stack(App(), "Janitor")
    RunningModelJanitor(stack, "Janitor", **options)
    return dict(Template.from_stack(stack).to_json())


def of_type(kind: str, **options: Any) -> list[dict[str, Any]]:
    """The resources of a type, their properties."""
    return [each["Properties"] for each in template(**options)["Resources"].values() if each["Type"] == kind]


def test_it_is_made_of_eight_resources() -> None:
    """A function with its role, policy, log group and settings, a schedule with its role and policy."""
    assert sorted(each["Type"] for each in template()["Resources"].values()) == [
        "AWS::IAM::Policy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::Role",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::Scheduler::Schedule",
    ]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_schedule_wakes_it_every_ten_minutes(dry_run: bool) -> None:
    """And tells it whether to stop what it finds; in the words that the function reads."""
    (schedule,) = of_type("AWS::Scheduler::Schedule", dry_run=dry_run)
    assert schedule["ScheduleExpression"] == "rate(10 minutes)"
    assert json.loads(schedule["Target"]["Input"]) == {"Stops": not dry_run}
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    trust = [role["AssumeRolePolicyDocument"]["Statement"][0] for role in of_type("AWS::IAM::Role")]
    (scheduler,) = [each for each in trust if each["Principal"] == {"Service": "scheduler.amazonaws.com"}]
    assert scheduler["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_its_handler_is_in_the_package() -> None:
    """The same asset as that of models, so an app uploads one."""
    app = App()
    RunningModelJanitor(Stack(app, "Janitor"), "Janitor")
    RunningModel(Stack(app, "Parts"), "Model", project_version_arn=ARN)
    folder = Path(app.synth().directory)
    (package,) = folder.glob("asset.*/")
    (function,) = of_type("AWS::Lambda::Function")
    module, _, name = function["Handler"].rpartition(".")
    source = (package / Path(*module.split("."))).with_suffix(".py").read_text()
    assert f"def {name}(" in source


@cache
def role() -> Statements:
    """What all its policies allow together."""
    return synthesized_statements(template(), deployed_values(template(), STACK))


@pytest.mark.parametrize(
    "call",
    [
        Call("rekognition:StopProjectVersion", ARN, CLAIMED),
        Call("rekognition:ListTagsForResource", ARN),
        Call("rekognition:DescribeProjects", "*"),
        Call("rekognition:DescribeProjectVersions", PROJECT),
        Call("cloudformation:DescribeStackEvents", f"{STACKS}/Parts/4-5-6"),
        Call("cloudformation:DescribeStackResource", f"{STACKS}/Parts/4-5-6"),
        Call("lambda:InvokeFunction", FUNCTION),
        Call("logs:PutLogEvents", LOGS),
    ],
    ids=lambda call: call.action,
)
def test_g11_what_it_needs_is_allowed(call: Call) -> None:
    """G11: each by a statement of its own."""
    assert allows(role(), call)


@pytest.mark.parametrize(
    "call",
    [
        *(
            Call(f"rekognition:{action}", ARN, keys)
            for action in ("StartProjectVersion", "TagResource", "UntagResource", "DeleteProjectVersion")
            for keys in ({}, CLAIMED)
        ),
        Call("rekognition:StopProjectVersion", ARN),
        Call("rekognition:StopProjectVersion", ARN, {CLAIM: ""}),
        Call("rekognition:StopProjectVersion", ARN, {CLAIM: "mine"}),
        Call(
            "rekognition:StopProjectVersion",
            ARN,
            {CLAIM: f"arn:aws:cloudformation:eu-west-1:{9:012}:stack/a/1"},
        ),
        Call("rekognition:StopProjectVersion", ARN, {"aws:ResourceTag/stack-id": CLAIMED[CLAIM]}),
        Call("rekognition:StopProjectVersion", ARN.replace("eu-west-1", "eu-west-2"), CLAIMED),
        Call("rekognition:StopProjectVersion", PROJECT, CLAIMED),
        Call("cloudformation:DeleteStack", f"{STACKS}/Parts/4-5-6"),
        Call("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:other"),
        Call("logs:PutLogEvents", LOGS.replace("JanitorLogs", "Other")),
    ],
    ids=lambda call: f"{call.action} {list(call.keys.values())}",
)
def test_g11_what_it_must_not_do_is_denied(call: Call) -> None:
    """G11: it starts nothing, changes no tag, and stops nothing without a claim of this place."""
    assert not allows(role(), call)


def test_a_second_one_in_a_stack_is_refused(stack: Stack) -> None:
    """With both paths, and the way out."""
    RunningModelJanitor(stack, "Janitor")
    with pytest.raises(ValueError, match=r"^Parts/Second: .* beside Parts/Janitor; take .*for example"):
        RunningModelJanitor(stack, "Second")


def test_one_in_each_stack_is_fine() -> None:
    """For several Regions."""
    app = App()
    for name in ("One", "Two"):
        RunningModelJanitor(Stack(app, name), "Janitor")


def test_one_that_takes_the_place_of_another_is_no_second_one(stack: Stack) -> None:
    """As where an app takes out what a library has made."""
    RunningModelJanitor(stack, "Janitor")
    stack.node.try_remove_child("Janitor")
    RunningModelJanitor(stack, "Own")
    assert len(Template.from_stack(stack).find_resources("AWS::Lambda::Function")) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"dry_run": "yes"},
            "Parts/Janitor: dry_run must be True or False, got 'yes'; for example dry",
        ),
        ({"managed_policies_only": 1}, "managed_policies_only must be True or False"),
        ({"log_retention": 30}, "log_retention must be one of logs.RetentionDays"),
        ({"permissions_boundary": "team"}, "permissions_boundary must be a managed policy"),
        ({"architecture": "arm64"}, "architecture must be one of"),
    ],
)
def test_bad_input_is_named(stack: Stack, options: dict[str, Any], words: str) -> None:
    """With the construct, the property, what was given, and an example."""
    with pytest.raises(ValueError, match=words):
        RunningModelJanitor(stack, "Janitor", **options)


def test_no_scope_is_named() -> None:
    """As for every construct of ours."""
    with pytest.raises(ValueError, match="scope must be a Stack"):
        RunningModelJanitor(App(), "Janitor")


def test_the_rules_of_an_account(stack: Stack, resources: Callable[[Stack, str], dict[str, Any]]) -> None:
    """No inline policy, a boundary on both roles, another architecture and retention."""
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "team-boundary")
    RunningModelJanitor(
        stack,
        "Janitor",
        managed_policies_only=True,
        permissions_boundary=boundary,
        architecture=lambda_.Architecture.X86_64,
        log_retention=logs.RetentionDays.ONE_YEAR,
    )
    assert resources(stack, "AWS::IAM::Policy") == {}
    assert len(resources(stack, "AWS::IAM::ManagedPolicy")) == 2
    roles = resources(stack, "AWS::IAM::Role").values()
    assert len(roles) == 2
    assert all("team-boundary" in str(role["Properties"]["PermissionsBoundary"]) for role in roles)
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    assert function["Properties"]["Architectures"] == ["x86_64"]
    (group,) = resources(stack, "AWS::Logs::LogGroup").values()
    assert group["Properties"]["RetentionInDays"] == 365


@pytest.mark.xdist_group("packs")
def test_packs_of_cdk_nag_find_nothing_that_is_not_acknowledged(tmp_path: Path) -> None:
    """And what they find is acknowledged with its reason."""
    app = App(outdir=str(tmp_path))
    RunningModelJanitor(Stack(app, "Janitor"), "Janitor")
    reports = report(app)
    assert list(findings(reports)) == []
    assert acknowledged(reports)["AwsSolutions"] == {"IAM5"}


def test_a_janitor_that_is_never_woken_is_said() -> None:
    """By an aspect that disables schedules."""
    stack = Stack(App(), "Janitor")
    rounds = RunningModelJanitor(stack, "Janitor").node.find_child("Rounds")
    assert isinstance(rounds, CfnResource)
    rounds.add_property_override("State", "DISABLED")
    words = Match.string_like_regexp("Janitor/Rounds is disabled.*rekognition-running-model:asleep")
    Annotations.from_stack(stack).has_warning("/Janitor/Janitor", words)


def test_one_that_is_woken_is_not() -> None:
    """Nothing is said of it."""
    stack = Stack(App(), "Janitor")
    RunningModelJanitor(stack, "Janitor")
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("asleep")) == []


def test_grants_to_its_function_reach_its_role() -> None:
    """Nothing that an app adds is lost."""
    stack = Stack(App(), "Janitor")
    janitor = RunningModelJanitor(stack, "Janitor")
    janitor.function.add_to_role_policy(iam.PolicyStatement(actions=["xray:Put*"], resources=["*"]))
    assert "xray:Put*" in json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))
