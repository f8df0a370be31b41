"""Answers that stay as they were before an operation: for whom, of which stack, for how long."""

from __future__ import annotations

from functools import partial

import pytest
from caller import Caller
from stack_world import StackWorld, until

pytestmark = pytest.mark.slow

FOR_GOOD = 1e9


def seen(caller: Caller, stack_id: str) -> tuple[str, str, int]:
    """What a role sees: the stack's status, that of resource A, and how many events there are."""
    stack = caller.call("cloudformation", "describe_stacks", StackName=stack_id)["message"]
    resource = caller.call(
        "cloudformation", "describe_stack_resource", StackName=stack_id, LogicalResourceId="A"
    )["message"]
    events = caller.call("cloudformation", "describe_stack_events", StackName=stack_id)["message"]
    return _status(stack, "StackStatus"), _status(resource, "ResourceStatus"), events.count("'EventId'")


def _status(text: str, name: str) -> str:
    return text.partition(f"'{name}': '")[2].partition("'")[0]


def test_a_deletion_that_does_not_show(stacks: StackWorld, caller: Caller) -> None:
    """A role sees the stack as before its deletion, when it is gone too; the account sees what is."""
    caller.allow({"Action": "cloudformation:*", "Resource": "*"})
    stacks.aws.set_switches(stale_views_of="deletion", stale_views_seconds=FOR_GOOD)
    gate = stacks.gate("delete")
    stack_id = stacks.created({"A": stacks.resource(Delete={"wait_for": str(gate)})})
    before = seen(caller, stack_id)
    stacks.delete(stack_id)
    stacks.request(stack_id, "A", "Delete")
    assert stacks.status(stack_id) == "DELETE_IN_PROGRESS"
    assert stacks.resource_status(stack_id, "A") == "DELETE_IN_PROGRESS"
    during = seen(caller, stack_id)
    gate.touch()
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    assert before[:2] == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert [during, seen(caller, stack_id)] == [before, before]


@pytest.mark.parametrize("way", ["update_stack", "change_set"])
def test_an_update_that_shows_late(stacks: StackWorld, caller: Caller, way: str) -> None:
    """After so many seconds a role sees what is; deletions and other stacks show at once."""
    caller.allow({"Action": "cloudformation:*", "Resource": "*"})
    stacks.aws.set_switches(
        stale_views_of="update", stale_views_seconds=2.0, stale_views_stack=stacks.name("late")
    )
    late = stacks.created({"A": stacks.resource(Size="1")}, name="late")
    other = stacks.created({"A": stacks.resource(Size="1")}, name="other")
    before = seen(caller, late)
    for stack_id in (late, other):
        if way == "update_stack":
            stacks.update(stack_id, {"A": stacks.resource(Size="2")})
        else:
            stacks.execute(stacks.change_set(stack_id, {"A": stacks.resource(Size="2")}))
        assert until("the end", partial(stacks.settled, stack_id)) == "UPDATE_COMPLETE"
    assert seen(caller, other)[:2] == ("UPDATE_COMPLETE", "UPDATE_COMPLETE")
    assert seen(caller, late) == before
    until("the present", lambda: seen(caller, late)[:2] == ("UPDATE_COMPLETE", "UPDATE_COMPLETE"))
    stacks.delete(late)
    assert until("the end", lambda: stacks.settled(late)) == "DELETE_COMPLETE"
    assert seen(caller, late)[0] == "DELETE_COMPLETE"
