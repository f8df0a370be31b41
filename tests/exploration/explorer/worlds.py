"""The scenes that are explored."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from explorer.scenes import DELETE, Declared, Faults, Operation, Scene, Turn, create, deploy
from running_model_handler.core.names import ReplacementMode

V1: Final = Declared(0)
V1_BIG: Final = Declared(0, 2)
V1_POLLED: Final = Declared(0, poll_seconds=6)
V1_RETAINED: Final = Declared(0, retained=True)
V2: Final = Declared(1)
V1_STOP_FIRST: Final = Declared(0, replacement=ReplacementMode.STOP_FIRST)
V2_STOP_FIRST: Final = Declared(1, replacement=ReplacementMode.STOP_FIRST)

NONE: Final = Faults()
ONE: Final = Faults(
    total=1, duplicates=1, kills=1, refusals=1, stale=1, slow=1, hand_overs=1, late=1, failing_starts=1
)
TWO: Final = replace(ONE, total=2, duplicates=2, stale=2, refusals=2, slow=2)
TWICE: Final = Faults(duplicates=9)
"""Every request is delivered twice."""
_CUT: Final = Turn.SIBLING


def _scene(name: str, *operations: Operation, models: int = 1, quota: int = 2) -> Scene:
    return Scene(name, operations, NONE, models=models, quota=quota)


_STORIES: Final = (
    _scene("create", create(("A", V1), turn=_CUT), DELETE),
    _scene("create, deleted by the user", create(("A", V1), turn=Turn.DELETE)),
    _scene("create, no roll-back", create(("A", V1), turn=_CUT, rolls_back=False), DELETE),
    _scene("two with one model", create(("A", V1), ("B", V1), turn=_CUT), DELETE),
    _scene("resize", create(("A", V1)), deploy(("A", V1_BIG), turn=_CUT), DELETE),
    _scene("resize, no roll-back", create(("A", V1)), deploy(("A", V1_BIG), turn=_CUT, rolls_back=False), DELETE),
    _scene("touch", create(("A", V1)), deploy(("A", V1_POLLED), turn=_CUT), DELETE),
    _scene("rename", create(("A", V1)), deploy(("B", V1), turn=_CUT), DELETE),
    _scene("rename and resize", create(("A", V1)), deploy(("B", V1_BIG), turn=_CUT), DELETE),
    _scene("add another", create(("A", V1)), deploy(("A", V1), ("B", V1), turn=_CUT), DELETE),
    _scene("replace", create(("A", V1)), deploy(("A", V2), turn=_CUT), DELETE, models=2),
    _scene(
        "replace, stop first",
        create(("A", V1_STOP_FIRST)), deploy(("A", V2_STOP_FIRST), turn=_CUT), DELETE,
        models=2, quota=1,
    ),
    _scene(
        "replace, stop first, no roll-back",
        create(("A", V1_STOP_FIRST)), deploy(("A", V2_STOP_FIRST), turn=_CUT, rolls_back=False), DELETE,
        models=2, quota=1,
    ),
    _scene(
        "replace, stop first, shared",
        create(("A", V1_STOP_FIRST), ("B", V1)), deploy(("A", V2_STOP_FIRST), ("B", V1), turn=_CUT),
        models=2,
    ),
    _scene("retained", create(("A", V1_RETAINED)), DELETE),
    _scene("made anew", create(("A", V1)), deploy(("B", V2)), deploy(("A", V1), ("B", V2)), models=2),
)  # fmt: skip
SCENES: Final = {scene.name: scene for scene in _STORIES}


def faulty(name: str, faults: Faults) -> Scene:
    """A scene in which things go wrong."""
    return replace(SCENES[name], faults=faults)
