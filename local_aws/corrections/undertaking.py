"""An operation on one stack: what was asked for, with what it works, and what it has done so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.corrections.changes import Change, Nested, Order
from local_aws.corrections.deletion import Deletions, Doomed
from local_aws.corrections.provisioning import Provisioner
from local_aws.corrections.recovery import superseded
from local_aws.corrections.stack_record import StackRecord
from local_aws.switches import Switches


class Undertaking:
    """What a roll-back and a clean-up need to know."""

    def __init__(
        self,
        stack: StackRecord,
        order: Order,
        provisioner: Provisioner,
        deletions: Deletions,
        switches: Switches,
        earlier: Nested | None = None,
    ) -> None:
        """``earlier``: the operation that failed without a roll-back, and that this one goes on from."""
        self.stack = stack
        self.order = order
        self.provisioner = provisioner
        self.deletions = deletions
        self.switches = switches
        self.changes: dict[str, Change] = {}
        self.not_reverted: dict[str, Change] = {}
        self.left_over: list[Doomed] = []
        """What the clean-up of a roll-back has to delete beside what the update made."""
        self.before: Mapping[str, Mapping[str, Any]] = (order.previous or {}).get("_resources", {})
        self.stable: Mapping[str, Any] | None = order.previous if earlier is None else earlier.stable
        """The stack in its last stable state, which a roll-back goes back to; None if it never had one."""

    @property
    def is_update(self) -> bool:
        """Whether there was something before."""
        return self.order.previous is not None

    @property
    def verb(self) -> str:
        """CREATE or UPDATE."""
        return "UPDATE" if self.is_update else "CREATE"

    def superseded(self) -> list[Doomed]:
        """What the stack's resources once were, or were about to become, and nobody has deleted."""
        present = {
            name: resource.get("PhysicalResourceId") for name, resource in self.stack.resources.items()
        }
        return [
            one
            for change in self.changes.values()
            for one in superseded(change, present.get(change.logical_id))
        ]
