"""What the exploration makes of time is sound: stories told with the real times of everything go alike."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any, Final

import pytest

from explorer.duty_texts import memory_told
from explorer.minds import Crash, Mind, before_start, in_vain, observation, resource_view
from explorer.scenes import MODELS
from explorer.search import Search, explore
from explorer.stack import Stack
from explorer.story import Deliveries
from explorer.world import SWEEPER, Runner, State, World
from explorer.worlds import world_of
from running_model_handler.core.actions import (
    Action,
    Answer,
    AskClaim,
    AskOwner,
    AskStack,
    GiveUp,
    Look,
    Pause,
    StartModel,
)
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.memory import memory_from_json
from running_model_handler.core.names import Tag
from running_model_handler.core.operation import Story
from running_model_handler.core.views import Views
from running_model_handler.decide import decide
from running_model_handler.learn import Known, after_answer, after_error, after_giving_up, after_pause
from running_model_handler.request import Request

_BEGAN: Final = 1_000_000.0
_LONG_AGO: Final = _BEGAN - 1_000.0
_KINDS: Final = {
    "no answer": (ErrorKind.UNCERTAIN, "ServiceUnavailable"),
    "the answer is lost": (ErrorKind.UNCERTAIN, "ServiceUnavailable"),
    "no answer, and no effect": (ErrorKind.UNCERTAIN, "ServiceUnavailable"),
    "throttled": (ErrorKind.THROTTLED, "ThrottlingException"),
    "refused, ResourceInUseException": (ErrorKind.CHANGED, "ResourceInUseException"),
    "refused, LimitExceededException": (ErrorKind.QUOTA, "LimitExceededException"),
}


class _Replay:
    """Plays the way to a state once more, with a clock that goes on and no time forgotten."""

    def __init__(self, world: World) -> None:
        self.world, self.now = world, _BEGAN
        settled = range(len(world.stack(world.first[0]).events))
        self.events: list[float] = [_LONG_AGO + number / 1000 for number in settled]
        self.moments: list[float] = [_LONG_AGO for _ in settled]
        """When those events came, those of one moment alike."""
        self.known: dict[str, Known] = {}
        self.deliveries = Deliveries(world)
        self.deliveries_before: dict[str, Runner] = {}
        self.compared = 0
        told = [dict(model.tags).get(Tag.DUTY, "") for model in world.models(world.first[1])]
        self.asked = [(memory_told(Tag.DUTY, each, _LONG_AGO, self.step), "") for each in told]
        """Of each model the tag that tells what is asked of it, and what may still show in its place."""

    def play(self, way: list[State]) -> None:
        for before, after in itertools.pairwise(way):
            label = next(label for label, reached, _ in self.world.steps(before) if reached == after)
            if label == ("a step of time",):
                self._time_passes(before)
                continue
            self._note_what_is_asked(before, after, label)
            self.deliveries_before = self.deliveries.lettered(before)
            letter = self.deliveries.follow(before, after).strip("[] ")
            self._note_events(after)
            if label[0] in ("begins", "begins again"):
                sent = self.world.stack(before[0]).requests[label[1]]
                sent_at = self.moments[sent.spec.sent]
                self.known[letter] = Known(memory_from_json(None, self.now, sent_at), Views())
            elif label[0] == "is out of time":
                self._gives_up(before, letter)
            elif label[0] == "calls":
                self._calls(before, letter, label)

    def _note_events(self, state: State) -> None:
        for _ in range(len(self.world.stack(state[0]).events) - len(self.events)):
            # What happens at one moment has its order, and was a moment before it is acted upon.
            self.moments.append(self.now)
            self.events.append(max(self.now - 0.5, self.events[-1] + 0.001 if self.events else 0.0))

    def _note_what_is_asked(self, before: State, after: State, label: tuple[Any, ...]) -> None:
        models = zip(self.world.models(before[1]), self.world.models(after[1]), strict=True)
        for index, (was, now) in enumerate(models):
            if was.tags != now.tags or was.tags_before != now.tags_before:
                told = dict(now.tags).get(Tag.DUTY, "")
                same = told == dict(was.tags).get(Tag.DUTY, "") and label[0] != "sweeps"
                real = self.asked[index][0] if same else memory_told(Tag.DUTY, told, self.now, self.step)
                self.asked[index] = (real, self.asked[index][0])

    @property
    def step(self) -> float:
        return self.world.scene.step_seconds

    def _time_passes(self, before: State) -> None:
        asleep = self.deliveries.lettered(before)
        self.now += self.world.scene.step_seconds
        self.deliveries.later()
        for letter, (request, mind, slept, _) in asleep.items():
            if request != SWEEPER and slept + 1 >= self.world.minds.all[mind].steps:
                self.known[letter] = after_pause(self.known[letter], self.now)

    def _gives_up(self, before: State, letter: str) -> None:
        mind = self.world.minds.all[self.deliveries_before[letter][1]]
        known = self.known[letter]
        known = after_pause(known, self.now) if mind.steps else known
        self.known[letter] = after_giving_up(known, in_vain(mind.spec))

    def _calls(self, before: State, letter: str, label: tuple[Any, ...]) -> None:
        stack, mind = self.world.stack(before[0]), self.world.minds.all[label[2]]
        request = self.world.minds.request_of(mind, self.events[mind.spec.sent])
        known, action = self._decided(request, self.known[letter])
        assert not isinstance(mind.action, Crash)
        assert _essence(action) == _essence(mind.action)
        self.compared += 1
        if isinstance(action, Answer | Pause | GiveUp):
            return
        if label[3] in _KINDS:
            kind, code = _KINDS[label[3]]
            error = ServiceError(kind, type(action).__name__, "*", code, code)
            self.known[letter] = _bare(after_error(request, action, error, known, now=self.now))
            return
        answer = self._answer(stack, self.world.models(before[1]), mind, label[3])
        known = before_start(known) if isinstance(action, StartModel) else known
        learned = after_answer(request, action, answer, known, began=self.now, now=self.now)
        self.known[letter] = _bare(learned)

    def _decided(self, request: Request, known: Known) -> tuple[Known, Action]:
        while True:
            action = decide(request, known.memory, known.views, self.now, 0.5)
            if not isinstance(action, GiveUp):
                return known, action
            known = after_giving_up(known, action)

    def _answer(self, stack: Stack, models: tuple[Any, ...], mind: Mind, said: Any) -> object:
        old = said in ("as it was", "as they were") or (
            isinstance(said, tuple) and said[:1] in (("as it was",), ("as they were",))
        )
        match mind.action:
            case AskStack():
                newest = [age == stack.ages[-1] for age in stack.ages]
                count = newest.index(True) if old else len(stack.events)
                return self._story(stack, count, mind.spec.logical)
            case AskClaim(arn):
                index = MODELS.index(arn)
                tags = models[index].tags_before if old else models[index].tags
                asked = self.asked[index][1 if old else 0]
                return {
                    key: asked if key == Tag.DUTY else re.sub(r"^T(\d+)", self._time, value)
                    for key, value in tags
                }
            case AskOwner():
                return resource_view(*(said[1] if old else said))
            case Look():
                return observation(*(said[1] if old else said))
            case _:
                return None

    def _time(self, found: re.Match[str]) -> str:
        return f"{self.events[int(found[1])]:.6f}"

    def _story(self, stack: Stack, count: int, logical: str) -> Story:
        return self.world.minds.told(stack.events[:count], logical, tuple(self.events[:count]))


def _essence(action: Action) -> tuple[object, ...]:
    """What of an action reaches the world; times in claims are compared by what follows from them."""
    return type(action).__name__, action.arn, getattr(action, "units", None), getattr(action, "reason", "")


def _bare(known: Known) -> Known:
    """How long a start took is left out in the exploration."""
    models = {
        arn: done._replace(not_running_at=0.0, took_seconds=0) for arn, done in known.memory.models.items()
    }
    memory = known.memory._replace(models=models, throttles=0.0, throttled_at=0.0)
    return known._replace(memory=memory)


def _way_to(search: Search, number: int) -> list[State]:
    way = []
    while number >= 0:
        way.append(search.states[number])
        number = search.parents[number]
    return way[::-1]


@pytest.mark.parametrize(
    ("story", "faults"),
    [
        ("rename and resize", "nothing"),
        ("resize", "a duplicate"),
        ("replace", "an old view"),
        ("replace, stop first", "a refusal"),
        ("create", "a duplicate and a failing start"),
        ("made anew", "a late event"),
        ("create alone", "a duplicate and a start that takes too long"),
        ("guarded: delete", "a sweep as duty turns, from off"),
        ("guarded: resize", "duty turns, from off"),
        ("guarded: resize alone", "a sweep as duty turns, and an old view"),
    ],
)
def test_a_story_with_real_times_goes_alike(story: str, faults: str) -> None:
    """The handler decides the same when it is given real times, of which none is clamped or forgotten."""
    search = explore(World(world_of(story, faults)), states_max=20_000)
    chance, compared = random.Random(story), 0
    for _ in range(100):
        replay = _Replay(search.world)
        replay.play(_way_to(search, chance.randrange(len(search.states))))
        compared += replay.compared
    assert compared > 500
