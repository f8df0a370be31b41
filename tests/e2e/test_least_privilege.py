"""G11 by evidence: the calls that the role really makes, held against what the templates grant, both ways."""

from __future__ import annotations

import json

import pytest
from harness import Deployment
from iam_statements import Statements
from role_evidence import Grant, denied, needless_grants, needless_wildcards
from stack_events import events_of, physical_ids
from stacks import models
from synthesized_role import deployed_values, synthesized_statements

from rekognition_running_model import Replacement
from running_model_handler.core.claim import Holder, Owner, claim_tags
from running_model_handler.core.names import Tag
from running_model_handler.core.units import InferenceUnits

pytestmark = pytest.mark.e2e

FUNCTION_SECONDS = 10
USED_BY_LAMBDA_ITSELF = ("logs:CreateLogStream", "logs:PutLogEvents")
"""Lambda writes a function's log with its role; the embedded one prints to a file."""


def wait_for_late_duplicate(deployment: Deployment, request_type: str) -> None:
    """Wait until a request of a type was delivered twice and nothing works on it any more."""

    def over() -> bool:
        runs = deployment.invocations(request_type)
        return len({run.invocation_id for run in runs}) < len(runs) and all(run.ended_at for run in runs)

    deployment.wait_for(f"the late duplicate of the {request_type} and its end", over)


def in_another_project(deployment: Deployment, name: str) -> str:
    """A trained model of a project that the stack has not declared anything of."""
    project = deployment.rekognition.add_project(f"{deployment.name}-{name}")
    return deployment.rekognition.add_version(project, name)


def a_create_that_fails(deployment: Deployment) -> None:
    """The claim of a stack that is gone is taken over, but the model does not start.

    It is all over before policies see the new claim: permissions by tag become visible with delay (IAM guide,
    troubleshoot), so that the model has to be started, stopped and released by its ARN.
    """
    account = f"{deployment.aws.region}:{deployment.aws.account}"
    gone = f"arn:aws:cloudformation:{account}:stack/Gone/00000000-0000-0000-0000-000000000000"
    tags = claim_tags(Owner(gone, "Model"), Holder(1_700_000_000.0, InferenceUnits(1)), None)
    orphan = deployment.model("orphan", start_outcome="FAILED", tags=tags)
    deployment.rekognition.faults.stale_authorization_seconds = 300.0
    assert deployment.deploy(models(orphan)).code != 0
    deployment.rekognition.faults.stale_authorization_seconds = 0.0
    assert Tag.STACK_ID not in deployment.rekognition.tags(orphan)


def a_replacement_with_every_event_doubled(deployment: Deployment, old: str, new: str) -> None:
    """A start with a hand-over, another model, and the clean-up of the first; each event comes late again."""
    deployment.aws.set_switches(duplicate_deliveries=1, duplicate_delay_seconds=12.0)
    try:
        assert deployment.deploy(models(old, function_seconds=FUNCTION_SECONDS)).code == 0
        wait_for_late_duplicate(deployment, "Create")
        assert deployment.deploy(models(new, function_seconds=FUNCTION_SECONDS)).code == 0
        for request_type in ("Update", "Delete"):
            wait_for_late_duplicate(deployment, request_type)
    finally:
        # With the stack goes the role: what is delivered after it could only be denied.
        deployment.aws.set_switches(duplicate_deliveries=0, duplicate_delay_seconds=0.0)
    assert deployment.rekognition.status(old) == "STOPPED"


def a_replacement_that_turns_back(deployment: Deployment, former: str) -> None:
    """STOP_FIRST: the new model does not start, and the former one is started again, by its tag alone."""
    broken = deployment.model("broken", start_outcome="FAILED")
    assert deployment.deploy(models(broken, replacement=Replacement.STOP_FIRST)).code != 0
    deployment.wait_for_stack("UPDATE_ROLLBACK_COMPLETE")
    assert deployment.rekognition.status(former) == "RUNNING"


def synthesized(deployment: Deployment) -> set[Statements]:
    """What the templates that were deployed grant, as it reads in each stack of that name."""
    templates = [
        json.loads((assembly / f"{deployment.name}.template.json").read_text())
        for assembly in deployment.assemblies
    ]
    stacks = physical_ids(events_of(deployment.aws, deployment.name))
    return {
        synthesized_statements(template, deployed_values(template, stack_id, ids))
        for template in templates
        for stack_id, ids in stacks.items()
    }


@pytest.mark.long
def test_nothing_lacks_and_nothing_is_too_much(deployment: Deployment) -> None:
    """G11: each call is granted, with its resource and its conditions, by what is in force when it is made.

    And each action of each statement, and each of its wildcards, is needed by a call of this one life.
    """
    first = deployment.model("first", start_seconds=12.0)
    second = in_another_project(deployment, "second")
    a_create_that_fails(deployment)
    a_replacement_with_every_event_doubled(deployment, first, second)
    a_replacement_that_turns_back(deployment, second)
    assert deployment.destroy().code == 0

    assert deployment.roles_in_force().ever() <= synthesized(deployment)
    evidence = deployment.role_evidence()
    assert denied(evidence) == []
    assert needless_grants(evidence) == [Grant("WriteLog", action) for action in USED_BY_LAMBDA_ITSELF]
    assert needless_wildcards(evidence) == ["WriteLog"]
