"""G5, G8, G9 and G10: what requests do to models, and when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from simulator.conditions import (
    STALE_SECONDS,
    Condition,
    claimed_at_once,
    failed_to_bring_back,
    hidden_too_long,
    was_crossed,
    was_left_halfway,
)
from simulator.invariants.base import Invariant, Violation
from simulator.invariants.truth import Truth
from simulator.plan import View
from simulator.rekognition import Change, Model
from simulator.requests import Outcome, Request

if TYPE_CHECKING:
    from simulator.functions import Invocation
    from simulator.stack import Stack
    from simulator.world import World

STEADY_SECONDS: Final = 30.0
"""A model that has not changed for so long shows as it is, whatever lags."""
_AT_REST: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "CREATE_FAILED",
        "UPDATE_FAILED",
    }
)
"""Of a stack: nothing happens to it before a person does something."""


class Idempotent(Invariant):
    """A request delivered twice, or begun again after a crash, has the effect of one.

    Two deliveries that disagree, a try that follows one which was killed when it had undone everything, and
    one that comes so late that it helps a later operation which declares the same, may cost a stop and a
    start more; once.
    """

    guarantee = "G5"

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        super().__init__(world, violations, truth)
        self._tries: dict[int, tuple[int, int]] = {}
        """The delivery behind each Start and Stop, and its try, by the identity of the change."""
        self._excused: set[tuple[Request, str]] = set()

    def acted(self, model: Model, change: Change) -> None:
        request = change.by
        if not isinstance(request, Request):
            return
        delivery = self.world.current_invocation().delivery
        self._tries[id(change)] = (delivery.origin, delivery.attempt)
        if change.verb == "Start" and self._repeats(model, change, request):
            self.violated(f"{request.name} starts, stops and starts {model.plan.name} with the same units")

    def _repeats(self, model: Model, change: Change, request: Request) -> bool:
        """Whether the same was started and stopped before, and nothing excuses it."""
        origins = {self._tries[id(change)][0]}
        stopped: Change | None = None
        for earlier in reversed(model.changes):
            if earlier.by is not request:
                return False
            origins.add(self._tries[id(earlier)][0])
            if earlier.verb == "Stop":
                stopped = stopped or earlier
            elif stopped is None:
                return False
            elif earlier.units == change.units:
                disagree = len(origins) > 1 or self._tries[id(stopped)] != self._tries[id(change)]
                return not self._may_happen_once(model, change, request, disagree=disagree)
        return False

    def _may_happen_once(self, model: Model, change: Change, request: Request, *, disagree: bool) -> bool:
        guarded = request.declared is not None and request.declared.guarded is not None
        if guarded and self.duties.turns(request, model, model.changes[0].at, self.world.kernel.now):
            return True
        late = request.ended_at is not None and self.world.kernel.now - request.ended_at > STALE_SECONDS
        helps = late and self.truth.is_wanted(request.stack, model.plan.arn, change.units)
        key = (request, model.plan.arn)
        if key in self._excused or not (disagree or helps):
            return False
        self._excused.add(key)
        return True


class StaleStartsNothing(Invariant):
    """Nothing starts that nobody wants, and right after a Start CloudFormation is asked.

    Judged by what was wanted at that moment, whichever request sends the Start. What a resource had before an
    update is wanted again if the update fails; whoever has stopped it can bring it back before that is known.
    """

    guarantee = "G10"

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        super().__init__(world, violations, truth)
        self._have_started: set[int] = set()
        self._in_doubt: list[tuple[Change, str, list[Request]]] = []
        """Starts of what a resource had before its updates, which are under way still."""

    def called(self, invocation: Invocation, action: str, succeeded: bool) -> None:
        if action == "rekognition:StartProjectVersion" and succeeded:
            self._have_started.add(invocation.number)
        elif invocation.number in self._have_started:
            self._have_started.discard(invocation.number)
            if not action.startswith(("cloudformation:", "lambda:")):
                self.violated(f"{invocation.name} has started a model and then calls {action}")

    def acted(self, model: Model, change: Change) -> None:
        request, arn = change.by, model.plan.arn
        if change.verb != "Start" or not isinstance(request, Request):
            return
        wanted = self.truth.is_wanted(request.stack, arn, change.units)
        if wanted or self._brings_back(request, model, change):
            return
        if hidden_too_long(self.world, request.stack, request.logical_id, View.EVENTS):
            return
        now = self.world.kernel.now
        since = f"{now - request.ended_at:.0f} s after it has ended" if request.ended_at else "for nobody"
        text = f"{request.name} starts {model.plan.name} with {change.units} units {since}"
        leaving = self.truth.leaving(request.stack, arn, change.units)
        if leaving and not any(update.rolls_back for update in leaving):
            self._in_doubt.append((change, text, leaving))
        else:
            self.violated(text)

    def at_the_end(self, quiet: bool) -> None:
        for change, text, leaving in self._in_doubt:
            if all(update.outcome is Outcome.SUCCESS for update in leaving):
                self.violated(text, change.at)

    def _brings_back(self, request: Request, model: Model, change: Change) -> bool:
        """Whether a request restores what it has stopped, or what was before the update that it is for."""
        arn = model.plan.arn
        stopped = next((one.by for one in reversed(model.changes) if one.verb == "Stop"), None)
        if stopped is request and self.truth.has(request.owner, arn):
            return True
        if request.type != "Update" or arn not in (request.old_arn, request.physical_id):
            return False
        recent = request.ended_at is None or self.world.kernel.now - request.ended_at < STALE_SECONDS
        return recent and (arn != request.old_arn or change.units == request.old_units)


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
        if not self.truth.has(request.owner, arn):
            # The resource goes, or has another model by now: what an ended update stops then has to stop.
            return
        steady = now.at < request.sent_at - STEADY_SECONDS
        needed = self.duties.needs(request, model, before=STALE_SECONDS, after=STALE_SECONDS)
        if steady and now.runs_with(units) and needed:
            self.violated(f"{request.name} calls {action} on a model that runs as declared")


class AsDeclared(Invariant):
    """In a stack at rest a resource whose last request succeeded has its model running as declared.

    That is G8 too: a resize that was refused has brought the old size back by the end of the roll-back. Where
    none comes, the update that failed has brought back what was: there an accepted start is enough.
    """

    guarantee = "G8"

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        super().__init__(world, violations, truth)
        self._told: set[Request] = set()
        """Of whom it is told already: what is wrong in one rest may be so in the next."""
        self._declared_twice: set[tuple[Stack, str]] = set()
        """What two resources of a stack at rest had: the last one that goes takes it along."""

    def rested(self, stack: Stack) -> None:
        held: Counter[str] = Counter()
        for logical_id, resource in stack.resources.items():
            owner = (stack.plan.stack_id, logical_id)
            if self.truth.lives(owner):
                # What an update declares that is kept from replacing is declared all the same.
                declared = [one.declared_arn for one in self.truth.requests_of(owner)[-1:]]
                held.update({arn for arn in (resource.physical_id, *declared) if arn})
        self._declared_twice.update((stack, arn) for arn, times in held.items() if times > 1)
        if stack.status not in _AT_REST:
            return
        for logical_id, resource in stack.resources.items():
            owner = (stack.plan.stack_id, logical_id)
            last = next((one for one in self.truth.requests_of(owner)[::-1] if one.type != "Delete"), None)
            if last is None or last in self._told or not self.truth.lives(owner):
                continue
            if last.outcome is Outcome.SUCCESS and resource.physical_id == last.declared_arn:
                self._check(last)
            elif last.outcome is Outcome.FAILED and stack.status == "UPDATE_FAILED":
                self._check_what_was(last)

    def at_the_end(self, quiet: bool) -> None:
        for stack in self.world.stacks.values():
            self.rested(stack)

    def _check(self, request: Request) -> None:
        if request.declared is not None and request.declared.guarded is not None:
            # That is judged by its duty (D1).
            return
        model = self.world.rekognition.models[request.declared_arn]
        now = model.now
        if now.runs_with(request.declared_units) or self._comes_back(request, model):
            return
        if self._is_excused(request, model, (request.ended_at or 0.0) - 60.0):
            return
        self._told.add(request)
        self.violated(f"after {request.name} succeeded, its model is {now.status} with {now.units} units")

    def _comes_back(self, request: Request, model: Model) -> bool:
        """Whether another request has brought a model back: it need not run yet when that one ends.

        Nor does a start count that fails when CloudFormation waits for nothing of that resource any more.
        """
        now, last = model.now, model.changes[-1] if model.changes else None
        if last is None or last.by is request or last.units != request.declared_units:
            return False
        if now.status != "FAILED" or not isinstance(last.by, Request):
            return now.status == "STARTING"
        return all(
            one.sent_at > now.at or (one.ended_at is not None and one.ended_at < now.at)
            for one in self.truth.requests_of(last.by.owner)
        )

    def _check_what_was(self, request: Request) -> None:
        """An update has failed and nothing goes back: what its resource has runs, or starts, as before."""
        model = self.world.rekognition.models.get(request.physical_id or "")
        before = model.look_at(request.sent_at) if model is not None else None
        if model is None or before is None or before.status not in ("STARTING", "RUNNING"):
            return
        if not self._has_lived_with(request, model):
            # Its create had failed, and was mended: another stack has the model run.
            return
        if self.duties.has_guards(request):
            # What was before is brought back only where it was on duty when the update failed.
            return
        units = {*self.truth.units_for(request.owner, model.plan.arn), request.old_units, before.units}
        if request.declared_arn != model.plan.arn and request.properties.get("Replacement") == "START_FIRST":
            # It goes on without a gap, in the size that another resource of the update has given it.
            declaring = (one for one in self.truth.declaring(model.plan.arn) if one.stack is request.stack)
            units |= {one.declared_units for one in declaring if one.sent_at >= request.sent_at}
        last = model.changes[-1] if model.changes else None
        if last is None or (last.verb == "Start" and last.units in units):
            return
        if self._is_excused(request, model, request.sent_at):
            return
        self._told.add(request)
        self.violated(f"{request.name} failed, and what was is {model.status} with {model.now.units} units")

    def _has_lived_with(self, request: Request, model: Model) -> bool:
        return any(
            one.number < request.number and one.type != "Delete" and one.outcome is Outcome.SUCCESS
            for one in self.truth.declaring(model.plan.arn)
            if one.owner == request.owner
        )

    def _is_excused(self, request: Request, model: Model, since: float) -> bool:
        if any(change.at >= since and self._is_foreign(change, request) for change in model.changes):
            return True
        last = model.changes[-1].by if model.changes else None
        if isinstance(last, Request) and last is not request and last.chains:
            # It has stopped the model for a resource that was cancelled, and brings it back once it knows, or
            # is tried again.
            return True
        if last is request and request.running:
            # So does another delivery of the same, which could not know that it had ended.
            return True
        if model.status is None or self._runs_as_others_declare(model, request):
            return True
        if model.plan.arn in self.world.retained:
            # A resource that had taken it over was removed with its model left as it was (decision 7).
            return True
        condition = self._condition_of(request, model)
        if condition is not None:
            self.world.note_condition(condition)
        return condition is not None

    def _condition_of(self, request: Request, model: Model) -> Condition | None:
        if failed_to_bring_back(self.world, model):
            return Condition.NOT_BROUGHT_BACK
        if was_left_halfway(self.world, model):
            return Condition.KILLED
        twice = self.truth.brought_by_two(request.stack, model.plan.arn)
        if twice or (request.stack, model.plan.arn) in self._declared_twice:
            return Condition.TWICE
        if was_crossed(self.world, model):
            return Condition.CROSSED
        return Condition.AT_ONCE if claimed_at_once(self.world, model) else None

    def _runs_as_others_declare(self, model: Model, request: Request) -> bool:
        """Whether another resource has the same model: declared twice, it runs as the last one says."""
        return any(
            other.owner != request.owner
            and other.outcome is Outcome.SUCCESS
            and model.now.runs_with(other.declared_units)
            and self.truth.has(other.owner, model.plan.arn)
            for other in self.truth.declaring(model.plan.arn)
        )

    def _is_foreign(self, change: Change, request: Request) -> bool:
        """A person's act, or that of a later request whose resource lives on with the same model.

        A Delete, or a request that was rolled back, has to leave the model as it is declared elsewhere.
        """
        by = change.by
        if not isinstance(by, Request):
            return True
        return by.number > request.number and by.type != "Delete" and self.truth.lives(by.owner)
