"""Sweeps and rounds of the janitor of which any call fails, in any way, or is the last before a kill."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

import pytest
from courses import SERVICES, UNREADABLE
from sweeps import DAY, EVENING, QUEUE, event, resting, running
from test_janitor import Seen
from world import OTHER, V1, V2, World, lived, properties, service_error

from running_model_handler.core.duty import Messages
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.names import JANITOR_STOPS
from running_model_handler.janitor import Janitor, UnfinishedRound, woken

CODES = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "OddException",
    "ThrottlingException",
    "ResourceNotFoundException",
    "ValidationException",
    "InternalServerError",
    UNREADABLE,
    "killed",
)


class _Killed(BaseException):
    """The function was killed; nothing of its own may catch this."""


def _fails(world: World, nth: int, code: str) -> Callable[[], int]:
    """The so manieth call fails; how many there were in the end."""
    calls = 0

    def count(action: str, _: str) -> None:
        nonlocal calls
        calls += 1
        if calls == nth and code not in (UNREADABLE, "killed"):
            raise service_error(code, f"{SERVICES.get(action, 'rekognition')}:{action}")

    def lose(action: str, _: str) -> None:
        if calls == nth and code == "killed":
            raise _Killed
        if calls == nth and code == UNREADABLE:
            raise ServiceError(ErrorKind.UNCERTAIN, action, "resource", "TypeError", "it can't be read")

    world.before, world.after = count, lose
    return lambda: calls


class Scene(NamedTuple):
    """A model with guards, and what sweeps make of it."""

    begins: Callable[..., None]
    guards: dict[str, str]
    up: bool
    """Whether it runs in the end."""
    messages: int = 0
    idle: bool = False


SCENES: Final = {
    "on duty, at rest": Scene(resting, {"RunningHours": EVENING}, up=True),
    "on duty, runs": Scene(running, {"RunningHours": EVENING}, up=True),
    "off duty, runs": Scene(running, {"RunningHours": DAY}, up=False),
    "off duty, at rest": Scene(resting, {"RunningHours": DAY}, up=False),
    "messages wait": Scene(resting, {"StartForQueueUrl": QUEUE}, up=True, messages=3),
    "called within the hour": Scene(running, {"StopWhenIdleSeconds": "3600"}, up=True),
    "idle": Scene(running, {"StopWhenIdleSeconds": "3600"}, up=False, idle=True),
}
UP: Final = ("RUNNING", "STARTING")


def _world_of(scene: Scene) -> World:
    world = World()
    if scene.guards.get("StopWhenIdleSeconds") and not scene.idle:
        scene.begins(world, **scene.guards)
        world.detected_at = world.clock.now() - 600.0
    elif scene.idle:
        scene.begins(world, seconds=7200.0, **scene.guards)
    else:
        scene.begins(world, **scene.guards)
    world.waiting = Messages(scene.messages)
    return world


def _sweep(world: World, scene: Scene) -> None:
    with suppress(_Killed):
        world.deliver(event(properties(**scene.guards)))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", SCENES)
def test_any_call_of_a_sweep_may_fail_and_the_next_ones_do_what_it_would_have_done(
    name: str, code: str
) -> None:
    """Nothing is done that duty does not ask for, and what is begun is nobody's act but the sweep's."""
    scene, nth, calls = SCENES[name], 0, 1
    while nth < calls:
        nth += 1
        world = _world_of(scene)
        before = world.versions[V1].status
        told = _fails(world, nth, code)
        _sweep(world, scene)
        calls = max(calls, told())
        if scene.up is (before in UP):
            assert not world.history, (nth, world.history)
        world.before = world.after = lambda action, arn: None
        for _ in range(2):
            world.clock.sleep(300.0)
            _sweep(world, scene)
        assert (world.versions[V1].status in UP) is scene.up, (nth, world.history, world.lines)


# --- the janitor ------------------------------------------------------------------------------------------


def _round(world: World) -> None:
    with suppress(_Killed, UnfinishedRound):
        seen = Seen(world)
        woken(Janitor(seen, seen, world.clock, seen.tell), {JANITOR_STOPS: True})


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("gone", [True, False])
def test_any_call_of_a_round_may_fail_and_the_next_one_stops_what_is_nobodys(code: str, gone: bool) -> None:
    """What somebody has is never stopped, whatever fails; V2 has a stack of its own."""
    nth, calls = 0, 1
    while nth < calls:
        nth += 1
        world = World()
        lived(world)
        theirs = world.other_stack()
        theirs.goes("CREATE_IN_PROGRESS")
        theirs.begins("CREATE", properties(V2))
        theirs.completes(physical_id=V2)
        theirs.done()
        world.run_model(V2)
        world.own(V2, stack=OTHER)
        if gone:
            world.stack.goes("DELETE_IN_PROGRESS")
            world.stack.begins("DELETE", properties())
            world.stack.completes()
            world.stack.done()
        told = _fails(world, nth, code)
        _round(world)
        calls = max(calls, told())
        world.before = world.after = lambda action, arn: None
        world.clock.sleep(600.0)
        _round(world)
        assert (world.versions[V1].status in UP) is not gone, (nth, world.calls)
        assert world.versions[V2].status == "RUNNING", (nth, world.calls)
