"""A command on the leash ends with its starter, and is else as if there were none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stack_world import until

from local_aws import leash

ROOT = Path(__file__).parents[2]
STARTER = """
import sys, time
from pathlib import Path
from local_aws import leash

command = ["sh", "-c", "sleep 600 & sleep 600"]
with open("said", "w") as output:
    process = leash.start(command, folder=Path("."), environment={"PATH": sys.argv[1]}, output=output)
print(process.pid, flush=True)
time.sleep(600)
"""


def living(group: int) -> list[str]:
    """The commands of a process group that still live."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                found.append((process / "cmdline").read_text().replace("\0", " ").strip())
        except OSError:
            continue
    return found


def test_a_killed_starter_takes_the_command_and_its_children_along(tmp_path: Path) -> None:
    """SIGKILL leaves the starter no moment to end anything."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, os.environ["PATH"]], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert starter.stdout is not None
    group = int(starter.stdout.readline())
    until("both sleeps", lambda: living(group).count("sleep 600") == 2)
    starter.kill()
    starter.communicate()
    until("the end of the group", lambda: not living(group))


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("echo told; echo wrong >&2; exit 7", 7, "told\nwrong\n"),
        ("kill -KILL $$", 128 + signal.SIGKILL, ""),
        ("read line || echo no input", 0, "no input\n"),
        # As the CDK CLI does on ctrl-C: the command is asked, and ends in its own way and time.
        ("trap 'sleep 0.2; echo in order; exit 3' TERM; kill -TERM 0; sleep 9", 3, "in order\n"),
    ],
)
def test_the_command_does_not_notice(tmp_path: Path, command: str, status: int, said: str) -> None:
    """Its status, its output, and no input; signals of its group are its own."""
    with (
        (tmp_path / "said").open("w") as output,
        leash.start(["sh", "-c", command], folder=tmp_path, environment=os.environ, output=output) as process,
    ):
        assert process.wait(timeout=30) == status
    assert (tmp_path / "said").read_text() == said
