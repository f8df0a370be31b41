"""What AWS leaves open about operations: each answer gives the same course in both worlds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from course import FAILED, RESOURCE, Course, Deploy, Destroy, Says, Seen
from holds import holds
from simulated_stack import SWITCHES

from local_aws import Switches
from simulator.plan import StackPlan

Play = Callable[[Course], Seen]
STAYS: Any = "no roll-back"


@holds("rolled back replacement")
@pytest.mark.parametrize(
    ("answer", "sent"),
    [("update", ["Update 2→1 of b", "Delete 2 of b"]), ("restore", ["Delete 2 of b"])],
)
def test_the_roll_back_of_a_replacement(play: Play, answer: str, sent: list[str]) -> None:
    """It gets an Update back to the former id, or the other id is deleted and nothing more."""
    replacing = {1: Says(id="b"), 2: Says(id="a")}
    operations = (Deploy(1, sibling="needs it"), Deploy(2, sibling="fails late"))
    seen = play(Course(operations, replacing, {"rolled_back_replacement": answer}))
    assert seen.requests == ["Create 1", "Update 1→2 of a", *sent]
    assert seen.rests[-1] == "UPDATE_ROLLBACK_COMPLETE"


@holds("failed update's next")
@pytest.mark.parametrize(
    ("answer", "sent"),
    [("stable_first", ["Update 2→1 of a", "Update 1→3 of a"]), ("single", ["Update 2→3 of a"])],
)
def test_what_follows_a_failed_update(play: Play, answer: str, sent: list[str]) -> None:
    """It goes to its stable state first, or straight to what is declared now."""
    operations = (Deploy(1), Deploy(2, mode=STAYS), Deploy(3, mode=STAYS))
    seen = play(Course(operations, {1: FAILED}, {"failed_update_next": answer}))
    assert seen.requests[2:] == sent
    assert seen.rests[-1] == "UPDATE_COMPLETE"


@holds("replacement without roll-back")
@pytest.mark.parametrize(
    ("answer", "rests", "sent"),
    [
        ("accepted", "UPDATE_COMPLETE", ["Delete 1 of a", "Delete 2 of b"]),
        ("refused", "UPDATE_FAILED", ["Delete 1 of a", "Delete 2 of b"]),
    ],
)
def test_a_replacement_without_a_roll_back(play: Play, answer: str, rests: str, sent: list[str]) -> None:
    """Taken or refused: both ids are deleted in the end."""
    operations = (Deploy(1), Deploy(2, mode=STAYS), Destroy())
    seen = play(Course(operations, {1: Says(id="b")}, {"replacement_without_rollback": answer}))
    assert seen.rests == ["CREATE_COMPLETE", rests, "DELETE_COMPLETE"]
    assert sorted(one.partition(" of ")[2] for one in seen.requests[2:]) == ["a", "b"]
    if answer == "accepted":
        assert seen.requests[2:] == sent


@holds("others without roll-back")
@pytest.mark.parametrize(("answer", "outcome"), [("end", "SUCCESS"), ("cancelled", "no answer")])
def test_what_runs_beside_a_failure(play: Play, answer: str, outcome: str) -> None:
    """It ends by itself, or is cancelled, and the next operation deletes it and makes it anew."""
    operations = (Deploy(1, sibling="fails", mode=STAYS), Deploy(1, mode=STAYS))
    seen = play(Course(operations, {0: Says(late=True)}, {"others_without_rollback": answer}))
    assert seen.outcomes[0] == outcome
    again = [] if answer == "end" else ["Delete 1 of an invented id", "Create 1"]
    assert seen.requests == ["Create 1", *again]
    assert seen.rests == ["CREATE_FAILED", "UPDATE_COMPLETE"]
    assert seen.statuses(RESOURCE)[-1] == "CREATE_COMPLETE"


@holds("late answers")
@pytest.mark.parametrize(("answer", "deleted"), [("ignored", "an invented id"), ("named", "a")])
def test_an_answer_after_the_end_of_its_create(play: Play, answer: str, deleted: str) -> None:
    """It was cancelled, and makes nothing complete; its Delete knows the id, or does not."""
    operations = (Deploy(1, sibling="fails", mode=STAYS), Deploy(1, mode=STAYS, unhurried=True))
    switches = {"others_without_rollback": "cancelled", "late_answers": answer}
    seen = play(Course(operations, {0: Says(late=True)}, switches))
    assert seen.requests == ["Create 1", f"Delete 1 of {deleted}", "Create 1"]
    assert seen.rests == ["CREATE_FAILED", "UPDATE_COMPLETE"]


@holds("late answers")
@pytest.mark.parametrize("answer", ["ignored", "named"])
def test_an_answer_after_the_delete_was_sent(play: Play, answer: str) -> None:
    """Nobody asks for the id any more, and nothing changes."""
    seen = play(Course((Deploy(1, sibling="fails"),), {0: Says(late=True)}, {"late_answers": answer}))
    assert seen.requests == ["Create 1", "Delete 1 of an invented id"]
    assert seen.rests == ["ROLLBACK_COMPLETE"]


@pytest.mark.parametrize("name", SWITCHES)
def test_both_worlds_begin_with_the_same(name: str) -> None:
    """A switch that nobody has turned says the same in both."""
    field, word = SWITCHES[name]
    assert getattr(StackPlan("alpha", 0.0, ()), field) == (getattr(Switches(), name) == word)


def test_both_worlds_try_a_clean_up_as_often() -> None:
    """As documented, until something else is chosen."""
    assert StackPlan("alpha", 0.0, ()).clean_up_tries == Switches().cleanup_delete_attempts == 3
