"""The real CDK CLI against the embedded AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from outcome import Outcome

from local_aws import EmbeddedAws

ROOT = Path(__file__).parents[2]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
DEPLOY_SECONDS_MAX = 300


class Cdk:
    """Runs the CLI in an environment that knows nothing but the embedded AWS."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self._folder = folder
        keep = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {**keep, "PATH": path, "CI": "true", **aws.environment}
        self.aws = aws

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the CLI in a process group of its own."""
        command = [str(CDK), "--no-notices", "--no-version-reporting", "--no-color", *arguments]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Outcome:
        """Run the CLI to its end."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=DEPLOY_SECONDS_MAX)
        # Shown by pytest where the test fails: an assertion on the code alone does not tell why.
        print(output)
        return Outcome(process.returncode, output)

    def deploy(self, assembly: Path, stack: str, *options: str) -> Outcome:
        """Deploy a stack of a cloud assembly."""
        arguments, outputs = _deploy_arguments(assembly, stack)
        outcome = self.run(*arguments, *options)
        if outputs.exists():
            outcome.outputs = json.loads(outputs.read_text()).get(stack, {})
        return outcome

    def start_deploy(self, assembly: Path, stack: str) -> subprocess.Popen[str]:
        """Begin to deploy a stack of a cloud assembly."""
        arguments, _ = _deploy_arguments(assembly, stack)
        return self.start(*arguments)

    def destroy(self, assembly: Path, stack: str, *options: str) -> Outcome:
        """Destroy a stack."""
        return self.run("destroy", stack, "--app", str(assembly), "--force", *options)

    def start_destroy(self, assembly: Path, stack: str) -> subprocess.Popen[str]:
        """Begin to destroy a stack."""
        return self.start("destroy", stack, "--app", str(assembly), "--force")

    def rollback(self, assembly: Path, stack: str, *options: str) -> Outcome:
        """Roll a stack back, or continue a roll-back that failed."""
        return self.run("rollback", stack, "--app", str(assembly), *options)


def _deploy_arguments(assembly: Path, stack: str) -> tuple[list[str], Path]:
    """The arguments of a deployment, and the file that gets its outputs."""
    outputs = assembly.parent / f"{assembly.name}.outputs.json"
    return [
        "deploy", stack, "--app", str(assembly), "--require-approval", "never",
        "--progress", "events", "--outputs-file", str(outputs),
    ], outputs  # fmt: skip
