"""A function's process, and what is read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import fresh_process, runtimes, scripted_aws
from bench.fresh_process import Code

STATUS = "Name:\tpython\nVmPeak:\t  999999 kB\nVmHWM:\t   52224 kB\nVmRSS:\t   50000 kB\n"
FUNCTION = {
    "Code": {"S3Bucket": {"Fn::Sub": "assets"}, "S3Key": "abc.zip"},
    "Handler": "framework.onEvent",
    "Runtime": "nodejs24.x",
    "Environment": {"Variables": {"LEVEL": "1", "NEXT": {"Fn::GetAtt": ["Next", "Arn"]}}},
}
IN_NODE = """
const https = require("https");
exports.handler = (event) => {
  console.log("what a handler logs is no answer");
  const headers = { "X-Amz-Target": `Service.${event.ResourceProperties.Call}` };
  https.request("https://rekognition.eu-west-1.amazonaws.com/", { method: "POST", headers }).end("{}");
};
"""
IN_PYTHON = """
import os
import urllib3

def handler(event, context):
    call = event["ResourceProperties"]["Call"]
    pool = urllib3.PoolManager(ca_certs=os.environ["AWS_CA_BUNDLE"])
    headers = {"X-Amz-Target": f"Service.{call}"}
    pool.request("POST", "https://rekognition.eu-west-1.amazonaws.com/", headers=headers, body="{}")
"""


def test_the_largest_resident_set() -> None:
    """Not the present one, nor what was only reserved."""
    assert fresh_process.peak_mb(STATUS) == 51


def test_a_period_pays_for_what_the_last_one_overdrew() -> None:
    """And gains nothing by what it left."""
    assert fresh_process.debt_after(0, 0.005, 0.002) == pytest.approx(0.003)
    assert fresh_process.debt_after(0.003, 0, 0.002) == pytest.approx(0.001)
    assert fresh_process.debt_after(0, 0.001, 0.002) == 0


def test_code_of_a_template() -> None:
    """Where the asset lies; what a variable refers to has an ARN."""
    code = fresh_process.code_of(FUNCTION, Path("out"))
    assert (code.folder, code.module, code.node) == (Path("out/asset.abc"), "framework", True)
    assert code.variables == {"LEVEL": "1", "NEXT": scripted_aws.FUNCTION_ARN}
    assert not fresh_process.code_of(FUNCTION | {"Runtime": "python3.14"}, Path("out")).node


@pytest.mark.parametrize(("name", "text"), [("index.js", IN_NODE), ("index.py", IN_PYTHON)])
def test_a_cold_start_ends_with_its_call(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both runtimes the load and what follows the event are told apart, and the names of AWS lead here."""
    monkeypatch.setenv("PATH", "")
    runtimes.put_node_on_path()
    monkeypatch.setattr(fresh_process, "node_modules", lambda: tmp_path)
    (tmp_path / name).write_text(text)
    code = Code(tmp_path, "index.handler", node=name.endswith("js"))
    cold, seconds = fresh_process.cold_start(code, {"Call": "Begin"}, until="Begin")
    assert cold.load > 0.01
    assert 0 < cold.start < 10
    assert cold.peak_mb > 1
    assert seconds > 0
