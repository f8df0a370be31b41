"""The life of a model as one table: observed status and wanted state in, next step out.

Nothing here knows the time, the network or boto3. A step is carried out by the life cycle, which then
looks again: a status is never inferred from the answer to a call, since no page says which statuses
StartProjectVersion and StopProjectVersion accept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from running_model_handler.core.status import CUSTOM_LABELS, Observation, Status
from running_model_handler.core.units import InferenceUnits

STARTS_MAX: Final = 3
"""Accepted Starts without any visible effect before the request gives up."""

STOPS_MAX: Final = 3
"""Stops on the way to other units; more means that somebody else starts the model meanwhile."""


@dataclass(frozen=True, slots=True)
class Done:
    """What this request has already done to the model, and how much of it can be seen by now."""

    starts: int = 0
    start_certain: bool = False
    """The service accepted the last Start; False when its answer was lost."""
    start_visible: bool = False
    """STARTING, RUNNING or a new FAILED was seen after the Start."""
    starts_refused: int = 0
    """Starts of a FAILED model that its status did not allow."""
    start_may_lag: bool = False
    """The Start is so recent that Describe may still show what was before it."""
    stops: int = 0
    stop_may_lag: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The model is as wanted."""


@dataclass(frozen=True, slots=True)
class Start:
    """Send StartProjectVersion."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Send StopProjectVersion."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again later; ``why`` is for the log and for the reason when time runs out."""

    why: str


@dataclass(frozen=True, slots=True)
class Fail:
    """The wanted state can't be reached."""

    reason: str


Step = Finished | Start | Stop | Wait | Fail

_READY_TO_START = frozenset({Status.TRAINING_COMPLETED, Status.COPYING_COMPLETED, Status.STOPPED})
_NOT_READY_YET = frozenset({Status.TRAINING_IN_PROGRESS, Status.COPYING_IN_PROGRESS})
_NEVER_READY = frozenset(
    {
        Status.TRAINING_FAILED,
        Status.COPYING_FAILED,
        Status.DEPRECATED,
        Status.EXPIRED,
        Status.DELETING,
    }
)
_AT_REST = _READY_TO_START | _NOT_READY_YET | _NEVER_READY


def step_to_running(seen: Observation, wanted: InferenceUnits, done: Done) -> Step:
    """The next step towards RUNNING with the wanted units."""
    if seen.status is None:
        return Fail("there is no such project version; check the ARN, it may have been deleted")
    if seen.feature != CUSTOM_LABELS:
        return Fail(
            f"it is a version for the feature {seen.feature}; only a Custom Labels model can be started"
        )
    match seen.status:
        case Status.RUNNING:
            return _step_from_running(seen, wanted, done)
        case Status.STARTING:
            return Wait("it is starting")
        case Status.STOPPING:
            return Wait("it is stopping, and can be started after that")
        case Status.FAILED:
            return _step_from_failed(seen, done)
        case status if status in _READY_TO_START:
            return _step_from_rest(status, done)
        case status if status in _NOT_READY_YET:
            return Fail(
                f"it is not trained yet (status {status}); deploy again when it is TRAINING_COMPLETED"
            )
        case status if status in _NEVER_READY:
            return Fail(f"it can't run, its status is {status}{_told(seen)}; declare another version")
        case status:
            return Wait(f"its status {status} is unknown to this release")


def _step_from_running(seen: Observation, wanted: InferenceUnits, done: Done) -> Step:
    if seen.runs_with(wanted):
        return Finished()
    if done.start_visible:
        return Fail(
            f"it runs with {seen.units} inference units, not with the {wanted} that were started; "
            "somebody else started it again meanwhile"
        )
    if done.starts and done.start_may_lag:
        return Wait("the start is not visible yet")
    if done.stops and done.stop_may_lag:
        return Wait("the stop is not visible yet")
    if done.stops >= STOPS_MAX:
        return Fail(
            f"it runs with {seen.units} inference units again after {done.stops} stops; "
            "something else starts it"
        )
    return Stop()


def _step_from_rest(status: str, done: Done) -> Step:
    if done.start_visible:
        return Fail(f"it was stopped by somebody else while it started (status {status}); deploy again")
    if done.starts and done.start_may_lag:
        return Wait("the start is not visible yet")
    if done.starts >= STARTS_MAX:
        return Fail(f"it stays {status} although it was started {done.starts} times; deploy again")
    return Start()


def _step_from_failed(seen: Observation, done: Done) -> Step:
    failed = Fail(f"Rekognition could not start it: status FAILED{_told(seen)}")
    if done.start_visible:
        return failed
    if done.starts and done.start_may_lag:
        return Wait("the start is not visible yet")
    if (done.starts and done.start_certain) or done.starts + done.starts_refused >= STARTS_MAX:
        return failed
    return Start()


def step_to_stopped(seen: Observation, done: Done) -> Step:
    """The next step towards a model that bills nothing. It never fails: only time ends it."""
    if seen.status is None or seen.feature != CUSTOM_LABELS:
        return Finished()
    match seen.status:
        case Status.RUNNING:
            return Wait("the stop is not visible yet") if done.stop_may_lag else Stop()
        case Status.STARTING:
            # Whether a model that is starting can be stopped is not documented: try at every look.
            return Stop()
        case Status.STOPPING:
            return Wait("it is stopping")
        case status if status == Status.FAILED or status in _AT_REST:
            if done.starts and not done.start_visible and done.start_may_lag:
                return Wait("the start is not visible yet")
            # Whether FAILED bills is not documented either; one Stop costs nothing.
            return Stop() if status == Status.FAILED and not done.stops else Finished()
        case status:
            return Wait(f"its status {status} is unknown to this release")


def _told(seen: Observation) -> str:
    return f" ({seen.message})" if seen.message else ""
