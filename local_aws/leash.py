"""A command that ends with the process that started it, however that ends, and with all that it has started.

After a SIGKILL nobody is there to end a child. So the command runs behind a process that reads a pipe of the
starter's: when the pipe closes, the starter is gone, and the whole process group is killed. This file is run
by its path too (``python leash.py COMMAND…``), so it imports nothing of the project.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO


def start(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], output: IO[str]
) -> subprocess.Popen[bytes]:
    """Starts a command in a process group of its own, which has the id of the process that is returned.

    That process has no input, prints to ``output``, stays until the command has ended and ends with its
    status, 128 and the signal's number if a signal has ended it. It lives as long as the pipe ``stdin`` of
    what is returned is open.
    """
    return subprocess.Popen(
        # Isolated and without site-packages: it starts in hundredths of a second.
        [sys.executable, "-I", "-S", __file__, *command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _run(command: Sequence[str]) -> int:
    """Runs a command until it ends or the pipe on standard input closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # They are for the command, which is in this group. A handler, unlike SIG_IGN, is not inherited.
        signal.signal(number, lambda *_: None)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, daemon=True, name="watch").start()
    status = process.wait()
    return 128 - status if status < 0 else status


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
