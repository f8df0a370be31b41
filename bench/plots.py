"""The results as pictures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from bench.variants import VARIANTS

SERVICES = {
    "lambda_compute": "Lambda, GB-seconds",
    "lambda_requests": "Lambda, requests",
    "step_functions": "Step Functions",
    "eventbridge": "EventBridge",
    "logs": "CloudWatch Logs",
}
LAGS = {
    "RUNNING to CREATE_COMPLETE, seconds": "RUNNING to CREATE_COMPLETE",
    "STOPPED to DELETE_COMPLETE, seconds": "STOPPED to DELETE_COMPLETE",
}


def draw(variants: Mapping[str, Mapping[str, Any]], samples: Mapping[str, Any], folder: Path) -> None:
    """Write both pictures. ``samples``: the lags of every round, by variant and name."""
    _save(_lag(samples), folder / "benchmarks-lag.svg")
    if all(figures["long start"] for figures in variants.values()):
        _save(_price(variants), folder / "benchmarks-price.svg")


def _lag(samples: Mapping[str, Any]) -> Figure:
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axis, (name, title) in zip(axes, LAGS.items(), strict=True):
        for row, variant in enumerate(VARIANTS):
            if not variant.waits:
                told = "does not wait: its deployment ends before"
                axis.text(0.05, row, told, fontsize=9, style="italic", color="#555555", va="center")
                continue
            lags = samples[variant.key][name]
            label, bar = ("one deployment", "median") if row == 0 else (None, None)
            axis.plot(lags, [row] * len(lags), "o", color="#1f77b4", alpha=0.5, markersize=5, label=label)
            median = statistics.median(lags)
            axis.plot(median, row, "|", color="black", markersize=18, markeredgewidth=2, label=bar)
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"])
        axis.set_xlim(-0.1, 150)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("seconds (logarithmic from 1 on)")
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(VARIANTS)), [variant.title for variant in VARIANTS])
    axes[0].set_ylim(len(VARIANTS) - 0.5, -0.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=2, fontsize=9, frameon=False)
    figure.tight_layout(rect=(0, 0.09, 1, 1))
    return figure


def _price(variants: Mapping[str, Mapping[str, Any]]) -> Figure:
    figure, axis = plt.subplots(figsize=(9, 2.8))
    left = [0.0] * len(VARIANTS)
    for key, title in SERVICES.items():
        parts = [
            1000 * variants[variant.key]["long start"]["list price by service, USD"][key]
            for variant in VARIANTS
        ]
        axis.barh(range(len(VARIANTS)), parts, left=left, label=title)
        left = [before + part for before, part in zip(left, parts, strict=True)]
    axis.set_yticks(range(len(VARIANTS)), [variant.title for variant in VARIANTS])
    axis.invert_yaxis()
    axis.set_xlabel("USD for 1,000 long starts at list prices; the model's own time is left out")
    axis.legend(fontsize=8)
    axis.grid(axis="x", alpha=0.3)
    return figure


def _save(figure: Figure, path: Path) -> None:
    # No date and no random ids: the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "bench", "svg.fonttype": "none"}):
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
