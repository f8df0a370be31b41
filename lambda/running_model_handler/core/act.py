"""What is to be done next with a model, so that it becomes as wanted: the second table, pure.

A step is carried out by the loop, which then looks again: a status is never inferred from the answer to a
call, since no page says which statuses StartProjectVersion and StopProjectVersion accept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from running_model_handler.core.memory import Done
from running_model_handler.core.status import CUSTOM_LABELS, READY, Observation, Status
from running_model_handler.core.wanted import Run

STARTS_MAX: Final = 3
"""Accepted Starts without any visible effect before the request gives up."""
STOPS_MAX: Final = 3
"""Stops on the way to other units; more means that somebody else starts the model meanwhile."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The model is as wanted."""


@dataclass(frozen=True, slots=True)
class Start:
    """Send StartProjectVersion."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Send StopProjectVersion."""


class Wait(NamedTuple):
    """Look again later; ``why`` is for the log and for the reason when time runs out."""

    why: str


class Fail(NamedTuple):
    """What is wanted can't be reached."""

    reason: str


Deed = Reached | Start | Stop | Wait | Fail
REACHED: Final = Reached()

_NOT_READY: Final = frozenset({Status.TRAINING_IN_PROGRESS, Status.COPYING_IN_PROGRESS})
_NEVER_READY: Final = frozenset(
    {Status.TRAINING_FAILED, Status.COPYING_FAILED, Status.DEPRECATED, Status.EXPIRED, Status.DELETING}
)
_AT_REST: Final = READY | _NOT_READY | _NEVER_READY


def can_never_run(seen: Observation) -> str:
    """Why a model can't be started, whatever is done; empty if it can."""
    match seen.status:
        case None:
            return "there is no such project version; check the ARN, it may have been deleted"
        case _ if seen.feature != CUSTOM_LABELS:
            return (
                f"it is a version for the feature {seen.feature}; only a Custom Labels model can be started"
            )
        case status if status in _NOT_READY:
            return f"it is not trained yet (status {status}); deploy again when it is TRAINING_COMPLETED"
        case status if status in _NEVER_READY:
            return f"it can't run, its status is {status}{_told(seen)}; declare another version"
        case _:
            return ""


def toward_running(run: Run, seen: Observation, done: Done, seen_at: float) -> Deed:
    """RUN: the next step towards RUNNING with the wanted units; ``seen_at`` is when the look began."""
    never = can_never_run(seen)
    if never:
        return Fail(never)
    if run.brings_back and done.start_accepted and done.starts:
        return REACHED
    match seen.status:
        case Status.RUNNING:
            return _from_running(run, seen, done, seen_at)
        case Status.STARTING:
            return Wait("it is starting")
        case Status.STOPPING:
            return Wait("it is stopping, and can be started after that")
        case Status.FAILED:
            return _from_failed(seen, done, seen_at)
        case status if status in READY:
            return _from_rest(str(status), done, seen_at)
        case status:
            return Wait(f"its status {status} is unknown to this release")


def _from_running(run: Run, seen: Observation, done: Done, seen_at: float) -> Deed:
    if done.stop_may_lag(seen_at):
        return Wait("the stop is not visible yet")
    if run.met_by(seen):
        return REACHED
    if done.starts and done.start_visible and not done.start_unsettled:
        return Fail(
            f"it runs with {seen.units} inference units, not with the {run.units} that were started; "
            "somebody else started it again meanwhile"
        )
    if done.starts and done.start_may_lag(seen_at):
        return Wait("the start is not visible yet")
    if done.stops >= STOPS_MAX:
        return Fail(f"it runs with {seen.units} inference units although it was stopped {done.stops} times")
    return Stop()


def _from_rest(status: str, done: Done, seen_at: float) -> Deed:
    if done.starts and done.start_may_lag(seen_at):
        # Also where it was visible already: one look may be older than the one before it.
        return Wait("the start is not visible yet")
    if done.starts and done.start_visible and not done.start_unsettled:
        return Fail(f"it was stopped by somebody else while it started (status {status}); deploy again")
    if done.starts >= STARTS_MAX:
        return Fail(f"it stays {status} although it was started {done.starts} times; deploy again")
    return Start()


def _from_failed(seen: Observation, done: Done, seen_at: float) -> Deed:
    failed = Fail(f"Rekognition could not start it: status FAILED{_told(seen)}")
    if done.starts and done.start_may_lag(seen_at) and done.before_start == Status.FAILED:
        return Wait("the start is not visible yet")
    if done.starts and done.start_visible:
        return failed
    if done.starts and done.start_may_lag(seen_at):
        return Wait("the start is not visible yet")
    if (done.starts and done.start_accepted) or done.starts + done.refused >= STARTS_MAX:
        return failed
    return Start()


def toward_rest(seen: Observation, done: Done, seen_at: float) -> Deed:
    """REST and HOLD: the next step towards a model that bills nothing. It never fails: only time ends it."""
    if seen.status is None or seen.feature != CUSTOM_LABELS:
        return REACHED
    match seen.status:
        case Status.RUNNING:
            return Wait("the stop is not visible yet") if done.stop_may_lag(seen_at) else Stop()
        case Status.STARTING:
            # Whether a model that is starting can be stopped is not documented: try at every look.
            return Stop()
        case Status.STOPPING:
            return Wait("it is stopping")
        case status if status == Status.FAILED or status in _AT_REST:
            if done.start_may_lag(seen_at) and not done.start_visible:
                return Wait("the start is not visible yet")
            # Whether FAILED bills is not documented either; one Stop costs nothing.
            return Stop() if status == Status.FAILED and not done.stops + done.refused else REACHED
        case status:
            return Wait(f"its status {status} is unknown to this release")


def _told(seen: Observation) -> str:
    return f" ({seen.message})" if seen.message else ""
