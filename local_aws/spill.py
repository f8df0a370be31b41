"""A list that grows for ever and takes no more memory: all but the newest lie in a temporary file."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
NEWEST: Final = 1024
"""So many stay in memory, and up to as many more until the next move into the file."""

_KEYS: Final = ("kind", "operation", "subject")
_SCHEMA: Final = """
CREATE TABLE entry (number INTEGER PRIMARY KEY, kind TEXT, operation TEXT, subject TEXT, document TEXT);
CREATE INDEX by_kind ON entry (kind, subject);
"""


class Spill(Generic[T]):
    """Items by number, from 1. The caller holds a lock around every method.

    ``keys`` tells an item's kind, operation and subject (such as an ARN), which can be asked for;
    ``as_document`` makes JSON of it, ``from_document`` an item of JSON. An item may still change while it is
    among the newest ``newest``; one that changes later has to be told to ``rewrite``.
    The file has no name and is gone with the process, however that ends.
    """

    def __init__(
        self,
        keys: Callable[[T], tuple[str, str, str]],
        as_document: Callable[[T], Mapping[str, Any]],
        from_document: Callable[[Mapping[str, Any]], T],
        *,
        newest: int = NEWEST,
    ) -> None:
        self._keys = keys
        self._as_document = as_document
        self._from_document = from_document
        self._newest = newest
        self._recent: deque[T] = deque()
        self._spilled = 0
        self._database: sqlite3.Connection | None = None

    def __len__(self) -> int:
        return self._spilled + len(self._recent)

    @property
    def in_memory(self) -> int:
        """How many items memory holds."""
        return len(self._recent)

    def append(self, item: T) -> int:
        """Put an item at the end; returns its number."""
        self._recent.append(item)
        number = len(self)
        if len(self._recent) >= 2 * self._newest:
            self._move()
        return number

    def rewrite(self, number: int, item: T) -> None:
        """Keep an item as it is now, where it may have changed after it went into the file."""
        if self._database is None or not 1 <= number <= self._spilled:
            return
        with self._database:
            self._database.execute(
                "UPDATE entry SET kind = ?, operation = ?, subject = ?, document = ? WHERE number = ?",
                (*self._row(item), number),
            )

    def select(self, *, since: int = 0, limit: int | None = None, **wanted: str | None) -> list[T]:
        """Items after number ``since``, oldest first, at most ``limit``; ``wanted``: kind, operation,
        subject.

        The time that it takes depends on what it returns or passes over, not on what lies before.
        """
        asked = {name: value for name, value in wanted.items() if value is not None}
        return list(islice(self._matching(since, asked), limit))

    def clear(self) -> None:
        """Forget everything; numbers begin anew."""
        self._recent.clear()
        self._spilled = 0
        if self._database is not None:
            with self._database:
                self._database.execute("DELETE FROM entry")

    def _matching(self, since: int, asked: Mapping[str, str]) -> Iterator[T]:
        if self._database is not None and since < self._spilled:
            conditions = " AND ".join(["number > ?", *(f"{name} = ?" for name in asked)])
            rows = self._database.execute(
                # The names are those of this module's callers, the values are bound.
                f"SELECT document FROM entry WHERE {conditions} ORDER BY number",  # noqa: S608
                (since, *asked.values()),
            )
            for (document,) in rows:
                yield self._from_document(json.loads(document))
        for item in islice(self._recent, max(0, since - self._spilled), None):
            keys = dict(zip(_KEYS, self._keys(item), strict=True)) if asked else {}
            if all(keys[name] == value for name, value in asked.items()):
                yield item

    def _row(self, item: T) -> tuple[str, str, str, str]:
        return (*self._keys(item), json.dumps(self._as_document(item), default=str))

    def _move(self) -> None:
        if self._database is None:
            self._database = _temporary_database()
            weakref.finalize(self, self._database.close)
        moved = [self._recent.popleft() for _ in range(len(self._recent) - self._newest)]
        rows = []
        for number, item in enumerate(moved, start=self._spilled + 1):
            rows.append((number, *self._row(item)))
        with self._database:
            self._database.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
        self._spilled += len(moved)


def _temporary_database() -> sqlite3.Connection:
    # An empty name is a file that SQLite deletes as soon as it has opened it.
    database = sqlite3.connect("", check_same_thread=False)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE", "cache_size=-1024"):
        database.execute(f"PRAGMA {pragma}")
    database.executescript(_SCHEMA)
    return database
