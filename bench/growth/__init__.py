"""How cost grows: one model to ten thousand, in the simulated world, under the service's quotas.

``python -m bench.growth`` measures, writes build/growth.json, the plots and the marked part of
docs/growth.md. The handler is the production one; what is varied is varied here and nowhere else.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

# The simulator is a test tool and not installed; the handler is to be the one beside this file.
for _folder in ("constructs", "lambda", "tests/simulation"):
    if str(ROOT / _folder) not in sys.path:
        sys.path.insert(0, str(ROOT / _folder))
