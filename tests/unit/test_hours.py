"""Running hours: what the clocks of a zone say, over clock changes in three zones, and by brute force."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_model_handler.core.hours import (
    MINUTES_OF_A_DAY,
    Hours,
    Period,
    Span,
    hours_at,
    is_within,
    last_stop,
    next_stop,
    union,
)

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
EVERY_DAY = tuple(range(7))
WORKDAYS = (0, 1, 2, 3, 4)


def at(text: str) -> float:
    """Seconds since the epoch of ``2026-03-29 02:30 Europe/Berlin``, which may end in ``again``."""
    day, time, zone, *again = text.split()
    return (
        datetime.fromisoformat(f"{day} {time}")
        .replace(tzinfo=ZoneInfo(zone), fold=1 if again else 0)
        .timestamp()
    )


def minutes(text: str) -> int:
    """``08:30`` in minutes since midnight."""
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def period(
    start: str, stop: str, zone: str, days: tuple[int, ...] = EVERY_DAY, *, over_midnight: bool = False
) -> Period:
    """A period from clock times."""
    return Period(days, minutes(start), minutes(stop), zone, over_midnight)


def stop_only(stop: str, zone: str, days: tuple[int, ...] = EVERY_DAY) -> Period:
    """A moment at which the model stops."""
    return Period(days, None, minutes(stop), zone)


OFFICE = period("08:00", "18:00", BERLIN, WORKDAYS)


def test_the_start_belongs_to_a_period_and_its_stop_does_not() -> None:
    """By the second, with the edges told."""
    monday, evening = at(f"2026-06-01 08:00 {BERLIN}"), at(f"2026-06-01 18:00 {BERLIN}")
    friday, tuesday = at(f"2026-05-29 18:00 {BERLIN}"), at(f"2026-06-02 08:00 {BERLIN}")
    assert hours_at([OFFICE], monday - 1) == Hours(False, friday, monday)
    assert hours_at([OFFICE], monday) == Hours(True, monday, evening)
    assert hours_at([OFFICE], evening - 1) == Hours(True, monday, evening)
    assert hours_at([OFFICE], evening) == Hours(False, evening, tuesday)


def test_a_period_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday night ends on Saturday; nothing begins on Saturday."""
    nights = period("22:00", "06:00", NEW_YORK, WORKDAYS, over_midnight=True)
    friday, saturday = at(f"2026-06-05 22:00 {NEW_YORK}"), at(f"2026-06-06 06:00 {NEW_YORK}")
    assert hours_at([nights], saturday - 60) == Hours(True, friday, saturday)
    assert hours_at([nights], saturday) == Hours(False, saturday, at(f"2026-06-08 22:00 {NEW_YORK}"))


def test_adjacent_and_overlapping_periods_are_one() -> None:
    """Of different zones, over midnight, up to 24:00."""
    evening = period("18:00", "24:00", BERLIN, (0,))
    night = period("00:00", "04:00", BERLIN, (1,))
    elsewhere = period("21:00", "23:00", NEW_YORK, (0,))
    begin, end = at(f"2026-06-01 08:00 {BERLIN}"), at(f"2026-06-01 23:00 {NEW_YORK}")
    assert hours_at([OFFICE, elsewhere, evening, night], begin + 3600) == Hours(True, begin, end)


def test_all_day_every_day_has_no_edges() -> None:
    """Seams are bridged for weeks, and nothing is promised beyond."""
    assert hours_at([period("00:00", "24:00", BERLIN)], at(f"2026-03-25 12:00 {BERLIN}")) == Hours(
        True, None, None
    )


def test_a_week_with_one_gap_is_not_taken_for_one_without() -> None:
    """The gap is found wherever now is."""
    most = [period("00:00", "24:00", BERLIN, (1, 2, 3, 4, 5, 6)), period("00:00", "23:00", BERLIN, (0,))]
    gap, on = at(f"2026-06-01 23:00 {BERLIN}"), at(f"2026-06-02 00:00 {BERLIN}")
    assert hours_at(most, gap - 1) == Hours(True, at(f"2026-05-26 00:00 {BERLIN}"), gap)
    assert hours_at(most, gap) == Hours(False, gap, on)


def test_a_lead_begins_each_period_early_and_bridges_gaps_that_are_shorter() -> None:
    """So that the model runs at the declared time; the stop stays."""
    begin, stop = at(f"2026-06-02 08:00 {BERLIN}"), at(f"2026-06-02 18:00 {BERLIN}")
    assert hours_at([OFFICE], begin - 600, 600) == Hours(True, begin - 600, stop)
    assert hours_at([OFFICE], begin - 601, 600).on is False
    later = period("18:05", "19:00", BERLIN, WORKDAYS)
    assert hours_at([OFFICE, later], begin, 600).until == at(f"2026-06-02 19:00 {BERLIN}")


def test_no_period_is_never_on() -> None:
    """Nor is a moment that only stops."""
    assert hours_at([], 0.0) == Hours(False, None, None)
    assert hours_at([stop_only("20:00", BERLIN)], at(f"2026-06-01 12:00 {BERLIN}")).on is False


def test_moments_that_only_stop() -> None:
    """The last one counts from its second on."""
    evenings = [stop_only("20:00", BERLIN, WORKDAYS), stop_only("00:00", NEW_YORK, (5,))]
    friday, saturday = at(f"2026-06-05 20:00 {BERLIN}"), at(f"2026-06-06 00:00 {NEW_YORK}")
    monday = at(f"2026-06-08 20:00 {BERLIN}")
    assert (last_stop(evenings, saturday - 1), next_stop(evenings, saturday - 1)) == (friday, saturday)
    assert (last_stop(evenings, saturday), next_stop(evenings, saturday)) == (saturday, monday)
    assert last_stop([OFFICE], saturday) is None
    assert next_stop([OFFICE], saturday) is None


def utc(text: str) -> float:
    """Seconds since the epoch of a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("start", "stop", "zone", "day", "begins", "ends"),
    [
        # Spring: Berlin leaves out 02:00 to 03:00 (01:00 UTC), New York the same (07:00 UTC), Lord Howe
        # 02:00 to 02:30 (15:30 UTC of the day before).
        ("02:30", "06:00", BERLIN, "2026-03-29", "2026-03-29 01:00", "2026-03-29 04:00"),
        ("01:00", "02:30", BERLIN, "2026-03-29", "2026-03-29 00:00", "2026-03-29 01:00"),
        ("02:10", "02:50", BERLIN, "2026-03-29", None, None),
        ("02:00", "03:00", BERLIN, "2026-03-29", None, None),
        ("00:00", "24:00", BERLIN, "2026-03-29", "2026-03-28 23:00", "2026-03-29 22:00"),
        ("02:30", "06:00", NEW_YORK, "2026-03-08", "2026-03-08 07:00", "2026-03-08 10:00"),
        ("01:00", "02:30", NEW_YORK, "2026-03-08", "2026-03-08 06:00", "2026-03-08 07:00"),
        ("02:10", "02:50", NEW_YORK, "2026-03-08", None, None),
        ("02:15", "06:00", LORD_HOWE, "2026-10-04", "2026-10-03 15:30", "2026-10-03 19:00"),
        ("01:00", "02:15", LORD_HOWE, "2026-10-04", "2026-10-03 14:30", "2026-10-03 15:30"),
        ("02:10", "02:20", LORD_HOWE, "2026-10-04", None, None),
        # Autumn: Berlin repeats 02:00 to 03:00 (from 00:00 UTC), New York 01:00 to 02:00 (from 05:00 UTC),
        # Lord Howe 01:30 to 02:00 (from 14:30 UTC of the day before).
        ("02:30", "06:00", BERLIN, "2026-10-25", "2026-10-25 00:30", "2026-10-25 05:00"),
        ("01:00", "02:30", BERLIN, "2026-10-25", "2026-10-24 23:00", "2026-10-25 01:30"),
        ("02:10", "02:50", BERLIN, "2026-10-25", "2026-10-25 00:10", "2026-10-25 01:50"),
        ("01:00", "02:00", BERLIN, "2026-10-25", "2026-10-24 23:00", "2026-10-25 00:00"),
        ("01:00", "03:00", BERLIN, "2026-10-25", "2026-10-24 23:00", "2026-10-25 02:00"),
        ("02:00", "03:00", BERLIN, "2026-10-25", "2026-10-25 00:00", "2026-10-25 02:00"),
        ("00:00", "24:00", BERLIN, "2026-10-25", "2026-10-24 22:00", "2026-10-25 23:00"),
        ("01:30", "06:00", NEW_YORK, "2026-11-01", "2026-11-01 05:30", "2026-11-01 11:00"),
        ("00:00", "01:30", NEW_YORK, "2026-11-01", "2026-11-01 04:00", "2026-11-01 06:30"),
        ("01:10", "01:50", NEW_YORK, "2026-11-01", "2026-11-01 05:10", "2026-11-01 06:50"),
        ("01:45", "06:00", LORD_HOWE, "2026-04-05", "2026-04-04 14:45", "2026-04-04 19:30"),
        ("01:00", "01:45", LORD_HOWE, "2026-04-05", "2026-04-04 14:00", "2026-04-04 15:15"),
        ("01:40", "01:50", LORD_HOWE, "2026-04-05", "2026-04-04 14:40", "2026-04-04 15:20"),
    ],
)
def test_clock_changes(
    start: str, stop: str, zone: str, day: str, begins: str | None, ends: str | None
) -> None:
    """A time that is left out is the moment of the change; what is repeated belongs to the period."""
    weekday = date.fromisoformat(day).weekday()
    only = [period(start, stop, zone, (weekday,))]
    if begins is None or ends is None:
        noon = at(f"{day} 12:00 {zone}")
        assert hours_at(only, noon).until == at(f"{date.fromisoformat(day) + timedelta(7)} {start} {zone}")
        assert hours_at(only, noon - 36_000).on is False
        return
    begin, end = utc(begins), utc(ends)
    assert hours_at(only, begin - 1).on is False
    assert hours_at(only, begin) == Hours(True, begin, end)
    assert hours_at(only, end - 1) == Hours(True, begin, end)
    assert hours_at(only, end).on is False


def test_a_zone_that_leaves_out_midnight() -> None:
    """Cairo's clocks go from 24:00 to 01:00: the day begins then."""
    day = period("00:00", "12:00", "Africa/Cairo", (4,))
    assert hours_at([day], utc("2026-04-23 22:00")) == Hours(
        True, utc("2026-04-23 22:00"), utc("2026-04-24 09:00")
    )


def test_a_period_within_another_adds_nothing() -> None:
    """By the week's clocks in one zone; what merely overlaps, or is elsewhere, may be meant."""
    assert is_within(period("09:00", "12:00", BERLIN, (1, 2)), OFFICE)
    assert is_within(OFFICE, OFFICE)
    assert not is_within(OFFICE, period("09:00", "12:00", BERLIN, (1, 2)))
    assert not is_within(period("17:00", "19:00", BERLIN, (1,)), OFFICE)
    assert not is_within(period("09:00", "12:00", NEW_YORK, (1,)), OFFICE)
    night = period("22:00", "06:00", BERLIN, (6,), over_midnight=True)
    assert is_within(period("01:00", "05:00", BERLIN, (0,)), night)
    assert is_within(stop_only("20:00", BERLIN, (1,)), stop_only("20:00", BERLIN))
    assert not is_within(stop_only("20:00", BERLIN), OFFICE)


def test_a_period_is_spelt_as_it_is_declared() -> None:
    """Days in a row as a range."""
    assert str(OFFICE) == "MON-FRI 08:00-18:00 Europe/Berlin"
    assert str(period("22:00", "06:00", "UTC", (0, 2, 5, 6), over_midnight=True)) == (
        "MON,WED,SAT,SUN 22:00-06:00+1 UTC"
    )
    assert str(stop_only("20:00", BERLIN)) == "MON-SUN -20:00 Europe/Berlin"


# --- by brute force -------------------------------------------------------------------------------

_ZONES = st.sampled_from(
    [BERLIN, NEW_YORK, LORD_HOWE, "UTC", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia", "America/St_Johns"]
)
_DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
_QUARTERS = st.integers(0, 95).map(lambda quarter: quarter * 15)


@st.composite
def _periods(draw: st.DrawFn) -> Period:
    one, other = sorted(draw(st.sets(_QUARTERS, min_size=2, max_size=2)))
    if draw(st.booleans()):
        return Period(draw(_DAYS), other, one, draw(_ZONES), over_midnight=True)
    stop = draw(st.sampled_from([other, MINUTES_OF_A_DAY]))
    return Period(draw(_DAYS), one, stop, draw(_ZONES))


_MOMENTS = st.integers(int(utc("2026-01-01") // 60), int(utc("2027-12-31") // 60)).map(lambda each: each * 60)
_NEAR_A_CHANGE = st.builds(
    lambda change, off: int(utc(change) // 60) * 60 + off * 60,
    st.sampled_from(
        ["2026-03-29 01:00", "2026-10-25 01:00", "2026-03-08 07:00", "2026-11-01 06:00", "2026-10-03 15:30",
         "2026-04-04 15:00"]
    ),
    st.integers(-1500, 1500),
)  # fmt: skip


def holds(period: Period, now: int) -> bool:
    """Minute by minute: begun as soon as the clocks show it, over once they never show less."""
    zone = ZoneInfo(period.zone)
    ahead = [
        datetime.fromtimestamp(now + 60 * each, zone).replace(tzinfo=None) for each in range(-1620, 1620)
    ]
    until_now, from_now = ahead[:1621], ahead[1620:]
    for day in {hands.date() + timedelta(days=off) for hands in (ahead[1620],) for off in (-1, 0)}:
        if day.weekday() not in period.days or period.start is None:
            continue
        midnight = datetime.combine(day, datetime.min.time())
        start = midnight + timedelta(minutes=period.start)
        stop = midnight + timedelta(minutes=period.stop, days=int(period.over_midnight))
        if any(hands >= start for hands in until_now) and any(hands < stop for hands in from_now):
            return True
    return False


@settings(max_examples=150, deadline=None)
@given(st.lists(_periods(), min_size=1, max_size=3), _MOMENTS | _NEAR_A_CHANGE)
def test_a_minute_by_minute_brute_force_agrees(periods: list[Period], now: int) -> None:
    """Whatever the zones, the nights and the clock changes."""
    assert hours_at(periods, now).on is any(holds(each, now) for each in periods)


@settings(max_examples=200, deadline=None)
@given(st.lists(_periods(), min_size=1, max_size=4), _MOMENTS | _NEAR_A_CHANGE, st.integers(0, 3300))
def test_edges_are_where_the_verdict_changes(periods: list[Period], now: int, lead: int) -> None:
    """It holds from ``since`` to ``until``, and not a second longer."""
    hours = hours_at(periods, now, lead)
    if hours.since is not None:
        assert hours.since <= now
        assert hours_at(periods, hours.since, lead) == hours
        assert hours_at(periods, hours.since - 1, lead).on is not hours.on
    if hours.until is not None:
        assert hours.until > now
        assert hours_at(periods, hours.until - 1, lead).on is hours.on
        assert hours_at(periods, hours.until, lead).on is not hours.on
        assert hours_at(periods, hours.until, lead).since == hours.until


_SPANS = st.lists(st.builds(Span, st.integers(0, 50).map(float), st.integers(0, 50).map(float)))


@given(_SPANS)
def test_a_union_is_idempotent_and_holds_the_same_time(spans: list[Span]) -> None:
    """In any order, without overlaps and without seams."""
    united = union(spans)
    assert union(united) == united == union(reversed(spans))
    assert all(one.stop < other.start for one, other in pairwise(united))
    for second in range(51):
        assert any(span.start <= second < span.stop for span in united) is any(
            span.start <= second < span.stop for span in spans
        )
