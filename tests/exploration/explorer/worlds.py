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
V1_GUARDED: Final = Declared(0, guarded=True)
V1_BIG_GUARDED: Final = Declared(0, 2, guarded=True)
V2_GUARDED: Final = Declared(1, guarded=True)
V2_STOP_FIRST_GUARDED: Final = Declared(1, replacement=ReplacementMode.STOP_FIRST, guarded=True)
V2: Final = Declared(1)
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
    _scene(
        "rename and resize, no roll-back",
        create(("A", V1)), deploy(("B", V1_BIG), turn=_CUT, rolls_back=False),
    ),
    _scene("add another", create(("A", V1)), deploy(("A", V1), ("B", V1), turn=_CUT), DELETE),
    _scene("replace", create(("A", V1)), deploy(("A", V2), turn=_CUT), DELETE, models=2),
    _scene(
        "replace, stop first",
        create(("A", V1)), deploy(("A", V2_STOP_FIRST), turn=_CUT), DELETE,
        models=2, quota=1,
    ),
    _scene(
        "replace, stop first, no roll-back",
        create(("A", V1)), deploy(("A", V2_STOP_FIRST), turn=_CUT, rolls_back=False), DELETE,
        models=2, quota=1,
    ),
    _scene(
        "replace, stop first, shared",
        create(("A", V1), ("B", V1)), deploy(("A", V2_STOP_FIRST), ("B", V1), turn=_CUT),
        models=2,
    ),
    _scene(
        "replace, stop first and start first",
        create(("A", V1), ("B", V1)), deploy(("A", V2_STOP_FIRST), ("B", V2), turn=_CUT),
        models=2,
    ),
    _scene("both taken out", create(("A", V1), ("B", V1)), deploy()),
    _scene("retained", create(("A", V1_RETAINED)), DELETE),
    _scene("taken out and in again", create(("A", V1)), deploy(), deploy(("A", V1), turn=_CUT)),
    _scene(
        "resize, tried again",
        create(("A", V1)), deploy(("A", V1_BIG), rolls_back=False), deploy(("A", V1_BIG)),
    ),
    _scene(
        "resize, then add another",
        create(("A", V1)), deploy(("A", V1_BIG), rolls_back=False), deploy(("A", V1), ("B", V1), turn=_CUT),
    ),
    _scene("resize both", create(("A", V1), ("B", V1)), deploy(("A", V1_BIG), ("B", V1_BIG), turn=_CUT)),
    _scene("two with one model, no roll-back", create(("A", V1), ("B", V1), rolls_back=False)),
    _scene("made anew", create(("A", V1)), deploy(("B", V2)), deploy(("A", V1), ("B", V2)), models=2),
)  # fmt: skip
_LATER: Final = tuple(
    replace(scene, name=f"{scene.name}, later", settled=1)
    for scene in _STORIES
    if len(scene.operations) > 1 and scene.operations[0].turn is Turn.NEVER
)
"""The same where the first operation has succeeded long ago: less to visit, so that more can go wrong."""
_GUARDED: Final = (
    _scene("guarded: create alone", create(("A", V1_GUARDED))),
    _scene("guarded: create", create(("A", V1_GUARDED), turn=_CUT), DELETE),
    _scene("guarded: create both", create(("A", V1_GUARDED), ("B", V1_GUARDED))),
    _scene("guarded: create one of two", create(("A", V1_GUARDED), ("B", V1))),
    *(
        replace(scene, settled=1)
        for scene in (
            _scene("guarded: delete", create(("A", V1_GUARDED)), DELETE),
            _scene("guarded: delete both", create(("A", V1_GUARDED), ("B", V1_GUARDED)), DELETE),
            _scene("guarded: delete one of two", create(("A", V1_GUARDED), ("B", V1)), DELETE),
            _scene("guarded: resize", create(("A", V1_GUARDED)), deploy(("A", V1_BIG_GUARDED), turn=_CUT)),
            _scene("guarded: resize alone", create(("A", V1_GUARDED)), deploy(("A", V1_BIG_GUARDED))),
            _scene(
                "guarded: resize, no roll-back",
                create(("A", V1_GUARDED)), deploy(("A", V1_BIG_GUARDED), turn=_CUT, rolls_back=False),
            ),
            _scene(
                "guarded: replace",
                create(("A", V1_GUARDED)), deploy(("A", V2_GUARDED), turn=_CUT),
                models=2,
            ),
            _scene(
                "guarded: replace, stop first",
                create(("A", V1_GUARDED)), deploy(("A", V2_STOP_FIRST_GUARDED), turn=_CUT),
                models=2, quota=1,
            ),
            _scene(
                "guarded: replace, stop first, no roll-back",
                create(("A", V1_GUARDED)), deploy(("A", V2_STOP_FIRST_GUARDED), rolls_back=False),
                models=2, quota=1,
            ),
            _scene("guarded: rename", create(("A", V1_GUARDED)), deploy(("B", V1_GUARDED), turn=_CUT)),
            _scene(
                "guarded: one without guards joins",
                create(("A", V1_GUARDED)), deploy(("A", V1_GUARDED), ("B", V1), turn=_CUT),
            ),
            _scene(
                "guarded: one with guards joins",
                create(("A", V1)), deploy(("A", V1), ("B", V1_GUARDED), turn=_CUT),
            ),
            _scene("guarded: guards come", create(("A", V1)), deploy(("A", V1_GUARDED), turn=_CUT)),
            _scene(
                "guarded: replace, no roll-back",
                create(("A", V1_GUARDED)), deploy(("A", V2_GUARDED), turn=_CUT, rolls_back=False),
                models=2,
            ),
            _scene(
                "guarded: guards come with a resize, no roll-back",
                create(("A", V1)), deploy(("A", V1_BIG_GUARDED), rolls_back=False),
            ),
            _scene("guarded: guards go", create(("A", V1_GUARDED)), deploy(("A", V1), turn=_CUT)),
        )
    ),
)  # fmt: skip
"""With guards; of most the first operation has succeeded long ago, since every sweep makes more to visit."""
STORIES: Final = {
    scene.name: scene
    for scene in (
        *_STORIES,
        *_LATER,
        _scene("create alone", create(("A", V1))),
        _scene("one of two retained", create(("A", V1), ("B", V1_RETAINED)), DELETE),
        replace(
            _scene(
                "two sizes, and a third resource",
                create(("A", V1), ("B", V1_BIG)),
                deploy(("A", V1), ("B", V1_BIG), ("C", V1), turn=_CUT),
            ),
            settled=1,
        ),
        *_GUARDED,
        replace(_scene("resize alone", create(("A", V1)), deploy(("A", V1_BIG))), settled=1),
        replace(_scene("create alone, in short steps", create(("A", V1))), step_seconds=5.0),
        replace(_scene("create, in short steps", create(("A", V1), turn=_CUT), DELETE), step_seconds=5.0),
        replace(
            _scene("create, no roll-back, in short steps", create(("A", V1), turn=_CUT, rolls_back=False)),
            step_seconds=5.0,
        ),
        replace(
            _scene("taken out, then in again", create(("A", V1)), deploy(), deploy(("A", V1))), settled=2
        ),
        replace(_scene("renamed", create(("A", V1)), deploy(("B", V1)), DELETE), settled=2),
    )
}
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
    "a start that takes too long": Faults(time_outs=1),
    "a duplicate and a start that takes too long": Faults(duplicates=1, time_outs=1),
    "a duplicate and an old view": Faults(duplicates=1, stale=1),
    "two failing starts": Faults(failing_starts=2),
    "a sweep": Faults(sweeps=1),
    "a sweep off duty": Faults(sweeps=1, off=True),
    "duty turns": Faults(turns=1),
    "duty turns, from off": Faults(turns=1, off=True),
    "a sweep as duty turns": Faults(sweeps=1, turns=1),
    "a sweep as duty turns, from off": Faults(sweeps=1, turns=1, off=True),
    "two sweeps as duty turns": Faults(sweeps=2, turns=1),
    "two sweeps as duty turns, from off": Faults(sweeps=2, turns=1, off=True),
    "a sweep as duty turns, and a kill": Faults(sweeps=1, turns=1, kills=1),
    "a sweep as duty turns, from off, and a kill": Faults(sweeps=1, turns=1, off=True, kills=1),
    "a sweep as duty turns, and a refusal": Faults(sweeps=1, turns=1, refusals=1),
    "a sweep as duty turns, from off, and a refusal": Faults(sweeps=1, turns=1, off=True, refusals=1),
    "a sweep as duty turns, and an old view": Faults(sweeps=1, turns=1, stale=1),
    "a sweep as duty turns, from off, and an old view": Faults(sweeps=1, turns=1, off=True, stale=1),
    "a sweep as duty turns, and a slow call": Faults(sweeps=1, turns=1, slow=1),
    "a sweep as duty turns, from off, and a slow call": Faults(sweeps=1, turns=1, off=True, slow=1),
    "a sweep and a duplicate": Faults(sweeps=1, duplicates=1),
    "a sweep and a failing start": Faults(sweeps=1, failing_starts=1),
    "a sweep, an old view and a failing start": Faults(sweeps=1, stale=1, failing_starts=1),
    "two sweeps as duty turns, and a kill": Faults(sweeps=2, turns=1, kills=1),
    "two sweeps as duty turns, from off, and a kill": Faults(sweeps=2, turns=1, off=True, kills=1),
    "two sweeps as duty turns, from off, and an old view": Faults(sweeps=2, turns=1, off=True, stale=1),
    "a failing start as duty turns": Faults(turns=1, failing_starts=1),
    "a duplicate out of time, and a slow act, as duty turns": Faults(
        duplicates=1, duplicated=(0,), time_outs=1, slow=1, slow_acts=True, turns=1
    ),
    "hidden deletions": Faults(hides_deletions=True),
    "a hand-over and two old views": Faults(hand_overs=1, stale=2),
    "two old views": Faults(stale=2),
    "an old view and a slow act": Faults(stale=1, slow=1, slow_acts=True),
    "two starts that take too long": Faults(time_outs=2),
    "the second duplicated, and out of time": Faults(duplicates=1, duplicated=(1,), time_outs=1),
    "a duplicate out of time, and an old view": Faults(duplicates=1, duplicated=(0,), time_outs=1, stale=1),
    "a duplicate out of time, and a slow act": Faults(
        duplicates=1, duplicated=(0,), time_outs=1, slow=1, slow_acts=True
    ),
}
"""What goes wrong, by the name that a world is called with."""


def world_of(story: str, faults: str) -> Scene:
    """A story in which something goes wrong."""
    return replace(STORIES[story], name=f"{story}, with {faults}", faults=FAULTS[faults])


_EVERYWHERE: Final = (
    "nothing", "a duplicate", "a kill", "a refusal", "an old view", "a slow call", "a hand-over",
    "a late event", "a failing start", "a duplicate and a failing start", "a start that takes too long",
)  # fmt: skip
_MORE: Final = (
    ("create", "hidden deletions"),
    ("rename, later", "hidden deletions"),
    ("replace, later", "hidden deletions"),
    ("create alone", "a duplicate and a start that takes too long"),
    ("resize, later", "a duplicate and a start that takes too long"),
    ("resize, later", "an old view and a slow act"),
    ("resize, later", "two failing starts"),
    ("resize, no roll-back, later", "two failing starts"),
    ("renamed", "a duplicate and an old view"),
    ("taken out, then in again", "a duplicate and an old view"),
    ("resize, tried again, later", "the second duplicated, and out of time"),
    ("two with one model, no roll-back", "two starts that take too long"),
    ("resize alone", "a hand-over and an old view"),
    ("create alone", "a duplicate out of time, and an old view"),
    ("create alone", "a duplicate out of time, and a slow act"),
    ("guarded: create alone", "a duplicate out of time, and a slow act, as duty turns"),
    ("guarded: delete", "two sweeps as duty turns, and a kill"),
    ("guarded: delete", "two sweeps as duty turns, from off, and a kill"),
    ("guarded: delete", "two sweeps as duty turns, from off, and an old view"),
    ("guarded: replace, stop first, no roll-back", "a sweep, an old view and a failing start"),
    ("guarded: resize", "a failing start as duty turns"),
    ("guarded: guards come with a resize, no roll-back", "a failing start as duty turns"),
)
_WITH_GUARDS: Final = (
    "nothing", "a sweep", "a sweep off duty", "duty turns", "duty turns, from off", "a sweep as duty turns",
    "a sweep as duty turns, from off", "two sweeps as duty turns", "two sweeps as duty turns, from off",
    "a sweep as duty turns, and a kill", "a sweep as duty turns, from off, and a kill",
    "a sweep as duty turns, and a refusal", "a sweep as duty turns, from off, and a refusal",
    "a sweep as duty turns, and an old view", "a sweep as duty turns, from off, and an old view",
    "a sweep as duty turns, and a slow call", "a sweep as duty turns, from off, and a slow call",
    "a sweep and a duplicate", "a sweep and a failing start",
)  # fmt: skip
_WORLDS: Final = (
    *((story, faults) for faults in _EVERYWHERE for story, scene in STORIES.items() if not scene.guarded),
    *_MORE,
    *((scene.name, faults) for faults in _WITH_GUARDS for scene in _GUARDED),
)
EVERY: Final = tuple(dict.fromkeys(_WORLDS))
"""All worlds."""
QUICK: Final = (
    ("create", "nothing"),
    ("create, deleted by the user", "nothing"),
    ("create", "a failing start"),
    ("resize", "nothing"),
    ("rename and resize, no roll-back", "nothing"),
    ("taken out, then in again", "a duplicate and an old view"),
    ("create", "hidden deletions"),
    ("made anew", "nothing"),
    ("retained", "a duplicate"),
    ("rename", "a kill"),
    ("rename", "a refusal"),
    ("rename", "an old view"),
    ("rename", "a slow call"),
    ("rename", "a hand-over"),
    ("rename", "a late event"),
    ("create alone, in short steps", "an old view"),
    ("resize alone", "a hand-over and an old view"),
    ("one of two retained", "nothing"),
    ("guarded: create alone", "a sweep as duty turns"),
    ("guarded: delete", "a sweep as duty turns, from off"),
    ("guarded: one with guards joins", "a sweep off duty"),
    ("guarded: guards go", "a sweep"),
)
"""Those that every test run explores."""
