"""The lives of resources: what existed when, and which model it had and held.

What *has* and *holds* mean stands in ``verdicts``.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.rekognition import Model
from simulator.requests import Outcome, Request
from simulator.stack import Resource, Stack, StackEvent
from simulator.world import World


@dataclass(slots=True, eq=False)
class Life:
    """A resource from its first event to its last."""

    stack: Stack
    resource: Resource
    begins: float
    ends: float
    events: list[tuple[StackEvent, str]]
    """Its creates and updates, each with the model that it declared then."""
    requests: list[Request]

    def status_at(self, moment: float) -> str:
        """Its status, empty before it exists and after it was forgotten."""
        for shown in reversed(self.resource.shown):
            if shown.at <= moment:
                return shown.status or ""
        return ""

    def exists_at(self, moment: float) -> bool:
        """Whether it is part of its stack."""
        return self.status_at(moment) not in ("", "DELETE_COMPLETE", "DELETE_SKIPPED")

    def has(self, arn: str, moment: float) -> bool:
        """Whether it has a model at a moment."""
        if not self.exists_at(moment):
            return False
        for shown in reversed(self.resource.shown):
            if shown.at <= moment:
                if shown.physical_id == arn:
                    return True
                break
        # What the events of a roll-back show is not documented: while a request runs, it says it itself.
        for request in self.requests:
            waiting = request.sent_at <= moment < (request.ended_at or float("inf"))
            if waiting and request.type != "Delete" and arn in (request.declared_arn, request.old_arn):
                return True
        for event, declared in reversed(self.events):
            if event.at > moment:
                continue
            if declared == arn:
                return True
            if event.status.endswith("_COMPLETE"):
                return False
        return False

    def holds(self, model: Model, moment: float) -> bool:
        """Whether a model is in its service at a moment."""
        arn = model.plan.arn
        if not self.has(arn, moment) or self.status_at(moment).startswith("DELETE_"):
            return False
        since = max(
            (
                request.ended_at
                for request in self.requests
                if request.outcome is Outcome.SUCCESS
                and request.type != "Delete"
                and request.declared_arn == arn
                and request.ended_at is not None
                and request.ended_at <= moment
            ),
            default=None,
        )
        if since is None:
            return False
        holds = True
        for change in model.changes:
            if since < change.at < moment:
                own = isinstance(change.by, Request) and self.is_about(change.by)
                holds = (own and change.verb == "Start") or (holds and (own or change.verb == "Start"))
        return holds

    def is_about(self, request: Request) -> bool:
        """Whether a request is one of this resource."""
        return request.stack is self.stack and request.logical_id == self.resource.logical_id


def lives_of(world: World) -> list[Life]:
    """The lives of all resources that declare a model."""
    lives = []
    for stack in world.stacks.values():
        for number, resource in enumerate(stack.every):
            if resource.declared is None:
                continue
            begins = resource.shown[0].at
            ends = next(
                (
                    later.shown[0].at
                    for later in stack.every[number + 1 :]
                    if later.logical_id == resource.logical_id
                ),
                float("inf"),
            )
            events = [
                (event, (event.properties or {})["ProjectVersionArn"])
                for event in stack.events
                if event.logical_id == resource.logical_id
                and begins <= event.at < ends
                and not event.status.startswith("DELETE_")
            ]
            requests = [
                request
                for request in world.requests
                if request.stack is stack
                and request.logical_id == resource.logical_id
                and begins <= request.sent_at < ends
            ]
            lives.append(Life(stack, resource, begins, ends, events, requests))
    return lives
