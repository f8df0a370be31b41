"""Deletes: of a whole stack, of what an update replaced or removed, of what a roll-back takes away.

They go side by side, each after the deletes of what depends on it, as CloudFormation does; a failed one does
not protect what it depends on (coverage-roadmap 852). A custom resource whose create was never answered gets
its Delete with an invented id STACK-LOGICALID-SUFFIX (README of aws-cdk-lib's custom_resources;
coverage-roadmap 1730, 1814).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from local_aws.corrections import deployment_mode
from local_aws.corrections.declared import deletion_policy_of, needs_of, remember_all
from local_aws.corrections.graph import run_graph, transitive
from local_aws.corrections.stack_record import STACK_TYPE, StackRecord, is_custom
from local_aws.platform.cloudformation import RETAINING
from local_aws.switches import Switches


@dataclass(frozen=True)
class Doomed:
    """Something to delete: a resource, or one that it has replaced."""

    logical_id: str
    resource_type: str
    physical_id: str | None
    """None: never known."""
    properties: Mapping[str, Any]
    policy: str = "Delete"
    begun: bool = True
    """Whether its provider was ever asked to make it."""
    is_the_resource: bool = True
    """False for what a resource of this logical id once was, or was about to become."""
    old_ones: tuple[Any, ...] = ()
    """Deletes that MiniStack queued, to be run first."""


class Deleter(Protocol):
    """What deletes one resource."""

    async def __call__(self, stack: StackRecord, doomed: Doomed, physical_id: str) -> None:
        """Deletes it. Raises what the provider raises."""


class Deletions:
    """Deletes many things at once, in order."""

    def __init__(
        self, delete: Deleter, named_late: Callable[[str, str], str | None], switches: Switches
    ) -> None:
        self._delete = delete
        self._named_late = named_late
        self._switches = switches

    async def delete_all(
        self,
        stack: StackRecord,
        doomed: Collection[Doomed],
        needs: Mapping[str, Collection[str]],
        *,
        attempts: int = 1,
    ) -> dict[str, str]:
        """Deletes everything in ``doomed``; returns the logical ids that failed, with the reason.

        ``needs``: what each logical id depends on. ``attempts``: how often a delete is tried.
        """
        by_key = {str(number): one for number, one in enumerate(doomed)}
        everything = transitive(needs)
        # A delete waits for the deletes of all that need it.
        waits = {
            key: {
                other for other, two in by_key.items() if one.logical_id in everything.get(two.logical_id, ())
            }
            for key, one in by_key.items()
        }
        failures: dict[str, str] = {}

        async def step(key: str) -> None:
            failure = await self._delete_one(stack, by_key[key], attempts)
            if failure:
                failures[by_key[key].logical_id] = failure

        await run_graph(waits, step)
        return failures

    async def _delete_one(self, stack: StackRecord, doomed: Doomed, attempts: int) -> str:
        """Why it could not be deleted; empty when it is gone, or kept on purpose."""
        if doomed.policy in RETAINING:
            _keep(stack, doomed)
            return ""
        target = self._target(stack, doomed)
        failure = ""
        if target.physical_id is not None or doomed.old_ones:
            failure = await self._try(stack, doomed, target, attempts)
        if not failure:
            completed = deployment_mode.completed(stack.record, doomed.resource_type)
            _show(stack, doomed, "DELETE_COMPLETE", target.shown, completed)
            if doomed.is_the_resource:
                stack.put_to_the_deleted(doomed.logical_id)
        return failure

    def _target(self, stack: StackRecord, doomed: Doomed) -> _Target:
        """The id that is known; of a custom resource that never told one, an invented one."""
        known = doomed.physical_id
        if known is None and self._switches.late_answers == "named":
            known = self._named_late(stack.id, doomed.logical_id)
        if known is not None or not (is_custom(doomed.resource_type) and doomed.begun):
            return _Target(known, known)
        invented = invented_id(stack.name, doomed.logical_id)
        return _Target(invented, invented if self._switches.invented_ids == "shown" else None)

    async def _try(self, stack: StackRecord, doomed: Doomed, target: _Target, attempts: int) -> str:
        """Tries it until it works, ``attempts`` times at most; returns why it failed last, or nothing."""
        failure = ""
        for _ in range(attempts):
            _show(stack, doomed, "DELETE_IN_PROGRESS", target.shown)
            try:
                for work, arguments, named in doomed.old_ones:
                    work(*arguments, **named)
                if target.physical_id is not None:
                    await self._delete(stack, doomed, target.physical_id)
            except Exception as error:
                failure = str(error)
                _show(stack, doomed, "DELETE_FAILED", target.shown, failure)
            else:
                return ""
        return failure


@dataclass(frozen=True)
class _Target:
    """What a delete is sent for."""

    physical_id: str | None
    shown: str | None
    """What the API shows of it."""


def _keep(stack: StackRecord, doomed: Doomed) -> None:
    """The policy says so: the stack has it no more, and nobody is asked."""
    _show(stack, doomed, "DELETE_SKIPPED", doomed.physical_id)
    if doomed.is_the_resource:
        stack.resources.pop(doomed.logical_id, None)


def _show(stack: StackRecord, doomed: Doomed, status: str, physical_id: str | None, reason: str = "") -> None:
    if doomed.is_the_resource:
        known = {"PhysicalResourceId": physical_id} if physical_id else {}
        stack.mark(doomed.logical_id, status, reason, **known)
    else:
        stack.event(doomed.logical_id, doomed.resource_type, status, reason, physical_id, doomed.properties)


def invented_id(stack_name: str, logical_id: str) -> str:
    """What CloudFormation calls a custom resource that it knows no physical id of."""
    suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(13))
    return f"{stack_name}-{logical_id}-{suffix}"


def failed_to(verb: str, logical_ids: Collection[str]) -> str:
    """CloudFormation's sentence about what did not work; empty for nothing."""
    return (
        f"The following resource(s) failed to {verb}: [{', '.join(sorted(logical_ids))}]. "
        if logical_ids
        else ""
    )


async def delete_stack(
    stack: StackRecord,
    deletions: Deletions,
    *,
    retain: Collection[str] = (),
    force: bool = False,
    besides: Collection[Doomed] = (),
) -> bool:
    """Deletes what a stack has and, if all of it goes, the stack; False if something failed.

    ``retain``: RetainResources. ``force``: FORCE_DELETE_STACK, which keeps what fails and what that needs.
    ``besides``: what the stack's resources once were, and a failed operation has left.
    """
    stack.set_status("DELETE_IN_PROGRESS")
    remember_all(stack)
    needs = needs_of(stack.resources)
    kept = set(retain)
    if force:
        stuck = {
            logical_id
            for logical_id, resource in stack.resources.items()
            if resource.get("ResourceStatus") == "DELETE_FAILED"
        }
        kept |= stuck.union(*(transitive(needs).get(logical_id, set()) for logical_id in stuck))
    doomed = [
        doomed_resource(logical_id, resource, logical_id in kept)
        for logical_id, resource in stack.resources.items()
    ]
    failures = await deletions.delete_all(stack, [*besides, *doomed], needs)
    if force:
        for logical_id in failures:
            stack.mark(logical_id, "DELETE_SKIPPED")
            stack.resources.pop(logical_id)
    elif failures:
        stack.set_status("DELETE_FAILED", failed_to("delete", failures))
        return False
    stack.set_status("DELETE_COMPLETE")
    return True


def doomed_resource(logical_id: str, resource: Mapping[str, Any], kept: bool = False) -> Doomed:
    """A resource that the stack has and is to lose, with the policy of the template that declared it."""
    return Doomed(
        logical_id,
        str(resource.get("ResourceType", "")),
        resource.get("PhysicalResourceId"),
        resource.get("Properties") or {},
        "Retain" if kept else deletion_policy_of(resource),
        begun=bool(resource.get("_begun", True)),
    )


def is_stack(resource_type: str) -> bool:
    """Whether a resource is a nested stack."""
    return resource_type == STACK_TYPE
