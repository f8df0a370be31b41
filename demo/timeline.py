"""The journal as a timeline: which model was in which status when, what was called, what it billed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

USD_PER_UNIT_HOUR = 4.0
_SHOWN_CALLS = ("StartProjectVersion", "StopProjectVersion", "DetectCustomLabels")


@dataclass(frozen=True)
class Step:
    """One thing that the demo did, in seconds since its beginning."""

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
class Timeline:
    """All of it."""

    seconds: float
    steps: tuple[Step, ...]
    lanes: tuple[Lane, ...]
    looks: int
    """Calls that only looked: Describe and ListTags."""
    minutes_per_second: float = 1.0
    """How much slower the real service is: the demo's seconds stand for so many minutes each."""

    @property
    def billed_unit_seconds(self) -> float:
        """Inference time billed, units × seconds."""
        return sum(lane.billed_unit_seconds for lane in self.lanes)

    @property
    def usd_at_real_pace(self) -> float:
        """What the same life costs when a second of the demo is a minute: about 4 USD per unit and hour."""
        return self.billed_unit_seconds * self.minutes_per_second / 60 * USD_PER_UNIT_HOUR


@dataclass
class _Growing:
    spans: list[Span] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    status: str = ""
    since: float = 0.0
    units: int = 0


def build(
    entries: Iterable[Any], names: dict[str, str], steps: Sequence[Step], begin: float, end: float
) -> Timeline:
    """A timeline of the models in ``names`` (ARN → name) from the emulator's journal."""
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
    return Timeline(end - begin, tuple(steps), tuple(lanes), looks)


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


def as_text(timeline: Timeline) -> list[str]:
    """The timeline for a terminal."""
    lines = []
    events = [(step.begin, f"$ {step.title}") for step in timeline.steps]
    for lane in timeline.lanes:
        events += [
            (span.begin, f"    {lane.name}: {span.status}{_units(span)} for {span.end - span.begin:.1f} s")
            for span in lane.spans
            if span.begin > 0
        ]
        events += [(tick.at, f"      {tick.operation} on {lane.name}") for tick in lane.ticks]
    for at, text in sorted(events, key=lambda event: event[0]):
        lines.append(f"{at:7.1f} s  {text}")
    lines.append("")
    for lane in timeline.lanes:
        lines.append(f"  {lane.name}: billed {lane.billed_unit_seconds:.1f} unit-seconds")
    lines.append(
        f"  together {timeline.billed_unit_seconds:.1f} unit-seconds, {timeline.looks} looks at the models; "
        f"at the real pace, a second for a minute, about {timeline.usd_at_real_pace:.2f} USD"
    )
    return lines


def _close(lane: _Growing, at: float) -> None:
    if lane.status and at > lane.since:
        lane.spans.append(Span(lane.status, lane.since, at, lane.units))


def _units(span: Span) -> str:
    return f" ({span.units} unit{'s' if span.units > 1 else ''})" if span.units else ""
