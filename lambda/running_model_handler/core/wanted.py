"""What is wanted of a model at this moment: the first table, a function for each row, first match wins; pure.

What has to be done follows from what CloudFormation does now, and from the claim in the model's tags. The
rows are those of docs/how-it-decides.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from running_model_handler.core.case import Case
from running_model_handler.core.claim import Claim, Holder, Owner
from running_model_handler.core.mine import must_ask
from running_model_handler.core.names import ReplacementMode
from running_model_handler.core.operation import RequestType, Standing
from running_model_handler.core.others import AskResource, exists, in_the_end, is_retained, others_with
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import LAG_SECONDS


@dataclass(frozen=True, slots=True)
class Ask:
    """CloudFormation does not show yet what it sent the request for."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Left as it is; ``owner`` is whose it is, where that keeps this resource from having it."""

    owner: Owner | None = None
    for_others: bool = False
    """Other resources of the stack have it: the own claim goes."""


class Run(NamedTuple):
    """RUNNING with ``units``."""

    units: InferenceUnits
    any_of: frozenset[InferenceUnits] = frozenset()
    """Other units that will do as well: what each of several resources declares."""
    for_others: bool = False
    """For other resources of the stack, so that no claim is taken."""
    brings_back: bool = False
    """What was before a failure: a start that was accepted is enough."""
    former: InferenceUnits | None = None
    """What stays if it fails; None for the same."""
    as_it_runs: bool = False
    """Any units will do, if only it runs."""

    def met_by(self, seen: Observation) -> bool:
        """Whether a model runs as wanted."""
        if self.as_it_runs:
            return seen.status == Status.RUNNING
        return any(seen.runs_with(units) for units in (self.units, *self.any_of))

    def told(self, problem: str) -> str:
        """A reason why it can't be had, for those who only know of the request that it is done for."""
        if self.brings_back:
            return f"what was before could not be brought back: {problem}"
        others = "other resources of the stack have the model, which could not be given back to them"
        return f"{others}. Then: {problem}" if self.for_others else problem


@dataclass(frozen=True, slots=True)
class Hold:
    """Stopped for now, the claim kept."""

    off_duty: Run | None = None
    """What it would be, on duty: the claim is taken for that."""
    others_have_it: bool = False
    """It is left as it is: other resources of the stack have it, whatever their guards are."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Stopped, the claim removed."""


Want = Ask | Keep | Run | Hold | Rest
ASK: Final = Ask()
KEEP: Final = Keep()
_ONE: Final = InferenceUnits(1)


class _Question(NamedTuple):
    """What is wanted of this model, in this case?"""

    case: Case
    arn: str
    claim: Claim

    @property
    def mine(self) -> Holder | None:
        """What the own resource has written of itself."""
        return self.claim.of(self.case.wish.owner)

    @property
    def brought(self) -> bool:
        """Whether it is one of a create or an update that CloudFormation waits for."""
        return self.case.step is not None and self.case.wish.brings

    @property
    def is_declared(self) -> bool:
        """Whether the request declares this model."""
        declared = self.case.wish.declared
        return declared is not None and declared.arn == self.arn

    @property
    def goes_back(self) -> bool:
        """Whether the request is for the way back."""
        return self.case.step is not None and self.case.step.back

    @property
    def former_units(self) -> InferenceUnits:
        """What the resource ran the model with before the step; its old properties tell, else its claim."""
        former, mine = self.case.wish.former, self.mine
        failed_before = mine is not None and mine.failed and not self.case.story.began_whole
        if mine is not None and (mine.t == self.case.t or failed_before):
            # What CloudFormation takes for the old properties may be those that have failed.
            return mine.given_up.units
        if former is not None and former.arn == self.arn and former.units is not None:
            return former.units
        return mine.units if mine is not None else _ONE

    def on_duty(self, run: Run) -> Run | Hold | AskResource:
        """What is to run, unless a guard has it that it is not needed now."""
        if not self.case.off_duty(self.arn):
            return run
        others = others_with(self.case, self.arn, self.claim)
        return others if isinstance(others, AskResource) else Hold(run, others_have_it=bool(others))


def wanted(case: Case, arn: str, claim: Claim) -> Want | AskResource:
    """What is wanted of a model that a request is about, or what has to be asked to know."""
    question = _Question(case, arn, claim)
    for row in _ROWS:
        want = row(question)
        if want is not None:
            return want
    return _nobodys(question)


def _not_shown(about: _Question) -> Ask | None:
    """1: CloudFormation does not show yet what it sent the request for.

    What the tags tell of operations is CloudFormation's word too, and may be the newer one.
    """
    case, claim = about.case, about.claim
    ours = claim.holders.values() if claim.is_of(case.wish.owner.stack_id) else ()
    return ASK if must_ask(case) or any(holder.t > case.story.newest_at for holder in ours) else None


def _another_stacks(about: _Question) -> Keep | AskResource | None:
    """2: another stack has claimed it, and a holder's resource exists there."""
    case, claim = about.case, about.claim
    if claim.stack_id in (None, case.wish.owner.stack_id):
        return None
    for owner, holder in claim.holders.items():
        if owner not in case.resources:
            return AskResource(owner)
        if exists(case.resources[owner]):
            return Keep(owner)
        if case.resources_at.get(owner, inf) < holder.t + LAG_SECONDS:
            return AskResource(owner, not_before=holder.t + LAG_SECONDS)
    return None


def _worked_on(about: _Question) -> Keep | None:
    """3: the operation is at work on the own resource with this model, and not by this request."""
    case = about.case
    last = case.story.last_step(case.wish.owner.logical_id)
    works = last is not None and last.ended_at is None and last.concerns(about.arn)
    return KEEP if case.step is None and works else None


def _declared(about: _Question) -> Run | Hold | AskResource | None:
    """4: what the request declares."""
    wish, declared = about.case.wish, about.case.wish.declared
    if declared is None or not about.brought or not about.is_declared or about.case.failed:
        return None
    units, former = declared.units or _ONE, about.former_units
    changes = wish.kind is RequestType.UPDATE and not about.goes_back and former != units
    return about.on_duty(Run(units, former=former if changes else None))


def _declared_in_vain(about: _Question) -> Want | AskResource | None:
    """5: what the request declares, and has failed with, is what the resource has."""
    has = about.brought and about.is_declared and about.arn == about.case.me.current
    if not has or not about.case.failed:
        return None
    return KEEP if about.goes_back else about.on_duty(Run(about.former_units, brings_back=True))


def _replaced(about: _Question) -> Want | AskResource | None:
    """6: what the resource has, and the request replaces: kept, unless its place is needed."""
    case, wish = about.case, about.case.wish
    if not about.brought or about.is_declared or about.arn != wish.physical:
        return None
    # A replacement that needed the place of the former model needs it on the way back too.
    stopped_first = about.goes_back and wish.former_replacement is ReplacementMode.STOP_FIRST
    in_the_way = wish.stops_first or stopped_first
    if not in_the_way and (about.goes_back or not case.failed):
        return KEEP
    others = others_with(case, about.arn, about.claim)
    if isinstance(others, AskResource):
        return others
    if others:
        return KEEP
    if not case.failed:
        return Hold()
    return about.on_duty(Run(about.former_units, brings_back=True, as_it_runs=not in_the_way))


def _lived_with(about: _Question) -> Want | None:
    """7: the own resource lives with it, or was deleted without it, and this request is not waited for."""
    case, me, arn = about.case, about.case.me, about.arn
    if not (me.lives and me.has(arn)) and me.skipped != arn:
        return None
    undone = None if case.off_duty(arn) else _own_doing_undone(about)
    if undone is not None:
        return undone
    # What is deleted is not what the resource has: it lives, so what it has now goes by another physical id.
    by_another_id = not case.wish.brings and (arn != case.wish.physical or arn == me.current)
    return KEEP if case.step is None or by_another_id else None


def _own_doing_undone(about: _Question) -> Run | None:
    """What this delivery has stopped itself, when another one had ended the request, which did not show."""
    case, arn, declared = about.case, about.arn, about.case.wish.declared
    last = case.story.last_step(case.wish.owner.logical_id)
    ended = last is not None and last.began_at == case.t and last.ended_at is not None
    if last is None or declared is None or not ended or arn not in case.stopped:
        return None
    if not last.failed and about.is_declared:
        return Run(declared.units or _ONE, brings_back=True)
    # Where the stack goes back, that is for the roll-back to do.
    stays = last.failed and case.me.current == arn and not (case.story.goes or case.story.goes_back)
    return Run(about.former_units, brings_back=True) if stays else None


def _of_others(about: _Question) -> Want | AskResource | None:
    """8: other resources of the stack have it, are brought with it, or have left it running."""
    case, arn, claim = about.case, about.arn, about.claim
    if case.step is not None and case.story.goes:
        return Keep(for_others=True) if is_retained(case, arn) else None
    others = others_with(case, arn, claim)
    if isinstance(others, AskResource):
        return others
    if not others:
        return None
    wanting = {owner: standing for owner, standing in others.items() if standing.wants(arn)}
    # A tag that outlives its resource is of a delivery that may have stopped the model.
    left = any(each.stack_id == case.wish.owner.stack_id and each not in others for each in claim.holders)
    stopped_by_us = arn in case.stopped or (left and case.cut_off)
    # In a stack that goes those of the others that are not deleted yet soon will be.
    brings = case.step is not None or (stopped_by_us and not case.story.goes)
    # What their guards have put to rest they start again themselves.
    brings = brings and not claim.kept_off
    rest = bool(wanting) and all(standing.rests for standing in wanting.values())
    if not brings or not rest:
        return Keep(for_others=case.step is not None)
    return _as_they_declare(about, wanting)


def _as_they_declare(about: _Question, wanting: dict[Owner, Standing]) -> Run:
    """The units of the latest of several resources; any of theirs will do."""
    claimed, steps = about.claim.holders, about.case.story.steps
    holders = [
        in_the_end(claimed[owner], about.arn, steps.get(owner.logical_id, ()))
        for owner in wanting
        if owner in claimed
    ]
    latest: Holder | None = max(holders, key=lambda holder: holder.t, default=None)
    declared = [standing.units for standing in wanting.values() if standing.units is not None]
    units = latest.units if latest is not None else next(iter(declared), _ONE)
    return Run(units, frozenset({*declared, *(holder.units for holder in holders)}), for_others=True)


def _nobodys(about: _Question) -> Hold | Rest:
    """9: nobody's; what a roll-back that has failed goes back to is held, since it can be continued."""
    case = about.case
    comes_back = about.brought and about.goes_back and case.failed and case.me.has(about.arn)
    return Hold() if comes_back and not case.story.goes else Rest()


_ROWS: Final = (
    _not_shown,
    _another_stacks,
    _worked_on,
    _declared,
    _declared_in_vain,
    _replaced,
    _lived_with,
    _of_others,
)
