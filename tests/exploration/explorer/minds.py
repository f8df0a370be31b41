"""Deliveries of requests: what each knows, and what it does next, by the handler's own code.

What a delivery knows (``Memory`` and ``Views``) is kept with times relative to the moment, at which it is
always ``NOW``; whatever is older than any constant of the handler is equally old. So two deliveries that
would go on alike are the same ``Mind``, and each question is put to the handler once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from explorer.duty_texts import memory_meant, memory_told
from explorer.scenes import FUNCTION, NAMES, STACK, STACK_ID, Declared
from running_model_handler.core.act import STOPS_MAX
from running_model_handler.core.actions import Action, Answer, GiveUp, Pause, StartModel, WriteClaim
from running_model_handler.core.arn import location_of
from running_model_handler.core.claim import claim_tags
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.memory import STATE_KEY, Done, memory_from_json
from running_model_handler.core.mine import URL_RESOLUTION_SECONDS
from running_model_handler.core.operation import (
    ResourceView,
    StackEvent,
    Story,
    declaration_of,
    read_story,
)
from running_model_handler.core.status import Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.views import ModelView, Views
from running_model_handler.core.waiting import LAG_SECONDS
from running_model_handler.decide import decide
from running_model_handler.envelope import parse_envelope
from running_model_handler.learn import (
    Known,
    after_answer,
    after_error,
    after_giving_up,
    after_pause,
    rest_after_error,
)
from running_model_handler.request import Request, parse_request

NOW: Final = 100_000.0
_NEXT: Final = 0.001
"""Between two events of one moment, and two times that are equally old: only their order counts."""
_EVENT_SECONDS_MIN: Final = 1.0
"""How long ago an event was at least; what is between it and the moment has not been seen yet."""
_UNSEEN: Final = NOW - _EVENT_SECONDS_MIN / 2
_AGE_SECONDS_MAX: Final = 35
"""No constant that a time of a delivery is compared with is larger, but for the hour."""
_EVENT_SECONDS_MAX: Final = _AGE_SECONDS_MAX + 30
"""The same of the end of an operation on a resource, after which a delivery may wait 30 s."""
_QUIET_SECONDS: Final = 75
"""With guards the time of every event counts: for a minute after it a sweep does nothing, and may take two
steps itself."""
_STOPS_MAX: Final = STOPS_MAX + 1
"""More Stops, and more calls that were refused, count as many: only the pauses would go on growing."""
_TIME_OF_CLAIM: Final = re.compile(r"[0-9]+\.[0-9]{6}(?= )")
INDEX_OF_CLAIM: Final = re.compile(r"T([0-9]+)(?= )")
_CHANCE: Final = 0.5


class Spec(NamedTuple):
    """What a request asks for."""

    kind: str
    logical: str
    declared: Declared
    physical: str | None = None
    former: Declared | None = None
    sent: int = 0
    """The number of the event with which it was sent."""

    def event(self) -> dict[str, Any]:
        """The event that the function gets."""
        event: dict[str, Any] = {
            "RequestType": self.kind,
            "ServiceToken": FUNCTION,
            "ResponseURL": "https://answers.example.com/request",
            "StackId": STACK_ID,
            "RequestId": "00000000-0000-0000-0000-000000000001",
            "LogicalResourceId": self.logical,
            "ResourceType": "Custom::RekognitionRunningModel",
            "ResourceProperties": self.declared.properties(),
        }
        if self.physical is not None:
            event["PhysicalResourceId"] = self.physical
        if self.former is not None:
            event["OldResourceProperties"] = self.former.properties()
        return event


class Happened(NamedTuple):
    """An event of the stack; without its time, which is kept apart."""

    logical: str
    physical: str | None
    status: str
    declared: Declared | None
    answered: bool = False
    """An answer has ended it."""

    @property
    def ends(self) -> bool:
        """Whether a create or an update ends with it, or is cut off: for a while its time counts."""
        if self.logical == STACK:
            return self.status in ("ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")
        return self.status.startswith(("CREATE_", "UPDATE_")) and not self.status.endswith("_PROGRESS")

    @property
    def rests(self) -> bool:
        """Whether the stack comes to rest with it: how another resource stands shows a while later."""
        return self.logical == STACK and not self.status.endswith("_IN_PROGRESS")

    @property
    def begins(self) -> bool:
        """Whether something that is done to a resource begins with it: with guards its time counts."""
        return self.status.endswith("_IN_PROGRESS") and self.logical != STACK


class Seen(NamedTuple):
    """The events that a delivery has seen, and how many steps ago each was, where that counts."""

    events: tuple[Happened, ...]
    ages: tuple[int, ...]


class Crash(NamedTuple):
    """The handler has raised an error."""

    reason: str


class Mind(NamedTuple):
    """A delivery between two calls."""

    spec: Spec
    seen: Seen
    times: tuple[float, ...]
    """Of the events seen."""
    known: Known
    action: Action | Crash
    steps: int
    """Of time that it lets pass; 0: it makes a call."""


Tags = tuple[tuple[str, str], ...]
"""The tags of a model. A time in a claim is told as the number of the event that it is the time of."""
_NOTHING_SEEN: Final = Seen((), ())


class Minds:
    """All that have been met, by number."""

    def __init__(self, step_seconds: float, *, guarded: bool = False, several: bool = False) -> None:
        self.step = step_seconds
        self._age_max = math.ceil(_AGE_SECONDS_MAX / step_seconds)
        self.guarded = guarded
        self._several = several
        counts_for = _QUIET_SECONDS if guarded else _EVENT_SECONDS_MAX
        self.event_age_max = math.ceil(counts_for / step_seconds)
        self.all: list[Mind] = []
        self._numbers: dict[Any, int] = {}
        self._requests: dict[Spec, Request] = {}
        self._stories: dict[tuple[Seen, str], Story] = {}
        self._after: dict[Any, int] = {}
        self._event_numbers: dict[Seen, int] = {}
        self._events: list[Seen] = []

    def events(self, happened: tuple[Happened, ...], ages: tuple[int, ...]) -> int:
        """The number of what a stack's events are."""
        seen = Seen(happened, ages)
        number = self._event_numbers.setdefault(seen, len(self._events))
        if number == len(self._events):
            self._events.append(seen)
        return number

    def events_of(self, number: int) -> Seen:
        """What has that number."""
        return self._events[number]

    # --- what happens to a delivery -----------------------------------------------------------------

    def fresh(self, spec: Spec, age: int) -> int:
        """A delivery that begins, of a request that was sent so many steps ago."""

        def begin() -> int:
            memory = memory_from_json(None, NOW, NOW - age * self.step)
            return self._settled(spec, _NOTHING_SEEN, Known(memory, Views()))

        return self._kept((spec, age), begin)

    def heard(self, number: int, events: int, count: int, late: bool) -> int:
        """It has asked for the events of the stack, and is shown so many of them, the oldest ones."""

        def hear() -> int:
            happened, ages = self._events[events]
            return self._heard(number, happened[:count], ages[:count], late)

        return self._kept((number, events, count, late), hear)

    def answered(self, number: int, answer: object, late: bool, read: Callable[[Mind], object]) -> int:
        """Its call was answered; ``read`` gives what the adapter makes of ``answer``."""

        def learn() -> int:
            mind = self._late(number) if late else self.all[number]
            began = NOW - self.step if late else NOW
            known = self._learned(mind, read(mind), began)
            return self._settled(mind.spec, mind.seen, known)

        return self._kept((number, answer, late), learn)

    def failed(self, number: int, kind: ErrorKind, code: str, late: bool) -> int:
        """Its call was refused, or its answer was lost."""
        return self._kept((number, code, late), lambda: self._failed(number, kind, code, late))

    def woken(self, number: int) -> int:
        """Its pause is over."""

        def wake() -> int:
            mind = self._older(number, self.all[number].steps)
            return self._settled(mind.spec, mind.seen, after_pause(mind.known, NOW))

        return self._kept((number, "wakes"), wake)

    def handed_over(self, number: int, steps: int) -> int:
        """It goes on in another invocation, so many steps after its last call."""

        def hand_over() -> int:
            mind = self._older(number, steps)
            told = json.loads(json.dumps({STATE_KEY: mind.known.memory._replace(hand_overs=1).to_json()}))
            memory = memory_from_json(told[STATE_KEY], NOW, 0.0)
            return self._settled(mind.spec, mind.seen, Known(memory, Views()))

        return self._kept((number, "goes on", steps), hand_over)

    def may_run_out_of_time(self, number: int) -> bool:
        """Whether it is at something that has to be over in time."""
        mind = self.all[number]
        brings = mind.spec.kind != "Delete" and mind.known.views.step is not None
        return brings and not mind.known.memory.failure and not isinstance(mind.action, Crash | Answer)

    def out_of_time(self, number: int, steps: int) -> int:
        """The time that a start may take is over, so many steps after its last call."""

        def give_up() -> int:
            mind = self._older(number, steps)
            known = after_pause(mind.known, NOW) if mind.steps else mind.known
            return self._settled(mind.spec, mind.seen, after_giving_up(known, in_vain(mind.spec)))

        return self._kept((number, "gives up", steps), give_up)

    def _kept(self, key: Any, make: Callable[[], int]) -> int:
        number = self._after.get(key)
        if number is None:
            number = self._after[key] = make()
        return number

    # --- texts of tags ------------------------------------------------------------------------------

    def tags_told(self, mind: Mind, tags: Tags) -> dict[str, str]:
        """Tags as this delivery reads them."""
        return {
            key: INDEX_OF_CLAIM.sub(
                lambda found: f"{_time_of(mind, int(found[1])):.6f}",
                memory_told(key, value, NOW, self.step),
                count=1,
            )
            for key, value in tags
        }

    def tags_meant(self, mind: Mind, claim: WriteClaim) -> dict[str, str]:
        """Tags that this delivery writes, as the world keeps them."""
        created = mind.known.memory.projects.get(claim.arn)
        tags = claim_tags(self._request(mind).wish.owner, claim.holder, created)
        asked = {key: memory_meant(value, NOW, self.step, self.event_age_max) for key, value in claim.duty}
        return asked | {
            key: _TIME_OF_CLAIM.sub(lambda found: f"T{_index_of(mind, float(found[0]))}", value, count=1)
            for key, value in tags.items()
        }

    # --- learning -----------------------------------------------------------------------------------

    def request_of(self, mind: Mind, sent_at: float) -> Request:
        """The request as it is parsed, but for when it was sent."""
        request = self._requests.get(mind.spec)
        if request is None:
            event = mind.spec.event()
            request = parse_request(event, parse_envelope(event), location_of(FUNCTION))
            self._requests[mind.spec] = request
        # Only its order among the events counts; the date in a URL has whole seconds.
        sent_at += _NEXT / 2 - URL_RESOLUTION_SECONDS
        return replace(request, wish=replace(request.wish, sent_at=sent_at))

    def _request(self, mind: Mind) -> Request:
        return self.request_of(mind, _time_of(mind, mind.spec.sent))

    def _learned(self, mind: Mind, answer: object, began: float) -> Known:
        assert not isinstance(mind.action, Crash | Pause | GiveUp | Answer)
        known = before_start(mind.known) if isinstance(mind.action, StartModel) else mind.known
        return after_answer(self._request(mind), mind.action, answer, known, began=began, now=NOW)

    def _heard(self, number: int, happened: tuple[Happened, ...], ages: tuple[int, ...], late: bool) -> int:
        mind = self._late(number) if late else self.all[number]
        began = NOW - self.step if late else NOW
        if len(happened) < len(mind.seen.events):
            # Older than what it knows.
            events = mind.seen._replace(events=happened, ages=mind.seen.ages[: len(happened)])
            told = self.told(events.events, mind.spec.logical, mind.times)
            return self._settled(mind.spec, mind.seen, self._learned(mind, told, began))
        relevant = tuple(
            min(age, self.event_age_max) if self._counts(event, mind.spec.logical) else 0
            for event, age in zip(happened, ages, strict=True)
        )
        seen = Seen(happened, relevant)
        mind = self._moved(mind, seen, 0)
        return self._settled(
            mind.spec, seen, self._learned(mind, self._story(seen, mind.spec.logical), began)
        )

    def _failed(self, number: int, kind: ErrorKind, code: str, late: bool) -> int:
        mind = self._late(number) if late else self.all[number]
        assert not isinstance(mind.action, Crash | Pause | GiveUp | Answer)
        error = ServiceError(kind, type(mind.action).__name__, "*", code, code)
        known = after_error(self._request(mind), mind.action, error, mind.known, now=NOW)
        request = self._request(mind)
        seconds = rest_after_error(request, mind.action, error, known.memory, 1, now=NOW, chance=_CHANCE)
        if not seconds:
            return self._settled(mind.spec, mind.seen, known)
        steps = max(1, math.ceil(seconds / self.step - 1e-6))
        return self._settled(mind.spec, mind.seen, known, Pause(seconds, f"after {code}", seconds), steps)

    # --- time ---------------------------------------------------------------------------------------

    def _late(self, number: int) -> Mind:
        """It has waited for the answer for a step of time."""
        return self._older(number, 1)

    def _older(self, number: int, steps: int) -> Mind:
        mind = self.all[number]
        ages = tuple(
            min(age + steps, self.event_age_max) if self._counts(event, mind.spec.logical) else 0
            for event, age in zip(mind.seen.events, mind.seen.ages, strict=True)
        )
        return self._moved(mind, mind.seen._replace(ages=ages), steps)

    def _moved(self, mind: Mind, seen: Seen, steps: int) -> Mind:
        """The same, with other times of the events, after some steps of time."""
        times = self.times(seen)
        older = mind._replace(seen=seen, times=times)
        shift = float(steps * self.step)
        story = self._story(seen, mind.spec.logical) if mind.known.views.story is not None else None

        def moved(at: float) -> float:
            return at - shift if at else 0.0

        def same_event(t: float) -> float:
            return _time_of(older, _index_of(mind, t)) if t else 0.0

        known = _with_times(mind.known, moved, same_event)
        if story is not None:
            views = known.views._replace(story=None).with_story(
                self._request(older).wish, story, known.views.story_at
            )
            known = known._replace(views=views)
        return older._replace(known=known)

    def _counts(self, event: Happened, logical: str) -> bool:
        """Whether the time of an event counts for a delivery of a resource."""
        begins = self.guarded and event.begins and event.logical == logical
        rests = self._several and event.rests
        return begins or rests or (event.ends and event.logical in (logical, STACK))

    def times(self, seen: Seen) -> tuple[float, ...]:
        """When the events were: in order, the ones whose time does not count right before the next one."""
        times: list[float] = []
        following = newest = NOW - _EVENT_SECONDS_MIN
        for age in reversed(seen.ages):
            following = min(newest - age * self.step, following - _NEXT)
            times.append(round(following, 3))
        return tuple(reversed(times))

    def _story(self, seen: Seen, logical: str) -> Story:
        story = self._stories.get((seen, logical))
        if story is None:
            story = self._stories[seen, logical] = self.told(seen.events, logical, self.times(seen))
        return story

    @staticmethod
    def told(happened: tuple[Happened, ...], logical: str, times: tuple[float, ...]) -> Story:
        """What events tell that were at these times."""
        events = [
            StackEvent(
                event.logical,
                STACK_ID if event.logical == STACK else event.physical,
                event.status,
                at,
                declaration_of(event.declared.properties()) if event.declared is not None else None,
                event.answered or event.status.endswith("_COMPLETE"),
            )
            for event, at in zip(happened, times, strict=False)
        ]
        return read_story(reversed(events), STACK_ID, logical)

    # --- what comes next ----------------------------------------------------------------------------

    def _settled(
        self, spec: Spec, seen: Seen, known: Known, action: Action | None = None, steps: int = 0
    ) -> int:
        """The number of the mind with this knowledge, and what it does next."""
        known = self._aged(known)
        times = self.times(seen)
        bare = Mind(spec, seen, times, known, Crash(""), 0)
        key = (spec, seen, _key(bare), steps)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._decided(bare, action, steps)
        return number

    def _decided(self, mind: Mind, action: Action | None, steps: int) -> int:
        next_action: Action | Crash
        if action is not None:
            next_action = action
        else:
            memory, views = mind.known
            try:
                next_action = decide(self._request(mind), memory, views, NOW, _CHANCE)
            except Exception as error:
                next_action = Crash(f"{type(error).__name__}: {error}")
        if isinstance(next_action, GiveUp):
            return self._settled(mind.spec, mind.seen, after_giving_up(mind.known, next_action))
        if isinstance(next_action, Pause) and action is None:
            steps = max(1, math.ceil(next_action.seconds / self.step - 1e-6))
        self.all.append(mind._replace(action=next_action, steps=steps))
        return len(self.all) - 1

    def _aged(self, known: Known) -> Known:
        """Equally old is what is too old to count; of that only the order is kept."""
        memory = known.memory._replace(last_error="", tries=0, throttles=0.0, throttled_at=0.0)
        memory = memory._replace(arrived_at=NOW)
        if memory.t:
            # From then on only the hour counts from there.
            memory = memory._replace(sent_at=NOW)
        known = known._replace(memory=memory)
        limit = NOW - self._age_max * self.step
        found: set[float] = set()

        def note(at: float) -> float:
            if at and at <= limit:
                found.add(at)
            return at

        _with_times(known, note, lambda t: t, lambda at: at)
        order = {at: round(limit - _NEXT * rank, 3) for rank, at in enumerate(sorted(found, reverse=True))}
        # What was asked of a model is compared with the time of the operation, however long ago both are.
        memory_limit = NOW - self.event_age_max * self.step
        aged = _with_times(known, lambda at: order.get(at, at), lambda t: t, lambda at: max(at, memory_limit))
        # A look at a resource is compared with the end of an operation, too: one that old came after it.
        looked_limit = memory_limit + LAG_SECONDS
        looked = {owner: max(at, looked_limit) for owner, at in known.views.resources_at.items()}
        return aged._replace(views=aged.views._replace(resources_at=looked))


def in_vain(spec: Spec) -> GiveUp:
    """What the handler gives up with where a start takes too long."""
    return GiveUp("it does not run in time", spec.declared.arn)


def before_start(known: Known) -> Known:
    """CloudFormation was asked before the Start, if at the same moment."""
    return known._replace(views=known.views._replace(story_at=known.views.story_at - _NEXT / 4))


def _time_of(mind: Mind, index: int) -> float:
    """The time of an event by its number; of one that is not seen yet only the order is told."""
    return mind.times[index] if index < len(mind.times) else round(_UNSEEN + index * _NEXT, 3)


def _index_of(mind: Mind, t: float) -> int:
    if not t:
        return -1
    if t >= _UNSEEN:
        return round((t - _UNSEEN) / _NEXT)
    return mind.times.index(round(t, 3))


_Moved = Callable[[float], float]


def _with_times(known: Known, moved: _Moved, same_event: _Moved, of_memory: _Moved | None = None) -> Known:
    """The same with other times: those of the delivery itself, and those of CloudFormation's events."""
    memory, views = known
    models = {
        arn: done._replace(
            start_at=moved(done.start_at),
            stop_at=moved(done.stop_at),
            acted_at=moved(done.acted_at),
            claimed_at=moved(done.claimed_at),
            released_at=moved(done.released_at),
            # How long a start took is not explored: it only spares looks.
            not_running_at=0.0,
            took_seconds=0,
            stops=min(done.stops, _STOPS_MAX),
            refused=min(done.refused, _STOPS_MAX),
        )
        for arn, done in memory.models.items()
    }
    memory = memory._replace(
        sent_at=moved(memory.sent_at),
        t=same_event(memory.t),
        failed_at=moved(memory.failed_at),
        models=models,
    )
    views = views._replace(
        story_at=moved(views.story_at),
        rested_at=moved(views.rested_at),
        resources_at={owner: moved(at) for owner, at in views.resources_at.items()},
        models={
            arn: _view_with_times(view, moved, same_event, of_memory or moved)
            for arn, view in views.models.items()
        },
    )
    return Known(memory, views)


def _view_with_times(view: ModelView, moved: _Moved, same_event: _Moved, of_memory: _Moved) -> ModelView:
    claim = view.claim
    if claim.holders:
        holders = {owner: holder._replace(t=same_event(holder.t)) for owner, holder in claim.holders.items()}
        claim = replace(claim, holders=holders)
    record = view.duty.record
    duty = (
        view.duty if record is None else view.duty._replace(record=record._replace(at=of_memory(record.at)))
    )
    return view._replace(
        claim=claim,
        duty=duty,
        claim_at=moved(view.claim_at),
        seen_at=moved(view.seen_at),
        hidden_since=moved(view.hidden_since),
    )


def _key(mind: Mind) -> Any:
    """All of what a delivery knows beside the story, in one value that can be compared."""
    memory, views = mind.known
    models = tuple(sorted(memory.models.items()))
    told = memory._replace(
        t=float(_index_of(mind, memory.t)),
        lost=tuple(sorted(memory.lost.items())),  # type: ignore[arg-type]  # a key, no memory
        denied=None,  # type: ignore[arg-type]
        projects=tuple(sorted(memory.projects.items())),  # type: ignore[arg-type]
        models=models,  # type: ignore[arg-type]
    )
    shown = tuple(
        (
            arn,
            view._replace(
                claim=(  # type: ignore[arg-type]
                    view.claim.stack_id,
                    view.claim.project_created,
                    view.claim.of_duty,
                    tuple(
                        sorted(
                            (owner.logical_id, _index_of(mind, holder.t), str(holder.units), holder.failed,
                             holder.adopted)
                            for owner, holder in view.claim.holders.items()
                        )
                    ),
                )
            ),
        )
        for arn, view in sorted(views.models.items())
    )  # fmt: skip
    resources = tuple(sorted((owner.logical_id, view) for owner, view in views.resources.items()))
    asked = tuple(sorted((owner.logical_id, at) for owner, at in views.resources_at.items()))
    return told, views.story is None, views.story_at, views.rested_at, shown, resources, asked


def observation(status: str, units: int) -> Observation:
    """What DescribeProjectVersions says."""
    return Observation(status, InferenceUnits(units) if units else None)


def resource_view(status: str, physical: str | None) -> ResourceView | None:
    """What DescribeStackResource says."""
    return ResourceView(status, physical) if status else None


__all__ = ["NAMES", "NOW", "Crash", "Done", "Happened", "Mind", "Minds", "Spec", "Tags"]
