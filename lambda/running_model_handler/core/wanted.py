"""What is wanted of a model at this moment: the first table, as pure functions of what was seen.

An event of CloudFormation is a hint that something may have to be done, and an address to answer. What has to
be done follows from what CloudFormation does now, and from the claim in the model's tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from running_model_handler.core.claim import CLOCKS_APART_SECONDS, Claim, Holder, Owner
from running_model_handler.core.duty import Duty
from running_model_handler.core.names import ReplacementMode
from running_model_handler.core.operation import (
    Declaration,
    RequestType,
    ResourceView,
    Standing,
    Step,
    Story,
    is_told,
    standing_in,
    standing_of,
)
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import ANSWERED_SECONDS, SETTLE_SECONDS


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for, as far as the table looks at it. ARNs are texts here."""

    kind: RequestType
    owner: Owner
    declared: Declaration | None
    """None for a Delete, which declares nothing."""
    physical: str | None
    """The model in the physical id; for a Delete the one that it is about."""
    physical_id: str | None
    """The physical id as CloudFormation sent it."""
    former: Declaration | None = None
    """What OldResourceProperties declare."""
    replacement: ReplacementMode = ReplacementMode.START_FIRST
    former_replacement: ReplacementMode = ReplacementMode.START_FIRST
    sent_at: float = 0.0
    """When CloudFormation signed the ResponseURL; 0 where that is not known."""
    never_answered: bool = False
    """A Delete whose physical id CloudFormation invented: the create was cancelled, or never answered."""

    @property
    def brings(self) -> bool:
        """Whether it is a create or an update."""
        return self.kind is not RequestType.DELETE

    @property
    def stops_first(self) -> bool:
        """Whether the former model may have to stop before the declared one starts."""
        return self.replacement is ReplacementMode.STOP_FIRST


@dataclass(frozen=True, slots=True)
class Ask:
    """CloudFormation does not show yet what it sent the request for."""


@dataclass(frozen=True, slots=True)
class AskResource:
    """It has to be known first how another resource stands."""

    owner: Owner


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


@dataclass(frozen=True, slots=True)
class Rest:
    """Stopped, the claim removed."""


Want = Ask | Keep | Run | Hold | Rest
ASK: Final = Ask()
KEEP: Final = Keep()
_ONE: Final = InferenceUnits(1)
SENT_SECONDS_MAX: Final = 5.0
"""How long after the first event of a step CloudFormation sends its request, where nothing else tells."""
URL_RESOLUTION_SECONDS: Final = 1.0
"""X-Amz-Date tells whole seconds."""


def step_of(wish: Wish, story: Story) -> Step | None:
    """The step under way that a request was sent for; None if CloudFormation does not show it (any more).

    One that began well after the request was sent is another request's, however much they look alike.
    """
    step = _alike(wish, story)
    late = step is not None and wish.sent_at and step.began_at > wish.sent_at + CLOCKS_APART_SECONDS
    return None if late else step


def _alike(wish: Wish, story: Story) -> Step | None:
    """The step under way that does what a request asks for."""
    steps = story.steps.get(wish.owner.logical_id, ())
    if wish.kind is RequestType.DELETE:
        step = _deletion(wish, steps)
        return step if step is not None and step.ended_at is None else None
    step = steps[-1] if steps else None
    if step is None or step.kind is not wish.kind or step.ended_at is not None or wish.declared is None:
        return None
    if step.back != (story.turned_at is not None):
        return None
    if not step.back:
        return step if step.declares is None or step.declares.fits(wish.declared) else None
    # What the events of a roll-back show is not documented: what it goes back from is certain.
    forward = next((each for each in reversed(steps) if not each.back and each.declares), None)
    # The next update may look like what is not usual as long as it does not show itself, and is sent later.
    sent_then = wish.sent_at < step.began_at + SENT_SECONDS_MAX
    if forward is None or wish.former is None or _fits(forward.declares, wish.former):
        # It goes to what the resource had, or, after a roll-back that was skipped, to what it declared.
        usual = forward is None or forward.physical_id in (None, wish.declared.arn)
        return step if usual or sent_then else None
    # An update to the last stable state that failed without a roll-back asks for what its roll-back does.
    # Only its end tells the two apart where one date stands in both requests.
    sent_since = sent_then and wish.sent_at + URL_RESOLUTION_SECONDS > step.began_at
    long_after = wish.sent_at > forward.began_at + CLOCKS_APART_SECONDS
    alike = _fits(forward.declares, wish.declared) and (forward.answered or long_after)
    return step if sent_since and alike else None


def _fits(one: Declaration | None, other: Declaration | None) -> bool:
    return one is not None and other is not None and one.fits(other)


def _deletion(wish: Wish, steps: tuple[Step, ...]) -> Step | None:
    """The last deletion of what a Delete names, in this life of the resource."""
    for step in reversed(steps):
        if step.kind is not RequestType.DELETE:
            if step.kind is RequestType.CREATE or step.result_id == wish.physical_id:
                # Made anew since, or come back to it.
                return None
        elif step.physical_id == wish.physical_id or (not step.physical_id and wish.never_answered):
            return step
    return None


class Case(NamedTuple):
    """A request, and all that was seen of its stack."""

    wish: Wish
    story: Story
    step: Step | None
    """What CloudFormation waits for, if it is what the request asks for."""
    me: Standing
    """How the own resource stands."""
    t: float
    """When the operation began that sent the request; 0 as long as that has not shown."""
    asked_late: bool
    """Whether CloudFormation has had time to show it before it was asked."""
    failed: bool
    """The request can't succeed."""
    resources: Mapping[Owner, ResourceView | None]
    """Other resources, as far as they were asked for."""
    stopped: frozenset[str] = frozenset()
    """The models that this delivery has stopped itself, whatever it wanted then."""
    duties: Mapping[str, Duty] = MappingProxyType({})
    """Of the models with guards: whether they are needed now."""

    def off_duty(self, arn: str) -> bool:
        """Whether a guard has it that a model is not needed now."""
        return arn in self.duties and not self.duties[arn].on

    @property
    def own_steps(self) -> tuple[Step, ...]:
        """All that was done to the own resource, as far as it was read, oldest first."""
        return (*self.story.before, *self.story.steps.get(self.wish.owner.logical_id, ()))


def wanted(case: Case, arn: str, claim: Claim) -> Want | AskResource:
    """What is wanted of a model that a request is about: the rows of the table, first match wins."""
    wish, story, step, me = case.wish, case.story, case.step, case.me
    ours = claim.holders if claim.is_of(wish.owner.stack_id) else {}
    if must_ask(case) or any(holder.t > story.newest_at for holder in ours.values()):
        # What the tags tell of operations is CloudFormation's word too, and may be the newer one.
        return ASK
    if claim.stack_id not in (None, wish.owner.stack_id):
        for owner in claim.holders:
            if owner not in case.resources:
                return AskResource(owner)
            if _exists(case.resources[owner]):
                return Keep(owner)
    mine = ours.get(wish.owner)
    if mine is not None and mine.t > case.t > 0.0:
        return KEEP
    if step is None and _works_on(story, wish.owner.logical_id, arn):
        return KEEP
    brought = _brought(case, arn, claim, mine) if step is not None and wish.brings else None
    if brought is not None:
        return brought
    if (me.lives and me.has(arn)) or me.skipped == arn:
        undone = None if case.off_duty(arn) else _own_doing_undone(case, arn, mine)
        if undone is not None:
            return undone
        if step is None:
            return KEEP if wish.brings else ASK
        if not wish.brings and arn != wish.physical:
            # What is deleted is not what the resource has.
            return KEEP
    return _left_to_others(case, arn, claim)


def _brought(case: Case, arn: str, claim: Claim, mine: Holder | None) -> Want | AskResource | None:
    """The rows of a create or an update that CloudFormation waits for; None where none of them matches."""
    wish, step = case.wish, case.step
    declared, former = wish.declared, _former_units(case, arn, mine)
    back = step is not None and step.back
    if declared is not None and arn == declared.arn:
        if not case.failed:
            units = declared.units or _ONE
            changes = wish.kind is RequestType.UPDATE and not back and former != units
            run = Run(units, former=former if changes else None)
            return Hold(off_duty=run) if case.off_duty(arn) else run
        if arn == case.me.current:
            return KEEP if back else _brought_back(case, arn, Run(former, brings_back=True))
        return None
    if arn != wish.physical:
        return None
    # A replacement that needed the place of the former model needs it on the way back too.
    stops_first = wish.stops_first or (back and wish.former_replacement is ReplacementMode.STOP_FIRST)
    if not stops_first and (back or not case.failed):
        return KEEP
    others = _others(case, arn, claim)
    if isinstance(others, AskResource):
        return others
    if others:
        return KEEP
    if not case.failed:
        return Hold()
    return _brought_back(case, arn, Run(former, brings_back=True, as_it_runs=not stops_first))


def _brought_back(case: Case, arn: str, run: Run) -> Run | Hold:
    """What was before a failure, unless it would be off duty by now."""
    return Hold(off_duty=run) if case.off_duty(arn) else run


def must_ask(case: Case) -> bool:
    """Whether what CloudFormation shows is from before it sent the request, or may be.

    That it has ended a create or an update shows in what happened since. A Delete has no other word for it
    that anything is to be stopped: it goes on asking, unless this life's deletion shows as ended.
    """
    if case.t:
        return case.story.newest_at < case.t
    if case.step is not None:
        return False
    if not case.asked_late:
        return True
    if not case.story.stack_status:
        return False
    steps = case.story.steps.get(case.wish.owner.logical_id, ())
    if case.wish.brings:
        under_way = bool(steps) and steps[-1].ended_at is None
        return not under_way and case.story.newest_at < case.wish.sent_at
    return not _deletion(case.wish, steps)


def _left_to_others(case: Case, arn: str, claim: Claim) -> Want | AskResource:
    """The last rows: other resources of the stack, or nobody, want the model."""
    step = case.step
    if step is not None and case.story.goes:
        retained = any(standing_of(case.story, name).skipped == arn for name in case.story.steps)
        return Keep(for_others=True) if retained else Rest()
    others = _others(case, arn, claim)
    if isinstance(others, AskResource):
        return others
    if not others:
        # A roll-back that has failed can be continued, to what the resource had.
        comes_back = step is not None and step.back and case.failed and case.me.has(arn)
        return Hold() if comes_back and case.wish.brings else Rest()
    wanting = {owner: standing for owner, standing in others.items() if standing.wants(arn)}
    # A tag that outlives its resource is of a delivery that may have stopped the model.
    left = any(each.stack_id == case.wish.owner.stack_id and each not in others for each in claim.holders)
    stopped_by_us = arn in case.stopped or (left and _was_cut_off(case))
    # In a stack that goes those of the others that are not deleted yet soon will be.
    brings = step is not None or (stopped_by_us and not case.story.goes)
    if not brings or not wanting or not all(standing.rests for standing in wanting.values()):
        return Keep(for_others=step is not None)
    holders = [claim.holders[owner] for owner in wanting if owner in claim.holders]
    latest: Holder | None = max(holders, key=lambda holder: holder.t, default=None)
    declared = [standing.units for standing in wanting.values() if standing.units is not None]
    units = latest.units if latest is not None else next(iter(declared), _ONE)
    any_of = frozenset({*declared, *(holder.units for holder in holders)})
    return Run(units, any_of, for_others=True)


def _others(case: Case, arn: str, claim: Claim) -> dict[Owner, Standing] | AskResource:
    """The other resources of the stack that have the model, are brought with it, or have left it running.

    That they do is CloudFormation's word; a holder's tag alone keeps nothing alive.
    """
    found: dict[Owner, Standing] = {}
    stack_id, own_id = case.wish.owner.stack_id, case.wish.owner.logical_id
    told = {
        name
        for name, steps in case.story.steps.items()
        if is_told(case.story, name) and any(step.concerns(arn) for step in steps)
    }
    held = {owner.logical_id for owner in claim.holders if owner.stack_id == stack_id}
    for logical_id in sorted((told | held) - {own_id}):
        owner = Owner(stack_id, logical_id)
        if is_told(case.story, logical_id):
            standing = _as_claimed(case, owner, arn, claim.holders.get(owner))
        elif owner in case.resources:
            standing = standing_in(case.resources[owner])
        else:
            return AskResource(owner)
        if standing.skipped == arn or (standing.lives and (standing.has(arn) or standing.wants(arn))):
            found[owner] = standing
    return found


def _as_claimed(case: Case, owner: Owner, arn: str, holder: Holder | None) -> Standing:
    """How another resource stands that the operation works on, or has worked on.

    Whether it is being brought with the model its claim tells, where that is of the very step: the events of
    a roll-back need not show what they go back to. One that has failed only has not been answered for yet.
    """
    standing = standing_of(case.story, owner.logical_id)
    step = case.story.steps[owner.logical_id][-1]
    if holder is None or holder.t != step.began_at or step.ended_at is not None:
        return standing
    if not holder.failed:
        return standing._replace(names=arn)
    return standing._replace(names=None) if case.step is not None else standing


def _former_units(case: Case, arn: str, mine: Holder | None) -> InferenceUnits:
    """What the resource ran the model with before the step; its old properties tell, else its claim."""
    wish = case.wish
    if mine is not None and (mine.t == case.t or mine.failed):
        # What CloudFormation takes for the old properties may be those that have failed.
        return mine.given_up.units
    if wish.former is not None and wish.former.arn == arn and wish.former.units is not None:
        return wish.former.units
    return mine.units if mine is not None else _ONE


def _works_on(story: Story, logical_id: str, arn: str) -> bool:
    """Whether the operation is at work on a resource with this model."""
    steps = story.steps.get(logical_id, ())
    last = steps[-1] if steps else None
    return last is not None and last.ended_at is None and last.concerns(arn)


def _own_doing_undone(case: Case, arn: str, mine: Holder | None) -> Run | None:
    """What this delivery has stopped itself, when another one had ended the request, which did not show."""
    last = case.story.steps.get(case.wish.owner.logical_id, (None,))[-1]
    declared = case.wish.declared
    ended = last is not None and last.began_at == case.t and last.ended_at is not None
    if last is None or declared is None or not ended or arn not in case.stopped:
        return None
    if not last.failed and declared.arn == arn:
        return Run(declared.units or _ONE, brings_back=True)
    # Where the stack goes back, that is for the roll-back to do.
    stays = last.failed and case.me.current == arn and not (case.story.goes or case.story.goes_back)
    return Run(_former_units(case, arn, mine), brings_back=True) if stays else None


def _was_cut_off(case: Case) -> bool:
    """Whether the last thing that was done to the resource has ended without an answer."""
    steps = case.own_steps
    return bool(steps) and steps[-1].ended_at is not None and not steps[-1].answered


def _exists(view: ResourceView | None) -> bool:
    """Whether a resource is part of its stack, whatever it rests with."""
    return view is not None and view.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")


def quiet_from(case: Case) -> float:
    """From when nothing is on its way any more that an earlier create or update of the resource has sent.

    What was answered has ended its work, but for duplicates; what was cut off may still be at it.
    """
    step, story, latest = case.step, case.story, 0.0
    for each in case.own_steps:
        if each is step or each.kind is RequestType.DELETE:
            continue
        ended_at = each.ended_at or (story.turned_at if not each.back else None) or 0.0
        latest = max(latest, ended_at + (ANSWERED_SECONDS if each.answered else SETTLE_SECONDS))
    return latest
