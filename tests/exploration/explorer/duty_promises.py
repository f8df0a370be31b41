"""The guarantees of duty and sweeps as invariants, judged by what is true in the world, never by tags.

What is true of a duty is what a person has said of the model for a while, where a resource with a guard has
it; where another one has it, the model is on duty for that one. Since when that is so counts: an old view, a
slow call and a pause make no mistake.
"""

from __future__ import annotations

import math
from typing import Final

from explorer.models import Model
from explorer.resources import has, is_deleted, is_wanted, lives_with
from explorer.scenes import MODELS, STACK, Declared, Scene
from explorer.stack import Resource, Stack
from running_model_handler.core.record import By

_TAGS_SECONDS: Final = 10
"""How old tags may be when something is done to a model (CLAIM_FRESH_SECONDS)."""
_RESTS_SECONDS: Final = 60
"""For so long a sweep leaves a stack in which something has happened (CLOCKS_APART_SECONDS)."""
_BEGINS: Final = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


class DutyPromises:
    """The invariants of one scene. Each gives what is violated, or an empty text."""

    def __init__(self, scene: Scene, names: tuple[str, ...]) -> None:
        self._names = names
        faults = scene.faults
        late = (1 if faults.slow else 0) + (1 if faults.refusals else 0)
        self._lag = scene.lag_steps
        self._late = scene.lag_steps + late
        self.known = self._late + math.ceil(_TAGS_SECONDS / scene.step_seconds)
        """After so many steps of time everybody knows that duty has turned."""
        self._rests = math.ceil(_RESTS_SECONDS / scene.step_seconds) + scene.lag_steps
        wrong = (faults.stale, faults.slow, faults.refusals, faults.kills)
        self._nothing_excuses = not any(wrong)

    # --- what is true -------------------------------------------------------------------------------

    def is_off(self, model: Model) -> bool:
        """Whether it is certainly off duty by a guard."""
        return model.off and model.turned > self.known

    def may_be_off(self, declared: Declared | None, model: Model) -> bool:
        """Whether one that declares it may take it for off duty."""
        lately = model.turns and model.turned <= self.known
        return declared is not None and declared.guarded and (model.off or lately)

    # --- sweeps -------------------------------------------------------------------------------------

    def changes(self, stack: Stack, logical: str, arn: str) -> str:
        """A sweep has changed something, in the world or in the tags."""
        model = f"v{MODELS.index(arn) + 1}"
        begun = _began(stack)
        if not stack.at_rest and begun > self._late:
            return f"D3: a sweep of {logical} changes {model}, while the stack is {stack.status}"
        resource = stack.resources[self._names.index(logical)]
        if not lives_with(resource, arn) and stack.at_rest and resource.age > self._late:
            return f"D3: a sweep of {logical} changes {model}, which that has no more"
        return ""

    def notes(self, stack: Stack, logical: str, arn: str, text: str) -> str:
        """A sweep has written down what it has found, or is about to ask."""
        # Of what it notes beside an operation that it has not seen the requests of that one make nothing.
        if f" {By.HAND}" in text and stack.at_rest:
            return f"D4: a sweep of {logical} notes of v{MODELS.index(arn) + 1} what nobody has done: {text}"
        return self.changes(stack, logical, arn)

    def start(self, stack: Stack, before: Model, after: Model, logical: str, arn: str) -> str:
        """A Start of a sweep that was accepted."""
        name = f"v{MODELS.index(arn) + 1}"
        if not is_wanted(stack, arn) and is_deleted(stack, arn):
            return f"G2: a sweep of {logical} starts {name}, whose deletion has succeeded"
        if self.is_off(before):
            return f"D2: a sweep of {logical} starts {name}, which is off duty"
        declared = {
            each.declared.units for each in stack.resources if each.declared and each.declared.arn == arn
        } | {change.former.units for change in stack.changes if change.former_id == arn}
        if after.units not in declared:
            return f"D3: a sweep of {logical} starts {name} with {after.units} units, which nobody declares"
        return self.changes(stack, logical, arn)

    def stop(self, stack: Stack, model: Model, logical: str, arn: str) -> str:
        """A Stop of a sweep that was accepted."""
        name = f"v{MODELS.index(arn) + 1}"
        declared = stack.resources[self._names.index(logical)].declared
        if stack.at_rest and stack.status.endswith("_COMPLETE") and declared and not declared.guarded:
            return f"D2: a sweep of {logical} stops {name}, which has no guard any more"
        if not model.off and (not model.turns or model.turned > self.known):
            return f"D2: a sweep of {logical} stops {name}, which is on duty"
        for other, resource in zip(self._names, stack.resources, strict=True):
            if other != logical and self._rests_with(resource, arn):
                return f"D3: a sweep of {logical} stops {name}, which {other} has"
        return self.changes(stack, logical, arn)

    def ended(self, stack: Stack, model: Model, logical: str, arn: str) -> str:
        """A sweep has ended that has changed nothing, and beside which nobody has done anything."""
        resource = stack.resources[self._names.index(logical)]
        if resource.declared is None or not resource.declared.guarded:
            return ""
        quiet = stack.at_rest and bool(stack.ages) and stack.ages[-1] > self._rests
        settled = model.age > self._lag and model.tags_age > self._lag + 1 and model.turned > self.known
        judged = quiet and settled and self._nothing_excuses
        if not judged or not resource.status.endswith("_COMPLETE") or not lives_with(resource, arn):
            return ""
        name = f"v{MODELS.index(arn) + 1}"
        if model.off and model.status in ("RUNNING", "STARTING") and not has(stack, arn, but=logical):
            return f"D1: a sweep of {logical} leaves {name} {model.status}, which is off duty"
        if not model.off and model.status == "STOPPED":
            return f"D1: a sweep of {logical} leaves {name} at rest, which is on duty"
        return ""

    def _rests_with(self, resource: Resource, arn: str) -> bool:
        at_rest = resource.status.endswith("_COMPLETE") and not resource.status.startswith("DELETE")
        return at_rest and resource.physical == arn and resource.age > self._late


def _began(stack: Stack) -> int:
    """How many steps of time ago the operation under way has begun."""
    ages = (
        age
        for event, age in zip(reversed(stack.events), reversed(stack.ages), strict=True)
        if event.logical == STACK and event.status in _BEGINS
    )
    return next(ages, 0)
