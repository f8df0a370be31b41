"""``python -m bench.growth``: measures, and writes docs/growth.md anew where it is marked."""

from __future__ import annotations

import argparse
import logging

from bench.growth import ROOT, measure


def main() -> None:
    """Measure everything; two minutes or so, in one process."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few histories, to try a change; writes build/growth.md alone"
    )
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    measure.run(ROOT, quick=arguments.quick)


if __name__ == "__main__":
    main()
