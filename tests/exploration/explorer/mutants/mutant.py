"""A mutant of a row: a mistake, and the world in which it was found."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.mutants.mutant import Mutant


@dataclass(frozen=True, slots=True)
class RowMutant(Mutant):
    """One mistake in a row. Any violation kills it, since without it its world has none."""

    row: str = ""
    """The row of docs/how-it-decides.md."""
    scene: str = ""
    faults: str = "nothing"
    """What goes wrong in it."""
    unneeded: str = ""
    """Why no world kills it; empty for the others."""

    @property
    def killed(self) -> bool:
        """Whether a world is known that has a violation with it."""
        return not self.unneeded


def mutant(
    name: str,
    row: str,
    meaning: str,
    file: str,
    text: str,
    replacement: str,
    scene: str,
    faults: str = "nothing",
    unneeded: str = "",
) -> RowMutant:
    """A mutant; see ``Mutant`` for what is given."""
    return RowMutant(
        name, "", meaning, file, text, replacement, 0, row=row, scene=scene, faults=faults, unneeded=unneeded
    )
