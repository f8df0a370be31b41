"""How the alternatives are deployed: a role that a user writes, and the properties that they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local_aws.platform.cloudformation import SERVICE_TIMEOUT_SECONDS_DEFAULT
from simulator.functions import Handler
from simulator.iam import Policy, Role
from simulator.plan import Declared, ModelPlan, StackPlan
from simulator.world import World

LAMBDA_TIMEOUT_SECONDS_MAX = 900.0


class WideRole(Role):
    """Every action on every resource, as their examples grant it; like any role it counts after a while."""

    def __init__(self) -> None:
        super().__init__("", "")
        self._from: float | None = None
        self._until: float | None = None

    def allows(self, action: str, resource: str, tags: Mapping[str, str] | None, now: float) -> bool:
        """Whether the role is there."""
        return self._from is not None and self._from <= now and (self._until is None or now < self._until)

    def put(self, policy: Policy | None, counts_from: float) -> None:
        """What the templates declare does not change it."""
        if policy is None:
            self._until = counts_from
        elif self._from is None:
            self._from = counts_from


def properties_of(declared: Declared, model: ModelPlan, stack: StackPlan) -> dict[str, str]:
    """The model and its units: what an alternative has no property for cannot send it an Update."""
    properties = {
        "ServiceToken": stack.function_arn,
        "ServiceTimeout": str(SERVICE_TIMEOUT_SECONDS_DEFAULT),
        "ProjectVersionArn": model.arn,
        "ProjectArn": model.project_arn,
        "MinInferenceUnits": str(declared.units),
    }
    if declared.max_units is not None:
        properties["MaxInferenceUnits"] = str(declared.max_units)
    return properties


@dataclass(frozen=True)
class OneFunction:
    """A provider that is one function."""

    new_handler: Callable[[World], Handler]
    timeout_seconds: float

    def deploy(self, world: World, stack: StackPlan) -> None:
        """See ``Deployment``."""
        world.functions.deploy(
            stack.function_arn, WideRole(), lambda: self.new_handler(world), self.timeout_seconds
        )

    def remove(self, world: World, stack: StackPlan) -> None:
        """See ``Deployment``."""
        world.functions.remove(stack.function_arn)

    def properties_of(self, declared: Declared, model: ModelPlan, stack: StackPlan) -> dict[str, str]:
        """See ``Deployment``."""
        return properties_of(declared, model, stack)
