"""Lambda's execution environments: a new version of a function does not end the runs of the old one.

MiniStack kills every worker of a function when its code or its settings change, also those in the middle of a
run. On AWS a run that has begun goes on with the code it began with, to its end or its time-out; only later
ones see the change.
"""

from __future__ import annotations

from typing import Any

from local_aws.corrections import ministack


def install() -> None:
    """Puts the corrected functions in place."""
    runtime, service = ministack.lambda_runtime, ministack.lambda_service
    run = runtime.Worker.invoke

    def invoke(worker: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return run(worker, *arguments, **named)
        except Exception:
            worker._out_of_date = True
            raise
        finally:
            if getattr(worker, "_out_of_date", False):
                runtime.kill_workers([worker])

    runtime.Worker.invoke = invoke
    runtime.invalidate_worker = service.invalidate_worker = _retire


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
