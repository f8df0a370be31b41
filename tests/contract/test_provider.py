"""What becomes of a function and its role in an operation, in the simulation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holds import holds

from simulator.errors import ApiError
from simulator.functions import Handler
from simulator.plan import Declared, ModelPlan, Operation, Plan, StackPlan, Template, Verb
from simulator.world import World

V1, V2 = ModelPlan("v1", "parts"), ModelPlan("v2", "parts")
ANSWERED = ("StackId", "RequestId", "LogicalResourceId")


def deployed(model: int) -> Operation:
    """A create or an update."""
    return Operation(Verb.DEPLOY, Template((("A", Declared(model)),)))


def answer(world: World, event: Mapping[str, Any]) -> None:
    """SUCCESS, by the ARN of the model."""
    body = {name: event[name] for name in ANSWERED}
    body |= {"Status": "SUCCESS", "PhysicalResourceId": event["ResourceProperties"]["ProjectVersionArn"]}
    world.response_urls.put(event["ResponseURL"], json.dumps(body).encode())


@holds("policies first")
def test_a_policy_changes_before_the_clean_up() -> None:
    """The Delete of what a replacement has left finds the policy of the new model alone."""
    allowed: list[tuple[str, bool, bool]] = []

    def asking(world: World) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> None:
            may = (
                context.role.allows("rekognition:StartProjectVersion", one.arn, None, world.kernel.now)
                for one in (V1, V2)
            )
            allowed.append((event["RequestType"], *may))
            answer(world, event)

        return handle

    stack = StackPlan("alpha", 0.0, (deployed(0), deployed(1)))
    assert World(Plan(1, (V1, V2), (stack,)), asking).play()
    assert allowed == [("Create", True, False), ("Update", False, True), ("Delete", False, True)]


@holds("under a worker")
def test_a_function_goes_with_its_stack_whatever_it_does() -> None:
    """Who works on when its Delete is answered has no function any more to hand over to."""
    refused: list[str] = []

    def working_on(world: World) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> None:
            answer(world, event)
            if event["RequestType"] != "Delete":
                return
            world.kernel.sleep(100.0)
            try:
                world.functions.invoke(context.invoked_function_arn, event, context.request)
            except ApiError as error:
                refused.append(error.code)

        return handle

    stack = StackPlan("alpha", 0.0, (deployed(0), Operation(Verb.DELETE)))
    assert World(Plan(1, (V1,), (stack,)), working_on).play()
    assert refused == ["ResourceNotFoundException"]
