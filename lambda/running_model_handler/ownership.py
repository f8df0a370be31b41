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
    read_claim,
    with_note,
    with_request,
)
from running_model_handler.core.errors import ErrorKind, RequestFailed, ServiceError
from running_model_handler.core.names import Tag
from running_model_handler.core.status import Observation, Status
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import ANSWER_FRESH_SECONDS, LAG_SECONDS, RIVAL_SECONDS
from running_model_handler.core.wanted import ResourceView, is_gone, may_have
from running_model_handler.worker import Worker

_PREVIOUS_TAGS = [str(Tag.PREVIOUS), str(Tag.PREVIOUS_UNITS)]
_logger = logging.getLogger("running_model")


class Superseded(RequestFailed):
    """A late duplicate: a later request has taken charge of the model since."""

    def __init__(self) -> None:
        super().__init__("a later request has taken charge of the model; this one was delivered late")


class GivenUp(RequestFailed):
    """Another delivery of the same request has failed, and undoes what was done."""

    def __init__(self) -> None:
        super().__init__(
            "an earlier try of this request failed and was undone; its reason is in the function's log, "
            "deploy again"
        )


class _ClaimChanged(Exception):
    """Another owner has claimed the model while the tags could not be written."""

    def __init__(self, claim: Claim) -> None:
        super().__init__()
        self.claim = claim


class Ownership:
    """The claims of the resource that a request is about."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.taken_from: PreviousOwner | None = None
        """The resource of the same stack that had the model before, and may live on."""

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
        *,
        wanted: Callable[[], None],
        certain: bool = False,
    ) -> None:
        """Make the model ours and read it back; raises ``RequestFailed`` with the owner's name if it is not.

        ``claim`` is what its tags say now. A model that runs unclaimed is adopted. ``wanted`` is asked before
        the tags are written once more, should the first try have failed: minutes may have passed. ``certain``
        is that CloudFormation wants just this now: whoever has taken charge since is late, or wants the same.
        """
        worker = self._worker
        began = worker.clock.now()
        if claim.superseded(self._digest) and not certain:
            raise Superseded
        if claim.given_up(self._digest):
            raise GivenUp
        previous, adopted = claim.previous, claim.adopted
        if claim.owner != self._owner:
            previous = self._previous_owner(claim.owner, claim) if claim.owner else None
            started_by_us = worker.state.model(str(arn)).starts > 0
            runs = seen.status in (Status.RUNNING, Status.STARTING)
            adopted = previous is None and runs and not started_by_us
        self.taken_from = previous
        tags = claim_tags(
            self._owner,
            units,
            project_created=worker.state.project_arns.get(str(arn)),
            previous=previous,
            adopted=adopted,
            requests=self._history(claim),
        )
        # Noted before the call: what it may have done has to be undone, should its answer be lost.
        worker.state.note_claimed(str(arn), worker.clock.now())
        tries = 0

        def write() -> None:
            nonlocal tries
            tries += 1
            if tries > 1 or worker.clock.now() - began >= ANSWER_FRESH_SECONDS:
                wanted()
                now = worker.claim(arn)
                if now.owner not in (claim.owner, self._owner):
                    raise _ClaimChanged(now)
            worker.models.tag(arn, tags)

        try:
            worker.attempt(write)
        except _ClaimChanged as changed:
            self.take(arn, units, changed.claim, seen, wanted=wanted, certain=certain)
            return
        former = Owner(self._owner.stack_id, previous.logical_id) if previous else None
        shown = self._read_back(arn, {None, self._owner, claim.owner, former})
        worker.state.adopted = adopted
        if not self.has(shown) and not worker.out_of_time():
            # Another request of this resource wrote at the same time, and has not seen our claim.
            wanted()
            self.take(arn, units, shown, seen, wanted=wanted, certain=certain)
            return
        _logger.info("claimed", extra={"model": str(arn), "owner": str(self._owner), "adopted": adopted})

    def require_in_charge(self, arn: ProjectVersionArn) -> Claim:
        """The claim; raises ``RequestFailed`` if the model is no longer this request's to start or to stop.

        That another request of the same resource has written itself into the claim since is no reason: which
        of the two is late is for CloudFormation to say.
        """
        worker = self._worker
        began = worker.clock.now()
        while True:
            claim = worker.claim(arn)
            self.require_not_given_up(claim)
            released = bool(claim.requests) and not claim.was_released_by(self._digest)
            if claim.owner == self._owner or (claim.owner is None and not released):
                return claim
            # Tags may still show what was before our claim, and a rival has to find out that we were first.
            waited = worker.clock.now() - max(began, worker.state.claimed_at)
            if waited >= RIVAL_SECONDS or worker.out_of_time():
                raise RequestFailed(
                    f"{claim.owner or 'another resource'} has claimed model {arn} meanwhile; declare it in "
                    "one place only"
                )
            worker.pause(1.0)

    def stood_back_for(self, claim: Claim) -> Owner | None:
        """The owner whose claim this request has written back, None if it has not or they are no more."""
        others = claim.owner is not None and claim.owner != self._owner
        # Who has taken the model from our resource since does not owe it to us: we had failed, that is all.
        taken_over = claim.previous is not None and claim.previous.logical_id == self._owner.logical_id
        return claim.owner if others and claim.given_up(self._digest) and not taken_over else None

    def require_not_given_up(self, claim: Claim) -> None:
        """Raise ``GivenUp`` if another delivery of this request has failed."""
        if claim.given_up(self._digest) and not self._worker.state.failure:
            raise GivenUp

    def note_given_up(self, arn: ProjectVersionArn, claim: Claim) -> bool:
        """Let other deliveries of this request know, before anything is undone, that it has failed.

        False if the claim says so already, or is another request's.
        """
        worker = self._worker
        if not self.has(claim) or claim.given_up(self._digest):
            return False
        requests = with_request(claim.requests, self._digest, worker.state.begun_as, given_up=True)
        tags = {str(Tag.REQUESTS): " ".join(requests)}
        worker.attempt(lambda: worker.models.tag(arn, tags))
        return True

    def release(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """Give the claim up. The history of requests stays, so that a late duplicate is known as one."""
        models = self._worker.models
        history = {str(Tag.REQUESTS): " ".join(self._history(claim))}
        try:
            self._while_in_charge(arn, claim, lambda: models.tag(arn, history))
            self._while_in_charge(arn, claim, lambda: models.untag(arn, [str(tag) for tag in CLAIM_TAGS]))
        except ServiceError as error:
            if error.kind is not ErrorKind.NOT_FOUND:
                _logger.warning("claim not released", extra={"model": str(arn), "problem": str(error)})
        except RequestFailed as error:
            # The model has stopped, that is what counts; a claim whose stack is gone can be taken over.
            _logger.warning("claim not released", extra={"model": str(arn), "problem": str(error)})

    def _history(self, claim: Claim) -> tuple[str, ...]:
        given_up = claim.given_up(self._digest) or bool(self._worker.state.failure)
        return with_request(claim.requests, self._digest, self._worker.state.begun_as, given_up=given_up)

    def _while_in_charge(self, arn: ProjectVersionArn, claim: Claim, call: Callable[[], None]) -> None:
        """Call, unless the model has changed hands: a release must never take a claim away from others.

        Others are the later requests of the same resource too.
        """

        def call_if_in_charge() -> None:
            # Asked before every try: another delivery may have released the model, and others claimed it.
            now = read_claim(self._worker.models.tags(arn))
            if now.owner != claim.owner or not now.is_in_charge_still(claim, self._digest):
                return
            try:
                call()
            except ServiceError as error:
                # The tags were the permission: they may be gone by now.
                if error.kind is not ErrorKind.DENIED or self._worker.claim(arn).owner == claim.owner:
                    raise

        self._worker.attempt(call_if_in_charge)

    def settle_rename(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """The former resource is gone for good: its successor no longer has to hand the model back."""
        if claim.previous is not None and claim.previous.logical_id == self._owner.logical_id:
            self._worker.attempt(lambda: self._worker.models.untag(arn, _PREVIOUS_TAGS))

    def heir(self, arn: ProjectVersionArn, claim: Claim) -> PreviousOwner | None:
        """The resource that gets the model back, if it is still part of the stack and stays so."""
        if claim.previous is None or not claim.is_of(self._owner):
            return None
        worker = self._worker
        status = worker.attempt(lambda: worker.stacks.stack_status(self._owner.stack_id))
        if status is None or status.startswith("DELETE_"):
            return None
        resource = worker.look_at_resource(claim.previous.logical_id)
        return claim.previous if may_have(str(arn), resource) else None

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
        while self._is_being_created(owner, resource):
            # What CloudFormation shows may be from before the update that renames the resource.
            if worker.clock.now() - worker.state.started_at >= LAG_SECONDS or worker.out_of_time():
                raise RequestFailed(
                    f"resource {owner.logical_id} of the same stack declares the same model; declare it once"
                )
            worker.pause(1.0)
            resource = worker.look_at_resource(owner.logical_id)
        # A rename, or two resources that swap their models: the former owner's Delete or Update follows.
        return PreviousOwner(owner.logical_id, claim.units)

    def _is_being_created(self, owner: Owner, resource: ResourceView | None) -> bool:
        worker = self._worker
        stack_status = worker.attempt(lambda: worker.stacks.stack_status(owner.stack_id)) or ""
        return stack_status.startswith("CREATE_") or (
            resource is not None and resource.status == "CREATE_IN_PROGRESS"
        )

    def _read_back(self, arn: ProjectVersionArn, known: set[Owner | None]) -> Claim:
        """The claim once it shows as ours; raises ``RequestFailed`` if others claimed the model too.

        ``known`` are those whose claims ours is based on: tags that lag may show them again.
        """
        worker = self._worker
        until = worker.clock.now() + LAG_SECONDS
        rival: Claim | None = None
        while True:
            claim = worker.claim(arn)
            if self.has(claim) and rival is None:
                return claim
            if claim.owner not in known:
                rival = claim
            if worker.clock.now() >= until or worker.out_of_time():
                break
            worker.pause(0.5 if rival is None else 2.0)
        if rival is None:
            if claim.is_of(self._owner):
                return claim
            raise RequestFailed(
                f"the ownership tags of model {arn} do not show {LAG_SECONDS:.0f} s after they were "
                "written; deploy again"
            )
        worker.state.claimed.remove(str(arn))
        if self.has(claim):
            # What we saw of the other was from before our own claim, which has overwritten it: it was first.
            self._restore(arn, rival)
        raise RequestFailed(f"{rival.owner} claimed model {arn} at the same time; declare it once")

    def _restore(self, arn: ProjectVersionArn, claim: Claim) -> None:
        """Write a claim again that ours has overwritten, with a note that we did."""
        worker = self._worker
        if claim.owner is None:
            return
        worker.state.stood_back_at = worker.clock.now()
        tags = claim_tags(
            claim.owner,
            claim.units,
            project_created=claim.project_created,
            previous=claim.previous,
            adopted=claim.adopted,
            requests=with_note(claim.requests, self._digest),
        )
        foreign = [str(tag) for tag in CLAIM_TAGS if str(tag) not in tags]
        worker.attempt(lambda: worker.models.tag(arn, tags))
        worker.attempt(lambda: worker.models.untag(arn, foreign))
