"""The statistics of the bench, and the times that its models take."""

from __future__ import annotations

import pytest

from bench.figures import Summary, spread_times, summary


def test_summary_of_an_even_sample() -> None:
    """Two values are in the middle, the median lies between them."""
    assert summary([4.0, 1.0, 3.0, 2.0]) == Summary(median=2.5, p95=4.0, worst=4.0, n=4)


def test_the_95th_percentile_is_a_value_of_the_sample() -> None:
    """Nothing is interpolated: what is shown was measured."""
    found = summary([float(number) for number in range(1, 101)])
    assert (found.p95, found.worst) == (95.0, 100.0)


def test_summary_keeps_the_sign() -> None:
    """A deployment that ends before the model runs has a negative lag."""
    assert summary([-20.0, -10.0, -15.0]).median == -15.0


def test_summary_of_nothing() -> None:
    """No figure stands for nothing."""
    with pytest.raises(ValueError, match="nothing was measured"):
        summary([])


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 10, 12, 20])
def test_times_stay_in_their_range_and_meet_each_part_of_a_poll_once(count: int) -> None:
    """The phase at which a poll meets the model is spread evenly, whatever the number of rounds."""
    times = spread_times(20.0, 95.0, count)
    assert len(times) == count
    assert all(20.0 <= time <= 115.0 for time in times)
    parts = sorted(int((time - 20.0) % 5.0 / 5.0 * count) for time in times)
    assert parts == list(range(count))


def test_times_cover_the_whole_range() -> None:
    """A slow poller meets early and late ends alike."""
    times = spread_times(20.0, 95.0, 10)
    assert min(times) < 25.0
    assert max(times) > 110.0
    assert times == sorted(times)


def test_a_later_time_does_not_meet_a_later_part() -> None:
    """Neither does the phase follow from the length."""
    parts = [time % 5.0 for time in spread_times(20.0, 95.0, 10)]
    assert parts != sorted(parts)
