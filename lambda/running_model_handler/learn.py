"""What a call has taught: the next memory and views after an answer, an error or a pause; pure.

Times are in seconds since the epoch: ``began`` is when a call was sent, ``now`` when it was over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from running_model_handler.core.actions import (
    AskClaim,
    AskOwner,
    AskStack,
    Call,
    Change,
    FindProject,
    GiveUp,
    Look,
    NoteStart,
    RemoveClaim,
    StartModel,
    StopModel,
    WriteClaim,
)
from running_model_handler.core.arn import ProjectArn, with_stop_command
from running_model_handler.core.claim import read_claim
from running_model_handler.core.duty_tags import read_duty_tags
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.memory import Memory
from running_model_handler.core.operation import Story
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.views import Views
from running_model_handler.core.waiting import ACCESS_DENIED_SECONDS, backoff_seconds
from running_model_handler.request import Request

_GIVEN_UP: Final = (
    "an earlier try of this request failed and was undone; its reason is in the function's log, deploy again"
)
_LATER: Final = frozenset({ErrorKind.THROTTLED, ErrorKind.UNCERTAIN, ErrorKind.DENIED})
"""The same call may be answered otherwise, whatever the model does."""
_BY_STATUS: Final = frozenset({ErrorKind.CHANGED, ErrorKind.INVALID})
"""What a status may be refused with that does not allow the call."""
_FINAL: Final = frozenset({ErrorKind.QUOTA, ErrorKind.INVALID, ErrorKind.OTHER})
_NAMES: Final[dict[type, str]] = {
    AskStack: "cloudformation:DescribeStackEvents",
    AskOwner: "cloudformation:DescribeStackResource",
    AskClaim: "rekognition:ListTagsForResource",
    FindProject: "rekognition:DescribeProjects",
    Look: "rekognition:DescribeProjectVersions",
    WriteClaim: "rekognition:TagResource",
    RemoveClaim: "rekognition:UntagResource",
    StartModel: "rekognition:StartProjectVersion",
    StopModel: "rekognition:StopProjectVersion",
}


class Known(NamedTuple):
    """What is remembered, and what has been seen."""

    memory: Memory
    views: Views


# --- pauses and failures --------------------------------------------------------------------------------


def after_pause(known: Known, now: float) -> Known:
    """After time has passed."""
    return Known(known.memory, known.views._replace(rested_at=now))


def after_giving_up(known: Known, action: GiveUp) -> Known:
    """After it was decided that the request fails, or that a part of its failure can't be undone."""
    return known._replace(memory=known.memory.with_failure(action.reason, action.arn))


# --- answers --------------------------------------------------------------------------------------------


def after_answer(
    request: Request, action: Call, answer: Any, known: Known, *, began: float, now: float
) -> Known:
    """After a call that was answered.

    ``answer`` is what the adapter of the service gives for the action; None for tags that nobody has, since
    there is no such version, and for calls that only change something.
    """
    known = _taught(request, action, answer, known, began, now)
    name = _NAMES.get(type(action))
    if name not in known.memory.denied:
        return known
    left = {key: since for key, since in known.memory.denied.items() if key != name}
    return known._replace(memory=known.memory._replace(denied=left))


def _taught(request: Request, action: Call, answer: Any, known: Known, began: float, now: float) -> Known:
    match action:
        case AskStack():
            return _story(request, answer, known, began)
        case AskOwner(owner, _):
            return Known(known.memory, known.views.with_resource(owner, answer, began))
        case AskClaim(arn):
            return _tags(request, arn, answer, known, began, now)
        case FindProject(arn):
            return _project(arn, answer, known, now)
        case Look():
            return _look(action, answer, known, began)
        case _:
            return Known(_written(action, known.memory, known.views, now), known.views)


def _story(request: Request, story: Story, known: Known, began: float) -> Known:
    views, memory = known.views.with_story(request.wish, story, began), known.memory
    step = views.step
    if step is not None and step.began_at > memory.t and not (memory.t and memory.failure):
        memory = memory._replace(t=step.began_at)
    return Known(memory, views)


def _tags(
    request: Request, arn: str, tags: Mapping[str, str] | None, known: Known, began: float, now: float
) -> Known:
    view, memory = known.views.model(arn), known.memory
    if tags is None:
        view = view._replace(exists=False, claim_at=began)
        return Known(memory, known.views.with_model(arn, view))
    claim = read_claim(tags).begun_by(now)
    holder = claim.holders.get(request.wish.owner)
    if holder is not None and holder.failed and holder.t == memory.t and not memory.failed_at:
        memory = memory._replace(failed_at=now, failure=memory.failure or _GIVEN_UP)
    view = view._replace(exists=True, claim=claim, claim_at=began, duty=read_duty_tags(tags))
    return Known(memory, known.views.with_model(arn, view))


def _project(arn: str, project: ProjectArn | None, known: Known, now: float) -> Known:
    memory = known.memory
    others = {key: created for key, created in memory.projects.items() if key != arn}
    if project is not None:
        others[arn] = project.created
    view = known.views.model(arn)._replace(looked_up=True)
    if project is not None:
        view = view._replace(seen=None, seen_at=0.0)
    else:
        view = view._replace(seen=view.seen or ABSENT, seen_at=now)
    return Known(memory._replace(projects=others), known.views.with_model(arn, view))


def _look(look: Look, seen: Observation, known: Known, began: float) -> Known:
    text = look.arn
    view, memory = known.views.model(text), known.memory
    hidden_since = 0.0 if seen.status is not None else view.hidden_since or began
    view = view._replace(seen=seen, seen_at=began, hidden_since=hidden_since)
    if seen.status is not None and text not in memory.projects:
        memory = memory._replace(projects={**memory.projects, text: look.project_created})
    if text in memory.models:
        memory = memory.with_done(text, memory.done(text).with_look(seen, began))
    return Known(memory, known.views.with_model(text, view))


def _written(action: Call, memory: Memory, views: Views, now: float) -> Memory:
    """What is remembered of a call that has changed something."""
    match action:
        case WriteClaim(arn, holder):
            return _claimed(arn, memory, now, failed=holder.failed)
        case RemoveClaim(arn, _):
            return memory.with_done(arn, memory.done(arn)._replace(released_at=now))
        case NoteStart(arn, _):
            return memory.with_done(arn, memory.done(arn)._replace(took_seconds=0))
        case _:
            return _acted(action, memory, views, now, accepted=True)


def _claimed(arn: str, memory: Memory, now: float, *, failed: bool) -> Memory:
    memory = memory.with_done(arn, memory.done(arn)._replace(claimed_at=now))
    # Written once more, since the first time shows no effect, it takes its time once more.
    return memory._replace(failed_at=now) if failed else memory


def _acted(action: Call, memory: Memory, views: Views, now: float, *, accepted: bool) -> Memory:
    """After a Start or a Stop that had its effect, or may have had it."""
    match action:
        case StartModel(arn, _, toward, unsettled):
            seen = views.model(arn).seen
            before = str(seen.status) if seen is not None else ""
            done = memory.done(arn).aimed(toward)
            done = done.with_start(before, now, accepted=accepted, unsettled=unsettled)
        case StopModel(arn, toward):
            done = memory.done(arn).aimed(toward).with_stop(now, accepted=accepted)
        case _:
            return memory
    return memory.with_done(arn, done)


# --- errors ---------------------------------------------------------------------------------------------


def rest_after_error(
    request: Request,
    action: Call,
    error: ServiceError,
    memory: Memory,
    errors: int,
    *,
    now: float,
    chance: float,
) -> float:
    """Seconds to let pass after an error, the so manieth in a row of such a call; 0 for none.

    After a Start or Stop that the model's status refused comes a pause between two looks anyway. No pause
    is longer than there is time before the last word.
    """
    if isinstance(action, StartModel | StopModel) and error.kind not in _LATER:
        return 0.0
    left = memory.last_moment(request.envelope.service_timeout_seconds) - now
    return min(backoff_seconds(errors, chance), max(0.0, left))


def after_error(request: Request, action: Call, error: ServiceError, known: Known, *, now: float) -> Known:
    """After a call that failed; see the table of errors in docs/how-it-decides.md."""
    memory, views = known
    memory = memory._replace(last_error=f"{error.action}: {error.code}")
    if error.transient or error.kind is ErrorKind.DENIED:
        memory = memory._replace(tries=memory.tries + 1)
    if error.kind is ErrorKind.THROTTLED:
        memory = memory.with_throttle(now)
    elif error.kind is ErrorKind.DENIED:
        memory = memory._replace(denied={error.action: now, **memory.denied})
    arn = action.arn
    if error.kind is ErrorKind.UNCERTAIN:
        memory = _perhaps(action, memory, views, now)
    elif isinstance(action, StartModel | StopModel):
        memory = _refused(action, memory, now, by_status=error.kind in _BY_STATUS)
    gone = error.kind is ErrorKind.NOT_FOUND
    if (gone or (isinstance(action, Change) and error.kind is ErrorKind.DENIED)) and arn in views.models:
        # Whether there is such a version, and whose it is by now: permissions to change it are by tag.
        views = views.with_model(arn, views.model(arn)._replace(claim_at=0.0))
    reason = _hopeless(request, error, action, Known(memory, views), now)
    if not reason:
        return Known(memory, views)
    if isinstance(action, FindProject | Look):
        # It will never be seen; a Stop needs no look.
        view = views.model(arn)
        views = views.with_model(arn, view._replace(looked_up=True, seen=view.seen or ABSENT))
    return Known(memory.with_failure(reason, arn), views)


def _perhaps(action: Call, memory: Memory, views: Views, now: float) -> Memory:
    """After a call whose answer was lost: it may have had its effect, which the next look shows."""
    if isinstance(action, WriteClaim):
        return _claimed(action.arn, memory, now, failed=action.holder.failed)
    return _acted(action, memory, views, now, accepted=False)


def _refused(action: StartModel | StopModel, memory: Memory, now: float, *, by_status: bool) -> Memory:
    """After a Start or a Stop that had no effect: the next one comes after another look."""
    done = memory.done(action.arn).aimed(action.toward)
    return memory.with_done(action.arn, done._replace(acted_at=now, refused=done.refused + by_status))


def _hopeless(request: Request, error: ServiceError, action: Call, known: Known, now: float) -> str:
    """The reason why a request fails with this error; empty where it is to be tried again."""
    memory, cleans_up = known.memory, bool(known.memory.failure) or not request.wish.brings
    story = known.views.story
    if error.kind is ErrorKind.DENIED:
        patient = cleans_up and not (story is not None and story.goes)
        limit = min(ACCESS_DENIED_SECONDS, request.envelope.service_timeout_seconds / 4)
        if patient or now - memory.denied[error.action] < limit:
            return ""
        reason = (
            f"the function's role lacks permission for {error.action} on {error.resource}; allow it and "
            f"deploy again ({error.message})"
        )
        return reason if request.wish.brings else _with_command(request, reason)
    started = isinstance(action, StartModel) and memory.done(action.arn).starts > 0
    if cleans_up or started or error.kind not in _FINAL:
        return ""
    if error.kind is ErrorKind.QUOTA and isinstance(action, StartModel):
        return _quota_reason(action.arn, error)
    if error.kind is ErrorKind.INVALID and isinstance(action, StartModel | StopModel):
        units = f" with {action.units} inference units" if isinstance(action, StartModel) else ""
        return f"Rekognition refuses {error.action} for {action.arn}{units}: {error.message}"
    return str(error)


def _with_command(request: Request, reason: str) -> str:
    for version in request.versions.values():
        reason = with_stop_command(reason, version)
    return reason


def _quota_reason(arn: str, error: ServiceError) -> str:
    return (
        f"Rekognition refuses to start {arn} (LimitExceededException: {error.message}): a quota of the "
        "account is used up, 2 running models and 5 inference units each by default. Stop another running "
        "model or declare fewer units, raise the quota (Service Quotas, Rekognition), or, for a replacement, "
        "set replacement to STOP_FIRST"
    )
