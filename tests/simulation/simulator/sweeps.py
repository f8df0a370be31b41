"""The schedules of models with guards, and what calls for models: a queue, users, people who say so.

As the construct makes them: each guarded resource has a schedule that wakes the function of its stack every
five minutes, every minute with a queue, and one at each edge of its hours. CloudFormation makes, changes and
deletes them beside the resource: earlier or later than that, as the plan says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from running_model_handler.core.duty import Override
from running_model_handler.core.duty_tags import override_tags
from running_model_handler.core.guards import parse_hours
from running_model_handler.core.hours import hours_at, next_stop
from running_model_handler.core.names import SCHEDULED_TIME, SWEEP
from simulator.errors import ApiError
from simulator.kernel import EPOCH
from simulator.plan import Declared, Demand, Guarded, Saying
from simulator.recurring import Recurring
from simulator.rekognition import PERSON
from simulator.stack import Resource, Stack

if TYPE_CHECKING:
    from simulator.world import World

MINUTE_SECONDS: Final = 60.0
RATE_MINUTES: Final = 5
"""How often a model is looked after without a queue; with one it is every minute."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A schedule's look at the model of a resource; who acts in it."""

    stack: Stack
    logical_id: str

    @property
    def owner(self) -> tuple[str, str]:
        """The resource: stack id and logical id."""
        return self.stack.plan.stack_id, self.logical_id

    @property
    def name(self) -> str:
        """How the story calls it."""
        return f"sweep of {self.stack.plan.label}/{self.logical_id}"

    def __str__(self) -> str:
        return self.name


class Demands:
    """All that calls for models in a world, and wakes those who look after them."""

    def __init__(self, world: World, plan: Demand) -> None:
        self._world = world
        self._plan = plan
        self.said: dict[str, list[Override]] = {}
        """What people have said of each model so far."""
        self.wakes = 0
        """How often a schedule has woken a function."""
        self._minutes = 0

    def begin(self) -> None:
        """Let it happen from now on."""
        Recurring(self._world, EPOCH + self._plan.phase, MINUTE_SECONDS, self._minute)
        for saying in self._plan.sayings:
            self._world.kernel.at(EPOCH + saying.at, self._say, saying)

    # --- what calls for models ------------------------------------------------------------------------

    def messages(self, moment: float) -> int:
        """How many messages wait at a moment."""
        return 3 if _holds(self._plan.messages, moment) else 0

    def last_call(self, since: float, moment: float) -> float | None:
        """When a model was called last, of what the metric shows at a moment."""
        last = None
        for begin, end in self._plan.calls:
            at = min(EPOCH + end, moment)
            if at >= EPOCH + begin:
                last = max(last or 0.0, at)
        return last if last is not None and last >= since else None

    def edges(self) -> list[float]:
        """When messages come or have gone, calls begin or end; seconds since the epoch."""
        return [EPOCH + at for span in (*self._plan.messages, *self._plan.calls) for at in span]

    def outages(self) -> list[float]:
        """When schedules that were out wake somebody again; seconds since the epoch."""
        return [EPOCH + end for _, end in self._plan.outages]

    def _say(self, saying: Saying) -> None:
        model, now = self._world.plan.models[saying.model], self._world.kernel.now
        override = Override(saying.on, float(int(now + saying.seconds)), float(int(now)))
        try:
            self._world.rekognition.tag(model.arn, override_tags(override), PERSON)
        except ApiError:
            return
        self.said.setdefault(model.arn, []).append(override)
        word = "keep it running" if saying.on else "keep it off"
        self._world.story.note(now, PERSON, f"says of {model.name}: {word}", f"for {saying.seconds:.0f} s")

    # --- schedules ------------------------------------------------------------------------------------

    def _minute(self) -> None:
        self._minutes += 1
        now = self._world.kernel.now
        if _holds(self._plan.outages, now):
            return
        for stack in self._world.stacks.values():
            for resource in stack.resources.values():
                declares = self._scheduled(stack, resource)
                if declares is None or declares[0].guarded is None:
                    continue
                due = declares[0].guarded.empty_seconds is not None or self._minutes % RATE_MINUTES == 0
                if due or _edge_passes(declares[0].guarded, now - MINUTE_SECONDS, now):
                    self._wake(stack, resource, declares[1])

    def _scheduled(self, stack: Stack, resource: Resource) -> tuple[Declared, Mapping[str, str]] | None:
        """What the schedules of a resource were made for; None where there are none."""
        if not stack.function_exists or not resource.exists or resource.declared is None:
            return None
        if self._plan.hasty:
            return resource.declared, resource.properties
        if resource.status.startswith("DELETE_") or resource.stable is None:
            return None
        return resource.stable.declared, resource.stable.properties

    def _wake(self, stack: Stack, resource: Resource, properties: Mapping[str, str]) -> None:
        self.wakes += 1
        asked = {
            "StackId": stack.plan.stack_id,
            "LogicalResourceId": resource.logical_id,
            SCHEDULED_TIME: datetime.fromtimestamp(self._world.kernel.now, UTC).isoformat(),
            "ResourceProperties": {
                name: value for name, value in properties.items() if not name.startswith("Service")
            },
        }
        try:
            self._world.functions.invoke(
                stack.plan.function_arn, {SWEEP: asked}, None, actor=Sweep(stack, resource.logical_id)
            )
        except ApiError as error:
            self._world.story.note(self._world.kernel.now, "Scheduler", "wakes nobody", error.code)


def _holds(spans: tuple[tuple[float, float], ...], moment: float) -> bool:
    return any(EPOCH + begin <= moment < EPOCH + end for begin, end in spans)


def _edge_passes(guarded: Guarded, since: float, now: float) -> bool:
    """Whether the hours have an edge after a moment, up to another one."""
    periods = parse_hours(guarded.hours, name="hours")
    stop = next_stop(periods, since)
    edges = (hours_at(periods, since, guarded.lead_seconds or 0.0).until, stop)
    return any(at is not None and at <= now for at in edges)
