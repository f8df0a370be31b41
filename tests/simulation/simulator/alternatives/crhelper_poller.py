"""crhelper's own way past 15 minutes: an EventBridge rule that invokes the function every two minutes."""

from __future__ import annotations

from typing import Any

from simulator.alternatives.crhelper_on_virtual_time import new_helper
from simulator.alternatives.deployed import LAMBDA_TIMEOUT_SECONDS_MAX, OneFunction
from simulator.alternatives.model_code import ModelCode
from simulator.alternatives.sdk import BOTOCORE_LEGACY, Sdk
from simulator.functions import Handler
from simulator.world import World


class Polls:
    """What the user writes: a beginning for each kind of request, and a look."""

    def __init__(self, world: World, helper: Any) -> None:
        self._code = ModelCode(Sdk(world, BOTOCORE_LEGACY), stopped_fails=True)
        self._helper = helper

    def begin(self, event: dict[str, Any], _: object) -> None:
        """Create, update and delete."""
        # Also a FAILED answer names the model then, and CloudFormation deletes what a failed update started.
        self._helper.PhysicalResourceId = event["ResourceProperties"]["ProjectVersionArn"]
        self._code.begin(event)

    def look(self, event: dict[str, Any], _: object) -> str | None:
        """The polls; a physical id ends them."""
        arn = self._helper.PhysicalResourceId = event["ResourceProperties"]["ProjectVersionArn"]
        if not self._code.is_complete(event):
            return None
        return str(event["PhysicalResourceId"] if event["RequestType"] == "Delete" else arn)


def new_handler(world: World) -> Handler:
    """A fresh execution environment."""
    helper = new_helper(world)
    polls = Polls(world, helper)
    for register in (helper.create, helper.update, helper.delete):
        register(polls.begin)
    for register in (helper.poll_create, helper.poll_update, helper.poll_delete):
        register(polls.look)
    handler: Handler = helper
    return handler


def deployment() -> OneFunction:
    """One function."""
    return OneFunction(new_handler, LAMBDA_TIMEOUT_SECONDS_MAX)
