"""What the search has found in the handler, or in a mutant of it, once and for all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import stored
from simulator.draw import draw
from simulator.history import play
from simulator.mutants.table import BY_NAME

FILES = sorted(stored.FOUND.glob("*.json"), key=lambda file: int(file.stem))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_was_found_is_mended(file: Path) -> None:
    """The shrunk plan of a seed that violated a guarantee; the file says which, and how."""
    found = stored.read(file)
    assert not play(found.plan).violations, f"{found.guarantee} again: {found.violation}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_kept_guards_something(file: Path) -> None:
    """It kills a mutant, as ``test_mutants`` shows of each that is named; else nothing would be missed."""
    found = stored.read(file)
    assert found.guards
    assert {BY_NAME[name].guarantee for name in found.guards}
    assert found.seed == int(file.stem)


def test_a_plan_comes_back_from_its_file(tmp_path: Path) -> None:
    """Every field of what a seed draws, hand-written operations and kills included."""
    for seed in range(1, 40):
        found = stored.Found(seed, "G3", "it bills", draw(seed))
        assert stored.read(stored.write(found, tmp_path)) == found
