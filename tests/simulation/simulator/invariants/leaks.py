"""G3: whatever happened, nothing bills for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.conditions import admits_what_is_left, claimed_at_once, condition_of
from simulator.invariants.base import Invariant
from simulator.invariants.truth import last_start, names_of
from simulator.rekognition import Model
from simulator.requests import Outcome, Request

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
            if not model.bills or self._is_wanted(model):
                continue
            condition = condition_of(self.world, model)
            if condition is None:
                held = names_of(self.truth.holders(model))
                self.violated(f"{model.plan.name} is {model.status} for nobody: {held}")
            else:
                self.world.note_condition(condition)

    def _awaits_deletion(self, request: Request) -> bool:
        """Whether CloudFormation keeps the model that a request has brought, and owes it a Delete.

        It did not take the replacement, or could not go back from it to the end. It deletes what it has left
        in the next operation of the stack, which no one may ever ask for.
        """
        later = self.truth.requests_of(request.owner)
        deleted = any(
            one.type == "Delete" and one.number > request.number and one.physical_id == request.declared_arn
            for one in later
        )
        keeps = request.refused or (
            request.outcome is Outcome.SUCCESS and request.stack.status == "UPDATE_ROLLBACK_FAILED"
        )
        return keeps and not deleted and self.truth.lives(request.owner)

    def _is_wanted(self, model: Model) -> bool:
        """Whether a living resource has it, its template left it as it is, or it is a person's."""
        arn, truth = model.plan.arn, self.truth
        if arn in self.world.retained or truth.is_a_persons(model):
            return True
        if last_start(model) is None and not truth.holders(model):
            return True
        if any(self._awaits_deletion(one) for one in truth.declaring(arn)):
            return True
        return next(truth.others_with(("", ""), arn), None) is not None
