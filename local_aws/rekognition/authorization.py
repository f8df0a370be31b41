"""What a policy is asked about a call; who answers is the host's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """May this principal do this?

    ``action`` as a policy names it ("rekognition:StartProjectVersion"); ``resource_arn`` is ``*`` where the
    action takes no resource. ``context``: condition keys with their values, ``aws:ResourceTag/KEY``,
    ``aws:RequestTag/KEY``, and ``aws:TagKeys`` with its keys joined by commas (no tag key can hold one).
    """

    access_key_id: str
    session_token: str
    action: str
    resource_arn: str
    context: Mapping[str, str] = field(default_factory=dict)


Authorizer = Callable[[AuthorizationRequest], str | None]
"""None allows; a text is the message of the AccessDeniedException."""


def context_of(parameters: Mapping[str, Any], resource_tags: Mapping[str, str]) -> dict[str, str]:
    """The condition keys of a call."""
    context = {f"aws:ResourceTag/{key}": value for key, value in resource_tags.items()}
    tags = parameters.get("Tags") or {}
    context.update({f"aws:RequestTag/{key}": value for key, value in tags.items()})
    keys = list(tags) or list(parameters.get("TagKeys") or [])
    if keys:
        context["aws:TagKeys"] = ",".join(keys)
    return context


def denied_message(request: AuthorizationRequest) -> str:
    """What AWS says of a denied call, for an authorizer without words of its own."""
    return (
        f"User: {request.access_key_id} is not authorized to perform: {request.action} "
        f"on resource: {request.resource_arn}"
    )
