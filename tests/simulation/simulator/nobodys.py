"""``python -m simulator.nobodys SEEDS FIRST_SEED``: how long models run for nobody, by janitor or none.

The same plans are played both ways. What is counted begins when no operation is under way that may be about
the model, and ends with its Stop.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from simulator.draw import draw
from simulator.fast_seam import new_handler
from simulator.invariants.orphans import LOOK_SECONDS, Orphanhood
from simulator.invariants.truth import Truth
from simulator.plan import Plan
from simulator.process import prepare
from simulator.rekognition import Model
from simulator.world import World

_CHUNK: Final = 100
_MINUTE: Final = 60.0


@dataclass
class Measured:
    """What was found in some histories."""

    histories: int = 0
    affected: int = 0
    """Histories in which a model ran for nobody at two looks at least."""
    ended: list[float] = field(default_factory=list)
    """Seconds of each time that came to an end."""
    for_good: int = 0
    """How many did not."""
    unstoppable: int = 0
    """How many of these nobody could have ended: a start that never ends and can't be stopped, or no
    permission to stop anything."""

    def add(self, other: Measured) -> None:
        """Take in what was found elsewhere."""
        self.histories += other.histories
        self.affected += other.affected
        self.ended += other.ended
        self.for_good += other.for_good
        self.unstoppable += other.unstoppable


def measure(plan: Plan) -> Measured:
    """Play one plan."""
    world = World(plan, new_handler)
    orphanhood = Orphanhood(world, Truth(world))
    world.play()
    spans = [span for span in orphanhood.spans if span.seconds(world.kernel.now) > LOOK_SECONDS]
    ended = [span.seconds(0.0) for span in spans if span.ended_at is not None]
    stuck = sum(_can_not_be_stopped(plan, span.model) for span in spans if span.ended_at is None)
    return Measured(1, bool(spans), ended, len(spans) - len(ended), stuck)


def _can_not_be_stopped(plan: Plan, model: Model) -> bool:
    starts = model.status == "STARTING" and not model.plan.stop_while_starting
    return starts or plan.faults.denied


def measure_both(seeds: range) -> tuple[Measured, Measured]:
    """Play seeds with a janitor, and without."""
    prepare()
    found = Measured(), Measured()
    for seed in seeds:
        plan = draw(seed, janitor=True)
        found[0].add(measure(plan))
        found[1].add(measure(replace(plan, janitor=None)))
    return found


def row(name: str, found: Measured) -> str:
    """A row of a Markdown table."""
    times = sorted(found.ended)
    middle = f"{times[len(times) // 2] / _MINUTE:.0f} min" if times else "–"
    longest = f"{times[-1] / _MINUTE:.0f} min" if times else "–"
    share = found.affected / found.histories
    return (
        f"| {name} | {found.affected:,} ({share:.2%}) | {found.for_good - found.unstoppable:,} | "
        f"{found.unstoppable:,} | {middle} | {longest} |"
    )


def main() -> None:
    """Read the command line, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m simulator.nobodys", description=__doc__)
    parser.add_argument("seeds", type=int)
    parser.add_argument("first_seed", type=int)
    chosen = parser.parse_args()
    seeds = range(chosen.first_seed, chosen.first_seed + chosen.seeds)
    with_it, without = Measured(), Measured()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
        for one, other in pool.map(measure_both, chunks):
            with_it.add(one)
            without.add(other)
    print(
        f"| of {chosen.seeds:,} histories | a model runs for nobody | for good | which nobody could stop | "
        "half of the others | the longest of them |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print(row("without a janitor", without))
    print(row("with one", with_it))


if __name__ == "__main__":
    main()
