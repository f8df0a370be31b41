"""Callers have a clock of their own, also where the time of the embedded AWS is moved.

MiniStack dates an answer, and judges a signature, by the moved time. An SDK of JavaScript then finds its
clock wrong, and tries seven times, for 40 s, where a service says no, as the CDK CLI does to learn that a
stack does not exist. So an answer has the caller's date, and a signature is in time by either clock:
functions sign by the moved one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from local_aws.corrections import ministack


def install(callers_clock: Callable[[], float]) -> None:
    """Puts itself in MiniStack's place; ``callers_clock`` tells seconds since 1970."""
    by_moved_time = ministack.sigv4.request_time_failure

    def by_either(signature: Any) -> Any:
        failure = by_moved_time(signature)
        if failure is None:
            return None
        now = datetime.fromtimestamp(callers_clock(), UTC)
        return failure if by_moved_time(signature, now=now) is not None else None

    ministack.sigv4.request_time_failure = by_either
    ministack.app.formatdate = lambda usegmt=True: formatdate(callers_clock(), usegmt=usegmt)
