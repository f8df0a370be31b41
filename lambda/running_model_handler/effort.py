"""One call, one pause: the only place that knows time, the network and AWS; ``learn`` has what calls teach.

Nothing is tried again here. A call that failed has taught something, or nothing, and costs a pause; what is
to be done then is decided anew.
"""

from __future__ import annotations

import logging
from typing import Any

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
from running_model_handler.core.claim import claim_tags
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.memory import Memory
from running_model_handler.core.names import Tag
from running_model_handler.core.status import ABSENT
from running_model_handler.core.waiting import CALL_SECONDS_MAX, TRIES_OF_AN_EVENT, hand_over_margin
from running_model_handler.learn import Known, after_answer, after_error, rest_after_error
from running_model_handler.request import Request
from running_model_handler.shell.clock import Clock
from running_model_handler.shell.cloudformation import Stacks
from running_model_handler.shell.rekognition import Models

_logger = logging.getLogger("running_model")


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
        self._ends_at, self._seconds = ends_at, seconds
        self.margin = hand_over_margin(seconds)
        """Seconds before the end of the invocation in which it hands over."""
        self._hand_over_at = ends_at - self.margin
        self.whole = max(0.0, seconds - self.margin)
        """Seconds that an invocation has until a hand-over."""
        self._ends_here = False
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

    def may_be_last_try(self, event_at: float) -> bool:
        """Whether Lambda may not try the event again that it was given then, in seconds since the epoch.

        No event tells which try it is of: before the last one all others may have used their time up.
        """
        return self._ends_at - self._seconds - event_at >= (TRIES_OF_AN_EVENT - 1) * self._seconds

    def end_here(self) -> None:
        """No other invocation follows: it goes on until a call more might outlive this one."""
        self._hand_over_at = self._ends_at - CALL_SECONDS_MAX
        self._ends_here = True

    @property
    def is_over(self) -> bool:
        """Whether no call may begin any more."""
        return self._ends_here and not self.fits(0.0)

    def carry_out(self, action: Call, known: Known) -> tuple[Known, float]:
        """Make the call of an action; what is known after it, and for how long to pause after an error."""
        request, began = self._request, self.clock.now()
        try:
            answer = self._call(action, known)
        except ServiceError as error:
            _logger.warning(
                f"error: {error}", extra={"action": error.action, "code": error.code, "kind": error.kind.name}
            )
            errors = self._errors[type(action)] = self._errors.get(type(action), 0) + 1
            now, chance = self.clock.now(), self.clock.chance()
            after = after_error(request, action, error, known, now=now)
            return after, rest_after_error(
                request, action, error, after.memory, errors, now=now, chance=chance
            )
        self._errors.pop(type(action), None)
        return after_answer(request, action, answer, known, began=began, now=self.clock.now()), 0.0

    def _call(self, action: Call, known: Known) -> Any:
        """What the service answers; that there is no such thing is an answer too where it is asked for."""
        match action:
            case AskStack():
                owner = self._request.wish.owner
                return self._stacks.story(owner.stack_id, owner.logical_id)
            case AskOwner(owner, _):
                return self._stacks.resource(owner.stack_id, owner.logical_id)
            case FindProject(arn):
                return self._models.find_project(self._request.version(arn))
            case AskClaim() | Look():
                return self._read(action)
            case _:
                return self._write(action, known.memory)

    def _read(self, action: AskClaim | Look) -> Any:
        version = self._request.version(action.arn)
        try:
            if isinstance(action, AskClaim):
                return self._models.tags(version)
            return self._models.observe(version, version.project_arn(action.project_created))
        except ServiceError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                raise
            return None if isinstance(action, AskClaim) else ABSENT

    def _write(self, action: Call, memory: Memory) -> None:
        """The calls that change something."""
        models, arn, request = self._models, action.arn, self._request
        version = request.version(arn)
        match action:
            case WriteClaim(_, holder, duty):
                claim = claim_tags(request.wish.owner, holder, memory.projects.get(arn))
                models.tag(version, {**claim, **dict(duty)})
            case RemoveClaim(_, keys):
                models.untag(version, list(keys))
            case StartModel(_, units):
                models.start(version, units)
            case StopModel():
                models.stop(version)
            case NoteStart(_, seconds):
                try:
                    models.tag(version, {str(Tag.START_SECONDS): str(seconds)})
                except ServiceError as error:
                    _logger.warning(f"start not noted: {error}", extra={"model": arn, "problem": str(error)})
                    return
        _logger.debug("accepted", extra={"action": type(action).__name__, "model": arn})
