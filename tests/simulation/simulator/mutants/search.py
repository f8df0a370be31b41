"""Searches the histories for one that kills a mutant. This process has the handler as it is: the control."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any, Final

from simulator.draw import draw
from simulator.mutants.judge import violations_of
from simulator.mutants.mutant import Mutant
from simulator.stored import Found, from_data

TASK_SECONDS_MAX: Final = 900
_control: Final = Lock()
"""One history at a time plays in this process: what is logged in it is heard by whoever listens."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A seed whose history violates the guarantee with the mutant, and does not without it."""

    seed: int
    violation: str


def kill_of(mutant: Mutant, first: int, seeds: int) -> Kill | None:
    """The first seed that kills the mutant; None if it survives all of them."""
    end = first + seeds
    while first < end:
        found = _ask_child(mutant, "hunt", first, end - first)
        seed = found["seed"]
        if seed is None:
            return None
        with _control:
            clean = not violations_of(draw(seed, **mutant.drawn), mutant.guarantee)
        if clean:
            return Kill(seed, found["violation"])
        first = seed + 1
    return None


def known_kill_of(mutant: Mutant, seeds: int) -> Kill | None:
    """The same, with the seed of the table tried before all others: it may no longer kill."""
    return kill_of(mutant, mutant.seed, 1) or kill_of(mutant, 1, seeds)


def shrunk_story_of(mutant: Mutant, seed: int) -> tuple[str, list[str]]:
    """The violation in the smallest history that is left of a seed's, and its story."""
    told = _ask_child(mutant, "story", seed)
    return told["violation"], told["story"]


def shrunk_of(mutant: Mutant, seed: int) -> Found:
    """The smallest history that is left of a seed's and kills the mutant, to be stored."""
    found = from_data(_ask_child(mutant, "shrunk", seed))
    return replace(found, guards=(mutant.name,))


def killed_by(mutant: Mutant, seeds: Iterable[int]) -> set[int]:
    """The stored histories, by their seeds, that violate the mutant's guarantee with it."""
    told = _ask_child(mutant, "guards", *seeds)
    return {int(seed) for seed, violations in told.items() if violations}


def _ask_child(mutant: Mutant, *task: object) -> Any:
    command = [sys.executable, "-m", "simulator.mutants.child", *map(str, task)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        input=json.dumps(asdict(mutant)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=TASK_SECONDS_MAX,
    )
    return json.loads(done.stdout)
