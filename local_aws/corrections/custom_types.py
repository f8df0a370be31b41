"""What CloudFormation takes for a custom resource: its type's name, its ServiceTimeout, its ServiceToken.

Template reference, AWS::CloudFormation::CustomResource. MiniStack takes any name that begins with Custom::,
and any ServiceTimeout. A name is refused in the call, as other types that CloudFormation does not know; a
ServiceTimeout may come from a parameter or another resource, so its resource fails, and nothing is sent. The
words about both are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local_aws.corrections import ministack
from local_aws.platform import cloudformation as platform

_WHOLE_NUMBER = re.compile(r"[0-9]+")


def install() -> None:
    """Puts the check of names beside that of other types, for every action that reads a template."""
    check: Callable[..., None] = ministack.engine.validate_template_support

    def corrected(template: Mapping[str, Any], *rest: Any, **named: Any) -> None:
        check(template, *rest, **named)
        check_names(template)

    for module in (ministack.engine, ministack.handlers, ministack.changesets):
        module.validate_template_support = corrected


def check_names(template: Mapping[str, Any]) -> None:
    """Raises ValueError if a resource has a type name that no custom resource may have."""
    for logical_id, definition in (template.get("Resources") or {}).items():
        kind = definition.get("Type") if isinstance(definition, Mapping) else None
        if isinstance(kind, str) and kind.startswith(platform.CUSTOM_TYPE_PREFIX) and not is_name(kind):
            raise ValueError(
                f"Template format error: the type {kind!r} of resource {logical_id} is not a custom type: "
                f"Custom:: and letters, digits, _, @ and -, {platform.CUSTOM_TYPE_CHARACTERS_MAX} characters "
                "in all at most."
            )


def is_name(kind: str) -> bool:
    """Whether a custom resource's type may have this name. Pure."""
    known = platform.CUSTOM_TYPE_NAME.fullmatch(kind) is not None
    return known and len(kind) <= platform.CUSTOM_TYPE_CHARACTERS_MAX


def check_properties(properties: Mapping[str, Any], former: Mapping[str, Any] | None = None) -> None:
    """Raises ValueError if no request with these properties can be sent. Pure.

    ``former``: those before an update.
    """
    service_timeout(properties)
    if former is not None and former.get("ServiceToken") != properties.get("ServiceToken"):
        raise ValueError(platform.TOKEN_CHANGED)


def service_timeout(properties: Mapping[str, Any]) -> int:
    """How long CloudFormation waits for an answer, in seconds. Raises ValueError for what is not allowed."""
    given = properties.get("ServiceTimeout", platform.SERVICE_TIMEOUT_SECONDS_DEFAULT)
    least, most = platform.SERVICE_TIMEOUT_SECONDS_MIN, platform.SERVICE_TIMEOUT_SECONDS_MAX
    whole = not isinstance(given, bool) and _WHOLE_NUMBER.fullmatch(str(given))
    if not whole or not least <= int(given) <= most:
        raise ValueError(
            f"Invalid ServiceTimeout {given!r}: a whole number of seconds from {least} to {most} is needed."
        )
    return int(given)
