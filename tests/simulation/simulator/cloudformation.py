"""CloudFormation: operations on a stack, the requests that they send, and the way back when one fails.

What is documented, and what was observed, is in facts B of the project; where nothing settles it, the plan
of the stack decides.
"""

from __future__ import annotations

import random
from math import inf
from typing import TYPE_CHECKING, Final

from local_aws.platform.cloudformation import PAUSED, UPDATABLE
from simulator.deletions import Deletions, not_in_use, replaced
from simulator.kernel import Task
from simulator.plan import FOREVER, Continued, Mode, OnFailure, Operation, Template, Verb
from simulator.provider import Provider
from simulator.resource_steps import Doomed, ResourceSteps, short
from simulator.roll_backs import RollBacks
from simulator.stack import Freeze, Resource, Stack
from simulator.steps import Step, Steps
from simulator.unfinished import Unfinished, mending_steps, snapshot
from simulator.work import Work, difference

if TYPE_CHECKING:
    from simulator.world import World

_PATIENCE: Final = 2
"""How often a user tries again what would not be deleted."""


class Operator:
    """Runs the operations that the users of one stack ask for, one after the other."""

    def __init__(self, world: World, stack: Stack, chance: random.Random) -> None:
        self._world = world
        self._kernel = world.kernel
        self._chance = chance
        self.stack = stack
        self._template = Template()
        self._unfinished: Unfinished | None = None
        """What an operation has left that failed without a roll-back, or whose roll-back failed."""
        self._express = False
        """Whether it was deployed in express mode: then all that follows is too."""
        self._task: Task | None = None
        self._make = ResourceSteps(world, stack, chance)
        self._steps = Steps(world)
        self._provider = Provider(world, stack, chance)
        self._deletions = Deletions(world, stack, chance, self._make, self._steps)
        self._roll_backs = RollBacks(
            world, stack, chance, self._make, self._steps, self._provider, self._deletions
        )

    # --- the user -----------------------------------------------------------------------------------

    def run(self) -> None:
        """All that the plan has for this stack; the body of a task."""
        self._task = self._kernel.current
        for operation in self.stack.plan.operations:
            self._kernel.sleep(operation.pause_seconds)
            self._world.note_rest(self.stack)
            self._run(operation)

    def _run(self, operation: Operation) -> None:
        status = self.stack.status
        if operation.verb is Verb.DELETE:
            self._set_mode(operation)
            self._delete_until_gone(operation)
        elif operation.verb is Verb.ROLL_BACK:
            self._set_mode(operation)
            self._roll_back_halfway(operation)
        elif status in ("", "DELETE_COMPLETE"):
            if not self.stack.statuses:
                self._set_mode(operation)
                self._create(operation)
        elif status in UPDATABLE or (status in PAUSED and self.stack.plan.deploys_again):
            self._set_mode(operation)
            self._update(operation)
        self._show_again()

    def _set_mode(self, operation: Operation) -> None:
        """What an operation is like, told where it is not like any other."""
        self._express = self._express or operation.mode is Mode.EXPRESS
        mode = Mode.EXPRESS if self._express else operation.mode
        self._make.mode = self._provider.mode = mode
        self._make.begun, self._make.updated = [], {}
        self._make.frozen, self._make.hidden = operation.frozen, ((), 0.0)
        if mode is not Mode.STANDARD:
            self._world.gateway.note(f"{operation.verb}, {mode}")
            self._world.note_user(self.stack, f"{operation.verb}s, {mode}")

    # --- what CloudFormation shows ------------------------------------------------------------------

    def _begin(self, status: str, operation: Operation | None) -> None:
        """Begin an operation."""
        if operation is not None:
            self._hide(operation)
        self._set_status(status)

    def _hide(self, operation: Operation) -> None:
        """What is asked about an operation that begins now may stay as it was before."""
        frozen, now = operation.frozen, self._kernel.now
        if frozen is not None:
            what = ", ".join(frozen.views)
            long = "as long as it lasts" if frozen.seconds >= FOREVER else f"for {frozen.seconds:.0f} s"
            of = "each request" if frozen.each_request else "the operation"
            self._world.note_user(self.stack, f"is shown nothing of {of} by {what} {long}")
            if not frozen.each_request:
                self.stack.freezes.append(Freeze(now, now + frozen.seconds, frozen.views, None))
                until = inf if frozen.seconds >= FOREVER else now + frozen.seconds
                self._make.hidden = frozen.views, until

    def _show_again(self) -> None:
        """An operation has ended: what was to stay as it was as long as it lasts need not any more."""
        if self.stack.freezes:
            now = self._kernel.now
            self.stack.freezes = [
                freeze for freeze in self.stack.freezes if now < freeze.until < freeze.began_at + FOREVER
            ]

    # --- create -------------------------------------------------------------------------------------

    def _create(self, operation: Operation) -> None:
        template = operation.template
        self._template = template
        self._begin("CREATE_IN_PROGRESS", operation)
        self._kernel.sleep(short(self._chance, self.stack.plan.pace))
        self._provider.make(template)
        until = None if operation.interrupt_after is None else self._kernel.now + operation.interrupt_after
        made = self._steps.run_phases(self._create_steps(template), until, cancels=self._cancels())
        if made:
            self._kernel.sleep(short(self._chance, self.stack.plan.pace))
            self._set_status("CREATE_COMPLETE")
            return
        if until is not None and self._kernel.now >= until:
            self._kernel.sleep(short(self._chance, self.stack.plan.pace))
            self._delete_until_gone(None)
            return
        if self._make.mode is not Mode.STANDARD or operation.on_failure is OnFailure.DO_NOTHING:
            self._unfinished = Unfinished.of_create()
            self._set_status("CREATE_FAILED")
            return
        self._kernel.sleep(short(self._chance, self.stack.plan.pace))
        ok = self._roll_back_create(self._make.begun)
        if operation.on_failure is OnFailure.DELETE or not ok:
            self._kernel.sleep(short(self._chance, self.stack.plan.pace))
            self._delete_until_gone(None)

    def _roll_back_create(self, created: list[Resource]) -> bool:
        self._set_status("ROLLBACK_IN_PROGRESS")
        doomed = [self._deletions.of(resource) for resource in created if resource.exists]
        ok = self._deletions.delete_all(doomed + self._left(), self._template)
        if ok:
            self._unfinished = None
            self._provider.remove()
        self._set_status("ROLLBACK_COMPLETE" if ok else "ROLLBACK_FAILED")
        return ok

    def _create_steps(self, template: Template) -> list[list[Step]]:
        first = [self._make.create_model(name, declared) for name, declared in template.models]
        last: list[Step] = []
        for name, sibling in template.siblings:
            (last if sibling.after_models else first).append(self._make.create_sibling(name, sibling))
        return [first, last]

    def _cancels(self) -> bool:
        """Whether what is under way is cancelled when something fails."""
        return self._make.mode is Mode.STANDARD or not self.stack.plan.lets_others_end

    # --- update -------------------------------------------------------------------------------------

    def _update(self, operation: Operation) -> None:
        stack, template, former = self.stack, operation.template, self._template
        mends = self._unfinished is not None
        if not mends and difference(self._world, stack, template).is_nothing:
            return
        before = self._unfinished or snapshot(stack, former)
        self._template = template
        self._begin("UPDATE_IN_PROGRESS", operation)
        until = None if operation.interrupt_after is None else self._kernel.now + operation.interrupt_after
        self._kernel.sleep(short(self._chance, self.stack.plan.pace))
        if not stack.function_exists:
            self._provider.make(template)
        else:
            self._provider.put_policy(template)
        work = Work()
        made = not mends or self._mend(before, until)
        if made:
            work = difference(self._world, stack, template, mends=mends)
            made = self._steps.run_phases(self._update_steps(work), until, cancels=self._cancels())
        if made:
            self._clean_up(work, before)
        elif before.never_stable or (self._make.mode is not Mode.STANDARD and not self._is_over(until)):
            before.left += replaced(work.changes) + work.refused()
            self._unfinished = before
            self._set_status("UPDATE_FAILED")
        elif mends:
            before.left += replaced(work.changes) + work.refused()
            self._roll_back(before, operation.continued)
        else:
            created = [resource for resource in self._make.begun if resource.exists]
            self._template = former
            left = self._roll_backs.run(work.changes, created, former, [], operation.continued)
            self._unfinished = None if left is None else before.with_left(left)

    def _is_over(self, until: float | None) -> bool:
        return until is not None and self._kernel.now >= until

    def _update_steps(self, work: Work) -> list[list[Step]]:
        steps = [self._make.update_model(change) for change in work.changes]
        steps += [self._make.create_model(name, declared) for name, declared in work.added]
        last: list[Step] = []
        for name, sibling in work.siblings:
            (last if sibling.after_models else steps).append(self._make.update_sibling(name, sibling))
        for name, sibling in work.new_siblings:
            (last if sibling.after_models else steps).append(self._make.create_sibling(name, sibling))
        return [steps, last]

    def _clean_up(self, work: Work, before: Unfinished) -> None:
        self._unfinished = None
        self._kernel.sleep(short(self._chance, self.stack.plan.pace))
        self._set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        doomed = [self._deletions.of(resource) for resource in work.removed]
        doomed += replaced(work.changes) + before.left
        self._deletions.clean_up(not_in_use(doomed), self._template)
        self._deletions.forget(work.removed)
        if not self._template.models:
            self._provider.remove()
        self._set_status("UPDATE_COMPLETE")

    # --- after an operation without a roll-back -----------------------------------------------------

    def _mend(self, before: Unfinished, until: float | None) -> bool:
        """What failed goes first: creates are deleted, updates go back to their last stable state."""
        steps = mending_steps(self.stack, self._make, self._deletions, before.left)
        self._world.note_user(self.stack, f"deploys again: {len(steps)} resources to be mended")
        if steps:
            self._world.gateway.note("deployed again after a failure")
        return self._steps.run_all(steps, until, stop_on_failure=self._cancels())

    def _roll_back_halfway(self, operation: Operation) -> None:
        """RollbackStack, of a stack that failed without a roll-back."""
        before, status = self._unfinished, self.stack.status
        if before is None or status not in PAUSED:
            return
        if self._express:
            self._world.gateway.note("RollbackStack refused in express mode")
            self._world.note_user(self.stack, "is refused a roll-back in express mode")
            return
        self._world.gateway.note("RollbackStack")
        self._world.note_user(self.stack, "rolls back what failed")
        if not before.never_stable:
            self._hide(operation)
            self._roll_back(before, operation.continued)
        elif status == "CREATE_FAILED":
            self._hide(operation)
            self._roll_back_create(list(self.stack.resources.values()))
        else:
            # A stack without a stable state is deleted (RollbackStack).
            self._delete_until_gone(operation)

    def _roll_back(self, before: Unfinished, continued: Continued) -> None:
        """Back to the last stable state of the stack."""
        self._template = before.template
        left = self._roll_backs.run(
            before.changes(self.stack), before.created(self.stack), before.template, before.left, continued
        )
        self._unfinished = None if left is None else before.with_left(left)

    # --- delete -------------------------------------------------------------------------------------

    def _delete_until_gone(self, operation: Operation | None) -> None:
        stack = self.stack
        for _ in range(_PATIENCE):
            if not stack.exists:
                return
            self._delete(operation)
            if not stack.exists:
                return
            self._kernel.sleep(120.0)
        for resource in stack.resources.values():
            if resource.exists:
                stack.mark(resource, "DELETE_SKIPPED", self._kernel.now)
        self._provider.remove()
        self._set_status("DELETE_COMPLETE")

    def _delete(self, operation: Operation | None) -> None:
        stack = self.stack
        self._begin("DELETE_IN_PROGRESS", operation)
        self._kernel.sleep(short(self._chance, self.stack.plan.pace))
        doomed = [self._deletions.of(each) for each in stack.resources.values() if each.exists]
        ok = self._deletions.delete_all(doomed + self._left(), self._template)
        if ok:
            # What a resource needs goes after it: the function stays as long as a model's Delete fails.
            self._provider.remove()
        self._set_status("DELETE_COMPLETE" if ok else "DELETE_FAILED")
        self._show_again()

    def _left(self) -> list[Doomed]:
        return not_in_use(self._unfinished.left) if self._unfinished is not None else []

    def _set_status(self, status: str) -> None:
        self._world.set_status(self.stack, status)
