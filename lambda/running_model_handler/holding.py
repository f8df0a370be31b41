"""The claim of the own resource on a model: taken, told to be failed, given up; pure."""

from __future__ import annotations

from running_model_handler.at_hand import ASK_STACK, AtHand
from running_model_handler.core.actions import Action, AskClaim, Pause, RemoveClaim, WriteClaim
from running_model_handler.core.case import Case
from running_model_handler.core.claim import Holder, Owner, release_keys
from running_model_handler.core.names import Tag
from running_model_handler.core.operation import RequestType
from running_model_handler.core.others import standing_to
from running_model_handler.core.status import Status
from running_model_handler.core.waiting import FAILED_SECONDS, LAG_SECONDS
from running_model_handler.core.wanted import Hold, Keep, Run, Want
from running_model_handler.guarded import tags_to_write


def is_ours(at: AtHand) -> bool:
    """Whether a model is this stack's to stop.

    What this delivery has started itself is, even unclaimed; and what CloudFormation's record says that the
    resource had, whose tags somebody removed.
    """
    case, claim = at.moment.case, at.view.claim
    wish = case.wish
    if claim.is_of(wish.owner.stack_id) or at.done.may_run_by_us:
        return True
    if claim.stack_id is not None or case.step is None or wish.kind is not RequestType.DELETE:
        return False
    brought = [step for step in case.own_steps if step.kind is not RequestType.DELETE]
    if not brought:
        return not case.story.goes_back and not wish.never_answered
    return any(
        step.physical_id == at.arn or (step.result_id == at.arn and step.status.endswith("_COMPLETE"))
        for step in brought
    )


def claim_first(at: AtHand, run: Run, off_duty: Hold | None) -> Action | None:
    """Write the own holder's tag, and what its guards ask, and read it back; None once it shows."""
    moment, case, claim, done = at.moment, at.moment.case, at.view.claim, at.done
    holder = claim.of(case.wish.owner)
    duty = case.duties.get(at.arn)
    asked = tags_to_write(moment.request, moment.memory, moment.views, at.arn, duty, moment.now)
    if off_duty is not None and off_duty.others_have_it:
        # Nothing is asked of the model itself.
        asked = {key: value for key, value in asked.items() if key != Tag.DUTY}
    if holder is not None and holder.t == case.t and not asked:
        return None
    if moment.over or (done.claimed_at and moment.now - done.claimed_at < LAG_SECONDS):
        return at.read_tags_again()
    others = any(owner.stack_id == case.wish.owner.stack_id for owner in claim.holders)
    runs = at.view.seen is not None and at.view.seen.status in (Status.RUNNING, Status.STARTING)
    adopted = holder.adopted if holder is not None else runs and not others and not done.may_run_by_us
    mine = Holder(case.t, run.units, case.failed, adopted, run.former)
    return at.guarded(WriteClaim(at.arn, mine, tuple(asked.items())))


def release(at: AtHand, *, last: bool = True) -> Action | None:
    """Remove the own holder's tag, and what nobody else needs; None once nothing of it is left.

    ``last`` is that no other resource wants the model.
    """
    case, claim, released_at = at.moment.case, at.view.claim, at.done.released_at
    owner = case.wish.owner
    if not at.moment.releases:
        return None
    if released_at > at.view.claim_at:
        return AskClaim(at.arn)
    others = [each for each in claim.holders if each != owner]
    gone = [each for each in others if not _counts(case, each, at.arn, kept=not last)]
    keys = release_keys(claim, owner, gone, last=last) if claim.is_of(owner.stack_id) else []
    if not keys or (released_at and at.view.claim_at - released_at < LAG_SECONDS):
        return None
    return at.guarded(RemoveClaim(at.arn, tuple(keys)))


def _counts(case: Case, owner: Owner, arn: str, *, kept: bool) -> bool:
    """Whether another holder lives, as far as is known, or was deleted without the model, which is ``kept``.

    Of the latter only its tag tells whom to ask for.
    """
    standing = standing_to(case, owner, arn)
    return standing is None or standing.lives or (kept and standing.skipped == arn)


def tell_failure(at: AtHand, want: Want) -> Action | None:
    """Let other deliveries know before anything is undone, and let time pass in which they can."""
    moment, case, view = at.moment, at.moment.case, at.view
    holder, failed_at = view.claim.of(case.wish.owner), moment.memory.failed_at
    lags = at.done.claimed_at > 0.0 and view.claim_at - at.done.claimed_at < LAG_SECONDS
    shows = holder is not None and holder.t == case.t
    if not shows and lags and case.step is not None and not failed_at:
        # Nobody is told in a claim that does not show yet.
        return at.read_tags_again()
    is_open = holder is not None and shows and not holder.failed
    if case.step is not None and holder is not None and is_open and not (failed_at and lags):
        return at.guarded(WriteClaim(at.arn, holder.given_up))
    ends_at = failed_at + FAILED_SECONDS
    if not failed_at or (isinstance(want, Keep) and not want.for_others):
        return None
    if moment.now < ends_at:
        left = ends_at - moment.now
        return Pause(left, "other deliveries learn of the failure", left)
    if view.claim_at < ends_at:
        return AskClaim(at.arn)
    if moment.views.story_at < ends_at:
        return ASK_STACK
    return at.look() if 0.0 < view.seen_at < ends_at else None
