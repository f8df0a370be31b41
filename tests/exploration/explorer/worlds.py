"""The scenes that are explored."""

from __future__ import annotations

from typing import Final

from explorer.scenes import DELETE, Declared, Faults, Scene, Turn, create, deploy
from running_model_handler.core.names import ReplacementMode

V1: Final = Declared(0)
V1_BIG: Final = Declared(0, 2)
V2: Final = Declared(1)
V2_STOP_FIRST: Final = Declared(1, replacement=ReplacementMode.STOP_FIRST)

_ALL: Final = (
    Scene("plain", (create(("A", V1)), DELETE), Faults(), models=1),
    Scene("create-delete", (create(("A", V1), turn=Turn.SIBLING), DELETE), Faults(duplicates=1, kills=1, total=1, failing_starts=1), models=1),
)
SCENES: Final = {scene.name: scene for scene in _ALL}
