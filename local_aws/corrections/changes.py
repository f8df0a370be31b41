"""What an operation was asked to do, and what it did to each resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local_aws.corrections.definitions import Definitions
from local_aws.corrections.stack_record import StackRecord


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


class Nested(Protocol):
    """The operation on a nested stack, which is a part of its parent's."""

    stack: StackRecord
    changes: dict[str, Change]
    stable: Mapping[str, Any] | None

    async def roll_back(self, reason: str = "") -> bool:
        """Brings the stack back to what it was; False if something would not go."""

    async def clean_up(self) -> bool:
        """Deletes what the update replaced or removed; False if something was left behind."""


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
    others: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Ids that earlier operations, which failed without a roll-back, named beside the latest, with the
    properties that were sent."""
    child: Nested | None = None

    @property
    def other_id(self) -> str | None:
        """The id that an update brought in place of the one before, if it did."""
        if self.before is None or self.physical_id in (None, self.before.get("PhysicalResourceId")):
            return None
        return self.physical_id

    @property
    def changes_nothing(self) -> bool:
        """Whether the resource is, after all, as it was before."""
        return (
            self.before is not None
            and self.done
            and self.applied == self.former
            and self.other_id is None
            and not (self.old_ones or self.others or self.child)
        )

    def brought_back(self, stable: Mapping[str, Any], physical_id: str) -> None:
        """The resource is in its last stable state again, and its provider calls it ``physical_id``."""
        self._put_aside(physical_id)
        self.applied, self.done, self.physical_id = dict(stable.get("_sent") or {}), True, physical_id
        if physical_id != stable.get("PhysicalResourceId"):
            self.others[str(stable.get("PhysicalResourceId"))] = self.applied
        self.others.pop(physical_id, None)

    def after(self, earlier: Change) -> Change:
        """This change as one that began where ``earlier`` did."""
        earlier._put_aside(self.physical_id)
        self.before, self.former = earlier.before, earlier.former
        self.others = {one: sent for one, sent in earlier.others.items() if one != self.physical_id}
        self.old_ones = [*earlier.old_ones, *self.old_ones]
        return self

    def _put_aside(self, physical_id: str | None) -> None:
        """Another id follows the latest one, which nobody may forget."""
        known = self.before.get("PhysicalResourceId") if self.before is not None else None
        if self.physical_id not in (None, physical_id, known):
            self.others[str(self.physical_id)] = self.applied


def continued(earlier: Mapping[str, Change], later: Mapping[str, Change]) -> dict[str, Change]:
    """What two operations did, one after the other, as if they were one."""
    both = dict(earlier)
    for logical_id, change in later.items():
        both[logical_id] = change.after(earlier[logical_id]) if logical_id in earlier else change
    return {logical_id: change for logical_id, change in both.items() if not change.changes_nothing}
