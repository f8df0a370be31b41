"""G6 and G7: whose a model is, and what replaces what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.conditions import admits_what_is_left, claimed_at_once
from simulator.invariants.base import JUST_CLAIMED_SECONDS, Invariant, Owner, in_charge, owner_of
from simulator.rekognition import PERSON, Change, Model
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.functions import Invocation


class OneOwner(Invariant):
    """Only what the own resource has claimed is ever stopped; two stacks never share a model."""

    guarantee = "G6"

    def acted(self, model: Model, change: Change) -> None:
        request = change.by
        if change.verb != "Stop" or not isinstance(request, Request):
            return
        owner = owner_of(model.true_tags)
        if owner is not None and owner != request.owner and self.lives(owner):
            same_stack = owner[0] == request.owner[0]
            if same_stack and self.world.kernel.now - model.tags[-1][0] < JUST_CLAIMED_SECONDS:
                # Nobody can know yet, and whoever took the model over from a living resource waits for that.
                return
            if not same_stack and claimed_at_once(self.world, model):
                return
            if same_stack and self._rests_with_another(owner, model):
                # Handed back just when that resource went back to the model that it had before.
                return
            if not same_stack or not self._gives_back(request, model):
                self.violated(f"{request.name} stops {model.plan.name}, which is {owner[1]}'s")
        elif owner is None and in_charge(model) == PERSON:
            self.violated(f"{request.name} stops {model.plan.name}, which a person has started")

    def _rests_with_another(self, owner: Owner, model: Model) -> bool:
        resource = self.resource(owner)
        at_rest = resource is not None and resource.status.endswith("E_COMPLETE")
        return at_rest and not self.has_model(owner, model)

    @staticmethod
    def _gives_back(request: Request, model: Model) -> bool:
        """A request that gives a model back brings it to the size that its former owner declares."""
        return any(change.by is request for change in model.changes)

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if not taken or body["Status"] != "SUCCESS" or request.type == "Delete":
            return
        if request.declared_arn in self.world.retained:
            # Whoever had taken it over was removed, and left the claim of nobody behind (decision 7).
            return
        for stack in self.world.stacks.values():
            if stack is request.stack or not stack.exists:
                continue
            for resource in stack.resources.values():
                held = resource.physical_id == request.declared_arn and resource.status.endswith("_COMPLETE")
                if not held or not self.lives((stack.plan.stack_id, resource.logical_id)):
                    continue
                if not claimed_at_once(self.world, self.world.rekognition.models[request.declared_arn]):
                    self.violated(f"{request.name} succeeds with a model that {stack.plan.name} has")


class WithoutGap(Invariant):
    """START_FIRST: the old model runs until the new one does; what fails leaves the old one running."""

    guarantee = "G7"

    def acted(self, model: Model, change: Change) -> None:
        request = change.by
        if change.verb != "Stop" or not isinstance(request, Request):
            return
        for update in self.world.requests:
            if update.type == "Update" and update.waiting and self._replaces(update, model):
                same = update.owner == request.owner
                if same and owner_of(model.true_tags) in (None, update.owner):
                    self.violated(f"{request.name} stops {model.plan.name} before its successor serves")

    @staticmethod
    def _replaces(update: Request, model: Model) -> bool:
        arn = model.plan.arn
        return (
            update.physical_id == arn
            and update.declared_arn != arn
            and not update.rolls_back
            and update.properties.get("Replacement") == "START_FIRST"
        )

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if not taken or body["Status"] != "FAILED" or request.type != "Update":
            return
        arn = request.declared_arn
        if request.physical_id == arn:
            return
        if body["PhysicalResourceId"] != request.physical_id:
            self.violated(f"FAILED for {request.name} names {body['PhysicalResourceId']}")
        model = self.world.rekognition.models[arn]
        if self.is_of_others_too(request, model):
            return
        if model.bills and in_charge(model) == request.owner and not admits_what_is_left(body):
            self.violated(f"FAILED for {request.name}, and the new model is {model.status}")
