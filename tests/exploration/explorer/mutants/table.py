"""All mutants of rows."""

from __future__ import annotations

from typing import Final

from explorer.mutants.act_rows import ACT
from explorer.mutants.guard_rows import GUARDS
from explorer.mutants.wanted_rows import WANTED

MUTANTS: Final = (*WANTED, *ACT, *GUARDS)
BY_NAME: Final = {mutant.name: mutant for mutant in MUTANTS}
