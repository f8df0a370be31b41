"""What fresh processes cost: imports of the handler, synths of an app. Medians of alternating runs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v3/1627045542080"

IMPORTS = {
    "botocore alone": "import botocore.session",
    "boto3 alone": "import boto3",
    "crhelper as it comes (three clients)": "from crhelper import CfnResource; CfnResource()",
    "our handler": "import running_model_handler.entry",
}
EMPTY_APP = "from aws_cdk import App, Stack\napp = App()\nStack(app, 'S')\napp.synth()\n"
MODEL_APP = (
    "from aws_cdk import App, Stack\nfrom rekognition_running_model import RunningModel\napp = App()\n"
    f"RunningModel(Stack(app, 'S'), 'M', project_version_arn={ARN!r})\napp.synth()\n"
)
FUNCTION_APP = (
    "from aws_cdk import App, Stack, aws_lambda as l\napp = App()\nl.Function(Stack(app, 'S'), 'F', "
    "runtime=l.Runtime.PYTHON_3_14, handler='a.b', code=l.Code.from_inline('x = 1'))\napp.synth()\n"
)
UNTYPED_APP = (
    "import json, sys\nfrom aws_cdk import App, CfnResource, Stack\napp = App()\nstack = Stack(app, 'S')\n"
    "for name, resource in json.load(open(TEMPLATE))['Resources'].items():\n"
    "    CfnResource(stack, name, type=resource['Type'], properties=resource['Properties'])\napp.synth()\n"
)
"""The same resources without any of their own modules: what CDK takes for them at least."""


def _seconds(script: str, environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    return time.perf_counter() - begin


def _medians(scripts: dict[str, str], repetitions: int, environment: dict[str, str]) -> dict[str, float]:
    """Side by side: each round runs every script once."""
    times: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(repetitions):
        for name, script in scripts.items():
            times[name].append(_seconds(script, environment))
    return {name: statistics.median(values) for name, values in times.items()}


def import_milliseconds(repetitions: int = 9) -> dict[str, float]:
    """Time of a process that imports, less the time of one that does nothing; milliseconds."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "lambda"),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
    }
    found = _medians({"nothing": "pass", **IMPORTS}, repetitions, environment)
    return {name: round((found[name] - found["nothing"]) * 1000) for name in IMPORTS}


def synth_seconds(repetitions: int = 11) -> dict[str, float]:
    """Time of a whole synth: of an empty app, of one with a model, and of two to compare with; seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = dict(os.environ) | {"CDK_OUTDIR": str(folder / "out")}
        _seconds(MODEL_APP, environment)
        template = (folder / "out" / "S.template.json").rename(folder / "template.json")
        scripts = {
            "empty app": EMPTY_APP,
            "one model": MODEL_APP,
            "its resources, untyped": UNTYPED_APP.replace("TEMPLATE", repr(str(template))),
            "a plain Lambda function": FUNCTION_APP,
        }
        found = _medians(scripts, repetitions, environment)
    return {name: round(value, 3) for name, value in found.items()}


def asset_bytes() -> dict[str, int]:
    """Size of the Lambda package, zipped as CDK does it (deflate)."""
    from rekognition_running_model._asset import stage

    with tempfile.TemporaryDirectory() as folder:
        target, archive = Path(folder) / "asset", Path(folder) / "asset.zip"
        target.mkdir()
        stage(target)
        files = sorted(path for path in target.rglob("*") if path.is_file())
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in files:
                packed.write(path, path.relative_to(target))
        return {
            "files": len(files),
            "bytes": sum(path.stat().st_size for path in files),
            "zipped bytes": archive.stat().st_size,
        }
