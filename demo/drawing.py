"""The timeline as an SVG picture."""

from __future__ import annotations

from xml.sax.saxutils import escape

from demo.timeline import Lane, Span, Timeline

WIDTH, LEFT, RIGHT = 1180, 150, 30
COLOURS = {
    "TRAINING_COMPLETED": "#e2e8f0",
    "STOPPED": "#cbd5e1",
    "STARTING": "#f59e0b",
    "RUNNING": "#16a34a",
    "STOPPING": "#a855f7",
    "FAILED": "#dc2626",
}
TICKS = {"StartProjectVersion": "▶", "StopProjectVersion": "■", "DetectCustomLabels": "◉"}
_STEP_COLOURS = ("#dbeafe", "#bfdbfe")
_LANE, _BAR = 96, 38


def draw(timeline: Timeline) -> str:
    """A well-formed SVG document."""
    height = 190 + _LANE * len(timeline.lanes) + 150
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(24, 38, "A model’s life, from cdk deploy to cdk destroy", 22, weight="bold"),
        _text(
            24, 62,
            f"{timeline.seconds:.0f} seconds on the embedded AWS · billed "
            f"{timeline.billed_unit_seconds:.0f} unit-seconds · at the real pace (a second here is about a "
            f"minute there) {timeline.usd_at_real_pace:.2f} USD",
            13, "#475569",
        ),
    ]  # fmt: skip
    billing = 150 + _LANE * len(timeline.lanes)
    # The grid first: it lies behind everything else.
    parts += _axis(timeline, billing + 76, 110)
    parts += _steps(timeline)
    for number, lane in enumerate(timeline.lanes):
        parts += _lane(timeline, lane, 150 + _LANE * number)
    parts += _billing(timeline, billing)
    parts += _legend(height - 26)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(timeline: Timeline, at: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / max(timeline.seconds, 0.001)


def _steps(timeline: Timeline) -> list[str]:
    parts = [_text(24, 106, "commands", 13, "#475569")]
    for number, step in enumerate(timeline.steps):
        begin, end = _x(timeline, step.begin), _x(timeline, step.end)
        colour = _STEP_COLOURS[number % 2]
        parts.append(
            _rect(begin, 86, end - begin, 32, colour, f"{step.title}: {step.end - step.begin:.1f} s")
        )
        if end - begin > 8 * len(step.title):
            parts.append(_text((begin + end) / 2, 106, step.title, 13, "#1e3a8a", "middle"))
        elif end - begin > 22:
            parts.append(_text((begin + end) / 2, 106, step.title.split()[0][:6], 10, "#1e3a8a", "middle"))
    return parts


def _lane(timeline: Timeline, lane: Lane, top: float) -> list[str]:
    parts = [
        _text(24, top + 24, lane.name, 15, weight="bold"),
        _text(24, top + 42, f"billed {lane.billed_unit_seconds:.0f} unit-s", 12, "#475569"),
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
    parts = [_rect(begin, top, end - begin, _BAR, colour, f"{span.status}: {span.end - span.begin:.1f} s")]
    label = span.status + (f" · {span.units}" if span.units > 1 else "")
    dark = span.status in ("STOPPED", "TRAINING_COMPLETED")
    if end - begin > 8.2 * len(label):
        parts.append(
            _text((begin + end) / 2, top + 24, label, 12, "#334155" if dark else "#ffffff", "middle", "bold")
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
    every = next(step for step in (5, 10, 20, 30, 60, 120, 300, 600) if timeline.seconds / step <= 14)
    for second in range(0, int(timeline.seconds) + 1, every):
        x = _x(timeline, second)
        parts.append(
            f'<line x1="{x:.1f}" y1="{top + 14}" x2="{x:.1f}" y2="{y + 5}" stroke="#e2e8f0" '
            'stroke-dasharray="2 4"/>'
        )
        parts.append(_text(x, y + 20, f"{second} s", 11, "#475569", "middle"))
    return parts


def _legend(y: float) -> list[str]:
    parts, x = [], 24.0
    for status in ("STOPPED", "STARTING", "RUNNING", "STOPPING"):
        parts.append(_rect(x, y - 12, 16, 14, COLOURS[status], status))
        parts.append(_text(x + 22, y, status, 12, "#334155"))
        x += 40 + 9 * len(status)
    for operation, sign in TICKS.items():
        parts.append(_text(x, y, f"{sign} {operation}", 12, "#334155"))
        x += 30 + 7.4 * len(operation)
    return parts


def _rect(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.5, width):.1f}" height="{height:.1f}" rx="2" '
        f'fill="{colour}"><title>{escape(title)}</title></rect>'
    )


def _text(
    x: float, y: float, text: str, size: int, colour: str = "#0f172a", anchor: str = "start",
    weight: str = "normal",
) -> str:  # fmt: skip
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )
