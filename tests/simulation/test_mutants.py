"""The simulation has teeth: it finds mistakes that somebody could make in the handler."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from simulator import stored
from simulator.invariants import ALL, OF_A_JANITOR, OF_GUARDS
from simulator.mutants import hook
from simulator.mutants.mutant import Mutant, StaleMutant, source_of
from simulator.mutants.search import kill_of, killed_by, known_kill_of
from simulator.mutants.table import BY_NAME, MUTANTS

SEEDS_MAX: Final = 20_000
"""Of every mutant the seed that is noted with it is tried first: only where that fails are there so many."""


GUARDS: Final = {
    mutant.name: {found.seed for found in stored.every() if mutant.name in found.guards} for mutant in MUTANTS
}
"""The stored histories that are kept for each mutant."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_the_simulation_kills(mutant: Mutant) -> None:
    """Histories violate the mutant's own guarantee, and do not with the handler as it is.

    Those that are stored, if there are any: ``test_found`` shows that these are clean without the mutant.
    """
    guards = GUARDS[mutant.name]
    if guards:
        assert killed_by(mutant, guards) == guards
        return
    kill = known_kill_of(mutant, SEEDS_MAX)
    assert kill is not None, f"{mutant.name} survives {SEEDS_MAX} seeds: {mutant.meaning}"


def test_every_guarantee_that_is_watched_has_a_mutant() -> None:
    """An invariant that nothing ever violates may be blind.

    What D4 finds ``test_guards_in_histories`` shows, with a duty that turns without a reason.
    """
    assert {mutant.guarantee for mutant in MUTANTS} | {"D4"} == {
        invariant.guarantee for invariant in (*ALL, *OF_A_JANITOR, *OF_GUARDS)
    }
    assert len(BY_NAME) == len(MUTANTS)


def test_a_mutant_whose_text_has_moved_on_says_so() -> None:
    """Neither a text that is gone nor one that stands twice is replaced in silence."""
    mutant = MUTANTS[0]
    for text, count in (("no such text", 0), ("return", source_of(mutant).count("return"))):
        stale = dataclasses.replace(mutant, text=text)
        with pytest.raises(StaleMutant, match=f"stands {count} times in {mutant.file}"):
            stale.applied_to(source_of(mutant))


def test_a_mutant_that_changes_nothing_survives() -> None:
    """The kill comes of the mistake, not of how the mutant is played."""
    for mutant in (BY_NAME["tried-model-left"], BY_NAME["hand-over-refused-in-silence"]):
        harmless = dataclasses.replace(mutant, replacement=mutant.text)
        assert kill_of(harmless, mutant.seed, 1) is None
        assert kill_of(mutant, mutant.seed, 1) is not None


def test_a_seed_that_the_handler_itself_fails_kills_no_mutant(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control decides: what is violated without the mutant says nothing about it."""
    mutant = BY_NAME["tried-model-left"]
    assert kill_of(mutant, mutant.seed, 1) is not None
    monkeypatch.setattr("simulator.mutants.search.violations_of", lambda plan, guarantee: [guarantee])
    assert kill_of(mutant, mutant.seed, 1) is None


def test_a_mutant_stays_out_of_a_process_that_has_the_handler() -> None:
    """It could only be half in there, and other tests would meet it."""
    before = list(sys.meta_path)
    with pytest.raises(RuntimeError, match="imported already"):
        hook.install(MUTANTS[0])
    assert sys.meta_path == before


def test_a_mutant_leaves_no_bytecode_behind(tmp_path: Path) -> None:
    """Whoever imports the handler later gets it as it is."""
    mutant = MUTANTS[0]
    code = (
        "import importlib, simulator.mutants.hook as hook, simulator.mutants.table as table;"
        f"hook.install(table.MUTANTS[0]); importlib.import_module({mutant.module!r})"
    )
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    cached = {file.name.split(".")[0] for file in tmp_path.rglob("running_model_handler/core/*.pyc")}
    assert "status" in cached
    assert Path(mutant.file).stem not in cached
