"""The real crhelper, with its doors to the world replaced: AWS clients, time, chance and the answer's PUT."""

from __future__ import annotations

import importlib.util
import json
import random
import string
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from simulator.alternatives.sdk import BOTOCORE_LEGACY, Sdk
from simulator.errors import AnswerLost
from simulator.functions import Invocation
from simulator.world import World

_PUT_TRIES_MAX: Final = 5
_BETWEEN_TRIES_SECONDS: Final = 2.0
_BETWEEN_ROUNDS_SECONDS: Final = 5.0


class _Timer:
    """``threading.Timer`` on virtual time; it runs beside the invocation, and ends with it."""

    def __init__(self, interval: float, function: Callable[[], None]) -> None:
        self._interval = interval
        self._function = function
        self._world: World = function.__self__.simulated_world  # type: ignore[attr-defined]
        self._cancelled = False

    def start(self) -> None:
        invocation = self._world.current_invocation()
        self._world.kernel.after(max(0.0, self._interval), self._fire, invocation)

    def cancel(self) -> None:
        self._cancelled = True

    def _fire(self, invocation: Invocation) -> None:
        if not self._cancelled and invocation.task is not None:
            self._world.functions.thread(invocation, self._function)


def _private_copy() -> ModuleType:
    """The library's module under no name: nothing else in the process sees what is replaced in it."""
    found = importlib.util.find_spec("crhelper.resource_helper")
    if found is None or found.loader is None:
        raise ImportError("crhelper is not installed")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    quiet = SimpleNamespace(debug=_nothing, info=_nothing, error=_nothing)
    doors = {
        "boto3": SimpleNamespace(client=_nothing),
        "threading": SimpleNamespace(Timer=_Timer),
        "log_helper": SimpleNamespace(setup=_nothing),
        "logger": quiet,
    }
    for name, door in doors.items():
        if not hasattr(module, name):
            raise ImportError(f"crhelper no longer has {name}")
        setattr(module, name, door)
    return module


def _nothing(*_: Any, **__: Any) -> None:
    """Log nothing; make no client."""


_crhelper: Final = _private_copy()


class _Lambda:
    """The calls of boto3's Lambda client that the library makes."""

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk

    def add_permission(self, *, FunctionName: str, StatementId: str, SourceArn: str, **_: str) -> None:
        arn, bridge = _function_arn(self._sdk.world, FunctionName), self._sdk.world.eventbridge
        self._sdk.call(lambda: bridge.add_permission(arn, StatementId, SourceArn))

    def remove_permission(self, *, FunctionName: str, StatementId: str) -> None:
        arn, bridge = _function_arn(self._sdk.world, FunctionName), self._sdk.world.eventbridge
        self._sdk.call(lambda: bridge.remove_permission(arn, StatementId))


class _Events:
    """The calls of boto3's EventBridge client that the library makes."""

    def __init__(self, sdk: Sdk) -> None:
        self._sdk = sdk
        self._bridge = sdk.world.eventbridge

    def put_rule(self, *, Name: str, ScheduleExpression: str, State: str) -> dict[str, str]:
        minutes = int(ScheduleExpression.removeprefix("rate(").split()[0])
        return {"RuleArn": self._sdk.call(lambda: self._bridge.put_rule(Name, 60.0 * minutes))}

    def put_targets(self, *, Rule: str, Targets: list[dict[str, str]]) -> None:
        for target in Targets:
            put = partial(self._bridge.put_target, Rule, target["Id"], target["Arn"], target["Input"])
            self._sdk.call(put)

    def remove_targets(self, *, Rule: str, Ids: list[str]) -> None:
        for each in Ids:
            self._sdk.call(partial(self._bridge.remove_target, Rule, each))

    def delete_rule(self, *, Name: str) -> None:
        self._sdk.call(lambda: self._bridge.delete_rule(Name))


def _function_arn(world: World, name: str) -> str:
    return next(arn for arn in world.functions.by_arn if arn.endswith(f":{name}"))


def new_helper(world: World) -> Any:
    """A ``CfnResource`` with the library's defaults, in a fresh execution environment."""
    helper = _crhelper.CfnResource()
    sdk = Sdk(world, BOTOCORE_LEGACY)
    chance = random.Random(f"{world.plan.seed} crhelper {world.functions.count}")
    helper.simulated_world = world
    helper._lambda_client, helper._events_client = _Lambda(sdk), _Events(sdk)
    # The library bound these when it was read.
    helper._wait_for_cwlogs = partial(helper._wait_for_cwlogs, sleep=world.kernel.sleep)
    helper._send = partial(helper._send, send_response=partial(_send_response, world))
    helper._rand_string = lambda length: "".join(
        chance.choice(string.ascii_uppercase + string.digits) for _ in range(length)
    )
    return helper


def _send_response(world: World, url: str, body: dict[str, Any], _: object) -> None:
    """``crhelper.utils._send_response``: any HTTP status counts as sent; without one it tries for ever."""
    encoded = json.dumps(body).encode()
    while True:
        for _ in range(_PUT_TRIES_MAX):
            try:
                world.response_urls.put(url, encoded)
                return
            except AnswerLost:
                world.kernel.sleep(_BETWEEN_TRIES_SECONDS)
        world.kernel.sleep(_BETWEEN_ROUNDS_SECONDS)
