"""CloudFormation and the queue in front of a function, the same courses in both worlds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from course import FAILED, RESOURCE, SIBLING, Course, Deploy, Destroy, RollBack, Says, Seen
from holds import holds

from local_aws.platform.cloudformation import MORE_REQUEST_FIELDS, REQUEST_FIELDS

Play = Callable[[Course], Seen]

WRONG: dict[str, Says] = {
    "another request": Says(changes={"RequestId": "another"}),
    "another stack": Says(changes={"StackId": "another"}),
    "another resource": Says(changes={"LogicalResourceId": "Another"}),
    "no id": Says(changes={"PhysicalResourceId": ""}),
    "an id too long": Says(changes={"PhysicalResourceId": "x" * 1025}),
    "another status": Says(changes={"Status": "MAYBE"}),
    "a body too long": Says(changes={"Reason": "x" * 4096}),
    "a failure without a reason": Says("FAILED", changes={"Reason": ""}),
}


@holds("lifecycle", "update on change")
def test_a_life(play: Play) -> None:
    """A Create, an Update for what changed, none for what did not, and a Delete, each complete."""
    seen = play(Course((Deploy(1), Deploy(1), Deploy(2), Destroy())))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Delete 2 of a"]
    assert seen.outcomes == ["SUCCESS"] * 3
    assert seen.rests == ["CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"]
    assert seen.statuses(RESOURCE) == [
        f"{verb}_{state}" for verb in ("CREATE", "UPDATE", "DELETE") for state in ("IN_PROGRESS", "COMPLETE")
    ]


@holds("request")
def test_what_a_request_holds(play: Play) -> None:
    """The fields of every request, those of its type, and the service token."""
    seen = play(Course((Deploy(1), Deploy(2), Destroy())))
    kinds = [one.partition(" ")[0] for one in seen.requests]
    assert kinds == ["Create", "Update", "Delete"]
    assert seen.fields == [REQUEST_FIELDS | MORE_REQUEST_FIELDS[kind] | {"ServiceToken"} for kind in kinds]


@holds("time-out of its own")
def test_how_long_to_wait_is_a_property(play: Play) -> None:
    """An Update in which nothing else is different."""
    seen = play(Course((Deploy(1, timeout=600), Deploy(1, timeout=700))))
    assert seen.requests == ["Create 1", "Update 1→1 of a"]


@holds("on failure")
@pytest.mark.parametrize(
    ("mode", "requests", "rests"),
    [
        ("do nothing", ["Create 1"], "CREATE_FAILED"),
        ("delete", ["Create 1", "Delete 1 of a"], "DELETE_COMPLETE"),
    ],
)
def test_what_a_failed_create_leads_to(play: Play, mode: Any, requests: list[str], rests: str) -> None:
    """It stays as it is, or is deleted with the whole stack."""
    seen = play(Course((Deploy(1, mode=mode),), {0: FAILED}))
    assert seen.requests == requests
    assert seen.rests[-1] == rests


@holds("answer")
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_no_success(play: Play, what: str) -> None:
    """Whatever else becomes of it, the resource is not complete; its Delete succeeds with a good answer."""
    seen = play(Course((Deploy(1), Destroy()), {0: WRONG[what]}))
    assert seen.outcomes[0] != "SUCCESS"
    assert seen.rests[0] == "ROLLBACK_COMPLETE"
    assert seen.requests[1].startswith("Delete 1 of ")
    assert len(seen.requests) == 2


@holds("silence")
def test_silence_fails_a_create(play: Play) -> None:
    """Without an answer in time the create has failed, and the Delete knows no id."""
    seen = play(Course((Deploy(1),), {0: Says(silent=True)}))
    assert (seen.requests, seen.outcomes[0]) == (["Create 1", "Delete 1 of an invented id"], "no answer")
    assert seen.rests == ["ROLLBACK_COMPLETE"]


@holds("silence")
def test_silence_fails_an_update(play: Play) -> None:
    """The Update that goes back has the id from before."""
    seen = play(Course((Deploy(1), Deploy(2)), {1: Says(silent=True)}))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Update 2→1 of a"]
    assert seen.rests[-1] == "UPDATE_ROLLBACK_COMPLETE"


@holds("failed create")
def test_a_failed_create_is_deleted(play: Play) -> None:
    """With the id of the FAILED answer, in the roll-back."""
    seen = play(Course((Deploy(1),), {0: Says("FAILED", id="half")}))
    assert seen.requests == ["Create 1", "Delete 1 of half"]
    assert seen.stack_during("DELETE_IN_PROGRESS") == ["ROLLBACK_IN_PROGRESS"]
    assert seen.rests == ["ROLLBACK_COMPLETE"]


@holds("failed update")
def test_a_failed_update_goes_back(play: Play) -> None:
    """An Update with new and old properties swapped; if it has named another id, that is deleted later."""
    seen = play(Course((Deploy(1), Deploy(2)), {1: Says("FAILED", id="b")}))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Update 2→1 of a", "Delete 2 of b"]
    assert seen.stack_during("UPDATE_IN_PROGRESS") == ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"]
    assert seen.stack_during("DELETE_IN_PROGRESS") == ["UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"]


@holds("replacement", "delete carries properties")
def test_another_id_is_a_replacement(play: Play) -> None:
    """The former id is deleted, with its properties, when the stack is updated already."""
    seen = play(Course((Deploy(1), Deploy(2)), {1: Says(id="b")}))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Delete 1 of a"]
    assert seen.stack_during("DELETE_IN_PROGRESS") == ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]
    assert seen.rests[-1] == "UPDATE_COMPLETE"


@holds("clean-up tries")
def test_a_clean_up_that_fails(play: Play) -> None:
    """It is tried three times, and does not fail the update."""
    failures = dict.fromkeys(range(2, 9), FAILED)
    seen = play(Course((Deploy(1), Deploy(2)), {1: Says(id="b"), **failures}))
    assert seen.requests[2:] == ["Delete 1 of a"] * 3
    assert seen.rests[-1] == "UPDATE_COMPLETE"


@holds("removed resource")
def test_what_the_template_has_no_more(play: Play) -> None:
    """It is deleted in the clean-up."""
    seen = play(Course((Deploy(1), Deploy(gone=True))))
    assert seen.requests == ["Create 1", "Delete 1 of a"]
    assert seen.stack_during("DELETE_IN_PROGRESS") == ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"]


@holds("cancelled create")
def test_a_failure_elsewhere_cancels_a_create(play: Play) -> None:
    """The Delete comes while the create still works, with an invented id, since no answer was read."""
    seen = play(Course((Deploy(1, sibling="fails"),), {0: Says(late=True)}))
    assert seen.requests == ["Create 1", "Delete 1 of an invented id"]
    assert seen.outcomes[0] == "no answer"
    assert "CREATE_FAILED" in seen.statuses(RESOURCE)
    assert seen.rests == ["ROLLBACK_COMPLETE"]


@holds("cancelled update")
def test_a_cancelled_update(play: Play) -> None:
    """It is rolled back while the first Update is still being worked on."""
    seen = play(Course((Deploy(1), Deploy(2, interrupted=True)), {1: Says(late=True)}))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Update 2→1 of a"]
    assert seen.outcomes == ["SUCCESS", "no answer", "SUCCESS"]
    assert seen.rests[-1] == "UPDATE_ROLLBACK_COMPLETE"


@holds("order")
def test_what_needs_a_resource_comes_after_it_and_goes_before_it(play: Play) -> None:
    """Created after it, deleted before it."""
    seen = play(Course((Deploy(1, sibling="needs it"), Destroy())))
    order = [one for one in seen.events if one[0] in (RESOURCE, SIBLING)]
    assert order.index((RESOURCE, "CREATE_COMPLETE")) < order.index((SIBLING, "CREATE_IN_PROGRESS"))
    assert order.index((SIBLING, "DELETE_COMPLETE")) < order.index((RESOURCE, "DELETE_IN_PROGRESS"))


@holds("delete failed")
def test_a_failed_delete_can_be_tried_again(play: Play) -> None:
    """DELETE_FAILED; the next DeleteStack sends another Delete."""
    seen = play(Course((Deploy(1), Destroy()), {1: FAILED}))
    assert seen.requests == ["Create 1", "Delete 1 of a", "Delete 1 of a"]
    assert seen.rests == ["CREATE_COMPLETE", "DELETE_FAILED", "DELETE_COMPLETE"]


@holds("skipped roll-back")
def test_a_resource_that_is_skipped(play: Play) -> None:
    """ContinueUpdateRollback counts it as gone back, without a call; the next Update comes from there."""
    failing = {1: FAILED, 2: FAILED}
    seen = play(Course((Deploy(1), Deploy(2, skipping=True), Deploy(3)), failing))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Update 2→1 of a", "Update 1→3 of a"]
    assert seen.rests == [
        "CREATE_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
    ]


@holds("retain")
def test_a_retained_resource(play: Play) -> None:
    """No Delete is sent with the stack's."""
    seen = play(Course((Deploy(1, retained=True), Destroy())))
    assert seen.requests == ["Create 1"]
    assert seen.statuses(RESOURCE)[-1] == "DELETE_SKIPPED"
    assert seen.rests[-1] == "DELETE_COMPLETE"


@holds("retain except on create")
def test_a_retained_resource_whose_create_fails(play: Play) -> None:
    """RetainExceptOnCreate deletes in that one case."""
    seen = play(Course((Deploy(1, retained=True),), {0: FAILED}))
    assert seen.requests == ["Create 1", "Delete 1 of a"]


@holds("no roll-back: create")
@pytest.mark.parametrize("mode", ["no roll-back", "express"])
def test_a_failed_create_stays(play: Play, mode: Any) -> None:
    """It has no stable state: the next operation deletes it and makes it anew."""
    seen = play(Course((Deploy(1, mode=mode), Deploy(2, mode=mode)), {0: FAILED}))
    assert seen.requests == ["Create 1", "Delete 1 of a", "Create 2"]
    assert seen.rests == ["CREATE_FAILED", "UPDATE_COMPLETE"]
    assert seen.stack_during("DELETE_IN_PROGRESS") == ["UPDATE_IN_PROGRESS"]


@holds("no roll-back: update", "no roll-back: way on")
def test_a_failed_update_stays(play: Play) -> None:
    """The next operation brings it to its last stable state first."""
    stays: Any = "no roll-back"
    seen = play(Course((Deploy(1), Deploy(2, mode=stays), Deploy(3, mode=stays)), {1: FAILED}))
    assert seen.requests == ["Create 1", "Update 1→2 of a", "Update 2→1 of a", "Update 1→3 of a"]
    assert seen.rests == ["CREATE_COMPLETE", "UPDATE_FAILED", "UPDATE_COMPLETE"]


@holds("no roll-back: RollbackStack")
def test_rolling_back_by_hand(play: Play) -> None:
    """RollbackStack goes back to the last stable state of the stack."""
    seen = play(Course((Deploy(1), Deploy(2, mode="no roll-back"), RollBack()), {1: FAILED}))
    assert seen.requests[2:] == ["Update 2→1 of a"]
    assert seen.rests[-2:] == ["UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"]


@holds("express")
def test_express_does_not_roll_back(play: Play) -> None:
    """Neither by itself nor by RollbackStack; the answer of a custom resource counts all the same."""
    seen = play(Course((Deploy(1, mode="express"), RollBack()), {0: FAILED}))
    assert (seen.requests, seen.outcomes) == (["Create 1"], ["FAILED"])
    assert seen.rests == ["CREATE_FAILED"]


@holds("function error")
def test_a_crash_is_tried_again(play: Play) -> None:
    """Two more tries; the third delivery answers."""
    seen = play(Course((Deploy(1),), {0: Says(crashes=2)}))
    assert (seen.requests, seen.outcomes) == (["Create 1"], ["SUCCESS"])


@holds("function error")
def test_after_the_last_try_there_is_silence(play: Play) -> None:
    """One crash more and nobody answers."""
    crashing = Says(crashes=3)
    seen = play(Course((Deploy(1),), {0: crashing}))
    assert seen.outcomes[0] == "no answer"
    assert seen.requests[1] == "Delete 1 of an invented id"
