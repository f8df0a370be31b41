"""G11 by evidence: the calls that the role really makes, held against what the template grants."""

from __future__ import annotations

import json
from typing import Any

import pytest
from harness import Deployment
from stacks import models

pytestmark = pytest.mark.e2e

USED_BY_LAMBDA_ITSELF = {"logs:CreateLogStream", "logs:PutLogEvents"}


def granted(deployment: Deployment) -> set[str]:
    """The actions of every policy in the deployed template."""
    assert deployment.assembly is not None
    template = json.loads((deployment.assembly / f"{deployment.name}.template.json").read_text())
    statements: list[dict[str, Any]] = [
        statement
        for resource in template["Resources"].values()
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]
    actions: set[str] = set()
    for statement in statements:
        named = statement["Action"]
        actions |= {named} if isinstance(named, str) else set(named)
    return actions


def wait_for_late_duplicate(deployment: Deployment, request_type: str) -> None:
    """Wait until a request of a type was delivered twice and nothing works on it any more."""

    def over() -> bool:
        runs = deployment.invocations(request_type)
        return len({run.invocation_id for run in runs}) < len(runs) and all(run.ended_at for run in runs)

    deployment.wait_for(f"the late duplicate of the {request_type} and its end", over)


def test_every_granted_action_is_used_and_every_call_is_granted(deployment: Deployment) -> None:
    """A life with a hand-over, a replacement, late duplicates and a deletion uses each grant, and no more."""
    old, new = deployment.model("v1", start_seconds=12.0), deployment.model("v2")
    deployment.aws.set_switches(duplicate_deliveries=1, duplicate_delay_seconds=12.0)
    try:
        assert deployment.deploy(models(old, function_seconds=10)).code == 0
        wait_for_late_duplicate(deployment, "Create")
        assert deployment.deploy(models(new, function_seconds=10)).code == 0
        for request_type in ("Update", "Delete"):
            wait_for_late_duplicate(deployment, request_type)
        grants = granted(deployment)
        # With the stack goes the role: what is delivered after it could only be denied.
        deployment.aws.set_switches(duplicate_deliveries=0, duplicate_delay_seconds=0.0)
        assert deployment.destroy().code == 0
    finally:
        deployment.aws.set_switches(duplicate_deliveries=0, duplicate_delay_seconds=0.0)
    assert deployment.actions() == grants - USED_BY_LAMBDA_ITSELF
    assert [call for call in deployment.role_calls() if not call.allowed] == []
