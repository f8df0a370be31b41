"""Logging as Lambda's Python runtime sets it up, by the LoggingConfig (Lambda guide, python-logging).

JSON: each record is an object with timestamp, level, message, logger, requestId, its exception and its
``extra``, which takes no place of these; the application log level filters, INFO by default. Text: a line
with level, time and request id; no level is set, so that Python's own default of WARNING holds. What is
printed stays as it is in both.
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
        kind, error, trace = record.exc_info or (None, None, None)
        told: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": _level_name(record.levelno),
            "message": record.getMessage(),
            "logger": record.name,
            "errorType": kind.__name__ if kind is not None else None,
            "errorMessage": str(error) if kind is not None else None,
            "stackTrace": traceback.format_tb(trace) if kind is not None else None,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None,
            "requestId": self._request_id() or None,
        }
        # What the runtime tells itself comes before an ``extra`` of that name, told or not.
        extra = {key: value for key, value in vars(record).items() if key not in _OWN and key not in told}
        shown = {key: value for key, value in {**told, **extra}.items() if value is not None}
        return json.dumps(shown, default=str)


def _level_name(number: int) -> str:
    """A level between two of Python's is told as the lower one."""
    return logging.getLevelName(min(max(number, logging.NOTSET), logging.CRITICAL) // 10 * 10)


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
