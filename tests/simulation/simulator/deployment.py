"""What a stack deploys to serve its custom resources: this project's provider, or an alternative's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from simulator.iam import Role
from simulator.plan import Declared, ModelPlan, StackPlan
from simulator.stack import properties_of

if TYPE_CHECKING:
    from simulator.world import World


class Deployment(Protocol):
    """The functions of a stack's provider, and the properties that its resources have."""

    def deploy(self, world: World, stack: StackPlan) -> None:
        """Make what serves the stack; the function at ``stack.function_arn`` takes its requests."""

    def remove(self, world: World, stack: StackPlan) -> None:
        """Delete it with the stack."""

    def properties_of(self, declared: Declared, model: ModelPlan, stack: StackPlan) -> dict[str, str]:
        """ResourceProperties of a declared model."""


class OwnProvider:
    """The provider of this project: one function."""

    def deploy(self, world: World, stack: StackPlan) -> None:
        """See ``Deployment``."""
        role = Role(stack.stack_id, stack.function_arn)
        world.functions.deploy(stack.function_arn, role, world.new_handler)

    def remove(self, world: World, stack: StackPlan) -> None:
        """See ``Deployment``."""
        world.functions.remove(stack.function_arn)

    def properties_of(self, declared: Declared, model: ModelPlan, stack: StackPlan) -> dict[str, str]:
        """See ``Deployment``."""
        return properties_of(declared, model, stack.function_arn)
