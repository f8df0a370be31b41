"""Every guarantee in many histories, the same ones every time; beyond a plain life see ``test_adversary``.

What that one plays alike is not played again: a wide plan is a plain one more often than not.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from test_adversary import SEEDS as PLAYED_WIDE

from simulator.conditions import Condition
from simulator.counting import tally
from simulator.draw import draw

SEEDS: Final = 2_000
"""Seeds from 1 on."""
PART: Final = 500
"""Seeds of one test; the first part is all that ``make test-fast`` plays."""
README: Final = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def _unhindered() -> Iterator[None]:
    """No logs, and a collector that leaves alone what the tests before have loaded."""
    logging.disable(logging.CRITICAL)
    gc.freeze()
    yield
    gc.unfreeze()
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(first, marks=[pytest.mark.slow] if first > 1 else [])
        for first in range(1, SEEDS + 1, PART)
    ],
)
def test_every_guarantee_holds(first: int) -> None:
    """G1 to G10 and G12, whatever a plan holds; ``make simulate SEEDS=1 FIRST_SEED=…`` tells a story."""
    seeds = [
        seed
        for seed in range(first, min(first + PART, SEEDS + 1))
        if seed not in PLAYED_WIDE or draw(seed, wide=True) != draw(seed, wide=False)
    ]
    played = tally(seeds, wide=False)
    assert played.histories == len(seeds)
    assert played.violations == {}


@pytest.mark.parametrize("condition", list(Condition))
def test_the_promise_names_every_condition(condition: Condition) -> None:
    """What the simulation excuses is what the README says, word for word."""
    assert condition in " ".join(README.read_text().split())
