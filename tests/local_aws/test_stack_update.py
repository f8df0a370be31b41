"""Updates: what is sent when they succeed, fail, are cancelled or replace, and the clean-up."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from stack_world import StackWorld, until

pytestmark = pytest.mark.slow


def test_an_update_is_seen_while_it_runs(stacks: StackWorld) -> None:
    """During its update a resource is UPDATE_IN_PROGRESS with its id; an unchanged one is not touched."""
    gate = stacks.gate("update")
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "a"}), "Still": stacks.resource()})
    still = stacks.detail(stack_id, "Still")
    stacks.update(
        stack_id,
        {
            "A": stacks.resource(Create={"id": "a"}, Update={"wait_for": str(gate)}),
            "Still": stacks.resource(),
        },
    )
    request = stacks.request(stack_id, "A", "Update")
    during = stacks.detail(stack_id, "A")
    gate.touch()
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert (during["ResourceStatus"], during["PhysicalResourceId"]) == ("UPDATE_IN_PROGRESS", "a")
    assert request.physical_id == "a"
    assert request.old_properties is not None
    assert "Update" not in request.old_properties
    assert "Update" in request.properties
    assert stacks.resource_status(stack_id, "A") == "UPDATE_COMPLETE"
    assert stacks.detail(stack_id, "Still") == still
    assert len(stacks.requests(stack_id, "Still")) == 1


def test_a_resource_added_by_an_update_is_created(stacks: StackWorld) -> None:
    """What an update adds goes through CREATE_IN_PROGRESS and CREATE_COMPLETE."""
    stack_id = stacks.created({"A": stacks.resource()})
    stacks.update(stack_id, {"A": stacks.resource(), "New": stacks.resource()})
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert stacks.statuses(stack_id, "New") == ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_a_failed_update_gets_an_update_back(stacks: StackWorld) -> None:
    """The roll-back of a FAILED update swaps the properties and keeps the physical id."""
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "a"}, Size="1")})
    stacks.update(
        stack_id, {"A": stacks.resource(Create={"id": "a"}, Size="2", Update={"status": "FAILED", "id": "a"})}
    )
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    _, update, back = stacks.requests(stack_id, "A")
    assert (back.request_type, back.physical_id) == ("Update", "a")
    assert back.properties == update.old_properties
    assert back.old_properties == update.properties
    assert "The following resource(s) failed to update: [A]. " in stacks.told(stack_id)


@pytest.mark.parametrize("mode", ["update", "restore"])
def test_the_id_of_a_failed_replacement_is_deleted(stacks: StackWorld, mode: str) -> None:
    """A FAILED update that named another id: it gets a Delete, whether or not an Update goes back first."""
    stacks.aws.set_switches(rolled_back_replacement=mode)
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "old"}, Size="1")})
    stacks.update(
        stack_id,
        {"A": stacks.resource(Create={"id": "old"}, Size="2", Update={"status": "FAILED", "id": "new"})},
    )
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    sent = [(one.request_type, one.physical_id) for one in stacks.requests(stack_id, "A")]
    back = [("Update", "old")] if mode == "update" else []
    assert sent == [("Create", None), ("Update", "old"), *back, ("Delete", "new")]
    assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "old"


@pytest.mark.parametrize("mode", ["update", "restore"])
def test_a_finished_replacement_is_taken_back(stacks: StackWorld, mode: str) -> None:
    """When something else fails after a replacement, the new id gets its Delete and the old one none."""
    stacks.aws.set_switches(rolled_back_replacement=mode)
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "old"}, Update={"id": "old"}, Size="1")})
    stacks.update(
        stack_id,
        {
            "A": stacks.resource(Create={"id": "old"}, Update={"id": "new"}, Size="2"),
            "Bad": stacks.resource(needs="A", Create={"status": "FAILED", "id": "bad"}),
        },
    )
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    sent = [(one.request_type, one.physical_id) for one in stacks.requests(stack_id, "A")]
    back = [("Update", "new")] if mode == "update" else []
    assert sent == [("Create", None), ("Update", "old"), *back, ("Delete", "new")]
    assert stacks.request(stack_id, "Bad", "Delete").physical_id == "bad"
    assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "old"


def test_an_update_without_an_answer_is_sent_back(stacks: StackWorld) -> None:
    """After a time-out the roll-back sends an Update with the id known before."""
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "a"}, ServiceTimeout=30)})
    stacks.update(
        stack_id, {"A": stacks.resource(Create={"id": "a"}, ServiceTimeout=1, Update={"silent": "yes"})}
    )
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    sent = [(one.request_type, one.physical_id, one.outcome) for one in stacks.requests(stack_id, "A")]
    assert sent == [("Create", None, "SUCCESS"), ("Update", "a", "timed out"), ("Update", "a", "SUCCESS")]


def test_cancel_takes_effect_at_once(stacks: StackWorld) -> None:
    """CancelUpdateStack rolls back while the first Update is still worked on; its late answer is ignored."""
    gate = stacks.gate("slow")
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "a"})})
    stacks.update(
        stack_id,
        {
            "A": stacks.resource(Create={"id": "a"}, Update={"wait_for": str(gate)}),
            "New": stacks.resource(Create={"wait_for": str(gate)}),
        },
    )
    first = stacks.request(stack_id, "A", "Update")
    stacks.request(stack_id, "New", "Create")
    stacks.cloudformation.cancel_update_stack(StackName=stack_id, ClientRequestToken="cancel-1")
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    _, cancelled, back = stacks.requests(stack_id, "A")
    assert (cancelled.request_id, cancelled.outcome) == (first.request_id, "cancelled")
    assert (back.physical_id, back.outcome) == ("a", "SUCCESS")
    assert (stacks.request(stack_id, "New", "Delete").physical_id or "").startswith(f"{stacks.name()}-New-")
    told = stacks.told(stack_id)
    assert "Resource update cancelled" in told
    assert "Resource creation cancelled" in told
    assert {
        event["ClientRequestToken"] for event in stacks.events(stack_id) if "ClientRequestToken" in event
    } == {"cancel-1"}
    gate.touch()
    late = until("the late answer", lambda: stacks.requests(stack_id, "A")[1].answers)
    assert [answer.verdict for answer in late] == ["ignored"]


def test_the_clean_up_comes_when_the_update_is_complete(stacks: StackWorld) -> None:
    """What was replaced or removed is deleted, dependents first, in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS."""
    gate = stacks.gate("delete")
    gone = {"wait_for": str(gate)}
    stack_id = stacks.created(
        {
            "A": stacks.resource(Create={"id": "old"}, Delete=gone),
            "Base": stacks.resource(),
            "Removed": stacks.resource(needs="Base", Delete=gone),
        }
    )
    stacks.update(stack_id, {"A": stacks.resource(Create={"id": "old"}, Update={"id": "new"}, Delete=gone)})
    replaced = stacks.request(stack_id, "A", "Delete")
    stacks.request(stack_id, "Removed", "Delete")
    assert stacks.status(stack_id) == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    assert stacks.resource_status(stack_id, "Removed") == "DELETE_IN_PROGRESS"
    assert [one.request_type for one in stacks.requests(stack_id, "Base")] == ["Create"]
    with pytest.raises(ClientError, match="cannot be deleted while in status"):
        stacks.delete(stack_id)
    gate.touch()
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert (replaced.physical_id, replaced.properties["Create"]) == ("old", {"id": "old"})
    assert "Update" not in replaced.properties
    assert stacks.request(stack_id, "Base", "Delete").outcome == "SUCCESS"
    assert stacks.detail(stack_id, "Removed") == {}
    assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "new"


def test_a_failing_clean_up_is_tried_three_times_and_left(stacks: StackWorld) -> None:
    """The update stays complete and says so; the resource is out of the stack and was not deleted."""
    stack_id = stacks.created(
        {"A": stacks.resource(), "Stuck": stacks.resource(Create={"id": "s"}, Delete={"status": "FAILED"})}
    )
    stacks.update(stack_id, {"A": stacks.resource()})
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert stacks.stack(stack_id)["StackStatusReason"] == (
        "Update successful. One or more resources could not be deleted."
    )
    assert [one.request_type for one in stacks.requests(stack_id, "Stuck")] == ["Create", *["Delete"] * 3]
    assert stacks.statuses(stack_id, "Stuck").count("DELETE_FAILED") == 3
    assert stacks.detail(stack_id, "Stuck") == {}


def test_a_policy_changes_before_what_needs_it_and_goes_after(stacks: StackWorld) -> None:
    """An update changes what a resource needs before the resource itself."""
    stack_id = stacks.created(
        {"Need": stacks.resource(Size="1"), "A": stacks.resource(needs="Need", Size="1")}
    )
    stacks.update(stack_id, {"Need": stacks.resource(Size="2"), "A": stacks.resource(needs="Need", Size="2")})
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    need, own = (stacks.request(stack_id, name, "Update") for name in ("Need", "A"))
    assert (need.ended_at or 0) <= own.sent_at


def test_the_service_token_cannot_change(stacks: StackWorld) -> None:
    """Another ServiceToken is refused and nothing is sent."""
    stack_id = stacks.created({"A": stacks.resource()})
    changed = stacks.resource()
    changed["Properties"]["ServiceToken"] += "-other"
    stacks.update(stack_id, {"A": changed})
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Modifying service token is not allowed." in stacks.told(stack_id)
    assert [one.request_type for one in stacks.requests(stack_id, "A")] == ["Create"]


def test_a_roll_back_that_fails_can_be_continued(stacks: StackWorld) -> None:
    """UPDATE_ROLLBACK_FAILED: ContinueUpdateRollback tries again, or skips what is named without a call."""
    wish = {"status": "FAILED", "id": "a"}
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "a"}, Update=wish, Size="1")})
    stacks.update(stack_id, {"A": stacks.resource(Create={"id": "a"}, Update=wish, Size="2")})
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_FAILED"
    assert len(stacks.requests(stack_id, "A")) == 3
    stacks.cloudformation.continue_update_rollback(StackName=stack_id)
    until("another try", lambda: len(stacks.requests(stack_id, "A")) == 4)
    assert stacks.settled(stack_id) == "UPDATE_ROLLBACK_FAILED"
    stacks.cloudformation.continue_update_rollback(StackName=stack_id, ResourcesToSkip=["A"])
    until("the skip", lambda: stacks.settled(stack_id) == "UPDATE_ROLLBACK_COMPLETE")
    assert len(stacks.requests(stack_id, "A")) == 4


@pytest.mark.parametrize(("policy", "deleted"), [("Delete", True), ("Retain", False)])
def test_update_replace_policy(stacks: StackWorld, policy: str, deleted: bool) -> None:
    """UpdateReplacePolicy Retain keeps what a replacement leaves behind."""
    kept = {"UpdateReplacePolicy": policy}
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "old"}, attributes=kept)})
    stacks.update(
        stack_id, {"A": stacks.resource(Create={"id": "old"}, Update={"id": "new"}, attributes=kept)}
    )
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert ("Delete" in [one.request_type for one in stacks.requests(stack_id, "A")]) is deleted
