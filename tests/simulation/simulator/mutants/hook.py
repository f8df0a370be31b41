"""Lets this process import the handler with a mutant in it; the files stay as they are."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from simulator.mutants.mutant import HANDLER, Mutant


class _Loader(importlib.machinery.SourceFileLoader):
    """Reads one module with the mistake in it, and never from a cache of bytecode, nor into it."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(HANDLER / mutant.file))
        self._mutant = mutant

    def get_code(self, fullname: str) -> object:  # type: ignore[override]  # a code object, or None
        source = self._mutant.applied_to(self.get_data(self.path).decode())
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds one module before the usual finders do."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, _Loader(self._mutant))


def install(mutant: Mutant) -> None:
    """Put the mutant in, for good. Whatever has imported the handler before would go on without it."""
    early = sorted(name for name in sys.modules if name.split(".")[0] == "running_model_handler")
    if early:
        raise RuntimeError(f"the handler is imported already: {', '.join(early[:3])}")
    sys.meta_path.insert(0, _Finder(mutant))
