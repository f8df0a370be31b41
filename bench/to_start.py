"""``python -m bench.to_start``: how long each way takes on AWS from the event of a cold start to its Start.

The embedded AWS gives a whole core to each function, whatever its memory. Here the CPU time of fresh
processes is reckoned at the memory size that each function has (``bench.cpu_share``). The network, and the
time that AWS takes to answer, are not in it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import runtimes
from bench.cpu_share import Cold, median, seconds_to_start
from bench.figures import summary
from bench.fresh_process import Code, code_of, cold_start
from bench.processes import example
from bench.templates import Template, custom_resource, functions, functions_to_start
from bench.variants import VARIANTS

PROCESSES = 15
"""Of each function, by turns."""


@dataclass(frozen=True)
class Leg:
    """One function's part of the way from the event to the Start."""

    function: str
    """Its logical id."""
    code: Code
    memory_mb: int
    until: str
    """The call that ends it."""


def legs(template: Template, assets: Path) -> list[Leg]:
    """One after the other: each function but the last is done when it has invoked the next one."""
    way, all_functions = functions_to_start(template), functions(template)
    return [
        Leg(
            name,
            code_of(template["Resources"][name]["Properties"], assets),
            all_functions[name].memory_mb,
            until="StartProjectVersion" if name == way[-1] else "Invoke",
        )
        for name in way
    ]


def as_sent(properties: Mapping[str, Any]) -> dict[str, Any]:
    """As CloudFormation sends a template's properties: numbers and booleans are text."""
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in properties.items()
    }


def of_turns(way: Sequence[Leg], turns: Sequence[Sequence[Cold]]) -> dict[str, Any]:
    """The figures of one way; each turn has one cold start of each of its functions."""
    totals = [
        sum(seconds_to_start(cold, leg.memory_mb) for leg, cold in zip(way, turn, strict=True))
        for turn in turns
    ]
    columns = zip(*turns, strict=True)
    return summary(totals, digits=3).as_dict() | {
        "functions": {
            leg.function: _of_function(leg, median(colds)) for leg, colds in zip(way, columns, strict=True)
        }
    }


def _of_function(leg: Leg, cold: Cold) -> dict[str, float]:
    return {
        "memory, MB": leg.memory_mb,
        "CPU until loaded, seconds": round(cold.load, 3),
        "CPU from the event, seconds": round(cold.start, 4),
        "reckoned, seconds": round(seconds_to_start(cold, leg.memory_mb), 3),
    }


def measure(processes: int = PROCESSES) -> dict[str, dict[str, Any]]:
    """By variant, side by side: each turn has one cold start of every function."""
    ways: dict[str, list[Leg]] = {}
    sent: dict[str, dict[str, Any]] = {}
    turns: dict[str, list[list[Cold]]] = {variant.key: [] for variant in VARIANTS}
    with tempfile.TemporaryDirectory() as place:
        for key in turns:
            folder = Path(place) / key
            folder.mkdir()
            template = example(folder, key, 1)
            ways[key], sent[key] = legs(template, folder), as_sent(custom_resource(template))
        for _ in range(processes):
            for key, way in ways.items():
                turns[key].append([cold_start(leg.code, sent[key], until=leg.until)[0] for leg in way])
    return {key: of_turns(ways[key], turns[key]) for key in turns}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.to_start", description=__doc__)
    parser.add_argument("--processes", type=int, default=PROCESSES, help="fresh processes of each, by turns")
    chosen = parser.parse_args()
    runtimes.put_node_on_path()
    print(json.dumps(measure(chosen.processes), indent=2))


if __name__ == "__main__":
    main()
