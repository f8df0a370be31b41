"""What may still go wrong, or happen otherwise, in a state: a number for each, kept in a tuple."""

from __future__ import annotations

from explorer.scenes import UNLIMITED, Faults

TOTAL, DUPLICATE, KILL, REFUSE, STALE, SLOW, HAND_OVER, LATE, FAIL, TIME_OUT, SWEEP, TURN = range(12)

Left = tuple[int, ...]
NOTHING_LEFT: Left = (0,) * 12


def left_at_first(faults: Faults) -> Left:
    """All that may go wrong in a scene."""
    return (
        faults.total, faults.duplicates, faults.kills, faults.refusals, faults.stale, faults.slow,
        faults.hand_overs, faults.late, faults.failing_starts, faults.time_outs, faults.sweeps, faults.turns,
    )  # fmt: skip


def without(left: Left, which: int) -> Left:
    """What is left after one of something that is no fault of the way."""
    return (*left[:which], left[which] - 1, *left[which + 1 :])


def spent(left: Left, fault: int) -> Left | None:
    """The faults that are left after one; None if there is none of it left."""
    if not left[fault] or not left[TOTAL]:
        return None
    if left[fault] >= UNLIMITED:
        return left
    total = left[TOTAL] if left[TOTAL] >= UNLIMITED else left[TOTAL] - 1
    return (total, *left[1:fault], left[fault] - 1, *left[fault + 1 :])
