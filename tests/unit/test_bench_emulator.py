"""The figures of the emulator: a small measurement tells what it should."""

from __future__ import annotations

import pytest

from bench.emulator import PARTS, measure

pytestmark = pytest.mark.slow


def test_a_measurement_counts_its_calls() -> None:
    """In as many parts as there are to be, each with its time, and memory that is a process's."""
    first, *parts = measure(calls=100, clients=2)
    assert (first.calls, [part.calls for part in parts]) == (0, [20 * n for n in range(1, PARTS + 1)])
    assert all(part.per_second > 0 and part.cpu_ms > 0 for part in parts)
    assert all(10 < part.resident_mb < 1000 for part in (first, *parts))
