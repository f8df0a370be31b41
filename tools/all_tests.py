"""Every check and every test: those that wait for models beside those that compute.

The end-to-end tests wait most of their time, so they run in processes of their own, many at once, while lint,
types and the other tests have the cores. Their output goes to build/e2e.log and is shown at the end. The last
line is pytest's own summary of the many tests, or of those that failed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LOG: Final = ROOT / "build" / "e2e.log"
COMPUTING: Final = ("lint", "types", "matrix-quick", "test-computing")
WAITING: Final = ("e2e",)


def main() -> int:
    """Run all of it with make; the exit status of what fails first."""
    make = [os.environ.get("MAKE", "make"), "--no-print-directory"]
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("w") as log:
        # A group of its own: ctrl-C comes here alone, and what has to end is ended below.
        waiting = subprocess.Popen(
            [*make, *WAITING], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status, summary = _shown([*make, *COMPUTING])
            if status == 0:
                print("the end-to-end tests:", flush=True)
                status = waiting.wait()
                print(LOG.read_text(), end="")
                if status == 0:
                    print(f"the tests beside them:\n{summary}")
        finally:
            _end(waiting)
    return status


def _shown(command: list[str]) -> tuple[int, str]:
    """Run a command and show what it writes; its exit status, and its last line: pytest's own summary."""
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return running.returncode, last


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
