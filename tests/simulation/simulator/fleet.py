"""Plays ranges of seeds on several cores, in processes that are replaced now and then.

No pool: one of those waits for ever for a process that the machine has killed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final, cast

from simulator.counting import tally
from simulator.fast_seam import new_handler
from simulator.history import HandlerFactory
from simulator.process import prepare
from simulator.tally import Tally

CHUNK: Final = 50
"""Seeds that are counted together: a fraction of a second."""
BLOCK: Final = 60 * CHUNK
"""Seeds that one process plays before the next one takes its place."""

# Forked: a handler may be a function of a test, and what was imported is shared.
_context: Final = multiprocessing.get_context("fork")


class ProcessLost(Exception):
    """A process has ended before its work was done."""


def play_on_all_cores(
    ranges: Iterable[range], processes: int, handler: HandlerFactory = new_handler, **drawn: bool
) -> Iterator[tuple[range, Tally]]:
    """The tally of each chunk, as they come; ``drawn`` as in ``draw``. Raises ``ProcessLost``."""
    blocks = (seeds[at : at + BLOCK] for seeds in ranges for at in range(0, len(seeds), BLOCK))
    running: dict[Connection, BaseProcess] = {}
    try:
        while True:
            while len(running) < processes and (block := next(blocks, None)) is not None:
                results, process = _begin(block, handler, drawn)
                running[results] = process
            if not running:
                return
            for each in wait(list(running)):
                results = cast(Connection, each)
                told = _next(results, running[results])
                if told is not None:
                    yield told
                    continue
                running.pop(results).join()
                results.close()
    finally:
        for process in running.values():
            process.kill()
            process.join()


def _next(results: Connection, process: BaseProcess) -> tuple[range, Tally] | None:
    try:
        told: tuple[range, Tally] | None = results.recv()
    except EOFError:
        process.join()
        raise ProcessLost(f"a process of the simulation ended with code {process.exitcode}") from None
    return told


def _begin(block: range, handler: HandlerFactory, drawn: dict[str, bool]) -> tuple[Connection, BaseProcess]:
    here, there = _context.Pipe(duplex=False)
    process = _context.Process(target=_play, args=(there, block, handler, drawn, os.getpid()), daemon=True)
    process.start()
    there.close()
    return here, process


def _play(
    results: Connection, block: range, handler: HandlerFactory, drawn: dict[str, bool], parent: int
) -> None:
    # Ctrl-C is for the parent to hear, which ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    for at in range(0, len(block), CHUNK):
        seeds = block[at : at + CHUNK]
        counted = tally(seeds, handler, **drawn)
        if os.getppid() != parent:
            return
        results.send((seeds, counted))
    results.send(None)
