"""The timeline as an SVG picture."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from xml.sax.saxutils import escape

from local_aws.timeline import Band, Lane, Mark, Span, Step, Timeline, clock_text

WIDTH, LEFT, RIGHT = 1180, 150, 30
COLOURS = {
    # Trained, and never started: an outline, where what has run before is filled.
    "TRAINING_COMPLETED": "#ffffff",
    "STOPPED": "#7c8aa0",
    "STARTING": "#f59e0b",
    "RUNNING": "#16a34a",
    "STOPPING": "#a855f7",
    "FAILED": "#dc2626",
}
TICKS = {"StartProjectVersion": "▶", "StopProjectVersion": "■", "DetectCustomLabels": "◉"}
_STEP_COLOURS = ("#dbeafe", "#bfdbfe")
_RED, _OUTLINE = "#b91c1c", "#64748b"
_STEPS_TOP, _STEP, _LANE, _BAR, _MARK = 86, 54, 100, 38, 18
_SECONDS_APART = (5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400)


def draw(timeline: Timeline, title: str = "A model’s life, from cdk deploy to cdk destroy") -> str:
    """A well-formed SVG document."""
    rows = _rows(timeline.steps)
    lanes = _STEPS_TOP + _STEP * max(1, len(rows)) + 30
    billing = lanes + _LANE * len(timeline.lanes)
    explained = _MARK * (len(timeline.marks) + 1) if timeline.marks else 0
    height = billing + 150 + explained
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(24, 38, title, 22, weight="bold"),
        _text(24, 62, f"{_length(timeline)} on the embedded AWS · {timeline.bill}", 13, "#475569"),
    ]
    # The grid first: it lies behind everything else.
    parts += _axis(timeline, billing + 76, lanes - 34)
    parts.append(_text(24, _STEPS_TOP + 26, "commands", 13, "#475569"))
    parts += [part for band in timeline.bands for part in _band(timeline, band, lanes + _LANE * band.lane)]
    for number, row in enumerate(rows):
        parts += _steps(timeline, row, _STEPS_TOP + _STEP * number)
    for number, lane in enumerate(timeline.lanes):
        parts += _lane(timeline, lane, lanes + _LANE * number)
    parts += _outages(timeline, lanes)
    for number, mark in enumerate(timeline.marks, 1):
        parts += _mark(timeline, mark, number, lanes + _LANE * mark.lane)
        parts += _explained(timeline, mark, number, billing + 112 + _MARK * number)
    parts += _billing(timeline, billing)
    parts += _legend(height - 22)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _length(timeline: Timeline) -> str:
    if timeline.clock is None:
        return f"{timeline.seconds:.0f} s"
    return f"{clock_text(timeline, 0)} to {clock_text(timeline, timeline.seconds)}"


def _units(timeline: Timeline, unit_seconds: float) -> str:
    if timeline.clock is None:
        return f"{unit_seconds:.0f} unit-s"
    return f"{unit_seconds / 3600:.1f} unit-h"


def _band(timeline: Timeline, band: Band, top: float) -> list[str]:
    """Behind a lane, and beyond it: what holds for the model."""
    begin, end = _x(timeline, band.begin), _x(timeline, band.end)
    return [
        _rect(begin, top - 6, end - begin, _BAR + 50, "#fef3c7", band.text),
        _text(begin + 5, top + _BAR + 39, band.text, 11, "#92400e"),
    ]


def _mark(timeline: Timeline, mark: Mark, number: int, top: float) -> list[str]:
    """A number above the bar; what it stands for is told below."""
    x = _x(timeline, mark.at)
    return [
        f'<line x1="{x:.1f}" y1="{top - 8}" x2="{x:.1f}" y2="{top + _BAR}" stroke="#0f172a"/>',
        f'<circle cx="{x:.1f}" cy="{top - 16}" r="9" fill="#0f172a">'
        f"<title>{escape(mark.text)}</title></circle>",
        _text(x, top - 12, str(number), 11, "#ffffff", "middle", "bold"),
    ]


def _explained(timeline: Timeline, mark: Mark, number: int, y: float) -> list[str]:
    lane = timeline.lanes[mark.lane].name
    return [
        _text(44, y, str(number), 12, "#0f172a", "end", "bold"),
        _text(56, y, clock_text(timeline, mark.at), 12, "#334155"),
        _text(LEFT - 44, y, lane, 12, "#0f172a", weight="bold"),
        _text(LEFT + 60, y, mark.text, 12, "#334155"),
    ]


def _x(timeline: Timeline, at: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / max(timeline.seconds, 0.001)


def _rows(steps: Sequence[Step]) -> list[list[Step]]:
    """Steps that overlap, of two stacks, stand below each other."""
    rows: list[list[Step]] = []
    for step in sorted(steps, key=lambda one: one.begin):
        row = next((row for row in rows if row[-1].end <= step.begin), None)
        if row is None:
            rows.append(row := [])
        row.append(step)
    return rows


def _steps(timeline: Timeline, steps: Sequence[Step], top: float) -> list[str]:
    parts = []
    for number, step in enumerate(steps):
        begin, end = _x(timeline, step.begin), _x(timeline, step.end)
        told = f"{step.title}: {step.end - step.begin:.1f} s"
        parts.append(_rect(begin, top, end - begin, _STEP - 6, _STEP_COLOURS[number % 2], told))
        room = int((end - begin - 6) / 6.4)
        lines = textwrap.wrap(step.title, room, break_long_words=False) if room > 2 else []
        if lines and len(lines) <= 3 and max(map(len, lines)) <= room:
            first = top + _STEP / 2 + 1 - 7 * (len(lines) - 1)
            parts += [
                _text((begin + end) / 2, first + 14 * row, line, 11, "#1e3a8a", "middle")
                for row, line in enumerate(lines)
            ]
        elif timeline.clock is not None:
            # In a day every command is too short for its name.
            late = begin > WIDTH / 2
            beside, anchor = (begin - 6, "end") if late else (end + 6, "start")
            parts.append(_text(beside, top + _STEP / 2 + 1, step.title, 11, "#1e3a8a", anchor))
    return parts


def _outages(timeline: Timeline, lanes: float) -> list[str]:
    """Brackets above the bars, from the end of RUNNING to the next RUNNING; a word where there is room."""
    parts: list[str] = []
    taken: dict[int, float] = {}
    for outage in sorted(timeline.outages, key=lambda one: one.begin):
        top = lanes + _LANE * outage.lane
        begin, end = _x(timeline, outage.begin), _x(timeline, outage.end)
        told = f"no service: {outage.end - outage.begin:.0f} s"
        parts.append(
            f'<path d="M{begin:.1f} {top - 2:.1f}V{top - 8:.1f}H{end:.1f}V{top - 2:.1f}" fill="none" '
            f'stroke="{_RED}" stroke-width="2"><title>{told}</title></path>'
        )
        middle, half = (begin + end) / 2, 4 * len(told)
        if middle - half > taken.get(outage.lane, 0.0):
            taken[outage.lane] = middle + half
            parts.append(_text(middle, top - 13, told, 12, _RED, "middle", "bold"))
    return parts


def _lane(timeline: Timeline, lane: Lane, top: float) -> list[str]:
    parts = [
        _text(24, top + 24, lane.name, 15, weight="bold"),
        _text(24, top + 42, f"billed {_units(timeline, lane.billed_unit_seconds)}", 12, "#475569"),
    ]
    for span in lane.spans:
        parts += _bar(timeline, span, top)
    for tick in lane.ticks:
        x = _x(timeline, tick.at)
        parts.append(
            f'<line x1="{x:.1f}" y1="{top + _BAR}" x2="{x:.1f}" y2="{top + _BAR + 10}" stroke="#0f172a"/>'
        )
        parts.append(_text(x, top + _BAR + 24, TICKS[tick.operation], 13, "#0f172a", "middle"))
    return parts


def _bar(timeline: Timeline, span: Span, top: float) -> list[str]:
    begin, end = _x(timeline, span.begin), _x(timeline, span.end)
    colour = COLOURS.get(span.status, "#64748b")
    told = f"{span.status}: {span.end - span.begin:.1f} s"
    fresh = span.status == "TRAINING_COMPLETED"
    parts = [_rect(begin, top, end - begin, _BAR, colour, told, fresh)]
    label = span.status + (f" · {span.units} units" if span.units > 1 else "")
    if end - begin > 8.2 * len(label):
        parts.append(
            _text((begin + end) / 2, top + 24, label, 12, _OUTLINE if fresh else "#ffffff", "middle", "bold")
        )
    return parts


def _billing(timeline: Timeline, top: float) -> list[str]:
    """Units in service over time: the area is the bill."""
    parts = [_text(24, top + 42, "units billed", 13, "#475569")]
    areas = _areas(timeline)
    highest = max((units for _, _, units in areas), default=1)
    for begin, end, units in areas:
        x, wide, tall = _x(timeline, begin), _x(timeline, end) - _x(timeline, begin), 56 * units / highest
        parts.append(_rect(x, top + 76 - tall, wide, tall, "#fca5a5", f"{units} units"))
        if wide > 8:
            parts.append(_text(x + wide / 2, top + 71, str(units), 12, "#7f1d1d", "middle"))
    return parts


def _areas(timeline: Timeline) -> list[tuple[float, float, int]]:
    """From when to when how many units were billed together."""
    changes: dict[float, int] = {}
    for lane in timeline.lanes:
        for span in lane.spans:
            changes[span.begin] = changes.get(span.begin, 0) + span.units
            changes[span.end] = changes.get(span.end, 0) - span.units
    areas, units, since = [], 0, 0.0
    for at in sorted(changes):
        if changes[at]:
            if units:
                areas.append((since, at, units))
            units, since = units + changes[at], at
    return areas


def _axis(timeline: Timeline, y: float, top: float) -> list[str]:
    parts = [f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#94a3b8"/>']
    longest = _SECONDS_APART[-1]
    every = next((step for step in _SECONDS_APART if timeline.seconds / step <= 14), longest)
    first = math.ceil(-(timeline.clock or 0) % every)
    for second in range(first, int(timeline.seconds) + 1, every):
        x = _x(timeline, second)
        parts.append(
            f'<line x1="{x:.1f}" y1="{top + 14}" x2="{x:.1f}" y2="{y + 5}" stroke="#e2e8f0" '
            'stroke-dasharray="2 4"/>'
        )
        told = f"{second} s" if every < 300 else f"{second // 60} min"
        told = told if timeline.clock is None else clock_text(timeline, second)
        parts.append(_text(x, y + 20, told, 11, "#475569", "middle"))
    return parts


def _legend(y: float) -> list[str]:
    parts, x = [], 24.0
    for status in ("TRAINING_COMPLETED", "STOPPED", "STARTING", "RUNNING", "STOPPING"):
        parts.append(_rect(x, y - 12, 16, 14, COLOURS[status], status, status == "TRAINING_COMPLETED"))
        label = "never started" if status == "TRAINING_COMPLETED" else status
        parts.append(_text(x + 22, y, label, 12, "#334155"))
        x += 40 + 9 * len(label)
    for operation, sign in TICKS.items():
        parts.append(_text(x, y, f"{sign} {operation}", 12, "#334155"))
        x += 30 + 7.4 * len(operation)
    return parts


def _rect(
    x: float, y: float, width: float, height: float, colour: str, title: str, outlined: bool = False
) -> str:
    outline = f' stroke="{_OUTLINE}" stroke-dasharray="3 3"' if outlined else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.5, width):.1f}" height="{height:.1f}" rx="2" '
        f'fill="{colour}"{outline}><title>{escape(title)}</title></rect>'
    )


def _text(
    x: float, y: float, text: str, size: int, colour: str = "#0f172a", anchor: str = "start",
    weight: str = "normal",
) -> str:  # fmt: skip
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )
