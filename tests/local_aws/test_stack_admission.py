"""Which operation is taken in which state: one at a time, express mode, ways out of a failed roll-back."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import ROLE, StackWorld, until

from local_aws.corrections.admission import refusal
from local_aws.corrections.deployment_mode import COMPLETED, DeploymentMode

BAD = {"status": "FAILED", "reason": "no luck"}
EXPRESS: dict[str, Any] = {"DeploymentConfig": {"Mode": "EXPRESS"}}
EXPRESS_WITH_ROLLBACK: dict[str, Any] = {"DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": False}}
slow = pytest.mark.slow


def failed_roll_back(stacks: StackWorld, **wishes: Any) -> str:
    """A stack in UPDATE_ROLLBACK_FAILED: A failed to go from size 1 to 2, and again to go back."""
    failing = {"Create": {"id": "a"}, "Update": {**BAD, "id": "a"}, **wishes}
    stack_id = stacks.created({"A": stacks.resource(Size="1", **failing), "B": stacks.resource(Size="1")})
    stacks.update(
        stack_id, {"A": stacks.resource(Size="2", **failing), "B": stacks.resource(Size="2", needs="A")}
    )
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_FAILED"
    return stack_id


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_complete_stack_takes_updates(status: str) -> None:
    """Of either mode, rolled back or not."""
    record = {"StackStatus": status, "StackId": "s"}
    for mode in (DeploymentMode(), DeploymentMode("EXPRESS")):
        assert refusal(record, mode, rolls_back=True) is None
        assert refusal(record, mode, rolls_back=False) is None


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_COMPLETE"])
def test_a_stack_that_takes_no_update(status: str) -> None:
    """It is said in CloudFormation's words."""
    refused = refusal({"StackStatus": status, "StackId": "s"}, DeploymentMode(), rolls_back=True)
    assert refused == f"Stack:s is in {status} state and can not be updated."


@slow
def test_one_update_at_a_time(stacks: StackWorld) -> None:
    """While an update runs another one is refused, by UpdateStack and by change set, and changes nothing."""
    gate = stacks.gate("update")
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "a"})})
    prepared = stacks.change_set(stack_id, {"A": stacks.resource(Create={"id": "a"}, Size="3")})
    slowly = {"A": stacks.resource(Create={"id": "a"}, Size="2", Update={"wait_for": str(gate)})}
    stacks.update(stack_id, slowly)
    stacks.request(stack_id, "A", "Update")
    refused = rf"Stack:{stack_id} is in UPDATE_IN_PROGRESS state and can not be updated."
    with pytest.raises(ClientError, match=refused):
        stacks.update(stack_id, {"A": stacks.resource(Size="4")})
    with pytest.raises(ClientError, match=refused):
        stacks.change_set(stack_id, {"A": stacks.resource(Size="4")}, ChangeSetName="other")
    with pytest.raises(ClientError):
        stacks.execute(prepared)
    gate.touch()
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert len(stacks.requests(stack_id, "A")) == 2


@slow
@pytest.mark.parametrize("way", ["create_stack", "change_set"])
def test_express_does_not_roll_back(stacks: StackWorld, way: str) -> None:
    """In express mode a failure leaves everything; custom resources keep their answer, others say express."""
    resources = {
        "Bad": stacks.resource(Create=BAD),
        "Slow": stacks.resource(Create={"seconds": "0.3", "data": {"Colour": "red"}}),
        "After": stacks.resource(Colour={"Fn::GetAtt": ["Slow", "Colour"]}),
        "Role": ROLE,
    }
    if way == "create_stack":
        stack_id = stacks.create(resources, **EXPRESS)
    else:
        described = stacks.change_set(stacks.name(), resources, ChangeSetType="CREATE", **EXPRESS)
        assert described["DeploymentConfig"] == {"Mode": "EXPRESS"}
        stack_id = described["StackId"]
        stacks.execute(described)
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    assert stacks.stack(stack_id)["DeploymentConfig"]["Mode"] == "EXPRESS"
    assert [one.request_type for one in stacks.requests(stack_id, "Slow")] == ["Create"]
    assert stacks.request(stack_id, "After", "Create").properties["Colour"] == "red"
    assert stacks.events(stack_id, "Role")[-1]["ResourceStatusReason"] == COMPLETED
    assert "ResourceStatusReason" not in stacks.events(stack_id, "Slow")[-1]


@slow
def test_after_an_express_failure_only_express_goes_on(stacks: StackWorld) -> None:
    """RollbackStack and standard updates are refused; an express one without a roll-back heals the stack."""
    stack_id = stacks.create({"A": stacks.resource(Create=BAD)}, **EXPRESS)
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    good = {"A": stacks.resource()}
    with pytest.raises(ClientError, match="RollbackStack is not supported for stacks that were last updated"):
        stacks.cloudformation.rollback_stack(StackName=stack_id)
    with pytest.raises(ClientError, match="must use the same DeploymentConfig"):
        stacks.update(stack_id, good, DisableRollback=True)
    with pytest.raises(ClientError, match="must use the same DeploymentConfig"):
        stacks.change_set(stack_id, good)
    with pytest.raises(ClientError, match="non-terminal"):
        stacks.update(stack_id, good, **EXPRESS_WITH_ROLLBACK)
    stacks.update(stack_id, good, **EXPRESS)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    stacks.update(stack_id, {"A": stacks.resource(Size="2")})
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert stacks.stack(stack_id)["DeploymentConfig"]["Mode"] == "STANDARD"


@slow
@pytest.mark.parametrize("way", ["create", "update", "change_set"])
def test_a_mode_that_is_none_is_refused(stacks: StackWorld, way: str) -> None:
    """As CloudFormation refuses what its enum does not have; nothing is begun."""
    stack_id = "" if way == "create" else stacks.created({"A": stacks.resource(Size="1")})
    calls = {"create": stacks.create, "update": stacks.update, "change_set": stacks.change_set}
    where = {"stack_id": stack_id} if stack_id else {}
    resources = {"A": stacks.resource(Size="2")}
    with pytest.raises(ClientError, match=r"Value 'FAST' at 'deploymentConfig\.mode' failed"):
        calls[way](resources=resources, DeploymentConfig={"Mode": "FAST"}, **where)  # type: ignore[operator]
    assert not stack_id or stacks.status(stack_id) == "CREATE_COMPLETE"


def test_express_rolls_back_if_it_is_told_to(stacks: StackWorld) -> None:
    """With DisableRollback false a failure in express mode is rolled back as usual."""
    stack_id = stacks.create({"A": stacks.resource(Create=BAD)}, **EXPRESS_WITH_ROLLBACK)
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert [one.request_type for one in stacks.requests(stack_id, "A")] == ["Create", "Delete"]


@slow
def test_an_express_delete_waits_for_custom_resources(stacks: StackWorld) -> None:
    """DeleteStack in express mode: the Delete's answer still counts."""
    stack_id = stacks.created({"A": stacks.resource(Delete={"status": "FAILED"}), "B": stacks.resource()})
    stacks.cloudformation.delete_stack(StackName=stack_id, **EXPRESS)
    assert until("the end", lambda: stacks.settled(stack_id)) == "DELETE_FAILED"
    assert stacks.request(stack_id, "B", "Delete").outcome == "SUCCESS"


@slow
def test_a_failed_roll_back_takes_no_update(stacks: StackWorld) -> None:
    """UPDATE_ROLLBACK_FAILED: neither UpdateStack nor a change set nor RollbackStack."""
    stack_id = failed_roll_back(stacks)
    with pytest.raises(ClientError, match="UPDATE_ROLLBACK_FAILED state and can not be updated"):
        stacks.update(stack_id, {"A": stacks.resource()}, DisableRollback=True)
    with pytest.raises(ClientError, match="UPDATE_ROLLBACK_FAILED state and can not be updated"):
        stacks.change_set(stack_id, {"A": stacks.resource()})
    with pytest.raises(ClientError, match="RollbackStack cannot be called"):
        stacks.cloudformation.rollback_stack(StackName=stack_id)


@slow
def test_continue_without_skipping_anything(stacks: StackWorld) -> None:
    """An empty list of resources to skip, as the CDK CLI sends it, is no resource; the new status shows at
    once."""
    stack_id = failed_roll_back(stacks)
    tried, shown = len(stacks.requests(stack_id, "A")), len(stacks.events(stack_id))
    stacks.cloudformation.continue_update_rollback(StackName=stack_id, ResourcesToSkip=[])
    assert stacks.events(stack_id)[shown]["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_ROLLBACK_FAILED"
    assert len(stacks.requests(stack_id, "A")) == tried + 1


@slow
def test_what_is_skipped_counts_as_gone_back(stacks: StackWorld) -> None:
    """UPDATE_COMPLETE without a call; the next Update takes the old properties for those in force."""
    stack_id = failed_roll_back(stacks)
    tried = len(stacks.requests(stack_id, "A"))
    stacks.cloudformation.continue_update_rollback(StackName=stack_id, ResourcesToSkip=["A"])
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_ROLLBACK_COMPLETE"
    assert len(stacks.requests(stack_id, "A")) == tried
    assert stacks.resource_status(stack_id, "A") == "UPDATE_COMPLETE"
    stacks.update(
        stack_id, {"A": stacks.resource(Size="3", Create={"id": "a"}), "B": stacks.resource(Size="1")}
    )
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    update = stacks.requests(stack_id, "A")[-1]
    assert (update.old_properties or {})["Size"] == "1"


@slow
def test_a_forced_roll_back_skips_what_will_not_go(stacks: StackWorld) -> None:
    """ForceRollback, which ``cdk rollback --force`` sends: tried once more, then skipped."""
    stack_id = failed_roll_back(stacks)
    tried = len(stacks.requests(stack_id, "A"))
    stacks.force_roll_back(stack_id)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_ROLLBACK_COMPLETE"
    assert len(stacks.requests(stack_id, "A")) == tried + 1


@slow
def test_a_delete_after_a_failed_roll_back(stacks: StackWorld) -> None:
    """A stack whose roll-back failed can be deleted: each id that its resources had gets a Delete."""
    stack_id = failed_roll_back(stacks, Update={**BAD, "id": "other"})
    stacks.delete(stack_id)
    assert until("the end", lambda: stacks.settled(stack_id)) == "DELETE_COMPLETE"
    deletes = [one.physical_id for one in stacks.requests(stack_id, "A") if one.request_type == "Delete"]
    assert sorted(filter(None, deletes)) == ["a", "other"]


@slow
def test_retained_except_on_create_by_rollback_stack(stacks: StackWorld) -> None:
    """RollbackStack with RetainExceptOnCreate, as the CDK CLI sends it, deletes what Retain would keep."""
    stack_id = stacks.create(
        {
            "Kept": stacks.resource(attributes={"DeletionPolicy": "Retain"}),
            "Bad": stacks.resource(needs="Kept", Create=BAD),
        },
        DisableRollback=True,
    )
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    stacks.cloudformation.rollback_stack(StackName=stack_id, RetainExceptOnCreate=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "ROLLBACK_COMPLETE"
    assert [one.request_type for one in stacks.requests(stack_id, "Kept")] == ["Create", "Delete"]
