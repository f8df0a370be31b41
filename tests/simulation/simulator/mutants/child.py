"""The process of a mutant: ``python -m simulator.mutants.child hunt FIRST SEEDS``, or ``story SEED``.

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


def _hunt(guarantee: str, first: int, seeds: int) -> dict[str, Any]:
    from simulator.draw import draw
    from simulator.mutants.judge import violations_of

    for seed in range(first, first + seeds):
        found = violations_of(draw(seed), guarantee)
        if found:
            return {"seed": seed, "violation": found[0]}
    return {"seed": None}


def _story(guarantee: str, seed: int) -> dict[str, Any]:
    from simulator.draw import draw
    from simulator.mutants.judge import judged, violations_of
    from simulator.shrink import shrink

    plan = shrink(draw(seed), lambda one: bool(violations_of(one, guarantee)))
    history, violations = judged(plan, guarantee)
    return {"violation": violations[0], "story": history.world.story.readable()}


_TASKS: Final[dict[str, Callable[..., dict[str, Any]]]] = {"hunt": _hunt, "story": _story}


def main(task: str, *numbers: str) -> None:
    """Put the mutant in and do what is asked."""
    mutant = Mutant(**json.load(sys.stdin))
    install(mutant)
    found = _TASKS[task](mutant.guarantee, *map(int, numbers))
    if mutant.module not in sys.modules:
        raise RuntimeError(f"mutant {mutant.name} was never imported")
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
