"""Running hours: periods of the week, each in its time zone, their union and its edges; pure.

A period begins when the clocks of its zone first show its start, and ends when they last show less than its
stop: a start in the hour that spring leaves out is the moment of the change, and of an hour that autumn
repeats a period takes both, so that it is never shorter than the clocks say. Zones and their changes are
IANA's, by ``zoneinfo``. Times are seconds since the epoch, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MINUTES_OF_A_DAY: Final = 24 * 60
_MINUTES_OF_A_WEEK: Final = 7 * MINUTES_OF_A_DAY
_WINDOW_DAYS: Final = 16
"""So far back and ahead spans are laid out. A week has all edges that a pattern has; another one, since a
clock change can close the only gap of a week; and a day for zones and nights."""


class Period(NamedTuple):
    """A piece of certain days, or, without a start, a moment of them at which the model stops."""

    days: tuple[int, ...]
    """0 for Monday to 6 for Sunday, in order: the days on which it begins, or, without a start, ends."""
    start: int | None
    """Minutes since midnight, 0 to 1439; None: nothing starts the model, it only stops."""
    stop: int
    """Minutes since midnight, 1 to 1440, not included; 0 to 1439 over midnight, and without a start."""
    zone: str
    """IANA's name of the time zone."""
    over_midnight: bool = False
    """It ends on the day after that on which it begins."""

    def __str__(self) -> str:
        start = "" if self.start is None else clock(self.start)
        return f"{_days(self.days)} {start}-{clock(self.stop)}{'+1' * self.over_midnight} {self.zone}"


class Span(NamedTuple):
    """From ``start`` on, up to and without ``stop``."""

    start: float
    stop: float


class Hours(NamedTuple):
    """What the hours say at a moment."""

    on: bool
    since: float | None
    """When that began; None where it has been so for weeks."""
    until: float | None
    """When it ends; None where it is so for weeks to come."""


def clock(minutes: int) -> str:
    """Minutes since midnight as clocks show them, 24:00 for the end of the day."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def hours_at(periods: Sequence[Period], now: float, lead_seconds: float = 0.0) -> Hours:
    """Whether some period of these holds, since when and until when; each begins ``lead_seconds`` early.

    Periods that touch, or overlap, are one. Those without a start are no part of it.
    """
    spans = _spans_around(tuple(periods), datetime.fromtimestamp(now, UTC).date(), lead_seconds)
    window = _WINDOW_DAYS * 86_400.0 - 2 * 86_400.0
    since: float | None = None
    for span in spans:
        if now < span.start:
            return Hours(False, since, span.start)
        if now < span.stop:
            return Hours(
                True,
                span.start if now - span.start < window else None,
                span.stop if span.stop - now < window else None,
            )
        since = span.stop
    return Hours(False, since, None)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time without overlaps and without seams, in order; empty spans are left out."""
    united: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.stop):
        if united and span.start <= united[-1].stop:
            united[-1] = Span(united[-1].start, max(united[-1].stop, span.stop))
        else:
            united.append(span)
    return united


def last_stop(periods: Iterable[Period], now: float) -> float | None:
    """The last moment, up to now, at which a period without a start stops the model."""
    return max((at for at in _stops(periods, now) if at <= now), default=None)


def next_stop(periods: Iterable[Period], now: float) -> float | None:
    """The first such moment after now."""
    return min((at for at in _stops(periods, now) if at > now), default=None)


def is_within(one: Period, other: Period) -> bool:
    """Whether a period adds nothing to another one, by the clocks of the zone that both are in."""
    if one.zone != other.zone or (one.start is None) != (other.start is None):
        return False
    return _minutes_of_the_week(one) <= _minutes_of_the_week(other)


@lru_cache(maxsize=32)
def _minutes_of_the_week(period: Period) -> frozenset[int]:
    if period.start is None:
        return frozenset(day * MINUTES_OF_A_DAY + period.stop for day in period.days)
    length = period.stop - period.start + MINUTES_OF_A_DAY * period.over_midnight
    begins = (day * MINUTES_OF_A_DAY + period.start for day in period.days)
    return frozenset((begin + each) % _MINUTES_OF_A_WEEK for begin in begins for each in range(length))


def _stops(periods: Iterable[Period], now: float) -> Iterator[float]:
    today = datetime.fromtimestamp(now, UTC).date()
    for period in periods:
        if period.start is None:
            for day in _days_around(period, today):
                yield _span(period, day).stop


@lru_cache(maxsize=64)
def _spans_around(periods: tuple[Period, ...], today: date, lead_seconds: float) -> list[Span]:
    """The spans of some weeks around a day; they are asked for far more often than days pass."""
    return union(
        Span(span.start - lead_seconds, span.stop)
        for period in periods
        if period.start is not None
        for span in (_span(period, day) for day in _days_around(period, today))
    )


def _days_around(period: Period, today: date) -> Iterator[date]:
    for offset in range(-_WINDOW_DAYS, _WINDOW_DAYS + 1):
        day = today + timedelta(days=offset)
        if day.weekday() in period.days:
            yield day


@lru_cache(maxsize=1024)
def _span(period: Period, day: date) -> Span:
    """One occurrence of a period; empty where the clocks leave all of it out."""
    zone = ZoneInfo(period.zone)
    ends = _hands(day, period.stop + MINUTES_OF_A_DAY * period.over_midnight)
    start = _begin(_hands(day, period.start), zone) if period.start is not None else 0.0
    return Span(start, _end(ends, zone))


def _hands(day: date, minutes: int) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)


def _begin(hands: datetime, zone: ZoneInfo) -> float:
    """When the clocks of a zone first show ``hands``, or more where they leave it out."""
    moments = _moments(hands, zone)
    return moments[0] if _show(moments[0], zone) == hands else _change(moments, zone)


def _end(hands: datetime, zone: ZoneInfo) -> float:
    """From when on the clocks of a zone never show less than ``hands`` any more."""
    first, last = moments = _moments(hands, zone)
    if _show(first, zone) != hands:
        return _change(moments, zone)
    # Where a repeated hour begins with ``hands``, its second time comes after no less.
    return last if _show(last - 1.0, zone) < hands else first


def _moments(hands: datetime, zone: ZoneInfo) -> tuple[float, float]:
    """What ``hands`` mean before and after a clock change about them, in order; else twice the same."""
    both = [hands.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)]
    return min(both), max(both)


def _show(moment: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None, fold=0)


def _change(around: tuple[float, float], zone: ZoneInfo) -> float:
    """The second of a clock change that lies between two moments."""
    before, after = (int(each) for each in around)
    offset = datetime.fromtimestamp(after, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return float(after)


def _days(days: Sequence[int]) -> str:
    """``MON-FRI`` for three or more in a row, ``SAT,SUN`` for two."""
    parts: list[str] = []
    for _, row in groupby(enumerate(days), lambda each: each[1] - each[0]):
        names = [DAYS[day] for _, day in row]
        parts += [f"{names[0]}-{names[-1]}"] if len(names) > 2 else names
    return ",".join(parts)
