"""What the invariants share: how a violation is told, and who is in charge of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, Final

from running_model_handler.core.names import Tag
from simulator.conditions import STALE_SECONDS
from simulator.kernel import EPOCH
from simulator.monitor import Monitor
from simulator.rekognition import PERSON, Model
from simulator.requests import Outcome, Request
from simulator.stack import Resource

if TYPE_CHECKING:
    from simulator.world import World

JUST_CLAIMED_SECONDS: Final = 15.0
"""Tags may lag for so long, and the call that acts on them takes its time."""

Owner = tuple[str, str]
"""Stack id and logical id."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A guarantee that did not hold."""

    guarantee: str
    at: float
    text: str

    def __str__(self) -> str:
        return f"{self.guarantee} at {self.at - EPOCH:.2f} s: {self.text}"


class Invariant(Monitor):
    """Watches a world; what it finds goes into one list for all invariants."""

    guarantee: ClassVar[str]

    def __init__(self, world: World, violations: list[Violation]) -> None:
        self.world = world
        self.violations = violations

    def violated(self, text: str) -> None:
        """The guarantee does not hold."""
        self.violations.append(Violation(self.guarantee, self.world.kernel.now, text))

    def at_the_end(self, quiet: bool) -> None:
        """The history is over; ``quiet`` if nothing is at work any more."""

    # --- what they ask ------------------------------------------------------------------------------

    def resource(self, owner: Owner) -> Resource | None:
        """The resource of an owner, deleted or not."""
        stack = self.world.stacks.get(owner[0])
        return stack.resources.get(owner[1]) if stack is not None else None

    def lives(self, owner: Owner) -> bool:
        """Whether an owner's resource exists and nobody is deleting it."""
        resource, stack = self.resource(owner), self.world.stacks.get(owner[0])
        if resource is None or stack is None or not stack.exists:
            return False
        return resource.exists and not resource.status.startswith("DELETE_")

    def in_charge(self, model: Model) -> Owner | str | None:
        """Who has to see to it that a model does not run for nobody; see ``in_charge``.

        A model that a person has started, and that a request claims without success, stays the person's.
        """
        charge = in_charge(model)
        started = next((change for change in reversed(model.changes) if change.verb == "Start"), None)
        if started is None or isinstance(started.by, Request) or not isinstance(charge, tuple):
            return charge
        adopted = any(
            request.owner == charge
            and request.type != "Delete"
            and request.outcome is Outcome.SUCCESS
            and request.declared_arn == model.plan.arn
            and (request.ended_at or 0.0) >= started.at
            for request in self.world.requests
        )
        return charge if adopted else PERSON

    def is_wanted_again(
        self, request: Request, model: Model, units: tuple[int | None, int | None] | None = None
    ) -> bool:
        """Whether somebody wants what a request does that has ended: to start a model, with these units.

        That is the resource's request under way, or just over, for CloudFormation can't tell two apart that
        declare the same. And what a request has stopped in a model of a living resource, its own or the one
        which it took it from, it starts again.
        """
        heir = model.tags[-1][1].get(Tag.PREVIOUS) if model.tags else None
        if any(earlier.verb == "Stop" and earlier.by is request for earlier in model.changes):
            if heir and self.lives((request.owner[0], heir)):
                return True
            if self.has_model(request.owner, model):
                return True
            charge = self.in_charge(model)
            if isinstance(charge, tuple) and self.has_model(charge, model):
                # Another delivery has written the claim back already.
                return True
        return any(
            other.owner == request.owner
            and other.type != "Delete"
            and (other.ended_at is None or self.world.kernel.now - other.ended_at < STALE_SECONDS)
            and other.declared_arn == model.plan.arn
            and units in (None, other.declared_units)
            for other in self.world.requests
        )

    def has_model(self, owner: Owner, model: Model) -> bool:
        """Whether an owner lives, and the model is what CloudFormation knows it by."""
        resource = self.resource(owner)
        return self.lives(owner) and resource is not None and resource.physical_id == model.plan.arn

    def is_of_others_too(self, request: Request, model: Model) -> bool:
        """Whether another request has started the model, or a late one of the same resource still works.

        CloudFormation can't tell two apart that declare the same, so neither knows that it is the late one.
        It learns of the end too, and the roll-back finds what others have started.
        """
        started_by = next((each.by for each in reversed(model.changes) if each.verb == "Start"), None)
        if isinstance(started_by, Request) and started_by is not request:
            return True
        return any(
            other is not request and other.owner == request.owner and other.running and not other.waiting
            for other in self.world.requests
        )


def owner_of(tags: Mapping[str, str]) -> Owner | None:
    """Who has claimed a model."""
    stack_id, logical_id = tags.get(Tag.STACK_ID), tags.get(Tag.LOGICAL_ID)
    return (stack_id, logical_id) if stack_id and logical_id else None


def in_charge(model: Model) -> Owner | str | None:
    """Who has to see to it that a model does not run for nobody.

    Whoever made it run last, or claimed it since. A Start by a request counts for the owner whose claim was
    on the model then. None: it has not run yet in this history.
    """
    started = next((change for change in reversed(model.changes) if change.verb == "Start"), None)
    charge: Owner | str | None = None
    since = float("-inf")
    if started is not None:
        since = started.at
        if isinstance(started.by, Request):
            charge = owner_of(model.tags_at(started.at)) or started.by.owner
        else:
            charge = PERSON
    written = [(at, owner_of(tags), _request_in_charge(tags)) for at, tags in model.tags]
    # What a request writes once more, to give the model up or because an answer was lost, is no new claim.
    claims = [next(same) for _, same in groupby(written, key=itemgetter(1, 2))]
    for (at, owner, request), following in zip_longest(claims, claims[1:]):
        # Nor is the first of the two writes of a release.
        released = following is not None and following[1:] == (None, request)
        if at >= since and owner is not None and not released:
            charge = owner
    return charge


def _request_in_charge(tags: Mapping[str, str]) -> str:
    """The digest of the latest request in a claim, without its marks."""
    return (tags.get(Tag.REQUESTS, "").split() or [""])[0].rstrip("-.")


def touched_by_others(model: Model, since: float, request: Request) -> bool:
    """Whether somebody else has started, stopped or deleted a model since a moment."""
    if any(change.at >= since and change.by is not request for change in model.changes):
        return True
    return model.status is None and model.now.at >= since
