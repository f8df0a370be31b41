"""What happened in many histories, counted: what was found, and how often each thing that can happen did.

An adversary that never strikes proves nothing, so all that the plan can draw is counted where it took
effect, not where it was drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Tally:
    """The counts of some histories."""

    histories: int = 0
    violations: dict[int, list[str]] = field(default_factory=dict)
    """Of each seed that violates something."""
    excused: int = 0
    """Histories in which a condition excuses a leak."""
    conditions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """How often each fault and each kind of kill happened."""
    operations: Counter[str] = field(default_factory=Counter)
    """How often stacks came into each status, with what was asked of CloudFormation and of its resources."""
    by_hand: Counter[str] = field(default_factory=Counter)
    """What people did to models, as far as it had an effect."""
    models: Counter[str] = field(default_factory=Counter)
    """How often models came into each status, and how their starts were to end."""
    calls: Counter[str] = field(default_factory=Counter)
    """Calls that were decided, refused ones included."""
    refusals: Counter[str] = field(default_factory=Counter)
    """What services refused calls with."""
    invocations: int = 0
    simulated_seconds: float = 0.0
    cpu_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Take in what was counted elsewhere."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, dict):
                mine.update(theirs)
            else:
                setattr(self, each.name, mine + theirs)

    def to_data(self) -> dict[str, Any]:
        """As JSON can hold it, sorted: equal counts are equal to the letter."""
        data: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            data[each.name] = {str(key): value[key] for key in sorted(value)} if _is_table(value) else value
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Tally:
        """What ``to_data`` gave."""
        tally = cls()
        for each in fields(cls):
            value, mine = data[each.name], getattr(tally, each.name)
            if _is_table(mine):
                # JSON has no numbers for keys.
                mine.update({int(key) if key.isdigit() else key: one for key, one in value.items()})
            else:
                setattr(tally, each.name, value)
        return tally


def _is_table(value: object) -> bool:
    return isinstance(value, dict)
