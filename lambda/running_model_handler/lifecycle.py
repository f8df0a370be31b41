"""Create, update and delete of a running model: which steps a request takes, and how it is undone.

Every step looks at the world before it acts, so that a request which is delivered twice, or goes on in a
fresh invocation after a hand-over or a crash, begins again at the top and finds what is done already.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.claim import Claim, PreviousOwner
from running_model_handler.core.errors import ErrorKind, RequestFailed, ServiceError
from running_model_handler.core.names import Attribute, ReplacementMode
from running_model_handler.core.state import ModelMemory
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import SETTLE_SECONDS
from running_model_handler.core.wanted import Direction, RequestType, StackView, is_alive, must_stop_after_end
from running_model_handler.ownership import Ownership, Superseded
from running_model_handler.reconcile import Guard, Reconciler, stop_command
from running_model_handler.request import CreateRequest, Declared, DeleteRequest, Request, UpdateRequest
from running_model_handler.worker import HandOverDue, RequestEnded, Worker

_logger = logging.getLogger("running_model")


@dataclass(frozen=True, slots=True)
class Answer:
    """What CloudFormation is told."""

    physical_id: str
    reason: str = ""
    """Empty for success."""
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether the answer is SUCCESS."""
        return not self.reason


def handle(request: Request, worker: Worker) -> Answer:
    """Work on a request until it can be answered; raises ``HandOverDue`` when the invocation ends before."""
    match request:
        case CreateRequest():
            return _Bringing(worker, request.declared, former=None).handle(str(request.declared.arn))
        case UpdateRequest():
            return _Bringing(worker, request.declared, former=request).handle(_physical_id(request))
        case DeleteRequest():
            return _Deletion(worker, request).handle()


def _physical_id(request: UpdateRequest) -> str:
    return request.envelope.physical_id or str(request.declared.arn)


class _Models:
    """What creating, updating and deleting share."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.ownership = Ownership(worker)

    def claim_or_none(self, arn: ProjectVersionArn) -> Claim | None:
        """The claim on a version, None if there is no such version."""
        try:
            return self.worker.claim(arn)
        except ServiceError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise

    def give_up(self, arn: ProjectVersionArn, *, settle_seconds: float = 0.0) -> None:
        """Leave a model that this request took: back to the resource that had it, or stopped and released."""
        claim = self.claim_or_none(arn)
        if claim is None:
            return
        started_by_us = self.worker.state.model(str(arn)).starts > 0
        if not claim.is_of(self.worker.envelope.owner) and (claim.owner is not None or not started_by_us):
            return
        heir = self.ownership.heir(claim)
        if heir is not None:
            self.hand_back(arn, claim, heir)
            return
        project = self.worker.project(arn, None, claim)
        Reconciler(self.worker, arn, project).to_stopped(settle_seconds=settle_seconds)
        if claim.owner is not None:
            self.ownership.release(arn, claim)

    def hand_back(self, arn: ProjectVersionArn, claim: Claim, heir: PreviousOwner) -> None:
        """Make the former resource the owner again, and the model what that resource declares."""
        worker = self.worker
        self.ownership.hand_back(arn, claim, heir)
        if heir.units is None:
            return

        def require() -> None:
            resource = worker.look_at_resource(heir.logical_id)
            if not is_alive(resource):
                raise RequestEnded(StackView(resource))

        reconciler = Reconciler(worker, arn, worker.project(arn, None, claim))
        worker.state.models.pop(str(arn), None)
        seen = reconciler.observe()
        if seen.runs_with(heir.units):
            return
        reconciler.to_running(heir.units, Guard(require, lambda: None), seen=seen)


class _Bringing(_Models):
    """Create and update: bring the declared model to RUNNING, then deal with the former one."""

    def __init__(self, worker: Worker, declared: Declared, former: UpdateRequest | None) -> None:
        super().__init__(worker)
        self._declared = declared
        self._arn = declared.arn
        self._former = former
        self._guard = Guard(worker.require_wanted, worker.look_now_and_then)

    def handle(self, physical_id: str) -> Answer:
        """Succeed, or undo and fail."""
        state = self.worker.state
        if not state.failure:
            try:
                return self._pursue()
            except HandOverDue:
                raise
            except RequestEnded as ended:
                _logger.warning("request ended", extra={"view": str(ended.view)})
                state.ended = True
                state.failure = str(ended)
            except (RequestFailed, ServiceError) as error:
                state.failure = str(error)
            except Exception as error:
                _logger.exception("unexpected error")
                state.failure = f"unexpected {type(error).__name__}: {error}"
        return Answer(physical_id, self._undone(state.failure))

    # --- forward ------------------------------------------------------------------------------------

    def _pursue(self) -> Answer:
        worker, arn = self.worker, self._arn
        if self._former is not None and not worker.state.begun_as:
            worker.require_wanted()
        worker.timeout_seconds = self._declared.timeout_seconds
        reconciler, seen = self._take()
        other = self._other
        if other is not None and self._stop_first(seen):
            self._stop_other(other)
            seen = reconciler.observe()
        going_back = worker.state.begun_as == Direction.BACK
        seen = reconciler.to_running(
            self._declared.units,
            self._guard,
            seen=seen,
            # Whoever worked on the update that is being rolled back may still be at it.
            settle_seconds=SETTLE_SECONDS if going_back else 0.0,
        )
        self.ownership.verify(arn)
        if other is not None and self._returning:
            worker.timeout_seconds = None
            self.give_up(other, settle_seconds=SETTLE_SECONDS)
        return Answer(str(arn), data=self._attributes(seen))

    def _take(self) -> tuple[Reconciler, Observation]:
        """Find the declared model, judge whether it can run at all, and claim it."""
        worker, arn = self.worker, self._arn
        claim = self.claim_or_none(arn)
        project = worker.project(arn, self._declared.project_arn, claim)
        if project is None:
            raise RequestFailed(
                f"project {arn.project_name} does not exist in account {arn.account}, Region {arn.region}; "
                "check the ARN"
            )
        reconciler = Reconciler(worker, arn, project)
        seen = reconciler.observe()
        if claim is None or seen.status is None:
            raise RequestFailed(
                f"model {arn} does not exist (project {arn.project_name} has no version "
                f"{arn.version_name} with this ARN); check the ARN, it may have been deleted"
            )
        reconciler.require_runnable(seen)
        if str(arn) not in worker.state.claimed:
            self.ownership.take(arn, self._declared.units, claim, seen)
        worker.state.adopted = worker.state.adopted or claim.adopted
        return reconciler, seen

    @property
    def _other(self) -> ProjectVersionArn | None:
        """The model that the resource has, or tried to have, besides the declared one."""
        if self._former is None:
            return None
        for candidate in (self._former.physical_arn, self._former.former_arn):
            if candidate is not None and candidate != self._arn:
                return candidate
        return None

    @property
    def _returning(self) -> bool:
        """The resource has the declared model already; the other one is what a failed update tried.

        CloudFormation sends no Delete for that one (facts: roll-back of a replacement that failed, was
        cancelled or never answered).
        """
        return self._former is not None and self._former.physical_arn == self._arn

    def _stop_first(self, seen: Observation) -> bool:
        if self._returning:
            # There is no service to keep up unless ours runs, and the other one may hold its slot.
            return not seen.runs_with(self._declared.units) and seen.status != Status.RUNNING
        return self._declared.replacement is ReplacementMode.STOP_FIRST

    def _stop_other(self, other: ProjectVersionArn) -> None:
        if self._returning:
            self.give_up(other)
            return
        claim = self.claim_or_none(other)
        if claim is None or not claim.is_of(self.worker.envelope.owner):
            return
        project = self.worker.project(other, None, claim)
        Reconciler(self.worker, other, project).to_stopped(guard=self._guard)

    def _attributes(self, seen: Observation) -> dict[str, str]:
        units = self._declared.units
        return {
            Attribute.PROJECT_VERSION_ARN: str(self._arn),
            Attribute.STATUS: str(seen.status),
            Attribute.MIN_INFERENCE_UNITS: str(units.minimum),
            Attribute.MAX_INFERENCE_UNITS: str(units.effective_maximum),
            Attribute.ADOPTED: "true" if self.worker.state.adopted else "false",
        }

    # --- back ---------------------------------------------------------------------------------------

    def _undone(self, reason: str) -> str:
        """Undo what this request did; the reason, with what could not be undone."""
        worker = self.worker
        worker.timeout_seconds = None
        try:
            if worker.state.ended:
                self._undo_ended()
            else:
                self._undo_failed()
        except HandOverDue:
            raise
        except RequestEnded as ended:
            _logger.warning("request ended while it was undone", extra={"view": str(ended.view)})
        except (RequestFailed, ServiceError) as error:
            return f"{reason}. Then: {error}"
        except Exception as error:
            _logger.exception("unexpected error while undoing")
            return (
                f"{reason}. Then: unexpected {type(error).__name__}: {error}; if the model runs, stop it "
                f"by hand: {stop_command(self._arn)}"
            )
        return reason

    def _undo_failed(self) -> None:
        other, claimed = self._other, str(self._arn) in self.worker.state.claimed
        if self._returning and other is not None:
            self.give_up(other, settle_seconds=SETTLE_SECONDS)
        elif self._former is None or not self._returning:
            if claimed:
                self.give_up(self._arn)
            if other is not None:
                self._bring_back(other)
        else:
            self._bring_back(self._arn)

    def _undo_ended(self) -> None:
        """Stop what was started for nobody. A model that lives on in its resource is for the next request."""
        worker, arn = self.worker, self._arn
        if str(arn) not in worker.state.claimed:
            return
        view = worker.look_at_stack()
        former = self._former.physical_arn if self._former else None
        request_type = RequestType.CREATE if self._former is None else RequestType.UPDATE
        if must_stop_after_end(request_type, str(arn), str(former) if former else None, view):
            self.give_up(arn)

    def _bring_back(self, arn: ProjectVersionArn) -> None:
        """Start the former model, or the former size, that this request stopped.

        The start is sent but not waited for: the roll-back's own request does that, without a roll-back
        the model serves again as soon as it can.
        """
        worker, former = self.worker, self._former
        if former is None or former.former_units is None or not worker.state.model(str(arn)).stops:
            return
        claim = self.claim_or_none(arn)
        if claim is None or not claim.is_of(worker.envelope.owner):
            return
        key = f"{arn} again"
        if key not in worker.state.models:
            worker.state.models[key] = ModelMemory()
            kept = worker.state.models[str(arn)]
            worker.state.models[str(arn)] = ModelMemory(stops=kept.stops)
        reconciler = Reconciler(worker, arn, worker.project(arn, None, claim))
        reconciler.to_running(former.former_units, self._guard, until_accepted=True)


class _Deletion(_Models):
    """Delete: stop the model, unless it is somebody else's by now."""

    def __init__(self, worker: Worker, request: DeleteRequest) -> None:
        super().__init__(worker)
        self._request = request

    def handle(self) -> Answer:
        """Succeed once nothing bills any more; fail only when time or permissions run out."""
        arn = self._request.arn
        physical_id = self._request.envelope.physical_id or (str(arn) if arn else "none")
        if arn is None:
            _logger.info("nothing to stop: the request names no model of this account and Region")
            return Answer(physical_id)
        try:
            self._delete(arn)
        except HandOverDue:
            raise
        except Superseded:
            _logger.warning("delete delivered late", extra={"model": str(arn)})
        except (RequestFailed, ServiceError) as error:
            return Answer(physical_id, _with_command(str(error), arn))
        except Exception as error:
            _logger.exception("unexpected error")
            return Answer(physical_id, _with_command(f"unexpected {type(error).__name__}: {error}", arn))
        return Answer(physical_id)

    def _delete(self, arn: ProjectVersionArn) -> None:
        worker, owner = self.worker, self._request.envelope.owner
        view = self._view_or_none()
        claim = self._claim_once_settled(arn)
        if claim is None:
            return
        if claim.superseded(self._request.envelope.digest):
            raise Superseded
        if claim.owner is None and not self._was_ours(view):
            _logger.info("left alone: unclaimed", extra={"model": str(arn)})
            return
        if claim.owner is not None and claim.owner != owner:
            _logger.info("left alone", extra={"model": str(arn), "owner": str(claim.owner)})
            if claim.owner.stack_id == owner.stack_id:
                self.ownership.settle_rename(arn, claim)
            return
        heir = self.ownership.heir(claim)
        if heir is not None:
            self.hand_back(arn, claim, heir)
            return
        project = worker.project(arn, self._request.project_arn, claim)
        settle = SETTLE_SECONDS if self._request.never_answered else 0.0
        Reconciler(worker, arn, project).to_stopped(settle_seconds=settle)
        self.ownership.release(arn, claim)

    def _view_or_none(self) -> StackView | None:
        """What CloudFormation says; a Delete does its work whether or not it can be asked."""
        try:
            return self.worker.look_at_stack()
        except (RequestFailed, ServiceError) as error:
            _logger.warning("stack not looked at", extra={"problem": str(error)})
            return None

    def _claim_once_settled(self, arn: ProjectVersionArn) -> Claim | None:
        """The claim. After a create that never answered, its worker may be about to write one."""
        worker, memory = self.worker, self.worker.state.model(str(arn))
        while True:
            claim = self.claim_or_none(arn)
            if claim is None or claim.owner is not None or not self._request.never_answered:
                return claim
            memory.settled_since = memory.settled_since or worker.clock.now()
            if worker.clock.now() - memory.settled_since >= SETTLE_SECONDS:
                return claim
            worker.pause_between_looks()

    def _was_ours(self, view: StackView | None) -> bool:
        """Whether an unclaimed model is ours all the same: its tags were removed by hand.

        A create that failed before its claim is rolled back, and its model is not ours. Where the resource
        existed, CloudFormation's own record says that it was.
        """
        if self._request.never_answered or view is None or view.stack_status is None:
            return False
        return "ROLLBACK" not in view.stack_status and view.stack_status.startswith(("DELETE_", "UPDATE_"))


def _with_command(reason: str, arn: ProjectVersionArn) -> str:
    command = stop_command(arn)
    return reason if command in reason else f"{reason}. If the model runs, stop it by hand: {command}"
