"""G3: whatever happened, nothing bills for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.conditions import admits_what_is_left, claimed_at_once, condition_of
from simulator.invariants.base import Invariant
from simulator.invariants.orphans import is_needed
from simulator.invariants.truth import names_of
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
        if not self.leaves_running(request, model) or admits_what_is_left(body):
            return
        if not claimed_at_once(self.world, model):
            # Where two stacks did, it may be the other one's to stop.
            self.violated(f"FAILED for {request.name}, and what it started is {model.status}")

    def at_the_end(self, quiet: bool) -> None:
        for model in self.world.rekognition.models.values():
            if not model.bills or is_needed(self.world, self.truth, model):
                continue
            condition = condition_of(self.world, model)
            if condition is None:
                held = names_of(self.truth.holders(model))
                self.violated(f"{model.plan.name} is {model.status} for nobody: {held}")
            else:
                self.world.note_condition(condition)
