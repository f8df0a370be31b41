"""``python -m simulator SEEDS FIRST_SEED``: plays histories on all cores; status 1 on a violation."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Final

from simulator.draw import WIDE, draw
from simulator.fast_seam import new_handler
from simulator.features import features
from simulator.fleet import play_on_all_cores
from simulator.history import play
from simulator.process import prepare
from simulator.shrink import shrink
from simulator.tally import Tally

_SHOWN: Final = 3


def story_of(seed: int, **drawn_with: bool) -> str:
    """The shrunk story of a seed that violates something."""
    drawn = draw(seed, **drawn_with)
    guarantees = {violation.guarantee for violation in play(drawn).violations}
    plan = shrink(drawn, lambda one: any(v.guarantee in guarantees for v in play(one).violations))
    history = play(plan)
    beyond = [f"beyond a plain life: {', '.join(features(plan))}"] if features(plan) else []
    told = [*beyond, *history.world.story.readable(), *map(str, history.violations)]
    return "\n".join([f"seed {seed}, shrunk:", *told])


def main(seeds: int, first: int, **drawn: bool) -> int:
    """Play so many seeds from the first on; prints one line of figures at the end."""
    begin, total = time.monotonic(), Tally()
    ranges, cores = [range(first, first + seeds)], os.cpu_count() or 1
    for _, counted in play_on_all_cores(ranges, cores, new_handler, **drawn):
        total.add(counted)
        for seed, texts in counted.violations.items():
            print(f"seed {seed}: " + "; ".join(texts), flush=True)
    prepare()
    for seed in sorted(total.violations)[:_SHOWN]:
        print(story_of(seed, **drawn), flush=True)
    seconds = time.monotonic() - begin
    print(
        f"{seeds} histories from seed {first}, {len(total.violations)} with violations, {total.excused} with "
        f"a leak that a condition excuses, {seeds / seconds:.0f} a second"
    )
    return 1 if total.violations else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("seeds", type=int)
    parser.add_argument("first_seed", type=int)
    parser.add_argument(
        "--wide",
        action=argparse.BooleanOptionalAction,
        default=WIDE,
        help="with no roll-back, express mode, old views, late credentials, models that change hands",
    )
    parser.add_argument("--janitor", action="store_true", help="in an account with a janitor")
    parser.add_argument("--guards", action="store_true", help="with guards, and sweeps that look after them")
    chosen = parser.parse_args()
    sys.exit(
        main(chosen.seeds, chosen.first_seed, wide=chosen.wide, janitor=chosen.janitor, guards=chosen.guards)
    )
