"""The same histories, lived by this project's handler and by what people use today: a table.

``python -m simulator.compare --seeds 10000 --first-seed 0 --json build/alternatives.json``
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulator.alternatives import ALTERNATIVES, OURS, Way
from simulator.draw import draw
from simulator.findings import EXCUSED, Kind
from simulator.verdicts import judge

WAYS: Final = (OURS, *ALTERNATIVES)
_CHUNK: Final = 25
_EXAMPLES_MAX: Final = 20
_ANY: Final = "any of leak, hang, early, another's"
_WORST: Final = frozenset({Kind.LEAK, Kind.HANG, Kind.EARLY, Kind.EARLY_DELETE, Kind.ANOTHERS})


@dataclass
class Count:
    """What was found in the histories of one way."""

    histories: int = 0
    with_kind: Counter[str] = field(default_factory=Counter)
    """Histories in which a kind was found at least once."""
    findings: Counter[str] = field(default_factory=Counter)
    unit_hours: float = 0.0
    examples: dict[str, list[int]] = field(default_factory=dict)
    """The first seeds of each kind."""

    def add(self, other: Count) -> None:
        """Take in what was found elsewhere."""
        self.histories += other.histories
        self.with_kind.update(other.with_kind)
        self.findings.update(other.findings)
        self.unit_hours += other.unit_hours
        for kind, seeds in other.examples.items():
            self.examples[kind] = sorted(self.examples.get(kind, []) + seeds)[:_EXAMPLES_MAX]


def count(way: Way, seeds: Iterable[int]) -> Count:
    """Let one way live through the histories of some seeds."""
    result = Count()
    for seed in seeds:
        world = way.world(draw(seed, wide=False))
        world.play()
        verdict = judge(world)
        result.histories += 1
        result.unit_hours += verdict.unit_hours
        kinds = {finding.kind for finding in verdict.findings}
        result.findings.update(str(finding.kind) for finding in verdict.findings)
        result.with_kind.update(str(kind) for kind in kinds)
        result.with_kind[_ANY] += bool(kinds & _WORST)
        for kind in kinds:
            result.examples.setdefault(str(kind), []).append(seed)
    return result


def _part(task: tuple[int, int, int]) -> tuple[int, Count]:
    number, first, last = task
    logging.disable(logging.CRITICAL)
    return number, count(WAYS[number], range(first, last))


def compare(seeds: int, first_seed: int, processes: int) -> list[Count]:
    """What was found for each of ``WAYS``."""
    last = first_seed + seeds
    tasks = [
        (number, first, min(first + _CHUNK, last))
        for first in range(first_seed, last, _CHUNK)
        for number in range(len(WAYS))
    ]
    counts = [Count() for _ in WAYS]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for number, part in pool.imap_unordered(_part, tasks):
            counts[number].add(part)
    return counts


def table(counts: list[Count]) -> str:
    """Markdown: for each kind the share of histories, and how often it was found in all."""
    lines = [
        f"| of {counts[0].histories:,} histories | " + " | ".join(way.name for way in WAYS) + " |",
        "| --- |" + " ---: |" * len(WAYS),
    ]
    kinds = [str(kind) for kind in Kind if kind not in EXCUSED]
    for kind in [*kinds, *(str(kind) for kind in Kind if kind in EXCUSED)]:
        cells = [_cell(each.with_kind[kind], each.findings[kind], each.histories) for each in counts]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    hours = " | ".join(f"{each.unit_hours:,.1f}" for each in counts)
    lines.append(f"| unit-hours billed after the resource was gone | {hours} |")
    shares = " | ".join(f"{each.with_kind[_ANY] / each.histories:.2%}" for each in counts)
    lines.append(f"| {_ANY} | {shares} |")
    return "\n".join(lines)


def _cell(histories: int, findings: int, of: int) -> str:
    return f"{histories / of:.2%} ({findings})" if findings else "0"


def as_data(counts: list[Count], first_seed: int) -> dict[str, Any]:
    """The same for machines, with seeds to look at."""
    ways = {
        way.name: {
            "histories": each.histories,
            "histories_with": dict(sorted(each.with_kind.items())),
            "findings": dict(sorted(each.findings.items())),
            "unit_hours": round(each.unit_hours, 3),
            "examples": dict(sorted(each.examples.items())),
        }
        for way, each in zip(WAYS, counts, strict=True)
    }
    return {"first_seed": first_seed, "ways": ways}


def main() -> None:
    """Run the comparison that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many histories")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="write the counts, and seeds to look at, to this file")
    arguments = parser.parse_args()
    counts = compare(arguments.seeds, arguments.first_seed, arguments.processes)
    print(table(counts))
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(as_data(counts, arguments.first_seed), indent=2) + "\n")


if __name__ == "__main__":
    main()
