"""Opaque page tokens: they carry a position and the request they belong to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from local_aws.rekognition.errors import ApiError

T = TypeVar("T")
_PAGE = 100


def page(items: Sequence[T], parameters: Mapping[str, Any], key: Any = str) -> tuple[list[T], str | None]:
    """One page and the token of the next, or None. ``key``: what names an item.

    A token names the last item shown, so items that come or go between two pages shift nothing. Raises
    InvalidPaginationTokenException for a token of another request, or none of ours.
    """
    first = 0
    token = parameters.get("NextToken")
    if token:
        last = _read(str(token), parameters)
        names = [key(item) for item in items]
        first = names.index(last) + 1 if last in names else _after(names, last)
    size = int(parameters.get("MaxResults") or _PAGE)
    chosen = list(items[first : first + size])
    more = first + size < len(items)
    return chosen, _write(key(chosen[-1]), parameters) if more and chosen else None


def _after(names: Sequence[str], last: str) -> int:
    """Where to go on if the last item shown is gone: names run backwards, as the ARNs' times do."""
    stamp = _stamp(last)
    return sum(1 for name in names if _stamp(name) >= stamp)


def _stamp(name: str) -> int:
    tail = name.rpartition("/")[2]
    return int(tail) if tail.isdigit() else 0


def _request(parameters: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in parameters.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _write(last: str, parameters: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([_request(parameters), last]).encode()).decode()


def _read(token: str, parameters: Mapping[str, Any]) -> str:
    try:
        request, last = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError):
        request, last = "", ""
    if request != _request(parameters):
        raise ApiError("InvalidPaginationTokenException", "The pagination token is not valid.")
    return str(last)
