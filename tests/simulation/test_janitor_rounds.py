"""A janitor in the simulated account: its rounds, and what the invariants say of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from simulator.counting import tally
from simulator.draw import draw
from simulator.fast_seam import new_handler
from simulator.history import play
from simulator.invariants.orphans import NOBODYS_SECONDS_MAX, Orphanhood
from simulator.invariants.truth import Truth
from simulator.janitor import JANITOR, ROUND_SECONDS
from simulator.nobodys import measure
from simulator.plan import Declared, Kill, KillAt, ModelPlan, Operation, Plan, StackPlan, Template, Verb
from simulator.plan import JanitorPlan as Rounds
from simulator.shrink import shrink
from simulator.world import World

SEEDS: Final = range(1, 201)
LEAKS: Final = 168
"""A seed of which a model runs for nobody, for good where nobody looks after it."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_with_a_janitor_nothing_runs_for_nobody_for_long() -> None:
    """And all guarantees hold as they do without it."""
    counted = tally(SEEDS, janitor=True)
    assert counted.violations == {}
    assert counted.operations["round of the janitor"] > 1_000
    faults = {name.removeprefix("janitor: ") for name in counted.faults if name.startswith("janitor: ")}
    assert {"throttled", "lost after", "slow", "old events", "killed", "duplicated"} <= faults


def test_until_it_stops_something_a_history_is_the_same_as_without_it() -> None:
    """Its calls have chances of their own."""
    stopped = 0
    for seed in (*range(1, 31), LEAKS):
        told = []
        for plan in (draw(seed), draw(seed, janitor=True)):
            entries = play(plan).world.story.entries
            ours = [entry for entry in entries if not entry[1].startswith(("janitor ", "Lambda"))]
            told.append((ours, [entry for entry in entries if _is_a_stop(entry[1:])]))
        (without, _), (with_it, stops) = told
        end = stops[0][0] if stops else float("inf")
        stopped += bool(stops)
        assert [e for e in with_it if e[0] < end] == [e for e in without if e[0] < end]
    assert stopped


def _is_a_stop(entry: tuple[str, str, object]) -> bool:
    who, what, told = entry
    return who.startswith("janitor ") and "StopProjectVersion" in what and told == "accepted"


def test_what_would_run_for_ever_is_stopped_within_two_rounds() -> None:
    """The same plan with and without it."""
    plan = draw(LEAKS, janitor=True)
    without, with_it = measure(replace(plan, janitor=None)), measure(plan)
    assert without.for_good == 1
    assert with_it.for_good == 0
    assert 0.0 < max(with_it.ended) <= NOBODYS_SECONDS_MAX


def test_it_is_killed_by_its_own_numbers() -> None:
    """Neither the handler's invocations nor the other rounds are."""
    plan = draw(LEAKS, janitor=True)
    rounds = Rounds(0.0, (Kill(1, KillAt.BEFORE_CALL, 1),))
    world = play(replace(plan, janitor=rounds, kills=())).world
    dead = [who for _, who, what, _ in world.story.entries if what.startswith("dies: killed before")]
    assert dead == ["janitor 1"]


def test_rounds_end_with_the_history() -> None:
    """A stack that lives on is no reason to look for ever, and the last orphan is still found."""
    template = Template((("Detector", Declared(0)),))
    stack = StackPlan("alpha", 0.0, (Operation(Verb.DEPLOY, template, 0.0),))
    plan = Plan(1, (ModelPlan("v1", "parts"),), (stack,), janitor=Rounds(10.0))
    world = World(plan, new_handler)
    orphanhood = Orphanhood(world, Truth(world))
    assert world.play()
    assert world.janitor is not None
    assert 4 <= world.janitor.rounds <= 6
    assert world.elapsed < 2 * 3600.0
    assert not orphanhood.spans
    assert all(change.by != JANITOR for change in next(iter(world.rekognition.models.values())).changes)


def test_a_plan_is_made_smaller_without_its_kills() -> None:
    """Its rounds stay: they are what is looked at."""
    plan = replace(
        draw(3), janitor=Rounds(5.0, (Kill(0, KillAt.BEFORE_CALL, 0), Kill(2, KillAt.BEFORE_CALL, 3)))
    )
    assert shrink(plan, lambda _: True).janitor == Rounds(5.0)
    assert 0.0 <= (draw(3, janitor=True).janitor or Rounds(-1.0)).begins <= ROUND_SECONDS


def test_a_create_of_another_stack_that_waits_in_the_queue_loses_nothing_to_the_janitor() -> None:
    """The model still carries the claim of a stack whose create was cancelled and that rolls nothing back."""
    history = play(draw(48_052_019, janitor=True))
    story = history.world.story.readable()
    asked = next(at for at, line in enumerate(story) if "sends Create #2 of beta/Detector: v1" in line)
    stopped = next(
        at for at, line in enumerate(story) if "janitor 0: rekognition:StopProjectVersion v1" in line
    )
    assert asked < stopped
    assert history.violations == ()
