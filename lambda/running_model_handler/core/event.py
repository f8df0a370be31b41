"""The part of an event that is read, as plain JSON of bounded size that holds the ResponseURL once.

An event can hold whatever JSON can, and more: numbers without an end, halves of characters, a megabyte in a
property. All of it would go into reasons, log lines and the hand-over, which Lambda refuses when it is no
strict JSON or too large. What can't be read becomes a text that stands for it and is valid for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from running_model_handler.core.answer import shorten
from running_model_handler.core.memory import STATE_KEY
from running_model_handler.core.names import Property

URL_KEY: Final = "ResponseURL"
WITHHELD: Final = "[ResponseURL]"
"""Stands where a field repeats the pre-signed URL, or what it is signed with (G12)."""
TEXT_CHARACTERS_MAX: Final = 2048
_KEYS: Final = (
    "RequestType",
    "RequestId",
    "StackId",
    "LogicalResourceId",
    "PhysicalResourceId",
    "ResourceType",
    "ServiceToken",
)
_PROPERTY_KEYS: Final = ("ResourceProperties", "OldResourceProperties")
_INTEGER_MAX: Final = 2**53
"""Up to here every JSON parser reads the same number."""
_ENTRIES_MAX: Final = 64
_LEVELS_MAX: Final = 4
"""The state of a hand-over has three."""
_SECRET_PARAMETERS: Final = frozenset({"x-amz-signature", "x-amz-security-token", "signature"})
_SECRET_CHARACTERS_MIN: Final = 8
"""Shorter than any signature: as a secret it would only make other texts unreadable."""


def readable_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the function reads of an event, and hands over."""
    url = event[URL_KEY]
    secrets = _secrets(url)
    readable: dict[str, Any] = {key: _readable(event[key], secrets) for key in _KEYS if key in event}
    for key in _PROPERTY_KEYS:
        if key in event:
            readable[key] = readable_properties(event[key], secrets)
    if STATE_KEY in event:
        readable[STATE_KEY] = _tree(event[STATE_KEY], secrets, _LEVELS_MAX)
    return {URL_KEY: url, **readable}


def readable_properties(value: object, secrets: tuple[str, ...] = ()) -> dict[str, Any]:
    """What is read of properties, without what must not be seen; empty for what is no object."""
    properties = mapping_or_empty(value)
    return {str(name): _readable(properties[name], secrets) for name in Property if name in properties}


def mapping_or_empty(value: object) -> Mapping[str, Any]:
    """An object of the event; empty where something else, or nothing, stands in its place."""
    return value if isinstance(value, Mapping) else {}


def _tree(value: object, secrets: tuple[str, ...], levels: int) -> Any:
    if levels and isinstance(value, Mapping):
        entries = list(value.items())[:_ENTRIES_MAX]
        return {_text(str(key), secrets): _tree(inner, secrets, levels - 1) for key, inner in entries}
    if levels and isinstance(value, list):
        return [_tree(inner, secrets, levels - 1) for inner in value[:_ENTRIES_MAX]]
    return _readable(value, secrets)


def _readable(value: object, secrets: tuple[str, ...]) -> str | int | float | bool | None:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, secrets)
        case int() if abs(value) <= _INTEGER_MAX:
            return value
        case float() if math.isfinite(value):
            return value
        case int():
            return "a number of more than 16 digits"
        case float():
            return f"{value}, which is no number of JSON"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _text(text: str, secrets: tuple[str, ...]) -> str:
    """A text of whole characters, bounded, with the secrets taken out before anything is cut."""
    for secret in secrets:
        text = text.replace(secret, WITHHELD)
    # Halves of a surrogate pair have no encoding of their own.
    whole = text[: TEXT_CHARACTERS_MAX + 1].encode("utf-8", "replace").decode("utf-8")
    return shorten(whole, TEXT_CHARACTERS_MAX)


def _secrets(url: str) -> tuple[str, ...]:
    """What of a pre-signed URL must not be seen elsewhere, as it is spelt and unquoted; longest first."""
    query = urlsplit(url).query
    signed = [
        part.partition("=")[2]
        for part in query.split("&")
        if part.partition("=")[0].lower() in _SECRET_PARAMETERS
    ]
    signed += [value for name, value in parse_qsl(query) if name.lower() in _SECRET_PARAMETERS]
    found = {url, query, *signed} | {unquote(text) for text in (url, query, *signed)}
    return tuple(
        sorted((text for text in found if len(text) >= _SECRET_CHARACTERS_MIN), key=len, reverse=True)
    )
