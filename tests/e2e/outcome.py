"""How a deployment ended, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """How a deployment or a deletion ended."""

    code: int
    """0 for success: the CLI's exit code."""
    output: str
    """What people read: the CLI's words, or the events of the stack."""
    outputs: dict[str, Any] = field(default_factory=dict)
