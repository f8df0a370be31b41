"""Runs the real CDK CLI on the repository's own app."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws import leash

ROOT = Path(__file__).parents[1]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
COMMAND_SECONDS_MAX = 300


class DemoFailed(Exception):
    """A step was not as promised; the message is for people."""


class Cdk:
    """The CLI, in a process group of its own that ends with this process, its output in a log."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        if not CDK.exists():
            raise DemoFailed("the CDK CLI is not installed; run: make setup")
        self._folder = folder
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        self._environment = {**environment, "PATH": path}
        self.log = folder / "cdk.log"
        self.log.write_text("")
        self._outputs = folder / "outputs.json"

    def run(self, *arguments: str) -> None:
        """Run a command to its end; raises ``DemoFailed`` with the last lines of what it printed."""
        command = [
            str(CDK), *arguments, "--no-notices", "--no-version-reporting", "--no-color",
            "--output", str(self._folder / "cdk.out"),
        ]  # fmt: skip
        with self.log.open("a") as log:
            log.write(f"\n$ cdk {' '.join(arguments)}\n")
            log.flush()
            with leash.start(command, folder=ROOT, environment=self._environment, output=log) as process:
                try:
                    code = process.wait(timeout=COMMAND_SECONDS_MAX)
                except BaseException:
                    _end(process)
                    raise
        if code != 0:
            tail = "\n".join(self.log.read_text().splitlines()[-15:])
            raise DemoFailed(
                f"cdk {arguments[0]} ended with status {code}; all of it is in {self.log}\n{tail}"
            )

    def deploy(self, stack: str, context: Mapping[str, str]) -> dict[str, Any]:
        """Deploy the app with these context values; the stack's outputs."""
        self._outputs.unlink(missing_ok=True)
        chosen = [part for key, value in context.items() for part in ("-c", f"{key}={value}")]
        self.run(
            "deploy", "--require-approval", "never", "--progress", "events",
            "--outputs-file", str(self._outputs), *chosen,
        )  # fmt: skip
        outputs: dict[str, Any] = json.loads(self._outputs.read_text())[stack]
        return outputs

    def destroy(self, context: Mapping[str, str]) -> None:
        """Destroy the stack."""
        self.run("destroy", "--force", *[part for k, v in context.items() for part in ("-c", f"{k}={v}")])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the CLI and whatever it has started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=3)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
    process.wait()
