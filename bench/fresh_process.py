"""A fresh process of a function, at a scripted AWS, and the CPU time that it has used."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import botocore

from bench import scripted_aws
from bench.cpu_share import Cold, share
from bench.runtimes import NODE_RUNTIME, PYTHON_RUNTIME, node_modules
from bench.scripted_aws import Script, ScriptedAws

PERIOD_SECONDS: Final = 0.02
"""In which a share of a core is handed out, as the kernel's scheduler does it in containers."""


@dataclass(frozen=True)
class Code:
    """A function's code, as its asset has it."""

    folder: Path
    handler: str
    node: bool = False
    """Whether it is for Node.js; for Python otherwise."""
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """What is loaded."""
        return self.handler.rpartition(".")[0]


def code_of(properties: Mapping[str, Any], assets: Path) -> Code:
    """From a function's properties in a template that was synthesized into the folder ``assets``.

    What a variable refers to is another function or a state machine; one ARN stands for all.
    """
    variables = properties.get("Environment", {}).get("Variables", {})
    return Code(
        assets / f"asset.{properties['Code']['S3Key'].removesuffix('.zip')}",
        str(properties["Handler"]),
        node=properties["Runtime"].startswith("nodejs"),
        variables={
            name: value if isinstance(value, str) else scripted_aws.FUNCTION_ARN
            for name, value in variables.items()
        },
    )


def peak_mb(status: str) -> float:
    """The largest resident set, from the text of /proc/PID/status."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def debt_after(debt: float, used: float, quota: float) -> float:
    """What a process owes the next period; what it has not used of this one is gone."""
    return max(0.0, debt + used - quota)


_COMMON_VARIABLES: Final = {
    "AWS_LAMBDA_FUNCTION_NAME": "provider",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_REGION": scripted_aws.REGION,
    "AWS_DEFAULT_REGION": scripted_aws.REGION,
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "y",
    "AWS_SESSION_TOKEN": "z" * 800,
}


def _python(code: Code, authority: bytes, bundle: Path) -> tuple[list[str], dict[str, str]]:
    """Command and variables. As on Lambda all authorities that botocore knows are read; here one more."""
    bundle.write_bytes((Path(botocore.__file__).parent / "cacert.pem").read_bytes() + authority)
    return [sys.executable, str(PYTHON_RUNTIME / "lambda_process.py")], {
        "PYTHONPATH": str(code.folder),
        # An asset brings no compiled files, and Lambda can't keep them.
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_CA_BUNDLE": str(bundle),
        "SSL_CERT_FILE": str(bundle),
    }


def _node(_: Code, authority: bytes, bundle: Path) -> tuple[list[str], dict[str, str]]:
    """Command and variables. Node.js has all authorities built in; here it gets one more."""
    bundle.write_bytes(authority)
    return ["node", str(NODE_RUNTIME / "lambda_process.js")], {
        "NODE_PATH": str(node_modules()),
        "NODE_EXTRA_CA_CERTS": str(bundle),
    }


class Process:
    """A fresh process with the handler loaded."""

    def __init__(self, code: Code, aws: ScriptedAws, folder: Path) -> None:
        runtime = _node if code.node else _python
        command, variables = runtime(code, aws.authority, folder / "authorities.pem")
        self._process = subprocess.Popen(
            [*command, code.handler, str(aws.port)],
            env=_COMMON_VARIABLES | {"PATH": os.environ["PATH"]} | variables | code.variables,
            cwd=code.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._id = self._process.pid

    def wait_for(self, line: str) -> None:
        """Wait until the process says so. Raises RuntimeError when it says something else, or ends."""
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        if said != line:
            raise RuntimeError(f"the function's process said {said!r}, not {line!r}")

    def send(self, event: Mapping[str, Any]) -> None:
        """Invoke the function."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()

    def cpu_seconds(self) -> float:
        """Used so far. The clock of another process has its number in it (clock_getcpuclockid(3))."""
        return time.clock_gettime((~self._id << 3) | 2)

    def peak_mb(self) -> float:
        """The largest resident set so far."""
        return peak_mb(Path(f"/proc/{self._id}/status").read_text())

    def throttle(self, memory_mb: int, done: threading.Event) -> None:
        """Let the process run for its share of every period, until it is done."""
        quota, debt = share(memory_mb) * PERIOD_SECONDS, 0.0
        while not done.is_set():
            period_ends, before = time.monotonic() + PERIOD_SECONDS, self.cpu_seconds()
            if debt < quota:
                os.kill(self._id, signal.SIGCONT)
                while debt + self.cpu_seconds() - before < quota and time.monotonic() < period_ends:
                    time.sleep(quota / 20)
                os.kill(self._id, signal.SIGSTOP)
            debt = debt_after(debt, self.cpu_seconds() - before, quota)
            done.wait(max(0.0, period_ends - time.monotonic()))
        os.kill(self._id, signal.SIGCONT)

    def end(self) -> None:
        """The process is not needed any more, whatever it is at."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def loaded(code: Code, script: Script, heard: scripted_aws.Heard) -> Iterator[Process]:
    """A process with the handler loaded, at a scripted AWS of its own."""
    with ScriptedAws(script, heard) as aws, tempfile.TemporaryDirectory() as folder:
        process = Process(code, aws, Path(folder))
        try:
            process.wait_for("loaded")
            yield process
        finally:
            process.end()


EXAMPLE_PROPERTIES: Final = {
    "ProjectVersionArn": scripted_aws.VERSION_ARN,
    "ProjectArn": scripted_aws.PROJECT_ARN,
    "VersionName": "v1",
    "MinInferenceUnits": "1",
}
"""What every way with a function of its own is given."""


def request(kind: str, properties: Mapping[str, Any] = EXAMPLE_PROPERTIES) -> dict[str, Any]:
    """What CloudFormation sends."""
    return {
        "RequestType": kind,
        "ResponseURL": f"https://{scripted_aws.ANSWER_HOST}/x",
        "StackId": scripted_aws.STACK_ID,
        "RequestId": f"request-{kind}",
        "ResourceType": "Custom::RekognitionRunningModel",
        "LogicalResourceId": scripted_aws.LOGICAL_ID,
        "ServiceToken": scripted_aws.FUNCTION_ARN,
        "ResourceProperties": {"ServiceToken": scripted_aws.FUNCTION_ARN} | dict(properties),
    } | ({} if kind == "Create" else {"PhysicalResourceId": scripted_aws.VERSION_ARN})


def cold_start(
    code: Code,
    properties: Mapping[str, Any] = EXAMPLE_PROPERTIES,
    *,
    until: str = "StartProjectVersion",
    memory_mb: int | None = None,
) -> tuple[Cold, float]:
    """One cold start, and the seconds from its event to the call ``until``; throttled, if a size is given."""
    begun, found = threading.Event(), []

    def heard(call: str) -> None:
        if call == until and not begun.is_set():
            found.extend([process.cpu_seconds(), process.peak_mb(), time.monotonic()])
            begun.set()

    with loaded(code, Script(looks=5, events=20), heard) as process:
        load, sent_at = process.cpu_seconds(), time.monotonic()
        process.send(request("Create", properties))
        if memory_mb is not None:
            process.throttle(memory_mb, begun)
        if not begun.wait(60):
            raise RuntimeError(f"{code.handler} did not call {until}")
    cpu, peak, at = found
    return Cold(load, cpu - load, peak), at - sent_at
