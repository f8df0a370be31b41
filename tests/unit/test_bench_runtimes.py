"""What deployed functions get that the embedded AWS lacks."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from typing import Any

from bench.runtimes import PYTHON_RUNTIME, with_log_handler


def function(runtime: str, **properties: Any) -> dict[str, Any]:
    """A function of a template."""
    return {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": runtime, **properties}}


def test_only_python_functions_get_a_log_handler_and_keep_their_variables() -> None:
    """In the format that they are set to; the template itself stays as it is counted."""
    template = {
        "Resources": {
            "Text": function("python3.14", Environment={"Variables": {"A": "1"}}),
            "Json": function(
                "python3.14", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}
            ),
            "Node": function("nodejs24.x"),
            "Topic": {"Type": "AWS::SNS::Topic"},
        }
    }
    before = copy.deepcopy(template)
    changed = with_log_handler(template)["Resources"]
    assert template == before
    text = changed["Text"]["Properties"]["Environment"]["Variables"]
    assert text["A"] == "1"
    assert text["PYTHONPATH"].startswith(str(PYTHON_RUNTIME))
    assert "AWS_LAMBDA_LOG_FORMAT" not in text
    assert changed["Json"]["Properties"]["Environment"]["Variables"]["AWS_LAMBDA_LOG_LEVEL"] == "DEBUG"
    assert changed["Node"] == before["Resources"]["Node"]


def logged(**environment: str) -> list[str]:
    """What a process that begins as a Lambda function does writes for one line of INFO."""
    script = "import logging; logging.getLogger().info('seen %s', 1, extra={'model': 'm'})"
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PYTHON_RUNTIME), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stderr.splitlines()


def test_a_line_in_json_holds_the_extra_keys() -> None:
    """As the runtime writes it."""
    (line,) = logged(AWS_LAMBDA_LOG_FORMAT="JSON")
    entry = json.loads(line)
    assert (entry["level"], entry["message"], entry["model"]) == ("INFO", "seen 1", "m")


def test_a_level_above_silences_the_line() -> None:
    """Also in text, where the root logger's own level counts: WARNING, until the code sets another."""
    assert logged(AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN") == []
    assert logged() == []
