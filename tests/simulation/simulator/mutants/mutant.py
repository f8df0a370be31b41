"""A mutant as data: a text of the handler's source, and what stands there instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HANDLER: Final = Path(__file__).parents[4] / "lambda" / "running_model_handler"


class StaleMutant(ValueError):
    """The handler's text has moved on: the mutant has to be written anew."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake in the handler."""

    name: str
    guarantee: str
    """The one that has to be violated: that another one is does not count."""
    meaning: str
    """One sentence: what the handler does wrong."""
    file: str
    """The module, below ``running_model_handler``."""
    text: str
    """Stands exactly once in the file."""
    replacement: str
    seed: int
    """Killed it when it was last looked at; tried first, to be quick. Any other will do as well."""
    actors: tuple[str, ...] = field(default=(), kw_only=True)
    """Who acts beside requests in the histories that it is looked for in: ``janitor``, ``guards``."""

    @property
    def drawn(self) -> dict[str, bool]:
        """What its plans are drawn with; see ``draw``."""
        return dict.fromkeys(self.actors, True)

    @property
    def module(self) -> str:
        """The name of the module that it changes."""
        return "running_model_handler." + self.file.removesuffix(".py").replace("/", ".")

    def applied_to(self, source: str) -> str:
        """The source of the module with the mistake in it; raises ``StaleMutant``."""
        count = source.count(self.text)
        if count != 1:
            raise StaleMutant(
                f"mutant {self.name}: its text stands {count} times in {self.file}, which has moved on; "
                f"write it anew: {self.text!r}"
            )
        return source.replace(self.text, self.replacement)


def source_of(mutant: Mutant) -> str:
    """The text of the module as it is."""
    return (HANDLER / mutant.file).read_text(encoding="utf-8")
