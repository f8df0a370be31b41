"""What creating, updating and deleting share: the answer, and how a model is left."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn
from running_model_handler.core.claim import Claim, PreviousOwner
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.state import ModelMemory
from running_model_handler.core.waiting import CLAIM_FRESH_SECONDS, LAG_SECONDS
from running_model_handler.core.wanted import (
    RequestType,
    StackView,
    has_become,
    is_alive,
    is_under_way,
    may_have,
)
from running_model_handler.ownership import Ownership
from running_model_handler.reconcile import Guard, Reconciler
from running_model_handler.worker import RequestEnded, Worker

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


class Steps:
    """The steps that more than one kind of request takes."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.ownership = Ownership(worker)

    def project_or_none(
        self, arn: ProjectVersionArn, declared: ProjectArn | None, claim: Claim | None
    ) -> ProjectArn | None:
        """The project of a model that is to be stopped, which needs none: None where it can't be found."""
        try:
            return self.worker.project(arn, declared, claim)
        except (RequestFailed, ServiceError) as error:
            _logger.warning("project not found", extra={"model": str(arn), "problem": str(error)})
            return None

    def give_up(
        self,
        arn: ProjectVersionArn,
        *,
        settle_seconds: float = 0.0,
        guard: Guard | None = None,
        for_now: bool = False,
    ) -> None:
        """Leave a model that this request took: back to the resource that had it, or stopped and released.

        ``guard`` is what has to hold, or is to be done, while it is waited for the stop. ``for_now`` is that
        it is only to run no more: the claim stays, by which a Start that does not show yet can be undone.
        """
        claim = self.worker.claim_or_none(arn)
        if claim is None:
            return
        started_by_us = self.worker.state.model(str(arn)).may_run_by_us(claim)
        if not claim.is_of(self.worker.envelope.owner) and (claim.owner is not None or not started_by_us):
            return
        superseded = claim.owner is not None and claim.superseded(self.worker.envelope.digest)
        if superseded and not (started_by_us and self.is_left_to_us(arn)):
            # A later request of the resource has taken charge of it, and has not released it.
            return
        heir = self.ownership.heir(arn, claim)
        if heir is not None:
            if not for_now:
                self.hand_back(arn, claim, heir)
            return
        project = self.project_or_none(arn, None, claim)
        stopped = self.stop(arn, project, claim, settle_seconds=settle_seconds, guard=guard)
        if stopped and claim.owner is not None and not for_now:
            if guard is not None:
                # Where it had stopped before, nobody has asked yet.
                guard.before()
            self.ownership.release(arn, claim)

    def is_left_to_us(self, arn: ProjectVersionArn) -> bool:
        """Whether a later request of our resource that is in charge of a model does not want it.

        It may as well be a late one, which CloudFormation waits for no more.
        """
        resource = self.worker.look_at_resource(self.worker.envelope.logical_id)
        if resource is None or not is_alive(resource):
            return True
        return not is_under_way(resource) and resource.physical_id != str(arn)

    def stop(
        self,
        arn: ProjectVersionArn,
        project: ProjectArn | None,
        claim: Claim,
        *,
        settle_seconds: float = 0.0,
        guard: Guard | None = None,
    ) -> bool:
        """Stop a model that is ours, as its claim said just now; False if somebody has taken it meanwhile.

        A stop takes minutes: long enough for another delivery to end it and release the model, and for
        another resource, or a person, to start it. ``guard`` is what has to hold besides.
        """
        guard, still_ours = guard or Guard(), _StillOurs(self, arn, claim)

        def require() -> None:
            guard.before()
            still_ours.require()

        both = replace(guard, before=require)
        try:
            Reconciler(self.worker, arn, project).to_stopped(guard=both, settle_seconds=settle_seconds)
        except _TakenByOthers:
            _logger.info("left alone: it is another's by now", extra={"model": str(arn)})
            return False
        return True

    def stop_for_owner_who_is_gone(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """Stop a model that this request has given up to another owner, once that one is being deleted."""
        worker, owner = self.worker, self.ownership.stood_back_for(claim)
        if owner is None:
            return

        def require() -> None:
            now = self.worker.claim_or_none(arn)
            if now is None or now.owner != owner:
                raise _TakenByOthers
            if is_alive(worker.look_at_resource(owner.logical_id, owner.stack_id)):
                raise _TakenByOthers

        try:
            require()
            project = self.project_or_none(arn, None, claim)
            Reconciler(worker, arn, project).to_stopped(guard=Guard(require))
        except _TakenByOthers:
            return
        self.ownership.release(arn, claim)

    def hand_back(
        self,
        arn: ProjectVersionArn,
        claim: Claim,
        heir: PreviousOwner,
        *,
        settle_seconds: float = 0.0,
    ) -> None:
        """Make the model what the resource that had it declares, then make that resource the owner again.

        In this order, so that whoever goes on after a hand-over or a crash finds the claim still ours.
        """
        worker = self.worker

        def require() -> None:
            resource = worker.look_at_resource(heir.logical_id)
            if not may_have(str(arn), resource):
                raise RequestEnded(StackView(resource))

        def require_ours() -> None:
            require()
            now = self.worker.claim_or_none(arn)
            if now is None or not now.is_of(worker.envelope.owner):
                raise _TakenByOthers
            if not now.is_in_charge_still(claim, worker.envelope.digest):
                # Our own resource has another request by now, and it may want the model.
                raise _TakenByOthers

        def require_not_late() -> None:
            require_ours()
            if not worker.state.models[key].stops:
                self._require_not_late()

        reconciler = Reconciler(worker, arn, worker.project(arn, None, claim))
        key, memory = f"{arn} back", worker.state.model(str(arn))
        if key not in worker.state.models:
            worker.state.models[key] = ModelMemory(stops=memory.stops, stop_at=memory.stop_at)
            worker.state.models[str(arn)] = ModelMemory()
        if worker.state.models[key].stop_may_lag(worker.clock.now()):
            # What still shows may be from before our own Stop, and just what the heir declares.
            settle_seconds = max(settle_seconds, LAG_SECONDS)
        # A request that CloudFormation has ended starts nothing, except what it has stopped itself.
        may_start = not worker.state.ended or worker.state.models[key].stops > 0
        try:
            require()
            seen = reconciler.observe()
            as_declared = heir.units is None or (seen.runs_with(heir.units) and not settle_seconds)
            if may_start and heir.units is not None and not as_declared:
                guard = Guard(require_not_late, after=require)
                try:
                    reconciler.to_running(heir.units, guard, seen=seen, settle_seconds=settle_seconds)
                except _Late:
                    # The request that follows, a Delete or the roll-back's, finds the claim still ours.
                    _logger.info("not handed back: the request has ended", extra={"model": str(arn)})
                    return
                except RequestFailed:
                    # Whether it runs or not, the next who deals with it is the resource that declares it.
                    self.ownership.hand_back(arn, claim, heir)
                    raise
            require_ours()
            self.ownership.hand_back(arn, claim, heir)
            self._require_kept(arn, heir.logical_id)
        except _TakenByOthers:
            _logger.info("not handed back: taken meanwhile", extra={"model": str(arn)})
        except RequestEnded:
            self._stop_for_nobody(arn, reconciler, heir)

    def _require_not_late(self) -> None:
        """Raise ``_Late`` if CloudFormation has ended the request while calls had to be tried again."""
        if self.worker.envelope.request_type == RequestType.DELETE:
            # What a resource was before its update is deleted while the resource itself lives on.
            return
        try:
            self.worker.require_wanted()
        except RequestEnded:
            raise _Late from None

    def resume_hand_back(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """Go on, after a hand-over of the request, where the heir turned out to be going too."""
        worker = self.worker
        if f"{arn} back" not in worker.state.models or claim.owner is None:
            return
        try:
            self._require_kept(arn, claim.owner.logical_id)
        except RequestEnded:
            heir = PreviousOwner(claim.owner.logical_id, claim.units)
            self._stop_for_nobody(arn, Reconciler(worker, arn, worker.project(arn, None, claim)), heir)

    def _require_kept(self, arn: ProjectVersionArn, logical_id: str) -> None:
        """Raise ``RequestEnded`` if the heir goes, or has another model once it is at rest.

        An update that is under way, or its roll-back, looks at the model's claim but once.
        """
        worker = self.worker
        while True:
            resource = worker.look_at_resource(logical_id)
            if resource is None or not may_have(str(arn), resource):
                raise RequestEnded(StackView(resource))
            in_progress = resource.status.endswith("_IN_PROGRESS") and resource.physical_id != str(arn)
            if not in_progress or worker.out_of_time():
                return
            worker.pause_between_looks()

    def _stop_for_nobody(self, arn: ProjectVersionArn, reconciler: Reconciler, heir: PreviousOwner) -> None:
        """The heir is being deleted too, and its Delete may have come while the model was not its own."""
        claim, owner = self.worker.claim_or_none(arn), self.worker.envelope.owner
        if claim is None or claim.owner is None or claim.owner.stack_id != owner.stack_id:
            return
        if claim.owner == owner and has_become(str(arn), self.worker.look_at_resource(owner.logical_id)):
            # Our own resource has got it from a later request meanwhile.
            return
        if claim.owner.logical_id in (heir.logical_id, owner.logical_id):
            reconciler.to_stopped()
            self.ownership.release(arn, claim)


class _Late(Exception):
    """The request has ended, and what it has not stopped itself is not its to start."""


class _TakenByOthers(Exception):
    """The model that was to be stopped is no longer ours."""


class _StillOurs:
    """Asked before every Stop but one that follows right after the claim was read."""

    def __init__(self, steps: Steps, arn: ProjectVersionArn, claim: Claim) -> None:
        self._steps = steps
        self._claim = claim
        self._arn = arn
        self._read_at = steps.worker.clock.now()

    def require(self) -> None:
        """Raise if the model is claimed by others, or by nobody after a Stop of ours was accepted."""
        worker = self._steps.worker
        if worker.clock.now() - self._read_at < CLAIM_FRESH_SECONDS:
            return
        claim = worker.claim_or_none(self._arn)
        self._read_at = worker.clock.now()
        digest = worker.envelope.digest
        if claim is None:
            return
        if claim.is_of(worker.envelope.owner):
            if not claim.is_in_charge_still(self._claim, digest) and not self._steps.is_left_to_us(self._arn):
                raise _TakenByOthers
            return
        # What this delivery has started itself is its own to stop, whoever released the model meanwhile.
        memory = worker.state.model(str(self._arn))
        started = memory.may_run_by_us(claim)
        if claim.owner is None and claim.requests and not started:
            # Its history of requests shows that it was released, which is done once a model has stopped.
            raise _TakenByOthers
        if claim.superseded(digest) and not started:
            raise _TakenByOthers
        if claim.owner is not None or memory.stop_certain:
            raise _TakenByOthers
