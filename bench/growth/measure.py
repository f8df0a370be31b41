"""All measurements in their order, and where the figures go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.growth import curves, plots, report
from bench.growth.curves import Point, together
from bench.growth.quota import Family
from bench.growth.worlds import Figures, Setting
from simulator.fast_seam import new_handler

_QUANTILES: Final = (("median", 0.5), ("p95", 0.95), ("worst", 1.0))


def run(root: Path, *, quick: bool) -> None:
    """Measure, and write build/growth.json and the document; a ``quick`` run leaves docs/ alone."""
    build = root / "build"
    build.mkdir(exist_ok=True)
    plots_into = build if quick else root / "docs"
    data: dict[str, Any] = {}
    text = "\n\n".join(_curves(data, plots_into, quick=quick))
    (build / "growth.json").write_text(json.dumps(data, indent=1) + "\n")
    if quick:
        (build / "growth.md").write_text(text + "\n")
        return
    document = root / "docs" / "growth.md"
    document.write_text(report.replaced(document.read_text(), text))


def _curves(data: dict[str, Any], plots_into: Path, *, quick: bool) -> list[str]:
    seeds = 1 if quick else curves.SEEDS
    sizes = (1, 10, 50) if quick else curves.ACCOUNT_SIZES
    totals = (1, 50, 100) if quick else curves.TOTALS
    one = together((Setting(1, seed=seed) for seed in range(8 * seeds)), new_handler)
    parts = ["## Today's handler", "### One stack in one account"]
    series: list[tuple[str, Sequence[Point]]] = []
    for concurrency in curves.CONCURRENCIES:
        points = curves.one_account(new_handler, concurrency, sizes, seeds)
        series.append((f"Lambda concurrency {concurrency:,}", points))
        data[f"one account, concurrency {concurrency}"] = _data(points)
        parts += [
            f"Lambda concurrency {concurrency:,}, {seeds} histories of each size:",
            report.account_table(points, one.seconds),
        ]
    plots.one_account(plots_into / "growth-account.svg", series, one.seconds)
    parts.append("![One stack in one account](growth-account.svg)")
    parts.append(_knees(series, one.seconds))
    parts.append("### Many accounts")
    series = []
    for per_account in curves.PER_ACCOUNT:
        points = curves.many_accounts(new_handler, per_account, curves.CONCURRENCIES[0], totals)
        series.append((f"{per_account} models an account", points))
        data[f"many accounts, {per_account} models each"] = _data(points)
        parts += [
            f"{per_account} models in each account:",
            report.total_table(points, one.seconds),
        ]
    plots.many_accounts(plots_into / "growth-accounts.svg", series)
    parts.append("![Many accounts](growth-accounts.svg)")
    return parts


def _knees(series: Sequence[tuple[str, Sequence[Point]]], one_seconds: float) -> str:
    wide, narrow = series[0][1], series[1][1]
    knees = [
        ("polls use up 5 control calls a second", curves.knee(wide, lambda f: f.late_throttles > f.models)),
        (
            "all are answered later than 1.2 times one model's time, concurrency 1,000",
            curves.knee(wide, lambda f: f.seconds > 1.2 * one_seconds),
        ),
        (
            "waiters hold the whole of concurrency 10 for more than half of the time",
            curves.knee(narrow, lambda f: f.full_share > 0.5),
        ),
        (
            "all are answered later than 1.2 times one model's time, concurrency 10",
            curves.knee(narrow, lambda f: f.seconds > 1.2 * one_seconds),
        ),
        ("answers are missed, concurrency 10", curves.knee(narrow, lambda f: f.missed > 0)),
    ]
    lines = ["| knee | models in one stack |", "| --- | ---: |"]
    lines += [f"| {what} | {'none' if size is None else size} |" for what, size in knees]
    return "\n".join(lines)


def _data(points: Sequence[Point]) -> list[dict[str, Any]]:
    return [{"models": point.models, **as_data(point.figures)} for point in points]


def as_data(figures: Figures) -> dict[str, Any]:
    """Figures for machines."""
    return {
        "accounts": figures.accounts,
        "outcomes": dict(sorted(figures.outcomes.items())),
        "missed": figures.missed,
        "seconds": round(figures.seconds, 1),
        "lag": {
            name: _rounded(figures.lag(at)) for name, at in (("median", 0.5), ("p95", 0.95), ("worst", 1))
        },
        "calls": dict(sorted(figures.calls.items())),
        "throttles": dict(sorted(figures.throttles.items())),
        "throttles after the Starts": figures.late_throttles,
        "control calls a second": {
            "mean": round(figures.mean_per_second, 3),
            "busiest minute": round(figures.busiest_minute_per_second, 2),
            "peak": figures.peak_per_second,
        },
        "control calls a model": round(figures.calls[Family.CONTROL] / figures.models, 2),
        "owner's calls": figures.bystander_calls,
        "owner's calls throttled": figures.bystander_throttles,
        "Lambda at once": figures.concurrent_peak,
        "account full": round(figures.full_share, 3),
        "invocations": figures.invocations,
        "GB-seconds": round(figures.gb_seconds, 1),
    }


def _rounded(value: float) -> float | None:
    return None if value != value else round(value, 2)
