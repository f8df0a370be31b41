"""The guarantees as invariants, judged by what is true in the world, never by tags.

*Has*: a resource has the model in its physical id while it exists, and while an operation runs also what is
being made of it and what it was before, since a roll-back returns to that.
"""

from __future__ import annotations

import math
from typing import Final

from explorer.duty_promises import DutyPromises
from explorer.models import FAILED, RUNNING, SCHEDULE, STARTING, Model
from explorer.resources import has, is_deleted, is_wanted, retained
from explorer.scenes import MODELS, Scene
from explorer.stack import CANCELLED, CROSSED, SUCCESS, WAITING, Resource, Sent, Stack
from explorer.stack import FAILED as FAILED_ANSWER
from running_model_handler.core.actions import Answer, AskStack
from running_model_handler.core.names import ReplacementMode

_DECIDED_SECONDS: Final = 5
"""How old CloudFormation's answer may be when a Start is sent (ANSWER_FRESH_SECONDS)."""
_KNOWN_SECONDS: Final = 15
"""After that everybody can know."""


class Promises:
    """The invariants of one scene. Each gives what is violated, or an empty text."""

    def __init__(self, scene: Scene, names: tuple[str, ...]) -> None:
        step = scene.step_seconds
        self._names = names
        self.duty = DutyPromises(scene, names)
        self._lag = scene.lag_steps
        self._tries = 1 + scene.faults.duplicates + scene.faults.kills
        """How many deliveries of one request may each start a model once that is FAILED."""
        slow = 1 if scene.faults.slow else 0
        self.unwanted_max = self._lag + math.ceil(_DECIDED_SECONDS / step) + slow
        self._known = math.ceil(_KNOWN_SECONDS / step)
        self.known_cut_off = self._lag + self._known + slow + 1
        """After so many steps everybody knows that a request was cancelled, whatever is asked how rarely."""

    # --- calls --------------------------------------------------------------------------------------

    def start(self, stack: Stack, before: Model, after: Model, index: int, by: int) -> str:
        """A Start that was accepted."""
        if not is_wanted(stack, MODELS[index]) and before.unwanted > self.unwanted_max:
            return f"G10: {_name(stack, by)} starts v{index + 1}, which nobody wants"
        if before.failed_for.count((by, after.units)) >= self._tries:
            return f"G5: {_name(stack, by)} starts v{index + 1} again, whose start has FAILED for it"
        if not is_wanted(stack, MODELS[index]) and is_deleted(stack, MODELS[index]):
            return f"G2: {_name(stack, by)} starts v{index + 1}, whose deletion has succeeded"
        if self._is_off_for(stack, before, index, by):
            return f"D2: {_name(stack, by)} starts v{index + 1}, which is off duty"
        if after.rounds > 1:
            return f"G5: {_name(stack, by)} starts, stops and starts v{index + 1} more than once more"
        return ""

    def _is_off_for(self, stack: Stack, model: Model, index: int, by: int) -> bool:
        """Whether a model is off duty by the guards that a request declares; for others it knows none."""
        spec, arn = stack.requests[by].spec, MODELS[index]
        about = [each for each in (spec.declared, spec.former) if each is not None and each.arn == arn]
        others = has(stack, arn, but=spec.logical)
        return self.duty.is_off(model) and bool(about) and all(each.guarded for each in about) and not others

    @staticmethod
    def started(stack: Stack, by: int, then: object) -> str:
        """What comes next from a delivery whose Start was accepted."""
        if isinstance(then, AskStack):
            return ""
        return f"G10: {_name(stack, by)} does not ask right after its Start whether it is still wanted"

    def stop(self, stack: Stack, model: Model, index: int, by: int) -> str:
        """A Stop that was accepted."""
        request, arn = self._helped(stack, by), MODELS[index]
        cut_off = self._ended_lately(request)
        resizes = (
            (request.outcome == WAITING or cut_off)
            and request.spec.kind != "Delete"
            and request.spec.declared.arn == arn
            and not model.runs_with(request.spec.declared.units)
        )
        for name, resource in zip(self._names, stack.resources, strict=True):
            in_service = (
                self._rests(stack, resource, arn)
                and resource.declared is not None
                and model.runs_with(resource.declared.units)
                and not self.duty.may_be_off(resource.declared, model)
            )
            own = name == request.spec.logical
            if in_service and not resizes and not (own and request.outcome == WAITING):
                return f"{'G5' if own else 'G6'}: {_name(stack, by)} stops v{index + 1}, which {name} has"
        return (
            self._gap(stack, model, arn, by)
            or self._needless(stack, model, arn, by)
            or self._had(stack, model, arn, by, may=resizes or cut_off)
        )

    def _ended_lately(self, sent: Sent) -> bool:
        """Whether a request has come to nothing, and not everybody can know."""
        return sent.outcome in (CANCELLED, FAILED_ANSWER) and sent.ended < self.known_cut_off

    def _helped(self, stack: Stack, by: int) -> Sent:
        """A request, or a later one that asks for exactly the same: a late delivery helps it."""
        spec = stack.requests[by].spec
        for other in reversed(stack.requests[by + 1 :]):
            same = (other.spec.kind, other.spec.logical, other.spec.declared)
            counts = other.outcome == WAITING or self._ended_lately(other)
            if counts and same == (spec.kind, spec.logical, spec.declared):
                return other
        return stack.requests[by]

    def _rests(self, stack: Stack, resource: Resource, arn: str) -> bool:
        at_rest = resource.status.endswith("_COMPLETE") and not resource.status.startswith("DELETE")
        goes = stack.status.startswith("DELETE")
        return at_rest and not goes and resource.physical == arn and resource.age >= self._known

    def _had(self, stack: Stack, model: Model, arn: str, by: int, *, may: bool) -> str:
        """What a roll-back returns to is stopped by nobody but who replaces it, or resizes it."""
        request = self._helped(stack, by)
        waits = request.outcome == WAITING
        if stack.phase in ("forward", "turned", "back begins", "back", "back failed") and not may:
            for change in stack.changes:
                own = change.logical == request.spec.logical
                had = change.former_id == arn and not change.reverted
                had = had and not self.duty.may_be_off(change.former, model)
                if had and model.runs_with(change.former.units) and not (own and waits):
                    who = f"{'G5' if own else 'G6'}: {_name(stack, by)}"
                    return f"{who} stops v{MODELS.index(arn) + 1}, which {change.logical} had"
        own_id = stack.resources[self._names.index(request.spec.logical)].physical
        has = own_id == arn == request.spec.declared.arn
        brought = request.back and waits and has and request.spec.kind == "Update"
        brought = brought and not self.duty.may_be_off(request.spec.declared, model)
        if brought and model.runs_with(request.spec.declared.units) and model.age > self._lag:
            return f"G8: {_name(stack, by)} stops v{MODELS.index(arn) + 1}, which runs as before"
        return ""

    def taken(self, stack: Stack, index: int) -> str:
        """Another stack finds no claim on a model, and takes it."""
        arn = MODELS[index]
        has = [
            name
            for name, resource in zip(self._names, stack.resources, strict=True)
            if self._rests(stack, resource, arn) and _last_brought(stack, name).outcome == SUCCESS
        ]
        if stack.phase in ("forward", "turned", "back begins", "back"):
            has += [change.logical for change in stack.changes if change.former_id == arn]
        return f"G6: another stack can take v{index + 1}, which {has[0]} has" if has else ""

    def _gap(self, stack: Stack, model: Model, arn: str, by: int) -> str:
        if stack.phase != "forward":
            return ""
        for job in stack.jobs:
            sent = stack.requests[job.request]
            spec = sent.spec
            replaces = spec.kind == "Update" and spec.physical == arn and spec.declared.arn != arn
            first = spec.declared.replacement is ReplacementMode.START_FIRST
            same = job.logical == stack.requests[by].spec.logical
            off = self.duty.may_be_off(spec.former, model)
            if replaces and not off and first and same and sent.outcome == WAITING:
                return f"G7: {_name(stack, by)} stops the old model before the new one serves"
        return ""

    def _needless(self, stack: Stack, model: Model, arn: str, by: int) -> str:
        spec = stack.requests[by].spec
        if spec.kind != "Update" or spec.former is None or spec.physical != arn:
            return ""
        same = spec.declared.arn == spec.former.arn == arn and spec.declared.units == spec.former.units
        same = same and not self.duty.may_be_off(spec.declared, model)
        if same and model.runs_with(spec.declared.units) and model.age > self._lag:
            return f"G9: {_name(stack, by)} stops a model that runs as declared"
        return ""

    # --- answers ------------------------------------------------------------------------------------

    def answer(self, stack: Stack, models: tuple[Model, ...], by: int, answer: Answer) -> str:
        """An answer that is waited for."""
        sent = stack.requests[by]
        if sent.outcome != WAITING:
            return ""
        may_fail = sent.out_of_time or any(
            by == request for model in models for request, _ in model.failed_for
        )
        if not answer.succeeded and not may_fail:
            return (
                f"G4: FAILED for {_name(stack, by)}, although nothing keeps it from success: {answer.reason}"
            )
        if sent.spec.kind == "Delete":
            return self._gone(stack, models, by)
        if answer.succeeded:
            return self._ready(stack, models, by, answer)
        return self._failed(stack, models, by, answer)

    def _ready(self, stack: Stack, models: tuple[Model, ...], by: int, answer: Answer) -> str:
        spec = stack.requests[by].spec
        if answer.physical_id != spec.declared.arn:
            return f"G1: SUCCESS for {_name(stack, by)} names {answer.physical_id}"
        model = models[MODELS.index(spec.declared.arn)]
        if self.duty.may_be_off(spec.declared, model):
            return self._off_duty(stack, model, by)
        touched = model.stopped_by not in (-1, by)
        if model.runs_with(spec.declared.units) or touched:
            return ""
        if spec.former is not None and stack.requests[by].back and model.status in (STARTING, FAILED):
            return f"G1: SUCCESS for {_name(stack, by)}, and its model is {model.status}"
        return f"G1: SUCCESS for {_name(stack, by)}, and its model is {model.status} with {model.units} units"

    def _off_duty(self, stack: Stack, model: Model, by: int) -> str:
        """What SUCCESS means of a model off duty; where duty has just turned, it may run or rest."""
        arn = stack.requests[by].spec.declared.arn
        wanted = has(stack, arn, but=stack.requests[by].spec.logical)
        if not self.duty.is_off(model) or not model.bills or wanted:
            return ""
        return f"G1: SUCCESS for {_name(stack, by)}, and its model is {model.status} off duty"

    @staticmethod
    def _gone(stack: Stack, models: tuple[Model, ...], by: int) -> str:
        spec = stack.requests[by].spec
        arn = spec.physical if spec.physical in MODELS else spec.declared.arn
        index = MODELS.index(str(arn))
        kept = any(retained(each) and each.physical == MODELS[index] for each in stack.resources)
        if models[index].bills and not kept and not has(stack, MODELS[index], but=spec.logical):
            return f"G2: SUCCESS for {_name(stack, by)}, and v{index + 1} is {models[index].status}"
        return ""

    def _failed(self, stack: Stack, models: tuple[Model, ...], by: int, answer: Answer) -> str:
        spec = stack.requests[by].spec
        if spec.physical is not None and answer.physical_id != spec.physical:
            return f"G7: FAILED for {_name(stack, by)} names {answer.physical_id}"
        index = MODELS.index(spec.declared.arn)
        model = models[index]
        if spec.physical == spec.declared.arn or not model.bills or model.age <= self._lag:
            return ""
        if model.started_by != by or has(stack, spec.declared.arn, but=spec.logical):
            return ""
        if "stop-project-version" in answer.reason:
            return ""
        guarantee = "G3" if spec.kind == "Create" else "G7"
        return f"{guarantee}: FAILED for {_name(stack, by)}, and v{index + 1} is {model.status}"

    # --- rest ---------------------------------------------------------------------------------------

    def at_rest(self, stack: Stack, models: tuple[Model, ...]) -> str:
        """Nothing is under way, neither at CloudFormation nor in any function."""
        for index, model in enumerate(models):
            living = [
                resource
                for resource in stack.resources
                if (resource.exists and resource.status != "CREATE_FAILED") or retained(resource)
                if resource.physical == MODELS[index]
            ]
            waits = any(change.former_id == MODELS[index] for change in stack.left)
            if model.bills and not living and not waits and not _crossed(stack, MODELS[index]):
                return f"G3: v{index + 1} is {model.status} for nobody"
        for index, model in enumerate(models):
            left = any(retained(each) and each.physical == MODELS[index] for each in stack.resources)
            if left and model.status != RUNNING:
                return f"G8: v{index + 1} was retained, and is {model.status}"
        wrong = self._not_brought_back(stack, models)
        if wrong:
            return wrong
        without_way_back = stack.status == "UPDATE_FAILED"
        if not without_way_back and not stack.status.endswith("_COMPLETE"):
            return ""
        for name, resource in zip(self._names, stack.resources, strict=True):
            stays = resource.status.endswith("_COMPLETE") and not _crossed(stack, str(resource.physical))
            if without_way_back and not stays:
                continue
            wrong = self._not_as_declared(stack, models, name, resource)
            if wrong:
                return wrong
        return ""

    def _not_brought_back(self, stack: Stack, models: tuple[Model, ...]) -> str:
        """No roll-back comes: an update that has failed has left what was before."""
        for name, resource in zip(self._names, stack.resources, strict=True):
            if resource.status != "UPDATE_FAILED" or stack.status.startswith(("DELETE", "UPDATE_ROLLBACK_F")):
                continue
            last = _last_brought(stack, name)
            if last.outcome != FAILED_ANSWER or last.spec.former is None or last.admits:
                continue
            model = models[MODELS.index(str(resource.physical))]
            if last.spec.former.guarded and (model.off or model.turns):
                continue
            if not model.runs_with(last.spec.former.units) and not _failed_with(
                model, last.spec.former.units
            ):
                seen = f"{model.status} with {model.units} units"
                return f"G8: {name} is {resource.status}, and its model is {seen}"
        return ""

    def _not_as_declared(self, stack: Stack, models: tuple[Model, ...], name: str, resource: Resource) -> str:
        declared = resource.declared
        if not resource.exists or declared is None:
            return ""
        last = _last_brought(stack, name)
        if last.outcome != SUCCESS:
            return ""
        if resource.physical != last.spec.declared.arn:
            return ""
        model = models[MODELS.index(str(resource.physical))]
        units = {
            each.declared.units
            for each in stack.resources
            if each.exists and each.physical == resource.physical and each.declared is not None
        }
        if self.duty.may_be_off(declared, model) or (declared.guarded and model.turns):
            return self._at_rest_off(stack, model, name, resource)
        told = model.status == FAILED and any(sent.admits for sent in stack.requests)
        told = told or (stack.status == "UPDATE_FAILED" and _failed_with(model, declared.units))
        if told or (model.status == RUNNING and model.units in units):
            return ""
        return f"G8: {name} is {resource.status}, and its model is {model.status} with {model.units} units"

    @staticmethod
    def _at_rest_off(stack: Stack, model: Model, name: str, resource: Resource) -> str:
        """A model with a guard, off from the beginning; where that has turned the next sweep's turn comes."""
        others = has(stack, str(resource.physical), but=name)
        by = stack.requests[model.started_by].spec if 0 <= model.started_by < SCHEDULE else None
        # One without guards that was to have it too has started it, and is gone: the next sweep stops it.
        joined = by is not None and by.logical != name and not by.declared.guarded
        if model.turns or others or joined or model.status not in (STARTING, RUNNING):
            return ""
        return f"G8: {name} is {resource.status}, and its model is {model.status} off duty"


def _last_brought(stack: Stack, name: str) -> Sent:
    """The last create or update of a resource that exists."""
    return next(
        sent for sent in reversed(stack.requests) if sent.spec.logical == name and sent.spec.kind != "Delete"
    )


def _failed_with(model: Model, units: int) -> bool:
    """Whether it was started with these units, and that has failed."""
    return model.status == FAILED and any(units == tried for _, tried in model.failed_for)


def _crossed(stack: Stack, arn: str) -> bool:
    """Cancelled while its SUCCESS was on its way, in a stack that keeps what failed."""
    return any(sent.outcome == CROSSED and sent.spec.declared.arn == arn for sent in stack.requests)


def _name(stack: Stack, number: int) -> str:
    sent = stack.requests[number]
    return f"{sent.spec.kind} #{number} of {sent.spec.logical}{' (roll-back)' if sent.back else ''}"
