"""Create and update: bring the declared model to RUNNING, or undo what was done for it."""

from __future__ import annotations

import logging

from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.claim import Claim
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.names import Attribute, Property, ReplacementMode
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    SETTLE_SECONDS,
)
from running_model_handler.core.wanted import (
    Direction,
    RequestType,
    StackView,
    has_become,
    is_complete_with,
    is_expected,
    is_under_way,
)
from running_model_handler.ownership import GivenUp
from running_model_handler.reconcile import Guard, Reconciler
from running_model_handler.request import CreateRequest, Declared, UpdateRequest, directions_of
from running_model_handler.steps import Answer, Steps
from running_model_handler.undoing import Undoing
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
        undoing = Undoing(self.worker, self._declared, self._former, self._guard, self._require_no_later_one)
        return Answer(physical_id, undoing.undo(state.failure))

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
                self._give_up_other(to_give_up, settle_seconds=SETTLE_SECONDS)
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
            possible = directions_of(self._former, event.begun_with, event.begun_id)
            if is_expected(RequestType.UPDATE, event) and view.direction in possible:
                # What the events tell is certain; a status on its own may have been an older one.
                if not worker.state.begun_as or len(possible) == 1:
                    worker.state.begun_as = view.direction
                self._goes_back_for_certain = possible == {Direction.BACK}
                self._wanted_for_certain = len(possible) == 1
                if len(possible) > 1 or worker.state.begun_as == view.direction:
                    worker.note_start_of_request(event)
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
            if event is None:
                return False
            if is_expected(RequestType.CREATE, event):
                if directions_of(CreateRequest(worker.envelope, self._declared), event.begun_with):
                    return bool(event.begun_with)
            elif not worker.is_later_than_operation(event):
                # Of the resource's former life.
                return False
            worker.wait_for_news(StackView(event, event.stack_status), looked_at)

    def _require_wanted_anew(self) -> None:
        """The same, after calls had to be tried again: a resource can be deleted and made anew meanwhile."""
        self._require_wanted()
        if self._former is None:
            self._require_own_create()

    def _look_now_and_then(self) -> None:
        if self.worker.is_time_to_look_at_stack:
            self._require_wanted()

    def _require_in_charge(self) -> None:
        """Raise unless CloudFormation wants the model in this resource, and its claim says that we act."""
        self._require_wanted()
        self._require_not_overtaken(self.ownership.require_in_charge(self._arn))

    def _require_in_charge_unless_just_claimed(self) -> None:
        """The same, right before a Start: both answers have to be fresh, however often calls were tried."""
        worker = self.worker
        claim_read_at = worker.state.claimed_at
        while True:
            asked_at = worker.clock.now()
            self._require_wanted()
            if worker.clock.now() - claim_read_at >= CLAIM_FRESH_SECONDS:
                self._require_not_overtaken(self.ownership.require_in_charge(self._arn))
                claim_read_at = worker.clock.now()
            if worker.clock.now() - asked_at < ANSWER_FRESH_SECONDS or worker.out_of_time():
                return

    def _require_not_overtaken(self, claim: Claim) -> None:
        """Raise ``RequestEnded`` if what CloudFormation wants, just the same, it wants of a later request.

        ``claim`` shows the later one, which alone could be late itself; that the operation under way began
        after this request was delivered tells which of the two is.
        """
        if claim.superseded(self.worker.envelope.digest) and self.worker.is_overtaken:
            raise RequestEnded(self.worker.look_at_stack())

    def _require_not_ended(self) -> None:
        """Raise unless the request is wanted to its end, or has been answered by another delivery of it.

        CloudFormation is asked last: an answer that crosses the end of a request leaves the model running.
        """
        try:
            claim = self.ownership.require_in_charge(self._arn)
            self._require_wanted()
            if self._former is None and not self._wanted_for_certain:
                # The events may have been from before a later create when they were asked first.
                self._require_own_create()
            self._require_not_overtaken(claim)
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
            if self._former is None:
                self._wanted_for_certain = self._require_own_create()
            if worker.clock.now() - began >= CLAIM_FRESH_SECONDS:
                # Another delivery may have claimed it since, or even given up.
                read_from = worker.clock.now()
                claim = worker.claim(arn)
                if worker.clock.now() - read_from >= ANSWER_FRESH_SECONDS:
                    self._require_wanted_anew()
            self.ownership.take(
                arn,
                self._declared.units,
                claim,
                seen,
                wanted=self._require_wanted_anew,
                certain=self._wanted_for_certain,
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
        return self._former.other if self._former is not None else None

    @property
    def _returning(self) -> bool:
        return self._former is not None and self._former.returns

    def _stop_first(self, seen: Observation) -> bool:
        if self._returning:
            # There is no service to keep up unless ours runs, and the other one may hold its slot.
            return not seen.runs_with(self._declared.units) and seen.status != Status.RUNNING
        return self._declared.replacement is ReplacementMode.STOP_FIRST

    def _stop_other(self, other: ProjectVersionArn) -> None:
        if self._returning:
            self._give_up_other(other, for_now=True)
            return
        claim = self.worker.claim_or_none(other)
        if claim is None or not claim.is_of(self.worker.envelope.owner):
            return
        self.stop(other, self.worker.project(other, None, claim), claim, guard=self._guard)

    def _give_up_other(
        self, other: ProjectVersionArn, *, settle_seconds: float = 0.0, for_now: bool = False
    ) -> None:
        """Leave what the update that is rolled back had taken, unless a later update may take it again."""
        guard = Guard(self._require_no_later_one)
        self.give_up(other, settle_seconds=settle_seconds, guard=guard, for_now=for_now)

    def _require_no_later_one(self) -> None:
        """Raise ``RequestEnded`` if a later request of the resource is under way.

        Where none is, nobody else may ever deal with what this one leaves, be it late or not.
        """
        try:
            self._require_wanted()
        except RequestEnded as ended:
            if is_under_way(ended.view.resource):
                raise

    def _attributes(self, seen: Observation) -> dict[str, str]:
        units = self._declared.units
        return {
            Attribute.PROJECT_VERSION_ARN: str(self._arn),
            Attribute.STATUS: str(seen.status),
            Attribute.MIN_INFERENCE_UNITS: str(units.minimum),
            Attribute.MAX_INFERENCE_UNITS: str(units.effective_maximum),
            Attribute.ADOPTED: "true" if self.worker.state.adopted else "false",
        }
