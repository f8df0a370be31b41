"""All mutants, one or more for every guarantee that the simulation watches (G11 is not among them).

Their texts are short, so that few changes of the handler touch them; where one does, the mutant is written
anew.
"""

from __future__ import annotations

from typing import Final

from simulator.mutants.mutant import Mutant
from simulator.mutants.wrong_acts import WRONG_ACTS
from simulator.mutants.wrong_answers import WRONG_ANSWERS
from simulator.mutants.wrong_rounds import WRONG_ROUNDS
from simulator.mutants.wrong_sweeps import WRONG_SWEEPS


def _number(mutant: Mutant) -> tuple[str, int]:
    return mutant.guarantee[0], int(mutant.guarantee[1:])


MUTANTS: Final = tuple(sorted((*WRONG_ANSWERS, *WRONG_ACTS, *WRONG_ROUNDS, *WRONG_SWEEPS), key=_number))
BY_NAME: Final = {mutant.name: mutant for mutant in MUTANTS}
