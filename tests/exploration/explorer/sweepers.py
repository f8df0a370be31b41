"""Sweeps: what each has been told so far, and what it does next, by the handler's own loop.

The handler's ``sweep`` is played from its beginning with all that it was told, up to the next call that it
would make. Nothing of it is modelled here: neither what it knows, nor what it makes of errors.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from explorer.duty_texts import memory_meant, memory_told
from explorer.minds import INDEX_OF_CLAIM, NOW, Minds, observation, resource_view
from explorer.scenes import FUNCTION, STACK_ID, Declared
from running_model_handler.core.arn import ProjectArn, ProjectVersionArn
from running_model_handler.core.duty import Calls, Messages
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.names import SCHEDULED_TIME, SWEEP, Tag
from running_model_handler.core.operation import ResourceView, Story
from running_model_handler.core.status import Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.sweep import sweep


class Call(StrEnum):
    """What a sweep does next."""

    TAGS = "asks for the tags"
    LOOK = "looks"
    RESOURCE = "asks for a resource"
    EVENTS = "asks for the events"
    NOTE = "writes into the tag"
    START = "starts it"
    STOP = "stops it"
    PAUSE = "lets time pass"
    ENDS = "has ended"
    FAILS = "has ended, and counted a failure"
    CRASHES = "raises an error"


class Told(NamedTuple):
    """An answer that a sweep has got."""

    after: int
    """So many steps of time after it had begun."""
    call: Call
    said: Any


class Refused(NamedTuple):
    """A call that was refused, or never answered."""

    kind: ErrorKind
    code: str


class Sweeper(NamedTuple):
    """A sweep between two calls."""

    logical: str
    declared: Declared
    """What its schedule was made for."""
    due: int = 0
    """So many steps of time before it has begun."""
    told: tuple[Told, ...] = ()
    steps: int = 0
    """How many steps of time ago it has begun."""
    events: int = 0
    """The number of what the stack's events were at its last call."""
    events_at: int = 0
    """So many steps of time after it had begun."""


class Asks(NamedTuple):
    """The next call of a sweep, or its end."""

    call: Call
    about: str = ""
    """A logical id, what is written into the tag, how many units, or what it has raised or counted."""


CHANGES: Final = (Call.NOTE, Call.START, Call.STOP)


class Sweepers:
    """All that have been met, by number."""

    def __init__(self, minds: Minds) -> None:
        self._minds = minds
        self.all: list[Sweeper] = []
        self._numbers: dict[Sweeper, int] = {}
        self._next: list[Asks] = []

    def begun(self, logical: str, declared: Declared, due: int) -> int:
        """One that has just begun, and was due so many steps of time ago."""
        return self._number(Sweeper(logical, declared, due))

    def told(self, number: int, events: int, said: object) -> int:
        """It was answered."""
        one = self.all[number]
        told = (*one.told, Told(one.steps, self.next(number).call, said))
        return self._number(one._replace(told=told, events=events, events_at=one.steps))

    def later(self, number: int) -> int:
        """A step of time later, for which it may have waited."""
        one = self.all[number]._replace(steps=self.all[number].steps + 1)
        if self.next(number).call == Call.PAUSE:
            one = one._replace(told=(*one.told, Told(one.steps, Call.PAUSE, None)))
        return self._number(one)

    def next(self, number: int) -> Asks:
        """What it does next."""
        return self._next[number]

    def _number(self, one: Sweeper) -> int:
        number = self._numbers.get(one)
        if number is None:
            number = self._numbers[one] = len(self.all)
            self.all.append(one)
            self._next.append(_Played(self._minds, one).to_the_end())
        return number


_NEXT: Final = 0.001


class _AsksNext(BaseException):
    """Leaves the handler at a call that was not answered yet."""

    def __init__(self, asks: Asks) -> None:
        super().__init__(asks)
        self.asks = asks


@dataclass(slots=True)
class _Played:
    """A sweep's neighbours, which answer as they have answered before."""

    minds: Minds
    one: Sweeper
    told: int = 0
    after: int = 0
    lines: list[str] = field(default_factory=list)

    def to_the_end(self) -> Asks:
        one = self.one
        asked = {
            "StackId": STACK_ID,
            "LogicalResourceId": one.logical,
            "ResourceProperties": one.declared.properties(),
            SCHEDULED_TIME: datetime.fromtimestamp(NOW - one.due * self.minds.step, UTC).isoformat(),
        }
        logger = logging.getLogger("running_model")
        was, logger.disabled = logger.disabled, True
        try:
            sweep({SWEEP: asked}, self, FUNCTION)
        except _AsksNext as left:
            return left.asks
        except Exception as error:
            return Asks(Call.CRASHES, f"{type(error).__name__}: {error}")
        finally:
            logger.disabled = was
        return Asks(Call.FAILS if any("Failures" in line for line in self.lines) else Call.ENDS)

    def _answer(self, call: Call, about: str = "") -> Any:
        if self.told == len(self.one.told):
            raise _AsksNext(Asks(call, about))
        self.after, asked, said = self.one.told[self.told]
        assert asked == call
        self.told += 1
        if isinstance(said, Refused):
            raise ServiceError(said.kind, call, "*", said.code, said.code)
        return said

    # --- what a sweep works with ----------------------------------------------------------------------

    @property
    def clock(self) -> _Played:
        return self

    models = stacks = queues = detections = clock

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def now(self) -> float:
        # Calls of one moment have their order: what is known is from before what is asked next.
        return NOW + self.after * self.minds.step + self.told * _NEXT

    def sleep(self, seconds: float) -> None:
        del seconds
        self._answer(Call.PAUSE)

    def chance(self) -> float:
        return 0.5

    # --- Rekognition ----------------------------------------------------------------------------------

    def tags(self, arn: ProjectVersionArn) -> Mapping[str, str]:
        del arn
        said = self._answer(Call.TAGS)
        times = self._times()
        return {
            key: INDEX_OF_CLAIM.sub(
                lambda found: f"{times[int(found[1])]:.6f}",
                memory_told(key, value, self.now(), self.minds.step),
                count=1,
            )
            for key, value in said
        }

    def observe(self, arn: ProjectVersionArn, project: ProjectArn) -> Observation:
        del arn, project
        return observation(*self._answer(Call.LOOK))

    def find_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        raise AssertionError(f"the project of {arn} is declared")

    def tag(self, arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        del arn
        self._answer(Call.NOTE, tags[Tag.DUTY])

    def untag(self, arn: ProjectVersionArn, keys: list[str]) -> None:
        raise AssertionError(f"a sweep takes {keys} from {arn}")

    def start(self, arn: ProjectVersionArn, units: InferenceUnits) -> None:
        del arn
        self._answer(Call.START, str(units))

    def stop(self, arn: ProjectVersionArn) -> None:
        del arn
        self._answer(Call.STOP)

    # --- CloudFormation -------------------------------------------------------------------------------

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        del stack_id
        return resource_view(*self._answer(Call.RESOURCE, logical_id))

    def story(self, stack_id: str, logical_id: str) -> Story:
        del stack_id
        count = self._answer(Call.EVENTS)
        events = self.minds.events_of(self.one.events).events[:count]
        return Minds.told(events, logical_id, self._times())

    def _times(self) -> tuple[float, ...]:
        """When the events were, as they are known by the last call."""
        since = self.one.events_at * self.minds.step
        return tuple(at + since for at in self.minds.times(self.minds.events_of(self.one.events)))

    # --- what is asked for guards that are not declared here --------------------------------------------

    def messages(self, url: str) -> Messages:
        raise AssertionError(f"no queue is declared, and {url} asked")

    def calls(self, since: float, now: float) -> Calls:
        raise AssertionError(f"nothing is up for long enough to be idle; counted from {since} to {now}")


def written(asks: Asks, one: Sweeper, minds: Minds) -> dict[str, str]:
    """What a sweep writes into the tag, as the world keeps it."""
    now, age_max = NOW + one.steps * minds.step, minds.event_age_max
    return {str(Tag.DUTY): memory_meant(asks.about, now, minds.step, age_max)}
