"""What the CPU time of a process makes on AWS."""

from __future__ import annotations

import pytest

from bench import cpu_share
from bench.cpu_share import Cold


def test_a_function_gets_a_vcpu_in_proportion_to_its_memory() -> None:
    """A whole one at 1,769 MB, and no more for its one thread."""
    assert cpu_share.share(1769) == 1
    assert cpu_share.share(176.9) == pytest.approx(0.1)
    assert cpu_share.share(10_240) == 1


def test_only_what_comes_after_the_event_is_slowed_down() -> None:
    """Loading has a whole core."""
    assert cpu_share.seconds_to_start(Cold(load=0.3, start=0.02, peak_mb=50), 176.9) == pytest.approx(0.5)
    assert cpu_share.seconds_to_start(Cold(load=0.3, start=0.02, peak_mb=50), 4000) == pytest.approx(0.32)


def test_medians_of_each_figure() -> None:
    """By themselves: the median process need not exist."""
    assert cpu_share.median([Cold(1, 9, 4), Cold(2, 8, 5), Cold(3, 7, 3)]) == Cold(2, 8, 4)
