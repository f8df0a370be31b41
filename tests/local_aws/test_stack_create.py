"""Creates: side by side, cancelled by a sibling's failure, rolled back with Deletes."""

from __future__ import annotations

import json

import pytest
from stack_world import StackWorld, until

pytestmark = pytest.mark.slow


def test_what_does_not_depend_on_each_other_is_made_side_by_side(stacks: StackWorld) -> None:
    """Four resources that wait for one gate are asked before it opens; what needs them comes after."""
    gate = stacks.gate("all")
    wish = stacks.resource(Create={"wait_for": str(gate)})
    stack_id = stacks.create(
        {"A": wish, "B": wish, "C": wish, "D": wish, "Last": stacks.resource(needs=["A", "B", "C", "D"])}
    )
    for name in "ABCD":
        stacks.request(stack_id, name, "Create")
    assert not stacks.requests(stack_id, "Last")
    gate.touch()
    assert stacks.settled(stack_id) == "CREATE_COMPLETE"
    ends = [stacks.request(stack_id, name, "Create").ended_at or 0 for name in "ABCD"]
    assert stacks.request(stack_id, "Last", "Create").sent_at >= max(ends)


def test_a_resource_is_seen_while_it_is_made(stacks: StackWorld) -> None:
    """During its create a resource is CREATE_IN_PROGRESS without an id, afterwards complete with one."""
    gate = stacks.gate("made")
    stack_id = stacks.create({"A": stacks.resource(Create={"wait_for": str(gate), "id": "a-1"})})
    stacks.request(stack_id, "A", "Create")
    during = stacks.detail(stack_id, "A")
    listed = stacks.cloudformation.list_stack_resources(StackName=stack_id)["StackResourceSummaries"]
    gate.touch()
    assert stacks.settled(stack_id) == "CREATE_COMPLETE"
    after = stacks.detail(stack_id, "A")
    assert during["ResourceStatus"] == "CREATE_IN_PROGRESS"
    assert "PhysicalResourceId" not in during
    assert [(one["LogicalResourceId"], one["ResourceStatus"]) for one in listed] == [
        ("A", "CREATE_IN_PROGRESS")
    ]
    assert (after["ResourceStatus"], after["PhysicalResourceId"]) == ("CREATE_COMPLETE", "a-1")
    assert after["LastUpdatedTimestamp"] > during["LastUpdatedTimestamp"]


def test_events_carry_the_properties(stacks: StackWorld) -> None:
    """A stack event tells the properties of its resource, as JSON."""
    stack_id = stacks.created({"A": stacks.resource(Colour="red <&> green")})
    event = stacks.events(stack_id, "A")[0]
    assert json.loads(event["ResourceProperties"])["Colour"] == "red <&> green"


def test_a_failed_create_gets_a_delete_with_the_id_it_answered(stacks: StackWorld) -> None:
    """The roll-back of a FAILED create sends a Delete with the physical id of the FAILED answer."""
    stack_id = stacks.create(
        {"A": stacks.resource(Create={"status": "FAILED", "reason": "no luck", "id": "half-made"})}
    )
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    create, delete = stacks.requests(stack_id, "A")
    assert (create.request_type, delete.request_type) == ("Create", "Delete")
    assert delete.physical_id == "half-made"
    assert delete.properties == create.properties
    assert stacks.statuses(stack_id, "A") == [
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]
    assert any(
        reason == "Received response status [FAILED] from custom resource. Message returned: no luck "
        f"(RequestId: {create.request_id})"
        for reason in stacks.told(stack_id)
    )
    assert stacks.resource_status(stack_id, "A") == "DELETE_COMPLETE"


def test_a_failure_cancels_what_still_runs(stacks: StackWorld) -> None:
    """A running create is cancelled; its Delete comes with an invented id while its worker still works."""
    gate = stacks.gate("slow")
    stack_id = stacks.create(
        {
            "Slow": stacks.resource(Create={"wait_for": str(gate)}),
            "Bad": stacks.resource(Create={"status": "FAILED", "seconds": "0.3"}),
        }
    )
    delete = stacks.request(stack_id, "Slow", "Delete")
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    create = stacks.request(stack_id, "Slow", "Create")
    assert create.outcome == "cancelled"
    assert delete.physical_id is not None
    assert delete.physical_id.startswith(f"{stacks.name()}-Slow-")
    assert any(
        event["ResourceStatus"] == "CREATE_FAILED"
        and event["ResourceStatusReason"] == "Resource creation cancelled"
        for event in stacks.events(stack_id, "Slow")
    )
    running = [one for one in stacks.aws.invocations if one.cloudformation_request_id == create.request_id]
    assert [one.outcome for one in running] == ["running"]
    gate.touch()
    late = until("the late answer", lambda: stacks.request(stack_id, "Slow", "Create").answers)
    assert [(answer.verdict, answer.http_status) for answer in late] == [("ignored", 200)]
    assert stacks.status(stack_id) == "ROLLBACK_COMPLETE"


def test_what_never_began_gets_no_delete(stacks: StackWorld) -> None:
    """A resource whose turn never came is not asked to delete anything."""
    stack_id = stacks.create(
        {"Bad": stacks.resource(Create={"status": "FAILED"}), "After": stacks.resource(needs="Bad")}
    )
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert stacks.requests(stack_id, "After") == []
    assert stacks.events(stack_id, "After") == []


def test_service_timeout_ends_a_create_without_an_answer(stacks: StackWorld) -> None:
    """After ServiceTimeout the create fails in CloudFormation's words; its Delete has an invented id."""
    stack_id = stacks.create({"A": stacks.resource(ServiceTimeout=1, Create={"silent": "yes"})})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    create, delete = stacks.requests(stack_id, "A")
    assert create.outcome == "timed out"
    assert (delete.physical_id or "").startswith(f"{stacks.name()}-A-")
    assert any(
        "did not receive a response from your Custom Resource" in reason and create.request_id in reason
        for reason in stacks.told(stack_id)
    )


def test_a_failed_delete_leaves_the_stack_in_rollback_failed(stacks: StackWorld) -> None:
    """A roll-back whose Delete fails ends ROLLBACK_FAILED; deleting the stack tries again."""
    stack_id = stacks.create(
        {
            "A": stacks.resource(
                Create={"status": "FAILED", "id": "x"}, Delete={"status": "FAILED", "reason": "stuck"}
            )
        }
    )
    assert stacks.settled(stack_id) == "ROLLBACK_FAILED"
    assert stacks.resource_status(stack_id, "A") == "DELETE_FAILED"
    stacks.delete(stack_id)
    assert until("the end", lambda: stacks.settled(stack_id) == "DELETE_FAILED")
    assert [one.physical_id for one in stacks.requests(stack_id, "A")] == [None, "x", "x"]


def test_without_rollback_a_failed_resource_stays_and_others_go_on(stacks: StackWorld) -> None:
    """With DisableRollback nothing is cancelled or deleted; RollbackStack deletes later."""
    stack_id = stacks.create(
        {
            "Bad": stacks.resource(Create={"status": "FAILED", "id": "bad"}),
            "Slow": stacks.resource(Create={"seconds": "0.3", "id": "good"}),
        },
        DisableRollback=True,
    )
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    assert stacks.resource_status(stack_id, "Slow") == "CREATE_COMPLETE"
    assert [one.request_type for one in stacks.requests(stack_id, "Bad")] == ["Create"]
    stacks.cloudformation.rollback_stack(StackName=stack_id)
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert stacks.request(stack_id, "Slow", "Delete").physical_id == "good"
    assert stacks.request(stack_id, "Bad", "Delete").physical_id == "bad"


@pytest.mark.parametrize(
    ("policy", "deleted"), [("Delete", True), ("RetainExceptOnCreate", True), ("Retain", False)]
)
def test_deletion_policy_in_a_roll_back(stacks: StackWorld, policy: str, deleted: bool) -> None:
    """Retain keeps a resource even when its create is rolled back, RetainExceptOnCreate does not."""
    stack_id = stacks.create(
        {
            "Kept": stacks.resource(attributes={"DeletionPolicy": policy}),
            "Bad": stacks.resource(needs="Kept", Create={"status": "FAILED"}),
        }
    )
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    asked = [one.request_type for one in stacks.requests(stack_id, "Kept")]
    assert asked == (["Create", "Delete"] if deleted else ["Create"])


def test_an_attribute_missing_in_data_fails_with_the_vendor_message(stacks: StackWorld) -> None:
    """Fn::GetAtt of a key that Data has not fails who asks for it, in CloudFormation's words."""
    stack_id = stacks.create(
        {
            "A": stacks.resource(Create={"data": {"There": "1"}}),
            "B": stacks.resource(Good={"Fn::GetAtt": ["A", "There"]}, Bad={"Fn::GetAtt": ["A", "Missing"]}),
        }
    )
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert any(
        "CustomResource attribute error: Vendor response doesn't contain Missing key" in reason
        for reason in stacks.told(stack_id)
    )
    assert stacks.requests(stack_id, "B") == []


def test_outputs_and_exports(stacks: StackWorld) -> None:
    """Outputs read attributes of custom resources; an export can be imported by another stack."""
    export = f"{stacks.name()}-colour"
    stacks.created(
        {"A": stacks.resource(Create={"data": {"Colour": "red"}})},
        sections={
            "Outputs": {"Colour": {"Value": {"Fn::GetAtt": ["A", "Colour"]}, "Export": {"Name": export}}}
        },
    )
    other = stacks.created({"B": stacks.resource(Colour={"Fn::ImportValue": export})}, name="other")
    assert stacks.request(other, "B", "Create").properties["Colour"] == "red"


def test_numbers_and_booleans_arrive_as_strings(stacks: StackWorld) -> None:
    """Whatever the template says, a function gets strings, nested ones too."""
    stack_id = stacks.created({"A": stacks.resource(Count=3, Deep={"Flag": True, "List": [1, False]})})
    properties = stacks.request(stack_id, "A", "Create").properties
    assert properties["Count"] == "3"
    assert properties["Deep"] == {"Flag": "true", "List": ["1", "false"]}
