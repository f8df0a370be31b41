"""The answer to CloudFormation, made to fit.

The body may have 4,096 bytes, the physical resource id 1 KB, and FAILED needs a Reason (CFN crpg-ref).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

BODY_BYTES_MAX: Final = 4096
REASON_CHARACTERS_MAX: Final = 1024
"""No page says how much of a reason people are shown; more than this helps nobody."""
PHYSICAL_ID_BYTES_MAX: Final = 1024
_CUT: Final = " […]"
_NOT_IN_A_NAME: Final = re.compile(r"[^a-zA-Z0-9-]")


def shorten(text: str, limit: int) -> str:
    """The beginning of a text, marked where it was cut."""
    return text if len(text) <= limit else text[: max(0, limit - len(_CUT))] + _CUT


def encode_answer(
    *,
    status: str,
    reason: str,
    physical_id: str,
    stack_id: str,
    request_id: str,
    logical_id: str,
    data: Mapping[str, str],
) -> bytes:
    """The body of the PUT to the ResponseURL, at most 4,096 bytes: the reason gives way first."""
    limit = REASON_CHARACTERS_MAX
    while True:
        body = {
            "Status": status,
            "Reason": shorten(_printable(reason) or ("no reason given" if status == "FAILED" else ""), limit),
            "PhysicalResourceId": physical_id,
            "StackId": stack_id,
            "RequestId": request_id,
            "LogicalResourceId": logical_id,
            "Data": dict(data),
        }
        encoded = json.dumps(body, ensure_ascii=True).encode("ascii")
        if len(encoded) <= BODY_BYTES_MAX or limit <= len(_CUT):
            return encoded
        limit = max(len(_CUT), limit // 2)


def fallback_physical_id(stack_id: str, logical_id: str) -> str:
    """A stable id where the request names no model at all; it is no ARN, so nothing is ever stopped by it.

    Short, since the ids that it is made of may take up most of the answer. An ARN ends in digits.
    """
    parts = stack_id.split("/")
    name = parts[1] if len(parts) > 1 else "stack"
    return _NOT_IN_A_NAME.sub("-", f"{name[:128]}-{logical_id[:255]}") + "-no-model"


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
