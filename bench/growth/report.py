"""The marked part of docs/growth.md, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bench.growth.curves import Point
from bench.growth.quota import Family
from bench.growth.worlds import Figures
from running_model_handler.core.schedule import CALLS_PER_SECOND, SHARE

BEGIN: Final = "<!-- begin of what python -m bench.growth writes -->"
END: Final = "<!-- end of what python -m bench.growth writes -->"

FRAMEWORK_LAG_SECONDS: Final = 2.3
"""The median lag of the provider framework's default that the goals name."""

Goal = tuple[str, str, str]
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


def goals(
    *,
    today: Figures,
    framework: Figures,
    recommended: Sequence[Figures],
    crowds: Sequence[Figures],
    totals: Sequence[Sequence[Figures]],
    one_seconds: float,
) -> list[Goal]:
    """What was asked for, what was measured, and whether that is it.

    ``recommended``, ``crowds`` (50 models in an account) and ``totals`` (growing over accounts) each hold the
    first start and the one with a known length.
    """

    def calls(figures: Figures) -> float:
        return per_model(control(figures), figures)

    def told(goal: str, measured: str, met: bool) -> Goal:
        return goal, measured, "met" if met else "**not met**"

    first, known = recommended
    result = [
        told(
            f"first start: median lag at most {FRAMEWORK_LAG_SECONDS} s, no more calls than the framework",
            f"{first.lag(0.5):.2f} s, {calls(first):.0f} calls to {calls(framework):.0f}",
            first.lag(0.5) <= FRAMEWORK_LAG_SECONDS and calls(first) <= calls(framework),
        ),
        told(
            "length known: at most half of that lag, at most a third of the calls of a look every 5 s",
            f"{known.lag(0.5):.2f} s, {calls(known):.0f} calls to {calls(today):.0f}",
            known.lag(0.5) <= FRAMEWORK_LAG_SECONDS / 2 and calls(known) <= calls(today) / 3,
        ),
    ]
    for name, crowd in zip(("first start", "length known"), crowds, strict=True):
        result.append(
            told(
                f"50 models in one stack, {name}: all answered, in at most 1.2 of one model's time",
                f"{crowd.models - crowd.missed} of {crowd.models}, {crowd.seconds / one_seconds:.2f}",
                crowd.missed == 0 and crowd.seconds <= 1.2 * one_seconds,
            )
        )
        result.append(
            told(
                f"50 models in one stack, {name}: the busiest minute after the Starts takes at most 60 % of "
                "5 calls a second",
                f"{crowd.busiest_minute_per_second / CALLS_PER_SECOND:.0%}",
                crowd.busiest_minute_per_second <= SHARE * CALLS_PER_SECOND,
            )
        )
    for name, points in zip(("first start", "length known"), totals, strict=True):
        full = [figures for figures in points if figures.models >= 50]
        few, most = full[0], full[-1]
        late = most.late_throttles / max(1, control(most))
        ratio = calls(most) / calls(few)
        result.append(
            told(
                f"{most.models:,} models, {name}: no answer missed, no throttling that lasts, cost linear",
                f"{most.missed} missed, {late:.1%} of calls throttled after 3 min, "
                f"{ratio:.2f} times the calls a model of 50 models",
                most.missed == 0 and late < 0.01 and 0.9 < ratio < 1.1,
            )
        )
    return result
