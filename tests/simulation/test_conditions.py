"""What excuses a model that bills for nobody: no handler can talk itself out of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from running_model_handler.core.arn import parse_project_version_arn, with_stop_command
from simulator.conditions import Condition
from simulator.draw import draw
from simulator.fast_seam import FastServices, new_handler
from simulator.functions import Handler
from simulator.history import play
from simulator.plan import (
    Declared,
    Faults,
    ModelPlan,
    Operation,
    Plan,
    StackPlan,
    Start,
    StartEnd,
    Template,
    Verb,
)
from simulator.world import World

LIFE = (Operation(Verb.DEPLOY, Template((("Model", Declared(0)),))), Operation(Verb.DELETE))
PLAN = Plan(1, (ModelPlan("v1", "parts"),), (StackPlan("stack", 0.0, LIFE),))


def quitter(world: World) -> Handler:
    """Creates as it should, and answers each Delete at once with the command that stops the model by hand."""
    creates = new_handler(world)

    def handler(event: Any, context: Any) -> None:
        if event["RequestType"] != "Delete":
            creates(event, context)
            return
        arn = parse_project_version_arn(event["PhysicalResourceId"], name="arn")
        told = {
            key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId")
        }
        body = {**told, "Status": "FAILED", "Reason": with_stop_command("no time", arn)}
        services = FastServices(world)
        services.put_answer(event["ResponseURL"], json.dumps(body).encode(), services.clock)

    return handler


def judged(plan: Plan, handler: Any = new_handler) -> tuple[set[str], set[Condition]]:
    """The guarantees that are violated, and what is excused."""
    history = play(plan, handler)
    return {violation.guarantee for violation in history.violations}, set(history.world.conditions)


def test_the_command_alone_is_no_excuse() -> None:
    """Whoever gives up with time left has leaked the model, whatever people are told."""
    violated, excused = judged(PLAN, quitter)
    assert "G3" in violated
    assert Condition.NOT_STOPPED not in excused


def test_a_stop_that_is_never_allowed_is_excused() -> None:
    """The stack goes, and five minutes of refusals are enough."""
    assert judged(replace(PLAN, faults=Faults(denied=True))) == (set(), {Condition.NOT_STOPPED})


def test_a_model_that_never_ends_to_start_is_excused() -> None:
    """An hour of Stops that its status refuses."""
    model = replace(PLAN.models[0], starts=(Start(StartEnd.NEVER, 1.0),))
    assert judged(replace(PLAN, models=(model,))) == (set(), {Condition.NOT_STOPPED})


def test_a_function_that_may_not_go_on_is_excused() -> None:
    """Without lambda:InvokeFunction an invocation is all the time that there is."""
    model = replace(PLAN.models[0], starts=(Start(StartEnd.RUNNING, 2500.0),))
    plan = replace(PLAN, models=(model,), hand_over_denied=True, invocation_seconds=300.0)
    assert judged(plan) == (set(), {Condition.NOT_STOPPED})


def test_a_clean_up_that_is_killed_in_every_try_is_excused() -> None:
    """It would have given another resource its model back, which a cancelled create has stopped."""
    assert judged(draw(26118246)) == (set(), {Condition.KILLED})
