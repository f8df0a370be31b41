"""From what the embedded AWS has written down to the figures of one create and one delete."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.prices import Usage
from bench.templates import Function
from local_aws.journal import CustomResourceRequest, Invocation
from local_aws.rekognition.journal import CALL, TRANSITION, Entry


@dataclass(frozen=True)
class Phase:
    """A create, or a delete."""

    lag_seconds: float
    """From RUNNING (or STOPPED) to the end of the resource's request, which is its CREATE_COMPLETE (or
    DELETE_COMPLETE). Negative where the request ended first."""
    to_call_seconds: float
    """From the event to StartProjectVersion (or StopProjectVersion)."""
    calls: dict[str, int]
    """Rekognition calls by name."""
    usage: Usage

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Deployed:
    """What has to be known of a stack to read its figures out of the journals."""

    functions: Mapping[str, Function]
    """By physical name."""
    waiter_functions: frozenset[str]
    """Those that a state machine invokes: each run is a state transition."""
    rules: bool
    """Whether EventBridge rules invoke the function: every run of a request but its first."""


@dataclass(frozen=True)
class LogLine:
    """A line of a function's log."""

    function: str
    at: float
    message: str


def phase(
    request: CustomResourceRequest,
    window: tuple[float, float],
    deployed: Deployed,
    journal: Iterable[Entry],
    invocations: Iterable[Invocation],
    log: Iterable[LogLine],
) -> Phase:
    """The figures of one request; the window bounds what belongs to it. ``journal`` is the stack's own."""
    wanted, call = ("STOPPED", "StopProjectVersion")
    if request.request_type == "Create":
        wanted, call = ("RUNNING", "StartProjectVersion")
    inside = [entry for entry in journal if window[0] <= entry.at < window[1]]
    reached = [e.at for e in inside if e.kind == TRANSITION and e.detail["to"] == wanted]
    called = [e.at for e in inside if e.kind == CALL and e.operation == call]
    if not reached or not called or request.ended_at is None:
        raise ValueError(f"{request.stack_id}: the model was not seen as {wanted}")
    runs = [
        run
        for run in invocations
        if run.function in deployed.functions and window[0] <= run.started_at < window[1]
    ]
    return Phase(
        lag_seconds=request.ended_at - reached[0],
        to_call_seconds=called[0] - request.sent_at,
        calls=dict(sorted(Counter(entry.operation for entry in inside if entry.kind == CALL).items())),
        usage=lambda_usage(runs, deployed)
        + Usage(log_bytes=log_bytes([line for line in log if window[0] <= line.at < window[1]], deployed)),
    )


def billed_seconds(run: Invocation) -> float:
    """Lambda bills whole milliseconds, the initialization included."""
    if run.ended_at is None:
        raise ValueError(f"{run.function} still runs")
    return math.ceil(round((run.ended_at - run.started_at) * 1000, 3)) / 1000


def lambda_usage(runs: Sequence[Invocation], deployed: Deployed) -> Usage:
    """Requests, GB-seconds, state transitions and deliveries of rules behind a stack's invocations."""
    seconds = {True: 0.0, False: 0.0}
    for run in runs:
        function = deployed.functions[run.function]
        seconds[function.arm] += billed_seconds(run) * function.memory_mb / 1024
    firsts = len({run.cloudformation_request_id for run in runs})
    return Usage(
        requests=len(runs),
        x86_gb_seconds=seconds[False],
        arm_gb_seconds=seconds[True],
        transitions=sum(run.function in deployed.waiter_functions for run in runs),
        rule_invocations=len(runs) - firsts if deployed.rules else 0,
    )


def log_bytes(lines: Iterable[LogLine], deployed: Deployed) -> int:
    """Bytes that functions wrote. Left out: what Node says of the emulator's own code, and Lambda's lines
    where the function's settings silence them."""
    count = 0
    for line in lines:
        if line.message.startswith(("(node:", "(Use `node")):
            continue
        if line.message.startswith(("START ", "END ", "REPORT ")) and not (
            deployed.functions[line.function].system_lines
        ):
            continue
        count += len(line.message.encode()) + 1
    return count
