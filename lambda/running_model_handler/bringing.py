"""Create and update: bring the declared model to RUNNING, or undo what was done for it."""

from __future__ import annotations

import logging

from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.claim import Claim
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.names import Attribute, ReplacementMode
from running_model_handler.core.state import ModelMemory
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.waiting import SETTLE_SECONDS
from running_model_handler.core.wanted import Direction, RequestType, is_expected, must_stop_after_end
from running_model_handler.reconcile import Guard, Reconciler, stop_command
from running_model_handler.request import Declared, UpdateRequest, is_of_another
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
        self._guard = Guard(self._require_wanted, worker.look_now_and_then)

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
        claim = self.claim_or_none(arn)
        if self._former is not None and not worker.state.begun_as:
            self._require_begun_now(claim)
        worker.timeout_seconds = self._declared.timeout_seconds
        reconciler, seen = self._take(claim)
        other = self._other
        if other is not None and self._stop_first(seen):
            self._stop_other(other)
            seen = reconciler.observe()
        seen = reconciler.to_running(
            self._declared.units,
            self._guard,
            seen=seen,
            # Whoever worked on the update that is being rolled back may still be at it.
            settle_seconds=SETTLE_SECONDS if self._going_back else 0.0,
        )
        self.ownership.verify(arn)
        if other is not None and self._returning:
            worker.timeout_seconds = None
            self.give_up(other, settle_seconds=SETTLE_SECONDS)
        return Answer(str(arn), data=self._attributes(seen))

    def _require_begun_now(self, claim: Claim | None) -> None:
        """Raise ``RequestEnded`` if this is a late try, or a duplicate, of an update that has ended.

        The resource is UPDATE_IN_PROGRESS in a roll-back too. An earlier try has left its direction in the
        claim; where there was none, a roll-back only goes to a model that the resource has had.
        """
        worker = self.worker
        worker.state.begun_as = (claim.begun_as(worker.envelope.digest) if claim else None) or ""
        self._require_wanted()
        had_before = self._returning or (claim is not None and claim.is_of(worker.envelope.owner))
        if self._going_back and not had_before:
            raise RequestEnded(worker.look_at_stack())

    def _require_wanted(self) -> None:
        """Raise ``RequestEnded`` unless CloudFormation still wants this model in this resource."""
        worker = self.worker
        worker.require_wanted()
        if self._former is None:
            return
        # A worker that was held up may have missed the roll-back, and find the next update.
        event = worker.look_at_latest_event()
        if event is None or not is_expected(RequestType.UPDATE, event):
            return
        if is_of_another(self._former, event.properties):
            raise RequestEnded(worker.look_at_stack())

    def _take(self, claim: Claim | None) -> tuple[Reconciler, Observation]:
        """Find the declared model, judge whether it can run at all, and claim it."""
        worker, arn = self.worker, self._arn
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
        # Asked of the tags, not of the memory: a hand-over may fall between the attempt and its success.
        if self.ownership.has(claim):
            worker.state.note_claimed(str(arn))
        else:
            self.ownership.take(arn, self._declared.units, claim, seen)
        worker.state.adopted = worker.state.adopted or claim.adopted
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
        claimed_now = str(arn) in worker.state.claimed
        if not claimed_now:
            # What a try did that was killed is to be undone by the next one.
            claim = self.claim_or_none(arn)
            if claim is None or not self.ownership.has(claim):
                return
        view = worker.look_at_stack()
        if not claimed_now and view.resource is not None and view.resource.physical_id == str(arn):
            # A late duplicate of a request that succeeded: the resource's later requests see to its model.
            return
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
