"""CDK's provider framework with isComplete (aws-cdk-lib/custom-resources, provider-framework/runtime).

CloudFormation invokes the framework's onEvent; it calls the user's on_event, waits for it, and starts an
execution of a state machine. That one calls the framework's isComplete, which calls the user's is_complete,
every ``QUERY_INTERVAL_SECONDS``; when its tries are used up it calls onTimeout, which answers FAILED.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.alternatives.deployed import LAMBDA_TIMEOUT_SECONDS_MAX, WideRole, properties_of
from simulator.alternatives.model_code import ModelCode
from simulator.alternatives.sdk import BOTOCORE_LEGACY, JS_V3_STANDARD, ClientError, Sdk
from simulator.errors import AnswerLost
from simulator.functions import Handler, Invocation, Result
from simulator.plan import Declared, ModelPlan, StackPlan
from simulator.step_functions import StateMachine
from simulator.world import World

QUERY_INTERVAL_SECONDS: Final = 5.0
TOTAL_TIMEOUT_SECONDS: Final = 1800.0
"""The framework's defaults. An hour, the most that it takes, would outlast CloudFormation's own hour."""
USER_FUNCTION_SECONDS: Final = 300.0
"""The user has raised Lambda's three seconds: the SDK's tries fit in."""
CREATE_FAILED: Final = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
MISSING_PHYSICAL_ID: Final = "AWSCDK::CustomResourceProviderFramework::MISSING_PHYSICAL_ID"
_PUT_RETRIES_MAX: Final = 5
_PUT_PAUSE_SECONDS: Final = 1.0


class Retry(Exception):
    """Tells the state machine to try again; its message is the whole event."""

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__()
        self._event = event

    def __str__(self) -> str:
        return json.dumps(self._event)


class FunctionError(Exception):
    """The user's function raised, died or ran out of time."""


class PutFailed(Exception):
    """CloudFormation's answer did not get through."""


class Framework:
    """The framework's three functions (framework.ts, cfn-response.ts, outbound.ts, util.ts)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sdk = Sdk(world, JS_V3_STANDARD)
        self._chance = random.Random(f"{world.plan.seed} framework {world.functions.count}")

    def on_event(self, event: dict[str, Any], context: Invocation) -> None:
        """What CloudFormation invokes."""
        self._safely(self._on_event, event)

    def is_complete(self, event: dict[str, Any], context: Invocation) -> None:
        """What the state machine invokes again and again."""
        self._safely(self._is_complete, event)

    def on_timeout(self, event: dict[str, Any], context: Invocation) -> None:
        """What the state machine invokes in the end: the event comes out of the last error's message."""
        request = json.loads(json.loads(event["Cause"])["errorMessage"])
        self._submit("FAILED", request, "Operation timed out")

    def _on_event(self, event: dict[str, Any]) -> None:
        result = self._call_user(user_arns(event["ServiceToken"])[0], event) or {}
        default = event["RequestId"] if event["RequestType"] == "Create" else event["PhysicalResourceId"]
        physical_id = result.get("PhysicalResourceId") or default
        if event["RequestType"] == "Delete" and physical_id != event["PhysicalResourceId"]:
            raise FunctionError("DELETE: cannot change the physical resource ID during deletion")
        waiter = {**event, **result, "PhysicalResourceId": physical_id}
        bridge, arn = self._world.step_functions, machine_arn(event["ServiceToken"])
        self._sdk.call(lambda: bridge.start_execution(arn, waiter))

    def _is_complete(self, event: dict[str, Any]) -> None:
        result = self._call_user(user_arns(event["ServiceToken"])[1], event) or {}
        if not result.get("IsComplete"):
            raise Retry(event)
        self._submit("SUCCESS", event, "SUCCESS")

    def _safely(self, block: Callable[[dict[str, Any]], None], event: dict[str, Any]) -> None:
        """``safeHandler``: what fails is answered; the deletion of what failed to be created is swallowed."""
        if event["RequestType"] == "Delete" and event["PhysicalResourceId"] == CREATE_FAILED:
            self._submit("SUCCESS", event, "SUCCESS")
            return
        try:
            block(event)
        except (FunctionError, ClientError, PutFailed) as error:
            if not event.get("PhysicalResourceId") and event["RequestType"] == "Create":
                event["PhysicalResourceId"] = CREATE_FAILED
            self._submit("FAILED", event, str(error))

    def _call_user(self, arn: str, event: dict[str, Any]) -> Any:
        """``invokeFunction``: when the SDK gives up, wait until the function is active, and once more."""
        try:
            result = self._sdk.call(lambda: self._invoke(arn, event))
        except ClientError:
            result = self._sdk.call(lambda: self._invoke(arn, event))
        if result.error:
            raise FunctionError(
                f"{result.message or 'error'}\n\nLogs: /aws/lambda/{arn.rpartition(':')[2]}\n"
            )
        return result.payload

    def _invoke(self, arn: str, event: Mapping[str, Any]) -> Result:
        """Invoke, InvocationType RequestResponse."""
        world = self._world
        request = world.current_invocation().request

        def effect() -> Result:
            caller, results = world.kernel.current, list[Result]()

            def done(result: Result) -> None:
                results.append(result)
                if caller is not None:
                    world.kernel.wake(caller)

            world.functions.call(arn, json.dumps(event), request, done)
            while not results:
                world.kernel.suspend()
            return results[0]

        return world.gateway.call("lambda:InvokeFunction", arn, effect, lambda result: result.error or "done")

    def _submit(self, status: str, event: Mapping[str, Any], reason: str) -> None:
        """``submitResponse``: up to five more tries, on an HTTP error too."""
        body = {
            "Status": status,
            "Reason": reason,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "PhysicalResourceId": event.get("PhysicalResourceId") or MISSING_PHYSICAL_ID,
            "LogicalResourceId": event["LogicalResourceId"],
        }
        pause, encoded = _PUT_PAUSE_SECONDS, json.dumps(body).encode()
        for _ in range(_PUT_RETRIES_MAX):
            if self._put(event["ResponseURL"], encoded):
                return
            self._world.kernel.sleep(self._chance.random() * pause)
            pause *= 2.0
        if not self._put(event["ResponseURL"], encoded):
            raise PutFailed("Unsuccessful HTTP response")

    def _put(self, url: str, body: bytes) -> bool:
        try:
            return self._world.response_urls.put(url, body) < 400
        except AnswerLost:
            return False


class UserFunctions:
    """The user's two functions: on_event begins, is_complete looks and goes on."""

    def __init__(self, world: World) -> None:
        self._code = ModelCode(Sdk(world, BOTOCORE_LEGACY))

    def on_event(self, event: dict[str, Any], context: Invocation) -> dict[str, str]:
        """Start, resize or stop; another ARN in an update is another physical id."""
        arn = self._code.begin(event)
        return {
            "PhysicalResourceId": event["PhysicalResourceId"] if event["RequestType"] == "Delete" else arn
        }

    def is_complete(self, event: dict[str, Any], context: Invocation) -> dict[str, bool]:
        """Whether the model is as declared."""
        return {"IsComplete": self._code.is_complete(event)}


def user_arns(service_token: str) -> tuple[str, str]:
    """The user's on_event and is_complete."""
    return f"{service_token}-user-on-event", f"{service_token}-user-is-complete"


def framework_arns(service_token: str) -> tuple[str, str]:
    """The framework's isComplete and onTimeout; its onEvent is the service token."""
    return f"{service_token}-framework-is-complete", f"{service_token}-framework-on-timeout"


def machine_arn(service_token: str) -> str:
    """The waiter."""
    return service_token.replace(":lambda:", ":states:").replace(":function:", ":stateMachine:") + "-waiter"


def new_handler(world: World) -> Handler:
    """A fresh execution environment of the framework's onEvent."""
    return Framework(world).on_event


@dataclass(frozen=True)
class ProviderFramework:
    """The framework's three functions and its state machine, and the user's two functions."""

    def deploy(self, world: World, stack: StackPlan) -> None:
        """See ``Deployment``."""
        token, functions = stack.function_arn, world.functions
        # The policy of the stack is put on the role of the service token: all share it here.
        role = WideRole()
        functions.deploy(token, role, lambda: Framework(world).on_event, LAMBDA_TIMEOUT_SECONDS_MAX)
        is_complete, on_timeout = framework_arns(token)
        functions.deploy(is_complete, role, lambda: Framework(world).is_complete, LAMBDA_TIMEOUT_SECONDS_MAX)
        functions.deploy(on_timeout, role, lambda: Framework(world).on_timeout, LAMBDA_TIMEOUT_SECONDS_MAX)
        user_on_event, user_is_complete = user_arns(token)
        functions.deploy(user_on_event, role, lambda: UserFunctions(world).on_event, USER_FUNCTION_SECONDS)
        functions.deploy(
            user_is_complete, role, lambda: UserFunctions(world).is_complete, USER_FUNCTION_SECONDS
        )
        tries = int(TOTAL_TIMEOUT_SECONDS / QUERY_INTERVAL_SECONDS)
        world.step_functions.create(
            StateMachine(machine_arn(token), is_complete, on_timeout, QUERY_INTERVAL_SECONDS, tries)
        )

    def remove(self, world: World, stack: StackPlan) -> None:
        """See ``Deployment``."""
        token = stack.function_arn
        for arn in (token, *framework_arns(token), *user_arns(token)):
            world.functions.remove(arn)
        world.step_functions.delete(machine_arn(token))

    def properties_of(self, declared: Declared, model: ModelPlan, stack: StackPlan) -> dict[str, str]:
        """See ``Deployment``."""
        return properties_of(declared, model, stack)
