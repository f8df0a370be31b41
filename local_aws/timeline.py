"""The journal as a timeline: which model was in which status when, what was called, what it billed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

USD_PER_UNIT_HOUR = 4.0
SECOND_FOR_SECOND = 1 / 60
"""Minutes per second where nothing is quicker than on AWS."""
_SHOWN_CALLS = ("StartProjectVersion", "StopProjectVersion", "DetectCustomLabels")


@dataclass(frozen=True)
class Step:
    """One thing that was done, such as a deployment, in seconds since the beginning."""

    title: str
    begin: float
    end: float


@dataclass(frozen=True)
class Span:
    """A model in one status."""

    status: str
    begin: float
    end: float
    units: int


@dataclass(frozen=True)
class Tick:
    """One call."""

    at: float
    operation: str


@dataclass(frozen=True)
class Lane:
    """One model."""

    name: str
    spans: tuple[Span, ...]
    ticks: tuple[Tick, ...]
    billed_unit_seconds: float


@dataclass(frozen=True)
class Outage:
    """From when to when nothing of a project was RUNNING, though it was before and after."""

    begin: float
    end: float
    lane: int
    """The number of the lane that stopped, from 0."""


@dataclass(frozen=True)
class Band:
    """From when to when something holds for a model, such as its running hours."""

    lane: int
    """The number of the lane, from 0."""
    begin: float
    end: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A moment that is explained."""

    lane: int
    at: float
    text: str


@dataclass(frozen=True)
class Timeline:
    """All of it."""

    seconds: float
    steps: tuple[Step, ...]
    lanes: tuple[Lane, ...]
    outages: tuple[Outage, ...]
    looks: int
    """Calls that only looked: Describe and ListTags."""
    minutes_per_second: float
    """How much slower the real service is: a second stands for so many minutes."""
    bands: tuple[Band, ...] = ()
    marks: tuple[Mark, ...] = ()
    clock: float | None = None
    """What a clock shows at the beginning, in seconds since midnight; None where only what passes is told."""

    @property
    def billed_unit_seconds(self) -> float:
        """Inference time billed, units × seconds."""
        return sum(lane.billed_unit_seconds for lane in self.lanes)

    @property
    def usd_at_real_pace(self) -> float:
        """What the same life costs on AWS: about 4 USD for a unit and hour."""
        return self.billed_unit_seconds * self.minutes_per_second / 60 * USD_PER_UNIT_HOUR

    @property
    def bill(self) -> str:
        """The bill in one line."""
        if self.clock is not None:
            hours, usd = self.billed_unit_seconds / 3600, self.usd_at_real_pace
            return f"{hours:.1f} unit-hours billed, about {usd:.2f} USD"
        pace = f"if a second here is {self.minutes_per_second:g} min there"
        if self.minutes_per_second == 1:
            pace = "if a second here is a minute there"
        elif self.minutes_per_second == SECOND_FOR_SECOND:
            pace = "for the same time there"
        return (
            f"{self.billed_unit_seconds:.0f} unit-seconds billed here; on AWS about "
            f"{self.usd_at_real_pace:.2f} USD, {pace}"
        )


@dataclass
class _Growing:
    spans: list[Span] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    status: str = ""
    since: float = 0.0
    units: int = 0


def build(
    entries: Iterable[Any],
    names: Mapping[str, str],
    steps: Sequence[Step],
    begin: float,
    end: float,
    *,
    minutes_per_second: float = 1.0,
) -> Timeline:
    """A timeline of the models in ``names`` (ARN → name) from the emulator's journal.

    ``begin`` and ``end`` are seconds since 1970, those of ``steps`` count from ``begin``.
    """
    growing = {arn: _Growing() for arn in names}
    looks = 0
    for entry in entries:
        at = entry.at - begin
        if entry.kind == "call" and entry.operation.startswith(("Describe", "List")):
            looks += 1
        lane = growing.get(entry.arn or "")
        if lane is None:
            continue
        if entry.kind == "transition":
            _close(lane, at)
            lane.status, lane.since = entry.detail["to"] or "", max(0.0, at)
            lane.units = entry.detail.get("billed_units") or 0
        elif entry.kind == "call" and entry.operation in _SHOWN_CALLS:
            lane.ticks.append(Tick(at, entry.operation))
    lanes = []
    for arn, lane in growing.items():
        _close(lane, end - begin)
        billed = sum(span.units * (span.end - span.begin) for span in lane.spans)
        lanes.append(Lane(names[arn], tuple(lane.spans), tuple(lane.ticks), billed))
    projects = [arn.partition("/version/")[0] for arn in growing]
    outages = tuple(outage for step in steps for outage in _outages(step, lanes, projects))
    return Timeline(end - begin, tuple(steps), tuple(lanes), outages, looks, minutes_per_second)


def _outages(step: Step, lanes: Sequence[Lane], projects: Sequence[str]) -> list[Outage]:
    """Where a step has stopped a project's one running version, and has started it, or another one, again."""
    found = []
    for project in dict.fromkeys(projects):
        running = sorted(
            (span.begin, span.end, number)
            for number, lane in enumerate(lanes)
            for span in lane.spans
            if span.status == "RUNNING" and projects[number] == project
            if span.end > step.begin and span.begin < step.end
        )
        until, last = (running[0][1], running[0][2]) if running else (0.0, 0)
        for (_, _, _), (begin, end, number) in pairwise(running):
            if begin > until:
                found.append(Outage(until, begin, last))
            if end > until:
                until, last = end, number
    return found


def gap(timeline: Timeline, step: str) -> float:
    """For how many seconds of a step no model was RUNNING."""
    (found,) = (candidate for candidate in timeline.steps if candidate.title == step)
    covered, until = 0.0, found.begin
    running = sorted(
        (max(span.begin, found.begin), min(span.end, found.end))
        for lane in timeline.lanes
        for span in lane.spans
        if span.status == "RUNNING" and span.end > found.begin and span.begin < found.end
    )
    for begin, end in running:
        covered += max(0.0, end - max(begin, until))
        until = max(until, end)
    return max(0.0, found.end - found.begin - covered)


def clock_text(timeline: Timeline, at: float) -> str:
    """What a clock shows then, or how many seconds have passed."""
    if timeline.clock is None:
        return f"{at:.0f} s"
    minutes = int((timeline.clock + at) // 60)
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def _long(timeline: Timeline, span: Span) -> str:
    """How long a status was."""
    seconds = span.end - span.begin
    if timeline.clock is None:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def as_text(timeline: Timeline) -> list[str]:
    """The timeline for a terminal."""
    lines = []
    events = [(step.begin, f"$ {step.title}") for step in timeline.steps]
    events += [
        (outage.begin, f"    no service for {outage.end - outage.begin:.1f} s") for outage in timeline.outages
    ]
    for lane in timeline.lanes:
        events += [
            (span.begin, f"    {lane.name}: {span.status}{_units(span)} for {_long(timeline, span)}")
            for span in lane.spans
            if span.begin > 0
        ]
        events += [(tick.at, f"      {tick.operation} on {lane.name}") for tick in lane.ticks]
    events += [(mark.at, f"        {mark.text}") for mark in timeline.marks]
    for at, text in sorted(events, key=lambda event: event[0]):
        told = f"{at:7.1f} s" if timeline.clock is None else clock_text(timeline, at)
        lines.append(f"{told}  {text}")
    lines.append("")
    for lane in timeline.lanes:
        billed = lane.billed_unit_seconds
        told = f"{billed:.1f} unit-seconds" if timeline.clock is None else f"{billed / 3600:.1f} unit-hours"
        lines.append(f"  {lane.name}: billed {told}")
    lines.append(f"  together {timeline.bill}; {timeline.looks} looks at the models")
    return lines


def _close(lane: _Growing, at: float) -> None:
    if lane.status and at > lane.since:
        lane.spans.append(Span(lane.status, lane.since, at, lane.units))


def _units(span: Span) -> str:
    return f" ({span.units} unit{'s' if span.units > 1 else ''})" if span.units else ""
