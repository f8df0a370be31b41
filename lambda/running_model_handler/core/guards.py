"""Guards as CloudFormation carries them: read strictly, by the construct at synth and by the handler; pure.

All are strings there. Every error names the property, what was given, what is right, and an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

from running_model_handler.core.duty import LEAD_SECONDS_MAX, Guards, QueueGuard
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.hours import DAYS, MINUTES_OF_A_DAY, Period, is_within
from running_model_handler.core.names import Property
from running_model_handler.core.numbers import parse_whole_number
from running_model_handler.core.waiting import TIMEOUT_SECONDS_DEFAULT, parse_timeout_seconds

METRIC_PERIOD_SECONDS: Final = 300
"""Of the counts of DetectCustomLabels calls, in which they are asked for (GetMetricData)."""
IDLE_SECONDS_MIN: Final = 3 * METRIC_PERIOD_SECONDS
"""Three periods: one that is not over, one that arrives late, and one without a call."""
IDLE_SECONDS_MAX: Final = 14 * 86_400
STOP_AFTER_SECONDS_MAX: Final = 365 * 86_400
EMPTY_SECONDS_MIN: Final = 60
"""Numbers of messages are approximate, and settle within a minute (GetQueueAttributes)."""
EMPTY_SECONDS_MAX: Final = 86_400
EMPTY_SECONDS_DEFAULT: Final = 600
PERIODS_MAX: Final = 32
HOURS_CHARACTERS_MAX: Final = 2_000
"""What the handler reads of a property."""
_SEPARATOR: Final = "; "

_CLOCK: Final = re.compile(r"(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2})")
_PERIOD: Final = re.compile(
    r"(?P<days>[A-Z,-]+) (?P<start>[0-9:]*)-(?P<stop>[0-9:]+)(?P<over>\+1)? (?P<zone>[A-Za-z0-9_+/-]+)"
)
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)+|UTC")
_OFFSET: Final = re.compile(r"(?:GMT|UTC)([+-])([0-9]{1,2})")
_QUEUE_URL: Final = re.compile(r"https?://[^\s/]+/[0-9]{12}/[A-Za-z0-9_-]{1,80}(\.fifo)?")
EXAMPLE_QUEUE_URL: Final = "https://sqs.eu-west-1.amazonaws.com/123456789012/pictures"


def make_period(
    days: Sequence[str], start: str | None, stop: str, zone: str, *, over_midnight: bool, name: str
) -> Period:
    """A period from days, ``MON`` or ``MON-FRI``, clock times, and IANA's name of a zone.

    Raises ``InvalidProperty`` for no days, unknown ones, what is no time, an empty or a reversed period, and
    an unknown zone.
    """
    known = _parse_days(days, name)
    begins = None if start is None else _parse_clock(start, name, "start", MINUTES_OF_A_DAY - 1)
    ends = _parse_clock(stop, name, "stop", MINUTES_OF_A_DAY)
    _check_order(begins, ends, over_midnight=over_midnight, name=name)
    return Period(known, begins, ends, _parse_zone(zone, name), over_midnight)


def parse_hours(value: object, *, name: str) -> tuple[Period, ...]:
    """Periods in the spelling of ``str(Period)``, with ``; `` between them; raises ``InvalidProperty``."""
    if value is None or value == "":
        return ()
    if not isinstance(value, str) or len(value) > HOURS_CHARACTERS_MAX:
        raise InvalidProperty(
            name, value, f"must be a text of at most {HOURS_CHARACTERS_MAX} characters; omit it for no hours"
        )
    return check_hours([_parse_period(text, name) for text in value.split(_SEPARATOR)], name=name)


def hours_text(periods: Iterable[Period]) -> str:
    """What ``parse_hours`` reads."""
    return _SEPARATOR.join(map(str, periods))


def check_hours(periods: Sequence[Period], *, name: str) -> tuple[Period, ...]:
    """The same periods; raises ``InvalidProperty`` where some of them can't be meant together."""
    if len(periods) > PERIODS_MAX or len(hours_text(periods)) > HOURS_CHARACTERS_MAX:
        raise InvalidProperty(name, f"{len(periods)} periods", f"must be at most {PERIODS_MAX} short periods")
    if len({period.start is None for period in periods}) > 1:
        only = next(period for period in periods if period.start is None)
        raise InvalidProperty(
            name, str(only),
            "must all have a start, or none: outside of hours with a start the model is stopped anyway",
        )  # fmt: skip
    for number, period in enumerate(periods):
        for other in (*periods[:number], *periods[number + 1 :]):
            if is_within(period, other):
                raise InvalidProperty(
                    name,
                    str(period),
                    f"must not lie within another period, {other}: one of them is a slip",
                )
    return tuple(periods)


def parse_lead_seconds(value: object, *, name: str) -> int:
    """How early hours begin, 0 to 55 minutes. Raises ``InvalidProperty``."""
    return parse_whole_number(
        value, name=name, minimum=0, maximum=LEAD_SECONDS_MAX,
        unit="seconds; a start takes no longer", way_out="omit it for what the last start took",
    )  # fmt: skip


def parse_idle_seconds(value: object, *, name: str) -> int:
    """Without a call for so long: 15 minutes to 14 days. Raises ``InvalidProperty``."""
    return parse_whole_number(
        value, name=name, minimum=IDLE_SECONDS_MIN, maximum=IDLE_SECONDS_MAX,
        unit="seconds; calls are counted for each five minutes, some minutes late",
        way_out="omit it to let the model run without calls",
    )  # fmt: skip


def parse_empty_seconds(value: object, *, name: str) -> int:
    """With an empty queue for so long: a minute to a day. Raises ``InvalidProperty``."""
    return parse_whole_number(
        value, name=name, minimum=EMPTY_SECONDS_MIN, maximum=EMPTY_SECONDS_MAX,
        unit="seconds; a queue's numbers settle within a minute", way_out="omit it for 10 minutes",
    )  # fmt: skip


def parse_stop_after_seconds(value: object, *, name: str) -> int:
    """So long after a deployment: up to a year. Raises ``InvalidProperty``; see ``check_stop_after``."""
    return parse_whole_number(
        value, name=name, minimum=1, maximum=STOP_AFTER_SECONDS_MAX, unit="seconds; a year at most",
        way_out="omit it to let the model run until its stack is gone",
    )  # fmt: skip


def check_stop_after(seconds: int, timeout_seconds: int, *, name: str) -> int:
    """The same; raises ``InvalidProperty`` for a deadline that a start could miss."""
    if seconds <= timeout_seconds:
        raise InvalidProperty(
            name, seconds,
            f"must be more than {timeout_seconds} seconds, which the start may take (timeout); the model "
            "would be stopped before it has run",
        )  # fmt: skip
    return seconds


def parse_queue_url(value: object, *, name: str) -> str:
    """The URL of a queue (GetQueueUrl). Raises ``InvalidProperty``."""
    if not isinstance(value, str) or not _QUEUE_URL.fullmatch(value):
        raise InvalidProperty(name, value, f"must be the URL of an SQS queue, such as {EXAMPLE_QUEUE_URL}")
    return value


def parse_guards(properties: Mapping[str, object], timeout_seconds: int) -> Guards:
    """The guards in ResourceProperties; raises ``InvalidProperty`` naming the property and its value.

    ``timeout_seconds`` is what a start may take.
    """
    stop_after = _given(properties, Property.STOP_AFTER_SECONDS, parse_stop_after_seconds)
    if stop_after is not None:
        check_stop_after(stop_after, timeout_seconds, name=Property.STOP_AFTER_SECONDS)
    return Guards(
        hours=parse_hours(properties.get(Property.RUNNING_HOURS), name=Property.RUNNING_HOURS),
        lead_seconds=_given(properties, Property.LEAD_SECONDS, parse_lead_seconds),
        stop_after_seconds=stop_after,
        idle_seconds=_given(properties, Property.IDLE_SECONDS, parse_idle_seconds),
        queue=_parse_queue(properties),
    )


def guards_or_none(
    properties: Mapping[str, object], timeout_seconds: int = TIMEOUT_SECONDS_DEFAULT
) -> Guards | None:
    """The same, as CloudFormation spells them; None where they break a rule, as those of another release may.

    ``timeout_seconds`` holds where the properties declare none.
    """
    name = Property.TIMEOUT_SECONDS
    try:
        return parse_guards(
            properties, parse_timeout_seconds(properties.get(name, timeout_seconds), name=name)
        )
    except InvalidProperty:
        return None


def _parse_queue(properties: Mapping[str, object]) -> QueueGuard | None:
    url = properties.get(Property.QUEUE_URL)
    if url in (None, ""):
        return None
    empty = _given(properties, Property.QUEUE_EMPTY_SECONDS, parse_empty_seconds)
    return QueueGuard(
        parse_queue_url(url, name=Property.QUEUE_URL), EMPTY_SECONDS_DEFAULT if empty is None else empty
    )


class _Parse(Protocol):
    def __call__(self, value: object, *, name: str) -> int: ...


def _given(properties: Mapping[str, object], name: Property, parse: _Parse) -> int | None:
    value = properties.get(name)
    return None if value in (None, "") else parse(value, name=name)


def _parse_period(text: str, name: str) -> Period:
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise InvalidProperty(
            name, text,
            "must be days, times and a zone; it looks like MON-FRI 08:00-18:00 Europe/Berlin, over midnight "
            "MON-FRI 22:00-06:00+1 Europe/Berlin, only to stop MON-SUN -20:00 Europe/Berlin",
        )  # fmt: skip
    return make_period(
        match["days"].split(","), match["start"] or None, match["stop"], match["zone"],
        over_midnight=bool(match["over"]), name=name,
    )  # fmt: skip


def _parse_days(days: Sequence[str], name: str) -> tuple[int, ...]:
    found: set[int] = set()
    for text in days:
        first, dash, last = str(text).partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise InvalidProperty(name, text, f"must name days as {', '.join(DAYS)}, or as MON-FRI")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        row = range(begin, end + 1 if end >= begin else end + 8)
        found |= {day % 7 for day in row}
    if not found:
        raise InvalidProperty(name, list(days), "must name at least one day, for example MON-FRI")
    return tuple(sorted(found))


def _parse_clock(text: object, name: str, which: str, latest: int) -> int:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    minutes = int(match["hours"]) * 60 + int(match["minutes"]) if match else -1
    if match is None or int(match["minutes"]) > 59 or minutes > latest:
        end = "24:00" if latest == MINUTES_OF_A_DAY else "23:59"
        raise InvalidProperty(name, text, f"must have a {which} from 00:00 to {end}, in hours and minutes")
    return minutes


def _check_order(start: int | None, stop: int, *, over_midnight: bool, name: str) -> None:
    if start is None:
        if over_midnight:
            raise InvalidProperty(name, "over midnight", "must have a start to go over midnight")
        return
    if start == stop:
        raise InvalidProperty(
            name, f"{start // 60:02d}:{start % 60:02d} twice",
            "must not stop when it starts; a whole day is 00:00 to 24:00",
        )  # fmt: skip
    if over_midnight and stop > start:
        raise InvalidProperty(name, "more than 24 hours", "must stop earlier than it starts, a day later")
    if not over_midnight and stop < start:
        raise InvalidProperty(
            name, f"{start // 60:02d}:{start % 60:02d} to {stop // 60:02d}:{stop % 60:02d}",
            "must start before it stops, unless it is declared to go over midnight",
        )  # fmt: skip


def _parse_zone(zone: object, name: str) -> str:
    if isinstance(zone, str) and _ZONE.fullmatch(zone):
        try:
            ZoneInfo(zone)
            return zone
        except (KeyError, ValueError, OSError):
            pass
    known = sorted(available_timezones())
    # In these names the signs are those of POSIX: Etc/GMT-1 is an hour ahead of UTC.
    offset = _OFFSET.fullmatch(str(zone))
    ahead = [f"Etc/GMT{'-' if offset[1] == '+' else '+'}{int(offset[2])}"] if offset else []
    near = get_close_matches(str(zone), known, n=1, cutoff=0.6)
    last = [each for each in known if each.rpartition("/")[2] == str(zone)]
    meant = [each for each in (*ahead, *last, *near) if _ZONE.fullmatch(each) and each in known]
    hint = f", maybe {meant[0]}" if meant else ""
    raise InvalidProperty(name, zone, f"must name a time zone of IANA such as Europe/Berlin, or UTC{hint}")
