"""The packs of cdk-nag: what they find is acknowledged with its reason, and options take it away."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R4Checks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
from synth_examples import ARN, PROJECT

from rekognition_running_model import RunningModel, RunningModelProvider

pytestmark = pytest.mark.xdist_group("packs")
"""The findings of all packs are made once, in one process."""
PACKS = (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NIST80053R4Checks,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
Finding = tuple[str, str]
"""A rule and the construct that it is about."""


def report(app: App) -> dict[str, Any]:
    """What all packs say of an app, each under its name."""
    Validations.of(app).add_plugins(*(pack(app) for pack in PACKS))
    with contextlib.suppress(RuntimeError):
        app.synth()
    path = Path(app.outdir) / "validation-report.json"
    return {one["pluginName"]: one for one in json.loads(path.read_text())["pluginReports"]}


def findings(reports: dict[str, Any]) -> Iterator[Finding]:
    """What is found and not acknowledged."""
    for one in reports.values():
        for violation in one["violations"]:
            for construct in violation["violatingConstructs"]:
                yield violation["ruleName"], construct["constructPath"]


def acknowledged(reports: dict[str, Any]) -> dict[str, set[str]]:
    """The rules that are acknowledged, by pack, without what each is about."""
    return {
        name: {
            one["ruleName"].partition("[")[0].removeprefix(f"{name}-")
            for one in reports[name].get("suppressedViolations", [])
        }
        for name in reports
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two models, one of them with a look-up, and no option at all."""
    app = App(outdir=str(tmp_path_factory.mktemp("plain")))
    stack = Stack(app, "Parts")
    RunningModel(stack, "Model", project_version_arn=ARN)
    RunningModel(stack, "Other", project_version_arn=ARN.replace("v3", "v4"), max_inference_units=3)
    return report(app)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A provider with everything that the packs ask for."""
    app = App(outdir=str(tmp_path_factory.mktemp("strict")))
    stack = Stack(app, "Parts")
    network = Stack(app, "Network")
    queue = sqs.Queue.from_queue_arn(stack, "Failed", "arn:aws:sqs:eu-west-1:123456789012:failed")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    provider = RunningModelProvider(
        stack,
        "Provider",
        managed_policies_only=True,
        vpc=ec2.Vpc(network, "Vpc", max_azs=1),
        dead_letter_queue=queue,
        on_failure=queue,
        reserved_concurrent_executions=10,
        environment_encryption_key=key,
        log_encryption_key=key,
    )
    RunningModel(stack, "Model", project_version_arn=ARN, project_arn=PROJECT, provider=provider)
    return report(app)


def test_every_pack_has_looked(plain: dict[str, Any], strict: dict[str, Any]) -> None:
    """A report that is not there would be no proof."""
    assert len(plain) == len(strict) == len(PACKS)


def test_nothing_is_found_that_is_not_acknowledged(plain: dict[str, Any]) -> None:
    """As a stack gets it by itself."""
    assert list(findings(plain)) == []


def test_what_is_acknowledged(plain: dict[str, Any]) -> None:
    """Each with its reason; README shows the same table."""
    security = {"CloudWatchLogGroupEncrypted", "IAMNoInlinePolicy", "LambdaInsideVPC"}
    asynchronous = {"LambdaConcurrency", "LambdaDLQ"}
    assert acknowledged(plain) == {
        "AwsSolutions": {"IAM5"},
        "HIPAA.Security": security | asynchronous,
        "NIST.800.53.R4": security,
        "NIST.800.53.R5": security | asynchronous,
        "PCI.DSS.321": security,
        "Serverless": {"LambdaDLQ", "LambdaAsyncFailureDestination", "LambdaTracing"},
    }


def test_options_take_away_what_was_acknowledged(strict: dict[str, Any]) -> None:
    """What stays: wildcards that no ARN can replace, and tracing; the network is not ours."""
    assert [found for found in findings(strict) if not found[1].startswith("Network/")] == []
    assert {name: rules for name, rules in acknowledged(strict).items() if rules} == {
        "AwsSolutions": {"IAM5"},
        "Serverless": {"LambdaTracing"},
    }


def test_the_packs_look_at_all(tmp_path: Path) -> None:
    """The same check finds a wildcard that nobody has acknowledged: it is no empty promise."""
    app = App(outdir=str(tmp_path))
    role = iam.Role(Stack(app, "Parts"), "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:*"], resources=["*"]))
    assert "AwsSolutions-IAM5[Resource::*]" in {rule for rule, _ in findings(report(app))}
