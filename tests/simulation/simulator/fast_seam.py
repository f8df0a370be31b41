"""The fast seam: the handler's thin adapters are replaced, the life cycle and all above it are not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from crhelper import log_helper

from running_model_handler.core import operation
from running_model_handler.core.arn import ProjectArn, ProjectVersionArn, parse_project_arn
from running_model_handler.core.operation import (
    STACK_IS_GONE,
    ResourceView,
    Story,
    declaration_of,
    is_answer,
    read_story,
)
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.entry import Function, Services
from running_model_handler.shell.answer import AnswerNotSent
from running_model_handler.shell.clock import Clock
from simulator.errors import AnswerLost, ApiError
from simulator.fast_demand import FastDetections, FastQueues
from simulator.seam_errors import raise_unless_absent, raised
from simulator.stack import Shown, StackEvent

if TYPE_CHECKING:
    from simulator.apis import Apis
    from simulator.functions import Handler
    from simulator.world import World

_PUT_TRIES_MAX: Final = 6


class FastServices(Services):
    """Every neighbour of the handler is the simulated world itself."""

    def __init__(self, world: World) -> None:
        self.clock: Clock = SimulatedClock(world)
        self.put_answer = FastAnswers(world).put
        self.tell = _nothing
        self._models = FastModels(world)
        self._stacks = FastStacks(world)
        self._world = world

    @property
    def models(self) -> FastModels:
        """Rekognition."""
        return self._models

    @property
    def stacks(self) -> FastStacks:
        """CloudFormation."""
        return self._stacks

    @property
    def queues(self) -> FastQueues:
        """SQS."""
        return FastQueues(self._world)

    @property
    def detections(self) -> FastDetections:
        """CloudWatch."""
        return FastDetections(self._world)

    def hand_over(self, function_arn: str) -> FastHandOver:
        """Lambda."""
        return FastHandOver(self._world, function_arn)


class SimulatedClock:
    """Virtual time, and chance that a seed decides."""

    def __init__(self, world: World, chance: random.Random | None = None) -> None:
        self._kernel = world.kernel
        self._chance = (chance or world.jitter).random

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._kernel.now

    def sleep(self, seconds: float) -> None:
        """Let other things happen meanwhile."""
        self._kernel.sleep(max(0.0, seconds))

    def chance(self) -> float:
        """A number from 0 to 1."""
        return self._chance()


class FastModels:
    """``shell.rekognition.Models``."""

    def __init__(self, world: World, apis: Apis | None = None) -> None:
        self._apis = apis or world.apis

    def find_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        """DescribeProjects."""
        try:
            project = self._apis.find_project(arn.project_name)
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:DescribeProjects", "*") from error
        return parse_project_arn(project, name="ProjectArn") if project else None

    def observe(self, arn: ProjectVersionArn, project: ProjectArn) -> Observation:
        """DescribeProjectVersions."""
        try:
            text = str(arn)
            seen = self._apis.describe(text, str(project), arn.version_name)
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:DescribeProjectVersions", str(project)) from error
        if seen is None or seen[0].arn != text:
            return ABSENT
        model, look = seen
        units = InferenceUnits(look.minimum, look.maximum) if look.minimum else None
        return Observation(look.status, units, look.message, model.feature)

    def start(self, arn: ProjectVersionArn, units: InferenceUnits) -> None:
        """StartProjectVersion."""
        try:
            self._apis.start(str(arn), units.minimum, units.maximum)
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:StartProjectVersion", str(arn)) from error

    def stop(self, arn: ProjectVersionArn) -> None:
        """StopProjectVersion."""
        try:
            self._apis.stop(str(arn))
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:StopProjectVersion", str(arn)) from error

    def tags(self, arn: ProjectVersionArn) -> Mapping[str, str]:
        """ListTagsForResource."""
        try:
            return dict(self._apis.list_tags(str(arn)))
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:ListTagsForResource", str(arn)) from error

    def tag(self, arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        """TagResource."""
        try:
            self._apis.tag(str(arn), dict(tags))
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:TagResource", str(arn)) from error

    def untag(self, arn: ProjectVersionArn, keys: list[str]) -> None:
        """UntagResource."""
        try:
            self._apis.untag(str(arn), keys)
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:UntagResource", str(arn)) from error


class FastStacks:
    """``shell.cloudformation.Stacks``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._read: dict[tuple[str, str], tuple[StackEvent, Story]] = world.stories

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        """DescribeStackResource."""
        try:
            shown = self._world.apis.describe_stack_resource(stack_id, logical_id)
        except (ApiError, AnswerLost) as error:
            raise_unless_absent(error, "cloudformation:DescribeStackResource", stack_id)
            return None
        return view_of(shown)

    def story(self, stack_id: str, logical_id: str) -> Story:
        """DescribeStackEvents. The same page is read once: most looks at a stack show nothing new."""
        pages = self._pages(stack_id)
        events = next(pages, [])
        if not events:
            return STACK_IS_GONE
        known = self._read.get((stack_id, logical_id))
        if known is not None and known[0] is events[0]:
            return known[1]
        read = 1

        def every() -> Iterator[operation.StackEvent]:
            nonlocal read
            yield from map(event_of, events)
            for page in pages:
                read += 1
                yield from map(event_of, page)

        story = read_story(every(), stack_id, logical_id)
        if read == 1:
            # What took further pages takes their calls every time.
            self._read[stack_id, logical_id] = events[0], story
        return story

    def _pages(self, stack_id: str) -> Iterator[list[StackEvent]]:
        """The events, newest first, page by page as they are asked for."""
        token: int | None = None
        while token != 0:
            try:
                events, token = self._world.apis.describe_stack_events(stack_id, token)
            except (ApiError, AnswerLost) as error:
                raise_unless_absent(error, "cloudformation:DescribeStackEvents", stack_id)
                return
            yield events


def view_of(shown: Shown) -> ResourceView:
    """A resource as the adapter reads it."""
    return ResourceView(shown.status or "", shown.physical_id or None)


def event_of(event: StackEvent) -> operation.StackEvent:
    """An event as the adapter reads it."""
    declares = declaration_of(event.properties) if event.properties else None
    at = _as_told(event.at)
    answered = is_answer(event.status, event.reason)
    return operation.StackEvent(event.logical_id, event.physical_id, event.status, at, declares, answered)


def _as_told(at: float) -> float:
    """A time as it is after it was written into an answer: botocore's datetimes end at microseconds."""
    return round(at, 6)


class FastHandOver:
    """``shell.handover.HandOver``."""

    def __init__(self, world: World, function_arn: str) -> None:
        self._world = world
        self._function_arn = function_arn

    def send(self, event: Mapping[str, Any]) -> None:
        """Invoke."""
        try:
            self._world.apis.invoke(self._function_arn, event)
        except (ApiError, AnswerLost) as error:
            raise raised(error, "lambda:InvokeFunction", self._function_arn) from error


class FastAnswers:
    """``shell.answer.put_answer`` without urllib3."""

    def __init__(self, world: World) -> None:
        self._world = world

    def put(self, url: str, body: bytes, clock: Clock) -> None:
        """Try six times, as the real one does."""
        problem = ""
        for attempt in range(_PUT_TRIES_MAX):
            if attempt:
                clock.sleep(min(8.0, 0.5 * 2.0**attempt))
            try:
                status = self._world.response_urls.put(url, body)
            except AnswerLost as error:
                problem = str(error)
                continue
            if status < 300:
                return
            problem = f"HTTP {status}"
            if status < 500 and status not in (408, 429):
                break
        raise AnswerNotSent(f"CloudFormation did not take the answer: {problem}")


def new_handler(world: World) -> Handler:
    """A fresh execution environment with the production handler."""
    with _log_levels_kept():
        return Function(FastServices(world))


@contextmanager
def _log_levels_kept() -> Iterator[None]:
    """An environment sets the levels of the process's logs, as the import of ``entry`` has done already.

    Each time all loggers forget what they know, which took longer than all else that an environment begins
    with.
    """
    set_up = log_helper.setup
    log_helper.setup = _nothing
    try:
        yield
    finally:
        log_helper.setup = set_up


def _nothing(*_: Any, **__: Any) -> None:
    pass
