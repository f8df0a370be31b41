"""The process of a mutant: ``python -m simulator.mutants.child hunt FIRST SEEDS``, ``story SEED``, ``shrunk
SEED``, or ``guards SEED …`` of stored histories.

The mutant comes as JSON on standard input, what was found goes as JSON to standard output. Nothing of the
handler is imported before the mutant is in its place.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Final

from simulator.mutants.hook import install
from simulator.mutants.mutant import Mutant


def _hunt(mutant: Mutant, first: int, seeds: int) -> dict[str, Any]:
    from simulator.draw import draw
    from simulator.mutants.judge import violations_of

    for seed in range(first, first + seeds):
        found = violations_of(draw(seed, **mutant.drawn), mutant.guarantee)
        if found:
            return {"seed": seed, "violation": found[0]}
    return {"seed": None}


def _story(mutant: Mutant, seed: int) -> dict[str, Any]:
    from simulator.mutants.judge import judged

    history, violations = judged(_smallest(mutant, seed), mutant.guarantee)
    return {"violation": violations[0], "story": history.world.story.readable()}


def _shrunk(mutant: Mutant, seed: int) -> dict[str, Any]:
    from simulator.mutants.judge import violations_of
    from simulator.stored import Found, to_data

    plan = _smallest(mutant, seed)
    violation = violations_of(plan, mutant.guarantee)[0].partition(": ")[2]
    return to_data(Found(seed, mutant.guarantee, violation, plan))


def _smallest(mutant: Mutant, seed: int) -> Any:
    from simulator.draw import draw
    from simulator.mutants.judge import violations_of
    from simulator.shrink import shrink

    return shrink(draw(seed, **mutant.drawn), lambda one: bool(violations_of(one, mutant.guarantee)))


def _guards(mutant: Mutant, *seeds: int) -> dict[str, Any]:
    from simulator.mutants.judge import violations_of
    from simulator.stored import FOUND, read

    return {str(seed): violations_of(read(FOUND / f"{seed}.json").plan, mutant.guarantee) for seed in seeds}


_TASKS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "hunt": _hunt,
    "story": _story,
    "shrunk": _shrunk,
    "guards": _guards,
}


def main(task: str, *numbers: str) -> None:
    """Put the mutant in and do what is asked."""
    mutant = Mutant(**json.load(sys.stdin))
    install(mutant)
    found = _TASKS[task](mutant, *map(int, numbers))
    if mutant.module not in sys.modules:
        raise RuntimeError(f"mutant {mutant.name} was never imported")
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
