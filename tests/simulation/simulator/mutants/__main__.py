"""``python -m simulator.mutants``: which mutants the simulation kills; status 1 if one survives.

``--story NAME`` tells the smallest history that kills one, ``--store NAME`` keeps it in
``tests/simulation/found``.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import shorten

from simulator.mutants.mutant import Mutant, source_of
from simulator.mutants.search import Kill, kill_of, known_kill_of, shrunk_of, shrunk_story_of
from simulator.mutants.table import BY_NAME, MUTANTS
from simulator.stored import write

_ROW = "| {:<30} | {:<9} | {:>6} | {}"


def row_of(mutant: Mutant, first: int, seeds: int) -> tuple[Kill | None, str]:
    """What became of a mutant, as a row of a Markdown table: the seeds it took, and what was violated."""
    kill = kill_of(mutant, first, seeds)
    if kill is None:
        return None, _ROW.format(mutant.name, mutant.guarantee, "–", f"survived {seeds} seeds |")
    violation = shorten(shrunk_story_of(mutant, kill.seed)[0].partition(": ")[2], 100, placeholder=" …")
    return kill, _ROW.format(mutant.name, mutant.guarantee, kill.seed, f"{mutant.meaning} *{violation}* |")


def table(first: int, seeds: int) -> int:
    """Print a row for each mutant as soon as it and those before it are done; status 1 if one survives."""
    for mutant in MUTANTS:
        mutant.applied_to(source_of(mutant))
    print(_ROW.format("mutant", "violates", "seed", "what it does, and *what the shrunk history shows* |"))
    print(_ROW.format("---", "---", "---:", "--- |"))
    killed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for kill, row in pool.map(lambda mutant: row_of(mutant, first, seeds), MUTANTS):
            killed += kill is not None
            print(row, flush=True)
    print(f"\n{killed} of {len(MUTANTS)} mutants killed within {seeds} seeds from {first}")
    return 0 if killed == len(MUTANTS) else 1


def story(mutant: Mutant, first: int, seeds: int) -> int:
    """Print the smallest history that kills a mutant."""
    kill = kill_of(mutant, first, seeds)
    if kill is None:
        print(f"{mutant.name} survived {seeds} seeds from {first}")
        return 1
    violation, lines = shrunk_story_of(mutant, kill.seed)
    print(f"{mutant.name}, seed {kill.seed}, shrunk: {mutant.meaning}", *lines, violation, sep="\n")
    return 0


def store(mutant: Mutant, seeds: int) -> int:
    """Keep the smallest history that kills a mutant."""
    kill = known_kill_of(mutant, seeds)
    if kill is None:
        print(f"{mutant.name} survived {seeds} seeds")
        return 1
    print(write(shrunk_of(mutant, kill.seed)))
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator.mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10000)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--story", choices=BY_NAME, metavar="NAME")
    parser.add_argument("--store", choices=BY_NAME, metavar="NAME")
    chosen = parser.parse_args()
    if chosen.store:
        return store(BY_NAME[chosen.store], chosen.seeds)
    if chosen.story:
        return story(BY_NAME[chosen.story], chosen.first_seed, chosen.seeds)
    return table(chosen.first_seed, chosen.seeds)


if __name__ == "__main__":
    sys.exit(main())
