"""``python -m explorer``: every world, each in a process of its own.

Status 1 if a guarantee does not hold, and that was not known.

``--story NAME --faults NAME`` explores one world alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import get_context

from explorer.every import ROW, STATES_MAX, found_in_task
from explorer.worlds import EVERY, FAULTS, STORIES


def main(arguments: list[str]) -> int:
    """Explore, and tell."""
    parser = argparse.ArgumentParser(prog="python -m explorer", description=__doc__)
    parser.add_argument("--story", choices=STORIES)
    parser.add_argument("--faults", choices=FAULTS)
    parser.add_argument("--states", type=int, default=STATES_MAX, help="at most so many of a world")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args(arguments)
    alone = [(chosen.story, chosen.faults)] if chosen.story and chosen.faults else EVERY
    tasks = [
        (story, faults, chosen.states)
        for story, faults in alone
        if chosen.story in (None, story) and chosen.faults in (None, faults)
    ]
    print(ROW.format("story", "with", "states", "time", "visited |"))
    print(ROW.format("---", "---", "---:", "---:", "--- |"))
    states = 0
    violated: list[tuple[str, ...]] = []
    with get_context("spawn").Pool(chosen.processes, maxtasksperchild=1) as pool:
        for found in pool.imap(found_in_task, tasks):
            print(found.row(), flush=True)
            states += found.states
            violated.extend(found.stories)
    for story in violated:
        print("", *story, sep="\n")
    print(f"\n{states:,} states in {len(tasks)} worlds, {len(violated)} violations")
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
