"""A mutant of a row: a mistake, and the scene in which it was found."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.mutants.mutant import Mutant


@dataclass(frozen=True, slots=True)
class RowMutant(Mutant):
    """One mistake in a row. Any violation kills it: without it the scene has none."""

    row: str = ""
    """The row of docs/how-it-decides.md."""
    scene: str = ""
    faults: str = "NONE"
    """Which of ``explorer.worlds``'s."""


def mutant(
    name: str,
    row: str,
    meaning: str,
    file: str,
    text: str,
    replacement: str,
    scene: str,
    faults: str = "NONE",
) -> RowMutant:
    """A mutant; see ``Mutant`` for what is given."""
    return RowMutant(name, "", meaning, file, text, replacement, 0, row, scene, faults)
