"""What happened: every call, transition and fault, with its time, and the inference time billed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from local_aws.platform.rekognition import RUNNING
from local_aws.spill import NEWEST, Spill

CALL, TRANSITION, FAULT, NOTE, SCALING = "call", "transition", "fault", "note", "scaling"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    ``at``: seconds since 1970. ``kind``: call, transition, scaling, fault or note. ``operation``: the API
    operation, or the one that caused the transition, empty where time alone did. ``principal``: access key or
    "by hand".
    ``detail`` of a call: parameters, outcome ("ok" or the error's code), message, answered (False where the
    connection was dropped). Of a transition: from (None for a version's first), to, units and max_units, and
    billed_units, the units billed from then on; of a scaling: units_in_service, and billed_units likewise.
    """

    at: float
    kind: str
    operation: str
    arn: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    principal: str = ""
    number: int = 0
    """Position in the journal, from 1."""


class Journal:
    """Entries in the order in which they happened. ``settle`` brings what is due by now into it.

    ``lock`` is the store's: nobody sees a call whose outcome is still open.
    """

    def __init__(self, now: Callable[[], float], settle: Callable[[], None], lock: threading.RLock) -> None:
        self._now = now
        self._settle = settle
        self._entries = Spill[Entry](
            lambda entry: (entry.kind, entry.operation, entry.arn), as_document, lambda found: Entry(**found)
        )
        self._lock = lock

    def add(
        self,
        at: float,
        kind: str,
        operation: str,
        arn: str,
        detail: Mapping[str, Any],
        principal: str = "",
    ) -> dict[str, Any]:
        """Write one entry; returns its detail, which may be completed while the lock is held."""
        kept = dict(detail)
        with self._lock:
            number = len(self._entries) + 1
            self._entries.append(Entry(at, kind, operation, arn, kept, principal, number))
        return kept

    @property
    def entries(self) -> list[Entry]:
        """All entries so far, transitions that are due by now included."""
        return self.select()

    def select(
        self,
        *,
        since: int = 0,
        limit: int | None = None,
        kind: str | None = None,
        operation: str | None = None,
        arn: str | None = None,
    ) -> list[Entry]:
        """Entries after number ``since``, oldest first, at most ``limit``; None stands for any."""
        with self._lock:
            self._settle()
            return self._entries.select(since=since, limit=limit, kind=kind, operation=operation, subject=arn)

    @property
    def in_memory(self) -> int:
        """How many entries memory holds; the others lie in a temporary file."""
        return self._entries.in_memory

    def calls(self, operation: str | None = None, arn: str | None = None) -> list[Entry]:
        """The calls, of one operation or on one ARN if named."""
        return self.select(kind=CALL, operation=operation, arn=arn)

    def transitions(self, arn: str | None = None) -> list[Entry]:
        """The changes of status; the first one of a version has no ``from``."""
        return self.select(kind=TRANSITION, arn=arn)

    def statuses(self, arn: str) -> list[str]:
        """The statuses that a version went through, its first one included."""
        return [str(entry.detail["to"]) for entry in self.transitions(arn)]

    def billed(self, arn: str | None = None, until: float | None = None) -> float:
        """Inference time billed, seconds times units, up to ``until`` (default now), of one or all."""
        end = self._now() if until is None else until
        transitions = self.transitions(arn) + self.select(kind=SCALING, arn=arn)
        transitions.sort(key=lambda entry: (entry.at, entry.number))
        versions = {entry.arn for entry in transitions}
        return sum(_billed([entry for entry in transitions if entry.arn == one], end) for one in versions)

    def running_intervals(self, arn: str) -> list[tuple[float, float | None, int]]:
        """When a version was RUNNING: (from, to, units); ``to`` is None while it still is."""
        intervals: list[tuple[float, float | None, int]] = []
        began: Entry | None = None
        for entry in self.transitions(arn):
            if began is not None:
                intervals.append((began.at, entry.at, int(began.detail["units"] or 0)))
                began = None
            if entry.detail["to"] == RUNNING:
                began = entry
        if began is not None:
            intervals.append((began.at, None, int(began.detail["units"] or 0)))
        return intervals

    def to_json(self) -> list[dict[str, Any]]:
        """All entries as JSON takes them."""
        return [as_document(entry) for entry in self.entries]

    def dump(self, path: str | Path) -> None:
        """Write the entries into a file, one JSON array."""
        with Path(path).open("w", encoding="utf-8") as file:
            before = "["
            for entry in self._in_turns():
                file.write(f"{before}\n{json.dumps(as_document(entry), default=str)}")
                before = ","
            file.write("[]\n" if before == "[" else "\n]\n")

    def _in_turns(self) -> Iterator[Entry]:
        """All entries, a part of them at a time: a long journal is never in memory as a whole."""
        since = 0
        while part := self.select(since=since, limit=NEWEST):
            yield from part
            since = part[-1].number

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()


def as_document(entry: Entry) -> dict[str, Any]:
    """An entry as JSON takes it."""
    return {item.name: getattr(entry, item.name) for item in fields(entry)}


def _billed(transitions: Iterable[Entry], end: float) -> float:
    total, since, rate = 0.0, end, 0
    for entry in transitions:
        if entry.at > end:
            break
        total += max(0.0, entry.at - since) * rate
        since, rate = entry.at, int(entry.detail["billed_units"])
    return total + max(0.0, end - since) * rate
