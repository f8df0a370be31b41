"""The simulated world itself: time, and one calm life of a model in it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from simulator.draw import draw
from simulator.fast_seam import new_handler
from simulator.plan import Declared, Kill, KillAt, ModelPlan, Operation, Plan, StackPlan, Template, Verb
from simulator.world import World

CALM = Plan(
    seed=1,
    models=(ModelPlan("v1", "parts"), ModelPlan("v2", "parts")),
    stacks=(
        StackPlan(
            "stack",
            0.0,
            (
                Operation(Verb.DEPLOY, Template((("Model", Declared(0)),))),
                Operation(Verb.DEPLOY, Template((("Model", Declared(1)),))),
                Operation(Verb.DELETE),
            ),
        ),
    ),
)


def test_a_calm_life_goes_through_create_replacement_and_delete() -> None:
    """Without faults every request succeeds, and both models have run and rest at the end."""
    world = World(CALM, new_handler)
    assert world.play()
    assert [str(request.outcome) for request in world.requests] == ["SUCCESS"] * 4
    for model in world.rekognition.models.values():
        assert [look.status for look in model.looks[1:]] == ["STARTING", "RUNNING", "STOPPING", "STOPPED"]


def test_the_same_plan_gives_the_same_story_to_the_letter() -> None:
    """Nothing but the plan decides what happens."""
    stories = []
    for _ in range(2):
        world = World(CALM, new_handler)
        world.play()
        stories.append(world.story.lines())
    assert stories[0] == stories[1]


def test_a_history_is_free_to_go_when_it_is_over() -> None:
    """What was killed in its middle, and what waits for ever, keeps nothing in memory."""
    killed = tuple(Kill(number, kind, 5) for number, kind in enumerate(KillAt))
    world = World(replace(CALM, kills=killed), new_handler)
    world.play()
    assert world.gateway.fired["killed"] == len(KillAt)
    gone = weakref.ref(world)
    del world
    gc.collect()
    assert gone() is None


def test_a_history_does_not_depend_on_those_before_it() -> None:
    """Kills between lines count the same lines in a fresh process and in one that has played others."""
    seeds = [seed for seed in range(200) if any(kill.at is KillAt.LINE for kill in draw(seed).kills)]
    forwards = {seed: story_of(seed) for seed in seeds}
    backwards = {seed: story_of(seed) for seed in reversed(seeds)}
    assert len(seeds) > 10
    assert forwards == backwards


def story_of(seed: int) -> list[str]:
    """What happens in the history of a seed."""
    world = World(draw(seed), new_handler)
    world.play()
    return world.story.lines()
