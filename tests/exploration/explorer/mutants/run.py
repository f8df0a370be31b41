"""Explores the world of a mutant, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

from explorer.mutants.mutant import RowMutant

STATES_MAX: Final = 300_000
SECONDS_MAX: Final = 300


def explored_with(mutant: RowMutant, states_max: int = STATES_MAX) -> dict[str, Any]:
    """What is found with a mutant, in a process that has never seen the handler without it."""
    done = subprocess.run(
        [sys.executable, "-m", "explorer.mutants.child", mutant.name, str(states_max)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        check=True,
        timeout=SECONDS_MAX,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
