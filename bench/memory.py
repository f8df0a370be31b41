"""``python -m bench.memory``: what a fresh process of the function needs, and which memory size fits it.

Prints the tables of docs/decisions/0014-memory-size.md. On AWS a function gets one vCPU at 1,769 MB, and in
proportion to its memory below ("Configure Lambda function memory"); while it is loaded it gets a whole one
(observed, not promised). So the CPU time of a process, told apart by that moment, gives the time on AWS.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import botocore

from bench import scripted_aws
from bench.processes import example
from bench.scripted_aws import Script, ScriptedAws
from bench.stacks import ROOT
from bench.templates import MEMORY_MB_DEFAULT
from bench.variants import BOTO3_WAITER, CRHELPER_POLLER, OURS

VCPU_MB: Final = 1769
SIZES: Final = (128, 192, 256, 512, 1024)
GOAL_SECONDS: Final = 1.5
HEADROOM: Final = 1.35
"""Of the peak: AWS's own runtime and newer releases of botocore take more than what is measured here."""
PERIOD_SECONDS: Final = 0.02
"""In which a share of a core is handed out, as the kernel's scheduler does it in containers."""
PROCESS: Final = ROOT / "bench" / "python_runtime" / "lambda_process.py"


@dataclass(frozen=True)
class Cold:
    """CPU seconds of one fresh process, and its peak, until its model is told to start."""

    load: float
    """From the start of the interpreter until the handler is loaded."""
    start: float
    """From the event to StartProjectVersion."""
    peak_mb: float


def share(memory_mb: float) -> float:
    """Of a vCPU, once the function is loaded; a single thread has no use for more than one."""
    return min(1.0, memory_mb / VCPU_MB)


def seconds_to_start(cold: Cold, memory_mb: float) -> float:
    """From the event of a cold start to StartProjectVersion, without what the network and AWS take."""
    return cold.load + cold.start / share(memory_mb)


def smallest_fit(cold: Cold, peak_mb: float, others: Sequence[Cold], sizes: Sequence[int] = SIZES) -> int:
    """The smallest size with room for the peak that starts in time, and before the others at their size.

    Raises ValueError if none does.
    """
    shortest = min([GOAL_SECONDS, *(seconds_to_start(other, MEMORY_MB_DEFAULT) for other in others)])
    for size in sorted(sizes):
        if size >= peak_mb * HEADROOM and seconds_to_start(cold, size) < shortest:
            return size
    raise ValueError(f"none of {sizes} has {peak_mb:.0f} MB and starts within {shortest:.2f} s")


def median(colds: Sequence[Cold]) -> Cold:
    """Of each figure by itself."""
    return Cold(
        statistics.median(cold.load for cold in colds),
        statistics.median(cold.start for cold in colds),
        statistics.median(cold.peak_mb for cold in colds),
    )


def peak_mb(status: str) -> float:
    """The largest resident set, from the text of /proc/PID/status."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def debt_after(debt: float, used: float, quota: float) -> float:
    """What a process owes the next period; what it has not used of this one is gone."""
    return max(0.0, debt + used - quota)


class Process:
    """A fresh process with the handler loaded."""

    def __init__(self, code: Path, handler: str, aws: ScriptedAws, folder: Path) -> None:
        bundle = folder / "authorities.pem"
        known = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
        bundle.write_bytes(known + aws.authority)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{PROCESS.parent}{os.pathsep}{code}",
            # An asset brings no compiled files, and Lambda can't keep them.
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_FUNCTION_NAME": "provider",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_REGION": scripted_aws.REGION,
            "AWS_DEFAULT_REGION": scripted_aws.REGION,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_SESSION_TOKEN": "z" * 800,
            "AWS_CA_BUNDLE": str(bundle),
            "SSL_CERT_FILE": str(bundle),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(PROCESS), handler, str(aws.port)],
            env=environment,
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
def loaded(code: Path, handler: str, script: Script, heard: scripted_aws.Heard) -> Iterator[Process]:
    """A process with the handler loaded, at a scripted AWS of its own."""
    with ScriptedAws(script, heard) as aws, tempfile.TemporaryDirectory() as folder:
        process = Process(code, handler, aws, Path(folder))
        try:
            process.wait_for("loaded")
            yield process
        finally:
            process.end()


def request(kind: str) -> dict[str, Any]:
    """What CloudFormation sends."""
    properties = {
        "ServiceToken": scripted_aws.FUNCTION_ARN,
        "ProjectVersionArn": scripted_aws.VERSION_ARN,
        "ProjectArn": scripted_aws.PROJECT_ARN,
        "VersionName": "v1",
        "MinInferenceUnits": "1",
    }
    return {
        "RequestType": kind,
        "ResponseURL": f"https://{scripted_aws.ANSWER_HOST}/x",
        "StackId": scripted_aws.STACK_ID,
        "RequestId": f"request-{kind}",
        "ResourceType": "Custom::RekognitionRunningModel",
        "LogicalResourceId": scripted_aws.LOGICAL_ID,
        "ServiceToken": scripted_aws.FUNCTION_ARN,
        "ResourceProperties": properties,
    } | ({} if kind == "Create" else {"PhysicalResourceId": scripted_aws.VERSION_ARN})


def cold_start(code: Path, handler: str, memory_mb: int | None = None) -> tuple[Cold, float]:
    """One cold start, and the seconds from the event to its Start; throttled, if a size is given."""
    begun, found = threading.Event(), []

    def heard(call: str) -> None:
        if call == "StartProjectVersion" and not begun.is_set():
            found.extend([process.cpu_seconds(), process.peak_mb(), time.monotonic()])
            begun.set()

    with loaded(code, handler, Script(looks=5, events=20), heard) as process:
        load, sent_at = process.cpu_seconds(), time.monotonic()
        process.send(request("Create"))
        if memory_mb is not None:
            process.throttle(memory_mb, begun)
        if not begun.wait(60):
            raise RuntimeError(f"{handler} did not start the model")
    cpu, peak, at = found
    return Cold(load, cpu - load, peak), at - sent_at


@dataclass(frozen=True)
class Life:
    """The peaks of one process that has brought a model up, handed over on the way, and taken it down."""

    loaded_mb: float
    created_mb: float
    handed_over_mb: float
    deleted_mb: float


def life(code: Path, handler: str, *, looks: int, events: int, event_characters: int) -> Life:
    """One process through a start of so many looks, in a stack with so many events of that size."""
    script = Script(looks=looks, events=events, event_characters=event_characters)
    with loaded(code, handler, script, lambda _: None) as process:
        peaks = [process.peak_mb()]
        event: dict[str, Any] | None = request("Create")
        while event is not None:
            script.handed_over = None
            process.send(event)
            process.wait_for("done")
            event = script.handed_over
            peaks.append(process.peak_mb())
        _require_success(script)
        script.request, script.looks = "Delete", 5
        process.send(request("Delete"))
        process.wait_for("done")
        _require_success(script)
        return Life(peaks[0], peaks[1], peaks[-1], process.peak_mb())


def _require_success(script: Script) -> None:
    answered, script.answered = script.answered, None
    if answered is None or answered["Status"] != "SUCCESS":
        raise RuntimeError(f"the function answered {answered}")


def table(colds: Mapping[str, Cold], sizes: Sequence[int] = SIZES) -> list[str]:
    """CPU time, and what it makes at each size, as Markdown."""
    head = (
        "| | CPU: load, ms | event to Start, ms | peak, MB | " + " | ".join(f"{s} MB" for s in sizes) + " |"
    )
    lines = [head, "| --- |" + " ---: |" * (3 + len(sizes))]
    for name, cold in colds.items():
        seconds = " | ".join(f"{seconds_to_start(cold, size):.2f} s" for size in sizes)
        figures = f"{1000 * cold.load:.0f} | {1000 * cold.start:.0f} | {cold.peak_mb:.1f}"
        lines.append(f"| {name} | {figures} | {seconds} |")
    return lines


def _codes(folder: Path) -> dict[str, tuple[Path, str]]:
    """By title: where the code of each way with a Python function of its own lies, and its handler."""
    found = {}
    for variant in (OURS, BOTO3_WAITER, CRHELPER_POLLER):
        place = folder / variant.key
        place.mkdir()
        (function,) = (
            resource["Properties"]
            for resource in example(place, variant.key, 1)["Resources"].values()
            if resource["Type"] == "AWS::Lambda::Function"
        )
        code = place / f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"
        found[variant.title] = (code, str(function["Handler"]))
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--processes", type=int, default=15, help="fresh processes of each way, by turns")
    parser.add_argument(
        "--before", type=Path, help="the folder lambda of another checkout, to be measured beside this one"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        codes = _codes(Path(folder))
        ours = codes[OURS.title]
        if chosen.before is not None:
            before = shutil.copytree(ours[0], Path(folder) / "before")
            shutil.rmtree(before / "running_model_handler")
            ignored = shutil.ignore_patterns("__pycache__")
            package = "running_model_handler"
            shutil.copytree(chosen.before / package, before / package, ignore=ignored)
            codes["before"] = (before, ours[1])
        colds: dict[str, list[Cold]] = {name: [] for name in codes}
        for _ in range(chosen.processes):
            for name, code in codes.items():
                colds[name].append(cold_start(*code)[0])
        medians = {name: median(values) for name, values in colds.items()}
        print(*table(medians), sep="\n")
        print("\nthrottled to its share of a core, event to Start beside what CPU time makes it:")
        for size in SIZES:
            seen = [cold_start(*ours, memory_mb=size) for _ in range(chosen.processes)]
            seconds = statistics.median(seconds for _, seconds in seen)
            reckoned = median([cold for cold, _ in seen]).start / share(size)
            print(f"{size} MB: {seconds:.2f} s, reckoned {reckoned:.2f} s")
        print("\npeak resident set, MB: loaded, create, hand-overs, delete")
        peak = 0.0
        for label, events, characters in (("20 events", 20, 600), ("100 events of 10 kB", 100, 10_000)):
            peaks = life(*ours, looks=250, events=events, event_characters=characters)
            peak = max(peak, peaks.deleted_mb)
            print(f"{label}: {', '.join(f'{value:.1f}' for value in vars(peaks).values())}")
    others = [medians[variant.title] for variant in (BOTO3_WAITER, CRHELPER_POLLER)]
    print(f"\nsmallest size that fits: {smallest_fit(medians[OURS.title], peak, others)} MB")


if __name__ == "__main__":
    main()
