"""CloudFormation: operations on a stack, the requests that they send, and the way back when one fails.

What is documented, and what was observed, is in facts B of the project; where nothing settles it, the plan
of the stack decides.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from simulator.iam import Policy
from simulator.kernel import Task
from simulator.plan import Declared, OnFailure, Operation, Template, Verb
from simulator.resource_steps import Change, Doomed, ResourceSteps, short
from simulator.stack import STABLE, Resource, Stack
from simulator.steps import Step, Steps

if TYPE_CHECKING:
    from simulator.world import World

_PATIENCE: Final = 2
"""How often a user tries again what would not be deleted, or would not go back."""


class Operator:
    """Runs the operations that the users of one stack ask for, one after the other."""

    def __init__(self, world: World, stack: Stack, chance: random.Random) -> None:
        self._world = world
        self._kernel = world.kernel
        self._chance = chance
        self.stack = stack
        self._template = Template()
        self._task: Task | None = None
        self._make = ResourceSteps(world, stack, chance)
        self._steps = Steps(world)

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
        self._kernel.sleep(short(self._chance))
        self._make_provider(template)
        until = None if operation.interrupt_after is None else self._kernel.now + operation.interrupt_after
        self._make.begun = []
        made = self._steps.run_phases(self._create_steps(template), until)
        if made:
            self._kernel.sleep(short(self._chance))
            self._set_status("CREATE_COMPLETE")
            return
        if until is not None and self._kernel.now >= until:
            self._kernel.sleep(short(self._chance))
            self._delete_until_gone()
            return
        if operation.on_failure is OnFailure.DO_NOTHING:
            self._set_status("CREATE_FAILED")
            return
        self._kernel.sleep(short(self._chance))
        self._set_status("ROLLBACK_IN_PROGRESS")
        ok = self._delete_all([self._doomed(resource) for resource in self._make.begun if resource.exists])
        if ok:
            self._remove_provider()
        self._set_status("ROLLBACK_COMPLETE" if ok else "ROLLBACK_FAILED")
        if operation.on_failure is OnFailure.DELETE or not ok:
            self._kernel.sleep(short(self._chance))
            self._delete_until_gone()

    def _create_steps(self, template: Template) -> list[list[Step]]:
        first = [self._make.create_model(name, declared) for name, declared in template.models]
        last: list[Step] = []
        for name, sibling in template.siblings:
            (last if sibling.after_models else first).append(self._make.create_sibling(name, sibling))
        return [first, last]

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
        self._kernel.sleep(short(self._chance))
        if not stack.function_exists:
            self._make_provider(template)
        else:
            self._put_policy(template)
        self._make.begun = []
        steps = [self._make.update_model(change) for change in changes]
        steps += [self._make.create_model(name, declared) for name, declared in added]
        first = steps + [self._make.update_sibling(n, s) for n, s in siblings if not s.after_models]
        last = [self._make.update_sibling(n, s) for n, s in siblings if s.after_models]
        if not self._steps.run_phases([first, last], until):
            self._roll_back_update(changes, former)
            return
        self._kernel.sleep(short(self._chance))
        self._set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        doomed = [self._doomed(resource) for resource in removed]
        doomed += [
            Doomed(change.resource, change.former_id, change.former, is_the_resource=False)
            for change in changes
            if change.resource.physical_id != change.former_id
        ]
        self._clean_up(doomed)
        self._forget(removed)
        if not template.models:
            self._remove_provider()
        self._set_status("UPDATE_COMPLETE")

    def _diff(self, template: Template) -> tuple[list[Change], list[tuple[str, Declared]], list[Resource]]:
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
                Change(
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

    # --- the way back -------------------------------------------------------------------------------

    def _roll_back_update(self, changes: list[Change], former: Template) -> None:
        stack = self.stack
        self._kernel.sleep(short(self._chance))
        self._set_status("UPDATE_ROLLBACK_IN_PROGRESS")
        self._template = former
        created = [resource for resource in self._make.begun if resource.exists]
        self._kernel.sleep(short(self._chance))
        self._put_policy(former)
        doomed: list[Doomed] = []
        begun = [change for change in changes if change.begun]
        for patience in range(_PATIENCE + 1):
            steps = [self._make.revert(change, doomed) for change in begun if not change.reverted]
            if self._steps.run_all(steps, None, stop_on_failure=False):
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
        self._clean_up(doomed + [self._doomed(resource) for resource in created])
        self._forget(created)
        if not former.models:
            self._remove_provider()
        self._set_status("UPDATE_ROLLBACK_COMPLETE")

    # --- delete -------------------------------------------------------------------------------------

    def _delete(self) -> None:
        stack = self.stack
        self._set_status("DELETE_IN_PROGRESS")
        self._kernel.sleep(short(self._chance))
        ok = self._delete_all([self._doomed(each) for each in stack.resources.values() if each.exists])
        if ok:
            # What a resource needs goes after it: the function stays as long as a model's Delete fails.
            self._remove_provider()
        self._set_status("DELETE_COMPLETE" if ok else "DELETE_FAILED")

    def _doomed(self, resource: Resource) -> Doomed:
        invented = f"{self.stack.plan.name}-{resource.logical_id}-{self._chance.randrange(16**8):08X}"
        known = resource.physical_id
        return Doomed(resource, known or invented, dict(resource.properties), is_the_resource=True)

    def _delete_all(self, doomed: Iterable[Doomed]) -> bool:
        """Delete what refers to models first; False if something would not go."""
        every = list(doomed)
        late = {name for name, sibling in self._template.siblings if sibling.after_models}
        first = [self._make.delete_one(one) for one in every if one.resource.logical_id in late]
        last = [self._make.delete_one(one) for one in every if one.resource.logical_id not in late]
        gone = self._steps.run_all(first, None, stop_on_failure=False)
        return self._steps.run_all(last, None, stop_on_failure=False) and gone

    def _clean_up(self, doomed: list[Doomed]) -> None:
        """What an update has left. A Delete that fails is not tried again: the stack goes on without it."""
        self._delete_all(doomed)
        for each in doomed:
            if each.is_the_resource and each.resource.status == "DELETE_FAILED":
                self.stack.forget(each.resource, self._kernel.now)

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
        self._kernel.sleep(short(self._chance))
        self._world.deployment.remove(self._world, self.stack.plan)
        delay = self._chance.random() * self._world.gateway.faults.iam_delay
        self._world.functions.by_arn[arn].role.put(None, self._kernel.now + delay)

    def _set_status(self, status: str) -> None:
        self.stack.set_status(status, self._kernel.now)
        self._world.note_status(self.stack, status)
