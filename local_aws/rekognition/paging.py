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
    """One page and the token of the next, or None. ``items``: latest first; ``key``: the ARN of one.

    A token names the last item shown, and a page begins with the first one that is older: whatever comes or
    goes between two pages, that one included, nothing is shown twice and nothing is lost. Raises
    InvalidPaginationTokenException for a token of another request, or none of ours.
    """
    first = 0
    token = parameters.get("NextToken")
    if token:
        last = _read(str(token), parameters)
        first = sum(1 for item in items if stamp(key(item)) >= stamp(last))
    size = int(parameters.get("MaxResults") or _PAGE)
    chosen = list(items[first : first + size])
    more = first + size < len(items)
    return chosen, _write(key(chosen[-1]), parameters) if more and chosen else None


def stamp(arn: str) -> int:
    """The milliseconds at the end of an ARN: no two are the same, and later things have greater ones."""
    tail = arn.rpartition("/")[2]
    return int(tail) if tail.isdecimal() else 0


def _request(parameters: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in parameters.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _write(last: str, parameters: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([_request(parameters), last]).encode()).decode()


def _read(token: str, parameters: Mapping[str, Any]) -> str:
    try:
        request, last = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        request, last = "", ""
    if request != _request(parameters):
        raise ApiError("InvalidPaginationTokenException", "The pagination token is not valid.")
    return str(last)
