"""What CloudFormation does to one resource in an operation: the requests that it sends, and what it shows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from local_aws.platform.cloudformation import SERVICE_TIMEOUT_SECONDS_DEFAULT
from simulator.errors import ApiError
from simulator.plan import FOREVER, Declared, Frozen, Mode, Sibling, View
from simulator.requests import Outcome, Request
from simulator.stack import Freeze, Resource, Stack, Standing
from simulator.steps import Step

if TYPE_CHECKING:
    from simulator.world import World

SIBLING_SECONDS = 2.0
"""What the deletion of a sibling takes, and its way to its stable state."""
EXPRESS_SECONDS = 0.3
"""What a sibling takes where nobody waits until it is ready."""
INITIATED_SECONDS = 0.4
"""From "Resource creation Initiated" to the end of the creation."""


@dataclass(slots=True)
class Doomed:
    """A physical id that is to be deleted, and the properties that it was made with."""

    resource: Resource
    physical_id: str
    properties: dict[str, str]
    is_the_resource: bool
    invented: bool = False
    """Whether CloudFormation has made up the physical id, since no answer ever told it."""


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
        self.updated: dict[str, Sibling] = {}
        """Siblings that it has begun to change."""
        self.mode = Mode.STANDARD
        self.frozen: Frozen | None = None
        """How it shows."""
        self.hidden: tuple[tuple[View, ...], float] = ((), 0.0)
        """What of it does not show, and up to when."""

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
            if ok:
                resource.stable = Standing(resource.properties, declared, resource.physical_id or "")
                self._show_initiated(resource)
            status = "CREATE_COMPLETE" if ok else "CREATE_FAILED"
            stack.mark(resource, status, self._kernel.now, reason=_reason(request))
            return ok

        def cancelled() -> None:
            stack.mark(resource, "CREATE_FAILED", self._kernel.now)

        return Step(name, body, cancelled)

    def _show_initiated(self, resource: Resource) -> None:
        """ "Resource creation Initiated"."""
        if self._stack.plan.shows_initiated:
            self._world.gateway.note("creation initiated")
            self._stack.mark(resource, "CREATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(INITIATED_SECONDS)

    def create_sibling(self, name: str, sibling: Sibling) -> Step:
        """Make a resource that is no model."""
        stack, resource = self._stack, Resource(name)

        def body(_: Step) -> bool:
            stack.resources[name] = resource
            self.begun.append(resource)
            stack.mark(resource, "CREATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(self._lasts(sibling.create_seconds, fails=sibling.create_fails))
            if sibling.create_fails:
                stack.mark(resource, "CREATE_FAILED", self._kernel.now)
                return False
            resource.physical_id = name.lower()
            stack.mark(resource, "CREATE_COMPLETE", self._kernel.now)
            return True

        return Step(name, body, lambda: stack.mark(resource, "CREATE_FAILED", self._kernel.now))

    def _lasts(self, seconds: float, *, fails: bool) -> float:
        """In express mode a sibling is complete before it is ready; only a failure takes its time."""
        if self.mode is not Mode.EXPRESS or fails:
            return seconds
        return min(seconds, EXPRESS_SECONDS)

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
                if ok and named != change.former_id and self._refuses_replacements():
                    ok, request.refused = False, True
                if ok:
                    change.done, resource.physical_id = True, named
                    resource.stable = Standing(change.wanted, change.declared, named)
                elif named != change.former_id:
                    change.other_ids.append(named)
            status = "UPDATE_COMPLETE" if ok else "UPDATE_FAILED"
            stack.mark(resource, status, self._kernel.now, reason=_reason(request))
            return ok

        def cancelled() -> None:
            stack.mark(resource, "UPDATE_FAILED", self._kernel.now)

        return Step(resource.logical_id, body, cancelled)

    def _refuses_replacements(self) -> bool:
        if self.mode is Mode.STANDARD or self._stack.plan.replaces_without_roll_back:
            return False
        self._world.gateway.note("replacement refused without a roll-back")
        return True

    def update_sibling(self, name: str, sibling: Sibling) -> Step:
        """Change a resource that is no model."""
        stack, resource = self._stack, self._stack.resources[name]

        def body(_: Step) -> bool:
            self.updated[name] = sibling
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(self._lasts(sibling.update_seconds or 0.0, fails=sibling.update_fails))
            ok = not sibling.update_fails
            stack.mark(resource, "UPDATE_COMPLETE" if ok else "UPDATE_FAILED", self._kernel.now)
            return ok

        return Step(name, body, lambda: stack.mark(resource, "UPDATE_FAILED", self._kernel.now))

    def to_stable(self, resource: Resource, left: list[Doomed]) -> Step:
        """Bring what failed without a roll-back to its last stable state; ``left`` gets what that leaves."""
        stack, failed, former = self._stack, resource.properties, resource.declared

        def failed_again(reason: str = "") -> None:
            resource.properties, resource.declared = failed, former
            stack.mark(resource, "UPDATE_FAILED", self._kernel.now, reason=reason)

        def body(step: Step) -> bool:
            stable = resource.stable
            if stable is None:
                stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
                self._kernel.sleep(SIBLING_SECONDS)
                stack.mark(resource, "UPDATE_COMPLETE", self._kernel.now)
                return True
            self._world.gateway.note("back to a stable state")
            resource.properties, resource.declared = stable.properties, stable.declared
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
            known = resource.physical_id or ""
            request = self._send(
                "Update",
                resource,
                stable.properties,
                old=failed,
                physical_id=known,
                step=step,
                to_stable=True,
            )
            answer = self._answer_to(request)
            named = str(answer["PhysicalResourceId"]) if answer is not None else known
            ok = request.outcome is Outcome.SUCCESS
            if named != known:
                other = (known, failed) if ok else (named, stable.properties)
                left.append(Doomed(resource, other[0], dict(other[1]), is_the_resource=False))
            if not ok:
                failed_again(_reason(request))
                return False
            resource.physical_id = named
            stack.mark(resource, "UPDATE_COMPLETE", self._kernel.now)
            return True

        return Step(resource.logical_id, body, failed_again)

    def revert_sibling(self, name: str, failures: dict[str, int]) -> Step:
        """Take the change of a resource back that is no model; ``failures`` says how often it fails yet."""
        stack, resource, sibling = self._stack, self._stack.resources[name], self.updated[name]

        def body(_: Step) -> bool:
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(sibling.roll_back_seconds)
            ok = failures[name] <= 0
            failures[name] -= 1
            if not ok:
                self._world.gateway.note("roll-back fails for a sibling")
            stack.mark(resource, "UPDATE_COMPLETE" if ok else "UPDATE_FAILED", self._kernel.now)
            return ok

        return Step(name, body)

    def revert(self, change: Change, doomed: list[Doomed]) -> Step:
        """Take a change back; ``doomed`` gets what it leaves behind."""
        stack, resource = self._stack, change.resource
        replaced = change.done and resource.physical_id != change.former_id

        def finish() -> bool:
            change.reverted = True
            resource.stable = Standing(change.former, change.former_declared, resource.physical_id or "")
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
                stack.mark(resource, "UPDATE_FAILED", self._kernel.now, reason=_reason(request))
                return False
            named = str(answer["PhysicalResourceId"])
            if named != resource.physical_id:
                change.other_ids.append(resource.physical_id or "")
                resource.physical_id = named
            return finish()

        return Step(resource.logical_id, body)

    def delete_one(self, doomed: Doomed, tries: int = 1) -> Step:
        """Delete a resource, or what it was before; as often as it fails, up to ``tries``."""
        stack, resource = self._stack, doomed.resource
        hides = doomed.invented and stack.plan.hides_invented

        def mark(status: str, reason: str = "") -> None:
            stack.mark(
                resource,
                status,
                self._kernel.now,
                doomed.properties,
                physical_id="" if hides else doomed.physical_id,
                is_the_resource=doomed.is_the_resource,
                reason=reason,
            )

        def body(step: Step) -> bool:
            if resource.declared is None:
                mark("DELETE_IN_PROGRESS")
                self._kernel.sleep(self._lasts(SIBLING_SECONDS, fails=False))
                mark("DELETE_COMPLETE")
                return True
            created = resource.status in ("CREATE_FAILED", "CREATE_IN_PROGRESS")
            if resource.declared.retained and not created and doomed.is_the_resource:
                mark("DELETE_SKIPPED")
                self._world.note_retained(stack, resource)
                return True
            if hides:
                self._world.gateway.note("deletion without a physical id")
            for number in range(tries):
                if number:
                    self._world.gateway.note("clean-up tried again")
                mark("DELETE_IN_PROGRESS")
                request = self._send(
                    "Delete", resource, doomed.properties, physical_id=doomed.physical_id, step=step
                )
                self._answer_to(request)
                if request.outcome is Outcome.SUCCESS:
                    mark("DELETE_COMPLETE")
                    return True
                mark("DELETE_FAILED", _reason(request))
            return False

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
        to_stable: bool = False,
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
            to_stable=to_stable,
        )
        self._hide(request)
        step.request = request
        world.add_request(request)
        try:
            world.functions.invoke(self._stack.plan.function_arn, request.event(), request)
        except ApiError as error:
            request.lost.append(error.code)
            world.end_request(request, Outcome.NOT_DELIVERED)
        return request

    def _hide(self, request: Request) -> None:
        """Let CloudFormation's answers stay as they were, as the plan says."""
        frozen, now = self.frozen, self._kernel.now
        request.hidden_views, request.hidden_until = self.hidden
        if frozen is not None and frozen.each_request:
            # The resource's event of the same moment does not show either.
            freeze = Freeze(now, now + frozen.seconds, frozen.views, request.logical_id)
            self._stack.freezes.append(freeze)
            until = inf if frozen.seconds >= FOREVER else freeze.until
            request.hidden_views, request.hidden_until = frozen.views, until
        if request.type == "Delete" and request.never_shows:
            self._world.gateway.note("a Delete that never shows")

    def _shows(self, request: Request) -> None:
        """What was to stay as it was as long as a request lasts need not any more."""
        for freeze in self._stack.freezes:
            if freeze.began_at == request.sent_at and freeze.until >= FOREVER + freeze.began_at:
                freeze.until = self._kernel.now

    def _answer_to(self, request: Request) -> Any:
        until = request.sent_at + SERVICE_TIMEOUT_SECONDS_DEFAULT
        while request.waiting:
            if self._kernel.now >= until:
                self._world.end_request(request, Outcome.TIMED_OUT)
                break
            self._kernel.suspend(until)
        self._kernel.sleep(short(self._chance, self._stack.plan.pace))
        if self._stack.freezes:
            self._shows(request)
        return request.answer


def _reason(request: Request) -> str:
    """ResourceStatusReason of a resource whose request failed with an answer; empty otherwise."""
    answer = request.answer
    if answer is None or answer["Status"] == "SUCCESS":
        return ""
    return f"Received response status [FAILED] from custom resource. Message returned: {answer['Reason']}"


def short(chance: random.Random, pace: float = 1.0) -> float:
    """Seconds that CloudFormation takes for itself; of ``pace`` tells ``StackPlan``."""
    return (0.5 + 2.5 * chance.random()) * pace
