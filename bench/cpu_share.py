"""What the CPU time of a process makes on AWS.

There a function gets one vCPU at 1,769 MB, and in proportion to its memory below ("Configure Lambda function
memory"); while it is loaded it gets a whole one (observed, not promised). So the CPU time of a process, told
apart by that moment, gives the time on AWS.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

VCPU_MB: Final = 1769


@dataclass(frozen=True)
class Cold:
    """CPU seconds of one fresh process, and its peak, until its part of a start is done."""

    load: float
    """From the start of the interpreter until the handler is loaded."""
    start: float
    """From the event to StartProjectVersion, or to the invocation of the function that calls it."""
    peak_mb: float


def share(memory_mb: float) -> float:
    """Of a vCPU, once the function is loaded; a single thread has no use for more than one."""
    return min(1.0, memory_mb / VCPU_MB)


def seconds_to_start(cold: Cold, memory_mb: float) -> float:
    """From the event of a cold start to its end, without what the network and AWS take."""
    return cold.load + cold.start / share(memory_mb)


def median(colds: Sequence[Cold]) -> Cold:
    """Of each figure by itself."""
    return Cold(
        statistics.median(cold.load for cold in colds),
        statistics.median(cold.start for cold in colds),
        statistics.median(cold.peak_mb for cold in colds),
    )
