"""What Lambda's own Python runtime gives to logging, and the embedded AWS does not.

There the root logger has a handler before the function is imported, in the format that LoggingConfig says
(Lambda guide, python-logging); without it no log line of INFO would be written, or counted. Python imports
this module by its name, since its folder comes first on PYTHONPATH of the bench's functions. It then does
what the module that it stands before does.
"""

import json
import logging
import os
import runpy
import time

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class _JsonFormatter(logging.Formatter):
    """The runtime's JSON format: the record, its extra keys and its exception."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        entry: dict[str, object] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": "00000000-0000-0000-0000-000000000000",
        }
        entry |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            entry["stackTrace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(entry, default=str)


def _install() -> None:
    handler = logging.StreamHandler()
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(_JsonFormatter())
        logging.root.setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO"))
    else:
        handler.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t00000000-0000-0000-0000-000000000000\t%(message)s"
            )
        )
    logging.root.addHandler(handler)


_install()
for _folder in os.environ.get("PYTHONPATH", "").split(os.pathsep)[1:]:
    _next = os.path.join(_folder, "sitecustomize.py")
    if os.path.exists(_next):
        runpy.run_path(_next)
