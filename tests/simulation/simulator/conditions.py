"""The conditions under which a guarantee can't hold, exactly as the README's promise names them.

The simulation takes no other excuse: a leak without one of them is a violation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from local_aws.platform.aws_lambda import CHAIN_LENGTH_MAX
from local_aws.platform.cloudformation import SERVICE_TIMEOUT_SECONDS_DEFAULT
from simulator.functions import TIME_IS_OVER
from simulator.plan import View
from simulator.requests import Outcome, Request

if TYPE_CHECKING:
    from simulator.rekognition import Model
    from simulator.stack import Stack
    from simulator.world import World


STALE_SECONDS: Final = 25.0
"""What CloudFormation shows may be this old, and a call may take this long to arrive, together."""
VIEW_SECONDS: Final = 15.0
"""The older part of that is the view's."""
WAKING_SECONDS: Final = 30.0
"""With less of its hour left nothing can be asked, stopped and answered."""
LAST_WORD_SECONDS: Final = 90.0
"""An answer in the last minute and a half of its hour is the last word."""
DENIED_SECONDS: Final = 290.0
"""Five minutes, but for what the calls take: so long a refusal is put down to policies that come late."""
DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""How services call that, and credentials that they do not know."""
_NO_WORD: Final = ("Exception", "Error", "Throttling", "Fault", "lost")
"""What says nothing of permissions."""
AT_ONCE_SECONDS: Final = 15.0
"""How old a look at a model may be when a claim that is based on it is written."""


class Condition(StrEnum):
    """Why a guarantee does not hold in a history, in the words of the README's promise."""

    KILLED = "every try of a request is killed, or Lambda does not run it within its hour"
    NOT_STOPPED = "a stop does not end, or is not allowed, within CloudFormation's hour"
    CROSSED = "a create or a replacement is cancelled as it succeeds, in a stack that keeps what failed"
    AT_ONCE = "two stacks claim a model within the same seconds"
    HIDDEN = "CloudFormation takes longer than 15 s to show the one what the other one's resource is"
    LATE_VIEW = "what CloudFormation shows is older than 15 s"
    TWICE = "two resources of one stack declare the same model"
    NOT_BROUGHT_BACK = "what a failed request has done could not be undone within the hour"


def condition_of(world: World, model: Model) -> Condition | None:
    """The condition that excuses a model that bills for nobody; None if there is none."""
    since = _concerned_since_its_start(world, model)
    if any(_failed_with_the_command(world, request, model) for request in since):
        return Condition.NOT_STOPPED
    if any(_was_killed(request) for request in since):
        return Condition.KILLED
    if any(_crossed(request) for request in since):
        return Condition.CROSSED
    return None


def was_crossed(world: World, model: Model) -> bool:
    """Whether a create or a replacement was cancelled that had brought the model, as it succeeded."""
    return any(_crossed(request) and _concerns(request, model) for request in world.requests)


def left_by_the_killed(world: World, model: Model) -> bool:
    """Whether every try of a request about the model was killed since its start."""
    return any(_was_killed(request) for request in _concerned_since_its_start(world, model))


def _was_killed(request: Request) -> bool:
    return request.answer is None and nobody_could_answer(request)


def _concerned_since_its_start(world: World, model: Model) -> list[Request]:
    """The requests about a model that CloudFormation waited for after its latest start."""
    starts = [change for change in model.changes if change.verb == "Start"]
    started, by = (starts[-1].at, starts[-1].by) if starts else (0.0, None)
    return [
        request
        for request in world.requests
        if _concerns(request, model)
        # The one that started it may have been cancelled just before.
        and (request is by or request.ended_at is None or request.ended_at >= started)
    ]


def _crossed(request: Request) -> bool:
    replaces = request.type == "Update" and request.physical_id != request.declared_arn
    if not (replaces or request.type == "Create") or request.ended_at is None:
        return False
    if request.outcome is Outcome.SUCCESS:
        resource = request.stack.resources[request.logical_id]
        if not replaces:
            return resource.status == "CREATE_FAILED"
        return resource.status == "UPDATE_FAILED" and resource.physical_id == request.physical_id
    if request.outcome is not Outcome.CANCELLED:
        return False
    succeeded = (answer["Status"] == "SUCCESS" for answer in request.answers)
    ended_at = request.ended_at
    return any(
        success and 0.0 <= at - ended_at < STALE_SECONDS
        for success, at in zip(succeeded, request.answered_at, strict=True)
    )


def claimed_at_once(world: World, model: Model) -> bool:
    """Whether two stacks have tagged a model so close together that neither can have seen the other's tags.

    Creates and updates that declare it count. TagResource has no conditional write.
    """
    marks = [
        (at, by.stack)
        for at, by in model.tagged
        if isinstance(by, Request) and by.type != "Delete" and by.declared_arn == model.plan.arn
    ]
    overwritten = any(
        stack is not before and at - earlier < AT_ONCE_SECONDS
        for (earlier, before), (at, stack) in pairwise(marks)
    )
    if overwritten:
        world.note_condition(Condition.AT_ONCE)
    return overwritten


def hidden_too_long(world: World, stack: Stack, logical_id: str, view: View = View.RESOURCE) -> bool:
    """Whether a view does not show what is done to a resource, for longer than views lag."""
    now = world.kernel.now
    hidden = any(
        view in freeze.views
        and freeze.logical_id in (None, logical_id)
        and freeze.began_at + VIEW_SECONDS <= now < freeze.until
        for freeze in stack.freezes
    )
    if hidden:
        world.note_condition(Condition.HIDDEN if view is View.RESOURCE else Condition.LATE_VIEW)
    return hidden


def admits_what_is_left(answer: Mapping[str, Any]) -> bool:
    """Whether a FAILED answer tells people that something may still bill, and what to do about it."""
    reason = str(answer["Reason"])
    return "stop-project-version" in reason or ". Then: " in reason


def failed_to_bring_back(world: World, model: Model) -> bool:
    """Whether a FAILED answer said that what was done to the model could not be undone.

    Giving a model back takes a stop and a start, which may need longer than the hour has left.
    """
    return any(
        answer["Status"] == "FAILED" and admits_what_is_left(answer) and _concerns(request, model)
        for request in world.requests
        for answer in request.answers
    )


def was_left_halfway(world: World, model: Model) -> bool:
    """Whether every try of a request was killed that had to start the model again.

    It has stopped the model itself, to bring it to another size, or follows a request that had.
    """
    stops = [
        (change.by.owner, change.at)
        for change in model.changes
        if change.verb == "Stop" and isinstance(change.by, Request)
    ]
    return any(
        request.owner == owner and (request.ended_at is None or request.ended_at >= at)
        for request in world.requests
        if _was_killed(request) and _concerns(request, model)
        for owner, at in stops
    )


def _concerns(request: Request, model: Model) -> bool:
    arn = model.plan.arn
    return arn in (request.declared_arn, request.old_arn, request.physical_id)


def _failed_with_the_command(world: World, request: Request, model: Model) -> bool:
    """Whether a FAILED answer told how to stop the model by hand, when nothing else was left to do."""
    told = zip(request.answers, request.answered_at, strict=True)
    return any(
        answer["Status"] == "FAILED"
        and f"--project-version-arn {model.plan.arn}" in str(answer["Reason"])
        and (_hour_was_over(request, at) or _nothing_was_left(world, request, at))
        for answer, at in told
    )


def _hour_was_over(request: Request, at: float) -> bool:
    return at >= request.sent_at + SERVICE_TIMEOUT_SECONDS_DEFAULT - LAST_WORD_SECONDS


def _nothing_was_left(world: World, request: Request, at: float) -> bool:
    """Whether the hour was of no use any more.

    The deletion of a stack takes its policies away at some time: what was refused for minutes, and did not
    work in between, will not work again. And the function may not be allowed to go on in another invocation,
    nor more often than Lambda's loop detection lets it.
    """
    denied: dict[str, float] = {}
    invocations: set[str] = set()
    for when, who, what, result in world.story.entries:
        if when > at:
            break
        if what.startswith(f"begins: {request.name},"):
            invocations.add(who)
            if what.endswith(f", link {CHAIN_LENGTH_MAX - 1}"):
                return True
        if who not in invocations or ":" not in what:
            continue
        action = what.partition(" ")[0]
        if result in DENIED:
            denied.setdefault(action, when)
        elif not str(result).endswith(_NO_WORD):
            denied.pop(action, None)
    if "lambda:InvokeFunction" in denied:
        return True
    goes = request.stack.status_at(at).startswith("DELETE_")
    return goes and any(at - since >= DENIED_SECONDS for since in denied.values())


def nobody_could_answer(request: Request) -> bool:
    """Whether nothing of ours ran that could have answered: killed in every try, dropped, or never run.

    Lambda may keep an event back, or have no concurrency left, until CloudFormation no longer waits. That an
    invocation ran to the end of its own time is no excuse: it should have handed over.
    """
    ends_at = request.sent_at + SERVICE_TIMEOUT_SECONDS_DEFAULT
    if request.woken_at > ends_at - WAKING_SECONDS:
        return True
    if any("too old" in why or ("killed" in why and TIME_IS_OVER not in why) for why in request.lost):
        return True
    starved = request.running == 0 and request.ran_until < ends_at - WAKING_SECONDS
    return request.outcome is Outcome.TIMED_OUT and starved and (request.chains > 0 or _was_queued(request))


def _was_queued(request: Request) -> bool:
    return any("the function is gone" in why for why in request.lost)
