"""What CloudTrail records of calls: those that change something, with who made them and what came of it.

DetectCustomLabels and reads are left out: Start and Stop are what the Custom Labels guide names
(rm-model-usage).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

WRITES = ("Create", "Delete", "Start", "Stop", "Copy", "Tag", "Untag")


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One call; ``error_code`` and ``error_message`` are empty if it succeeded."""

    operation: str
    access_key_id: str
    session_token: str
    parameters: Mapping[str, Any]
    answer: Mapping[str, Any]
    resource_arn: str
    error_code: str = ""
    error_message: str = ""


Trail = Callable[[TrailEvent], None]
"""Whoever keeps the events; may raise, which is a note in the journal."""


def is_recorded(operation: str) -> bool:
    """Whether CloudTrail gets the calls of an operation."""
    return operation.startswith(WRITES)
