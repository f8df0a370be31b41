"""What a request to the embedded AWS itself holds: an object of JSON, or the words of a query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from local_aws.errors import WrongValueError


def document_of(body: bytes, query: str) -> Mapping[str, Any]:
    """The body's JSON object; without a body the query. Raises WrongValueError for any other body."""
    if not body.strip():
        return dict(parse_qsl(query, keep_blank_values=True))
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongValueError(f"the body must be a JSON object: {error}") from error
    if not isinstance(found, dict):
        raise WrongValueError(f"the body must be a JSON object, got {body[:80].decode(errors='replace')}")
    return found


def whole_number(query: Mapping[str, Any], name: str, default: int) -> int:
    """A number of a query, up to fifteen digits. Raises WrongValueError."""
    text = str(query.get(name, default))
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise WrongValueError(f"{name} must be a whole number of at least 0, got {text}")
    return int(text)


def needed(document: Mapping[str, Any], name: str, kind: type, words: str) -> Any:
    """A member that has to be there. Raises WrongValueError."""
    value = document.get(name)
    if not isinstance(value, kind):
        raise WrongValueError(f"{name} must be {words}, got {value!r}")
    return value
