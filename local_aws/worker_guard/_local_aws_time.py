"""The clock of a process whose time the embedded AWS can move forward: it reads by how much from a file.

Loaded by the host process and by its Lambda workers. What is measured by the monotonic clock, such as a
time-out or a pause, passes as ever.
"""

import datetime
import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "LOCAL_AWS_MOVED_TIME"
"""Names the file to the workers."""
_SECONDS = struct.Struct("d")


def write(path: str | Path, seconds: float) -> None:
    """By how much the time is ahead from now on, at once in every process that reads this file."""
    with Path(path).open("r+b" if Path(path).exists() else "wb") as file:
        file.write(_SECONDS.pack(seconds))


def install(path: str | Path) -> None:
    """Let ``time.time`` and ``time.time_ns`` of this process be ahead by what stands in a file."""
    ahead, real, real_ns = _reader(path), time.time, time.time_ns
    time.time = lambda: real() + ahead()
    time.time_ns = lambda: real_ns() + round(ahead() * 1e9)


def install_for_dates() -> None:
    """The same for ``datetime.datetime``, in modules that are loaded later."""
    datetime.datetime = _Moved  # type: ignore[misc]


def _reader(path: str | Path) -> Callable[[], float]:
    with Path(path).open("rb") as file:
        shared = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    return lambda: float(_SECONDS.unpack_from(shared)[0])


_REAL = datetime.datetime


class _AnyDatetime(type):
    """What other modules have made is a datetime as well."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)


class _Moved(datetime.datetime, metaclass=_AnyDatetime):
    """Reads the clock in Python, where it can be moved."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        """See ``datetime.datetime``."""
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        """See ``datetime.datetime``."""
        return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)
