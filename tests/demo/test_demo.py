"""The demo as a person runs it: to its end, and interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


def start(folder: Path) -> subprocess.Popen[str]:
    """Start the demo in a folder of its own, as the leader of a session."""
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT), "DEMO_FOLDER": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-m", "demo"], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def left_over(folder: Path) -> list[str]:
    """Command lines of processes that still have the demo's folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            if f"DEMO_FOLDER={folder}".encode() in environment:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_every_promise_is_kept(tmp_path: Path) -> None:
    """The demo ends with 0, a text and a picture."""
    process = start(tmp_path)
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output
    assert "every promise kept" in output
    assert (tmp_path / "timeline.svg").exists()
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("words", ["cdk bootstrap", "STARTING"])
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, words: str) -> None:
    """Interrupted while it sets up, or while a model starts: a short word, status 130, no process left."""
    process = start(tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing is left running" in output
    assert "Traceback" not in output
    until = time.monotonic() + 20
    while left_over(tmp_path):
        assert time.monotonic() < until, left_over(tmp_path)
        time.sleep(0.2)
