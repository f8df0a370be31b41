"""One call, one pause, and what becomes of an error: the only place that knows time, the network and AWS.

Nothing is tried again here. A call that failed has taught something, or nothing, and costs a pause; what is
to be done then is decided anew.
"""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from running_model_handler.core.actions import (
    AskClaim,
    AskOwner,
    AskStack,
    Call,
    FindProject,
    Look,
    NoteStart,
    RemoveClaim,
    StartModel,
    StopModel,
    WriteClaim,
)
from running_model_handler.core.arn import with_stop_command
from running_model_handler.core.claim import claim_tags, read_claim
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.memory import Memory
from running_model_handler.core.names import Tag
from running_model_handler.core.status import ABSENT, Status
from running_model_handler.core.views import Views
from running_model_handler.core.waiting import ACCESS_DENIED_SECONDS, backoff_seconds, hand_over_margin
from running_model_handler.request import Request
from running_model_handler.shell.clock import Clock
from running_model_handler.shell.cloudformation import Stacks
from running_model_handler.shell.rekognition import Models

_logger = logging.getLogger("running_model")
_GIVEN_UP: Final = (
    "an earlier try of this request failed and was undone; its reason is in the function's log, deploy again"
)


class Known(NamedTuple):
    """What is remembered, and what has been seen."""

    memory: Memory
    views: Views


class Effort:
    """Carries out actions for one request in one invocation."""

    def __init__(
        self,
        request: Request,
        *,
        models: Models,
        stacks: Stacks,
        clock: Clock,
        ends_at: float,
        seconds: float,
    ) -> None:
        self._request = request
        self._models = models
        self._stacks = stacks
        self.clock = clock
        self._ends_at = ends_at
        self._hand_over_at = ends_at - hand_over_margin(seconds)
        self._errors: dict[type, int] = {}
        """In a row, of each kind of call."""

    def fits(self, seconds: float) -> bool:
        """Whether a pause ends before the request has to be handed over."""
        return self.clock.now() + seconds < self._hand_over_at

    @property
    def room(self) -> float:
        """Seconds until the request has to be handed over."""
        return self._hand_over_at - self.clock.now()

    @property
    def left(self) -> float:
        """Seconds until the invocation ends."""
        return self._ends_at - self.clock.now()

    def carry_out(self, action: Call, known: Known) -> tuple[Known, float]:
        """Make the call of an action; what is known after it, and for how long to pause after an error."""
        began = self.clock.now()
        try:
            after = self._call(action, known, began)
        except ServiceError as error:
            errors = self._errors[type(action)] = self._errors.get(type(action), 0) + 1
            after = self._after_error(error, action, known)
            if isinstance(action, StartModel | StopModel) and error.kind not in _LATER:
                # The pause that follows is one between two looks.
                return after, 0.0
            return after, backoff_seconds(errors, self.clock.chance())
        self._errors.pop(type(action), None)
        name = _NAMES.get(type(action))
        if name in after.memory.denied:
            left = {key: since for key, since in after.memory.denied.items() if key != name}
            after = after._replace(memory=after.memory._replace(denied=left))
        return after, 0.0

    # --- calls --------------------------------------------------------------------------------------

    def _call(self, action: Call, known: Known, began: float) -> Known:
        match action:
            case AskStack(_):
                return self._ask_stack(known, began)
            case AskOwner(owner, _):
                view = self._stacks.resource(owner.stack_id, owner.logical_id)
                return known._replace(views=known.views.with_resource(owner, view, began))
            case AskClaim(arn):
                return self._read_tags(arn, known, began)
            case FindProject(arn):
                return self._find_project(arn, known)
            case Look(arn, created):
                return self._look(arn, created, known, began)
            case _:
                return known._replace(memory=self._write(action, known.memory, known.views))

    def _ask_stack(self, known: Known, began: float) -> Known:
        owner = self._request.wish.owner
        story = self._stacks.story(owner.stack_id, owner.logical_id)
        views, memory = known.views.with_story(self._request.wish, story, began), known.memory
        step = views.step
        if step is not None and step.began_at > memory.t and not (memory.t and memory.failure):
            memory = memory._replace(t=step.began_at)
        return Known(memory, views)

    def _read_tags(self, arn: str, known: Known, began: float) -> Known:
        view, memory = known.views.model(arn), known.memory
        try:
            claim = read_claim(self._models.tags(self._request.version(arn)))
        except ServiceError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            return known._replace(
                views=known.views.with_model(arn, view._replace(exists=False, claim_at=began))
            )
        holder = claim.holders.get(self._request.wish.owner)
        if holder is not None and holder.failed and holder.t == memory.t and not memory.failed_at:
            memory = memory._replace(failed_at=self.clock.now(), failure=memory.failure or _GIVEN_UP)
        view = view._replace(exists=True, claim=claim, claim_at=began)
        return Known(memory, known.views.with_model(arn, view))

    def _find_project(self, arn: str, known: Known) -> Known:
        project, memory = self._models.find_project(self._request.version(arn)), known.memory
        projects = {key: created for key, created in memory.projects.items() if key != arn}
        view = known.views.model(arn)._replace(looked_up=True)
        if project is not None:
            projects[arn] = project.created
            view = view._replace(seen=None, seen_at=0.0)
        elif view.seen is None:
            view = view._replace(seen=ABSENT, seen_at=self.clock.now())
        return Known(memory._replace(projects=projects), known.views.with_model(arn, view))

    def _look(self, arn: str, created: str, known: Known, began: float) -> Known:
        version = self._request.version(arn)
        try:
            seen = self._models.observe(version, version.project_arn(created))
        except ServiceError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            seen = ABSENT
        view, memory = known.views.model(arn), known.memory
        hidden_since = 0.0 if seen.status is not None else view.hidden_since or began
        view = view._replace(seen=seen, seen_at=began, hidden_since=hidden_since)
        if seen.status is not None and arn not in memory.projects:
            memory = memory._replace(projects={**memory.projects, arn: created})
        if arn in memory.models:
            memory = memory.with_done(arn, memory.done(arn).with_look(seen, self.clock.now()))
        return Known(memory, known.views.with_model(arn, view))

    def _write(self, action: Call, memory: Memory, views: Views) -> Memory:
        """The calls that change something; what is remembered of them."""
        models, now = self._models, self.clock.now
        arn, version = action.arn, self._request.version(action.arn)
        match action:
            case WriteClaim(_, holder):
                models.tag(version, claim_tags(self._request.wish.owner, holder, memory.projects.get(arn)))
                return self._claimed(arn, memory, failed=holder.failed)
            case RemoveClaim(_, keys):
                models.untag(version, list(keys))
                return memory.with_done(arn, memory.done(arn)._replace(released_at=now()))
            case NoteStart(_, seconds):
                memory = memory.with_done(arn, memory.done(arn)._replace(took_seconds=0))
                try:
                    models.tag(version, {str(Tag.START_SECONDS): str(seconds)})
                except ServiceError as error:
                    _logger.warning("start time not noted", extra={"model": arn, "problem": str(error)})
                return memory
            case StartModel(_, units, _):
                models.start(version, units)
            case StopModel():
                models.stop(version)
        _logger.info("accepted", extra={"action": type(action).__name__, "model": arn})
        return self._acted(action, memory, views, accepted=True)

    def _claimed(self, arn: str, memory: Memory, *, failed: bool) -> Memory:
        now = self.clock.now()
        memory = memory.with_done(arn, memory.done(arn)._replace(claimed_at=now))
        return memory._replace(failed_at=now) if failed and not memory.failed_at else memory

    def _acted(self, action: Call, memory: Memory, views: Views, *, accepted: bool) -> Memory:
        """After a Start or a Stop that had its effect, or may have had it."""
        now = self.clock.now()
        match action:
            case StartModel(arn, _, toward):
                seen = views.model(arn).seen
                before = str(seen.status) if seen is not None else ""
                done = memory.done(arn).aimed(toward).with_start(before, now, accepted=accepted)
            case StopModel(arn, toward):
                done = memory.done(arn).aimed(toward).with_stop(now, accepted=accepted)
            case _:
                return memory
        return memory.with_done(arn, done)

    # --- errors -------------------------------------------------------------------------------------

    def _after_error(self, error: ServiceError, action: Call, known: Known) -> Known:
        """What an error has taught; see the table in docs/design.md, section 4."""
        now, memory, views = self.clock.now(), known.memory, known.views
        _logger.warning(
            "call failed", extra={"action": error.action, "code": error.code, "kind": error.kind.name}
        )
        memory = memory._replace(last_error=f"{error.action}: {error.code}")
        if error.transient or error.kind is ErrorKind.DENIED:
            memory = memory._replace(tries=memory.tries + 1)
        if error.kind is ErrorKind.THROTTLED:
            memory = memory.with_throttle(now)
        elif error.kind is ErrorKind.DENIED:
            memory = memory._replace(denied={error.action: now, **memory.denied})
        arn = action.arn
        if error.kind is ErrorKind.UNCERTAIN:
            memory = self._perhaps(action, memory, views)
        elif isinstance(action, StartModel | StopModel):
            memory = self._refused(action, memory, views)
        if error.kind is ErrorKind.NOT_FOUND and arn in views.models:
            # Whether there is such a version is asked of its tags.
            views = views.with_model(arn, views.model(arn)._replace(claim_at=0.0))
        reason = self._hopeless(error, action, Known(memory, views), now)
        return Known(memory.with_failure(reason, arn) if reason else memory, views)

    def _perhaps(self, action: Call, memory: Memory, views: Views) -> Memory:
        """After a call whose answer was lost: it may have had its effect, which the next look shows."""
        if isinstance(action, WriteClaim):
            return self._claimed(action.arn, memory, failed=action.holder.failed)
        return self._acted(action, memory, views, accepted=False)

    def _refused(self, action: StartModel | StopModel, memory: Memory, views: Views) -> Memory:
        """After a Start or a Stop that had no effect: the next one comes after another look."""
        text, now = action.arn, self.clock.now()
        done, seen = memory.done(text).aimed(action.toward), views.model(text).seen
        done = done._replace(acted_at=now)
        if isinstance(action, StopModel):
            # A FAILED model gets one Stop, no more.
            return memory.with_done(text, done._replace(stops=done.stops + 1))
        if seen is not None and seen.status == Status.FAILED:
            done = done._replace(starts_refused=done.starts_refused + 1)
        return memory.with_done(text, done)

    def _hopeless(self, error: ServiceError, action: Call, known: Known, now: float) -> str:
        """The reason why a request fails with this error; empty where it is to be tried again."""
        memory, cleans_up = known.memory, bool(known.memory.failure) or not self._request.wish.brings
        story = known.views.story
        if error.kind is ErrorKind.DENIED:
            patient = cleans_up and not (story is not None and story.goes)
            limit = min(ACCESS_DENIED_SECONDS, self._request.envelope.service_timeout_seconds / 4)
            if patient or now - memory.denied[error.action] < limit:
                return ""
            reason = (
                f"the function's role lacks permission for {error.action} on {error.resource}; allow it and "
                f"deploy again ({error.message})"
            )
            return reason if self._request.wish.brings else self._with_command(reason)
        started = isinstance(action, StartModel) and known.memory.done(action.arn).starts > 0
        if cleans_up or started or error.kind not in _FINAL:
            return ""
        if error.kind is ErrorKind.QUOTA and isinstance(action, StartModel):
            return _quota_reason(action.arn, error)
        if error.kind is ErrorKind.INVALID and isinstance(action, StartModel | StopModel):
            units = f" with {action.units} inference units" if isinstance(action, StartModel) else ""
            return f"Rekognition refuses {error.action} for {action.arn}{units}: {error.message}"
        return str(error)

    def _with_command(self, reason: str) -> str:
        for version in self._request.versions.values():
            reason = with_stop_command(reason, version)
        return reason


_LATER: Final = frozenset({ErrorKind.THROTTLED, ErrorKind.UNCERTAIN, ErrorKind.DENIED})
"""The same call may be answered otherwise, whatever the model does."""
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


def _quota_reason(arn: str, error: ServiceError) -> str:
    return (
        f"Rekognition refuses to start {arn} (LimitExceededException: {error.message}): a quota of the "
        "account is used up, 2 running models and 5 inference units each by default. Stop another running "
        "model or declare fewer units, raise the quota (Service Quotas, Rekognition), or, for a replacement, "
        "set replacement to STOP_FIRST"
    )
