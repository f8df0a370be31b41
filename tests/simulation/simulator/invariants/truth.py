"""Who has a model, who wants it and who answers for it: by what CloudFormation did and what people did.

Nothing here knows a handler, its tags or its rules. What counts:

- A resource **lives** from its first event until its deletion begins; not where its create has failed,
  whether the stack keeps what failed or not.
- A living resource **has** the model that its physical id names. While an operation of its stack is under way
  it also has what it had when that began: a roll-back returns to it. An operation is under way until the
  stack is complete: one that rests in UPDATE_FAILED can still go back.
- A resource **wants** the model that a create or an update of it declares, as long as CloudFormation waits.
- A model that a person started last is a **person's** until a create or an update succeeds with it.
- A model is **held** by the resource whose request, or schedule, started it last, and by those of the same
  stack that have succeeded with it since. A success of another stack passes it on to that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from math import inf
from typing import TYPE_CHECKING, Final

from simulator.conditions import STALE_SECONDS
from simulator.rekognition import Change, Model, Units
from simulator.requests import Outcome, Request
from simulator.stack import Resource, Stack
from simulator.sweeps import Sweep

if TYPE_CHECKING:
    from simulator.world import World

Owner = tuple[str, str]
"""Stack id and logical id."""

ANSWER_SECONDS_MAX: Final = 5.0
"""CloudFormation shows what an answer has changed within so many seconds."""
COMPLETE: Final = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
)
"""A stack in one of these has nothing to go back to."""


class Truth:
    """What is true of a world now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = 0
        self._of_owner: dict[Owner, list[Request]] = {}
        self._declaring: dict[str, list[Request]] = {}

    # --- requests -----------------------------------------------------------------------------------

    def requests_of(self, owner: Owner) -> list[Request]:
        """All requests of a resource so far, in the order in which they were sent."""
        self._read_on()
        return self._of_owner.get(owner, [])

    def declaring(self, arn: str) -> list[Request]:
        """All creates and updates so far that declare a model."""
        self._read_on()
        return self._declaring.get(arn, [])

    def _read_on(self) -> None:
        requests = self._world.requests
        for request in requests[self._seen :] if self._seen < len(requests) else ():
            self._of_owner.setdefault(request.owner, []).append(request)
            if request.type != "Delete":
                self._declaring.setdefault(request.declared_arn, []).append(request)
        self._seen = len(requests)

    # --- who lives, has and wants -------------------------------------------------------------------

    def resource(self, owner: Owner) -> Resource | None:
        """The resource of an owner, deleted or not."""
        stack = self._world.stacks.get(owner[0])
        return stack.resources.get(owner[1]) if stack is not None else None

    def lives(self, owner: Owner) -> bool:
        """Whether an owner's resource exists, its create has not failed, and nobody deletes it."""
        resource, stack = self.resource(owner), self._world.stacks.get(owner[0])
        if resource is None or stack is None or not stack.exists:
            return False
        return resource.exists and _is_alive(resource.status)

    def brought_by_two(self, stack: Stack, arn: str) -> bool:
        """Whether one template has declared a model for two resources, which were brought with it at once."""
        spans = [
            (one.sent_at, one.ended_at if one.ended_at is not None else inf, one.logical_id)
            for one in self.declaring(arn)
            if one.stack is stack
        ]
        return any(
            first[2] != second[2] and second[0] < first[1] and first[0] < second[1]
            for first, second in combinations(spans, 2)
        )

    def has(self, owner: Owner, arn: str) -> bool:
        """Whether an owner lives, and the model is what CloudFormation knows it by."""
        resource = self.resource(owner)
        return resource is not None and resource.physical_id == arn and self.lives(owner)

    def had_at_begin(self, owner: Owner, arn: str, *, present: bool = False) -> bool:
        """Whether the operation under way can still go back to a state in which a resource has the model.

        ``present``: no further than to where this very operation began. What had failed before it, without a
        roll-back, holds nothing back from the others.
        """
        stack = self._world.stacks[owner[0]]
        begins = begins_of(stack)
        if not begins or stack.status.startswith("DELETE_") or "_CLEANUP_" in stack.status:
            return False
        resource = stack.resources.get(owner[1])
        if resource is None or not resource.exists or not _is_alive(resource.status):
            return False
        return any(_had(resource, arn, begin) for begin in (begins[:1] if present else begins))

    def had_or_wanted(self, owner: Owner, arn: str, moment: float) -> bool:
        """Whether a resource had or wanted a model at a moment, too."""
        for one in self.requests_of(owner):
            declares = one.type != "Delete" and one.declared_arn == arn and one.sent_at <= moment
            if declares and (one.ended_at is None or one.ended_at + ANSWER_SECONDS_MAX >= moment):
                return True
        resource = self.resource(owner)
        for shown in reversed(resource.shown if resource is not None else ()):
            if shown.at <= moment:
                return shown.physical_id == arn and _is_alive(shown.status)
        return False

    def others_with(self, owner: Owner, arn: str, *, present: bool = False) -> Iterator[Owner]:
        """The other resources, of any stack, that have or want a model; ``present``: no earlier begin."""
        waiting = {one.owner for one in self.declaring(arn) if one.waiting}
        for stack in self._world.stacks.values():
            for logical_id in stack.resources:
                other = (stack.plan.stack_id, logical_id)
                if other == owner:
                    continue
                has = self.has(other, arn) or self.had_at_begin(other, arn, present=present)
                if other in waiting or has:
                    yield other

    def others_delete(self, owner: Owner, arn: str) -> bool:
        """Whether another resource of the stack is about to delete a model: the last one stops it."""
        self._read_on()
        return any(
            one.waiting and one.type == "Delete" and one.physical_id == arn
            for other, requests in self._of_owner.items()
            if other[0] == owner[0] and other != owner
            for one in requests
        )

    # --- who answers for it -------------------------------------------------------------------------

    def is_a_persons(self, model: Model) -> bool:
        """Whether a person has started a model last, and no request has succeeded with it since."""
        started = last_start(model)
        if started is None or isinstance(started.by, Request | Sweep):
            return False
        return not any(self._succeeded_since(model, started.at))

    def holders(self, model: Model) -> set[Owner]:
        """The resources that started a model last or succeeded since, of the stack that has it now."""
        started, stack = last_start(model), self.stack_of(model)
        since = started.at if started is not None else float("-inf")
        owners = {one.owner for one in self._succeeded_since(model, since) if one.stack is stack}
        if started is not None and isinstance(started.by, Request | Sweep) and started.by.stack is stack:
            owners.add(started.by.owner)
        return owners

    def stack_of(self, model: Model) -> Stack | None:
        """The stack a request of which started a model last or, if that was later, succeeded with it."""
        at, stack = float("-inf"), None
        for change in reversed(model.changes):
            if change.verb == "Start" and isinstance(change.by, Request | Sweep):
                at, stack = change.at, change.by.stack
                break
        for request in self._succeeded_since(model, at):
            if (request.ended_at or 0.0) >= at:
                at, stack = request.ended_at or 0.0, request.stack
        return stack

    def _succeeded_since(self, model: Model, since: float) -> Iterator[Request]:
        for request in self.declaring(model.plan.arn):
            if request.outcome is Outcome.SUCCESS and (request.ended_at or 0.0) >= since:
                yield request

    def is_retained(self, arn: str) -> bool:
        """Whether a resource was deleted without it, as its template says, and nobody has taken it since."""
        since, _ = self._world.retained.get(arn, (inf, None))
        succeeded = (one for one in self.declaring(arn) if one.outcome is Outcome.SUCCESS)
        return since < inf and not any(one.sent_at > since for one in succeeded)

    def may_stop_retained(self, request: Request, arn: str) -> bool:
        """Whether a resource has to do with a model that was retained, since then where it was its own."""
        since, left_by = self._world.retained[arn]
        lately = self._world.kernel.now - STALE_SECONDS
        # Another stack that claims it has it pass on.
        return (
            since > lately
            or left_by[0] != request.owner[0]
            or any(
                (one.owner != left_by or one.sent_at > since)
                and (one.outcome is Outcome.SUCCESS or one.ended_at is None or one.ended_at > lately)
                for one in self.declaring(arn)
                if one.owner == request.owner
            )
        )

    # --- what may be started ------------------------------------------------------------------------

    def is_wanted(self, stack: Stack, arn: str, units: Units | None = None) -> bool:
        """Whether a resource of a stack is brought, or rests, with a model, in one of the last seconds.

        ``units``: with these; None for any. The seconds are what a view may be old and a call may take.
        """
        since = self._world.kernel.now - STALE_SECONDS
        for request in self.declaring(arn):
            recent = request.stack is stack and (request.ended_at is None or request.ended_at >= since)
            if recent and units in (None, request.declared_units):
                return True
        return any(not self._left_by(owner, since) for owner in self._resting(stack, arn, units, since))

    def leaving(self, stack: Stack, arn: str, units: Units | None = None) -> list[Request]:
        """The updates under way that have a resource leave a model, or its size with these units."""
        since = self._world.kernel.now - STALE_SECONDS
        return [
            update
            for owner in self._resting(stack, arn, units, since)
            for update in self._left_by(owner, since)
        ]

    def _resting(self, stack: Stack, arn: str, units: Units | None, since: float) -> Iterator[Owner]:
        """The resources of a stack that have, or had since a moment, a model with these units."""
        for resource in stack.every:
            if has_had(resource, arn, since):
                owner = (stack.plan.stack_id, resource.logical_id)
                known = self._units_of(owner, stack, arn, since)
                if units is None or not known or units in known:
                    yield owner

    def _left_by(self, owner: Owner, since: float) -> list[Request]:
        return [
            one
            for one in self.requests_of(owner)
            if one.type == "Update" and one.waiting and one.sent_at <= since
        ]

    def units_for(self, owner: Owner, arn: str) -> set[Units]:
        """The units with which a resource has or wants a model."""
        wanted: set[Units] = {
            one.declared_units for one in self.declaring(arn) if one.waiting and one.owner == owner
        }
        resource, stack = self.resource(owner), self._world.stacks[owner[0]]
        if wanted or resource is None:
            return wanted
        return self._units_of(owner, stack, arn, self._world.kernel.now)

    def _units_of(self, owner: Owner, stack: Stack, arn: str, since: float) -> set[Units]:
        """The units that a resource had its model with; empty if nothing is known of that.

        Going back, those count that it had when the operation began. A resource whose way back fails has gone
        back by CloudFormation's record once it is skipped (ContinueUpdateRollback).
        """
        begin = begin_of(stack)
        before: Units | None = None
        last: Units | None = None
        for request in self.requests_of(owner):
            declares = request.type != "Delete" and request.declared_arn == arn
            skipped = request.rolls_back and request.outcome is Outcome.FAILED
            if declares and (skipped or request.outcome is Outcome.SUCCESS):
                last = request.declared_units
                if begin is None or (request.ended_at or 0.0) <= begin:
                    before = last
        if before is not None and goes_back(stack.status) and goes_back(stack.status_at(since)):
            return {before}
        return {units for units in (before, last) if units is not None}


def last_start(model: Model) -> Change | None:
    """The latest Start of a model."""
    return next((change for change in reversed(model.changes) if change.verb == "Start"), None)


def begin_of(stack: Stack) -> float | None:
    """When the operation under way began: the first status after the latest complete one; None at rest."""
    begin: float | None = None
    for at, status in reversed(stack.statuses):
        if status in COMPLETE:
            return begin
        begin = at
    return begin


def begins_of(stack: Stack) -> list[float]:
    """When the operations began that it is not complete after: several where nothing was rolled back."""
    begins: list[float] = []
    for at, status in reversed(stack.statuses):
        if status in COMPLETE:
            break
        if status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
            begins.append(at)
    return begins


def _had(resource: Resource, arn: str, moment: float) -> bool:
    """Whether a resource lived with a model right before a moment."""
    for shown in reversed(resource.shown):
        if shown.at < moment:
            return shown.physical_id == arn and _is_alive(shown.status)
    return False


def goes_back(status: str) -> bool:
    """Whether a stack is on its way back."""
    return status.startswith(("ROLLBACK_", "UPDATE_ROLLBACK_"))


def has_had(resource: Resource, arn: str, since: float) -> bool:
    """Whether a resource lives, or has lived since a moment, with this physical id."""
    for shown in reversed(resource.shown):
        if shown.physical_id == arn and _is_alive(shown.status):
            return True
        if shown.at <= since:
            return False
    return False


def _is_alive(status: str | None) -> bool:
    return bool(status) and status != "CREATE_FAILED" and not str(status).startswith("DELETE_")


def names_of(owners: Iterable[Owner]) -> str:
    """How a violation calls owners."""
    return ", ".join(sorted(f"{stack_id.split('/')[1]}/{name}" for stack_id, name in owners)) or "nobody"
