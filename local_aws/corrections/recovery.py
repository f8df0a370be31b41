"""How an operation takes up what another, which failed without a roll-back, has left behind.

CloudFormation's guide (stack-failure-options): what succeeded is preserved, a failed resource goes back to
its last known stable state, and one without such a state is deleted upon the next operation. What exactly a
custom resource whose update failed is sent then is not documented: see Switches.failed_update_next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.corrections.changes import Change
from local_aws.corrections.deletion import Deletions, Doomed, doomed_resource
from local_aws.corrections.provisioning import Provisioner
from local_aws.corrections.stack_record import (
    StackRecord,
    failed_to_change,
    is_custom,
    stable_state,
    was_made,
)
from local_aws.switches import Switches

Resource = Mapping[str, Any]


class Recovery:
    """What earlier operations did and did not do to the resources of one stack."""

    def __init__(
        self,
        stack: StackRecord,
        provisioner: Provisioner,
        deletions: Deletions,
        switches: Switches,
        earlier: Mapping[str, Change],
    ) -> None:
        self._stack = stack
        self._provisioner = provisioner
        self._deletions = deletions
        self._switches = switches
        self.changes = dict(earlier)
        """What earlier operations did, as far as it still holds."""

    async def take_up(self, logical_id: str, resource: Resource) -> Resource | None:
        """The resource as the operation goes on from; None if it has to be made.

        Raises what its provider raises; the resource then stays failed.
        """
        if not was_made(resource):
            await self._delete_unmade(logical_id)
            return None
        stable = stable_state(resource)
        if stable is None or not failed_to_change(resource):
            return resource
        # Of the types of AWS an update that failed has changed nothing; a nested stack takes up its own.
        if not is_custom(str(resource.get("ResourceType", ""))) or resource.get("_sent") == stable.get(
            "_sent"
        ):
            return self._back(logical_id, stable, str(stable.get("PhysicalResourceId")))
        if self._switches.failed_update_next == "single":
            return resource
        return await self._bring_back(logical_id, resource, stable)

    async def _delete_unmade(self, logical_id: str) -> None:
        doomed = doomed_resource(logical_id, self._stack.resources[logical_id])
        failures = await self._deletions.delete_all(self._stack, [doomed], {})
        if failures:
            raise ValueError(failures[logical_id])
        self.changes.pop(logical_id, None)

    async def _bring_back(self, logical_id: str, resource: Resource, stable: Resource) -> Resource:
        stack = self._stack
        stack.mark(logical_id, "UPDATE_IN_PROGRESS", Properties=stable.get("Properties"))
        try:
            made = await self._provisioner.update(
                stack, logical_id, str(resource["ResourceType"]), stable, resource["_sent"], stable["_sent"]
            )
        except Exception as error:
            stack.mark(logical_id, "UPDATE_FAILED", str(error), Properties=resource.get("Properties"))
            raise
        attributes = made.attributes or stable.get("Attributes") or {}
        return self._back(logical_id, {**stable, "Attributes": attributes}, made.physical_id)

    def _back(self, logical_id: str, stable: Resource, physical_id: str) -> Resource:
        self.changes[logical_id].brought_back(stable, physical_id)
        self._stack.resources[logical_id] = {**stable, "PhysicalResourceId": physical_id}
        self._stack.mark(logical_id, "UPDATE_COMPLETE")
        return self._stack.resources[logical_id]


def superseded(change: Change, present: str | None) -> list[Doomed]:
    """What the resource was, or was about to become, and is no more, since it is ``present`` now."""
    known = dict(change.others)
    if change.before is not None and change.before.get("PhysicalResourceId"):
        known.setdefault(change.before["PhysicalResourceId"], change.before.get("Properties") or {})
    if change.physical_id is not None:
        known.setdefault(change.physical_id, change.applied)
    return [
        Doomed(change.logical_id, change.resource_type, physical_id, sent, is_the_resource=False)
        for physical_id, sent in known.items()
        if physical_id != present
    ]
