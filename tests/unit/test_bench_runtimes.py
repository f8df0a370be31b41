"""A process of the benchmarks logs as a Lambda function does: what it writes is measured too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.runtimes import PYTHON_RUNTIME

HANDLER = """
import logging
def handler(event, context):
    logging.getLogger().info("seen %s", 1, extra={"model": "m"})
"""


def logged(folder: Path, **environment: str) -> list[str]:
    """What one invocation writes whose handler logs one line of INFO."""
    (folder / "index.py").write_text(HANDLER)
    finished = subprocess.run(
        [sys.executable, str(PYTHON_RUNTIME / "lambda_process.py"), "index.handler", "1"],
        input=json.dumps({"ServiceToken": "arn:aws:lambda"}) + "\n",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.split() == ["loaded", "done"]
    return finished.stderr.splitlines()


def test_a_line_in_json_holds_the_extra_keys(tmp_path: Path) -> None:
    """As the runtime writes it."""
    (line,) = logged(tmp_path, AWS_LAMBDA_LOG_FORMAT="JSON")
    entry = json.loads(line)
    assert (entry["level"], entry["message"], entry["model"]) == ("INFO", "seen 1", "m")
    assert len(entry["requestId"]) == 36


def test_a_level_above_silences_the_line(tmp_path: Path) -> None:
    """Also in text, where the root logger's own level counts: WARNING, until the code sets another."""
    assert logged(tmp_path, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN") == []
    assert logged(tmp_path) == []
