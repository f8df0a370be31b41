"""Delete: stop the model, unless it is somebody else's by now."""

from __future__ import annotations

import logging

from running_model_handler.core.arn import ProjectVersionArn, with_stop_command
from running_model_handler.core.claim import Claim, PreviousOwner
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.names import Property
from running_model_handler.core.waiting import ANSWER_FRESH_SECONDS, LAG_SECONDS, SETTLE_SECONDS
from running_model_handler.core.wanted import StackView, is_being_deleted, lives_with
from running_model_handler.ownership import Superseded
from running_model_handler.request import DeleteRequest
from running_model_handler.steps import Answer, Steps
from running_model_handler.worker import HandOverDue, Worker

_logger = logging.getLogger("running_model")
_FORWARD_CLEAN_UP = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


class Deletion(Steps):
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
            return Answer(physical_id, with_stop_command(str(error), arn))
        except Exception as error:
            _logger.exception("unexpected error")
            return Answer(physical_id, with_stop_command(f"unexpected {type(error).__name__}: {error}", arn))
        return Answer(physical_id)

    def _delete(self, arn: ProjectVersionArn) -> None:
        owner = self._request.envelope.owner
        view, looked_at = self._view_or_none(), self.worker.clock.now()
        claim = self._claim_once_settled(arn, view)
        if claim is None:
            return
        if self.worker.clock.now() - looked_at >= ANSWER_FRESH_SECONDS:
            view = self._view_or_none()
        if claim.superseded(self._request.envelope.digest):
            raise Superseded
        if claim.was_released_by(self._request.envelope.digest):
            _logger.info("done by an earlier try", extra={"model": str(arn)})
            return
        if claim.owner is None and (claim.is_released or not self._was_ours(view)):
            # What runs although it was released has been started by somebody else since.
            _logger.info("left alone: unclaimed", extra={"model": str(arn)})
            return
        if claim.owner is not None and claim.owner != owner:
            _logger.info("left alone", extra={"model": str(arn), "owner": str(claim.owner)})
            if claim.owner.stack_id == owner.stack_id:
                self.ownership.settle_rename(arn, claim)
                self.resume_hand_back(arn, claim)
            return
        if self._lives_on(arn, view) or self._has_a_later_one(arn):
            raise Superseded
        heir = self._heir_once_certain(arn, claim)
        settle = SETTLE_SECONDS if self._may_be_started_yet(view) else 0.0
        if heir is not None:
            self.hand_back(arn, claim, heir, settle_seconds=settle)
            return
        project = self.project_or_none(arn, self._request.project_arn, claim)
        # Nothing to release where the claim is gone, and the claim was the permission to change the tags.
        if self.stop(arn, project, claim, settle_seconds=settle) and claim.owner is not None:
            self.ownership.release(arn, claim)

    def _heir_once_certain(self, arn: ProjectVersionArn, claim: Claim) -> PreviousOwner | None:
        """Who gets the model back, once what CloudFormation shows can't be from before this Delete.

        The whole stack may be being deleted, and the Delete of the resource that had the model have been
        answered already: there was nothing to stop for it then.
        """
        worker = self.worker
        while True:
            looked_at = worker.clock.now()
            heir = self.ownership.heir(arn, claim)
            had_time = looked_at - worker.state.started_at >= LAG_SECONDS
            if heir is None or had_time or worker.out_of_time():
                return heir
            worker.pause(min(3.0, worker.state.started_at + LAG_SECONDS - looked_at))

    def _may_be_started_yet(self, view: StackView | None) -> bool:
        """Whether a worker of the resource's create may still be at it, or have just started the model.

        That is so where it was never answered, and where it failed: another delivery of it learns of that
        late, and what the model shows may be from before its Start.
        """
        if self._request.never_answered:
            return True
        if view is None or "ROLLBACK" not in (view.stack_status or ""):
            return False
        try:
            return self._status_before() in (None, "CREATE_IN_PROGRESS", "CREATE_FAILED")
        except (RequestFailed, ServiceError) as error:
            _logger.warning("events not looked at", extra={"problem": str(error)})
            return True

    def _status_before(self) -> str | None:
        worker, envelope = self.worker, self._request.envelope
        return worker.attempt(
            lambda: worker.stacks.status_before_deletion(envelope.stack_id, envelope.logical_id)
        )

    def _lives_on(self, arn: ProjectVersionArn, view: StackView | None) -> bool:
        """Whether the resource is there again, or is being made anew: the Delete came late.

        No Delete is sent for what a resource is. What CloudFormation shows may be from before the Delete.
        """
        worker = self.worker
        began = looked_at = worker.clock.now()
        while view is not None and lives_with(str(arn), view.resource):
            if worker.out_of_time():
                return False
            # Counted from here on, and to the beginning of a look, which may take long.
            if looked_at - began >= LAG_SECONDS:
                return True
            worker.pause(1.0)
            looked_at = worker.clock.now()
            view = self._view_or_none()
        return False

    def _has_a_later_one(self, arn: ProjectVersionArn) -> bool:
        """Whether a later create of the resource, with the same model, is being deleted by now as well.

        Only a create that was never answered gets a physical id from CloudFormation, a new one each time;
        its Delete is the last request that has it. The later one's Delete finds all that this one would.
        """
        physical_id = self._request.envelope.physical_id
        if not self._request.never_answered or physical_id is None:
            return False
        try:
            event = self.worker.look_at_latest_event()
        except (RequestFailed, ServiceError) as error:
            _logger.warning("events not looked at", extra={"problem": str(error)})
            return False
        if event is None or not is_being_deleted(event) or not self.worker.is_overtaken:
            # What is shown may be from before this Delete, too: the one that failed, and is tried again.
            return False
        another = event.physical_id is not None and event.physical_id != physical_id
        return another and event.begun_with.get(Property.PROJECT_VERSION_ARN) == str(arn)

    def _view_or_none(self) -> StackView | None:
        """What CloudFormation says; a Delete does its work whether or not it can be asked."""
        try:
            return self.worker.look_at_stack()
        except (RequestFailed, ServiceError) as error:
            _logger.warning("stack not looked at", extra={"problem": str(error)})
            return None

    def _claim_once_settled(self, arn: ProjectVersionArn, view: StackView | None) -> Claim | None:
        """The claim, once it can't be one that is about to change, or that has changed already: tags lag."""
        worker, memory = self.worker, self.worker.state.model(str(arn))
        while True:
            claim = worker.claim_or_none(arn)
            if claim is None or not self._may_be_another(arn, claim, view):
                return claim
            memory.settled_since = memory.settled_since or worker.clock.now()
            if worker.clock.now() - memory.settled_since >= SETTLE_SECONDS or worker.out_of_time():
                return claim
            worker.pause_between_looks()

    def _may_be_another(self, arn: ProjectVersionArn, claim: Claim, view: StackView | None) -> bool:
        """Whether the claim may be another one than is shown.

        After a create that never answered, or failed, a worker of it may be about to write one. Of two stacks
        that claim a model at once, one writes the other's claim back. And in the clean-up of a rename, or of
        one that is rolled back, the claim that has just been written may not show yet.
        """
        envelope = self._request.envelope
        stack_status = (view.stack_status if view else None) or ""
        if claim.is_of(envelope.owner):
            return "CLEANUP" in stack_status and self._was_taken_over(arn)
        if self._request.never_answered:
            return True
        if claim.owner is None:
            # Another delivery of a create that has failed may just have claimed it, or this resource itself
            # after somebody had released it.
            return claim.is_released or stack_status not in ("DELETE_IN_PROGRESS", _FORWARD_CLEAN_UP)
        return claim.owner.stack_id != envelope.stack_id or stack_status != _FORWARD_CLEAN_UP

    def _was_taken_over(self, arn: ProjectVersionArn) -> bool:
        envelope, stacks = self._request.envelope, self.worker.stacks
        return self.worker.attempt(
            lambda: stacks.may_be_taken_over(envelope.stack_id, envelope.logical_id, str(arn))
        )

    def _was_ours(self, view: StackView | None) -> bool:
        """Whether an unclaimed model is ours all the same: its tags were removed by hand.

        A create that failed before its claim never had the model, whether it is rolled back or its stack is
        deleted later. Where the resource existed, CloudFormation's own record says that it was.
        """
        if self._request.never_answered or view is None or view.stack_status is None:
            return False
        before = self._status_before()
        if before is None:
            return "ROLLBACK" not in view.stack_status
        return not before.startswith("CREATE_") or before == "CREATE_COMPLETE"
