"""``python -m explorer.mutants [PROCESSES]``: what finds the mistakes in rows, as a table.

Status 1 if one is not found.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from explorer.mutants.run import explored_with
from explorer.mutants.table import MUTANTS

_ROW: Final = "| {} | {} | {} | {} | {} |"


def main() -> int:
    """Print a row for each mutant."""
    print(_ROW.format("row", "mutant: what the handler does wrong", "story", "with", "what is violated"))
    print(_ROW.format("---", "---", "---", "---", "---"))
    survived = 0
    wanted = [mutant for mutant in MUTANTS if mutant.killed]
    with ThreadPoolExecutor(int(sys.argv[1]) if sys.argv[1:] else os.cpu_count()) as pool:
        for mutant, found in zip(wanted, pool.map(explored_with, wanted), strict=True):
            survived += not found["violation"]
            violation = (found["violation"] or f"nothing in {found['states']:,} states").partition(
                ", although"
            )[0]
            what = f"{mutant.name}: {mutant.meaning}"
            print(_ROW.format(mutant.row, what, mutant.scene, mutant.faults, violation), flush=True)
    for mutant in MUTANTS:
        if not mutant.killed:
            print(f"\nNot killed: {mutant.name} ({mutant.row}). {mutant.meaning} {mutant.unneeded}")
    print(f"\n{len(wanted) - survived} of {len(wanted)} mutants killed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
