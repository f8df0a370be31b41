"""The plots of docs/growth.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from bench.growth.curves import Point
from bench.growth.quota import Family
from bench.growth.worlds import Figures

Series = Sequence[tuple[str, Sequence[Point]]]

_CONTROL_QUOTA: Final = 5.0
_PLAIN: Final = {
    "(i) every 5 s, as before": "a look every 5 s, as it was before",
    "for comparison: Provider framework": "CDK's provider framework",
    "(ii) every 5 s, twice as long after a throttle": "every 5 s, and less often when refused",
    "recommended, first start": "as it is now, first start of a model",
    "recommended, length known": "as it is now, a model that has started before",
    "Lambda concurrency 1,000": "Lambda may run 1,000 functions at once",
    "Lambda concurrency 10": "Lambda may run 10, as in a new account",
    "2 models an account, Lambda concurrency 1,000": "2 models in each account",
    "50 models an account, Lambda concurrency 1,000": "50 models in each account",
    "50 models an account, Lambda concurrency 10": "50 models in each, Lambda may run 10 at once",
}
"""For somebody who sees the picture alone."""
_LOOKS: Final = {
    "(i) every 5 s, as before": ("C0", "o"),
    "recommended, first start": ("C1", "s"),
    "recommended, length known": ("C2", "^"),
    "for comparison: Provider framework": ("C3", "D"),
    "(ii) every 5 s, twice as long after a throttle": ("C4", "x"),
}
"""In the order of the series, which are drawn in the same colours and marks."""
_TIME: Final = "time until all models run, times one model's"
_LAG: Final = "from RUNNING to the answer, 19 of 20 are quicker (s)"
_CALLS: Final = "calls of Rekognition a second, busiest minute"
_STYLE: Any = {
    # Text stays text, and the same figures give the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "growth",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def _save(figure: Any, path: Path, legend_of: Any, columns: int) -> None:
    """``legend_of``: the axes whose legend stands below them all, where it covers no figures."""
    handles, labels = legend_of.get_legend_handles_labels()
    rows = -(-len(labels) // columns)
    share = (0.1 + 0.2 * rows) / figure.get_size_inches()[1]
    figure.legend(handles, labels, loc="lower center", ncols=columns, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, share, 1, 1))
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


def _draw(
    axes: Any, series: Series, value: Callable[[Figures], float], title: str, *, log: bool = False
) -> None:
    for (name, points), marker in zip(series, "os^vD", strict=False):
        axes.plot(
            [point.models for point in points],
            [value(point.figures) for point in points],
            marker=marker,
            markersize=3,
            linewidth=1,
            label=_PLAIN.get(name, name),
        )
    axes.set_title(title, fontsize=9)
    axes.set_xscale("log")
    axes.set_xticks(_ticks(series))
    axes.set_xticklabels([f"{tick:,}" for tick in _ticks(series)])
    axes.minorticks_off()
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)


def _ticks(series: Series) -> list[int]:
    most = max(point.models for _, points in series for point in points)
    return [
        tick
        for tick in (1, 2, 5, 10, 20, 50, 100, 1000, 10000)
        if tick <= most and (most <= 100 or tick not in (2, 5, 20, 50))
    ]


def one_account(path: Path, series: Series, one_seconds: float) -> None:
    """What grows with the models of one stack."""
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(2, 3, figsize=(10.5, 5.6))
        flat = axes.flatten()
        _draw(flat[0], series, lambda f: f.seconds / one_seconds, _TIME)
        _draw(flat[1], series, lambda f: f.busiest_minute_per_second, _CALLS)
        _quota(flat[1])
        _draw(
            flat[2],
            series,
            lambda f: 100 * f.throttles[Family.CONTROL] / max(1, f.calls[Family.CONTROL]),
            "of these refused by the quota, %",
        )
        _draw(flat[3], series, lambda f: f.lag(0.95), _LAG)
        _draw(flat[4], series, lambda f: f.concurrent_peak, "functions that run at once")
        _draw(flat[5], series, lambda f: 100 * f.missed / f.models, "models that miss the hour, %")
        for each in flat[3:]:
            each.set_xlabel("models in one stack (log scale)")
        _save(figure, path, flat[0], 2)


def _quota(axes: Any) -> None:
    axes.axhline(_CONTROL_QUOTA, color="black", linestyle="--", linewidth=0.8)
    axes.annotate("quota of the account", (1, _CONTROL_QUOTA), (1, _CONTROL_QUOTA + 0.5), fontsize=7)


def many_accounts(path: Path, series: Series) -> None:
    """What grows with accounts."""
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.3))
        _draw(axes[0], series, lambda f: f.calls[Family.CONTROL], "calls of Rekognition in all", log=True)
        _draw(axes[1], series, lambda f: f.gb_seconds, "Lambda GB-seconds in all", log=True)
        _draw(axes[2], series, lambda f: f.lag(0.95), _LAG)
        for each in axes:
            each.set_xlabel("models (log scale)")
        _save(figure, path, axes[0], 3)


def remedies(path: Path, ways: Sequence[tuple[str, Figures]], series: Series, one_seconds: float) -> None:
    """Lag and calls of one model under each remedy, and the recommended one over sizes."""
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(2, 2, figsize=(10.5, 6.6))
        flat = axes.flatten()
        # Waiting in a queue changes nothing for one model, and is left out.
        for name, figures in ways:
            if name in _LOOKS:
                colour, marker = _LOOKS[name]
                calls = figures.calls[Family.CONTROL] / figures.models
                flat[0].scatter(calls, figures.lag(0.5), color=colour, marker=marker, label=_PLAIN[name])
        flat[0].set_title("one model, a start of ten minutes: fewer calls, sooner told", fontsize=9)
        flat[0].set_xlabel("calls of Rekognition")
        flat[0].set_ylabel("from RUNNING to the answer, median (s)")
        flat[0].set_xlim(left=0)
        flat[0].set_ylim(bottom=0)
        _draw(flat[1], series, lambda f: f.seconds / one_seconds, _TIME)
        _draw(flat[2], series, lambda f: f.busiest_minute_per_second, _CALLS)
        _quota(flat[2])
        _draw(flat[3], series, lambda f: f.lag(0.95), _LAG)
        for each in flat[1:]:
            each.set_xlabel("models in one stack (log scale)")
        _save(figure, path, flat[0], 3)
