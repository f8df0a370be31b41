"""What is left of a soak: a summary for machines and one for people."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any, Final

from simulator.progress import Progress

SHOWN_MAX: Final = 20
"""Violations on the page for people; the file for machines has them all."""
_TABLES: Final = {
    "conditions": "Leaks that a condition excuses",
    "faults": "Faults that happened",
    "operations": "Operations and requests",
    "by_hand": "Acts of people",
    "models": "Statuses that models came into",
    "calls": "Calls",
    "refusals": "What calls were refused with",
}


def as_data(progress: Progress, seeds: int) -> dict[str, Any]:
    """The summary for machines."""
    tally = progress.tally
    return {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.platform()},
        "python": platform.python_version(),
        "commit": commit(),
        "code": progress.code,
        "first_seed": progress.first,
        "seeds": seeds,
        "violating_seeds": len(tally.violations),
        "histories_a_second_and_core": round(tally.histories / tally.cpu_seconds, 1),
        "simulated_hours": round(tally.simulated_seconds / 3600, 1),
        **tally.to_data(),
    }


def as_page(data: dict[str, Any]) -> str:
    """The same in Markdown."""
    machine = data["machine"]
    lines = [
        f"# {data['histories']:,} simulated histories",
        "",
        f"- Seeds {data['first_seed']} to {data['first_seed'] + data['seeds'] - 1}, commit {data['commit']}, "
        f"code {data['code']}",
        f"- {machine['cpu']}, {machine['cores']} cores, Python {data['python']}: "
        f"{data['histories_a_second_and_core']:,.0f} histories a second and core",
        f"- {data['simulated_hours']:,.0f} simulated hours, {data['invocations']:,} invocations",
        f"- {data['violating_seeds']} histories with violations, {data['excused']} with a leak that a "
        "condition excuses",
        "",
    ]
    for seed, texts in list(data["violations"].items())[:SHOWN_MAX]:
        lines.extend(f"- seed {seed}: {text}" for text in texts)
    for key, title in _TABLES.items():
        rows = sorted(data[key].items(), key=lambda row: (-row[1], row[0]))
        lines += ["", f"| {title} | how often |", "| --- | ---: |"]
        lines += [f"| {name} | {count:,} |" for name, count in rows]
    return "\n".join(lines) + "\n"


def commit() -> str:
    """The commit of the checkout, marked where its files were changed since."""
    root = Path(__file__).parent
    command = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    return told.stdout.strip() or "unknown"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
