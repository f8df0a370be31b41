"""Whole courses: a request, and what CloudFormation does next by its answer, until the stack rests.

Faults come from the test, by ``World.before`` and ``World.after``. What is judged is what CloudFormation and
Rekognition show in the end, and what people were told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Final, NamedTuple

from deletes import INVENTED, deleting
from updates import cleaning_up, rolling_back, updating
from world import V1, V2, World, creating, lived, properties, request, service_error

from running_model_handler.core.answer import BODY_BYTES_MAX
from running_model_handler.core.errors import ErrorKind, ServiceError

HOUR: Final = 3600.0
UP: Final = ("RUNNING", "STARTING")


class Told(NamedTuple):
    """A request, when it was sent, and its answer; None where none came."""

    event: Mapping[str, Any]
    sent_at: float
    answer: Mapping[str, Any] | None


class Played(NamedTuple):
    """A course that has been played."""

    world: World
    told: list[Told]

    @property
    def first(self) -> Mapping[str, Any]:
        """The answer to the request that the course is named by."""
        answer = self.told[0].answer
        assert answer is not None
        return answer

    def problems(self) -> list[str]:
        """What breaks the contract; empty for nothing."""
        return [*_unanswered(self), *_leaks(self), *_cut_off(self)]


def _unanswered(played: Played) -> list[str]:
    found = []
    for event, sent_at, answer in played.told:
        kind = event["RequestType"]
        ceiling = float(event["ResourceProperties"]["ServiceTimeout"])
        if answer is None:
            found.append(f"{kind} was never answered")
        elif answer["At"] - sent_at >= ceiling:
            found.append(f"{kind} was answered after {answer['At'] - sent_at:.0f} s")
        elif answer["Bytes"] > BODY_BYTES_MAX:
            found.append(f"the answer to {kind} has {answer['Bytes']} bytes")
        elif answer["Status"] == "FAILED" and len(answer["Reason"]) < 30:
            found.append(f"{kind} failed for no reason: {answer['Reason']}")
    return found


def _has(world: World) -> str | None:
    """The model that the resource has, by CloudFormation's record."""
    view = world.stack.resource()
    gone = view.status.startswith("DELETE_") or view.status in ("", "CREATE_FAILED")
    return None if gone else view.physical_id


def _leaks(played: Played) -> list[str]:
    """Models that run for nobody, and nobody was told how to stop them."""
    world = played.world
    reasons = " ".join(str(told.answer["Reason"]) for told in played.told if told.answer is not None)
    found = []
    for arn, version in world.versions.items():
        command = f"stop-project-version --region eu-west-1 --project-version-arn {arn}"
        if version.status in UP and arn != _has(world) and command not in reasons:
            found.append(f"{arn.split('/')[3]} is left {version.status}")
    return found


def _cut_off(played: Played) -> list[str]:
    """The model that a resource rests with does not run as it was last declared with success."""
    world, has = played.world, _has(played.world)
    last = next((told for told in reversed(played.told) if told.event["RequestType"] != "Delete"), None)
    if has is None or last is None or last.answer is None or last.answer["Status"] == "FAILED":
        return []
    version, props = world.versions[has], last.event["ResourceProperties"]
    if version.status not in UP or str(version.units) != props["MinInferenceUnits"]:
        return [f"{has.split('/')[3]} is {version.status} with {version.units} units"]
    return []


class Player:
    """CloudFormation, with one resource."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: list[Told] = []

    def deliver(self, event: dict[str, Any]) -> Mapping[str, Any] | None:
        """What Lambda makes of a request."""
        return self.world.deliver(event)

    def ask(self, event: dict[str, Any]) -> bool:
        """Send a request and take its answer; whether it has succeeded."""
        world, sent_at = self.world, self.world.clock.now()
        try:
            answer = self.deliver(event)
        except Exception:
            answer = None
        self.told.append(Told(event, sent_at, answer))
        if answer is None:
            world.clock.sleep(max(0.0, sent_at + HOUR - world.clock.now()))
        return answer is not None and answer["Status"] == "SUCCESS"

    def bring(self, event: dict[str, Any]) -> bool:
        """Ask for a create, an update or the deletion of the resource, and note how it has ended."""
        succeeded, stack = self.ask(event), self.world.stack
        answer = self.told[-1].answer
        if answer is not None:
            stack.takes(answer)
        elif stack.under_way():
            stack.fails(physical_id=INVENTED if event["RequestType"] == "Create" else None)
        return succeeded

    def create(self, **changes: Any) -> None:
        """A stack is created; what fails is deleted."""
        stack = self.world.stack
        if not self.bring(creating(self.world, **changes)):
            stack.turns_back()
            physical_id = stack.resource().physical_id or INVENTED
            stack.begins("DELETE", properties(), physical_id=physical_id)
            self.bring(_delete_of(self.world, physical_id))
        stack.done()

    def update(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """A stack is updated; what fails goes back, what is replaced is deleted."""
        stack, had = self.world.stack, self.world.stack.resource().physical_id
        if self.bring(updating(self.world, new, old)):
            has = stack.resource().physical_id
            if has != had:
                self.ask(cleaning_up(self.world, str(had)))
                stack.leftover_gone("Model", str(had), failed=self._failed())
        else:
            self.bring(rolling_back(self.world, old, new))
        stack.done()

    def delete(self, **changes: Any) -> None:
        """A stack is deleted."""
        self.bring(deleting(self.world, **changes))
        self.world.stack.done()

    def create_cancelled(self, after: float) -> None:
        """A create whose stack turns back before it is answered; what it was making is deleted."""
        self._cancelled(creating(self.world), after, self._deletion_of_what_was_being_made)
        self.world.stack.done()

    def update_cancelled(self, after: float, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """An update whose stack turns back before it is answered."""
        self._cancelled(updating(self.world, new, old), after, lambda: rolling_back(self.world, old, new))
        self.world.stack.done()

    def _cancelled(self, event: dict[str, Any], after: float, turn: Callable[[], dict[str, Any]]) -> None:
        following: list[dict[str, Any]] = []
        cancelled_at = self.world.clock.now() + after
        self.world.clock.at(after, lambda: following.append(turn()))
        # CloudFormation takes no notice of this answer.
        self.ask(event)
        self.world.clock.sleep(cancelled_at - self.world.clock.now())
        self.bring(following[0])

    def _deletion_of_what_was_being_made(self) -> dict[str, Any]:
        self.world.stack.turns_back()
        self.world.stack.begins("DELETE", properties(), physical_id=INVENTED)
        return _delete_of(self.world, INVENTED)

    def _failed(self) -> bool:
        answer = self.told[-1].answer
        return answer is None or answer["Status"] == "FAILED"


def _delete_of(world: World, physical_id: str) -> dict[str, Any]:
    return request(
        "Delete", properties(), physical_id=physical_id, request_id="back", sent_at=world.clock.now()
    )


def _nothing(_: World) -> None:
    """An empty stack."""


def _v1_fails(world: World) -> None:
    world.versions[V1].ends_as = "FAILED"


def _v2_fails(world: World) -> None:
    lived(world)
    world.versions[V2].ends_as = "FAILED"


def _two_units_refused(world: World) -> None:
    lived(world)
    world.units_quota = 1


class Course(NamedTuple):
    """How the world begins, and what CloudFormation does in it."""

    begins: Callable[[World], None]
    plays: Callable[[Player], None]


TWO: Final = {"MinInferenceUnits": "2"}
STOPS: Final = {"Replacement": "STOP_FIRST"}
COURSES: Final[dict[str, Course]] = {
    "create": Course(_nothing, lambda p: p.create()),
    "create that fails": Course(_v1_fails, lambda p: p.create()),
    "create too slow": Course(_nothing, lambda p: p.create(TimeoutSeconds="300")),
    "resize": Course(lived, lambda p: p.update(properties(**TWO), properties())),
    "resize that fails": Course(_two_units_refused, lambda p: p.update(properties(**TWO), properties())),
    "replacement": Course(lived, lambda p: p.update(properties(V2), properties())),
    "replacement that fails": Course(_v2_fails, lambda p: p.update(properties(V2), properties())),
    "stop first": Course(lived, lambda p: p.update(properties(V2, **STOPS), properties(**STOPS))),
    "stop first that fails": Course(
        _v2_fails, lambda p: p.update(properties(V2, **STOPS), properties(**STOPS))
    ),
    "deletion": Course(lived, lambda p: p.delete()),
    "create cancelled": Course(_nothing, lambda p: p.create_cancelled(100.0)),
    "create cancelled at once": Course(_nothing, lambda p: p.create_cancelled(0.5)),
    "resize cancelled": Course(lived, lambda p: p.update_cancelled(60.0, properties(**TWO), properties())),
    "replacement cancelled": Course(lived, lambda p: p.update_cancelled(100.0, properties(V2), properties())),
    "stop first cancelled": Course(
        lived, lambda p: p.update_cancelled(150.0, properties(V2, **STOPS), properties(**STOPS))
    ),
}
ACTIONS: Final = (
    "DescribeStackEvents",
    "ListTagsForResource",
    "DescribeProjects",
    "DescribeProjectVersions",
    "TagResource",
    "UntagResource",
    "StartProjectVersion",
    "StopProjectVersion",
)
SERVICES: Final = {
    "DescribeStackEvents": "cloudformation",
    "DescribeStackResource": "cloudformation",
    "InvokeFunction": "lambda",
}
"""Of the actions that are not Rekognition's."""
UNREADABLE: Final = "unreadable"
"""An answer that can't be read, of a call that has had its effect; no code of AWS."""


def failing(world: World, action: str, code: str, begin: float = 0.0, seconds: float = inf) -> None:
    """An action fails for so many seconds, from so many after now on."""
    since = world.clock.now() + begin

    def fail(called: str, _: str) -> None:
        if called == action and since <= world.clock.now() < since + seconds:
            raise service_error(code, f"{SERVICES.get(action, 'rekognition')}:{action}")

    def lose(called: str, _: str) -> None:
        if called == action and since <= world.clock.now() < since + seconds:
            raise ServiceError(ErrorKind.UNCERTAIN, action, "resource", "TypeError", "it can't be read")

    if code == UNREADABLE:
        world.after = lose
    else:
        world.before = fail


def play(
    name: str,
    fault: Callable[[World], None] = _nothing,
    *,
    made: World | None = None,
    player: type[Player] = Player,
    invocation_seconds: float = 900.0,
) -> Played:
    """A course with a fault, and the hour after it."""
    course, world = COURSES[name], made or World(invocation_seconds=invocation_seconds)
    course.begins(world)
    fault(world)
    playing = player(world)
    course.plays(playing)
    world.clock.sleep(HOUR)
    return Played(world, playing.told)
