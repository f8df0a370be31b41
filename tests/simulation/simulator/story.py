"""Who did what when: the record of a history, kept cheaply and told on demand."""

from __future__ import annotations

from typing import Any

from simulator.kernel import EPOCH

Entry = tuple[float, str, str, Any]
"""(time, who, what, with what result)."""


class Story:
    """The entries of a history, in the order in which they happened."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def note(self, now: float, who: str, what: str, result: Any = None) -> None:
        """Add an entry."""
        self.entries.append((now, who, what, result))

    def lines(self) -> list[str]:
        """The whole story, a line for each entry."""
        return [tell(entry) for entry in self.entries]

    def readable(self) -> list[str]:
        """The story without repeated looks: of entries that differ in their time alone the first one, and
        how often it was repeated.
        """
        told: list[str] = []
        last: dict[str, tuple[str, Any]] = {}
        skipped: dict[str, int] = {}
        for entry in self.entries:
            _, who, what, result = entry
            look = (what, result)
            if last.get(who) == look or (what.startswith("Describe") and last.get(who + what) == look):
                skipped[who] = skipped.get(who, 0) + 1
                continue
            last[who] = last[who + what] = look
            if skipped.pop(who, 0):
                told.append(f"{'':>11}  {who}: … (repeats left out)")
            told.append(tell(entry))
        return told


def tell(entry: Entry) -> str:
    """One entry as a line."""
    at, who, what, result = entry
    ending = "" if result is None else f" → {result}"
    return f"{at - EPOCH:>9.2f} s  {who}: {what}{ending}"
