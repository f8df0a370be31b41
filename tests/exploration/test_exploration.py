"""Every interleaving of small worlds: no guarantee is violated, and a mistake in a row is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from explorer.every import found_in
from explorer.mutants.mutant import RowMutant
from explorer.mutants.run import explored_with
from explorer.mutants.table import BY_NAME, MUTANTS
from explorer.scenes import Faults
from explorer.search import explore
from explorer.world import World
from explorer.worlds import EVERY, FAULTS, QUICK, STORIES, world_of
from simulator.mutants.mutant import source_of

STATES_MAX: Final = 100_000
"""None of the quick worlds has as many."""


@pytest.mark.parametrize(("story", "faults"), QUICK)
def test_no_state_violates_a_guarantee(story: str, faults: str) -> None:
    """All states of a small world are visited, and G1 to G10 and D1 to D4 hold in all of them."""
    found = found_in(story, faults, STATES_MAX)
    assert not found.stories, "\n".join(found.stories[0])
    assert found.complete, f"more than {STATES_MAX} states"


@pytest.mark.parametrize("faults", [each for each in FAULTS if each != "nothing"])
def test_every_fault_happens(faults: str) -> None:
    """A world in which something goes wrong has states that it has not without."""
    story = "create" if faults == "hidden deletions" else "retained"
    if FAULTS[faults].sweeps or FAULTS[faults].turns:
        story = "guarded: delete"
    duty_alone = replace(world_of(story, "nothing"), faults=Faults(off=FAULTS[faults].off))
    without = explore(World(duty_alone), states_max=STATES_MAX)
    with_it = explore(World(world_of(story, faults)), states_max=len(without.states))
    assert len(with_it.states) > len(without.states)


def test_the_same_world_is_explored_twice_alike() -> None:
    """Nothing is left to chance: the states come in the same order."""
    first, second = (explore(World(world_of("rename", "nothing")), states_max=STATES_MAX) for _ in range(2))
    assert first.states == second.states


def test_every_story_meets_every_fault() -> None:
    """The large run leaves no world out."""
    assert {story for story, _ in EVERY} == set(STORIES)
    assert len(set(EVERY)) == len(EVERY)
    assert set(QUICK) <= set(EVERY)
    assert all(story in STORIES and faults in FAULTS for story, faults in EVERY)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_mutant_stands_in_the_text_once(mutant: RowMutant) -> None:
    """A row that was written anew needs its mutant written anew."""
    assert mutant.applied_to(source_of(mutant)) != source_of(mutant)
    assert mutant.scene in STORIES
    assert mutant.faults in FAULTS


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each.killed], ids=lambda each: each.name)
def test_a_mistake_in_a_row_is_found(mutant: RowMutant) -> None:
    """The world that is noted with a mutant has a violation with it."""
    found = explored_with(mutant)
    assert (found["violation"] or "-").startswith(mutant.guarantee or ("G", "D")), (
        f"{mutant.name} survives {found['states']} states: {mutant.meaning}"
    )


def test_a_violation_comes_with_its_story() -> None:
    """Whoever reads it sees what happened, in order, and which guarantee does not hold."""
    found = explored_with(BY_NAME["always-stops-first"])
    assert found["violation"].startswith("G7: Update #1 of A")
    story = "\n".join(found["story"])
    assert "the user updates the stack: alpha UPDATE_IN_PROGRESS" in story
    assert "[b] Update #1 of A [v1 1 -> v2 1]: StopModel v1" in story
