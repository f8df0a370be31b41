"""The ways that are measured side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Variant:
    """One way to run a model from a stack."""

    key: str
    title: str
    waits: bool
    """Whether a deployment ends when the model runs, and a deletion when it has stopped."""
    module: str = ""
    """Of the same package, where it is another one's."""

    @property
    def source(self) -> str:
        """The name of the module in ``bench.alternatives``."""
        return self.module or self.key


OURS: Final = Variant("ours", "RunningModel (this project)", waits=True)
BOTO3_WAITER: Final = Variant("boto3_waiter", "boto3 waiter in one invocation", waits=True)
CRHELPER_POLLER: Final = Variant("crhelper_poller", "crhelper's poller", waits=True)
PROVIDER_FRAMEWORK: Final = Variant("provider_framework", "CDK's provider framework", waits=True)
AWS_CUSTOM_RESOURCE: Final = Variant("aws_custom_resource", "AwsCustomResource", waits=False)

STARTED_BEFORE: Final = Variant(
    "started_before", "RunningModel, a version that has started before", waits=True, module=OURS.key
)
"""A tag says what the version's last start took; the others keep no such thing."""

VARIANTS: Final = (OURS, BOTO3_WAITER, CRHELPER_POLLER, PROVIDER_FRAMEWORK, AWS_CUSTOM_RESOURCE)
DEPLOYED: Final = (*VARIANTS, STARTED_BEFORE)
"""All that are deployed in each round."""
