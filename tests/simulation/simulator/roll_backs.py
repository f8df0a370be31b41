"""The way back of an update, and what people do when it fails."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from simulator.deletions import Deletions, not_in_use
from simulator.plan import Continued, LastResort, Template
from simulator.provider import Provider
from simulator.resource_steps import Change, Doomed, ResourceSteps, short
from simulator.stack import Resource, Stack, Standing
from simulator.steps import Steps

if TYPE_CHECKING:
    from simulator.world import World


class RollBacks:
    """Rolls the updates of one stack back."""

    def __init__(
        self,
        world: World,
        stack: Stack,
        chance: random.Random,
        make: ResourceSteps,
        steps: Steps,
        provider: Provider,
        deletions: Deletions,
    ) -> None:
        self._world = world
        self._kernel = world.kernel
        self._stack = stack
        self._chance = chance
        self._make = make
        self._steps = steps
        self._provider = provider
        self._deletions = deletions

    def run(
        self,
        changes: list[Change],
        created: list[Resource],
        former: Template,
        left: list[Doomed],
        continued: Continued,
    ) -> list[Doomed] | None:
        """Go back to a template: take changes back, delete what was created and what is left.

        None if it is done; else it stays at UPDATE_ROLLBACK_FAILED, and what it leaves is to be deleted.
        """
        world, stack = self._world, self._stack
        self._kernel.sleep(short(self._chance, stack.plan.pace))
        world.set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS")
        self._kernel.sleep(short(self._chance, stack.plan.pace))
        self._provider.put_policy(former)
        doomed: list[Doomed] = []
        if not self._take_back(changes, doomed, continued):
            return [*doomed, *left]
        world.set_status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        of_created = [self._deletions.of(resource) for resource in created]
        self._deletions.clean_up(not_in_use([*doomed, *left, *of_created]), former)
        self._deletions.forget(created)
        if not former.models:
            self._provider.remove()
        world.set_status(stack, "UPDATE_ROLLBACK_COMPLETE")
        return None

    def _take_back(self, changes: list[Change], doomed: list[Doomed], continued: Continued) -> bool:
        """Revert what was begun, as often as people continue it; False if they leave it as it is."""
        stack = self._stack
        failures = {
            name: sibling.failing_roll_backs
            for name, sibling in self._make.updated.items()
            if sibling.failing_roll_backs
        }
        siblings = set(failures)
        begun = [change for change in changes if change.begun]
        tries = 0
        while True:
            steps = [self._make.revert(change, doomed) for change in begun if not change.reverted]
            steps += [self._make.revert_sibling(name, failures) for name in sorted(siblings)]
            if self._steps.run_all(steps, None, stop_on_failure=False):
                return True
            siblings -= {step.name for step in steps if step.outcome}
            self._world.set_status(stack, "UPDATE_ROLLBACK_FAILED")
            self._kernel.sleep(continued.pause_seconds)
            tries += 1
            if tries > continued.retries:
                if continued.last_resort is LastResort.DELETE:
                    self._world.gateway.note("a roll-back is given up")
                    self._world.note_user(stack, "leaves the roll-back that failed")
                    return False
                siblings -= self._skip(begun, siblings, continued)
            self._world.set_status(stack, "UPDATE_ROLLBACK_IN_PROGRESS")

    def _skip(self, begun: list[Change], siblings: set[str], continued: Continued) -> set[str]:
        """ResourcesToSkip: they count as if they had gone back, and are not called; their names."""
        failed = {change.resource.logical_id for change in begun if not change.reverted} | siblings
        skipped = failed.intersection(continued.skips) or failed
        self._world.gateway.note("roll-back continued without a resource")
        for change in begun:
            if change.resource.logical_id in skipped and not change.reverted:
                change.reverted = True
                known = change.resource.physical_id or ""
                change.resource.stable = Standing(change.former, change.former_declared, known)
        for name in (*(change.resource.logical_id for change in begun), *sorted(siblings)):
            if name in skipped:
                self._stack.mark(self._stack.resources[name], "UPDATE_COMPLETE", self._kernel.now)
        if skipped != failed:
            self._world.note_user(
                self._stack, f"continues the roll-back without {', '.join(sorted(skipped))}"
            )
        return skipped
