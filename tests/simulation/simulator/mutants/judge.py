"""Plays a history and says what it does against one guarantee, in what is logged too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from simulator.history import History, play
from simulator.invariants.secrets import SECRET, NothingSecretLeaves
from simulator.plan import Plan

_LOGGER: Final = logging.getLogger("running_model")


def violations_of(plan: Plan, guarantee: str) -> list[str]:
    """What a history does against a guarantee."""
    return judged(plan, guarantee)[1]


def judged(plan: Plan, guarantee: str) -> tuple[History, list[str]]:
    """A history, and what it does against a guarantee. Logs are read for G12 alone, since that takes time."""
    listens = guarantee == NothingSecretLeaves.guarantee
    with _hearing(logging.NOTSET if listens else logging.CRITICAL) as heard:
        history = play(plan)
    found = [str(one) for one in history.violations if one.guarantee == guarantee]
    return history, [*found, *(f"{guarantee}: the ResponseURL is logged with {text!r}" for text in heard)]


class _Ears(logging.Handler):
    """Hears in which log entries the secret is."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        # The text with its trace, and what Lambda's JSON format adds.
        if SECRET in self.format(record) or SECRET in str(vars(record)):
            self.heard.append(str(record.msg))


@contextmanager
def _hearing(disabled: int) -> Iterator[list[str]]:
    """Listen to what the handler logs at the level of its deployment, and keep it from everybody else."""
    ears, manager = _Ears(), logging.root.manager
    before = manager.disable, _LOGGER.level, _LOGGER.propagate
    logging.disable(disabled)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    _LOGGER.addHandler(ears)
    try:
        yield ears.heard
    finally:
        _LOGGER.removeHandler(ears)
        logging.disable(before[0])
        _LOGGER.setLevel(before[1])
        _LOGGER.propagate = before[2]
