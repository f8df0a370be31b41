"""``python -m explorer``: every world, each in a process of its own; status 1 if a guarantee does not hold.

``--story NAME --faults NAME`` explores one world alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from explorer.search import explore
from explorer.story import story_of
from explorer.world import World
from explorer.worlds import EVERY, FAULTS, STORIES, world_of

STATES_MAX: Final = 3_000_000
"""Of one world; a gigabyte or so."""
_ROW: Final = "| {:<38} | {:<32} | {:>9} | {:>7} | {}"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a world, without the states."""

    story: str
    faults: str
    states: int
    seconds: float
    complete: bool
    stories: tuple[tuple[str, ...], ...]

    def row(self) -> str:
        """A row of a Markdown table."""
        end = "violated |" if self.stories else "all |" if self.complete else "not all |"
        return _ROW.format(self.story, self.faults, f"{self.states:,}", f"{self.seconds:.0f} s", end)


def found_in(story: str, faults: str, states_max: int, violations_max: int = 1) -> Found:
    """Explore one world."""
    search = explore(World(world_of(story, faults)), states_max=states_max, violations_max=violations_max)
    stories = tuple(tuple(story_of(search, each)) for each in search.violations)
    return Found(story, faults, len(search.states), search.seconds, search.complete, stories)


def _found_in(task: tuple[str, str, int]) -> Found:
    return found_in(*task)


def main(arguments: list[str]) -> int:
    """Explore, and tell."""
    parser = argparse.ArgumentParser(prog="python -m explorer", description=__doc__)
    parser.add_argument("--story", choices=STORIES)
    parser.add_argument("--faults", choices=FAULTS)
    parser.add_argument("--states", type=int, default=STATES_MAX, help="at most so many of a world")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args(arguments)
    tasks = [
        (story, faults, chosen.states)
        for story, faults in EVERY
        if chosen.story in (None, story) and chosen.faults in (None, faults)
    ]
    print(_ROW.format("story", "with", "states", "time", "visited |"))
    print(_ROW.format("---", "---", "---:", "---:", "--- |"))
    states, violated = 0, []
    with get_context("spawn").Pool(chosen.processes, maxtasksperchild=1) as pool:
        for found in pool.imap(_found_in, tasks):
            print(found.row(), flush=True)
            states += found.states
            violated.extend(found.stories)
    for story in violated:
        print("", *story, sep="\n")
    print(f"\n{states:,} states in {len(tasks)} worlds, {len(violated)} violations")
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
