"""G1, G2 and G4: what an answer promises, and that there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.conditions import Condition, claimed_at_once, left_by_the_killed, nobody_could_answer
from simulator.invariants.base import Invariant, touched_by_others
from simulator.rekognition import PERSON, Change
from simulator.requests import Outcome, Request

if TYPE_CHECKING:
    from simulator.functions import Invocation

LAG_SECONDS_MAX: Final = 12.0
"""No answer of the simulated services is older."""

DUTY_SECONDS: Final = 120.0
"""Whether a model is needed is asked once, and its answer may be so old when it counts."""


class ReadyMeansReady(Invariant):
    """SUCCESS on create or update only after RUNNING with the declared units was seen, and was true."""

    guarantee = "G1"

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if body["Status"] != "SUCCESS" or request.type == "Delete":
            return
        units = request.declared_units
        at, look = invocation.last_look.get(request.declared_arn, (0.0, None))
        model = self.world.rekognition.models[request.declared_arn]
        rests = look is not None and not look.runs_with(units)
        if rests and not self.duties.needs(request, model, before=DUTY_SECONDS, after=DUTY_SECONDS):
            return
        if look is None or not look.runs_with(units):
            self.violated(f"SUCCESS for {request.name}, but the last look at the model showed {look}")
            return
        if body["PhysicalResourceId"] != request.declared_arn:
            self.violated(f"SUCCESS for {request.name} names {body['PhysicalResourceId']}")
        now = model.now
        if taken and not now.runs_with(units) and not touched_by_others(model, at - LAG_SECONDS_MAX, request):
            self.violated(f"SUCCESS for {request.name}, but the model is {now}")


class GoneMeansNotBilling(Invariant):
    """SUCCESS on delete only when the model does not bill, is gone, or others or its own resource have it."""

    guarantee = "G2"

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if body["Status"] != "SUCCESS" or request.type != "Delete" or not taken:
            return
        arn = request.physical_id or ""
        model = self.world.rekognition.models.get(arn if arn.startswith("arn:") else request.declared_arn)
        if model is None or not model.bills:
            return
        truth = self.truth
        if truth.is_a_persons(model) or request.owner not in truth.holders(model):
            return
        if truth.is_retained(model.plan.arn):
            # Another resource was deleted without it, as its template says.
            return
        owner, arn = request.owner, model.plan.arn
        if request.physical_id != arn and truth.has(owner, arn):
            # What goes is what the resource was called while its create had never been answered.
            return
        if truth.others_delete(owner, arn) or next(truth.others_with(owner, arn), None) is not None:
            return
        if _just_started(model.changes, self.world.kernel.now) or claimed_at_once(self.world, model):
            return
        if left_by_the_killed(self.world, model):
            self.world.note_condition(Condition.KILLED)
            return
        self.violated(f"SUCCESS for {request.name}, but its model is {model.status}")


def _just_started(changes: list[Change], now: float) -> bool:
    """A person's Start in the last seconds may come after the handler's last look."""
    return bool(changes) and changes[-1].by == PERSON and now - changes[-1].at < 60.0


def _kept_from_answering(request: Request) -> bool:
    """Whether answers were lost on their way until Lambda gave up: each try ended with an error."""
    return request.unsent > 0 and any(
        "every try failed" in why and "killed" not in why for why in request.lost
    )


class AlwaysAnswered(Invariant):
    """Every request is answered before CloudFormation's time-out, and fits; then its work ends."""

    guarantee = "G4"

    def refused(self, invocation: Invocation, body: bytes) -> None:
        self.violated(f"an answer that CloudFormation can't take: {body[:300]!r}")

    def request_ended(self, request: Request) -> None:
        if request.outcome is not Outcome.TIMED_OUT:
            return
        if not _kept_from_answering(request) and not nobody_could_answer(request):
            self.violated(f"{request.name} was never answered ({request.lost or 'still at work'})")

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if body["Status"] == "FAILED" and len(str(body["Reason"]).split()) < 3:
            self.violated(f"no reason that helps anybody: {body['Reason']!r}")

    def asked(self, invocation: Invocation, action: str, arn: str) -> None:
        request = invocation.request
        if request is None or request.answer is None or request.ended_at is None:
            return
        late = self.world.kernel.now - request.ended_at > 60.0
        if not late or not action.endswith("StartProjectVersion"):
            return
        if not self.truth.is_wanted(request.stack, arn):
            self.violated(f"{request.name} was answered, and an invocation of it still calls {action}")

    def at_the_end(self, quiet: bool) -> None:
        if not quiet:
            self.violated("something never ends")
