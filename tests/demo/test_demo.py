"""The demos as a person runs them: to their end, and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


LIFE, DAY = "demo", "demo.guards"


def start(folder: Path, demo: str = LIFE) -> subprocess.Popen[str]:
    """Start a demo in a folder of its own, as the leader of a session."""
    # The sources beside this test, not what happens to be installed.
    path = os.pathsep.join(str(ROOT / part) for part in (".", "constructs", "lambda"))
    environment = dict(os.environ) | {"PYTHONPATH": path, "DEMO_FOLDER": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-m", demo], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def left_over(folder: Path) -> dict[int, str]:
    """Processes that still have the demo's folder in their environment: their command lines by id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            if f"DEMO_FOLDER={folder}".encode() in environment:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(process.name)] = command
        except OSError:
            continue
    return found


@pytest.mark.long
def test_every_promise_is_kept(tmp_path: Path) -> None:
    """The demo ends with 0, a text and a picture."""
    process = start(tmp_path)
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output
    assert "every promise kept" in output
    assert (tmp_path / "timeline.svg").exists()
    assert left_over(tmp_path) == {}


@pytest.mark.long
def test_a_day_of_guards_goes_as_promised(tmp_path: Path) -> None:
    """To its end; each start and stop is told with who did it and why, in text and picture."""
    process = start(tmp_path, DAY)
    output, _ = process.communicate(timeout=570)
    assert process.returncode == 0, output
    assert "every promise kept" in output
    marks = json.loads((tmp_path / "timeline.json").read_text())["marks"]
    assert [(mark["lane"], mark["text"].partition(": ")[0]) for mark in marks] == [
        (2, "started by cdk deploy --all"),
        (0, "started by a sweep"),
        (0, "stopped by a sweep"),
        (0, "started by hand"),
        (2, "stopped by a sweep"),
        (0, "stopped by a sweep"),
        (1, "started by a sweep"),
        (1, "stopped by a sweep"),
    ]
    picture = (tmp_path / "timeline.svg").read_text()
    for why in ("nobody calls it", "outside the running hours", "stop_after is over", "messages wait"):
        assert why in picture
    assert left_over(tmp_path) == {}


def started_until(folder: Path, words: str, demo: str = LIFE) -> subprocess.Popen[str]:
    """A demo, once it has printed some words."""
    process = start(folder, demo)
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            break
    return process


def cdk_of(folder: Path) -> int:
    """The id of the process that runs the CDK CLI."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for pid, command in left_over(folder).items():
            if Path(command.partition(" ")[0]).name == "node":
                return pid
        time.sleep(0.02)
    raise AssertionError("no CDK CLI")


def until_nothing_is_left(folder: Path) -> None:
    """Fails after 20 seconds."""
    until = time.monotonic() + 20
    while left_over(folder):
        assert time.monotonic() < until, left_over(folder)
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("demo", "words"), [(LIFE, "cdk bootstrap"), (LIFE, "STARTING"), (DAY, "cdk deploy")]
)
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, demo: str, words: str) -> None:
    """Interrupted while it sets up, or while a model starts: a short word, status 130, no process left."""
    process = started_until(tmp_path, words, demo)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing is left running" in output
    assert "Traceback" not in output
    until_nothing_is_left(tmp_path)


def test_kill_leaves_nothing_running(tmp_path: Path) -> None:
    """Without a chance to end anything, in the middle of a command of the CDK CLI."""
    process = started_until(tmp_path, "cdk bootstrap")
    # By itself it would soon end with an error, as nobody answers it any more.
    os.kill(cdk_of(tmp_path), signal.SIGSTOP)
    process.kill()
    process.communicate(timeout=60)
    until_nothing_is_left(tmp_path)
