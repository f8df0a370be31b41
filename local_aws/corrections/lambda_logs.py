"""What Lambda writes into a function's log group, at the moment at which it happens.

MiniStack writes a run's log when the run has ended, all of it with one time, into a stream for each run, and
tells of the platform in text. On AWS (Lambda guide, monitoring-cloudwatchlogs-logformat and
telemetry-schema-reference):

- A line shows soon after it was printed: a run may last for 15 minutes.
- An execution environment has one stream, which the function can name.
- A function that logs in JSON has platform.start and platform.report instead of START, END and REPORT. Both
  are told at the system log level INFO; at WARN only reports of runs that failed.
- The error that a handler raises is logged, as text or as JSON.
"""

from __future__ import annotations

import contextvars
import json
import logging
import math
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from local_aws.corrections import ministack

_current: contextvars.ContextVar[RunLog | None] = contextvars.ContextVar("local_aws_run_log", default=None)
_QUIET: Final = "WARN"
logger = logging.getLogger("lambda_logs")


class RunLog:
    """What one run writes. Made in the context of its account and Region; used from any thread."""

    def __init__(self, config: Mapping[str, Any], request_id: str, stream: str) -> None:
        settings = config.get("LoggingConfig") or {}
        self._group = group_of(config)
        self._stream = stream
        self._config = config
        self._request_id = request_id
        self._json = settings.get("LogFormat") == "JSON"
        self._quiet = self._json and settings.get("SystemLogLevel") == _QUIET
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._status = "success"

    def start(self) -> None:
        """The run begins."""
        version = self._config.get("Version", "$LATEST")
        if self._json:
            self._platform("start", {"version": version}, quiet=self._quiet)
        else:
            self.write([f"START RequestId: {self._request_id} Version: {version}"])

    def raised(self, response: Mapping[str, Any]) -> None:
        """A worker's answer tells of an error: the handler's own, bearing its stack trace, or the worker's
        end."""
        error, trace = str(response.get("error", "")), str(response.get("trace") or "")
        self._status = "timeout" if error.startswith("Task timed out") else "error" if trace else "failure"
        if self._status == "timeout":
            self.write([f"{_now():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {self._request_id} {error}"])
        elif self._json:
            kind = trace.rstrip().rpartition("\n")[2].partition(":")[0].rpartition(".")[2]
            told = {
                "timestamp": f"{_now():%Y-%m-%dT%H:%M:%SZ}",
                "log_level": "ERROR",
                "errorMessage": error,
                "errorType": kind or "Runtime.ExitError",
                "requestId": self._request_id,
                "stackTrace": trace.splitlines()[1:-1],
            }
            self.write([json.dumps(told)])
        else:
            lines = trace.rstrip().splitlines()
            self.write([f"[ERROR] {lines[-1]}", *lines[:-1]] if lines else error.splitlines())

    def end(self, seconds: float, max_memory_mb: int) -> None:
        """The run is over."""
        took, memory = round(seconds * 1000, 2), self._config.get("MemorySize", 128)
        if self._json:
            metrics = {
                "durationMs": took,
                "billedDurationMs": math.ceil(took),
                "memorySizeMB": memory,
                "maxMemoryUsedMB": max_memory_mb,
            }
            record = {"metrics": metrics, "status": self._status}
            self._platform("report", record, quiet=self._quiet and self._status == "success")
            return
        report = (
            f"REPORT RequestId: {self._request_id}\tDuration: {took} ms"
            f"\tBilled Duration: {math.ceil(took)} ms\tMemory Size: {memory} MB"
            f"\tMax Memory Used: {max_memory_mb} MB"
        )
        told = "" if self._status == "success" else f"\tStatus: {self._status}"
        self.write([f"END RequestId: {self._request_id}", report + told])

    def _platform(self, kind: str, record: Mapping[str, Any], *, quiet: bool) -> None:
        if not quiet:
            now = f"{_now():%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
            document = {"requestId": self._request_id, **record}
            self.write([json.dumps({"time": now, "type": f"platform.{kind}", "record": document})])

    def write(self, lines: Sequence[str]) -> None:
        """Appends lines, now. Raises nothing: a log that can't be written ends no run."""
        try:
            with self._lock:
                self._context.run(_append, self._group, self._stream, lines)
        except Exception:
            logger.exception("the log group %s", self._group)


def _append(group: str, stream: str, lines: Sequence[str]) -> None:
    service, now = ministack.logs, int(time.time() * 1000)
    if group not in service._log_groups:
        service._log_groups[group] = {
            "arn": service._make_group_arn(group),
            "creationTime": now,
            "retentionInDays": None,
            "tags": {},
            "subscriptionFilters": {},
            "streams": {},
        }
    empty = {
        "events": [],
        "uploadSequenceToken": "1",
        "creationTime": now,
        "firstEventTimestamp": None,
        "lastEventTimestamp": None,
        "lastIngestionTime": None,
    }
    kept = service._log_groups[group]["streams"].setdefault(stream, empty)
    events = [{"timestamp": now, "message": line} for line in lines]
    service._append_log_events(kept, [{**event, "ingestionTime": now} for event in events])
    service._fanout_to_subscription_filters(group, stream, events)


def _now() -> datetime:
    return datetime.now(UTC)


def group_of(config: Mapping[str, Any]) -> str:
    """The log group of a function."""
    own = (config.get("LoggingConfig") or {}).get("LogGroup")
    return str(own or f"/aws/lambda/{config.get('FunctionName', 'unknown')}")


def new_stream(config: Mapping[str, Any]) -> str:
    """The name of a new execution environment's stream."""
    return f"{_now():%Y/%m/%d}/[{config.get('Version', '$LATEST')}]{uuid.uuid4().hex}"


def stream_of(worker: Any) -> str:
    """The stream of a worker's present environment."""
    if not hasattr(worker, "_log_stream"):
        worker._log_stream = new_stream(worker.config)
    return str(worker._log_stream)


def install() -> None:
    """Puts itself in MiniStack's place; after ``lambda_workers``, whose answers it reads."""
    runtime, service = ministack.lambda_runtime, ministack.lambda_service
    invoke = runtime.Worker.invoke

    def logged(worker: Any, event: Any, request_id: str, **named: Any) -> Any:
        if worker._proc is None or worker._proc.poll() is not None:
            # It will be started anew: another environment.
            worker._log_stream = new_stream(worker.config)
        log = RunLog(worker.config, request_id, stream_of(worker))
        worker._run_log = log
        _current.set(log)
        log.start()
        try:
            response = invoke(worker, event, request_id, **named)
        except Exception as error:
            log.raised({"error": str(error)})
            raise
        if response.get("status") == "error":
            log.raised(response)
        return response

    runtime.Worker.invoke = logged
    runtime.Worker._read_stderr = _read_stderr
    service._emit_lambda_logs = _emit


def _read_stderr(worker: Any) -> None:
    """Runs in a thread for each process; what it puts into the queue is the answer to LogType=Tail."""
    for line in worker._proc.stderr:
        text = line.rstrip("\n")
        worker._stderr_queue.put(text)
        log = getattr(worker, "_run_log", None)
        if log is not None:
            log.write([text])


def _emit(
    function: Mapping[str, Any], request_id: str, text: str, error: bool, duration_ms: int, **_: Any
) -> None:
    """MiniStack's function for the end of a run, whatever ran it, in the thread that has run it."""
    log = _current.get()
    _current.set(None)
    config = function.get("config") or function
    if log is None:
        # No worker took it up.
        log = RunLog(config, request_id, new_stream(config))
        log.start()
        if text:
            log.write(text.splitlines())
        log._status = "failure" if error else "success"
    log.end(duration_ms / 1000, ministack.lambda_service._probe_peak_memory_mb(function))
