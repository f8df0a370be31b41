"""Plans as files: what a search has found once is played in every test run, whatever seeds mean by then.

``python -m simulator.stored SEED …`` shrinks the plan of a seed that violates a guarantee and stores it, with
what went wrong, in ``tests/simulation/found``. To be called before the mend, with the handler that is wrong.
A plan guards as long as it fails with a mistake in the handler that is right: ``python -m simulator.mutants
--store NAME`` stores one that kills a mutant.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cattrs.preconf.json import make_converter

from simulator.draw import WIDE, draw
from simulator.history import play
from simulator.plan import KillAt, Plan
from simulator.shrink import shrink

FOUND: Final = Path(__file__).parents[1] / "found"
_converter: Final = make_converter()


@dataclass(frozen=True, slots=True)
class Found:
    """A history in which a guarantee did not hold."""

    seed: int
    guarantee: str
    violation: str
    """What the invariant said of the handler of that time, or with the mutant."""
    plan: Plan
    guards: tuple[str, ...] = ()
    """The mutants that it kills, and is kept for."""


def read(file: Path) -> Found:
    """A stored history."""
    return from_data(json.loads(file.read_text()))


def from_data(data: object) -> Found:
    """A history from plain JSON."""
    return _converter.structure(data, Found)


def to_data(found: Found) -> dict[str, Any]:
    """Plain JSON."""
    data: dict[str, Any] = _converter.unstructure(found)
    return data


def write(found: Found, folder: Path = FOUND) -> Path:
    """Store a history; returns the file."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{found.seed}.json"
    file.write_text(json.dumps(to_data(found), indent=1) + "\n")
    return file


def every() -> list[Found]:
    """All stored histories."""
    return [read(file) for file in sorted(FOUND.glob("*.json"), key=lambda file: int(file.stem))]


def find(seed: int, **drawn_with: bool) -> Found | None:
    """The shrunk history of a seed; None if it violates nothing, or only where a certain line is killed.

    Lines are counted as they run: the same number means another line after every change.
    """
    drawn = draw(seed, **drawn_with)
    violations = play(drawn).violations
    if not violations:
        return None
    guarantee = violations[0].guarantee
    plan = shrink(drawn, lambda one: guarantee in {found.guarantee for found in play(one).violations})
    if any(kill.at is KillAt.LINE for kill in plan.kills):
        return None
    said = next(found.text for found in play(plan).violations if found.guarantee == guarantee)
    return Found(seed, guarantee, said, plan)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument(
        "--wide", action=argparse.BooleanOptionalAction, default=WIDE, help="see simulator.draw"
    )
    parser.add_argument("--directory", type=Path, default=FOUND)
    parser.add_argument("--janitor", action="store_true", help="in an account with a janitor")
    parser.add_argument("--guards", action="store_true", help="with guards, and sweeps that look after them")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    for seed in arguments.seeds:
        found = find(seed, wide=arguments.wide, janitor=arguments.janitor, guards=arguments.guards)
        print(f"{seed}: nothing that can be stored" if found is None else write(found, arguments.directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
