"""``python -m bench.memory``: what a fresh process of the function needs, and which memory size fits it.

Prints the tables of docs/decisions/0014-memory-size.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.cpu_share import Cold, median, seconds_to_start, share
from bench.fresh_process import Code, code_of, cold_start, loaded, request
from bench.processes import example
from bench.scripted_aws import Script
from bench.templates import MEMORY_MB_DEFAULT, functions_to_start
from bench.variants import BOTO3_WAITER, CRHELPER_POLLER, OURS

SIZES: Final = (128, 192, 256, 512, 1024)
GOAL_SECONDS: Final = 1.5
HEADROOM: Final = 1.35
"""Of the peak: AWS's own runtime and newer releases of botocore take more than what is measured here."""


def smallest_fit(cold: Cold, peak_mb: float, others: Sequence[Cold], sizes: Sequence[int] = SIZES) -> int:
    """The smallest size with room for the peak that starts in time, and before the others at their size.

    Raises ValueError if none does.
    """
    shortest = min([GOAL_SECONDS, *(seconds_to_start(other, MEMORY_MB_DEFAULT) for other in others)])
    for size in sorted(sizes):
        if size >= peak_mb * HEADROOM and seconds_to_start(cold, size) < shortest:
            return size
    raise ValueError(f"none of {sizes} has {peak_mb:.0f} MB and starts within {shortest:.2f} s")


@dataclass(frozen=True)
class Life:
    """The peaks of one process that has brought a model up, handed over on the way, and taken it down."""

    loaded_mb: float
    created_mb: float
    handed_over_mb: float
    deleted_mb: float


def life(code: Code, *, looks: int, events: int, event_characters: int) -> Life:
    """One process through a start of so many looks, in a stack with so many events of that size."""
    script = Script(looks=looks, events=events, event_characters=event_characters)
    with loaded(code, script, lambda _: None) as process:
        peaks = [process.peak_mb()]
        event: dict[str, Any] | None = request("Create")
        while event is not None:
            script.handed_over = None
            process.send(event)
            process.wait_for("done")
            event = script.handed_over
            peaks.append(process.peak_mb())
        _require_success(script)
        script.request, script.looks = "Delete", 5
        process.send(request("Delete"))
        process.wait_for("done")
        _require_success(script)
        return Life(peaks[0], peaks[1], peaks[-1], process.peak_mb())


def _require_success(script: Script) -> None:
    answered, script.answered = script.answered, None
    if answered is None or answered["Status"] != "SUCCESS":
        raise RuntimeError(f"the function answered {answered}")


def table(colds: Mapping[str, Cold], sizes: Sequence[int] = SIZES) -> list[str]:
    """CPU time, and what it makes at each size, as Markdown."""
    head = (
        "| | CPU: load, ms | event to Start, ms | peak, MB | " + " | ".join(f"{s} MB" for s in sizes) + " |"
    )
    lines = [head, "| --- |" + " ---: |" * (3 + len(sizes))]
    for name, cold in colds.items():
        seconds = " | ".join(f"{seconds_to_start(cold, size):.2f} s" for size in sizes)
        figures = f"{1000 * cold.load:.0f} | {1000 * cold.start:.0f} | {cold.peak_mb:.1f}"
        lines.append(f"| {name} | {figures} | {seconds} |")
    return lines


def _codes(folder: Path) -> dict[str, Code]:
    """By title: the code of each way with a Python function of its own."""
    found = {}
    for variant in (OURS, BOTO3_WAITER, CRHELPER_POLLER):
        place = folder / variant.key
        place.mkdir()
        template = example(place, variant.key, 1)
        (function,) = functions_to_start(template)
        found[variant.title] = code_of(template["Resources"][function]["Properties"], place)
    return found


def _with_handler_of(ours: Code, checkout: Path, folder: Path) -> Code:
    """The same package with the handler of another checkout."""
    package = "running_model_handler"
    shutil.copytree(ours.folder, folder)
    shutil.rmtree(folder / package)
    shutil.copytree(checkout / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return dataclasses.replace(ours, folder=folder)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--processes", type=int, default=15, help="fresh processes of each way, by turns")
    parser.add_argument(
        "--before", type=Path, help="the folder lambda of another checkout, to be measured beside this one"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        codes = _codes(Path(folder))
        ours = codes[OURS.title]
        if chosen.before is not None:
            codes["before"] = _with_handler_of(ours, chosen.before, Path(folder) / "before")
        colds: dict[str, list[Cold]] = {name: [] for name in codes}
        for _ in range(chosen.processes):
            for name, code in codes.items():
                colds[name].append(cold_start(code)[0])
        medians = {name: median(values) for name, values in colds.items()}
        print(*table(medians), sep="\n")
        print("\nthrottled to its share of a core, event to Start beside what CPU time makes it:")
        for size in SIZES:
            seen = [cold_start(ours, memory_mb=size) for _ in range(chosen.processes)]
            seconds = statistics.median(seconds for _, seconds in seen)
            reckoned = median([cold for cold, _ in seen]).start / share(size)
            print(f"{size} MB: {seconds:.2f} s, reckoned {reckoned:.2f} s")
        print("\npeak resident set, MB: loaded, create, hand-overs, delete")
        peak = 0.0
        for label, events, characters in (("20 events", 20, 600), ("100 events of 10 kB", 100, 10_000)):
            peaks = life(ours, looks=250, events=events, event_characters=characters)
            peak = max(peak, peaks.deleted_mb)
            print(f"{label}: {', '.join(f'{value:.1f}' for value in vars(peaks).values())}")
    others = [medians[variant.title] for variant in (BOTO3_WAITER, CRHELPER_POLLER)]
    print(f"\nsmallest size that fits: {smallest_fit(medians[OURS.title], peak, others)} MB")


if __name__ == "__main__":
    main()
