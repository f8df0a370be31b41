"""What a stack keeps beside its models to serve them: the function, its role and its policies."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from simulator.iam import Policy
from simulator.plan import Mode, Template
from simulator.resource_steps import short
from simulator.stack import Stack

if TYPE_CHECKING:
    from simulator.world import World

EXPRESS_IAM_SECONDS: Final = 30.0
"""How late a policy can count at the least in express mode, where nobody waits for one to settle."""


class Provider:
    """The provider of one stack."""

    def __init__(self, world: World, stack: Stack, chance: random.Random) -> None:
        self._world = world
        self._kernel = world.kernel
        self._stack = stack
        self._chance = chance
        self.mode = Mode.STANDARD
        """How the operation under way is deployed."""

    def make(self, template: Template) -> None:
        """Create it."""
        self._world.deployment.deploy(self._world, self._stack.plan)
        self._stack.function_exists = True
        self.put_policy(template)

    def put_policy(self, template: Template) -> None:
        """Let the role's policies be as a template declares them; they count later."""
        world, now = self._world, self._kernel.now
        declared = [each for _, each in template.models]
        policy = Policy(
            frozenset(world.plan.models[each.model].arn for each in declared),
            any(not each.with_project_arn for each in declared),
        )
        latest = world.gateway.faults.iam_delay
        if self.mode is Mode.EXPRESS:
            latest = max(latest, EXPRESS_IAM_SECONDS)
        function = world.functions.by_arn[self._stack.plan.function_arn]
        function.settles_since = now
        function.role.put(policy, now + self._chance.random() * latest)

    def remove(self) -> None:
        """Delete it: its policies no longer count a while later."""
        arn = self._stack.plan.function_arn
        if not self._stack.function_exists:
            return
        self._stack.function_exists = False
        self._kernel.sleep(short(self._chance))
        self._world.deployment.remove(self._world, self._stack.plan)
        delay = self._chance.random() * self._world.gateway.faults.iam_delay
        self._world.functions.by_arn[arn].role.put(None, self._kernel.now + delay)
