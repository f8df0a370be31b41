"""What people use today to run a model with a stack, as its own documentation and source tell.

Each is written with the care that a good engineer takes who uses it, and without any machinery that it does
not have. ``ALTERNATIVES`` names them all; their order is that of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulator import fast_seam
from simulator.alternatives import aws_custom_resource, boto3_waiter, crhelper_poller, provider_framework
from simulator.deployment import Deployment, OwnProvider
from simulator.functions import Handler
from simulator.plan import Plan
from simulator.world import World


@dataclass(frozen=True)
class Way:
    """A way to run a model with a stack."""

    name: str
    new_handler: Callable[[World], Handler]
    deployment: Callable[[], Deployment] = field(default=OwnProvider)

    def world(self, plan: Plan) -> World:
        """A history that it is to live through."""
        return World(plan, self.new_handler, self.deployment())


OURS: Final = Way("RunningModel", fast_seam.new_handler)
AWS_CUSTOM_RESOURCE: Final = Way(
    "AwsCustomResource", aws_custom_resource.new_handler, aws_custom_resource.deployment
)
STRICT_AWS_CUSTOM_RESOURCE: Final = Way(
    "AwsCustomResource, no error ignored",
    aws_custom_resource.new_strict_handler,
    aws_custom_resource.strict_deployment,
)
BOTO3_WAITER: Final = Way("boto3 waiter", boto3_waiter.new_handler, boto3_waiter.deployment)
CRHELPER_POLLER: Final = Way("crhelper poller", crhelper_poller.new_handler, crhelper_poller.deployment)
PROVIDER_FRAMEWORK: Final = Way(
    "Provider framework", provider_framework.new_handler, provider_framework.ProviderFramework
)
ALTERNATIVES: Final = (
    AWS_CUSTOM_RESOURCE,
    STRICT_AWS_CUSTOM_RESOURCE,
    BOTO3_WAITER,
    CRHELPER_POLLER,
    PROVIDER_FRAMEWORK,
)
