"""What CloudFormation deletes: with a stack, and in the clean-up after an update."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.plan import Template
from simulator.resource_steps import Change, Doomed, ResourceSteps
from simulator.stack import Resource, Stack
from simulator.steps import Steps

if TYPE_CHECKING:
    from simulator.world import World


class Deletions:
    """Deletes the resources of one stack."""

    def __init__(
        self, world: World, stack: Stack, chance: random.Random, make: ResourceSteps, steps: Steps
    ) -> None:
        self._kernel = world.kernel
        self._stack = stack
        self._chance = chance
        self._make = make
        self._steps = steps

    def of(self, resource: Resource) -> Doomed:
        """A resource as it is deleted: by the id that it is known by, else by an invented one."""
        invented = f"{self._stack.plan.name}-{resource.logical_id}-{self._chance.randrange(16**8):08X}"
        known = resource.physical_id
        return Doomed(
            resource,
            known or invented,
            dict(resource.properties),
            is_the_resource=True,
            invented=not known,
        )

    def delete_all(self, doomed: Iterable[Doomed], template: Template, tries: int = 1) -> bool:
        """Delete what refers to models first; False if something would not go."""
        every = list(doomed)
        late = {name for name, sibling in template.siblings if sibling.after_models}
        first = [self._make.delete_one(one, tries) for one in every if one.resource.logical_id in late]
        last = [self._make.delete_one(one, tries) for one in every if one.resource.logical_id not in late]
        gone = self._steps.run_all(first, None, stop_on_failure=False)
        return self._steps.run_all(last, None, stop_on_failure=False) and gone

    def clean_up(self, doomed: list[Doomed], template: Template) -> None:
        """What an update has left. When a Delete fails for good, the stack goes on without it."""
        self.delete_all(doomed, template, self._stack.plan.clean_up_tries)
        for each in doomed:
            if each.is_the_resource and each.resource.status == "DELETE_FAILED":
                self._stack.forget(each.resource, self._kernel.now)

    def forget(self, resources: Iterable[Resource]) -> None:
        """No longer show what is gone, where the plan says so."""
        if self._stack.plan.forgets_deleted:
            for resource in resources:
                self._stack.forget(resource, self._kernel.now)


def replaced(changes: Iterable[Change]) -> list[Doomed]:
    """What replacements have left of a resource."""
    return [
        Doomed(change.resource, change.former_id, change.former, is_the_resource=False)
        for change in changes
        if change.done and change.resource.physical_id != change.former_id
    ]


def not_in_use(doomed: Iterable[Doomed]) -> list[Doomed]:
    """Without the ids by which their resources are known again."""
    return [each for each in doomed if each.is_the_resource or each.physical_id != each.resource.physical_id]
