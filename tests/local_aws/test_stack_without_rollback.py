"""Operations without a roll-back: what a failure leaves, and how the next operation takes it up."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import TRUST, StackWorld, until

pytestmark = pytest.mark.slow

BAD = {"status": "FAILED", "reason": "no luck"}


def sent(stacks: StackWorld, stack_id: str, logical_id: str) -> list[tuple[str, str | None, str, str | None]]:
    """What a resource was sent: request type, physical id, size, and size before."""
    return [
        (one.request_type, one.physical_id, one.properties["Size"], (one.old_properties or {}).get("Size"))
        for one in stacks.requests(stack_id, logical_id)
    ]


def changes(stacks: StackWorld, stack_id: str, resources: dict[str, Any]) -> dict[str, str]:
    """The action for each resource in a change set, which is deleted again; empty for no changes."""
    described = stacks.change_set(stack_id, resources)
    stacks.cloudformation.delete_change_set(ChangeSetName=described["ChangeSetId"])
    return {
        one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Action"]
        for one in described["Changes"]
    }


def failed_create(stacks: StackWorld, **wishes: Any) -> str:
    """A stack in CREATE_FAILED: A failed, Good did not."""
    resources = {
        "A": stacks.resource(Size="1", Create=BAD, **wishes),
        "Good": stacks.resource(Create={"seconds": "0.2"}),
    }
    stack_id = stacks.create(resources, DisableRollback=True)
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    return stack_id


def failed_update(stacks: StackWorld, **failing: Any) -> str:
    """A stack in UPDATE_FAILED: A failed from size 1 to 2, with id a."""
    stack_id = stacks.created({"A": stacks.resource(Size="1", Create={"id": "a"})})
    stacks.update(
        stack_id,
        {"A": stacks.resource(Size="2", Create={"id": "a"}, Update={**BAD, "id": "a", **failing})},
        DisableRollback=True,
    )
    assert stacks.settled(stack_id) == "UPDATE_FAILED"
    return stack_id


def named_role(name: str) -> dict[str, Any]:
    """A role whose other name would be another role."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": name[-60:]},
    }


@pytest.mark.parametrize("way", ["create", "on_failure", "change_set", "on_stack_failure"])
def test_a_failed_create_leaves_everything(stacks: StackWorld, way: str) -> None:
    """CREATE_FAILED, whichever API disables the roll-back: nothing is cancelled and nobody gets a Delete."""
    resources = {
        "Bad": stacks.resource(Create=BAD),
        "Slow": stacks.resource(Create={"seconds": "0.5"}),
        "After": stacks.resource(needs="Bad"),
    }
    if way == "create":
        stack_id = stacks.create(resources, DisableRollback=True)
    elif way == "on_failure":
        stack_id = stacks.create(resources, OnFailure="DO_NOTHING")
    else:
        options = {"OnStackFailure": "DO_NOTHING"} if way == "on_stack_failure" else {}
        described = stacks.change_set(stacks.name(), resources, ChangeSetType="CREATE", **options)
        stack_id = described["StackId"]
        stacks.execute(described, **({} if options else {"DisableRollback": True}))
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    assert stacks.resource_status(stack_id, "Bad") == "CREATE_FAILED"
    assert stacks.resource_status(stack_id, "Slow") == "CREATE_COMPLETE"
    assert stacks.detail(stack_id, "After") == {}
    for name in ("Bad", "Slow"):
        assert [one.request_type for one in stacks.requests(stack_id, name)] == ["Create"]
    assert not any(status.startswith("DELETE") for status in stacks.statuses(stack_id, "Bad"))


@pytest.mark.parametrize("answered", [True, False])
def test_a_failed_create_is_deleted_and_made_anew(stacks: StackWorld, answered: bool) -> None:
    """The next operation deletes it first, by the id of the FAILED answer or by an invented one."""
    failing: dict[str, Any] = {"Create": {**BAD, "id": "half"}}
    if not answered:
        failing = {"Create": {"silent": "yes"}, "ServiceTimeout": 1}
    stack_id = stacks.create({"A": stacks.resource(Size="1", **failing)}, DisableRollback=True)
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    stacks.update(stack_id, {"A": stacks.resource(Size="2", Create={"id": "a"})}, DisableRollback=True)
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE", stacks.told(stack_id)
    _, delete, create = stacks.requests(stack_id, "A")
    assert (delete.request_type, delete.properties["Size"]) == ("Delete", "1")
    assert (delete.physical_id or "").startswith("half" if answered else f"{stacks.name()}-A-")
    assert (create.request_type, create.properties["Size"], create.physical_id) == ("Create", "2", None)
    assert (delete.ended_at or 0) <= create.sent_at
    assert stacks.statuses(stack_id, "A")[2:] == [
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]
    assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "a"


def test_a_failed_create_that_is_declared_no_more_is_deleted(stacks: StackWorld) -> None:
    """The clean-up of the next operation deletes what failed and is not in its template."""
    stack_id = failed_create(stacks)
    assert changes(stacks, stack_id, {"Good": stacks.resource(Create={"seconds": "0.2"})}) == {"A": "Remove"}
    stacks.update(stack_id, {"Good": stacks.resource(Create={"seconds": "0.2"})}, DisableRollback=True)
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE"
    assert [one.request_type for one in stacks.requests(stack_id, "A")] == ["Create", "Delete"]
    assert stacks.detail(stack_id, "A") == {}


def test_a_failed_create_that_will_not_go_fails_again(stacks: StackWorld) -> None:
    """When its Delete fails, so does the operation; the one after tries the Delete again."""
    stack_id = failed_create(stacks, Delete={"status": "FAILED"})
    again = {"A": stacks.resource(Size="2"), "Good": stacks.resource(Create={"seconds": "0.2"})}
    for attempt in (1, 2):
        stacks.update(stack_id, again, DisableRollback=True)
        until("the end", lambda: stacks.settled(stack_id) == "UPDATE_FAILED")
        asked = [one.request_type for one in stacks.requests(stack_id, "A")]
        assert asked == ["Create"] + ["Delete"] * attempt
    assert "The following resource(s) failed to create: [A]. " in stacks.told(stack_id)


def test_a_failed_update_goes_back_first(stacks: StackWorld) -> None:
    """UPDATE_FAILED; the next operation sends an Update to the last stable state, then one to what is
    declared."""
    stack_id = failed_update(stacks)
    assert stacks.resource_status(stack_id, "A") == "UPDATE_FAILED"
    stacks.update(stack_id, {"A": stacks.resource(Size="3", Create={"id": "a"})}, DisableRollback=True)
    assert stacks.settled(stack_id) == "UPDATE_COMPLETE", stacks.told(stack_id)
    assert sent(stacks, stack_id, "A") == [
        ("Create", None, "1", None),
        ("Update", "a", "2", "1"),
        ("Update", "a", "1", "2"),
        ("Update", "a", "3", "1"),
    ]
    assert stacks.statuses(stack_id, "A")[3:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]


def test_a_failed_update_may_get_one_update(stacks: StackWorld) -> None:
    """With the switch: one Update from what failed to what is declared, even if that is the same."""
    stacks.aws.set_switches(failed_update_next="single")
    stack_id = failed_update(stacks)
    for size in ("2", "3"):
        answer = {**BAD, "id": "a"} if size == "2" else {"id": "a"}
        again = {"A": stacks.resource(Size=size, Create={"id": "a"}, Update=answer)}
        stacks.update(stack_id, again, DisableRollback=True)
        until("the end", lambda: stacks.settled(stack_id))
    assert stacks.status(stack_id) == "UPDATE_COMPLETE", stacks.told(stack_id)
    assert sent(stacks, stack_id, "A")[2:] == [("Update", "a", "2", "2"), ("Update", "a", "3", "2")]


def test_the_template_from_before_the_failure_is_a_change(stacks: StackWorld) -> None:
    """Back to the template of before: not "no changes", and one Update back is all it takes."""
    stack_id = failed_update(stacks)
    before = {"A": stacks.resource(Size="1", Create={"id": "a"})}
    described = stacks.change_set(stack_id, before)
    assert described["Status"] == "CREATE_COMPLETE"
    stacks.execute(described, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert sent(stacks, stack_id, "A")[2:] == [("Update", "a", "1", "2")]


def test_the_same_template_again_is_a_change(stacks: StackWorld) -> None:
    """A retry with the very template that failed tries what failed, and what never began."""
    resources = {
        "A": stacks.resource(Size="1", Create={"id": "half", **BAD}),
        "After": stacks.resource(needs="A"),
        "Good": stacks.resource(),
    }
    stack_id = stacks.create(resources, DisableRollback=True)
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    assert changes(stacks, stack_id, resources) == {"A": "Add", "After": "Add"}
    stacks.update(stack_id, resources, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_FAILED"
    assert [one.request_type for one in stacks.requests(stack_id, "A")] == ["Create", "Delete", "Create"]
    assert len(stacks.requests(stack_id, "Good")) == 1


def test_what_a_change_set_compares_with(stacks: StackWorld) -> None:
    """With what each resource was brought to: changed, failed, added, never reached, or to be removed."""
    stack_id = stacks.created(
        {name: stacks.resource(Size="1", Create={"id": name}) for name in ("Done", "Bad", "Late", "Gone")}
        | {"Still": stacks.resource()}
    )
    done = stacks.resource(Size="2", Create={"id": "Done"})
    bad = stacks.resource(Size="2", Create={"id": "Bad"}, Update={**BAD, "id": "Bad"})
    late = stacks.resource(Size="2", Create={"id": "Late"}, needs="Bad")
    still = stacks.resource()
    attempted = {"Done": done, "Bad": bad, "Late": late, "Still": still, "New": stacks.resource()}
    stacks.update(stack_id, attempted, DisableRollback=True)
    assert stacks.settled(stack_id) == "UPDATE_FAILED"
    assert changes(stacks, stack_id, attempted) == {"Bad": "Modify", "Late": "Modify", "Gone": "Remove"}
    former = {
        name: stacks.resource(Size="1", Create={"id": name}) for name in ("Done", "Bad", "Late", "Gone")
    }
    assert changes(stacks, stack_id, former | {"Still": still}) == {
        "Done": "Modify",
        "Bad": "Modify",
        "New": "Remove",
    }


def test_what_is_left_goes_in_order_whatever_the_template(stacks: StackWorld) -> None:
    """A template without both: what failed in an update is deleted before what it needs, its id included."""
    base = stacks.resource(Size="1")
    stack_id = stacks.created({"Base": base, "Still": stacks.resource()})
    stacks.update(
        stack_id,
        {
            "Base": base,
            "Still": stacks.resource(),
            "A": stacks.resource(
                Size="1", Create={**BAD, "id": "half"}, needs="Base", Delete={"seconds": "0.3"}
            ),
        },
        DisableRollback=True,
    )
    assert stacks.settled(stack_id) == "UPDATE_FAILED"
    stacks.update(stack_id, {"Still": stacks.resource()}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    delete = stacks.request(stack_id, "A", "Delete")
    assert (delete.physical_id, delete.outcome) == ("half", "SUCCESS")
    assert (delete.ended_at or 0) <= stacks.request(stack_id, "Base", "Delete").sent_at


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_an_update_that_would_roll_back_is_refused(stacks: StackWorld, status: str) -> None:
    """Only what is not rolled back either goes on from a failure, by UpdateStack and by change set."""
    stack_id = failed_create(stacks) if status == "CREATE_FAILED" else failed_update(stacks)
    other = {"A": stacks.resource(Size="3")}
    described = stacks.change_set(stack_id, other)
    refused = rf"currently in a non-terminal \[{status}\] state"
    with pytest.raises(ClientError, match=refused):
        stacks.update(stack_id, other)
    with pytest.raises(ClientError, match=refused):
        stacks.execute(described)
    assert stacks.status(stack_id) == status


def test_rollback_goes_past_all_failures(stacks: StackWorld) -> None:
    """RollbackStack after two failed updates goes back to the last complete state of the stack."""
    stack_id = stacks.created(
        {
            "A": stacks.resource(Size="1", Create={"id": "a"}),
            "B": stacks.resource(Size="1", Create={"id": "b"}),
        }
    )
    for size in ("2", "3"):
        stacks.update(
            stack_id,
            {
                "A": stacks.resource(Size=size, Create={"id": "a"}),
                "B": stacks.resource(Size=size, Create={"id": "b"}, Update={**BAD, "id": "b"}),
                "New": stacks.resource(Size=size, Create={"id": "new"}),
            },
            DisableRollback=True,
        )
        assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_FAILED"
    stacks.cloudformation.rollback_stack(StackName=stack_id)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_ROLLBACK_COMPLETE"
    assert sent(stacks, stack_id, "A")[1:] == [
        ("Update", "a", "2", "1"),
        ("Update", "a", "3", "2"),
        ("Update", "a", "1", "3"),
    ]
    assert sent(stacks, stack_id, "B")[1:] == [
        ("Update", "b", "2", "1"),
        ("Update", "b", "1", "2"),
        ("Update", "b", "3", "1"),
        ("Update", "b", "1", "3"),
    ]
    assert [one[0] for one in sent(stacks, stack_id, "New")] == ["Create", "Update", "Delete"]
    assert (
        changes(
            stacks,
            stack_id,
            {
                "A": stacks.resource(Size="1", Create={"id": "a"}),
                "B": stacks.resource(Size="1", Create={"id": "b"}),
            },
        )
        == {}
    )


def test_rollback_of_a_create_that_was_taken_up(stacks: StackWorld) -> None:
    """There is no complete state to go back to, so everything goes, what both operations made."""
    stack_id = failed_create(stacks)
    again = {
        "A": stacks.resource(Size="2", Create=BAD),
        "Good": stacks.resource(Create={"seconds": "0.2"}),
        "More": stacks.resource(),
    }
    stacks.update(stack_id, again, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_FAILED"
    stacks.cloudformation.rollback_stack(StackName=stack_id)
    assert until("the end", lambda: stacks.settled(stack_id)) == "ROLLBACK_COMPLETE"
    for name in ("A", "Good", "More"):
        assert stacks.requests(stack_id, name)[-1].request_type == "Delete"


def test_the_id_of_a_failed_replacement_is_not_forgotten(stacks: StackWorld) -> None:
    """A FAILED update that named another id: back to the old one first, and the other one is deleted."""
    stack_id = failed_update(stacks, id="b")
    stacks.update(stack_id, {"A": stacks.resource(Size="3", Create={"id": "a"})}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert sent(stacks, stack_id, "A")[2:] == [
        ("Update", "a", "1", "2"),
        ("Update", "a", "3", "1"),
        ("Delete", "b", "2", None),
    ]


def test_a_delete_takes_everything_that_was_left(stacks: StackWorld) -> None:
    """Deleting a stack that failed deletes the resource as it was, and what it was about to become."""
    stack_id = failed_update(stacks, id="b")
    stacks.delete(stack_id)
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    deletes = {one.physical_id for one in stacks.requests(stack_id, "A") if one.request_type == "Delete"}
    assert deletes == {"a", "b"}


def test_a_replacement_that_is_refused(stacks: StackWorld) -> None:
    """A type of AWS is not replaced while roll-back is disabled; it is as it was, and so the next change set
    says."""
    role, other = named_role(stacks.name("a")), named_role(stacks.name("b"))
    stack_id = stacks.created({"Role": role})
    stacks.update(stack_id, {"Role": other}, DisableRollback=True)
    assert stacks.settled(stack_id) == "UPDATE_FAILED"
    assert "Replacement type updates not supported on stack with disable-rollback." in stacks.told(stack_id)
    stacks.update(stack_id, {"Role": role}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert stacks.detail(stack_id, "Role")["PhysicalResourceId"] == stacks.name("a")[-60:]


@pytest.mark.parametrize("mode", ["accepted", "refused"])
def test_a_custom_resource_that_replaces_itself(stacks: StackWorld, mode: str) -> None:
    """Whether its answer is taken is not documented. Either way each id gets its Delete in the end."""
    stacks.aws.set_switches(replacement_without_rollback=mode)
    stack_id = stacks.created({"A": stacks.resource(Size="1", Create={"id": "a"}, Update={"id": "a"})})
    stacks.update(
        stack_id,
        {"A": stacks.resource(Size="2", Create={"id": "a"}, Update={"id": "b"})},
        DisableRollback=True,
    )
    assert stacks.settled(stack_id) == ("UPDATE_COMPLETE" if mode == "accepted" else "UPDATE_FAILED")
    if mode == "refused":
        assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "a"
        former = {"A": stacks.resource(Size="1", Create={"id": "a"}, Update={"id": "a"})}
        stacks.update(stack_id, former, DisableRollback=True)
        assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    stacks.delete(stack_id)
    assert until("the end", lambda: stacks.settled(stack_id) == "DELETE_COMPLETE")
    deletes = [one[1] for one in sent(stacks, stack_id, "A") if one[0] == "Delete"]
    assert deletes == (["a", "b"] if mode == "accepted" else ["b", "a"])


def test_a_replacement_before_a_failure_is_cleaned_up_by_the_next_operation(stacks: StackWorld) -> None:
    """The id that a finished replacement has left is deleted when an operation succeeds at last."""
    stack_id = stacks.created({"A": stacks.resource(Size="1", Create={"id": "a"})})
    replaced = stacks.resource(Size="2", Create={"id": "a"}, Update={"id": "b"})
    stacks.update(
        stack_id, {"A": replaced, "Bad": stacks.resource(needs="A", Create=BAD)}, DisableRollback=True
    )
    assert stacks.settled(stack_id) == "UPDATE_FAILED"
    assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "b"
    stacks.update(stack_id, {"A": replaced}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert sent(stacks, stack_id, "A")[2:] == [("Delete", "a", "1", None)]
    assert stacks.detail(stack_id, "A")["PhysicalResourceId"] == "b"
