"""Guards, schedules and people in the simulated world, and the truth that judges what becomes of models."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from running_model_handler.core import sweeping
from running_model_handler.core.duty import Duty, Facts, duty_of
from running_model_handler.core.guards import parse_hours
from simulator import stored
from simulator.counting import tally
from simulator.draw import draw
from simulator.fast_seam import new_handler
from simulator.history import play
from simulator.invariants.duties import Duties
from simulator.invariants.truth import Truth
from simulator.kernel import EPOCH
from simulator.plan import (
    ByHand,
    Declared,
    Demand,
    Faults,
    Guarded,
    Hand,
    ModelPlan,
    Operation,
    Plan,
    Saying,
    StackPlan,
    Start,
    StartEnd,
    Template,
    Verb,
)
from simulator.shrink import shrink
from simulator.stack import properties_of
from simulator.world import World

SEEDS: Final = range(1, 121)
OWNER: Final = (StackPlan("alpha", 0.0, ()).stack_id, "Detector")
LATE: Final = "MON-SUN 23:13-24:00 UTC"
"""Begins an hour after every history does, 20 s before its 60 minutes are over."""
LATE_BEGINS: Final = 3_580.0


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def lived(guarded: Guarded, until: float, demand: Demand | None = None, *hands: ByHand) -> World:
    """One model with guards, looked after for so many seconds."""
    template = Template((("Detector", Declared(0, guarded=guarded)),))
    stack = StackPlan("alpha", 0.0, (Operation(Verb.DEPLOY, template, 0.0),))
    asked = replace(demand or Demand(), until=until)
    plan = Plan(1, (ModelPlan("v1", "parts"),), (stack,), by_hand=hands, demand=asked)
    return World(plan, new_handler)


def acts(world: World) -> list[tuple[str, str, float]]:
    """What was done to the model, by whom, and when."""
    (model,) = world.rekognition.models.values()
    return [(one.verb, str(getattr(one.by, "name", one.by)), one.at - EPOCH) for one in model.changes]


def duty(world: World, at: float) -> bool | None:
    """What is true of the model's duty, so long after the beginning."""
    (model,) = world.rekognition.models.values()
    return Duties(world, Truth(world)).duty(OWNER, model, EPOCH + at)


def test_every_guarantee_holds_with_guards() -> None:
    """And all that a plan can hold happens: an adversary that never strikes would be false comfort."""
    counted = tally(SEEDS, guards=True)
    assert counted.violations == {}
    assert counted.operations["sweep"] > 3_000
    assert min(counted.operations[f"{verb} by a sweep"] for verb in ("Start", "Stop")) > 20
    assert counted.operations["said for a while"] > 10
    assert min(counted.by_hand[f"{hand}s"] for hand in (Hand.START, Hand.STOP)) > 5
    assert {"sqs:GetQueueAttributes", "cloudwatch:GetMetricData"} <= set(counted.calls)
    assert {"killed", "delayed", "duplicated", "throttled"} <= set(counted.faults)


def test_hours_are_found_by_their_edge_and_people_by_the_next_sweep() -> None:
    """At rest after the deployment, started when the hours begin, stopped when they end."""
    world = lived(Guarded(hours=LATE, lead_seconds=0), 9_000.0)
    assert world.play()
    (start, stop) = acts(world)
    assert start[:2] == ("Start", "sweep of alpha/Detector")
    assert LATE_BEGINS <= start[2] < LATE_BEGINS + 90.0
    assert stop[:2] == ("Stop", "sweep of alpha/Detector")
    assert duty(world, 60.0) is False
    assert duty(world, LATE_BEGINS + 1.0) is True


def test_an_outage_of_schedules_only_delays() -> None:
    """Nobody is told of the edge; the first sweep after it finds what is."""
    world = lived(
        Guarded(hours=LATE, lead_seconds=0), 9_000.0, Demand(outages=((LATE_BEGINS - 60.0, 4_600.0),))
    )
    assert world.play()
    assert 4_600.0 <= acts(world)[0][2] < 5_000.0


def test_what_people_say_counts_as_long_as_they_said() -> None:
    """On by what they say, and off again within two sweeps of its end."""
    said = Demand(sayings=(Saying(100.0, 0, on=True, seconds=1_200.0),))
    world = lived(Guarded(hours=LATE, lead_seconds=0), 3_000.0, said)
    assert world.play()
    start, stop = acts(world)[:2]
    assert (start[0], stop[0]) == ("Start", "Stop")
    assert 1_300.0 <= stop[2] < 1_300.0 + 700.0
    assert duty(world, 1_299.0) is True
    assert duty(world, 1_301.0) is False


def test_truth_of_a_deadline_and_of_a_stop_by_hand() -> None:
    """What a person stops stays off, certain once somebody must have seen it run; a deadline is one."""
    world = lived(Guarded(stop_after_seconds=4_000), 3_900.0, None, ByHand(2_500.0, Hand.STOP, 0))
    assert world.play()
    assert [act[:2] for act in acts(world)] == [
        ("Start", "Create #0 of alpha/Detector"),
        ("Stop", "a person"),
    ]
    assert duty(world, 2_600.0) is False
    world = lived(Guarded(stop_after_seconds=4_000), 5_000.0)
    assert world.play()
    assert acts(world)[-1][:2] == ("Stop", "sweep of alpha/Detector")
    assert duty(world, 3_990.0) is True
    assert duty(world, 4_010.0) is False


def test_truth_of_a_queue() -> None:
    """On while messages wait, nobody knows for a while, then off."""
    world = lived(Guarded(empty_seconds=600), 6_000.0, Demand(messages=((500.0, 1_500.0),)))
    assert world.play()
    assert [act[0] for act in acts(world)] == ["Start", "Stop"]
    assert duty(world, 1_000.0) is True
    assert duty(world, 1_600.0) is None
    assert duty(world, 6_000.0) is False


def test_a_sweep_that_leaves_an_act_to_a_refused_one_is_not_whole() -> None:
    """It is delivered twice, and no model of this account is stopped while it starts."""
    template = Template((("Detector", Declared(0, guarded=Guarded(hours=LATE, lead_seconds=0))),))
    model = ModelPlan("v1", "parts", starts=(Start(StartEnd.RUNNING, 1_800.0),), stop_while_starting=False)
    plan = Plan(
        1,
        (model,),
        (StackPlan("alpha", 0.0, (Operation(Verb.DEPLOY, template, 0.0),)),),
        by_hand=(ByHand(600.0, Hand.START, 0),),
        faults=Faults(duplicated=1.0, duplicate_delay=3.0),
        demand=Demand(until=3_000.0),
    )
    history = play(plan)
    assert history.violations == ()
    refused = [line for line in history.world.story.readable() if "StopProjectVersion v1 → Resource" in line]
    assert len(refused) > 5


def test_two_sweeps_that_undo_each_other_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A duty that turns without a reason."""
    turned = 0

    def turning(facts: Facts, now: float) -> Duty:
        nonlocal turned
        turned += 1
        return duty_of(facts, now)._replace(on=turned % 8 < 4)

    monkeypatch.setattr(sweeping, "duty_of", turning)
    template = Template((("Detector", Declared(0, guarded=Guarded(stop_after_seconds=86_400))),))
    stack = StackPlan("alpha", 0.0, (Operation(Verb.DEPLOY, template, 0.0),))
    found = play(Plan(1, (ModelPlan("v1", "parts"),), (stack,), demand=Demand(until=3_600.0))).violations
    assert "D4" in {each.guarantee for each in found}


def test_a_plan_with_guards_is_read_as_the_handler_reads_it(tmp_path: Path) -> None:
    """Every drawn property is one that the handler takes; a plan comes back from its file, and shrinks."""
    drawn = set()
    for seed in range(1, 80):
        plan = draw(seed, guards=True)
        for stack in plan.stacks:
            for operation in stack.operations:
                for _, declared in operation.template.models:
                    told = properties_of(declared, plan.models[declared.model], stack.function_arn)
                    drawn |= set(told)
                    parse_hours(told.get("RunningHours"), name="RunningHours")
        found = stored.Found(seed, "D1", "it runs", plan)
        assert stored.read(stored.write(found, tmp_path)) == found
    assert {"RunningHours", "LeadTimeSeconds", "StopAfterSeconds"} <= drawn
    assert {"StopWhenIdleSeconds", "StartForQueueUrl", "StopWhenEmptySeconds"} <= drawn
    small = shrink(draw(2, guards=True), lambda _: True)
    assert small.demand is not None
    assert (small.demand.sayings, small.demand.messages, small.demand.calls) == ((), (), ())
    assert all(
        declared.guarded is None
        for stack in small.stacks
        for operation in stack.operations
        for _, declared in operation.template.models
    )


def test_without_guards_nothing_is_woken() -> None:
    """A plan of before is played as before."""
    world = play(draw(3)).world
    assert world.demands is None
    assert draw(3).demand is None
