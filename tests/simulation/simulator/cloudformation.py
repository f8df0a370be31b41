"""CloudFormation: operations on a stack, the requests that they send, and the way back when one fails.

What is documented, and what was observed, is in facts B of the project; where nothing settles it, the plan
of the stack decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import ApiError
from simulator.iam import Policy
from simulator.kernel import Task
from simulator.plan import Declared, OnFailure, Operation, Sibling, Template, Verb
from simulator.requests import SERVICE_TIMEOUT_SECONDS, Outcome, Request
from simulator.stack import STABLE, Resource, Stack

if TYPE_CHECKING:
    from simulator.world import World

_PATIENCE: Final = 2
"""How often a user tries again what would not be deleted, or would not go back."""


@dataclass(slots=True, eq=False)
class _Step:
    """What is done to one resource in an operation."""

    name: str
    body: Callable[[_Step], bool]
    cancelled: Callable[[], None] = lambda: None
    task: Task | None = None
    outcome: bool | None = None
    request: Request | None = None


@dataclass(slots=True)
class _Doomed:
    """A physical id that is to be deleted, and the properties that it was made with."""

    resource: Resource
    physical_id: str
    properties: dict[str, str]
    is_the_resource: bool


@dataclass(slots=True)
class _Change:
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


class Operator:
    """Runs the operations that the users of one stack ask for, one after the other."""

    def __init__(self, world: World, stack: Stack, chance: random.Random) -> None:
        self._world = world
        self._kernel = world.kernel
        self._chance = chance
        self.stack = stack
        self._template = Template()
        self._task: Task | None = None
        self._begun: list[Resource] = []

    # --- the user -----------------------------------------------------------------------------------

    def run(self) -> None:
        """All that the plan has for this stack; the body of a task."""
        self._task = self._kernel.current
        for operation in self.stack.plan.operations:
            self._kernel.sleep(operation.pause_seconds)
            self._world.note_rest(self.stack)
            if operation.verb is Verb.DELETE:
                self._delete_until_gone()
            elif self.stack.status in ("", "DELETE_COMPLETE"):
                if not self.stack.statuses:
                    self._create(operation)
            elif self.stack.status in STABLE - {"CREATE_FAILED", "ROLLBACK_COMPLETE"}:
                self._update(operation)

    def _delete_until_gone(self) -> None:
        stack = self.stack
        for _ in range(_PATIENCE):
            if not stack.exists:
                return
            self._delete()
            if not stack.exists:
                return
            self._kernel.sleep(120.0)
        for resource in stack.resources.values():
            if resource.exists:
                stack.mark(resource, "DELETE_SKIPPED", self._kernel.now)
        self._remove_provider()
        self._set_status("DELETE_COMPLETE")

    # --- create -------------------------------------------------------------------------------------

    def _create(self, operation: Operation) -> None:
        template = operation.template
        self._template = template
        self._set_status("CREATE_IN_PROGRESS")
        self._kernel.sleep(self._short())
        self._make_provider(template)
        until = None if operation.interrupt_after is None else self._kernel.now + operation.interrupt_after
        self._begun = []
        made = self._run_phases(self._create_steps(template), until)
        if made:
            self._kernel.sleep(self._short())
            self._set_status("CREATE_COMPLETE")
            return
        if until is not None and self._kernel.now >= until:
            self._kernel.sleep(self._short())
            self._delete_until_gone()
            return
        if operation.on_failure is OnFailure.DO_NOTHING:
            self._set_status("CREATE_FAILED")
            return
        self._kernel.sleep(self._short())
        self._set_status("ROLLBACK_IN_PROGRESS")
        ok = self._delete_all([self._doomed(resource) for resource in self._begun if resource.exists])
        self._remove_provider()
        self._set_status("ROLLBACK_COMPLETE" if ok else "ROLLBACK_FAILED")
        if operation.on_failure is OnFailure.DELETE or not ok:
            self._kernel.sleep(self._short())
            self._delete_until_gone()

    def _create_steps(self, template: Template) -> list[list[_Step]]:
        first = [self._create_model(name, declared) for name, declared in template.models]
        last: list[_Step] = []
        for name, sibling in template.siblings:
            (last if sibling.after_models else first).append(self._create_sibling(name, sibling))
        return [first, last]

    def _create_model(self, name: str, declared: Declared) -> _Step:
        stack = self.stack
        model = self._world.plan.models[declared.model]
        resource = Resource(name, declared, self._world.deployment.properties_of(declared, model, stack.plan))

        def body(step: _Step) -> bool:
            stack.resources[name] = resource
            self._begun.append(resource)
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

        return _Step(name, body, cancelled)

    def _create_sibling(self, name: str, sibling: Sibling) -> _Step:
        stack, resource = self.stack, Resource(name)

        def body(_: _Step) -> bool:
            stack.resources[name] = resource
            self._begun.append(resource)
            stack.mark(resource, "CREATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(sibling.create_seconds)
            if sibling.create_fails:
                stack.mark(resource, "CREATE_FAILED", self._kernel.now)
                return False
            resource.physical_id = name.lower()
            stack.mark(resource, "CREATE_COMPLETE", self._kernel.now)
            return True

        return _Step(name, body, lambda: stack.mark(resource, "CREATE_FAILED", self._kernel.now))

    # --- update -------------------------------------------------------------------------------------

    def _update(self, operation: Operation) -> None:
        stack, template, former = self.stack, operation.template, self._template
        changes, added, removed = self._diff(template)
        siblings = [
            (name, sibling)
            for name, sibling in template.siblings
            if sibling.update_seconds is not None and name in stack.resources
        ]
        if not changes and not added and not removed and not siblings:
            return
        self._template = template
        self._set_status("UPDATE_IN_PROGRESS")
        until = None if operation.interrupt_after is None else self._kernel.now + operation.interrupt_after
        self._kernel.sleep(self._short())
        if not stack.function_exists:
            self._make_provider(template)
        else:
            self._put_policy(template)
        self._begun = []
        steps = [self._update_model(change) for change in changes]
        steps += [self._create_model(name, declared) for name, declared in added]
        first = steps + [self._update_sibling(n, s) for n, s in siblings if not s.after_models]
        last = [self._update_sibling(n, s) for n, s in siblings if s.after_models]
        if not self._run_phases([first, last], until):
            self._roll_back_update(changes, former)
            return
        self._kernel.sleep(self._short())
        self._set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        doomed = [self._doomed(resource) for resource in removed]
        doomed += [
            _Doomed(change.resource, change.former_id, change.former, is_the_resource=False)
            for change in changes
            if change.resource.physical_id != change.former_id
        ]
        self._delete_all(doomed)
        self._forget(removed)
        if not template.models:
            self._remove_provider()
        self._set_status("UPDATE_COMPLETE")

    def _diff(self, template: Template) -> tuple[list[_Change], list[tuple[str, Declared]], list[Resource]]:
        stack, wanted = self.stack, dict(template.models)
        changes, added = [], []
        for name, declared in template.models:
            resource = stack.resources.get(name)
            if resource is None or not resource.exists or resource.declared is None:
                added.append((name, declared))
                continue
            model = self._world.plan.models[declared.model]
            properties = self._world.deployment.properties_of(declared, model, stack.plan)
            if properties == dict(resource.properties):
                resource.declared = declared
                continue
            changes.append(
                _Change(
                    resource,
                    dict(resource.properties),
                    resource.physical_id or "",
                    resource.declared,
                    properties,
                    declared,
                )
            )
        removed = [
            resource
            for name, resource in stack.resources.items()
            if resource.declared is not None and resource.exists and name not in wanted
        ]
        return changes, added, removed

    def _update_model(self, change: _Change) -> _Step:
        stack, resource = self.stack, change.resource

        def body(step: _Step) -> bool:
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

        return _Step(resource.logical_id, body, cancelled)

    def _update_sibling(self, name: str, sibling: Sibling) -> _Step:
        stack, resource = self.stack, self.stack.resources[name]

        def body(_: _Step) -> bool:
            stack.mark(resource, "UPDATE_IN_PROGRESS", self._kernel.now)
            self._kernel.sleep(sibling.update_seconds or 0.0)
            ok = not sibling.update_fails
            stack.mark(resource, "UPDATE_COMPLETE" if ok else "UPDATE_FAILED", self._kernel.now)
            return ok

        return _Step(name, body, lambda: stack.mark(resource, "UPDATE_FAILED", self._kernel.now))

    # --- the way back -------------------------------------------------------------------------------

    def _roll_back_update(self, changes: list[_Change], former: Template) -> None:
        stack = self.stack
        self._kernel.sleep(self._short())
        self._set_status("UPDATE_ROLLBACK_IN_PROGRESS")
        self._template = former
        created = [resource for resource in self._begun if resource.exists]
        self._kernel.sleep(self._short())
        self._put_policy(former)
        doomed: list[_Doomed] = []
        begun = [change for change in changes if change.begun]
        for patience in range(_PATIENCE + 1):
            steps = [self._revert(change, doomed) for change in begun if not change.reverted]
            if self._run_all(steps, None, stop_on_failure=False):
                break
            self._set_status("UPDATE_ROLLBACK_FAILED")
            self._kernel.sleep(300.0)
            if patience == _PATIENCE - 1:
                for change in begun:
                    if not change.reverted:
                        change.reverted = True
                        stack.mark(change.resource, "UPDATE_COMPLETE", self._kernel.now)
            self._set_status("UPDATE_ROLLBACK_IN_PROGRESS")
        self._set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._delete_all(doomed + [self._doomed(resource) for resource in created])
        self._forget(created)
        if not former.models:
            self._remove_provider()
        self._set_status("UPDATE_ROLLBACK_COMPLETE")

    def _revert(self, change: _Change, doomed: list[_Doomed]) -> _Step:
        stack, resource = self.stack, change.resource
        replaced = change.done and resource.physical_id != change.former_id

        def finish() -> bool:
            change.reverted = True
            stack.mark(resource, "UPDATE_COMPLETE", self._kernel.now)
            doomed.extend(
                _Doomed(resource, other, change.wanted, is_the_resource=False)
                for other in change.other_ids
                if other != resource.physical_id
            )
            change.other_ids = []
            return True

        def body(step: _Step) -> bool:
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

        return _Step(resource.logical_id, body)

    # --- delete -------------------------------------------------------------------------------------

    def _delete(self) -> None:
        stack = self.stack
        self._set_status("DELETE_IN_PROGRESS")
        self._kernel.sleep(self._short())
        ok = self._delete_all([self._doomed(each) for each in stack.resources.values() if each.exists])
        self._remove_provider()
        self._set_status("DELETE_COMPLETE" if ok else "DELETE_FAILED")

    def _doomed(self, resource: Resource) -> _Doomed:
        invented = f"{self.stack.plan.name}-{resource.logical_id}-{self._chance.randrange(16**8):08X}"
        known = resource.physical_id
        return _Doomed(resource, known or invented, dict(resource.properties), is_the_resource=True)

    def _delete_all(self, doomed: Iterable[_Doomed]) -> bool:
        """Delete what refers to models first; False if something would not go."""
        every = list(doomed)
        late = {name for name, sibling in self._template.siblings if sibling.after_models}
        first = [self._delete_one(one) for one in every if one.resource.logical_id in late]
        last = [self._delete_one(one) for one in every if one.resource.logical_id not in late]
        gone = self._run_all(first, None, stop_on_failure=False)
        return self._run_all(last, None, stop_on_failure=False) and gone

    def _delete_one(self, doomed: _Doomed) -> _Step:
        stack, resource = self.stack, doomed.resource

        def mark(status: str) -> None:
            stack.mark(
                resource,
                status,
                self._kernel.now,
                doomed.properties,
                physical_id=doomed.physical_id,
                is_the_resource=doomed.is_the_resource,
            )

        def body(step: _Step) -> bool:
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

        return _Step(resource.logical_id, body)

    def _forget(self, resources: Iterable[Resource]) -> None:
        if self.stack.plan.forgets_deleted:
            for resource in resources:
                self.stack.forget(resource, self._kernel.now)

    # --- the provider -------------------------------------------------------------------------------

    def _make_provider(self, template: Template) -> None:
        self._world.deployment.deploy(self._world, self.stack.plan)
        self.stack.function_exists = True
        self._put_policy(template)

    def _put_policy(self, template: Template) -> None:
        world = self._world
        declared = [each for _, each in template.models]
        policy = Policy(
            frozenset(world.plan.models[each.model].arn for each in declared),
            any(not each.with_project_arn for each in declared),
        )
        delay = self._chance.random() * world.gateway.faults.iam_delay
        role = world.functions.by_arn[self.stack.plan.function_arn].role
        role.put(policy, self._kernel.now + delay)

    def _remove_provider(self) -> None:
        arn = self.stack.plan.function_arn
        if not self.stack.function_exists:
            return
        self.stack.function_exists = False
        self._kernel.sleep(self._short())
        self._world.deployment.remove(self._world, self.stack.plan)
        delay = self._chance.random() * self._world.gateway.faults.iam_delay
        self._world.functions.by_arn[arn].role.put(None, self._kernel.now + delay)

    # --- requests -----------------------------------------------------------------------------------

    def _send(
        self,
        kind: str,
        resource: Resource,
        properties: Any,
        *,
        step: _Step,
        old: Any = None,
        physical_id: str | None = None,
        rolls_back: bool = False,
    ) -> Request:
        world = self._world
        request = Request(
            len(world.requests),
            kind,
            self.stack,
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
            world.functions.invoke(self.stack.plan.function_arn, request.event(), request)
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
        self._kernel.sleep(self._short())
        return request.answer

    # --- steps --------------------------------------------------------------------------------------

    def _run_phases(self, phases: list[list[_Step]], until: float | None) -> bool:
        return all(self._run_all(steps, until, stop_on_failure=True) for steps in phases)

    def _run_all(self, steps: list[_Step], until: float | None, *, stop_on_failure: bool) -> bool:
        """Run steps side by side; False if one fails, or if the user ends the operation."""
        operator = self._kernel.current
        if not steps or operator is None:
            return until is None or self._kernel.now < until

        def begin(step: _Step) -> None:
            def course() -> None:
                step.outcome = step.body(step)
                self._kernel.wake(operator)

            step.task = self._kernel.spawn(step.name, course)

        for step in steps:
            begin(step)
        while any(step.outcome is None for step in steps):
            self._kernel.suspend(until)
            failed = any(step.outcome is False for step in steps)
            ended = until is not None and self._kernel.now >= until
            if (failed and stop_on_failure) or ended:
                for step in steps:
                    self._cancel(step)
                return False
        return all(step.outcome for step in steps)

    def _cancel(self, step: _Step) -> None:
        if step.outcome is not None or step.task is None:
            return
        self._kernel.kill(step.task)
        step.outcome = False
        if step.request is not None and step.request.waiting:
            self._world.end_request(step.request, Outcome.CANCELLED)
        step.cancelled()

    def _set_status(self, status: str) -> None:
        self.stack.set_status(status, self._kernel.now)
        self._world.note_status(self.stack, status)

    def _short(self) -> float:
        return 0.5 + 2.5 * self._chance.random()
