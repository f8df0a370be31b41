"""Deletes: order, failures, a delete during the create, deleted stacks."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from stack_world import PROVIDER_SOURCE, ROLE, StackWorld, until

pytestmark = pytest.mark.slow


def with_own_function(stacks: StackWorld, resources: dict[str, Any]) -> dict[str, Any]:
    """The resources, and a function, its role and its policy in the same stack."""
    return {
        "Role": ROLE,
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "own",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
                },
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Timeout": 20,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": PROVIDER_SOURCE},
            },
        },
    } | {
        name: {
            **one,
            "DependsOn": ["Policy"],
            "Properties": {**one["Properties"], "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}},
        }
        for name, one in resources.items()
    }


def test_dependents_go_first_and_the_rest_side_by_side(stacks: StackWorld) -> None:
    """A delete waits for those that depend on it, and for nothing else."""
    gate = stacks.gate("delete")
    slow = {"wait_for": str(gate)}
    stack_id = stacks.created(
        {
            "Base": stacks.resource(),
            "A": stacks.resource(needs="Base", Delete=slow),
            "B": stacks.resource(needs="Base", Delete=slow),
        }
    )
    stacks.delete(stack_id)
    stacks.request(stack_id, "A", "Delete")
    stacks.request(stack_id, "B", "Delete")
    assert stacks.resource_status(stack_id, "A") == "DELETE_IN_PROGRESS"
    assert [one.request_type for one in stacks.requests(stack_id, "Base")] == ["Create"]
    gate.touch()
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    assert stacks.request(stack_id, "Base", "Delete").outcome == "SUCCESS"


def test_a_failed_delete_does_not_protect_what_it_needs(stacks: StackWorld) -> None:
    """After a failed Delete the policy, the role and the function are deleted all the same."""
    stack_id = stacks.created(with_own_function(stacks, {"A": stacks.resource(Delete={"status": "FAILED"})}))
    function = stacks.detail(stack_id, "Function")["PhysicalResourceId"]
    stacks.delete(stack_id)
    assert stacks.settled(stack_id) == "DELETE_FAILED"
    for name in ("Policy", "Role", "Function"):
        assert stacks.resource_status(stack_id, name) == "DELETE_COMPLETE"
    functions = stacks.aws.client("lambda").list_functions()["Functions"]
    assert function not in {one["FunctionName"] for one in functions}
    assert stacks.stack(stack_id)["StackStatusReason"] == "The following resource(s) failed to delete: [A]. "


def test_a_delete_during_the_create(stacks: StackWorld) -> None:
    """The create is cancelled, its Delete comes with an invented id, and the function goes last."""
    gate = stacks.gate("create")
    stack_id = stacks.create(
        with_own_function(
            stacks, {"A": stacks.resource(Create={"wait_for": str(gate)}, Delete={"seconds": "0.3"})}
        )
    )
    create = stacks.request(stack_id, "A", "Create")
    until(
        "the run",
        lambda: [i for i in stacks.aws.invocations if i.cloudformation_request_id == create.request_id],
    )
    stacks.delete(stack_id)
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    delete = stacks.request(stack_id, "A", "Delete")
    assert (delete.physical_id or "").startswith(f"{stacks.name()}-A-")
    assert delete.outcome == "SUCCESS"
    order = [
        event["LogicalResourceId"]
        for event in stacks.events(stack_id)
        if event["ResourceStatus"] == "DELETE_COMPLETE"
    ]
    assert order.index("A") < order.index("Function") < order.index("Role")
    assert "ROLLBACK_IN_PROGRESS" not in stacks.statuses(stack_id, stacks.name())
    gate.touch()
    late = until("the late answer", lambda: stacks.request(stack_id, "A", "Create").answers)
    assert [answer.verdict for answer in late] == ["ignored"]


def test_a_deleted_stack_is_found_by_its_id(stacks: StackWorld) -> None:
    """A deleted stack and its resources stay visible under the id, also when the name is used again."""
    first = stacks.created({"A": stacks.resource()})
    stacks.delete(first)
    assert stacks.settled(first) == "DELETE_COMPLETE"
    second = stacks.created({"A": stacks.resource()})
    assert stacks.status(first) == "DELETE_COMPLETE"
    assert stacks.resource_status(first, "A") == "DELETE_COMPLETE"
    assert stacks.statuses(first, "A")[-1] == "DELETE_COMPLETE"
    named = stacks.cloudformation.describe_stacks(StackName=stacks.name())["Stacks"]
    assert [stack["StackId"] for stack in named] == [second]


def test_retained_resources_get_no_delete(stacks: StackWorld) -> None:
    """With DeletionPolicy Retain the stack goes and the resource is not asked."""
    stack_id = stacks.created({"A": stacks.resource(attributes={"DeletionPolicy": "Retain"})})
    stacks.delete(stack_id)
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    assert [one.request_type for one in stacks.requests(stack_id, "A")] == ["Create"]
    assert stacks.statuses(stack_id, "A")[-1] == "DELETE_SKIPPED"


def test_a_stack_that_failed_to_delete_can_retain_or_be_forced(stacks: StackWorld) -> None:
    """RetainResources, or FORCE_DELETE_STACK, ends a stack whose resource will not go."""
    stuck = {"A": stacks.resource(Delete={"status": "FAILED"}), "B": stacks.resource()}
    ways: list[dict[str, Any]] = [{"RetainResources": ["A"]}, {"DeletionMode": "FORCE_DELETE_STACK"}]
    for number, options in enumerate(ways):
        stack_id = stacks.created(stuck, name=f"n{number}")
        stacks.delete(stack_id)
        assert stacks.settled(stack_id) == "DELETE_FAILED"
        stacks.cloudformation.delete_stack(StackName=stack_id, **options)
        until("the end", partial(_is_deleted, stacks, stack_id))


def _is_deleted(stacks: StackWorld, stack_id: str) -> bool:
    return stacks.settled(stack_id) == "DELETE_COMPLETE"


def test_nested_stacks(stacks: StackWorld) -> None:
    """A child's resources are made, cancelled with the parent's failure, and deleted with it."""
    gate = stacks.gate("child")
    url = stacks.template_url({"Slow": stacks.resource(Create={"wait_for": str(gate)})})
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    stack_id = stacks.create(
        {"Child": child, "Bad": stacks.resource(Create={"status": "FAILED", "seconds": "1"})}
    )
    create = until("the child's create", lambda: stacks.aws.requests_of("Slow", request_type="Create"))[-1]
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    delete = stacks.request(create.stack_id, "Slow", "Delete")
    assert delete.outcome == "SUCCESS"
    assert "-Slow-" in (delete.physical_id or "")
    assert stacks.status(create.stack_id) == "DELETE_COMPLETE"
    gate.touch()


def test_a_nested_stack_is_updated_rolled_back_and_deleted(stacks: StackWorld) -> None:
    """A child gives outputs, is updated through its parent, goes back with it and is deleted with it."""

    def child(size: str) -> dict[str, Any]:
        inner = stacks.resource(
            Create={"id": "inner", "data": {"Size": size}}, Update={"data": {"Size": size}}
        )
        url = stacks.template_url({"Inner": inner}, {"Size": {"Value": {"Fn::GetAtt": ["Inner", "Size"]}}})
        return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}

    outer = stacks.resource(Size={"Fn::GetAtt": ["Child", "Outputs.Size"]})
    stack_id = stacks.created({"Child": child("1"), "Outer": outer})
    child_id = stacks.detail(stack_id, "Child")["PhysicalResourceId"]
    assert stacks.request(stack_id, "Outer", "Create").properties["Size"] == "1"
    stacks.update(stack_id, {"Child": child("2"), "Outer": outer})
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE", stacks.told(stack_id)
    assert stacks.request(stack_id, "Outer", "Update").properties["Size"] == "2"
    bad = stacks.resource(needs="Child", Create={"status": "FAILED"})
    stacks.update(stack_id, {"Child": child("3"), "Outer": outer, "Bad": bad})
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.status(child_id) == "UPDATE_ROLLBACK_COMPLETE"
    sizes = [one.properties["Create"]["data"]["Size"] for one in stacks.requests(child_id, "Inner")]
    assert sizes == ["1", "2", "3", "2"]
    stacks.delete(stack_id)
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    assert stacks.status(child_id) == "DELETE_COMPLETE"
    assert stacks.request(child_id, "Inner", "Delete").physical_id == "inner"
