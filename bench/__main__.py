"""``make bench``: measures, writes build/bench.json and prints it."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

from bench import deployments, processes


def main() -> None:
    """Measure everything, side by side where figures are compared."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the running model.")
    parser.add_argument("--deployments", type=int, default=10, help="stacks for each poll interval")
    chosen = parser.parse_args()
    figures = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("aws-cdk-lib", "boto3", "crhelper", "ministack")},
        "import, milliseconds": processes.import_milliseconds(),
        "asset": processes.asset_bytes(),
        "synth, seconds": processes.synth_seconds(),
        **deployments.measure(chosen.deployments),
    }
    synth = figures["synth, seconds"]
    assert isinstance(synth, dict)
    figures["synth, ratio to an empty app"] = {
        name: round(seconds / synth["empty app"], 3) for name, seconds in synth.items()
    }
    text = json.dumps(figures, indent=2)
    Path("build").mkdir(exist_ok=True)
    Path("build/bench.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
