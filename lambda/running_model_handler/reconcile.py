"""Brings one model to the state that is wanted: observe, act, observe again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from running_model_handler.absence import NotShown, find_unseen
from running_model_handler.core.arn import ProjectArn, ProjectVersionArn, stop_command, with_stop_command
from running_model_handler.core.errors import ErrorKind, RequestFailed, ServiceError
from running_model_handler.core.plan import (
    Done,
    Fail,
    Finished,
    Start,
    Step,
    Stop,
    Wait,
    step_to_running,
    step_to_stopped,
)
from running_model_handler.core.state import ModelMemory
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import ANSWER_FRESH_SECONDS, LAG_SECONDS, backoff_seconds
from running_model_handler.worker import Worker

_logger = logging.getLogger("running_model")


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Guard:
    """What has to hold before a model may be started, or stopped to be started again."""

    before: Callable[[], None] = _nothing
    """Asked right before a Start or a Stop; raises ``RequestEnded`` or ``RequestFailed``."""
    after: Callable[[], None] = _nothing
    """Asked right after a Start."""
    now_and_then: Callable[[], None] = _nothing
    """Asked while waiting."""


class Reconciler:
    """One model, the project that it is described by, and the worker that acts."""

    def __init__(self, worker: Worker, arn: ProjectVersionArn, project: ProjectArn | None) -> None:
        self._worker = worker
        self._arn = arn
        self._project = project

    @property
    def _memory(self) -> ModelMemory:
        return self._worker.state.model(str(self._arn))

    def observe(self) -> Observation:
        """One look."""
        return self._worker.observe(self._arn, self._project)

    def require_runnable(self, seen: Observation) -> None:
        """Raise ``RequestFailed`` if the model can't run, whatever is done; before anything is claimed."""
        step = step_to_running(seen, InferenceUnits(1), Done())
        if isinstance(step, Fail):
            raise RequestFailed(f"model {self._arn}: {step.reason}")

    def to_running(
        self,
        units: InferenceUnits,
        guard: Guard,
        *,
        seen: Observation | None = None,
        settle_seconds: float = 0.0,
        until_accepted: bool = False,
    ) -> Observation:
        """Return once the model runs with ``units``, or, ``until_accepted``, once its start was accepted.

        ``seen`` is a look taken just now. Raises ``RequestFailed`` when that can't be, or not in time.
        """
        worker, memory = self._worker, self._memory
        while True:
            seen = seen or self.observe()
            step = step_to_running(seen, units, memory.done(worker.clock.now()))
            self._log(seen, step, f"RUNNING with {units}")
            if isinstance(step, Finished) and self._settled(settle_seconds):
                return seen
            if until_accepted and memory.starts and memory.start_certain:
                return seen
            if isinstance(step, Fail):
                raise RequestFailed(f"model {self._arn}: {step.reason}")
            if not isinstance(step, Finished):
                memory.settled_since = 0.0
            if worker.out_of_time():
                raise RequestFailed(self._not_in_time(units, seen, step))
            if isinstance(step, Start | Stop):
                looked_at = worker.clock.now()
                guard.before()
                if worker.clock.now() - looked_at >= ANSWER_FRESH_SECONDS:
                    # Calls were tried again for so long that what was seen before says little.
                    seen = None
                    continue
            if isinstance(step, Start):
                self._start(units, seen)
                guard.after()
            elif isinstance(step, Stop):
                self._stop()
            else:
                guard.now_and_then()
            awaits_running = memory.awaits_running(seen, worker.clock.now())
            seen = None
            if isinstance(step, Finished):
                settled_in = memory.settled_since + settle_seconds - worker.clock.now()
                worker.pause_between_looks(at_most=settled_in)
            elif until_accepted and memory.starts and memory.start_certain:
                continue
            elif awaits_running:
                worker.pause_while_starting(self._arn)
            else:
                worker.pause_between_looks()

    def to_stopped(
        self,
        *,
        guard: Guard | None = None,
        seen: Observation | None = None,
        settle_seconds: float = 0.0,
    ) -> None:
        """Return once the model bills nothing; raises ``RequestFailed``, with the command that stops it."""
        try:
            self._to_stopped(guard or Guard(), seen, settle_seconds)
        except (RequestFailed, ServiceError) as error:
            raise RequestFailed(with_stop_command(str(error), self._arn)) from error

    def _to_stopped(self, guard: Guard, seen: Observation | None, settle_seconds: float) -> None:
        worker, memory = self._worker, self._memory
        while True:
            seen = seen or self.observe()
            if seen.status is None:
                seen = self._look_elsewhere()
            step = step_to_stopped(seen, memory.done(worker.clock.now()))
            self._log(seen, step, "STOPPED")
            if isinstance(step, Finished) and (self._settled(settle_seconds) or worker.out_of_time()):
                return
            if not isinstance(step, Finished):
                memory.settled_since = 0.0
            if worker.out_of_time():
                if isinstance(step, Stop) and not memory.stops:
                    # However late a request gets here: one Stop does more than a command in a reason.
                    with suppress(RequestFailed):
                        self._stop()
                raise RequestFailed(
                    f"model {self._arn} did not stop in time, its status is {seen.status}, and it goes on "
                    f"billing; stop it by hand: {stop_command(self._arn)}"
                )
            if isinstance(step, Stop):
                guard.before()
                self._stop()
                worker.count_neighbours()
            else:
                guard.now_and_then()
            seen = None
            if isinstance(step, Finished) and memory.settled_since:
                # What happens meanwhile shows at the end of it too.
                settled_in = memory.settled_since + settle_seconds - worker.clock.now()
                worker.pause(min(settled_in, LAG_SECONDS))
            elif memory.stop_at:
                worker.pause_while_stopping(self._arn)
            else:
                worker.pause_between_looks()

    def _look_elsewhere(self) -> Observation:
        """A version that its project does not show; raises ``RequestFailed`` if its state stays unknown."""
        try:
            self._project, seen = find_unseen(self._worker, self._arn, self._project)
        except NotShown as problem:
            # A Stop needs no project. Whether it had an effect can't be seen, so it is no success.
            with suppress(RequestFailed):
                self._stop()
            raise RequestFailed(with_stop_command(str(problem), self._arn)) from problem
        return seen

    def _start(self, units: InferenceUnits, seen: Observation) -> None:
        worker, memory = self._worker, self._memory
        before = seen.status or ""
        try:
            worker.models.start(self._arn, units)
        except ServiceError as error:
            if error.kind is ErrorKind.UNCERTAIN:
                memory.note_start(before, worker.clock.now(), certain=False)
            if error.kind is ErrorKind.CHANGED and seen.status == Status.FAILED:
                memory.starts_refused += 1
            self._judge(error, units)
            return
        memory.note_start(before, worker.clock.now(), certain=True)
        worker.state.denied_since = 0.0
        _logger.info("start accepted", extra={"model": str(self._arn), "units": str(units)})

    def _stop(self) -> None:
        worker = self._worker
        try:
            worker.models.stop(self._arn)
        except ServiceError as error:
            if error.kind is ErrorKind.UNCERTAIN:
                self._memory.note_stop(worker.clock.now())
            if error.kind is ErrorKind.INVALID:
                # Not documented as an answer to a wrong status, but nothing says that it is none.
                self._note_refusal(error)
                return
            self._judge(error, None)
            return
        self._memory.note_stop(worker.clock.now(), certain=True)
        _logger.info("stop accepted", extra={"model": str(self._arn)})

    def _judge(self, error: ServiceError, units: InferenceUnits | None) -> None:
        """Return where the next look will tell; raise ``RequestFailed`` where no try can succeed."""
        worker = self._worker
        match error.kind:
            case ErrorKind.THROTTLED | ErrorKind.UNCERTAIN | ErrorKind.DENIED:
                worker.absorb(error)
                worker.pause(backoff_seconds(worker.state.tries, worker.clock.chance()))
            case ErrorKind.CHANGED | ErrorKind.NOT_FOUND:
                self._note_refusal(error)
            case ErrorKind.QUOTA:
                raise RequestFailed(_quota_reason(self._arn, error)) from error
            case ErrorKind.INVALID if self._memory.starts:
                # The same values were taken before: it is the status that has changed.
                self._note_refusal(error)
            case ErrorKind.INVALID:
                declared = f" with {units} inference units" if units else ""
                raise RequestFailed(
                    f"Rekognition refuses {error.action} for {self._arn}{declared}: {error.message}"
                ) from error
            case _:
                raise RequestFailed(str(error)) from error

    def _note_refusal(self, error: ServiceError) -> None:
        self._worker.state.last_error = f"{error.action}: {error.code}"
        _logger.info("refused", extra={"action": error.action, "code": error.code, "model": str(self._arn)})
        if self._memory.stops == 0 and error.action.endswith("StopProjectVersion"):
            # A refused Stop is a try all the same: a FAILED model gets one, no more.
            self._memory.note_stop(0.0)

    def _settled(self, settle_seconds: float) -> bool:
        now = self._worker.clock.now()
        if not self._memory.settled_since:
            self._memory.settled_since = now
        return now - self._memory.settled_since >= settle_seconds

    def _not_in_time(self, units: InferenceUnits, seen: Observation, step: Step) -> str:
        waited = round((self._worker.clock.now() - self._worker.state.started_at) / 60)
        why = f" ({step.why})" if isinstance(step, Wait) else ""
        last = self._worker.state.last_error
        return (
            f"model {self._arn} does not run with {units} inference units after {waited} min: its status is "
            f"{seen.status}{why}"
            + (f"; last error {last}" if last else "")
            + "; give it more time (timeout, at most 55 min) or look at it in the console"
        )

    def _log(self, seen: Observation, step: Step, wanted: str) -> None:
        worker = self._worker
        _logger.info(
            "looked",
            extra={
                "model": str(self._arn),
                "observed": seen.status,
                "units": str(seen.units or ""),
                "wanted": wanted,
                "step": type(step).__name__,
                "seconds_left": round(worker.deadline - worker.clock.now()),
                "request": worker.envelope.digest,
                "resource": worker.envelope.logical_id,
            },
        )


def _quota_reason(arn: ProjectVersionArn, error: ServiceError) -> str:
    return (
        f"Rekognition refuses to start {arn} (LimitExceededException: {error.message}): a quota of the "
        "account is used up, 2 running models and 5 inference units each by default. Stop another running "
        "model or declare fewer units, raise the quota (Service Quotas, Rekognition), or, for a replacement, "
        "set replacement to STOP_FIRST"
    )
