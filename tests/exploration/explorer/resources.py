"""What the resources of a small world are to its models."""

from __future__ import annotations

from explorer.scenes import NAMES
from explorer.stack import SUCCESS, Resource, Stack


def is_deleted(stack: Stack, arn: str) -> bool:
    """Whether the last request about a model that has ended is a deletion of it."""
    ended = [sent for sent in stack.requests if arn in (sent.spec.physical, sent.spec.declared.arn)]
    return bool(ended) and ended[-1].spec.kind == "Delete" and ended[-1].outcome == SUCCESS


def is_wanted(stack: Stack, arn: str) -> bool:
    """Whether a resource is being brought with a model, or rests with it."""
    return any(lives_with(resource, arn) for resource in stack.resources) or any(
        job.deletes is None and stack.requests[job.request].spec.declared.arn == arn for job in stack.jobs
    )


def has(stack: Stack, arn: str, *, but: str) -> bool:
    """Whether another resource has a model, or is being brought with it."""
    for job in stack.jobs:
        spec = stack.requests[job.request].spec
        if job.logical != but and job.deletes is None and arn in (spec.declared.arn, spec.physical):
            return True
    for change in stack.changes:
        if change.logical != but and change.former_id == arn and not change.reverted:
            return True
    return any(
        name != but and lives_with(resource, arn)
        for name, resource in zip(NAMES, stack.resources, strict=False)
    )


def lives_with(resource: Resource, arn: str) -> bool:
    """Whether a resource exists with a model, and is not being deleted."""
    gone = resource.status.startswith("DELETE") or resource.status == "CREATE_FAILED"
    return resource.physical == arn and resource.exists and not gone


def retained(resource: Resource) -> bool:
    """Whether a resource was deleted, and its model left."""
    declared = resource.declared
    return resource.status == "DELETE_SKIPPED" and declared is not None and declared.retained
