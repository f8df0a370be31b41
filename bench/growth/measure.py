"""All measurements in their order, and where the figures go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.growth import curves, plots, remedies, report
from bench.growth.curves import Point, together
from bench.growth.quota import Family
from bench.growth.remedies import FIRST_SHARED, KNOWN_SHARED, TODAY, Way, factory
from bench.growth.worlds import Figures, Setting

_QUANTILES: Final = (("median", 0.5), ("p95", 0.95), ("worst", 1.0))


def run(root: Path, *, quick: bool) -> None:
    """Measure, and write build/growth.json and the document; a ``quick`` run leaves docs/ alone."""
    build = root / "build"
    build.mkdir(exist_ok=True)
    plots_into = build if quick else root / "docs"
    data: dict[str, Any] = {}
    parts = _curves(data, plots_into, quick=quick) + _remedies(data, plots_into, quick=quick)
    text = "\n\n".join(parts)
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
    today = factory(TODAY)
    one = together((Setting(1, seed=seed) for seed in range(8 * seeds)), today)
    parts = ["## A look every 5 s, as before", "### One stack in one account"]
    series: list[tuple[str, Sequence[Point]]] = []
    for concurrency in curves.CONCURRENCIES:
        points = curves.one_account(today, concurrency, sizes, seeds)
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
    for per_account, concurrency in curves.ACCOUNTS:
        points = curves.many_accounts(today, per_account, concurrency, totals)
        name = f"{per_account} models an account, Lambda concurrency {concurrency:,}"
        series.append((name, points))
        data[f"many accounts, {name}"] = _data(points)
        parts += [
            f"{name}:",
            report.total_table(points, one.seconds),
        ]
    plots.many_accounts(plots_into / "growth-accounts.svg", series)
    parts.append("![Many accounts](growth-accounts.svg)")
    return parts


def _remedies(data: dict[str, Any], plots_into: Path, *, quick: bool) -> list[str]:
    seeds, many = (20, 1) if quick else (200, 4)
    one = remedies.lived(remedies.TODAY, remedies.alone(seeds))
    alone_columns = report.remedy_columns(one.seconds)
    # The ratio of a crowd is to a model of its own world, whose starts vary less.
    one_of_crowd = remedies.lived(remedies.TODAY, [Setting(1, seed=seed) for seed in range(seeds)])
    crowd_columns = report.crowd_columns(one_of_crowd.seconds)

    def measured(title: str, ways: Sequence[Way], settings: Sequence[Setting]) -> list[tuple[str, Figures]]:
        rows = [(way.name, remedies.lived(way, settings)) for way in ways]
        data[title] = {name: as_data(figures) for name, figures in rows}
        return rows

    single = measured("one model", remedies.FOR_ONE, remedies.alone(seeds))
    parts = [
        "## Remedies, side by side",
        "### One model, a start of ten minutes",
        f"{seeds} histories; starts end up to 20 s earlier or later than 600 s, which is what is known of "
        "them where something is.",
        report.table("way", single, alone_columns),
        "### When the length is not the last one's",
        "The recommended schedule with a known length of 600 s. Starts deviate from it at random (one "
        "standard deviation is given), or all take another time.",
    ]
    rows = [
        (
            f"deviates by {100 * deviation:g} %",
            remedies.lived(KNOWN_SHARED, remedies.alone(seeds, relative_deviation=deviation)),
        )
        for deviation in remedies.DEVIATIONS
    ]
    rows += [
        (f"all {factor:g} times as long", remedies.lived_off(KNOWN_SHARED, remedies.alone(seeds), factor))
        for factor in remedies.FACTORS
    ]
    data["unlike the last start"] = {name: as_data(figures) for name, figures in rows}
    parts += [report.table("start", rows, alone_columns), "### First starts of other lengths"]
    rows = [
        (f"{length / 60:g} min, {name}", remedies.lived(way, remedies.alone(seeds, start_seconds=length)))
        for length in remedies.LENGTHS
        for name, way in (("every 5 s", remedies.TODAY), ("recommended", FIRST_SHARED))
    ]
    data["first starts"] = {name: as_data(figures) for name, figures in rows}
    parts.append(report.table("start", rows, alone_columns))
    for title, ways, settings in (
        ("Fifty models in one stack", remedies.FOR_MANY, remedies.crowd(many)),
        ("Fifty models in 25 stacks", remedies.FOR_MANY_STACKS, remedies.crowd(many, stacks=25)),
        (
            "Fifty models in one stack, Lambda concurrency 10",
            remedies.FOR_FEW_SLOTS,
            remedies.crowd(many, concurrency=10),
        ),
        (
            "Twenty models in one stack, Lambda concurrency 10",
            remedies.FOR_FEW_SLOTS,
            remedies.crowd(many, concurrency=10, models=20),
        ),
    ):
        parts += [
            f"### {title}",
            f"Histories: {many}. The owner makes a control call a second meanwhile.",
            report.table("way", measured(title, ways, settings), crowd_columns),
        ]
    return parts + _recommended(data, plots_into, single, one_of_crowd.seconds, quick=quick)


def _recommended(
    data: dict[str, Any],
    plots_into: Path,
    single: Sequence[tuple[str, Figures]],
    one_seconds: float,
    *,
    quick: bool,
) -> list[str]:
    sizes = (1, 10, 50) if quick else curves.ACCOUNT_SIZES
    totals = (1, 50, 100) if quick else curves.TOTALS
    seeds = 1 if quick else curves.SEEDS
    parts = ["### The recommended schedule, over sizes"]
    series: list[tuple[str, Sequence[Point]]] = []
    for way in (remedies.TODAY, *remedies.RECOMMENDED):  # today's once more, for the plot
        points = curves.one_account(remedies.factory(way), 1000, sizes, seeds)
        series.append((way.name, points))
        if way is remedies.TODAY:
            continue
        data[f"one account, {way.name}"] = _data(points)
        parts += [f"{way.name}, one stack in one account:", report.account_table(points, one_seconds)]
    ten_thousand = []
    for way in remedies.RECOMMENDED:
        points = curves.many_accounts(remedies.factory(way), 50, 1000, totals)
        data[f"many accounts, 50 models each, {way.name}"] = _data(points)
        parts += [f"{way.name}, 50 models in each account:", report.total_table(points, one_seconds)]
        ten_thousand.append(points)
    plots.remedies(plots_into / "growth-remedies.svg", single, series, one_seconds)
    parts.append("![Remedies](growth-remedies.svg)")
    named = dict(single)
    crowds = [remedies.lived(way, remedies.crowd(1 if quick else 4)) for way in remedies.RECOMMENDED]
    goals = report.goals(
        today=named[remedies.TODAY.name],
        framework=named[remedies.FRAMEWORK.name],
        recommended=[named[way.name] for way in remedies.RECOMMENDED],
        crowds=crowds,
        totals=[[point.figures for point in points] for points in ten_thousand],
        one_seconds=one_seconds,
    )
    data["goals"] = [list(goal) for goal in goals]
    lines = ["| goal | measured | |", "| --- | --- | --- |", *(f"| {a} | {b} | {c} |" for a, b, c in goals)]
    return [*parts, "### The goals", "\n".join(lines)]


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
