"""Mutants of the janitor, which keep what runs for nobody, or stop what somebody has: J1 and J2."""

from __future__ import annotations

from typing import Final

from simulator.mutants.mutant import Mutant

_JANITOR: Final = ("janitor",)

WRONG_ROUNDS: Final = (
    Mutant(
        "skipped-is-retained",
        "J1",
        "The janitor takes a model for retained that was given up when its deletion had failed.",
        "core/orphans.py",
        "each.logical_id not in begun for each in later",
        "True for each in later",
        13,
        actors=_JANITOR,
    ),
    Mutant(
        "failed-create-kept",
        "J1",
        "The janitor keeps what a resource has whose create has failed, in a stack that rests.",
        "core/orphans.py",
        "if standing.lives and (standing.has",
        "if (standing.has",
        713,
        actors=_JANITOR,
    ),
    Mutant(
        "deleted-stack-kept",
        "J1",
        "The janitor keeps the models of a stack that is deleted, as if its resources were still there.",
        "core/orphans.py",
        'return Verdict(Fate.ORPHAN, "its stack is deleted")',
        'return Verdict(Fate.KEPT, "its stack is deleted")',
        13,
        actors=_JANITOR,
    ),
    Mutant(
        "retained-is-stopped",
        "J2",
        "The janitor stops what a stack was deleted without.",
        "core/orphans.py",
        "if _was_retained(str(arn), claim, history):",
        "if False:",
        3,
        actors=_JANITOR,
    ),
)
