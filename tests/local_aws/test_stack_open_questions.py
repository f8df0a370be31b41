"""What AWS leaves open about operations on stacks: each switch both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stack_world import StackWorld, until

pytestmark = pytest.mark.slow

BAD = {"status": "FAILED", "reason": "no luck"}


def types_of(stacks: StackWorld, stack_id: str, logical_id: str) -> list[str]:
    """The types of the requests that a resource got, oldest first."""
    return [one.request_type for one in stacks.requests(stack_id, logical_id)]


@pytest.mark.parametrize(
    ("mode", "policy", "deleted"),
    [("applies", "Delete", True), ("applies", "Retain", False), ("ignored", "Retain", True)],
)
def test_the_replace_policy_of_a_new_id(stacks: StackWorld, mode: str, policy: str, deleted: bool) -> None:
    """UpdateReplacePolicy may or may not hold for a custom resource that names another id."""
    stacks.aws.set_switches(new_id_replace_policy=mode)
    kept = {"UpdateReplacePolicy": policy}
    stack_id = stacks.created({"A": stacks.resource(Create={"id": "old"}, attributes=kept)})
    stacks.update(
        stack_id, {"A": stacks.resource(Create={"id": "old"}, Update={"id": "new"}, attributes=kept)}
    )
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert ("Delete" in types_of(stacks, stack_id, "A")) is deleted


@pytest.mark.parametrize(("mode", "outcome"), [("end", "SUCCESS"), ("cancelled", "cancelled")])
def test_others_while_one_fails_without_a_roll_back(stacks: StackWorld, mode: str, outcome: str) -> None:
    """What is under way ends, or is cancelled and deleted by the next operation."""
    stacks.aws.set_switches(others_without_rollback=mode)
    slow = stacks.resource(Create={"seconds": "0.8"})
    stack_id = stacks.create({"Bad": stacks.resource(Create=BAD), "Slow": slow}, DisableRollback=True)
    assert stacks.settled(stack_id) == "CREATE_FAILED"
    assert stacks.request(stack_id, "Slow", "Create").outcome == outcome
    stacks.update(stack_id, {"Slow": slow}, DisableRollback=True)
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    expected = ["Create"] if mode == "end" else ["Create", "Delete", "Create"]
    assert types_of(stacks, stack_id, "Slow") == expected


@pytest.mark.parametrize(("characters", "shown"), [(0, "x" * 900 + "end"), (4, "xxxx")])
def test_how_much_of_a_reason_is_shown(stacks: StackWorld, characters: int, shown: str) -> None:
    """All of it, or its beginning."""
    stacks.aws.set_switches(shown_reason_characters=characters)
    bad = {"status": "FAILED", "reason": "x" * 900 + "end"}
    stack_id = stacks.create({"A": stacks.resource(Create=bad)})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    assert any(f"Message returned: {shown} (RequestId: " in one for one in stacks.told(stack_id))


@pytest.mark.parametrize(("mode", "status"), [("forgotten", ""), ("shown", "DELETE_COMPLETE")])
def test_a_removed_resource(stacks: StackWorld, mode: str, status: str) -> None:
    """It may still be shown up to the next operation."""
    stacks.aws.set_switches(removed_resources=mode)
    both = {"A": stacks.resource(), "B": stacks.resource(Size="1")}
    stack_id = stacks.created(both)
    stacks.update(stack_id, {"B": both["B"]})
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert stacks.resource_status(stack_id, "A") == status
    stacks.update(stack_id, {"B": stacks.resource(Size="2")})
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_COMPLETE"
    assert stacks.resource_status(stack_id, "A") == ""


@pytest.mark.parametrize("mode", ["shown", "hidden"])
def test_an_invented_id(stacks: StackWorld, mode: str) -> None:
    """The function gets it, whether or not the events show it."""
    stacks.aws.set_switches(invented_ids=mode)
    stack_id = stacks.create(
        {"A": stacks.resource(Create={"silent": "yes"}, Delete={"id": "gone"}, ServiceTimeout="1")}
    )
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    sent = stacks.request(stack_id, "A", "Delete").physical_id or ""
    assert sent.startswith(f"{stacks.name()}-A-")
    shown = {
        event.get("PhysicalResourceId", "")
        for event in stacks.events(stack_id, "A")
        if event["ResourceStatus"].startswith("DELETE_")
    }
    assert shown == ({sent} if mode == "shown" else {""})


@pytest.mark.parametrize(("mode", "size"), [("stable", "1"), ("failed", "2")])
def test_the_properties_of_a_roll_back(stacks: StackWorld, mode: str, size: str) -> None:
    """The events of the way back show what it goes back to, or what has failed; the request is the same."""
    stacks.aws.set_switches(roll_back_shows=mode)
    stack_id = stacks.created({"A": stacks.resource(Size="1", Create={"id": "a"})})
    stacks.update(
        stack_id,
        {
            "A": stacks.resource(Size="2", Create={"id": "a"}, Update={"id": "a"}),
            "Bad": stacks.resource(needs="A", Create=BAD),
        },
    )
    assert until("the end", lambda: stacks.settled(stack_id)) == "UPDATE_ROLLBACK_COMPLETE"
    begun = [one for one in stacks.events(stack_id, "A") if one["ResourceStatus"] == "UPDATE_IN_PROGRESS"]
    shown: dict[str, Any] = json.loads(begun[-1]["ResourceProperties"])
    assert shown["Size"] == size
    assert stacks.requests(stack_id, "A")[-1].properties["Size"] == "1"
    assert json.loads(stacks.events(stack_id, "A")[-1]["ResourceProperties"])["Size"] == "1"
