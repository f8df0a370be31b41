"""The marked part of docs/growth.md, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bench.growth.curves import Point
from bench.growth.quota import Family
from bench.growth.worlds import Figures

BEGIN: Final = "<!-- begin of what python -m bench.growth writes -->"
END: Final = "<!-- end of what python -m bench.growth writes -->"

Column = tuple[str, Callable[[Figures], str]]


def replaced(document: str, written: str) -> str:
    """A document with its marked part written anew; raises ``ValueError`` where the marks are missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has no marked part")
    return f"{before}{BEGIN}\n\n{written.strip()}\n\n{END}{after}"


def table(first: str, rows: Iterable[tuple[str, Figures]], columns: Sequence[Column]) -> str:
    """A Markdown table of figures."""
    lines = [
        f"| {first} | " + " | ".join(name for name, _ in columns) + " |",
        "| --- |" + " ---: |" * len(columns),
    ]
    for name, figures in rows:
        lines.append(f"| {name} | " + " | ".join(tell(figures) for _, tell in columns) + " |")
    return "\n".join(lines)


def number(value: float, digits: int = 0) -> str:
    """A number with thousands set off; a dash where there is none."""
    return "–" if value != value else f"{value:,.{digits}f}"


def per_model(value: float, figures: Figures) -> float:
    """A sum as a mean over all models."""
    return value / figures.models


def share(part: float, whole: float) -> str:
    """A share in per cent."""
    return "–" if not whole else f"{100 * part / whole:.0f} %"


def control(figures: Figures) -> int:
    """All control calls."""
    return figures.calls[Family.CONTROL]


def account_columns(one_seconds: float) -> list[Column]:
    """What the models of one account cost."""
    return [
        ("answered", lambda f: f"{f.models - f.missed} of {f.models}"),
        ("time, ratio to one", lambda f: number(f.seconds / one_seconds, 2)),
        ("lag median, s", lambda f: number(f.lag(0.5), 1)),
        ("p95", lambda f: number(f.lag(0.95), 1)),
        ("worst", lambda f: number(f.lag(1.0), 1)),
        ("control calls a model", lambda f: number(per_model(control(f), f))),
        ("a second, mean", lambda f: number(f.mean_per_second, 2)),
        ("busiest minute", lambda f: number(f.busiest_minute_per_second, 1)),
        ("peak second", lambda f: str(f.peak_per_second)),
        ("throttled", lambda f: share(f.throttles[Family.CONTROL], control(f))),
        ("Lambda at once", lambda f: str(f.concurrent_peak)),
        ("account full", lambda f: share(f.full_share, 1.0)),
        ("GB-s a model", lambda f: number(per_model(f.gb_seconds, f))),
    ]


def total_columns(one_seconds: float) -> list[Column]:
    """What many accounts cost."""
    return [
        ("accounts", lambda f: number(f.accounts)),
        ("answers missed", lambda f: number(f.missed)),
        ("time, ratio to one", lambda f: number(f.seconds / one_seconds, 2)),
        ("lag median, s", lambda f: number(f.lag(0.5), 1)),
        ("p95", lambda f: number(f.lag(0.95), 1)),
        ("control calls", lambda f: number(control(f))),
        ("a model", lambda f: number(per_model(control(f), f))),
        ("throttled", lambda f: share(f.throttles[Family.CONTROL], control(f))),
        ("peak second of an account", lambda f: str(f.peak_per_second)),
        ("GB-s", lambda f: number(f.gb_seconds)),
        ("a model", lambda f: number(per_model(f.gb_seconds, f))),
    ]


def account_table(points: Iterable[Point], one_seconds: float) -> str:
    """One stack in one account."""
    return table(
        "models", ((number(point.models), point.figures) for point in points), account_columns(one_seconds)
    )


def total_table(points: Iterable[Point], one_seconds: float) -> str:
    """Many accounts."""
    return table(
        "models", ((number(point.models), point.figures) for point in points), total_columns(one_seconds)
    )


def remedy_columns(one_seconds: float) -> list[Column]:
    """What a remedy does to one model alone."""
    return [
        ("answered", lambda f: f"{f.models - f.missed} of {f.models}"),
        ("lag median, s", lambda f: number(f.lag(0.5), 2)),
        ("p95", lambda f: number(f.lag(0.95), 2)),
        ("worst", lambda f: number(f.lag(1.0), 1)),
        ("control calls a model", lambda f: number(per_model(control(f), f))),
        ("CloudFormation calls", lambda f: number(per_model(f.calls[Family.CLOUDFORMATION], f))),
        ("time, ratio to one", lambda f: number(f.seconds / one_seconds, 2)),
        ("GB-s a model", lambda f: number(per_model(f.gb_seconds, f))),
    ]


def crowd_columns(one_seconds: float) -> list[Column]:
    """What a remedy does where many models share an account."""
    return [
        ("answered", lambda f: f"{f.models - f.missed} of {f.models}"),
        ("time, ratio to one", lambda f: number(f.seconds / one_seconds, 2)),
        ("lag median, s", lambda f: number(f.lag(0.5), 1)),
        ("p95", lambda f: number(f.lag(0.95), 1)),
        ("worst", lambda f: number(f.lag(1.0), 1)),
        ("control calls a model", lambda f: number(per_model(control(f), f))),
        ("busiest minute, a second", lambda f: number(f.busiest_minute_per_second, 1)),
        ("peak second", lambda f: str(f.peak_per_second)),
        ("throttled in all", lambda f: number(f.throttles[Family.CONTROL])),
        ("after 3 min", lambda f: number(f.late_throttles)),
        ("owner's calls throttled", lambda f: share(f.bystander_throttles, f.bystander_calls)),
        ("Lambda at once", lambda f: str(f.concurrent_peak)),
        ("account full", lambda f: share(f.full_share, 1.0)),
        ("GB-s a model", lambda f: number(per_model(f.gb_seconds, f))),
    ]
