"""Who a model runs for, and what a janitor makes of those that run for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.invariants.base import Invariant, Violation
from simulator.invariants.owners import JUST_SHOWN_SECONDS
from simulator.invariants.truth import Owner, Truth, last_start, names_of
from simulator.janitor import JANITOR
from simulator.kernel import EPOCH
from simulator.monitor import Monitor
from simulator.recurring import Recurring
from simulator.rekognition import Change, Model
from simulator.requests import Outcome, Request

if TYPE_CHECKING:
    from simulator.functions import Delivery
    from simulator.world import World

LOOK_SECONDS: Final = 30.0
"""How often it is looked whether a model runs for nobody."""
NOBODYS_SECONDS_MAX: Final = 20 * 60.0
"""How long a model may, where every round of the janitor takes place."""
WHOLE_ROUNDS_MAX: Final = 2
"""Of so many whole rounds none leaves it running."""
_LATE_SECONDS: Final = 120.0
"""A round that Lambda ends so much later than the schedule asked for it was kept back."""


def is_needed(world: World, truth: Truth, model: Model) -> bool:
    """Whether a living resource has it, its template left it as it is, or it is a person's."""
    arn = model.plan.arn
    if truth.is_retained(arn) or truth.is_a_persons(model):
        return True
    if last_start(model) is None and not truth.holders(model):
        return True
    if any(_awaits_deletion(truth, one) for one in truth.declaring(arn)):
        return True
    return next(truth.others_with(("", ""), arn), None) is not None


def _awaits_deletion(truth: Truth, request: Request) -> bool:
    """Whether CloudFormation keeps the model that a request has brought, and owes it a Delete.

    It did not take the replacement, or could not go back from it to the end. It deletes what it has left
    in the next operation of the stack, which no one may ever ask for.
    """
    later = truth.requests_of(request.owner)
    deleted = any(
        one.type == "Delete" and one.number > request.number and one.physical_id == request.declared_arn
        for one in later
    )
    keeps = request.refused or (
        request.outcome is Outcome.SUCCESS and request.stack.status == "UPDATE_ROLLBACK_FAILED"
    )
    return keeps and not deleted and truth.lives(request.owner)


@dataclass(slots=True)
class Span:
    """A time in which a model ran for nobody; None while it still does."""

    model: Model
    began_at: float
    ended_at: float | None = None

    def seconds(self, now: float) -> float:
        """How long that was, or is."""
        return (now if self.ended_at is None else self.ended_at) - self.began_at


class Orphanhood(Monitor):
    """Measures how long models run for nobody while no operation is under way that may be about them."""

    def __init__(self, world: World, truth: Truth) -> None:
        self._world = world
        self._truth = truth
        self.spans: list[Span] = []
        self._open: dict[str, Span] = {}
        Recurring(world, EPOCH + LOOK_SECONDS, LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Look at every model."""
        now = self._world.kernel.now
        for arn, model in self._world.rekognition.models.items():
            known = self._open.get(arn)
            if not self._is_nobodys(model):
                if known is not None:
                    known.ended_at = now
                    del self._open[arn]
            elif known is None:
                self._open[arn] = Span(model, now)
                self.spans.append(self._open[arn])

    @property
    def open(self) -> Iterator[Span]:
        """Those of this moment."""
        yield from self._open.values()

    def _is_nobodys(self, model: Model) -> bool:
        if model.status not in ("RUNNING", "STARTING"):
            return False
        stack, arn = self._truth.stack_of(model), model.plan.arn
        if stack is not None and stack.status.endswith("_IN_PROGRESS"):
            return False
        for one in self._world.requests:
            if one.waiting and arn in (one.declared_arn, one.old_arn, one.physical_id):
                return False
        return not is_needed(self._world, self._truth, model)


class NobodysModelsEnd(Invariant):
    """With a janitor no model runs for nobody for long, whatever has excused it.

    Rounds that were killed, kept back, or that told of a failure give it ten minutes more each.
    """

    guarantee = "J1"

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        super().__init__(world, violations, truth)
        self._orphanhood = Orphanhood(world, truth)
        self._whole: list[float] = []
        """When the rounds were due that have come to their end."""
        self._marred: list[float] = []
        """When the others have ended."""
        self._told: set[int] = set()
        Recurring(world, EPOCH + LOOK_SECONDS, LOOK_SECONDS, self._look)

    def wake_ended(self, delivery: Delivery, lost: str) -> None:
        if delivery.actor != JANITOR:
            return
        now = self.world.kernel.now
        whole = lost in ("", "silent")
        if whole:
            self._whole.append(delivery.born)
        if not whole or now - delivery.born > _LATE_SECONDS:
            self._marred.append(now)

    def _look(self) -> None:
        now = self.world.kernel.now
        for span in self._orphanhood.open:
            seconds = span.seconds(now)
            since = span.began_at + JUST_SHOWN_SECONDS
            whole = sum(at >= since for at in self._whole)
            long = seconds > NOBODYS_SECONDS_MAX and not any(at >= span.began_at for at in self._marred)
            # A round that Lambda keeps back has not ended, so that it is not known to be marred.
            if (whole >= WHOLE_ROUNDS_MAX or (whole and long)) and id(span) not in self._told:
                self._told.add(id(span))
                self.violated(f"{span.model.plan.name} runs for nobody for {seconds:.0f} s, {whole} rounds")


class JanitorTakesNothing(Invariant):
    """The janitor never stops what somebody has.

    That a person has started what carries the claim of nobody can't be told from a leak.
    """

    guarantee = "J2"

    def acted(self, model: Model, change: Change) -> None:
        if change.by != JANITOR:
            return
        name, arn = model.plan.name, model.plan.arn
        having = self.truth.others_with(("", ""), arn, present=True)
        others = [one for one in having if self._is_taken_from(one, model)]
        if others:
            self.violated(f"the janitor stops {name}, which is {names_of(others)}'s")
        elif self._is_retained(arn):
            self.violated(f"the janitor stops {name}, which was retained")
        elif self.truth.is_a_persons(model) and not self.truth.declaring(arn):
            # What a request had to do with may carry its claim.
            self.violated(f"the janitor stops {name}, which a person has started")

    def _is_retained(self, arn: str) -> bool:
        """Not what never was brought, nor where one who has taken it over since can be gone too."""
        declaring = self.truth.declaring(arn)
        succeeded = any(one.outcome is Outcome.SUCCESS for one in declaring)
        return arn in self.world.retained and succeeded and len({one.owner for one in declaring}) == 1

    def _is_taken_from(self, owner: Owner, model: Model) -> bool:
        """Not from one that has come to want it since the last look.

        Nor from one of another stack than had it last: until it has claimed the model nobody can know of it,
        and it starts what it finds at rest.
        """
        arn, last = model.plan.arn, self.truth.stack_of(model)
        if last is not None and last.plan.stack_id != owner[0]:
            return False
        moment = self.world.kernel.now - JUST_SHOWN_SECONDS
        comes_back = self.truth.had_at_begin(owner, arn, present=True)
        return comes_back or self.truth.had_or_wanted(owner, arn, moment)
