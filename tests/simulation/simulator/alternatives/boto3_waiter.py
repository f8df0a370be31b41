"""All in one invocation: start, then boto3's waiter; on delete stop, then poll until the model rests.

crhelper around it, without its poller, answers FAILED half a second before the function's time-out. The
function has the longest one that Lambda allows; its asynchronous retries stay as they are by default.
"""

from __future__ import annotations

from typing import Any, Final

from simulator.alternatives.crhelper_on_virtual_time import new_helper
from simulator.alternatives.deployed import LAMBDA_TIMEOUT_SECONDS_MAX, OneFunction
from simulator.alternatives.model_code import ModelCode, ModelError
from simulator.alternatives.sdk import BOTOCORE_LEGACY, Sdk
from simulator.functions import Handler
from simulator.world import World

WAITER_SECONDS: Final = 30.0
WAITER_TRIES_MAX: Final = 40
"""botocore's waiters-2.json: ProjectVersionRunning."""
POLL_SECONDS: Final = 10.0


class Waits:
    """What the user writes around the steps."""

    def __init__(self, world: World, helper: Any) -> None:
        self._kernel = world.kernel
        self._sdk = Sdk(world, BOTOCORE_LEGACY)
        self._code = ModelCode(self._sdk)
        self._helper = helper

    def bring(self, event: dict[str, Any], _: object) -> str:
        """Create and update."""
        # Also a FAILED answer names the model then, and CloudFormation deletes what a failed update started.
        arn = self._helper.PhysicalResourceId = event["ResourceProperties"]["ProjectVersionArn"]
        self._code.begin(event)
        while not self._code.is_complete(event):
            look = self._sdk.describe(arn)
            if look is not None and look.status == "STARTING":
                self._wait_until_running(arn)
            else:
                self._kernel.sleep(POLL_SECONDS)
        return str(arn)

    def take_away(self, event: dict[str, Any], _: object) -> None:
        """Delete."""
        self._helper.PhysicalResourceId = event["PhysicalResourceId"]
        self._code.begin(event)
        while not self._code.is_complete(event):
            self._kernel.sleep(POLL_SECONDS)

    def _wait_until_running(self, arn: str) -> None:
        for attempt in range(WAITER_TRIES_MAX):
            if attempt:
                self._kernel.sleep(WAITER_SECONDS)
            look = self._sdk.describe(arn)
            if look is not None and look.status == "RUNNING":
                return
            if look is not None and look.status == "FAILED":
                raise ModelError("Waiter ProjectVersionRunning failed: terminal failure state")
        raise ModelError("Waiter ProjectVersionRunning failed: Max attempts exceeded")


def new_handler(world: World) -> Handler:
    """A fresh execution environment."""
    helper = new_helper(world)
    waits = Waits(world, helper)
    helper.create(waits.bring)
    helper.update(waits.bring)
    helper.delete(waits.take_away)
    handler: Handler = helper
    return handler


def deployment() -> OneFunction:
    """One function."""
    return OneFunction(new_handler, LAMBDA_TIMEOUT_SECONDS_MAX)
