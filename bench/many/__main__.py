"""``python -m bench.many``: measures, and writes docs/growth.md anew where it is marked."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import Any

from bench.many import report
from bench.many.accounts import Times, measure
from bench.report import replaced
from bench.stacks import ROOT

SIZES = (1, 5, 20, 50)
JSON_FILE = ROOT / "build" / "many.json"
DOCUMENT = ROOT / "docs" / "growth.md"


def main() -> None:
    """Measure, and write what was found."""
    chosen = _arguments()
    if not chosen.render:
        JSON_FILE.parent.mkdir(exist_ok=True)
        JSON_FILE.write_text(json.dumps(_measured(chosen), indent=1) + "\n")
    section = report.section(json.loads(JSON_FILE.read_text()))
    if not chosen.try_out:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(), section, report.BEGIN, report.END))
    print(section)


def _measured(chosen: argparse.Namespace) -> dict[str, Any]:
    began = time.monotonic()
    times = Times(chosen.start_seconds, chosen.stop_seconds)
    found = measure(sorted({1, *chosen.sizes}), times)
    return {
        "times": asdict(times),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "stacks": [stack.as_dict() for stack in found],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="models of a stack; 1 always is")
    parser.add_argument("--start-seconds", type=float, default=Times.start, help="what a start takes")
    parser.add_argument("--stop-seconds", type=float, default=Times.stop, help="what a stop takes")
    parser.add_argument("--try-out", action="store_true", help="print the tables and leave docs/ alone")
    parser.add_argument("--render", action="store_true", help="measure nothing: the tables of the last run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
