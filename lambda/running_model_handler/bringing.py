"""Create and update: bring the declared model to RUNNING, or undo what was done for it."""

from __future__ import annotations

import logging

from running_model_handler.core.arn import ProjectVersionArn, with_stop_command
from running_model_handler.core.claim import Claim
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.names import Attribute, Property, ReplacementMode
from running_model_handler.core.state import ModelMemory
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    LAG_SECONDS,
    RIVAL_SECONDS,
    SETTLE_SECONDS,
)
from running_model_handler.core.wanted import (
    Direction,
    RequestType,
    StackView,
    has_become,
    is_being_deleted,
    is_complete_with,
    is_expected,
    must_stop_after_end,
)
from running_model_handler.ownership import GivenUp
from running_model_handler.reconcile import Guard, Reconciler
from running_model_handler.request import CreateRequest, Declared, UpdateRequest, directions_of
from running_model_handler.steps import Answer, Steps
from running_model_handler.worker import HandOverDue, RequestEnded, Worker

_logger = logging.getLogger("running_model")


class Bringing(Steps):
    """Create and update: bring the declared model to RUNNING, then deal with the former one."""

    def __init__(self, worker: Worker, declared: Declared, former: UpdateRequest | None) -> None:
        super().__init__(worker)
        self._declared = declared
        self._arn = declared.arn
        self._former = former
        self._goes_back_for_certain = False
        self._wanted_for_certain = False
        self._guard = Guard(
            self._require_in_charge_unless_just_claimed, self._require_in_charge, self._look_now_and_then
        )

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
                state.done_by_others = has_become(str(self._arn), ended.view.resource)
                state.failure = str(ended)
            except (RequestFailed, ServiceError) as error:
                state.given_up_by_others = isinstance(error, GivenUp)
                state.failure = str(error)
            except Exception as error:
                _logger.exception("unexpected error")
                state.failure = f"unexpected {type(error).__name__}: {error}"
            state.failed_at = self.worker.clock.now()
        return Answer(physical_id, self._undone(state.failure))

    # --- forward ------------------------------------------------------------------------------------

    def _pursue(self) -> Answer:
        worker, arn = self.worker, self._arn
        claim = self.worker.claim_or_none(arn)
        if self._former is not None and not worker.state.begun_as:
            self._require_begun_now(claim)
        worker.timeout_seconds = self._declared.timeout_seconds
        reconciler, seen = self._take(claim)
        other = self._other
        if other is not None and self._stop_first(seen):
            self._stop_other(other)
            seen = reconciler.observe()
        settle_seconds = SETTLE_SECONDS if self._others_may_be_at_it() else 0.0
        look: Observation | None = seen
        to_give_up = other if self._returning else None
        while True:
            seen = reconciler.to_running(
                self._declared.units, self._guard, seen=look, settle_seconds=settle_seconds
            )
            seen_at = worker.clock.now()
            worker.note_start_seconds(arn)
            self._require_not_ended()
            if to_give_up is not None:
                worker.timeout_seconds = None
                self.give_up(to_give_up, settle_seconds=SETTLE_SECONDS)
                to_give_up, settle_seconds = None, 0.0
            if worker.clock.now() - seen_at < ANSWER_FRESH_SECONDS or worker.out_of_time():
                break
            # Minutes may have passed, or calls been tried again: what was seen before says little.
            look = None
        return Answer(str(arn), data=self._attributes(seen))

    def _others_may_be_at_it(self) -> bool:
        """Whether another request may stop the model, which has not yet seen that it is this one's.

        That is whoever worked on the update that is being rolled back, and an update of the resource that
        had the model before.
        """
        return self._going_back or self.ownership.taken_from is not None

    def _require_begun_now(self, claim: Claim | None) -> None:
        """Raise ``RequestEnded`` if this is a late try, or a duplicate, of an update that has ended.

        The resource is UPDATE_IN_PROGRESS in a roll-back too. An earlier try has left its direction in the
        claim; where there was none, a roll-back only goes to a model that the resource has had.
        """
        worker = self.worker
        worker.state.begun_as = (claim.begun_as(worker.envelope.digest) if claim else None) or ""
        self._require_wanted()
        had_before = self._returning or (claim is not None and claim.is_of(worker.envelope.owner))
        if self._going_back and not had_before and not self._goes_back_for_certain:
            raise RequestEnded(worker.look_at_stack())

    def _require_wanted(self) -> None:
        """Raise ``RequestEnded`` unless CloudFormation still wants this model in this resource."""
        worker = self.worker
        if self._former is None:
            worker.require_wanted()
            return
        while True:
            looked_at = worker.clock.now()
            event = worker.look_at_latest_event()
            if event is None or event.stack_status is None:
                worker.require_wanted()
                if event is None or not is_expected(RequestType.UPDATE, event):
                    return
                if not directions_of(self._former, event.properties):
                    raise RequestEnded(worker.look_at_stack())
                return
            view = StackView(event, event.stack_status)
            possible = directions_of(self._former, event.begun_with)
            if is_expected(RequestType.UPDATE, event) and view.direction in possible:
                # What the events tell is certain; a status on its own may have been an older one.
                if not worker.state.begun_as or len(possible) == 1:
                    worker.state.begun_as = view.direction
                self._goes_back_for_certain = possible == {Direction.BACK}
                self._wanted_for_certain = len(possible) == 1
                if len(possible) > 1 or worker.state.begun_as == view.direction:
                    return
            worker.wait_for_news(view, looked_at)

    def _require_own_create(self) -> bool:
        """Raise ``RequestEnded`` if the resource is being created by a later request for another model.

        Whether the events prove that what is being created is what this request declares.
        """
        worker = self.worker
        while True:
            looked_at = worker.clock.now()
            event = worker.look_at_latest_event()
            if event is None or not is_expected(RequestType.CREATE, event):
                return False
            if directions_of(CreateRequest(worker.envelope, self._declared), event.begun_with):
                return bool(event.begun_with)
            worker.wait_for_news(StackView(event, event.stack_status), looked_at)

    def _look_now_and_then(self) -> None:
        if self.worker.is_time_to_look_at_stack:
            self._require_wanted()

    def _require_in_charge(self) -> None:
        """Raise unless CloudFormation wants the model in this resource, and its claim says that we act."""
        self._require_wanted()
        self.ownership.require_in_charge(self._arn)

    def _require_in_charge_unless_just_claimed(self) -> None:
        """The same, right before a Start: both answers have to be fresh, however often calls were tried."""
        worker = self.worker
        claim_read_at = worker.state.claimed_at
        while True:
            asked_at = worker.clock.now()
            self._require_wanted()
            if worker.clock.now() - claim_read_at >= CLAIM_FRESH_SECONDS:
                self.ownership.require_in_charge(self._arn)
                claim_read_at = worker.clock.now()
            if worker.clock.now() - asked_at < ANSWER_FRESH_SECONDS or worker.out_of_time():
                return

    def _require_not_ended(self) -> None:
        """Raise unless the request is wanted to its end, or has been answered by another delivery of it.

        CloudFormation is asked last: an answer that crosses the end of a request leaves the model running.
        """
        try:
            self.ownership.require_in_charge(self._arn)
            self._require_wanted()
        except RequestEnded as ended:
            if not is_complete_with(str(self._arn), ended.view.resource):
                raise

    def _take(self, claim: Claim | None) -> tuple[Reconciler, Observation]:
        """Find the declared model, judge whether it can run at all, and claim it."""
        worker, arn = self.worker, self._arn
        began = worker.clock.now()
        project = worker.project(arn, self._declared.project_arn, claim)
        if project is None:
            raise RequestFailed(
                f"project {arn.project_name} does not exist in account {arn.account}, Region {arn.region}; "
                "check the ARN"
            )
        reconciler = Reconciler(worker, arn, project)
        seen = reconciler.observe()
        if claim is not None and seen.status is None and self._declared.project_arn is None:
            # The tag that names the project can have been edited.
            reconciler = Reconciler(worker, arn, worker.look_up_project(arn))
            seen = reconciler.observe()
        if claim is not None and seen.status is None and self._declared.project_arn is not None:
            raise RequestFailed(
                f"model {arn} exists, but {Property.PROJECT_ARN} {self._declared.project_arn} does not show "
                "it; correct it, or omit it to have the project looked up"
            )
        if claim is None or seen.status is None:
            raise RequestFailed(
                f"model {arn} does not exist (project {arn.project_name} has no version "
                f"{arn.version_name} with this ARN); check the ARN, it may have been deleted"
            )
        looked_at = worker.clock.now()
        reconciler.require_runnable(seen)
        # Asked of the tags, not of the memory: a hand-over may fall between the attempt and its success.
        if self.ownership.has(claim):
            worker.state.note_claimed(str(arn), worker.clock.now())
            self.ownership.taken_from = claim.previous
            self.ownership.require_not_given_up(claim)
        else:
            # A late delivery claims nothing, not even for a moment.
            self._require_wanted()
            certain = self._wanted_for_certain
            if self._former is None:
                certain = self._require_own_create()
            if worker.clock.now() - began >= CLAIM_FRESH_SECONDS:
                # Another delivery may have claimed it since, or even given up.
                read_from = worker.clock.now()
                claim = worker.claim(arn)
                if worker.clock.now() - read_from >= ANSWER_FRESH_SECONDS:
                    self._require_wanted()
            self.ownership.take(
                arn, self._declared.units, claim, seen, wanted=self._require_wanted, certain=certain
            )
        worker.state.adopted = worker.state.adopted or claim.adopted
        if worker.clock.now() - looked_at >= ANSWER_FRESH_SECONDS:
            seen = reconciler.observe()
        return reconciler, seen

    @property
    def _going_back(self) -> bool:
        """Whether this request began while the stack was being rolled back."""
        return self.worker.state.begun_as == Direction.BACK

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
        claim = self.worker.claim_or_none(other)
        if claim is None or not claim.is_of(self.worker.envelope.owner):
            return
        self.stop(other, self.worker.project(other, None, claim), claim, guard=self._guard)

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
        if state.given_up_by_others and not state.hand_overs:
            # Nothing has told yet when the request was sent.
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
        other, claimed = self._other, str(self._arn) in self.worker.state.claimed
        if self._returning and other is not None:
            self.give_up(other, settle_seconds=SETTLE_SECONDS)
        elif self._former is None or not self._returning:
            if claimed:
                self._give_up_declared()
            if other is not None:
                self._bring_back(other)
        else:
            self._note_given_up()
            self._bring_back(self._arn)

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
        if self._is_done_by_others(claim):
            return
        # Another delivery of this request may have sent a Start just now, and what is seen may lag.
        self.give_up(arn, settle_seconds=RIVAL_SECONDS, now_and_then=self._note_given_up_again)

    def _note_given_up_again(self) -> None:
        """Another delivery that had not seen the note may have written its claim over it."""
        memory = self.worker.state.model(str(self._arn))
        if not memory.settled_since:
            # As long as the model is not at rest there is time.
            return
        claim = self.worker.claim_or_none(self._arn)
        if claim is not None and self.ownership.note_given_up(self._arn, claim):
            memory.settled_since = 0.0

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
        if not claimed_now and view.resource is not None and view.resource.physical_id == str(arn):
            # A late duplicate of a request that succeeded: the resource's later requests see to its model.
            return
        if self._must_stop_after_end(view):
            self.give_up(arn)

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
        reconciler = Reconciler(worker, arn, worker.project(arn, None, claim))
        reconciler.to_running(units, self._guard, until_accepted=True)
