"""Making, changing and deleting one resource: MiniStack's own provisioners, and ours for custom resources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.access import Access
from local_aws.corrections.custom_resources import CustomResources, Request
from local_aws.corrections.stack_record import StackRecord, is_custom


@dataclass(frozen=True)
class Made:
    """What a create or an update answered."""

    physical_id: str
    attributes: dict[str, Any]
    name_seed: str = ""
    """MiniStack's memory of the name it generated."""
    old_ones: list[Any] = field(default_factory=list)
    """Deletes of what the update replaced, as MiniStack queued them: to be run in the clean-up."""


class Provisioner:
    """Works on one resource at a time; many may be at work. Raises what the resource's provider raises."""

    def __init__(self, custom_resources: CustomResources, access: Access) -> None:
        self._custom = custom_resources
        self._access = access

    async def create(
        self, stack: StackRecord, logical_id: str, resource_type: str, properties: Mapping[str, Any]
    ) -> Made:
        """Makes a resource."""
        if is_custom(resource_type):
            answer = await self._custom.ask(
                Request("Create", stack.id, logical_id, resource_type, properties)
            )
            return Made(str(answer.physical_id), dict(answer.data))
        made, seed = await self._call(
            ministack.stacks._provision_keeping_seed, resource_type, logical_id, dict(properties), stack.name
        )
        return Made(made[0], made[1] or {}, seed)

    async def update(
        self,
        stack: StackRecord,
        logical_id: str,
        resource_type: str,
        resource: Mapping[str, Any],
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        *,
        keep_replaced: bool = False,
    ) -> Made:
        """Changes a resource from ``old`` to ``new`` properties. Nothing is deleted, whatever it replaces."""
        physical_id = str(resource.get("PhysicalResourceId", ""))
        if is_custom(resource_type):
            request = Request("Update", stack.id, logical_id, resource_type, new, physical_id, old)
            answer = await self._custom.ask(request)
            return Made(str(answer.physical_id), dict(answer.data))
        provisioners = ministack.provisioners
        old_ones: list[Any] = []
        # Each resource is worked on by a task of its own, so these stay with it.
        provisioners._RETAIN_REPLACED.set(keep_replaced)
        provisioners._DEFERRED_PREDECESSOR_DELETES.set(old_ones)
        provisioners._NAME_SEED.set(resource.get("_name_seed", ""))
        made, seed = await self._call(
            ministack.stacks._update_keeping_seed,
            resource_type,
            physical_id,
            dict(old),
            dict(new),
            stack.name,
            logical_id,
            resource.get("Attributes"),
        )
        return Made(made[0], made[1] or {}, seed, old_ones)

    async def delete(
        self,
        stack: StackRecord,
        logical_id: str,
        resource_type: str,
        physical_id: str,
        properties: Mapping[str, Any],
        *,
        snapshot: bool = False,
    ) -> None:
        """Deletes a resource."""
        if is_custom(resource_type):
            await self._custom.ask(
                Request("Delete", stack.id, logical_id, resource_type, properties, physical_id)
            )
            return
        if snapshot:
            ministack.provisioners._snapshot_resource(resource_type, physical_id, dict(properties))
        await self._call(
            ministack.provisioners._delete_resource,
            resource_type,
            physical_id,
            dict(properties),
            stack.name,
            logical_id,
        )

    def named_late(self, stack_id: str, logical_id: str) -> str | None:
        """See ``CustomResources``."""
        return self._custom.named_late(stack_id, logical_id)

    async def _call(self, work: Callable[..., Any], resource_type: str, *arguments: Any) -> Any:
        """Calls a provisioner of MiniStack: on the event loop, or on a thread where it blocks."""
        try:
            if not ministack.stacks._runs_on_worker_thread(resource_type):
                return work(resource_type, *arguments)
            running = asyncio.ensure_future(
                ministack.concurrency.run_reentrant(work, resource_type, *arguments)
            )
            # A thread cannot be stopped: whoever cancels goes on, and nobody asks for its result.
            running.add_done_callback(lambda done: done.cancelled() or done.exception())
            return await asyncio.shield(running)
        finally:
            if resource_type.startswith("AWS::IAM::"):
                self._access.note_roles()
