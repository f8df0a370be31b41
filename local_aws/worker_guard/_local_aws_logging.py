"""Logging as Lambda's Python runtime sets it up, by the LoggingConfig (Lambda guide, python-logging).

JSON: each record is an object with timestamp, level, message, logger, requestId, its ``extra`` and its
exception; the application log level filters, INFO by default. Text: a line with level, time and request id;
no level is set, so that Python's own default of WARNING holds. What is printed stays as it is in both.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

_LEVELS = {"TRACE": logging.NOTSET, "WARN": logging.WARNING, "FATAL": logging.CRITICAL}
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; the rest is ``extra``."""


class _Envelopes:
    """Standard input, by which MiniStack hands over each invocation with its request id."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self.request_id = ""

    def readline(self) -> str:
        """The next envelope."""
        line = self._lines.readline()
        try:
            self.request_id = str(json.loads(line)["ctx"]["request_id"])
        except (ValueError, KeyError, TypeError):
            # The first line tells what to load, and an empty one that it is over.
            self.request_id = ""
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lines, name)


class _Json(logging.Formatter):
    def __init__(self, request_id: Callable[[], str]) -> None:
        super().__init__()
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["errorType"] = record.exc_info[0].__name__
            told["errorMessage"] = str(record.exc_info[1])
            told["stackTrace"] = traceback.format_tb(record.exc_info[2])
        told["requestId"] = self._request_id() or None
        told.update({key: value for key, value in vars(record).items() if key not in _OWN})
        return json.dumps({key: value for key, value in told.items() if value is not None}, default=str)


class _Text(logging.Formatter):
    def __init__(self, request_id: Callable[[], str]) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        self.converter = time.gmtime
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        record.aws_request_id = self._request_id()
        return super().format(record)


def install_in_worker() -> None:
    """Sets up the logging of a worker of MiniStack's; to be called before the function is loaded."""
    envelopes = _Envelopes(sys.stdin)
    sys.stdin = envelopes
    install(lambda: envelopes.request_id)


def install(request_id: Callable[[], str]) -> None:
    """Sets up the root logger; ``request_id`` tells that of the present invocation, empty between two."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(_Json(request_id))
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        logging.getLogger().setLevel(_LEVELS.get(level, level))
    else:
        handler.setFormatter(_Text(request_id))
    logging.getLogger().addHandler(handler)
