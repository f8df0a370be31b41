"""G6 and G7: whose a model is, and what replaces what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.conditions import (
    STALE_SECONDS,
    Condition,
    admits_what_is_left,
    claimed_at_once,
    hidden_too_long,
)
from simulator.invariants.base import Invariant, Violation
from simulator.invariants.truth import Owner, Truth, last_start, names_of
from simulator.rekognition import Change, Model
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.functions import Invocation
    from simulator.world import World

JUST_SHOWN_SECONDS: Final = 15.0
"""That a resource has come to want a model can't be known earlier: views lag, and a call takes its time."""


class OneOwner(Invariant):
    """Nobody stops what is another's; two stacks never share a model."""

    guarantee = "G6"

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        super().__init__(world, violations, truth)
        self._claimed_at: dict[int, float] = {}
        """When each delivery has first written a tag."""

    def called(self, invocation: Invocation, action: str, succeeded: bool) -> None:
        if action == "rekognition:TagResource" and succeeded:
            self._claimed_at.setdefault(invocation.delivery.origin, self.world.kernel.now)

    def acted(self, model: Model, change: Change) -> None:
        request = change.by
        if change.verb != "Stop" or not isinstance(request, Request):
            return
        arn = model.plan.arn
        robbed = [
            other
            for other in self.truth.others_with(request.owner, arn, present=True)
            if self._is_taken_from(other, request, model)
        ]
        if robbed:
            self.violated(f"{request.name} stops {model.plan.name}, which is {names_of(robbed)}'s")
        elif self.truth.is_a_persons(model) and not self._has_claimed(request, model):
            self.violated(f"{request.name} stops {model.plan.name}, which a person has started")
        elif self.truth.is_retained(arn) and not self.truth.may_stop_retained(request, arn):
            self.violated(f"{request.name} stops {model.plan.name}, which a resource was deleted without")

    def _is_taken_from(self, other: Owner, request: Request, model: Model) -> bool:
        """Whether a stop harms another resource that has or wants the model."""
        if other[0] != request.owner[0]:
            stack = self.world.stacks[other[0]]
            held_there = self.truth.stack_of(model) is stack
            excused = claimed_at_once(self.world, model) or hidden_too_long(self.world, stack, other[1])
            return held_there and not excused
        arn, now = model.plan.arn, self.world.kernel.now
        units = self.truth.units_for(other, arn)
        before = model.look_at(now - JUST_SHOWN_SECONDS)
        if model.now.units not in units or (before.minimum and before.units not in units):
            # Or it did not run so as long ago as a look may have been.
            return False
        if not self.truth.had_or_wanted(other, arn, now - JUST_SHOWN_SECONDS):
            return False
        return not self._both_declare(other, request, model)

    def _both_declare(self, other: Owner, request: Request, model: Model) -> bool:
        """Whether a stop is the word of one of two resources that declare the model: the last one counts.

        A rename is none of these, unless the new resource has the model run with other units.
        """
        arn, now = model.plan.arn, self.world.kernel.now
        # A delivery of an earlier request does what the present one of its resource asks for.
        recent = [
            one
            for one in self.truth.requests_of(request.owner)
            if "Delete" not in (one.type, request.type)
            and (one.ended_at is None or now - one.ended_at < STALE_SECONDS)
        ]
        declaring = [one for one in recent if one.declared_arn == arn]
        if any(model.now.units != one.declared_units for one in declaring):
            return True
        declares = bool(declaring)
        leaves = any(one.type == "Update" for one in recent) and self.truth.has(request.owner, arn)
        wants = any(one.waiting and one.owner == other for one in self.truth.declaring(arn))
        twice = (declares and wants) or (leaves and self.truth.has(other, arn))
        twice = twice or self.truth.brought_by_two(request.stack, arn)
        if twice:
            self.world.note_condition(Condition.TWICE)
        return twice

    def _has_claimed(self, request: Request, model: Model) -> bool:
        """Whether the resource had to do with the model since the person's start: adopting means owning.

        Or before it: a delivery that has claimed the model, tried again or not, is at it until it rests. It
        can't tell whether what runs was started by a person, or by itself.
        """
        started, now, arn = last_start(model), self.world.kernel.now, model.plan.arn
        claimed_at = self._claimed_at.get(self.world.current_invocation().delivery.origin)
        if started is not None and claimed_at is not None and claimed_at < started.at:
            return True
        since = min(started.at if started is not None else now, now - STALE_SECONDS)
        return self.truth.has(request.owner, arn) or any(
            arn in (one.declared_arn, one.old_arn, one.physical_id)
            and (one.ended_at is None or one.ended_at >= since)
            for one in self.truth.requests_of(request.owner)
        )

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
                if not held or not self.truth.lives((stack.plan.stack_id, resource.logical_id)):
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
        for update in self.truth.requests_of(request.owner):
            if update.type == "Update" and update.waiting and self._replaces(update, model):
                successor = self.world.rekognition.models[update.declared_arn]
                needed = self.duties.needs(update, successor, before=STALE_SECONDS, after=STALE_SECONDS)
                if not needed or not self.duties.needed_before(update.owner, model):
                    continue
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
        if request.physical_id and body["PhysicalResourceId"] != request.physical_id:
            self.violated(f"FAILED for {request.name} names {body['PhysicalResourceId']}")
        model = self.world.rekognition.models[arn]
        if self.truth.had_at_begin(request.owner, arn):
            # It goes back, and what it goes back to may run.
            return
        left = self.leaves_running(request, model) and not admits_what_is_left(body)
        if left and not claimed_at_once(self.world, model):
            # Where two stacks did, it may be the other one's to stop.
            self.violated(f"FAILED for {request.name}, and the new model is {model.status}")
