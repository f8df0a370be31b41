"""The simulated world itself: time, and one calm life of a model in it."""

from __future__ import annotations

from simulator.fast_seam import new_handler
from simulator.plan import Declared, ModelPlan, Operation, Plan, StackPlan, Template, Verb
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
