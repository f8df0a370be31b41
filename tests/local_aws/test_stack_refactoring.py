"""Stack refactoring: custom resources cannot be moved, and what is asked for is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import ROLE, StackWorld

pytestmark = pytest.mark.slow


def refactored(stacks: StackWorld, templates: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Asks for a refactor by templates of stacks; returns its description."""
    definitions = [
        {"StackName": name, "TemplateBody": json.dumps({"Resources": resources})}
        for name, resources in templates.items()
    ]
    made = stacks.cloudformation.create_stack_refactor(Description="tidy <up>", StackDefinitions=definitions)
    described: dict[str, Any] = stacks.cloudformation.describe_stack_refactor(
        StackRefactorId=made["StackRefactorId"]
    )
    return described


@pytest.mark.parametrize("kind", ["Custom::Wish", "AWS::CloudFormation::CustomResource"])
def test_a_custom_resource_is_not_moved(stacks: StackWorld, kind: str) -> None:
    """Neither to another stack nor to another logical id; no request is sent."""
    wish = {**stacks.resource(), "Type": kind}
    source = stacks.created({"A": wish, "Stays": ROLE}, name="source")
    target = stacks.created({"Own": ROLE}, name="target")
    described = refactored(stacks, {source: {"Stays": ROLE}, target: {"Own": ROLE, "A": wish}})
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_FAILED", "UNAVAILABLE")
    assert described["StackIds"] == [source, target]
    assert f"{stacks.name('source')}/A ({kind})" in described["StatusReason"]
    renamed = refactored(stacks, {source: {"B": wish, "Stays": ROLE}})
    assert renamed["StatusReason"].startswith("Custom resources are not supported by stack refactoring")
    with pytest.raises(ClientError, match="cannot be executed"):
        stacks.cloudformation.execute_stack_refactor(StackRefactorId=described["StackRefactorId"])
    assert [one.request_type for one in stacks.requests(source, "A")] == ["Create"]


def test_what_else_is_told(stacks: StackWorld) -> None:
    """Other types, no move at all, and a stack that is not there."""
    source = stacks.created({"Role": ROLE}, name="source")
    reasons = [
        refactored(stacks, {source: {"Other": ROLE}})["StatusReason"],
        refactored(stacks, {source: {"Role": ROLE}})["StatusReason"],
        refactored(stacks, {stacks.name("nowhere"): {"Role": ROLE}})["StatusReason"],
    ]
    assert [reason.partition(":")[0].partition(",")[0] for reason in reasons] == [
        "The embedded AWS does not move resources between stacks",
        "Nothing is moved",
        f"Stack {stacks.name('nowhere')} does not exist",
    ]
    listed = stacks.cloudformation.list_stack_refactors()["StackRefactorSummaries"]
    assert {one["StatusReason"] for one in listed} >= set(reasons)
    assert {one["Description"] for one in listed} == {"tidy <up>"}


def test_an_unknown_refactor(stacks: StackWorld) -> None:
    """It is not found, whatever is asked about it."""
    for ask in ("describe_stack_refactor", "execute_stack_refactor", "list_stack_refactor_actions"):
        with pytest.raises(ClientError, match="StackRefactorNotFoundException"):
            getattr(stacks.cloudformation, ask)(StackRefactorId="none")
