"""Guards as CloudFormation carries them: strings, read strictly."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from running_model_handler.core.duty import Guards, QueueGuard
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.guards import (
    EMPTY_SECONDS_DEFAULT,
    PERIODS_MAX,
    hours_text,
    make_period,
    parse_guards,
    parse_hours,
)
from running_model_handler.core.hours import Period
from running_model_handler.core.names import Property

TIMEOUT = 3300
OFFICE = "MON-FRI 08:00-18:00 Europe/Berlin"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/pictures"


def guards(**given: Any) -> Guards:
    """What properties declare, by their names in ``Property``."""
    return parse_guards({Property[name]: value for name, value in given.items()}, TIMEOUT)


def test_nothing_declared_is_no_guard() -> None:
    """As stacks of earlier releases send it, and as a parameter that is left empty does."""
    assert guards() == Guards()
    assert guards(RUNNING_HOURS="", LEAD_SECONDS="", QUEUE_URL="") == Guards()
    assert Guards().any is False


def test_all_of_it() -> None:
    """CloudFormation makes strings of numbers."""
    found = guards(
        RUNNING_HOURS=f"{OFFICE}; SAT,SUN 22:00-06:00+1 UTC",
        LEAD_SECONDS="900",
        STOP_AFTER_SECONDS="7200",
        IDLE_SECONDS="3600",
        QUEUE_URL=URL,
        QUEUE_EMPTY_SECONDS="120",
    )
    office = Period((0, 1, 2, 3, 4), 480, 1080, "Europe/Berlin")
    nights = Period((5, 6), 1320, 360, "UTC", over_midnight=True)
    assert found == Guards((office, nights), 900, 7200, 3600, QueueGuard(URL, 120))
    assert found.any
    assert guards(QUEUE_URL=f"{URL}.fifo").queue == QueueGuard(f"{URL}.fifo", EMPTY_SECONDS_DEFAULT)


def test_hours_that_only_stop() -> None:
    """Without a start."""
    assert parse_hours("MON-SUN -20:00 America/New_York", name="x") == (
        Period(tuple(range(7)), None, 1200, "America/New_York"),
    )


_PERIODS = st.builds(
    lambda days, ends, zone, over: Period(
        tuple(sorted(days)), max(ends) if over else min(ends), min(ends) if over else max(ends), zone, over
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(st.integers(0, 1439), min_size=2, max_size=2),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"]),
    st.booleans(),
)


@given(_PERIODS)
def test_a_period_is_read_as_it_is_spelt(period: Period) -> None:
    """Whatever its days, which may be a range, and whichever its zone."""
    assert parse_hours(hours_text([period]), name="x") == (period,)


def test_days_may_go_over_the_end_of_the_week() -> None:
    """``SAT-MON`` is three days, and all of them at once are seven."""
    assert parse_hours("SAT-MON 08:00-18:00 UTC", name="x")[0].days == (0, 5, 6)
    assert parse_hours("WED-TUE 08:00-18:00 UTC", name="x")[0].days == tuple(range(7))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MON-FRI 08:00-18:00", "must be days, times and a zone; it looks like MON-FRI 08:00"),
        ("whenever", "must be days, times and a zone"),
        (f"{OFFICE};{OFFICE}", "must be days, times and a zone"),
        ("MON-FRI 08:00-18:00 Berlin", "or UTC, maybe Europe/Berlin, got 'Berlin'"),
        ("MON-FRI 08:00-18:00 GMT+1", "maybe Etc/GMT-1, got 'GMT+1'"),
        ("MON-FRI 08:00-18:00 UTC-05", "maybe Etc/GMT+5, got 'UTC-05'"),
        ("MON-FRI 08:00-18:00 Europe/Berlln", "maybe Europe/Berlin, got 'Europe/Berlln'"),
        ("MON-FRI 08:00-18:00 CET", "must name a time zone of IANA"),
        ("MON-FRI 08:00-18:00 Europe", "must name a time zone of IANA"),
        ("MON-FRI 08:00-18:00 America/Argentina", "must name a time zone of IANA"),
        ("MON-FRI 08:00-18:00 Mars/Phobos", "must name a time zone of IANA"),
        ("MON-FRY 08:00-18:00 UTC", "name days as MON, TUE, WED, THU, FRI, SAT, SUN, or as MON-FRI"),
        ("MO 08:00-18:00 UTC", "must name days"),
        ("MON, 08:00-18:00 UTC", "must name days"),
        ("MON 8:00-18:00 UTC", "start from 00:00 to 23:59"),
        ("MON 24:00-18:00 UTC", "start from 00:00 to 23:59"),
        ("MON 08:00-24:01 UTC", "stop from 00:00 to 24:00"),
        ("MON 08:60-18:00 UTC", "start from 00:00"),
        ("MON 08:00-08:00 UTC", "must not stop when it starts; a whole day is 00:00 to 24:00"),
        ("MON 18:00-08:00 UTC", "must start before it stops, unless it is declared to go over midnight"),
        ("MON 08:00-18:00+1 UTC", "must stop earlier than it starts, a day later"),
        ("MON -18:00+1 UTC", "must have a start to go over midnight"),
        (f"{OFFICE}; TUE 09:00-12:00 Europe/Berlin", "must not lie within another period, MON-FRI 08:00"),
        (f"{OFFICE}; {OFFICE}", "must not lie within another period"),
        (f"{OFFICE}; SAT -20:00 Europe/Berlin", "must all have a start, or none"),
        ("x" * 2001, "at most 2000 characters"),
    ],
)  # fmt: skip
def test_hours_that_can_not_be_meant_are_refused(text: str, words: str) -> None:
    """Each with the property, the value, and what is right."""
    with pytest.raises(InvalidProperty, match=r"^RunningHours ") as error:
        guards(RUNNING_HOURS=text)
    assert words in str(error.value)


def test_too_many_periods_are_refused() -> None:
    """All of them are laid out at each look."""
    texts = [f"MON {hour:02d}:00-{hour:02d}:30 UTC" for hour in range(24)]
    texts += [f"TUE {hour:02d}:00-{hour:02d}:30 UTC" for hour in range(24)]
    assert len(parse_hours("; ".join(texts[:PERIODS_MAX]), name="x")) == PERIODS_MAX
    with pytest.raises(InvalidProperty, match="at most 32"):
        parse_hours("; ".join(texts[: PERIODS_MAX + 1]), name="x")


def test_what_overlaps_partly_may_be_meant() -> None:
    """A union is what hours are; nor can two zones be compared."""
    assert len(parse_hours(f"{OFFICE}; FRI 16:00-20:00 Europe/Berlin", name="x")) == 2
    assert len(parse_hours(f"{OFFICE}; TUE 09:00-12:00 Europe/Paris", name="x")) == 2


def test_no_days_are_refused() -> None:
    """At synth a list may be empty."""
    with pytest.raises(InvalidProperty, match="at least one day, for example MON-FRI"):
        make_period([], "08:00", "18:00", "UTC", over_midnight=False, name="running_hours")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"LEAD_SECONDS": "3301"}, "LeadTimeSeconds must be a whole number from 0 to 3300"),
        ({"LEAD_SECONDS": "-1"}, "LeadTimeSeconds must be"),
        ({"IDLE_SECONDS": "899"}, "StopWhenIdleSeconds must be a whole number from 900 to 1209600"),
        ({"IDLE_SECONDS": True}, "StopWhenIdleSeconds must be"),
        ({"STOP_AFTER_SECONDS": "31536001"}, "StopAfterSeconds must be a whole number from 1 to 31536000"),
        (
            {"STOP_AFTER_SECONDS": "3300"},
            "StopAfterSeconds must be more than 3300 seconds",
        ),
        ({"STOP_AFTER_SECONDS": "soon"}, "got 'soon'"),
        ({"QUEUE_URL": "pictures"}, "StartForQueueUrl must be the URL of an SQS queue, such as https://sqs."),
        ({"QUEUE_URL": 5}, "StartForQueueUrl must be"),
        (
            {"QUEUE_URL": URL, "QUEUE_EMPTY_SECONDS": "59"},
            "StopWhenEmptySeconds must be a whole",
        ),
        ({"RUNNING_HOURS": ["MON"]}, "RunningHours must be a text"),
    ],
)
def test_other_values_that_break_a_rule(given: dict[str, Any], words: str) -> None:
    """Named by property and value, with the range and the way out."""
    with pytest.raises(InvalidProperty) as error:
        guards(**given)
    assert words in str(error.value)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(Property)), st.none() | st.text(max_size=60) | st.integers()))
def test_whatever_stands_there_is_read_or_refused(properties: dict[Property, Any]) -> None:
    """Nothing but ``InvalidProperty`` is raised."""
    with contextlib.suppress(InvalidProperty):
        assert isinstance(parse_guards({str(key): value for key, value in properties.items()}, 60), Guards)
