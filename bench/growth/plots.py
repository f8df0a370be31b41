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


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
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
            label=name,
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
        figure, axes = plt.subplots(2, 3, figsize=(9.5, 5.2))
        flat = axes.flatten()
        _draw(flat[0], series, lambda f: f.seconds / one_seconds, "time until all answered, ratio to one")
        _draw(flat[1], series, lambda f: f.busiest_minute_per_second, "control calls/s, busiest minute")
        flat[1].axhline(_CONTROL_QUOTA, color="black", linestyle="--", linewidth=0.8)
        flat[1].annotate("quota of the account", (1, _CONTROL_QUOTA), (1, _CONTROL_QUOTA + 0.5), fontsize=7)
        _draw(
            flat[2],
            series,
            lambda f: 100 * f.throttles[Family.CONTROL] / max(1, f.calls[Family.CONTROL]),
            "control calls throttled, %",
        )
        _draw(flat[3], series, lambda f: f.lag(0.95), "lag RUNNING → answer, p95, s")
        _draw(flat[4], series, lambda f: f.concurrent_peak, "Lambda executions at once")
        _draw(flat[5], series, lambda f: 100 * f.missed / f.models, "creates not answered in time, %")
        for each in flat[3:]:
            each.set_xlabel("models in one stack")
        flat[0].legend(fontsize=7, frameon=False)
        _save(figure, path)


def many_accounts(path: Path, series: Series) -> None:
    """What grows with accounts."""
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.9))
        _draw(axes[0], series, lambda f: f.calls[Family.CONTROL], "control calls in all", log=True)
        _draw(axes[1], series, lambda f: f.gb_seconds, "GB-seconds in all", log=True)
        _draw(axes[2], series, lambda f: f.lag(0.95), "lag RUNNING → answer, p95, s")
        for each in axes:
            each.set_xlabel("models")
        axes[0].legend(fontsize=6, frameon=False, loc="lower right")
        _save(figure, path)


def remedies(path: Path, ways: Sequence[tuple[str, Figures]], series: Series, one_seconds: float) -> None:
    """Lag and calls of one model under each remedy, and the recommended one over sizes."""
    with mpl.rc_context(_STYLE):
        figure, axes = plt.subplots(2, 2, figsize=(9.5, 5.6))
        flat = axes.flatten()
        for (name, figures), marker in zip(ways, "os^vDPX*", strict=False):
            flat[0].scatter(
                figures.calls[Family.CONTROL] / figures.models, figures.lag(0.5), marker=marker, label=name
            )
        flat[0].set_title("one model, start of ten minutes", fontsize=9)
        flat[0].set_xlabel("control calls")
        flat[0].set_ylabel("lag RUNNING → answer, median, s")
        flat[0].set_xlim(left=0)
        flat[0].set_ylim(bottom=0)
        flat[0].legend(fontsize=6, frameon=False)
        _draw(flat[1], series, lambda f: f.seconds / one_seconds, "time until all answered, ratio to one")
        _draw(flat[2], series, lambda f: f.busiest_minute_per_second, "control calls/s, busiest minute")
        flat[2].axhline(_CONTROL_QUOTA, color="black", linestyle="--", linewidth=0.8)
        _draw(flat[3], series, lambda f: f.lag(0.95), "lag RUNNING → answer, p95, s")
        for each in flat[1:]:
            each.set_xlabel("models in one stack")
        flat[1].legend(fontsize=7, frameon=False)
        _save(figure, path)
