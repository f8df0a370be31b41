"""G5, G8, G9 and G10: what requests do to models, and when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from simulator.conditions import (
    STALE_SECONDS,
    Condition,
    claimed_at_once,
    failed_to_bring_back,
    was_left_halfway,
)
from simulator.invariants.base import Invariant, Violation
from simulator.rekognition import Change, Model
from simulator.requests import Outcome, Request

if TYPE_CHECKING:
    from simulator.functions import Invocation
    from simulator.stack import Stack
    from simulator.world import World

STEADY_SECONDS: Final = 30.0
"""A model that has not changed for so long shows as it is, whatever lags."""
_COMPLETE: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})


class Idempotent(Invariant):
    """A request delivered twice, or begun again after a crash, has the effect of one."""

    guarantee = "G5"

    def acted(self, model: Model, change: Change) -> None:
        request = change.by
        if change.verb != "Start" or not isinstance(request, Request):
            return
        stopped = False
        for earlier in reversed(model.changes):
            if earlier.by is not request:
                return
            if earlier.verb == "Stop":
                stopped = True
            elif stopped and earlier.units == change.units:
                self.violated(
                    f"{request.name} starts, stops and starts {model.plan.name} with the same units"
                )
                return
            elif earlier.verb == "Start" and not stopped:
                return


class StaleStartsNothing(Invariant):
    """A Start is sent only while CloudFormation waits for the request, and right after it that is asked."""

    guarantee = "G10"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._have_started: set[int] = set()

    def called(self, invocation: Invocation, action: str, succeeded: bool) -> None:
        if action == "rekognition:StartProjectVersion" and succeeded:
            self._have_started.add(invocation.number)
        elif invocation.number in self._have_started:
            self._have_started.discard(invocation.number)
            if not action.startswith(("cloudformation:", "lambda:")):
                self.violated(f"{invocation.name} has started a model and then calls {action}")

    def acted(self, model: Model, change: Change) -> None:
        request = change.by
        if change.verb != "Start" or not isinstance(request, Request) or request.ended_at is None:
            return
        late = self.world.kernel.now - request.ended_at
        if late > STALE_SECONDS and not self.is_wanted_again(request, model, change.units):
            self.violated(f"{request.name} starts {model.plan.name} {late:.0f} s after it has ended")


class NoNeedlessInterruption(Invariant):
    """An update of neither ARN nor units leaves a running model alone."""

    guarantee = "G9"

    def asked(self, invocation: Invocation, action: str, arn: str) -> None:
        request = invocation.request
        if request is None or request.type != "Update" or request.old_properties is None:
            return
        if arn != request.declared_arn or arn != request.old_arn or request.physical_id != arn:
            return
        units = request.declared_units
        if units != request.old_units:
            return
        model = self.world.rekognition.models[arn]
        now = model.now
        if not self.has_model(request.owner, model):
            # The resource goes, or has another model by now: what an ended update stops then has to stop.
            return
        steady = now.at < request.sent_at - STEADY_SECONDS
        if steady and now.runs_with(units):
            self.violated(f"{request.name} calls {action} on a model that runs as declared")


class AsDeclared(Invariant):
    """In a stack at rest a resource whose last request succeeded has its model running as declared.

    That is G8 too: a resize that was refused has brought the old size back by the end of the roll-back.
    """

    guarantee = "G8"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._told: set[Request] = set()
        """Of whom it is told already: what is wrong in one rest may be so in the next."""
        self._declared_twice: set[tuple[Stack, str]] = set()
        """What two resources of a stack at rest had: the last one that goes takes it along."""

    def rested(self, stack: Stack) -> None:
        held = Counter(
            resource.physical_id
            for resource in stack.resources.values()
            if resource.physical_id and self.lives((stack.plan.stack_id, resource.logical_id))
        )
        self._declared_twice.update((stack, arn) for arn, times in held.items() if times > 1)
        last: dict[str, Request] = {}
        for request in self.world.requests:
            if request.stack is stack and request.type != "Delete":
                last[request.logical_id] = request
        for request in last.values():
            resource = self.resource(request.owner)
            if resource is None or not self.lives(request.owner) or stack.status not in _COMPLETE:
                continue
            if request.outcome is not Outcome.SUCCESS or resource.physical_id != request.declared_arn:
                continue
            if request not in self._told:
                self._check(request)

    def at_the_end(self, quiet: bool) -> None:
        for stack in self.world.stacks.values():
            self.rested(stack)

    def _check(self, request: Request) -> None:
        model = self.world.rekognition.models[request.declared_arn]
        now = model.now
        if now.runs_with(request.declared_units):
            return
        since = (request.ended_at or 0.0) - 60.0
        if any(change.at >= since and self._is_foreign(change, request) for change in model.changes):
            return
        if model.status is None or self._runs_as_others_declare(model, request):
            return
        if model.plan.arn in self.world.retained:
            # A resource that had taken it over was removed with its model left as it was (decision 7).
            return
        condition = self._condition_of(request, model)
        if condition is not None:
            self.world.note_condition(condition)
            return
        self._told.add(request)
        self.violated(f"after {request.name} succeeded, its model is {now.status} with {now.units} units")

    def _condition_of(self, request: Request, model: Model) -> Condition | None:
        if failed_to_bring_back(self.world, model):
            return Condition.NOT_BROUGHT_BACK
        if was_left_halfway(self.world, model):
            return Condition.KILLED
        if (request.stack, model.plan.arn) in self._declared_twice:
            return Condition.TWICE
        return Condition.AT_ONCE if claimed_at_once(self.world, model) else None

    def _runs_as_others_declare(self, model: Model, request: Request) -> bool:
        """Whether another resource has the same model: declared twice, the word of the last one counts."""
        return any(
            other.owner != request.owner
            and other.type != "Delete"
            and other.outcome is Outcome.SUCCESS
            and other.declared_arn == model.plan.arn
            and model.now.runs_with(other.declared_units)
            and self.has_model(other.owner, model)
            for other in self.world.requests
        )

    def _is_foreign(self, change: Change, request: Request) -> bool:
        """A person's act, or that of a later request whose resource lives on with the same model.

        A Delete, or a request that was rolled back, has to leave the model as it is declared elsewhere.
        """
        by = change.by
        if not isinstance(by, Request):
            return True
        return by.number > request.number and by.type != "Delete" and self.lives(by.owner)
