"""Tells the way to a state as a person would."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from explorer.minds import Crash
from explorer.models import Model
from explorer.scenes import MODELS
from explorer.search import Search, Violation
from explorer.stack import Stack
from explorer.world import SWEEPER, Runner, State, World
from running_model_handler.core.actions import Answer, Pause


def story_of(search: Search, violation: Violation) -> list[str]:
    """The shortest story of a violation, one line for each thing that happens."""
    world, way = search.world, []
    number = violation.state
    while number >= 0:
        way.append(search.states[number])
        number = search.parents[number]
    way.reverse()
    lines, seconds = [], 0.0
    deliveries = Deliveries(world)
    for before, after in itertools.pairwise(way):
        label = next(label for label, reached, _ in world.steps(before) if reached == after)
        if label == ("a step of time",):
            seconds += world.scene.step_seconds
            deliveries.later()
            continue
        who = deliveries.follow(before, after)
        lines.append(f"{seconds:6.1f} s  {who}{_told(world, before, after, label)}")
    if violation.last:
        who = deliveries.letter(violation.last)
        lines.append(f"{seconds:6.1f} s  {who}{_told(world, way[-1], way[-1], violation.last)}")
    lines.append(f"{seconds:6.1f} s  {violation.text}")
    lines.append(f"         {_truth(world, way[-1])}")
    return lines


class Deliveries:
    """Which delivery is which: they are lettered as they begin."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._begun = 0
        self._letters: dict[Runner, list[str]] = {}

    def later(self) -> None:
        """A step of time later."""
        letters: dict[Runner, list[str]] = {}
        for runner, each in self._letters.items():
            if each:
                letters.setdefault(self._world.runner_later(runner), []).extend(each)
        self._letters = letters

    def lettered(self, state: State) -> dict[str, Runner]:
        """The deliveries at work, by letter."""
        return {letter: runner for runner in set(state[2]) for letter in self._letters.get(runner, ())}

    def letter(self, label: tuple[Any, ...]) -> str:
        """The letter of the one that is about to make a call."""
        for runner, letters in self._letters.items():
            if letters and label[0] in ("calls", "sweeps") and runner[:2] == label[1:3]:
                return f"[{letters[0]}] "
        return ""

    def follow(self, before: State, after: State) -> str:
        """The letter of the one that does something; empty if it is none."""
        letter = ""
        for runner in Counter(before[2]) - Counter(after[2]):
            letter = self._letters[runner].pop(0)
        for runner in Counter(after[2]) - Counter(before[2]):
            if not letter:
                letter = chr(ord("a") + self._begun)
                self._begun += 1
            self._letters.setdefault(runner, []).append(letter)
        return f"[{letter}] " if letter else ""


def _told(world: World, before: State, after: State, label: tuple[Any, ...]) -> str:
    stack = world.stack(after[0])
    if len(label) == 1:
        new = stack.events[len(world.stack(before[0]).events) :]
        events = ", ".join(f"{event.logical} {event.status} {_short(event.physical)}" for event in new)
        requests = "".join(f"; sends {_request(stack, each)}" for each in after[3])
        return f"{label[0]}{': ' if events else ''}{events}{requests}"
    if label[1] == SWEEPER:
        return _swept(world, label)
    name = _request(stack, label[1])
    if label[0] not in ("calls", "sends"):
        return f"{name}: {' '.join(str(each) for each in (label[0], *label[2:]))}"
    mind = world.minds.all[label[2]]
    action = mind.action
    what = type(action).__name__
    arn = getattr(action, "arn", None)
    if arn in MODELS:
        what += f" v{MODELS.index(str(arn)) + 1}"
    if isinstance(action, Answer):
        what = f"answers {'SUCCESS' if action.succeeded else 'FAILED: ' + _short(action.reason)}"
    elif isinstance(action, Pause | Crash):
        what = str(action)
    said = f" -> {_short(_said(label[3]))}" if len(label) > 3 and label[3] != "" else ""
    pause = _pause(world, before, after, label[1])
    return f"{name}: {what}{' (on its way)' if label[0] == 'sends' else ''}{said}{pause}"


def _swept(world: World, label: tuple[Any, ...]) -> str:
    if label[0] not in ("sweeps", "sends"):
        return "sweep: " + " ".join(str(each) for each in (label[0], *label[2:]))
    one, asks = world.sweepers.all[label[2]], world.sweepers.next(label[2])
    said = f" -> {_short(_said(label[3]))}" if len(label) > 3 and label[3] != "" else ""
    way = " (on its way)" if label[0] == "sends" else ""
    return f"sweep of {one.logical}: {' '.join(filter(None, asks))}{way}{said}"


def _pause(world: World, before: State, after: State, request: int) -> str:
    new = [runner for runner in after[2] if runner[0] == request and runner not in before[2]]
    for runner in new:
        mind = world.minds.all[runner[1]]
        if mind.steps and isinstance(mind.action, Pause):
            return f"; sleeps {mind.steps * world.scene.step_seconds} s ({_short(mind.action.why)})"
    return ""


def _request(stack: Stack, number: int) -> str:
    spec = stack.requests[number].spec
    back = " (roll-back)" if stack.requests[number].back else ""
    what = f"v{spec.declared.model + 1} {spec.declared.units}"
    if spec.former is not None:
        what = f"v{spec.former.model + 1} {spec.former.units} -> {what}"
    return f"{spec.kind} #{number} of {spec.logical}{back} [{what}]"


def _said(answer: object) -> str:
    """What a call was answered; of tags the holders alone."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, tuple) and answer and isinstance(answer[0], tuple):
        return ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in answer if "holder" in key)
    if isinstance(answer, tuple) and len(answer) == 2 and answer[0] in ("as it was", "as they were"):
        return f"{_said(answer[1])} ({answer[0]})"
    if isinstance(answer, tuple):
        return " ".join(str(each) for each in answer) or "no tags"
    return str(answer)


def _short(text: str | None) -> str:
    told = text or ""
    for index, arn in enumerate(MODELS):
        told = told.replace(arn, f"v{index + 1}")
    told = told.replace("rekognition-running-model:", "")
    return told if len(told) < 300 else told[:297] + "..."


def _truth(world: World, state: State) -> str:
    stack = world.stack(state[0])
    models = ", ".join(_model(index, each) for index, each in enumerate(world.models(state[1])))
    resources = ", ".join(f"{each.status} {_short(each.physical)}" for each in stack.resources)
    return f"stack {stack.status}; resources {resources}; {models}"


def _model(index: int, model: Model) -> str:
    return f"v{index + 1} {model.status} {model.units or ''}".rstrip()
