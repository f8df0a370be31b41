"""What an operation was asked to do, and what it did to each resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local_aws.corrections.definitions import Definitions

if TYPE_CHECKING:
    from local_aws.corrections.deployment import Deployment


@dataclass(frozen=True)
class Order:
    """What a caller asked for."""

    definitions: Definitions
    previous: Mapping[str, Any] | None = None
    """The stack as it was before the update; None for a create."""
    disable_rollback: bool = False
    retain_except_on_create: bool = False
    imports: Mapping[str, Any] = field(default_factory=dict)
    """Identifiers of resources that exist and are taken into the stack, by logical id."""


@dataclass
class Change:
    """What this operation did to one resource."""

    logical_id: str
    resource_type: str
    before: Mapping[str, Any] | None
    """The resource's record before an update; None for a create."""
    applied: dict[str, Any] = field(default_factory=dict)
    """The properties sent, with tags; empty until then."""
    former: dict[str, Any] = field(default_factory=dict)
    """The properties before, with tags."""
    begun: bool = False
    done: bool = False
    physical_id: str | None = None
    """The latest known: of the answer, FAILED ones included, or from before."""
    old_ones: list[Any] = field(default_factory=list)
    child: Deployment | None = None

    @property
    def other_id(self) -> str | None:
        """The id that an update brought in place of the one before, if it did."""
        if self.before is None or self.physical_id in (None, self.before.get("PhysicalResourceId")):
            return None
        return self.physical_id
