"""What a sweep does next: it looks at one model with guards, acts at most once, and ends; pure.

It answers nobody and waits for nothing: the next sweep comes in minutes. So whatever is not certain, or is
somebody else's to do, is left. Most sweeps find all as it should be, after two calls; CloudFormation is asked
only where something would be changed. Times are seconds since the epoch, of views when a call began.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from running_model_handler.core.act import can_never_run
from running_model_handler.core.actions import (
    AskClaim,
    AskOwner,
    AskStack,
    FindProject,
    Look,
    StartModel,
    StopModel,
)
from running_model_handler.core.claim import CLOCKS_APART_SECONDS, UNCLAIMED, Claim, Holder, Owner
from running_model_handler.core.duty import Calls, Duty, Facts, Guards, Messages, duty_of, needs_calls
from running_model_handler.core.duty_tags import DutyTags
from running_model_handler.core.operation import ResourceView, Story, standing_in
from running_model_handler.core.record import Record, asked, noted, with_queue
from running_model_handler.core.status import READY, Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    LAG_SECONDS,
    SEEN_FRESH_SECONDS,
)


class Sweep(NamedTuple):
    """What a schedule asks to look after."""

    owner: Owner
    arn: str
    units: InferenceUnits
    guards: Guards
    project_created: str | None = None
    """The last part of the ARN of the project that is declared."""
    scheduled_at: float = inf
    """When its schedule was due: what it declares is of then. Lambda may have kept it back for hours."""


class SweepViews(NamedTuple):
    """What a sweep has seen. Times are 0 for never."""

    began_at: float = 0.0
    """When the sweep began."""
    claim: Claim = UNCLAIMED
    duty: DutyTags = DutyTags()
    claim_at: float = 0.0
    project_created: str | None = None
    looked_up: bool = False
    seen: Observation | None = None
    seen_at: float = 0.0
    messages: Messages | None = None
    queue_at: float = 0.0
    calls: Calls | None = None
    calls_at: float = 0.0
    resources: Mapping[Owner, tuple[ResourceView | None, float]] = MappingProxyType({})
    """Each with when it was asked for."""
    story: Story | None = None
    story_at: float = 0.0
    written: Record | None = None
    """What this sweep has written down: tags that are read may be older."""
    written_at: float = 0.0
    replaced: Record | None = None
    """What stood in its place."""


class AskQueue(NamedTuple):
    """GetQueueAttributes."""

    url: str


class CountCalls(NamedTuple):
    """GetMetricData."""

    since: float


class NoteDuty(NamedTuple):
    """TagResource: what is about to be asked of the model, or what was found."""

    record: Record
    last: bool = False
    """Nothing else is to be done."""


class Leave(NamedTuple):
    """Nothing is to be done, or nothing may be."""

    why: str


class Unable(NamedTuple):
    """The model is on duty, and can't run."""

    why: str


class Unseen(NamedTuple):
    """Nobody can tell what the model does."""

    why: str


Question = AskClaim | FindProject | Look | AskQueue | CountCalls | AskOwner | AskStack
Deed = StartModel | StopModel | Unable | Unseen | Leave
Step = Question | NoteDuty | Deed


def next_step(sweep: Sweep, views: SweepViews, now: float) -> tuple[Step, Duty | None]:
    """The next call, or the end; with the duty that it follows from, once that is known."""
    first = _first_look(sweep, views, now)
    if isinstance(first, Unseen):
        return _permitted(sweep, views, first, now) or first, None
    holder = views.claim.of(sweep.owner)
    if first is not None or holder is None or views.seen is None:
        return first or Leave("no resource of its stack holds it"), None
    facts = _facts(sweep, views, holder, now)
    question = _call_for(facts, views, now)
    if question is not None:
        return question, None
    duty = duty_of(facts, now)
    deed = _deed(views.seen, sweep, duty)
    record = _to_write(views, facts.record, deed, duty, now)
    if record is None and isinstance(deed, Leave):
        return deed, duty
    note = None if record is None else NoteDuty(record, last=isinstance(deed, Leave))
    return _permitted(sweep, views, deed, now) or note or deed, duty


# --- looks ----------------------------------------------------------------------------------------------


def _first_look(sweep: Sweep, views: SweepViews, now: float) -> Step | None:
    """The tags, the model, the queue: what every sweep needs; None once it is known, and fresh."""
    if not sweep.guards.any:
        return Leave("no guard is declared")
    if now - views.claim_at > CLAIM_FRESH_SECONDS or views.claim_at < views.written_at:
        return AskClaim(sweep.arn)
    stranger = _strange(sweep, views.claim) or _contradicted(views)
    if stranger:
        return Leave(stranger)
    created = views.project_created or sweep.project_created or views.claim.project_created
    if created is None:
        missing = Unseen(f"there is no project {sweep.arn.split('/')[1]}")
        return missing if views.looked_up else FindProject(sweep.arn)
    if now - views.seen_at > SEEN_FRESH_SECONDS:
        return Look(sweep.arn, created)
    if views.seen is not None and views.seen.status is None:
        return Unseen("its project does not show it; correct the declared project, or leave it out")
    if sweep.guards.queue is not None and now - views.queue_at > SEEN_FRESH_SECONDS:
        return AskQueue(sweep.guards.queue.url)
    return None


def _strange(sweep: Sweep, claim: Claim) -> str:
    """Why a model is not this resource's to guard, by its tags; empty if it is."""
    if not claim.is_of(sweep.owner.stack_id):
        return "its stack has not claimed it"
    return "the resource does not hold it" if claim.of(sweep.owner) is None else ""


def _contradicted(views: SweepViews) -> str:
    """Whether somebody else has written what is to be asked of the model, since this sweep has."""
    known = {str(views.written), str(views.replaced)}
    other = views.written is not None and str(views.duty.record) not in known
    return "something else is asked of it meanwhile" if other else ""


def _too_late(views: SweepViews, now: float) -> Leave | None:
    """Whether an act comes too long after it was written down: until then others wait for it to arrive."""
    late = views.written is not None and now - views.written.at > LAG_SECONDS
    return Leave("what was asked of it took too long to be done") if late else None


def _call_for(facts: Facts, views: SweepViews, now: float) -> CountCalls | None:
    """Whether calls have to be counted, which has a price."""
    if views.calls_at or facts.guards.idle_seconds is None or not needs_calls(facts, now):
        return None
    return CountCalls(now - facts.guards.idle_seconds)


# --- duty -----------------------------------------------------------------------------------------------


def _facts(sweep: Sweep, views: SweepViews, holder: Holder, now: float) -> Facts:
    status = views.seen.status if views.seen is not None else None
    record = noted(views.written or views.duty.record, status, now)
    if record is not None and views.messages is not None:
        waits = views.messages.waiting or views.messages.other
        record = with_queue(record, now, empty=not waits)
    told = views.written or views.duty.record
    asked_on = told is not None and told.on and not told.reached and record is not None and record.on
    return Facts(
        sweep.guards,
        record,
        asked_at=holder.t,
        stop_at=views.duty.stop_at,
        overrides=views.duty.overrides,
        start_seconds=views.claim.start_seconds,
        calls=views.calls,
        messages=views.messages,
        up_since=told.at if asked_on and told is not None else None,
    )


def _deed(seen: Observation, sweep: Sweep, duty: Duty) -> Deed:
    """What duty asks of the model: a Start at rest, a Stop of what is up; its units are not looked at."""
    if not duty.on:
        up = seen.status in (Status.RUNNING, Status.STARTING)
        return StopModel(sweep.arn, "off duty") if up else Leave(f"off duty, {duty.why}")
    if seen.status in READY and not can_never_run(seen):
        return StartModel(sweep.arn, sweep.units, "on duty")
    never = can_never_run(seen)
    if seen.status == Status.FAILED:
        never = f"Rekognition could not start it, its status is FAILED ({seen.message}); deploy again"
    return Unable(never) if never else Leave(f"on duty, {duty.why}")


def _to_write(views: SweepViews, found: Record | None, deed: Deed, duty: Duty, now: float) -> Record | None:
    """The memory that has to be written before the deed; None where it stands in the tags."""
    told = views.written or views.duty.record
    if isinstance(deed, StartModel | StopModel):
        starts = isinstance(deed, StartModel)
        if views.written is not None and views.written.on is starts and not views.written.reached:
            return None
        return asked(found, now, on=starts, by=duty.by, trying=starts)
    status = views.seen.status if views.seen is not None else None
    if found is not None and duty.on and not found.on and now - found.at > LAG_SECONDS:
        # It runs although a stop was asked for, which somebody thought better of.
        kept = noted(asked(found, now, on=True, by=duty.by), status, now)
        found = kept if status in (Status.RUNNING, Status.STARTING) else found
    return found if found is not None and str(found) != str(told) else None


# --- whether it may be ----------------------------------------------------------------------------------


def _permitted(sweep: Sweep, views: SweepViews, deed: Deed, now: float) -> Question | Leave | None:
    """What keeps the sweep from changing anything, or has to be asked first; None where nothing does.

    What is needed most freshly is asked last, and once more after the memory is written: between that answer
    and the act is no other call.
    """
    if views.written is None and views.claim_at < views.seen_at:
        # Another sweep may have acted in between: then what the look shows is no person's doing.
        return AskClaim(sweep.arn)
    told = views.duty.record
    lags = told is not None and not told.reached and now - told.at <= LAG_SECONDS
    if lags and views.written is None and isinstance(deed, StartModel | StopModel):
        return Leave("what was asked of it may not show yet")
    own = _asked(views, sweep.owner, now)
    if isinstance(own, AskOwner):
        return own
    standing = standing_in(own)
    if standing.current != sweep.arn:
        return Leave("the resource is gone, or has another model")
    if own is not None and own.status.endswith("_FAILED"):
        # Where nothing was rolled back the tags may be of what was cut off, and the event of what was before.
        return Leave("the last deployment of the resource has failed")
    if isinstance(deed, StopModel):
        for owner in sorted(set(views.claim.holders) - {sweep.owner}):
            other = _asked(views, owner, now)
            if isinstance(other, AskOwner):
                return other
            if standing_in(other).lives and standing_in(other).has(sweep.arn):
                return Leave(f"resource {owner.logical_id} of the stack has it too")
    fresh = ANSWER_FRESH_SECONDS if isinstance(deed, StartModel) else SEEN_FRESH_SECONDS
    if views.story is None or now - views.story_at > fresh or views.story_at < views.written_at:
        return AskStack(sweep.arn)
    acts = isinstance(deed, StartModel | StopModel)
    return _by_stack(sweep, views.story, views, deed) or (_too_late(views, now) if acts else None)


def _asked(views: SweepViews, owner: Owner, now: float) -> ResourceView | AskOwner | None:
    view, at = views.resources.get(owner, (None, 0.0))
    return view if now - at <= SEEN_FRESH_SECONDS else AskOwner(owner)


def _by_stack(sweep: Sweep, story: Story, views: SweepViews, deed: Deed) -> Leave | None:
    status = story.stack_status
    if not status or status == "DELETE_COMPLETE":
        return Leave("its stack is gone")
    if status.endswith("_IN_PROGRESS"):
        return Leave(f"its stack is {status}: that is for its requests")
    if any(holder.t > story.newest_at for holder in views.claim.holders.values()):
        return Leave("CloudFormation's answer is older than the claim")
    if story.newest_at > min(views.began_at, sweep.scheduled_at) - CLOCKS_APART_SECONDS:
        # What the event declares, or what was read, may be of before.
        return Leave(f"its stack, which is {status}, has changed since a minute before the sweep was due")
    if story.goes and isinstance(deed, StartModel):
        return Leave(f"its stack is {status}: nothing is started any more")
    return None
