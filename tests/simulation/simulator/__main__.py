"""``python -m simulator SEEDS FIRST_SEED``: plays histories on all cores; status 1 on a violation."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

from simulator.draw import draw
from simulator.history import play
from simulator.process import prepare
from simulator.shrink import shrink

_SHOWN = 3


def violations_of(seed: int) -> tuple[int, list[str], list[str]]:
    """The seed, what was violated, and the conditions that excused a leak."""
    history = play(draw(seed))
    excused = [str(condition) for condition in history.world.conditions]
    return seed, [str(violation) for violation in history.violations], excused


def story_of(seed: int) -> str:
    """The shrunk story of a seed that violates something."""
    guarantees = {violation.guarantee for violation in play(draw(seed)).violations}
    plan = shrink(draw(seed), lambda one: any(v.guarantee in guarantees for v in play(one).violations))
    history = play(plan)
    told = [*history.world.story.readable(), *map(str, history.violations)]
    return "\n".join([f"seed {seed}, shrunk:", *told])


def main(seeds: int, first: int) -> int:
    """Play so many seeds from the first on; prints one line of figures at the end."""
    begin, found, excused = time.monotonic(), [], 0
    with multiprocessing.Pool(os.cpu_count(), initializer=prepare) as pool:
        for seed, violated, conditions in pool.imap(violations_of, range(first, first + seeds), chunksize=20):
            excused += bool(conditions)
            if violated:
                found.append(seed)
                print(f"seed {seed}: " + "; ".join(violated), flush=True)
    prepare()
    for seed in found[:_SHOWN]:
        print(story_of(seed), flush=True)
    seconds = time.monotonic() - begin
    print(
        f"{seeds} histories from seed {first}, {len(found)} with violations, {excused} with a leak that a "
        f"condition excuses, {seeds / seconds:.0f} a second"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
