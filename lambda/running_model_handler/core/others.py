"""The other resources that a model may belong to, in the own stack and in others; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from running_model_handler.core.case import Case
from running_model_handler.core.claim import Claim, Holder, Owner
from running_model_handler.core.operation import (
    ResourceView,
    Standing,
    Step,
    is_told,
    standing_in,
    standing_of,
)
from running_model_handler.core.waiting import LAG_SECONDS


@dataclass(frozen=True, slots=True)
class AskResource:
    """It has to be known first how another resource stands."""

    owner: Owner
    not_before: float = 0.0
    """From when on what is shown of it is no longer from before the last thing that was done to it."""


def others_with(case: Case, arn: str, claim: Claim) -> dict[Owner, Standing] | AskResource:
    """The other resources of the stack that have the model, are brought with it, or have left it running.

    That they do is CloudFormation's word; a holder's tag alone keeps nothing alive. What an earlier operation
    has left running is the own resource's once that has lived with it.
    """
    found: dict[Owner, Standing] = {}
    # What the operation has not touched is as the one before has left it, which may not show yet.
    settled_at = case.story.rested_at + LAG_SECONDS
    stack_id, own_id = case.wish.owner.stack_id, case.wish.owner.logical_id
    told = {
        name
        for name, steps in case.story.steps.items()
        if is_told(case.story, name) and any(step.concerns(arn) for step in steps)
    }
    held = {owner.logical_id for owner in claim.holders if owner.stack_id == stack_id}
    for logical_id in sorted((told | held) - {own_id}):
        owner = Owner(stack_id, logical_id)
        standing = standing_to(case, owner, arn)
        if standing is None:
            return AskResource(owner)
        if _is_by_events(case, logical_id, arn):
            standing = _as_claimed(case, standing, owner, arn, claim.holders.get(owner))
        elif case.resources_at.get(owner, inf) < settled_at:
            return AskResource(owner, not_before=settled_at)
        left = standing.skipped == arn and not _has_come_after(case, arn, claim)
        if left or (standing.lives and (standing.has(arn) or standing.wants(arn))):
            found[owner] = standing
    return found


def standing_to(case: Case, owner: Owner, arn: str) -> Standing | None:
    """How another resource stands to a model; None as long as it was not asked for."""
    if _is_by_events(case, owner.logical_id, arn):
        return standing_of(case.story, owner.logical_id)
    return standing_in(case.resources[owner]) if owner in case.resources else None


def _is_by_events(case: Case, logical_id: str, arn: str) -> bool:
    """Whether the operation's events tell how a resource stands to a model.

    A deletion alone tells no more than that it is gone with, or without, what is deleted.
    """
    steps = case.story.steps.get(logical_id, ())
    return is_told(case.story, logical_id) or any(step.physical_id == arn for step in steps)


def _has_come_after(case: Case, arn: str, claim: Claim) -> bool:
    """Whether the own resource has lived with what an earlier operation has left running."""
    mine = claim.of(case.wish.owner)
    if mine is None or arn != case.wish.physical or is_retained(case, arn):
        return False
    return not in_the_end(mine, arn, case.own_steps).failed


def _as_claimed(case: Case, standing: Standing, owner: Owner, arn: str, holder: Holder | None) -> Standing:
    """How another resource stands that the operation works on, or has worked on.

    Whether it is being brought with the model its claim tells, where that is of the very step: the events of
    a roll-back need not show what they go back to. One that has failed only has not been answered for yet.
    """
    step = case.story.steps[owner.logical_id][-1]
    if holder is None or holder.t != step.began_at or step.ended_at is not None:
        return standing
    if not holder.failed:
        return standing._replace(names=arn)
    return standing._replace(names=None) if case.step is not None else standing


def in_the_end(holder: Holder, arn: str, steps: Iterable[Step]) -> Holder:
    """What a resource holds a model with. Whether it has failed is CloudFormation's word, once that shows.

    A tag may not tell yet that an update was cancelled; and a delivery that ran out of time may write that a
    request has failed which another one has just answered.
    """
    step = next((each for each in steps if each.began_at == holder.t and each.ended_at is not None), None)
    if step is None or step.failed is holder.failed:
        return holder
    if step.failed:
        return holder.given_up
    declares = step.declares
    units = declares.units if declares is not None and declares.arn == arn else None
    return holder._replace(units=units or holder.units, failed=False)


def exists(view: ResourceView | None) -> bool:
    """Whether a resource is part of its stack, whatever it rests with."""
    return view is not None and view.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")


def is_retained(case: Case, arn: str) -> bool:
    """Whether another resource of the stack was deleted, and the model left running."""
    return any(standing_of(case.story, name).skipped == arn for name in case.story.steps)
