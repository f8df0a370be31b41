"""A process that does what Lambda's Python runtime does: load the handler, then run it on events.

Run as ``lambda_process.py MODULE.HANDLER PORT``. All connections go to that port of this machine, whatever
their host: names, signatures and TLS are as on AWS. One event a line comes in; for each line, and for the
handler's being loaded, a line goes out. It logs as Lambda's runtime does, in the format that the variables
say. Sleeps take no time, so that ten minutes of waiting are as many looks and no more; the handler is told
that they have passed.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import SupportsIndex

import urllib3.util.connection

_connect = urllib3.util.connection.create_connection


class _Context:
    function_name = "provider"
    aws_request_id = log_stream_name = "x"
    memory_limit_in_mb = "128"

    def __init__(self, function_arn: str) -> None:
        self.invoked_function_arn = function_arn
        self._ends_at = time.time() + 900

    def get_remaining_time_in_millis(self) -> int:
        """Until the time-out of 15 minutes, as the function's own clock has it."""
        return round(1000 * (self._ends_at - time.time()))


def _main(handler: str, port: str) -> None:
    now, slept = time.time, [0.0]
    urllib3.util.connection.create_connection = lambda _, *more, **named: _connect(
        ("127.0.0.1", int(port)), *more, **named
    )

    def sleep(seconds: SupportsIndex | float) -> None:
        slept[0] += float(seconds)

    time.sleep = sleep
    time.time = lambda: now() + slept[0]
    _log_as_lambda_does()
    module, _, name = handler.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    print("loaded", flush=True)
    for line in sys.stdin:
        event = json.loads(line)
        function(event, _Context(event["ServiceToken"]))
        print("done", flush=True)


def _log_as_lambda_does() -> None:
    # Its folder is not on the path at the start: the sitecustomize in it is for the embedded AWS's workers.
    sys.path.append(str(Path(__file__).parents[2] / "local_aws" / "worker_guard"))
    importlib.import_module("_local_aws_logging").install(lambda: "00000000-0000-0000-0000-000000000000")


_main(*sys.argv[1:])
