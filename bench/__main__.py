"""``make bench``: measures every way side by side; writes build/bench.json and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import deployments, goals, plots, processes, report, results, runtimes, side_by_side, to_start
from bench.side_by_side import Deployment, Times
from bench.stacks import ROOT
from bench.variants import STARTED_BEFORE, VARIANTS

JSON_FILE = ROOT / "build" / "bench.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("aws-cdk-lib", "boto3", "crhelper", "ministack", "matplotlib")


def main() -> None:
    """Measure, and write what was found."""
    chosen = _arguments()
    if chosen.render:
        _render(json.loads(JSON_FILE.read_text()))
        return
    commit = _commit()
    times = Times(
        start=chosen.start_seconds,
        stop=chosen.stop_seconds,
        spread=chosen.spread_seconds,
        long_start=chosen.long_start_seconds,
    )
    began = time.monotonic()
    runtimes.put_node_on_path()
    cold = processes.cold_start_milliseconds(chosen.processes)
    at_memory_size = to_start.measure(chosen.cold_starts)
    synth = processes.synth_seconds(chosen.processes)
    rounds, long_ones = side_by_side.measure(chosen.rounds, times)
    alone = deployments.measure(chosen.rounds)

    variants = {}
    for variant in VARIANTS:
        own_rounds = [d for d in rounds if d.variant is variant]
        own_long = [d for d in long_ones if d.variant is variant]
        variants[variant.key] = _figures(own_rounds, own_long) | {
            "title": variant.title,
            "waits": variant.waits,
            "cold start, milliseconds": cold[variant.key],
            results.AT_MEMORY_SIZE: at_memory_size[variant.key],
            "synth, seconds": synth[variant.key],
            "synth, times an empty app": round(synth[variant.key] / synth["empty app"], 3),
            "template": results.of_template(*processes.templates(variant.key)),
        }
    samples = {variant.key: _samples([d for d in rounds if d.variant is variant]) for variant in VARIANTS}
    found = {
        "run": {
            "commit": commit,
            "machine": _machine(),
            "versions": _versions(),
            "rounds": chosen.rounds,
            "processes": chosen.processes,
            "cold starts": chosen.cold_starts,
            "times": asdict(times),
            "minutes": round((time.monotonic() - began) / 60, 1),
            "not run": [],
        },
        "variants": variants,
        "started before": _figures(
            [d for d in rounds if d.variant is STARTED_BEFORE],
            [d for d in long_ones if d.variant is STARTED_BEFORE],
        ),
        "samples": samples,
        "processes that load nothing, milliseconds": cold[processes.NOTHING],
        "synth of an empty app, seconds": synth["empty app"],
        "construct alone": alone,
    }
    _write(found)


def _arguments() -> argparse.Namespace:
    defaults = Times()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure all ways side by side.")
    parser.add_argument("--rounds", type=int, default=10, help="deployments of each way")
    parser.add_argument("--processes", type=int, default=9, help="fresh processes of each kind")
    parser.add_argument(
        "--cold-starts",
        type=int,
        default=to_start.PROCESSES,
        help="fresh processes of each function whose CPU time is reckoned at its memory size",
    )
    parser.add_argument("--start-seconds", type=float, default=defaults.start, help="shortest start")
    parser.add_argument("--stop-seconds", type=float, default=defaults.stop, help="shortest stop")
    parser.add_argument("--spread-seconds", type=float, default=defaults.spread, help="added at most")
    parser.add_argument(
        "--long-start-seconds",
        type=float,
        default=defaults.long_start,
        help="start of one deployment more, for calls and price; 0: none",
    )
    parser.add_argument("--render", action="store_true", help="measure nothing: the document of the last run")
    return parser.parse_args()


def _figures(rounds: Sequence[Deployment], long_ones: Sequence[Deployment]) -> dict[str, Any]:
    creates, deletes = [d.create for d in rounds if d.create], [d.delete for d in rounds if d.delete]
    return results.of_rounds(creates, deletes) | {
        "long start": results.of_one(long_ones[0].create) if long_ones and long_ones[0].create else None,
        "left after destroy": results.what_is_left([d.left for d in (*rounds, *long_ones)]),
    }


def _samples(rounds: Sequence[Deployment]) -> dict[str, list[float]]:
    return {
        "RUNNING to CREATE_COMPLETE, seconds": [round(d.create.lag_seconds, 3) for d in rounds if d.create],
        "STOPPED to DELETE_COMPLETE, seconds": [round(d.delete.lag_seconds, 3) for d in rounds if d.delete],
    }


def _write(found: dict[str, Any]) -> None:
    JSON_FILE.parent.mkdir(exist_ok=True)
    JSON_FILE.write_text(json.dumps(found, indent=2) + "\n")
    _render(found)


def _render(found: dict[str, Any]) -> None:
    """Goals are judged anew: a document that is rendered again shows what the code says now."""
    judged = goals.goals(found["variants"], found["started before"])
    found = found | {"goals": [goal.as_dict() for goal in judged]}
    plots.draw(found["variants"], found["samples"], DOCUMENT.parent)
    DOCUMENT.write_text(report.replaced(DOCUMENT.read_text(), report.section(found)))
    print(report.section(found))


def _commit() -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "bench", "constructs", "lambda", "local_aws")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def _machine() -> str:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    cores = f"{os.cpu_count()} cores ({models[0] if models else 'unknown'})"
    return f"{platform.system()} {platform.machine()}, {cores}, load {os.getloadavg()[2]:.1f}"


def _versions() -> dict[str, str]:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {"Python": platform.python_version(), "Node": node.removeprefix("v")} | {
        name: version(name) for name in PACKAGES
    }


if __name__ == "__main__":
    main()
