"""Mistakes of newcomers: each error names the construct, the property, the value, the rule, an example."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Annotations as Notes
from aws_cdk import App, Aws, CfnParameter, Duration, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Annotations, Match
from cdk_release import remembers_acknowledgments_of_apps
from synth_examples import ARN, PROJECT

from rekognition_running_model import RunningModel, RunningModelProvider

PATH = "Parts/Detector"


def model(**properties: Any) -> RunningModel:
    """A model with a mistake."""
    given = {"project_version_arn": ARN} | properties
    return RunningModel(Stack(App(), "Parts"), "Detector", **given)


def provider(**properties: Any) -> RunningModelProvider:
    """A provider with a mistake."""
    return RunningModelProvider(Stack(App(), "Parts"), "Detector", **properties)


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "seconds as a number": (
        lambda: model(timeout=120),
        "timeout must be a Duration, got 120; for example timeout=Duration.minutes(30)",
    ),
    "half a second": (
        lambda: model(poll_interval=0.5),
        "poll_interval must be a Duration, got 0.5; for example poll_interval=Duration.seconds(5)",
    ),
    "half a second as a duration": (
        lambda: model(poll_interval=Duration.millis(500)),
        "poll_interval must be whole seconds from 1 to 60 ..., got 500 ms; for example",
    ),
    "a duration as a text": (
        lambda: model(timeout="10m"),
        "timeout must be a Duration, got '10m'; for example",
    ),
    "two hours": (
        lambda: model(timeout=Duration.hours(2)),
        "timeout must be a whole number from 1 to 3300 ..., got 7200; for example timeout=Duration",
    ),
    "the project's ARN": (
        lambda: model(project_version_arn=PROJECT),
        f"project_version_arn must be the ARN of a project version ...not of its project...{ARN}, got ",
    ),
    "the version's name": (
        lambda: model(project_version_arn="parts-v3"),
        f"project_version_arn must be the ARN of a project version ... {ARN}, got 'parts-v3'",
    ),
    "an environment variable that is not set": (
        lambda: model(project_version_arn=None),
        f"project_version_arn must be an ARN like {ARN}, got None",
    ),
    "an ARN with a space behind it": (
        lambda: model(project_version_arn=f"{ARN} "),
        f"project_version_arn must be the ARN of a project version ... got '{ARN} '",
    ),
    "a list of ARNs": (
        lambda: model(project_version_arn=[ARN]),
        f"project_version_arn must be an ARN like {ARN}, got ['",
    ),
    "an ARN as bytes": (
        lambda: model(project_version_arn=ARN.encode()),
        f"project_version_arn must be an ARN like {ARN}, got b'",
    ),
    "a parameter instead of its value": (
        lambda: model(project_version_arn=CfnParameter(Stack(App(), "Other"), "Arn")),
        f"project_version_arn must be a text: ... value_as_string...{ARN}, got 'CfnParameter Other/Arn'",
    ),
    "another model instead of its ARN": (
        lambda: model(project_version_arn=model()),
        f"project_version_arn must be a text: ... project_version_arn...{ARN}, got 'RunningModel Parts",
    ),
    "no replacement": (
        lambda: model(replacement=None),
        "replacement must be Replacement.START_FIRST or ..., got None; for example replacement=",
    ),
    "another project's ARN": (
        lambda: model(project_arn=PROJECT.replace("parts", "others")),
        "project_arn must be the project of the model version, an ARN like ..., got ...; for example proj",
    ),
    "no units": (
        lambda: model(min_inference_units=0),
        "min_inference_units must be a whole number of at least 1 ..., got 0; for example min_inf",
    ),
    "units as a word": (
        lambda: model(min_inference_units="two"),
        "min_inference_units must be a whole number of at least 1 ..., got 'two'; for example",
    ),
    "bounds the wrong way round": (
        lambda: model(min_inference_units=3, max_inference_units=2),
        "max_inference_units must be at least the minimum of 3 ..., got 2; for example max_inference_units=3",
    ),
    "a replacement as a text": (
        lambda: model(replacement="STOP_FIRST"),
        "replacement must be Replacement.START_FIRST or Replacement.STOP_FIRST..., got 'STOP_FIRST'; for exa",
    ),
    "a removal policy as a text": (
        lambda: model(removal_policy="retain"),
        "removal_policy must be RemovalPolicy.DESTROY or ..., got 'retain'; for example removal_policy=",
    ),
    "a flag as a text": (
        lambda: model(check_on_every_deploy="true"),
        "check_on_every_deploy must be True or False, got 'true'; for example check_on_every_deploy=True",
    ),
    "a function's ARN as the provider": (
        lambda: model(provider="arn:aws:lambda:eu-west-1:123456789012:function:f"),
        "provider must be a RunningModelProvider, got 'arn:aws:lambda...'; for example provider=Running",
    ),
    "a grant to an ARN": (
        lambda: model().grant_detect("arn:aws:iam::123456789012:role/x"),  # type: ignore[arg-type]
        "grantee must be a function, a role, ..., got 'arn:aws:iam::123456789012:role/x'; for example model",
    ),
    "a grant to nothing": (
        lambda: model().grant_detect(None),  # type: ignore[arg-type]
        "grantee must be a function, a role, ..., got None; for example model.grant_detect(",
    ),
    "a retention in days": (
        lambda: provider(log_retention=30),
        "log_retention must be one of logs.RetentionDays, got 30; for example",
    ),
    "a role's ARN": (
        lambda: provider(role="arn:aws:iam::123456789012:role/x"),
        "role must be a role of IAM, got 'arn:...'; for example role=iam.Role.from_role_arn(",
    ),
    "a VPC's id": (
        lambda: provider(vpc="vpc-123"),
        "vpc must be a VPC, got 'vpc-123'; for example vpc=ec2.Vpc.from_lookup(",
    ),
    "a queue's name": (
        lambda: provider(dead_letter_queue="failed"),
        "dead_letter_queue must be a queue of SQS, got 'failed'; for example dead_letter_queue=sqs.",
    ),
    "no architecture": (
        lambda: provider(architecture=None),
        "architecture must be one of lambda_.Architecture, got None; for example architecture=lambda_.",
    ),
    "megabytes as a text": (
        lambda: provider(memory_size="256"),
        "memory_size must be a number, not a text, got '256'; for example memory_size=256",
    ),
    "reserved executions as a text": (
        lambda: provider(reserved_concurrent_executions="5"),
        "reserved_concurrent_executions must be a number, not a text, got '5'; for example reserved_conc",
    ),
    "ids of subnets": (
        lambda: provider(vpc_subnets=["subnet-1"]),
        "vpc_subnets must be an ec2.SubnetSelection, got ['subnet-1']; for example vpc=vpc, vpc_subnets=ec2",
    ),
    "a kind of subnets": (
        lambda: provider(vpc_subnets=ec2.SubnetType.PUBLIC),
        "vpc_subnets must be an ec2.SubnetSelection, got <SubnetType.PUBLIC...; for example vpc=vpc, vpc_",
    ),
    "the id of a security group": (
        lambda: provider(security_groups="sg-1"),
        "security_groups must be a list of security groups of EC2, got 'sg-1'; for example vpc=vpc, sec",
    ),
    "ids of security groups": (
        lambda: provider(security_groups=["sg-1"]),
        "security_groups must be a list of security groups of EC2, got ['sg-1']; for example vpc=vpc, sec",
    ),
    "an architecture as a text": (
        lambda: provider(architecture="arm64"),
        "architecture must be one of lambda_.Architecture, got 'arm64'; for example architecture=lambda_.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_fails_when_a_newcomer_errs_in_words_that_help(mistake: str) -> None:
    """One line, with the path of the construct; ``...`` stands for more."""
    make, words = MISTAKES[mistake]
    with pytest.raises(ValueError, match=r"^Parts/Detector: ") as caught:
        make()
    pattern = ".*".join(re.escape(part) for part in words.split("..."))
    assert re.search(pattern, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [RunningModel, RunningModelProvider])
def test_fails_when_there_is_no_stack(kind: Any) -> None:
    """Directly in an app, or in nothing."""
    for scope, name in ((App(), "App"), (None, "NoneType")):
        with pytest.raises(ValueError, match=rf"^Detector: scope must be a Stack.*got {name}; for example"):
            kind(scope, "Detector", **({"project_version_arn": ARN} if kind is RunningModel else {}))


@pytest.mark.parametrize("construct_id", ["", None, 7, Aws.REGION], ids=["", "None", "7", "a token"])
def test_fails_when_the_id_is_none(construct_id: Any) -> None:
    """What is left out, a number, a value that only the deployment knows."""
    words = r"^Parts: construct_id must be a text that is not empty and no token, got .*; for example Running"
    with pytest.raises(ValueError, match=words):
        RunningModel(Stack(App(), "Parts"), construct_id, project_version_arn=ARN)


def test_fails_when_scope_and_id_are_swapped() -> None:
    """Without the address of an object in the words."""
    with pytest.raises(ValueError, match=r'^RunningModel: scope must be a Stack.*got str;.*"Detector"'):
        RunningModel("Detector", Stack(App(), "Parts"), project_version_arn=ARN)  # type: ignore[arg-type]


def test_fails_when_the_region_is_wrong_with_both_ways_out() -> None:
    """Deploy elsewhere, or copy the model."""
    stack = Stack(App(), "Parts", env=Environment(account="123456789012", region="us-east-1"))
    with pytest.raises(ValueError, match=r"Region of its stack, us-east-1; deploy.*eu-west-1 or copy"):
        RunningModel(stack, "Detector", project_version_arn=ARN)


@pytest.mark.parametrize(("low", "high", "said"), [(5, None, 0), (6, None, 1), (1, 6, 1), (2, 5, 0)])
def test_more_units_than_the_quota_are_said_at_once(low: int, high: int | None, said: int) -> None:
    """Five for a model unless raised: a warning, since it may be."""
    found = model(min_inference_units=low, max_inference_units=high)
    warnings = Annotations.from_stack(Stack.of(found)).find_warning(
        f"/{PATH}", Match.string_like_regexp("6 inference units.*Service Quotas.*units-quota")
    )
    assert len(warnings) == said


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("whole_app", [True, False])
def test_what_is_acknowledged_is_not_said(first: bool, whole_app: bool) -> None:
    """In any order, for a stack as README shows it, or for the whole app."""
    app = App()
    stack = Stack(app, "Parts")
    if whole_app and first and not remembers_acknowledgments_of_apps():
        pytest.skip("this release of CDK forgets it")
    where = Notes.of(app if whole_app else stack)
    if first:
        where.acknowledge_warning("rekognition-running-model:units-quota")
    RunningModel(stack, "Detector", project_version_arn=ARN, min_inference_units=6)
    if not first:
        where.acknowledge_warning("rekognition-running-model:units-quota")
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("quota")) == []
