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

_CUT: Final = Turn.SIBLING


def _scene(name: str, *operations: Operation, models: int = 1, quota: int = 2) -> Scene:
    return Scene(name, operations, Faults(), models=models, quota=quota)


_STORIES: Final = (
    _scene("create", create(("A", V1), turn=_CUT), DELETE),
    _scene("create, deleted by the user", create(("A", V1), turn=Turn.DELETE)),
    _scene("create, no roll-back", create(("A", V1), turn=_CUT, rolls_back=False), DELETE),
    _scene("two with one model", create(("A", V1), ("B", V1), turn=_CUT), DELETE),
    _scene("resize", create(("A", V1)), deploy(("A", V1_BIG), turn=_CUT), DELETE),
    _scene(
        "resize, no roll-back", create(("A", V1)), deploy(("A", V1_BIG), turn=_CUT, rolls_back=False), DELETE
    ),
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
STORIES: Final = {scene.name: scene for scene in _STORIES}
FAULTS: Final = {
    "nothing": Faults(),
    "a duplicate": Faults(duplicates=1),
    "a kill": Faults(kills=1),
    "a refusal": Faults(refusals=1),
    "an old view": Faults(stale=1),
    "a slow call": Faults(slow=1),
    "a hand-over": Faults(hand_overs=1),
    "a late event": Faults(late=1),
    "a failing start": Faults(failing_starts=1),
    "a duplicate and a failing start": Faults(duplicates=1, failing_starts=1),
    "a hand-over and an old view": Faults(hand_overs=1, stale=1),
}
"""What goes wrong, by the name that a world is called with."""


def world_of(story: str, faults: str) -> Scene:
    """A story in which something goes wrong."""
    return replace(STORIES[story], name=f"{story}, with {faults}", faults=FAULTS[faults])


EVERY: Final = tuple((story, faults) for faults in FAULTS for story in STORIES)
"""All worlds, the smaller ones first."""
QUICK: Final = (
    ("create", "nothing"),
    ("create, deleted by the user", "nothing"),
    ("create", "a failing start"),
    ("resize", "nothing"),
    ("rename and resize", "nothing"),
    ("made anew", "nothing"),
    ("retained", "a duplicate"),
    ("rename", "a kill"),
    ("rename", "a refusal"),
    ("rename", "an old view"),
    ("rename", "a slow call"),
    ("rename", "a hand-over"),
    ("rename", "a late event"),
)
"""Those that every test run explores."""
