"""What was last asked of a model, and who asked: the memory between two looks at it; pure.

Nobody tells who stops or starts a model: the service has no such field. So what is asked of it is written
down before it is asked (``asked``), and what a look shows beside that (``noted``) is somebody else's doing.
The same holds of a queue: since when it is empty stands nowhere else. Times are seconds since the epoch.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

from running_model_handler.core.status import READY, Status
from running_model_handler.core.waiting import LAG_SECONDS


class By(StrEnum):
    """Whose doing it is that a model is up, or down."""

    DUTY = "duty"
    """Its duty: hours, a deadline, a queue, a deployment."""
    IDLE = "idle"
    """Nobody called it for so long."""
    HAND = "hand"
    """Somebody else, as by the command line."""
    UNKNOWN = "unknown"
    """It was so when it was first looked at, or the service did it."""


class QueueMemory(NamedTuple):
    """Whether a queue held anything when it was last asked, and since when that is so."""

    empty: bool
    since: float


class Record(NamedTuple):
    """The memory of a model."""

    on: bool
    """Whether it is to be up; what was found counts as asked."""
    at: float
    """Since when; once it is ``reached`` and on, since when it was seen RUNNING."""
    reached: bool
    by: By
    queue: QueueMemory | None = None
    trying: bool = False
    """It is to be started by one who does not wait for the outcome: whether it was is not known yet."""

    def __str__(self) -> str:
        how = "trying" if self.trying else "reached" if self.reached else "asked"
        state = f"{'on' if self.on else 'off'} {int(self.at)} {how} {self.by}"
        if self.queue is None:
            return state
        return f"{state} {'empty' if self.queue.empty else 'busy'} {int(self.queue.since)}"


_RECORD: Final = re.compile(
    r"(?P<on>on|off) (?P<at>[0-9]{1,12}) (?P<how>reached|asked|trying) (?P<by>[a-z]{1,16})"
    r"(?: (?P<queue>empty|busy) (?P<since>[0-9]{1,12}))?"
)


def read_record(text: str) -> Record | None:
    """The record in a tag's value; None for what makes no sense, as where people changed it."""
    match = _RECORD.fullmatch(text)
    if match is None or match["by"] not in {by.value for by in By}:
        return None
    queue = QueueMemory(match["queue"] == "empty", float(match["since"])) if match["queue"] else None
    how = match["how"]
    return Record(
        match["on"] == "on", float(match["at"]), how == "reached", By(match["by"]), queue, how == "trying"
    )


def asked(record: Record | None, now: float, *, on: bool, by: By, trying: bool = False) -> Record:
    """What to write before a model is started or stopped: the memory after it.

    ``trying`` is that nobody stays to see whether it starts.
    """
    return Record(on, now, False, by, record.queue if record is not None else None, trying)


def noted(record: Record | None, status: str | None, now: float) -> Record | None:
    """The memory after a look at the model (ProjectVersionStatus; None where there is no such version).

    Statuses of training, copying and deleting tell nothing. A look may be older than a write by
    ``LAG_SECONDS``.
    """
    if record is None:
        return _first(status, now)
    return _while_on(record, status, now) if record.on else _while_off(record, status, now)


def with_queue(record: Record, now: float, *, empty: bool) -> Record:
    """The memory after the queue was asked."""
    if record.queue is not None and record.queue.empty == empty:
        return record
    return record._replace(queue=QueueMemory(empty, now))


def _first(status: str | None, now: float) -> Record | None:
    if status in (Status.RUNNING, Status.STARTING):
        return Record(True, now, status == Status.RUNNING, By.UNKNOWN)
    if status in READY or status in (Status.STOPPING, Status.FAILED):
        return Record(False, now, status != Status.STOPPING, By.UNKNOWN)
    return None


def _while_on(record: Record, status: str | None, now: float) -> Record:
    if status == Status.RUNNING:
        return record if record.reached else record._replace(at=now, reached=True, trying=False)
    if status == Status.STARTING:
        # Stopped and started between two looks, or resized: it counts from RUNNING on again.
        return record._replace(at=now, reached=False) if record.reached else record._replace(trying=False)
    if status == Status.FAILED:
        return record._replace(on=False, at=now, reached=True, by=By.UNKNOWN, trying=False)
    if status in READY or status == Status.STOPPING:
        if not record.reached and now - record.at <= LAG_SECONDS:
            # The start may not show yet.
            return record
        # A start that was never seen may have been refused, or lost: nobody has stopped that.
        by = By.UNKNOWN if record.trying and status != Status.STOPPING else By.HAND
        return record._replace(on=False, at=now, reached=status != Status.STOPPING, by=by, trying=False)
    return record


def _while_off(record: Record, status: str | None, now: float) -> Record:
    if status in READY or status == Status.FAILED:
        return record if record.reached else record._replace(reached=True)
    # What somebody else has stopped was seen to stop: up again it was started anew.
    over = record.reached or (record.by in (By.HAND, By.UNKNOWN) and now - record.at > LAG_SECONDS)
    if over and status in (Status.RUNNING, Status.STARTING):
        return record._replace(on=True, at=now, reached=status == Status.RUNNING, by=By.HAND)
    return record
