"""G3: whatever happened, nothing bills for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from running_model_handler.core.names import Tag
from simulator.conditions import admits_what_is_left, condition_of
from simulator.invariants.base import JUST_CLAIMED_SECONDS, Invariant
from simulator.rekognition import Model
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.functions import Invocation


class NoLeak(Invariant):
    """Once its resource is gone, a model does not run on its account; a create that fails leaves nothing."""

    guarantee = "G3"

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if not taken or body["Status"] != "FAILED" or request.type != "Create":
            return
        model = self.world.rekognition.models[request.declared_arn]
        if model.tags and self.world.kernel.now - model.tags[-1][0] < JUST_CLAIMED_SECONDS:
            # Another delivery of the request has claimed it, or somebody else: it learns of the end.
            return
        if self.is_of_others_too(request, model):
            return
        heir = model.true_tags.get(Tag.PREVIOUS)
        if heir and self.has_model((request.owner[0], heir), model):
            # It runs for the resource that had it before, and the Delete that follows gives it back.
            return
        if model.bills and self.in_charge(model) == request.owner and not admits_what_is_left(body):
            self.violated(f"FAILED for {request.name}, and what it started is {model.status}")

    def at_the_end(self, quiet: bool) -> None:
        for model in self.world.rekognition.models.values():
            if not model.bills or self._is_wanted(model):
                continue
            condition = condition_of(self.world, model)
            if condition is None:
                self.violated(f"{model.plan.name} is {model.status} for nobody: {self.in_charge(model)}")
            else:
                self.world.note_condition(condition)

    def _is_wanted(self, model: Model) -> bool:
        charge = self.in_charge(model)
        if charge is None or isinstance(charge, str):
            return True
        resource = self.resource(charge)
        if model.plan.arn in self.world.retained:
            return True
        if resource is None or not self.lives(charge) or resource.status == "CREATE_FAILED":
            return False
        return resource.physical_id == model.plan.arn
