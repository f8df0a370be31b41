"""Takes, checks, hands back and releases the claim on a model."""

from __future__ import annotations

import logging
from collections.abc import Callable

from running_model_handler.core.arn import ProjectVersionArn
from running_model_handler.core.claim import (
    CLAIM_TAGS,
    Claim,
    Owner,
    PreviousOwner,
    claim_tags,
    with_request,
)
from running_model_handler.core.errors import ErrorKind, RequestFailed, ServiceError
from running_model_handler.core.names import Tag
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import LAG_SECONDS
from running_model_handler.core.wanted import is_alive, is_gone
from running_model_handler.worker import Worker

_PREVIOUS_TAGS = [str(Tag.PREVIOUS), str(Tag.PREVIOUS_UNITS)]
_logger = logging.getLogger("running_model")


class Superseded(RequestFailed):
    """A late duplicate: a later request has taken charge of the model since."""

    def __init__(self) -> None:
        super().__init__("a later request has taken charge of the model; this one was delivered late")


class Ownership:
    """The claims of the resource that a request is about."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @property
    def _owner(self) -> Owner:
        return self._worker.envelope.owner

    @property
    def _digest(self) -> str:
        return self._worker.envelope.digest

    def has(self, claim: Claim) -> bool:
        """Whether a claim is what ``take`` writes for this request."""
        return claim.is_held_by(self._owner, self._digest)

    def take(
        self,
        arn: ProjectVersionArn,
        units: InferenceUnits,
        claim: Claim,
        seen: Observation,
    ) -> None:
        """Make the model ours and read it back; raises ``RequestFailed`` with the owner's name if it is not.

        ``claim`` is what its tags say now. A model that runs unclaimed is adopted.
        """
        worker = self._worker
        if claim.superseded(self._digest):
            raise Superseded
        previous, adopted = claim.previous, claim.adopted
        if claim.owner != self._owner:
            previous = self._previous_owner(claim.owner, claim) if claim.owner else None
            started_by_us = worker.state.model(str(arn)).starts > 0
            runs = seen.status in (Status.RUNNING, Status.STARTING)
            adopted = previous is None and runs and not started_by_us
        tags = claim_tags(
            self._owner,
            units,
            project_created=worker.state.project_arns.get(str(arn)),
            previous=previous,
            adopted=adopted,
            requests=self._history(claim),
        )
        # Noted before the call: what it may have done has to be undone, should its answer be lost.
        worker.state.note_claimed(str(arn))
        worker.attempt(lambda: worker.models.tag(arn, tags))
        self._read_back(arn, claim.owner)
        worker.state.adopted = adopted
        _logger.info("claimed", extra={"model": str(arn), "owner": str(self._owner), "adopted": adopted})

    def verify(self, arn: ProjectVersionArn) -> None:
        """Raise ``RequestFailed`` if somebody else has claimed the model since we did."""
        owner = self._worker.claim(arn).owner
        if owner is not None and owner != self._owner:
            raise RequestFailed(f"{owner} has claimed model {arn} meanwhile; declare it in one place only")

    def release(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """Give the claim up. The history of requests stays, so that a late duplicate is known as one."""
        models = self._worker.models
        history = {str(Tag.REQUESTS): " ".join(self._history(claim))}
        try:
            self._while_ours(arn, lambda: models.tag(arn, history))
            self._while_ours(arn, lambda: models.untag(arn, [str(tag) for tag in CLAIM_TAGS]))
        except ServiceError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                _logger.warning("claim not released", extra={"model": str(arn), "problem": str(error)})
        except RequestFailed as error:
            # The model has stopped, that is what counts; a claim whose stack is gone can be taken over.
            _logger.warning("claim not released", extra={"model": str(arn), "problem": str(error)})

    def _history(self, claim: Claim) -> tuple[str, ...]:
        return with_request(claim.requests, self._digest, self._worker.state.begun_as)

    def _while_ours(self, arn: ProjectVersionArn, call: Callable[[], None]) -> None:
        """Call, unless another request of ours has released the model: its tags were the permission."""

        def call_if_ours() -> None:
            try:
                call()
            except ServiceError as error:
                if error.kind is not ErrorKind.DENIED or self._worker.claim(arn).is_of(self._owner):
                    raise

        self._worker.attempt(call_if_ours)

    def settle_rename(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """The former resource is gone for good: its successor no longer has to hand the model back."""
        if claim.previous is not None and claim.previous.logical_id == self._owner.logical_id:
            self._worker.attempt(lambda: self._worker.models.untag(arn, _PREVIOUS_TAGS))

    def heir(self, claim: Claim) -> PreviousOwner | None:
        """The resource that gets the model back, if it is still part of the stack and stays so."""
        if claim.previous is None or not claim.is_of(self._owner):
            return None
        worker = self._worker
        status = worker.attempt(lambda: worker.stacks.stack_status(self._owner.stack_id))
        if status is None or status.startswith("DELETE_"):
            return None
        return claim.previous if is_alive(worker.look_at_resource(claim.previous.logical_id)) else None

    def hand_back(self, arn: ProjectVersionArn, claim: Claim, heir: PreviousOwner) -> None:
        """Make the former resource of the same stack the owner again."""
        tags = {
            str(Tag.LOGICAL_ID): heir.logical_id,
            str(Tag.REQUESTS): " ".join(self._history(claim)),
        }
        if heir.units is not None:
            tags[str(Tag.UNITS)] = str(heir.units)
        models = self._worker.models
        self._worker.attempt(lambda: models.tag(arn, tags))
        self._worker.attempt(lambda: models.untag(arn, _PREVIOUS_TAGS))
        _logger.info("handed back", extra={"model": str(arn), "owner": heir.logical_id})

    def _previous_owner(self, owner: Owner, claim: Claim) -> PreviousOwner | None:
        """Who hands the model over, None if nobody is left; raises ``RequestFailed`` if it stays theirs."""
        worker = self._worker
        resource = worker.look_at_resource(owner.logical_id, owner.stack_id)
        if is_gone(resource):
            return None
        if owner.stack_id != self._owner.stack_id:
            raise RequestFailed(
                f"the model belongs to {owner}, stack id {owner.stack_id}; declare it in one stack only, "
                "or remove it there first"
            )
        stack_status = worker.attempt(lambda: worker.stacks.stack_status(owner.stack_id)) or ""
        if stack_status.startswith("CREATE_") or (
            resource is not None and resource.status == "CREATE_IN_PROGRESS"
        ):
            raise RequestFailed(
                f"resource {owner.logical_id} of the same stack declares the same model; declare it once"
            )
        # A rename, or two resources that swap their models: the former owner's Delete or Update follows.
        return PreviousOwner(owner.logical_id, claim.units)

    def _read_back(self, arn: ProjectVersionArn, before: Owner | None) -> None:
        worker = self._worker
        until = worker.clock.now() + LAG_SECONDS
        while True:
            claim = worker.claim(arn)
            if self.has(claim):
                return
            if claim.owner not in (None, before, self._owner):
                raise RequestFailed(f"{claim.owner} claimed model {arn} at the same time; declare it once")
            if worker.clock.now() >= until:
                raise RequestFailed(
                    f"the ownership tags of model {arn} do not show {LAG_SECONDS:.0f} s after they were "
                    "written; deploy again"
                )
            worker.pause(0.5)
