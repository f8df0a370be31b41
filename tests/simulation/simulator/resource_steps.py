"""What CloudFormation does to one resource in an operation: the requests that it sends, and what it shows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.plan import Declared, Sibling
from simulator.requests import SERVICE_TIMEOUT_SECONDS, Outcome, Request
from simulator.stack import Resource, Stack
from simulator.steps import Step

if TYPE_CHECKING:
    from simulator.world import World


@dataclass(slots=True)
class Doomed:
    """A physical id that is to be deleted, and the properties that it was made with."""

    resource: Resource
    physical_id: str
    properties: dict[str, str]
    is_the_resource: bool


@dataclass(slots=True)
class Change:
    """What an update does to a model's resource."""

    resource: Resource
    former: dict[str, str]
    former_id: str
    former_declared: Declared
    wanted: dict[str, str]
    declared: Declared
    begun: bool = False
    done: bool = False
    other_ids: list[str] = field(default_factory=list)
    """Ids that FAILED answers named."""
    reverted: bool = False


class ResourceSteps:
    """Makes the steps of one stack's operations."""

    def __init__(self, world: World, stack: Stack, chance: random.Random) -> None:
        self._world = world
        self._kernel = world.kernel
        self._chance = chance
        self._stack = stack
        self.begun: list[Resource] = []
        """What the operation under way has begun to make."""

    def create_model(self, name: str, declared: Declared) -> Step:
        """Make a model's resource."""
        stack = self._stack
        model = self._world.plan.models[declared.model]
        resource = Resource(name, declared, self._world.deployment.properties_of(declared, model, stack.plan))

        def body(step: Step) -> bool:
            stack.resources[name] = resource
            self.begun.append(resource)
            stack.mark(resource, "CREATE_IN_PROGRESS", self._kernel.now)
            request = self._send("Create", resource, resource.properties, step=step)
            answer = self._answer_to(request)
            if answer is not None:
                resource.physical_id = str(answer["PhysicalResourceId"])
            ok = request.outcome is Outcome.SUCCESS
            stack.mark(resource, "CREATE_COMPLETE" if ok else "CREATE_FAILED", self._kernel.now)
            return ok

        def cancelled() -> None:
            stack.mark(resource, "CREATE_FAILED", self._kernel.now)

        return Step(name, body, cancelled)

    def create_sibling(self, name: str, sibling: Sibling) -> Step:
        """Make a resource that is no model."""
        stack, resource = self._stack, Resource(name)

        def body(_: Step) -> bool:
            stack.resources[name] = resource
            self.begun.append(resource)
            stack.mark(resource, "CREATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(sibling.create_seconds)
            if sibling.create_fails:
                stack.mark(resource, "CREATE_FAILED", self._kernel.now)
                return False
            resource.physical_id = name.lower()
            stack.mark(resource, "CREATE_COMPLETE", self._kernel.now)
            return True

        return Step(name, body, lambda: stack.mark(resource, "CREATE_FAILED", self._kernel.now))

    def update_model(self, change: Change) -> Step:
        """Change a model's resource."""
        stack, resource = self._stack, change.resource

        def body(step: Step) -> bool:
            change.begun = True
            resource.properties, resource.declared = change.wanted, change.declared
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
            request = self._send(
                "Update", resource, change.wanted, old=change.former, physical_id=change.former_id, step=step
            )
            answer = self._answer_to(request)
            ok = request.outcome is Outcome.SUCCESS
            if answer is not None:
                named = str(answer["PhysicalResourceId"])
                if ok:
                    change.done, resource.physical_id = True, named
                elif named != change.former_id:
                    change.other_ids.append(named)
            stack.mark(resource, "UPDATE_COMPLETE" if ok else "UPDATE_FAILED", self._kernel.now)
            return ok

        def cancelled() -> None:
            stack.mark(resource, "UPDATE_FAILED", self._kernel.now)

        return Step(resource.logical_id, body, cancelled)

    def update_sibling(self, name: str, sibling: Sibling) -> Step:
        """Change a resource that is no model."""
        stack, resource = self._stack, self._stack.resources[name]

        def body(_: Step) -> bool:
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(sibling.update_seconds or 0.0)
            ok = not sibling.update_fails
            stack.mark(resource, "UPDATE_COMPLETE" if ok else "UPDATE_FAILED", self._kernel.now)
            return ok

        return Step(name, body, lambda: stack.mark(resource, "UPDATE_FAILED", self._kernel.now))

    def revert(self, change: Change, doomed: list[Doomed]) -> Step:
        """Take a change back; ``doomed`` gets what it leaves behind."""
        stack, resource = self._stack, change.resource
        replaced = change.done and resource.physical_id != change.former_id

        def finish() -> bool:
            change.reverted = True
            stack.mark(resource, "UPDATE_COMPLETE", self._kernel.now)
            doomed.extend(
                Doomed(resource, other, change.wanted, is_the_resource=False)
                for other in change.other_ids
                if other != resource.physical_id
            )
            change.other_ids = []
            return True

        def body(step: Step) -> bool:
            resource.properties, resource.declared = change.former, change.former_declared
            if replaced and not stack.plan.rolls_back_replacements_by_update:
                change.other_ids.append(resource.physical_id or "")
                resource.physical_id = change.former_id
                return finish()
            shown = change.wanted if stack.plan.shows_new_properties else change.former
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now, shown)
            request = self._send(
                "Update",
                resource,
                change.former,
                old=change.wanted,
                physical_id=resource.physical_id,
                step=step,
                rolls_back=True,
            )
            answer = self._answer_to(request)
            if request.outcome is not Outcome.SUCCESS or answer is None:
                stack.mark(resource, "UPDATE_FAILED", self._kernel.now)
                return False
            named = str(answer["PhysicalResourceId"])
            if named != resource.physical_id:
                change.other_ids.append(resource.physical_id or "")
                resource.physical_id = named
            return finish()

        return Step(resource.logical_id, body)

    def delete_one(self, doomed: Doomed) -> Step:
        """Delete a resource, or what it was before."""
        stack, resource = self._stack, doomed.resource

        def mark(status: str) -> None:
            stack.mark(
                resource,
                status,
                self._kernel.now,
                doomed.properties,
                physical_id=doomed.physical_id,
                is_the_resource=doomed.is_the_resource,
            )

        def body(step: Step) -> bool:
            if resource.declared is None:
                mark("DELETE_IN_PROGRESS")
                self._kernel.sleep(2.0)
                mark("DELETE_COMPLETE")
                return True
            created = resource.status in ("CREATE_FAILED", "CREATE_IN_PROGRESS")
            if resource.declared.retained and not created and doomed.is_the_resource:
                mark("DELETE_SKIPPED")
                self._world.note_retained(resource)
                return True
            mark("DELETE_IN_PROGRESS")
            request = self._send(
                "Delete", resource, doomed.properties, physical_id=doomed.physical_id, step=step
            )
            self._answer_to(request)
            ok = request.outcome is Outcome.SUCCESS
            mark("DELETE_COMPLETE" if ok else "DELETE_FAILED")
            return ok

        return Step(resource.logical_id, body)

    # --- requests -----------------------------------------------------------------------------------

    def _send(
        self,
        kind: str,
        resource: Resource,
        properties: Any,
        *,
        step: Step,
        old: Any = None,
        physical_id: str | None = None,
        rolls_back: bool = False,
    ) -> Request:
        world = self._world
        request = Request(
            len(world.requests),
            kind,
            self._stack,
            resource.logical_id,
            properties,
            old,
            physical_id,
            self._kernel.now,
            rolls_back,
            waiter=self._kernel.current,
            declared=resource.declared,
        )
        step.request = request
        world.add_request(request)
        try:
            world.functions.invoke(self._stack.plan.function_arn, request.event(), request)
        except ApiError as error:
            request.lost.append(error.code)
            world.end_request(request, Outcome.NOT_DELIVERED)
        return request

    def _answer_to(self, request: Request) -> Any:
        until = request.sent_at + SERVICE_TIMEOUT_SECONDS
        while request.waiting:
            if self._kernel.now >= until:
                self._world.end_request(request, Outcome.TIMED_OUT)
                break
            self._kernel.suspend(until)
        self._kernel.sleep(short(self._chance))
        return request.answer


def short(chance: random.Random) -> float:
    """Seconds that CloudFormation takes for itself."""
    return 0.5 + 2.5 * chance.random()
