"""Lambda's execution environments: what ends a worker process, and what does not.

- A new version of a function. MiniStack kills every worker of a function when its code or its settings
  change, also those in the middle of a run. On AWS a run that has begun goes on with the code it began with,
  to its end or its time-out; only later ones see the change.
- An error that the handler raises. MiniStack kills the worker and starts the next run in a new one. On AWS
  the environment stays, with everything that its modules remember; only a process that has died, or was
  killed for its time-out, is started anew (Lambda guide, lambda-runtime-environment).
- Logging. MiniStack passes a function's LoggingConfig on to nobody, so that ``logging.info`` is lost and a
  warning is plain text. AWS's runtimes learn it from their environment; ``worker_guard`` does as they do.
- Idleness. MiniStack ends a worker that has been idle for five minutes, and counts from the beginning of its
  last run: after a long one it is ended at once. On AWS, too, an environment is kept for a while after a run;
  here it counts from the end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from local_aws.corrections import lambda_logs, ministack

_RAISED: Final = "raised"
"""A key of the workers' protocol that MiniStack does not have."""
_STREAM: Final = "AWS_LAMBDA_LOG_STREAM_NAME"


def install() -> None:
    """Puts the corrected functions in place."""
    runtime, service = ministack.lambda_runtime, ministack.lambda_service
    run, spawn = runtime.Worker.invoke, runtime.Worker._spawn
    # MiniStack keeps it for a name of its own, which is no stream's. A function's own value never counts.
    runtime._RESERVED_RUNTIME_ENV_VARS.discard(_STREAM)

    def spawn_worker(worker: Any) -> None:
        own = worker.config
        worker.config = with_log_settings(own, lambda_logs.stream_of(worker))
        try:
            spawn(worker)
        finally:
            worker.config = own
        worker._proc.stdout = _Answers(worker._proc.stdout)

    def invoke(worker: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return revealed(run(worker, *arguments, **named))
        except Exception:
            worker._out_of_date = True
            raise
        finally:
            worker.last_used = time.time()
            if getattr(worker, "_out_of_date", False):
                runtime.kill_workers([worker])

    runtime.Worker._spawn, runtime.Worker.invoke = spawn_worker, invoke
    runtime.invalidate_worker = service.invalidate_worker = _retire


def with_log_settings(config: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """A function's configuration, with the variables by which AWS's runtimes learn how and where to log."""
    logging = config.get("LoggingConfig") or {}
    told = {
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat") or "Text",
        "AWS_LAMBDA_LOG_GROUP_NAME": lambda_logs.group_of(config),
        _STREAM: stream,
    }
    if told["AWS_LAMBDA_LOG_FORMAT"] == "JSON":
        told["AWS_LAMBDA_LOG_LEVEL"] = logging.get("ApplicationLogLevel") or "INFO"
    variables = (config.get("Environment") or {}).get("Variables") or {}
    return {**config, "Environment": {"Variables": {**variables, **told}}}


class _Answers:
    """The lines that a worker prints, as MiniStack reads them."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines

    def readline(self) -> str:
        """The next line, empty once the process has ended."""
        return disguised(self._lines.readline())


def disguised(line: str) -> str:
    """A worker's line; where it tells of an error that the handler raised, one that tells of a success.

    MiniStack takes every error for a reason to kill the worker. That of a handler bears its stack trace.
    """
    answer = _answer_in(line)
    raised_by_handler = answer.get("status") == "error" and "trace" in answer
    return json.dumps({"status": "ok", _RAISED: answer}) + "\n" if raised_by_handler else line


def _answer_in(line: str) -> dict[str, Any]:
    """The worker's answer that a line holds; empty for anything else that it prints."""
    try:
        answer = json.loads(line)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def revealed(response: Mapping[str, Any]) -> dict[str, Any]:
    """MiniStack's response with the error in it that ``disguised`` has hidden."""
    raised: Mapping[str, Any] = response.get(_RAISED, {})
    return {key: value for key, value in response.items() if key != _RAISED} | dict(raised)


def _retire(
    func_name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
) -> None:
    """Takes a function's workers out of the pool: idle ones end now, busy ones after their run.

    The parameters are those of MiniStack's function of this purpose; None stands for any.
    """
    runtime = ministack.lambda_runtime
    wanted = (account, region, func_name, qualifier)
    idle = []
    with runtime._lock:
        for key in [key for key in runtime._workers if _matches(key, wanted)]:
            for worker in runtime._workers.pop(key):
                if worker.in_use:
                    worker._out_of_date = True
                else:
                    idle.append(worker)
    runtime.kill_workers(idle)


def _matches(key: str, wanted: tuple[str | None, ...]) -> bool:
    # A key is ACCOUNT:REGION:FUNCTION:QUALIFIER.
    parts = key.split(":")
    return len(parts) == len(wanted) and all(w in (None, part) for w, part in zip(wanted, parts, strict=True))
