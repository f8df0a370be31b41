"""The loop: decide, carry out, decide again, until there is an answer or the invocation ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from running_model_handler.core.actions import Action, Answer, Change, GiveUp, Pause
from running_model_handler.core.arn import with_stop_command
from running_model_handler.core.memory import Memory
from running_model_handler.core.views import Views
from running_model_handler.core.waiting import LAST_LOOK_SECONDS
from running_model_handler.decide import decide
from running_model_handler.effort import Effort
from running_model_handler.learn import Known, after_giving_up, after_pause
from running_model_handler.request import Request

_logger = logging.getLogger("running_model")


@dataclass(frozen=True, slots=True)
class HandOver:
    """The invocation is about to end: the request goes on in a fresh one, which is told ``memory``."""

    memory: Memory


Decide = Callable[[Request, Memory, Views, float, float], Action]
"""See ``decide.decide``."""


def run(request: Request, memory: Memory, effort: Effort, decided: Decide = decide) -> Answer | HandOver:
    """Work on a request until it can be answered, or has to be handed over.

    ``decided`` is what decides; benchmarks compare it with others.
    """
    known, told = Known(memory, Views()), set[tuple[str, str, str]]()
    while True:
        try:
            outcome = _once(request, known, effort, decided, told)
        except Exception as error:
            _logger.exception(f"unexpected {type(error).__name__}: {error}")
            reason = f"unexpected {type(error).__name__}: {error}"
            if known.memory.failure:
                return _told_by_hand(request, f"{known.memory.failure}. Then: {reason}")
            outcome = known._replace(memory=known.memory.with_failure(reason, ""))
        if not isinstance(outcome, Known):
            return outcome
        known = outcome


def end(request: Request, memory: Memory, effort: Effort) -> Answer:
    """The answer to a request that has to end in this invocation."""
    effort.end_here()
    outcome = run(request, memory, effort)
    return outcome if isinstance(outcome, Answer) else _told_by_hand(request, outcome.memory.failure)


def _once(
    request: Request, known: Known, effort: Effort, decided: Decide, told: set[tuple[str, str, str]]
) -> Known | Answer | HandOver:
    clock = effort.clock
    action = decided(request, known.memory, known.views, clock.now(), clock.chance())
    _log(request, known, action, told)
    match action:
        case Answer():
            return action
        case GiveUp():
            return after_giving_up(known, action)
        case Pause(seconds, _, least, _, _):
            pause = seconds
            if not effort.fits(seconds):
                # The last look of an invocation comes right before the hand-over.
                pause = min(seconds, effort.room - LAST_LOOK_SECONDS)
                # What no invocation has room for is waited for in several.
                if pause < max(min(least, effort.whole / 2), LAST_LOOK_SECONDS):
                    return HandOver(known.memory)
        case _ if effort.is_over:
            return HandOver(known.memory)
        case _:
            known, pause = effort.carry_out(action, known)
            if not pause:
                return known
            if not effort.fits(pause):
                return HandOver(known.memory)
    clock.sleep(pause)
    return after_pause(known, clock.now())


def _told_by_hand(request: Request, reason: str) -> Answer:
    for version in request.versions.values():
        reason = with_stop_command(reason, version)
    return Answer(request.physical_id(succeeded=False), reason)


def _log(request: Request, known: Known, action: Action, told: set[tuple[str, str, str]]) -> None:
    """One line for each decision: what is known, and what follows.

    At INFO only what is to change, and what is waited for, once for each status of each model: people read it
    in a terminal, and pay for it.
    """
    story, seen = known.views.story, known.views.model(action.arn).seen
    name, observed = type(action).__name__, str(seen.status) if seen is not None else ""
    why = getattr(action, "why", getattr(action, "reason", ""))
    message, level = f"decided: {name}" + (f", {why}" if why else ""), logging.DEBUG
    entry = (message, action.arn, observed)
    if isinstance(action, Change | GiveUp) or (isinstance(action, Pause) and entry not in told):
        level = logging.INFO
        told.add(entry)
    _logger.log(
        level,
        message,
        extra={
            "action": name,
            "why": why,
            "model": action.arn,
            "observed": observed,
            "stack": story.stack_status if story is not None else "",
            "resource": request.wish.owner.logical_id,
            "request": request.envelope.request_id,
        },
    )
