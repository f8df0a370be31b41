"""What creating, updating and deleting share: the answer, and how a model is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.claim import Claim, PreviousOwner
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.wanted import StackView, is_alive
from running_model_handler.ownership import Ownership
from running_model_handler.reconcile import Guard, Reconciler
from running_model_handler.worker import RequestEnded, Worker


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

        def require() -> None:
            resource = worker.look_at_resource(heir.logical_id)
            if not is_alive(resource):
                raise RequestEnded(StackView(resource))

        reconciler = Reconciler(worker, arn, worker.project(arn, None, claim))
        worker.state.models.pop(str(arn), None)
        try:
            require()
            seen = reconciler.observe()
            if heir.units is not None and not seen.runs_with(heir.units):
                reconciler.to_running(heir.units, Guard(require, lambda: None), seen=seen)
        except RequestEnded:
            self._stop_for_nobody(arn, reconciler, heir)

    def _stop_for_nobody(self, arn: ProjectVersionArn, reconciler: Reconciler, heir: PreviousOwner) -> None:
        """The heir is being deleted too, and its Delete may have come while the model was not its own."""
        claim = self.claim_or_none(arn)
        if claim is None or claim.owner is None or claim.owner.stack_id != self.worker.envelope.stack_id:
            return
        if claim.owner.logical_id == heir.logical_id:
            reconciler.to_stopped()
            self.ownership.release(arn, claim)
