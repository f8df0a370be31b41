"""Undoes what a create or an update did that has failed, or that CloudFormation has ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from running_model_handler.core.arn import ProjectVersionArn, with_stop_command
from running_model_handler.core.claim import Claim
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.state import ModelMemory
from running_model_handler.core.status import Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import CLAIM_FRESH_SECONDS, LAG_SECONDS, RIVAL_SECONDS, SETTLE_SECONDS
from running_model_handler.core.wanted import (
    RequestType,
    StackView,
    has_become,
    is_being_deleted,
    lives_with_another,
    must_stop_after_end,
)
from running_model_handler.reconcile import Guard, Reconciler
from running_model_handler.request import Declared, UpdateRequest
from running_model_handler.steps import Steps
from running_model_handler.worker import HandOverDue, RequestEnded, Worker

_logger = logging.getLogger("running_model")


class Undoing(Steps):
    """The way back of a create or an update, begun again at the top after every hand-over."""

    def __init__(
        self,
        worker: Worker,
        declared: Declared,
        former: UpdateRequest | None,
        guard: Guard,
        require_no_later_one: Callable[[], None],
    ) -> None:
        super().__init__(worker)
        self._declared = declared
        self._arn = declared.arn
        self._former = former
        self._guard = guard
        self._require_no_later_one = require_no_later_one
        self._noted_at = 0.0

    def undo(self, reason: str) -> str:
        """Undo what this request did; the reason, with what could not be undone."""
        worker = self.worker
        worker.timeout_seconds = None
        try:
            claim = worker.claim_or_none(self._arn)
            self._note_what_other_deliveries_did(claim)
            self._stop_what_the_first_has_left(claim)
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
            unexpected = f"unexpected {type(error).__name__}: {error}"
            return f"{reason}. Then: {with_stop_command(unexpected, self._arn)}"
        return reason

    def _note_what_other_deliveries_did(self, claim: Claim | None) -> None:
        """One may have been killed while it brought the former model back, another may be at it now."""
        state = self.worker.state
        if self._former is None and not state.hand_overs:
            # A try that found the claim written has not learned yet when the request was sent.
            self.worker.look_at_stack()
        if claim is None or claim.superseded(self.worker.envelope.digest):
            # What is to be brought back is a later request's by now.
            state.given_up_by_others = False
        if claim is not None and self.ownership.has(claim) and not state.ended:
            state.note_claimed(str(self._arn), self.worker.clock.now())

    def _stop_what_the_first_has_left(self, claim: Claim | None) -> None:
        """Stop the model if we gave it up to an owner who was first, and who is no more.

        While the claim was ours its create may have failed, and its Delete have left the model to us.
        """
        worker, arn = self.worker, self._arn
        if worker.state.stood_back_at or (claim is not None and self.ownership.stood_back_for(claim)):
            worker.state.stood_back_at = worker.state.stood_back_at or worker.clock.now()
            worker.pause(worker.state.stood_back_at + LAG_SECONDS - worker.clock.now())
            claim = self.worker.claim_or_none(arn)
            if claim is not None:
                self.stop_for_owner_who_is_gone(arn, claim)

    def _undo_failed(self) -> None:
        former, claimed = self._former, str(self._arn) in self.worker.state.claimed
        other = former.other if former is not None else None
        if former is not None and former.returns and other is not None:
            self.give_up(other, settle_seconds=SETTLE_SECONDS, guard=Guard(self._require_no_later_one))
        elif former is None or not former.returns:
            if claimed:
                self._give_up_declared()
            if other is not None:
                self._bring_back(other)
        else:
            self._note_given_up()
            self._require_not_done_by_others()
            self._bring_back(self._arn)

    def _require_not_done_by_others(self) -> None:
        """Raise ``RequestEnded`` if another delivery has resized the model, and answered, before the note.

        CloudFormation takes seconds to show that. The resource has the same model before and after.
        """
        worker = self.worker
        reconciler = Reconciler(
            worker, self._arn, worker.project(self._arn, self._declared.project_arn, None)
        )
        noted_at = worker.clock.now()
        while reconciler.observe().status in (Status.STARTING, Status.RUNNING):
            self._guard.before()
            if worker.clock.now() - noted_at >= LAG_SECONDS or worker.out_of_time():
                return
            worker.pause(3.0)

    def _note_given_up(self) -> None:
        claim = self.worker.claim_or_none(self._arn)
        if claim is not None:
            self.ownership.note_given_up(self._arn, claim)

    def _give_up_declared(self) -> None:
        arn = self._arn
        claim = self._claim_as_written()
        if claim is None or (claim.owner is not None and not self.ownership.has(claim)):
            # A later request of the resource, or another owner, has taken charge: it is theirs to stop.
            return
        if has_become(str(arn), self.worker.look_at_resource(self.worker.envelope.logical_id)):
            # What failed here, late or short of time, has been done by another delivery.
            return
        self.ownership.note_given_up(arn, claim)
        self._noted_at = self.worker.clock.now()
        if self._is_done_by_others(claim):
            return
        # Another delivery of this request may have sent a Start just now, and what is seen may lag.
        guard = Guard(self._note_given_up_unless_just_noted, now_and_then=self._note_given_up_at_rest)
        self.give_up(arn, settle_seconds=RIVAL_SECONDS, guard=guard)

    def _note_given_up_unless_just_noted(self) -> None:
        """Before each Stop: whoever has not seen the note would start the model again after it."""
        if self.worker.clock.now() - self._noted_at >= CLAIM_FRESH_SECONDS:
            self._note_given_up_again()

    def _note_given_up_at_rest(self) -> None:
        # As long as the model is not at rest there is time.
        if self.worker.state.model(str(self._arn)).settled_since:
            self._note_given_up_again()

    def _note_given_up_again(self) -> None:
        """Another delivery that had not seen the note may have written its claim over it."""
        claim, self._noted_at = self.worker.claim_or_none(self._arn), self.worker.clock.now()
        if claim is not None and self.ownership.note_given_up(self._arn, claim):
            self.worker.state.model(str(self._arn)).settled_since = 0.0

    def _claim_as_written(self) -> Claim | None:
        """The claim, once tags that lag have had time to show what this delivery has written."""
        worker = self.worker
        while True:
            read_at = worker.clock.now()
            claim = worker.claim_or_none(self._arn)
            shown = claim is None or self.ownership.has(claim) or worker.out_of_time()
            if shown or read_at - worker.state.claimed_at >= LAG_SECONDS:
                return claim
            worker.pause(1.0)

    def _is_done_by_others(self, claim: Claim) -> bool:
        """Whether another delivery succeeded just before it could see that this one has given up.

        CloudFormation takes seconds to show what it was answered.
        """
        worker, arn = self.worker, self._arn
        reconciler = Reconciler(worker, arn, self.project_or_none(arn, self._declared.project_arn, claim))
        noted_at = worker.clock.now()
        while reconciler.observe().status in (Status.STARTING, Status.RUNNING):
            if has_become(str(arn), worker.look_at_resource(worker.envelope.logical_id)):
                return True
            if worker.clock.now() - noted_at >= LAG_SECONDS or worker.out_of_time():
                break
            worker.pause(3.0)
        return False

    def _undo_ended(self) -> None:
        """Stop what was started for nobody. A model that lives on in its resource is for the next request."""
        worker, arn = self.worker, self._arn
        if worker.state.done_by_others:
            # Another look may show what was before that.
            return
        claimed_now = str(arn) in worker.state.claimed
        claim = self.worker.claim_or_none(arn)
        # What a try did that was killed is to be undone by the next one.
        if not claimed_now and (claim is None or not self.ownership.has(claim)):
            return
        view = self._view_once_certain()
        if claim is not None and claim.previous is not None and is_being_deleted(view.resource):
            project = worker.project(arn, self._declared.project_arn, claim)
            seen = Reconciler(worker, arn, project).observe()
            if claim.previous.units is not None and not seen.runs_with(claim.previous.units):
                # The Delete of this resource makes it again what the one that had it declares.
                return
        if claimed_now and claim is not None and lives_with_another(str(arn), view.resource):
            heir = self.ownership.heir(arn, claim)
            if heir is not None:
                # Taken late, for a create that had been cancelled, from a resource that lives on.
                self.hand_back(arn, claim, heir)
                return
        if not claimed_now and view.resource is not None and view.resource.physical_id == str(arn):
            # A late duplicate of a request that succeeded: the resource's later requests see to its model.
            return
        if self._must_stop_after_end(view):
            self.give_up(arn, guard=Guard(self._require_nobody_lives_on))

    def _require_nobody_lives_on(self) -> None:
        """Raise ``RequestEnded`` where the resource has got the model from a later request meanwhile."""
        view = self.worker.look_at_stack()
        if not self._must_stop_after_end(view):
            raise RequestEnded(view)

    def _must_stop_after_end(self, view: StackView) -> bool:
        former = self._former.physical_arn if self._former else None
        request_type = RequestType.CREATE if self._former is None else RequestType.UPDATE
        return must_stop_after_end(request_type, str(self._arn), str(former) if former else None, view)

    def _view_once_certain(self) -> StackView:
        """What CloudFormation shows, once it can't be from before another delivery of this has succeeded."""
        worker = self.worker
        while True:
            looked_at = worker.clock.now()
            view = worker.look_at_stack()
            old_enough = looked_at - worker.state.failed_at >= LAG_SECONDS or worker.out_of_time()
            if old_enough or not self._must_stop_after_end(view):
                return view
            worker.pause(3.0)

    def _bring_back(self, arn: ProjectVersionArn) -> None:
        """Start the former model, or the former size, that this request stopped.

        The start is sent but not waited for: the roll-back's own request does that, without a roll-back
        the model serves again as soon as it can.
        """
        worker, former = self.worker, self._former
        if former is None or not (worker.state.model(str(arn)).stops or worker.state.given_up_by_others):
            return
        claim = self.worker.claim_or_none(arn)
        if claim is None or not claim.is_of(worker.envelope.owner):
            return
        units = former.former_units
        if arn != self._arn and (units is None or former.former_arn != arn):
            # The old properties can't be read, or are not this model's: its claim tells what was declared.
            units = claim.units
        units = units or InferenceUnits(1)
        key = f"{arn} again"
        if key not in worker.state.models:
            worker.state.models[key] = ModelMemory()
            kept = worker.state.models[str(arn)]
            worker.state.models[str(arn)] = ModelMemory(stops=kept.stops)
        stopped = worker.state.models[str(arn)].stops > 0

        def before() -> None:
            self._guard.before()
            if not stopped and worker.is_overtaken:
                # Nothing of ours is to be brought back, and whoever is wanted now sees to it.
                raise RequestEnded(worker.look_at_stack())

        reconciler = Reconciler(worker, arn, worker.project(arn, None, claim))
        reconciler.to_running(units, replace(self._guard, before=before), until_accepted=True)
