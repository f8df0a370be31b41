"""Statistics of small samples."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Summary:
    """A sample in a few numbers."""

    median: float
    p95: float
    worst: float
    n: int

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


def summary(values: Sequence[float], digits: int = 2) -> Summary:
    """Median, 95th percentile (nearest rank: a value that was measured) and worst of a sample."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    rank = math.ceil(0.95 * len(ordered))
    return Summary(
        round(statistics.median(ordered), digits),
        round(ordered[rank - 1], digits),
        round(ordered[-1], digits),
        len(ordered),
    )


def spread_times(shortest: float, spread: float, count: int, poll: float = 5.0) -> list[float]:
    """``count`` times over a range, which meet a poll of ``poll`` seconds at evenly spread phases too.

    Each time begins with a multiple of ``poll`` and ends with a part of it; the parts are walked through in
    another order than the multiples, so that neither follows from the other.
    """
    stride = next(n for n in range(max(1, round(count * 0.618)), 2 * count + 1) if math.gcd(n, count) == 1)
    steps = max(0, math.floor(spread / poll) - 1)
    times = []
    for index in range(count):
        multiple = round(steps * index / max(1, count - 1)) * poll
        part = poll * ((index * stride) % count + 0.5) / count
        times.append(round(shortest + multiple + part, 3))
    return times
