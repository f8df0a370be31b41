"""Express mode: DeploymentConfig, which MiniStack does not know.

CloudFormation's guide (cloudformation-express-mode) and API reference (DeploymentConfig): with Mode EXPRESS
an operation ends as soon as the resources are configured, and roll-back is disabled unless DisableRollback
says false; custom resources keep their answer. In MiniStack nothing takes time to become ready, so what shows
of the mode is the reason of a completed resource (aws-cdk-cli PR 1689), the missing roll-back, and what is
refused after a failure (``admission``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.stack_record import STACK_TYPE, is_custom

EXPRESS = "EXPRESS"
STANDARD = "STANDARD"
COMPLETED = (
    "Resource operation completed using Express Mode. It may continue becoming available in the background."
)
_ON_RECORD = "_deployment_mode"


@dataclass(frozen=True)
class DeploymentMode:
    """How a caller wants an operation to be done."""

    name: str = STANDARD
    disable_rollback: bool | None = None
    """None: not said."""

    @property
    def disables_rollback(self) -> bool:
        """Whether roll-back is disabled by this alone."""
        return self.name == EXPRESS if self.disable_rollback is None else self.disable_rollback

    def xml(self) -> str:
        """As an answer shows it."""
        said = self.disable_rollback
        flag = "" if said is None else f"<DisableRollback>{str(said).lower()}</DisableRollback>"
        return f"<DeploymentConfig><Mode>{self.name}</Mode>{flag}</DeploymentConfig>"


def problems(parameters: dict[str, Any]) -> list[str]:
    """What is wrong with the mode that a request names, in CloudFormation's words."""
    found: list[str] = ministack.helpers.enum_problems(
        parameters, "DeploymentConfig.Mode", "deploymentConfig.mode", (EXPRESS, STANDARD)
    )
    return found


def asked_for(parameters: dict[str, Any]) -> DeploymentMode:
    """The mode that a request names."""
    name = ministack.helpers._p(parameters, "DeploymentConfig.Mode", STANDARD)
    flag = ministack.helpers._p(parameters, "DeploymentConfig.DisableRollback")
    return DeploymentMode(name, flag.lower() == "true" if flag else None)


def disables_rollback(parameters: dict[str, Any], mode: DeploymentMode) -> bool:
    """Whether an operation with these parameters and this mode is not rolled back."""
    if ministack.helpers._p(parameters, "DisableRollback").lower() == "true":
        return True
    if "OnFailure" in parameters:
        return str(ministack.helpers._p(parameters, "OnFailure")) == "DO_NOTHING"
    return mode.disables_rollback


def note(record: dict[str, Any], mode: DeploymentMode) -> None:
    """The stack's latest operation is done in this mode."""
    record[_ON_RECORD] = mode


def completed(record: Mapping[str, Any], resource_type: str) -> str:
    """The reason that a completed resource of this type shows; empty in standard mode."""
    own = is_custom(resource_type) or resource_type == STACK_TYPE
    return "" if own or of(record).name != EXPRESS else COMPLETED


def of(record: Mapping[str, Any]) -> DeploymentMode:
    """The mode of the stack's latest operation."""
    found = record.get(_ON_RECORD)
    return found if isinstance(found, DeploymentMode) else DeploymentMode()
