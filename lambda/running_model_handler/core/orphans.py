"""Whether a model that runs with a claim runs for nobody, by CloudFormation's word; pure.

It is asked from outside of all stacks, so it knows nothing of requests under way but what CloudFormation
shows. What any living resource has, or one under way may want, is kept; so is what a stack was deleted
without (DELETE_SKIPPED). Where CloudFormation can't tell any more, nobody can: then it is told, not stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from running_model_handler.core.arn import ProjectVersionArn, location_of
from running_model_handler.core.claim import Claim, Owner
from running_model_handler.core.operation import (
    ResourceView,
    StackEvent,
    Standing,
    Story,
    is_told,
    read_story,
    standing_in,
    standing_of,
)

REMEMBERED_SECONDS: Final = 89 * 86_400.0
"""CloudFormation shows a deleted stack, and the events of any, for 90 days (API reference, DescribeStacks and
DescribeStackEvents); a day less, for clocks and for what was under way."""

_DELETION: Final = frozenset({"DELETE_IN_PROGRESS", "DELETE_FAILED"})


class History(NamedTuple):
    """The events of a stack, newest first, read back to when the claim was written."""

    events: tuple[StackEvent, ...] = ()
    """None: there is no such stack, or its deletion is forgotten."""
    whole: bool = True
    """Whether they reach back so far."""


class Fate(Enum):
    """What is to become of a model."""

    KEPT = auto()
    ORPHAN = auto()
    """It runs for nobody."""
    DOUBT = auto()
    """Nobody can tell any more."""


class Verdict(NamedTuple):
    """A fate, and why."""

    fate: Fate
    why: str


def claimed_since(claim: Claim) -> float | None:
    """Since when the claim tells of its stack, in seconds since the epoch; None where it has no holders."""
    return min((holder.t for holder in claim.holders.values()), default=None)


def verdict_on(
    arn: ProjectVersionArn,
    claim: Claim,
    history: History,
    resources: Mapping[Owner, ResourceView | None],
    now: float,
) -> Verdict | Owner:
    """Whether a model with a claim is an orphan; a resource where its state has to be asked for first."""
    stack_id, since = claim.stack_id or "", claimed_since(claim)
    if not location_of(stack_id).holds(arn):
        return Verdict(Fate.DOUBT, f"its claim names a stack of another place, {stack_id or 'none'}")
    if not history.events:
        if since is None or now - since > REMEMBERED_SECONDS:
            return Verdict(Fate.DOUBT, "its stack is forgotten: it may have been retained")
        return Verdict(Fate.ORPHAN, "there is no such stack")
    if any(holder.t > history.events[0].at for holder in claim.holders.values()):
        return Verdict(Fate.KEPT, "CloudFormation's answer is older than the claim")
    if _was_retained(str(arn), claim, history):
        return Verdict(Fate.KEPT, "its resource was deleted without it (DeletionPolicy)")
    story = read_story(history.events, stack_id, "")
    if story.stack_status.endswith("_IN_PROGRESS"):
        return Verdict(Fate.KEPT, f"its stack is {story.stack_status}")
    if not history.whole or not story.stack_status:
        return Verdict(Fate.DOUBT, "its stack has more events than can be read")
    if story.stack_status == "DELETE_COMPLETE":
        return Verdict(Fate.ORPHAN, "its stack is deleted")
    if since is None:
        return Verdict(Fate.DOUBT, "its claim names a stack, and no resource of it")
    return _in_a_living_stack(str(arn), claim, story, resources)


def _was_retained(arn: str, claim: Claim, history: History) -> bool:
    """Whether a resource was deleted without the model since it was claimed last, as its template says.

    One that is skipped after its deletion has begun was given up: somebody wanted it gone.
    """
    latest = max((holder.t for holder in claim.holders.values()), default=0.0)
    later = [each for each in history.events if each.at >= latest and each.physical_id == arn]
    begun = {each.logical_id for each in later if each.status in _DELETION}
    return any(each.status == "DELETE_SKIPPED" and each.logical_id not in begun for each in later)


def _in_a_living_stack(
    arn: str, claim: Claim, story: Story, resources: Mapping[Owner, ResourceView | None]
) -> Verdict | Owner:
    """By each resource that holds the model, or that the last operation brought with it."""
    brought = {
        Owner(claim.stack_id or "", name)
        for name, steps in story.steps.items()
        if is_told(story, name) and any(step.concerns(arn) for step in steps)
    }
    for owner in sorted(brought | set(claim.holders)):
        if is_told(story, owner.logical_id):
            standing: Standing = standing_of(story, owner.logical_id)
        elif owner in resources:
            standing = standing_in(resources[owner])
        else:
            return owner
        if not standing.rests:
            return Verdict(Fate.KEPT, f"something is done to resource {owner.logical_id}")
        if standing.lives and (standing.has(arn) or standing.wants(arn)):
            return Verdict(Fate.KEPT, f"resource {owner.logical_id} has it")
    return Verdict(Fate.ORPHAN, f"no resource of its stack, which is {story.stack_status}, has it")
