"""What fresh processes cost: the start of each function's code, and the synth of an app."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Stack

from bench.alternatives.model import Model
from bench.fresh_process import code_of
from bench.runtimes import node_modules
from bench.stacks import CONTEXT, ROOT, add_models, synthesize, zipped_assets
from bench.variants import VARIANTS

NOTHING = "nothing"
"""Stands for a variant: a process that loads nothing."""
EXAMPLE_MODELS = [
    Model(
        f"Model{number}",
        "arn:aws:rekognition:eu-west-1:123456789012:project/parts/1627045542000",
        f"arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v{number}/1627045542080",
    )
    for number in (1, 2)
]
EMPTY_APP = f"from aws_cdk import App, Stack\napp = App(context={CONTEXT!r})\nStack(app, 'S')\napp.synth()\n"
VARIANT_APP = (
    "from aws_cdk import App, Stack\nfrom bench.alternatives.KEY import add_models\n"
    "from bench.alternatives.model import Model\n"
    f"app = App(context={CONTEXT!r})\n"
    f"add_models(Stack(app, 'S'), [Model(*{tuple(EXAMPLE_MODELS[0])!r})])\napp.synth()\n"
)


@dataclass(frozen=True)
class Process:
    """A process to be timed."""

    command: Sequence[str]
    environment: Mapping[str, str]


def medians(processes: Mapping[str, Process], repetitions: int) -> dict[str, float]:
    """Seconds of each process, side by side: each round runs every one of them once."""
    times: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(repetitions):
        for name, process in processes.items():
            begin = time.perf_counter()
            subprocess.run(process.command, env=process.environment, check=True, capture_output=True)
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in times.items()}


def example(folder: Path, variant: str, models: int) -> dict[str, Any]:
    """The template of a stack with so many models, its assets in the folder."""

    def build(stack: Stack) -> None:
        add_models(variant, stack, EXAMPLE_MODELS[:models])

    return synthesize(folder, "S", build)


def templates(variant: str) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The template with one model, the one with two, and the bytes of the assets."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first, second = example(Path(one), variant, 1), example(Path(two), variant, 2)
        return first, second, sum(len(archive) for archive in zipped_assets(Path(one), "S").values())


def cold_start_milliseconds(repetitions: int) -> dict[str, dict[str, float]]:
    """By variant and function: the time of a fresh process that loads the function's code as Lambda does.

    An asset brings no compiled files and Lambda can't keep them, so they are not written here either.
    """
    python = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "PYTHONDONTWRITEBYTECODE": "1",
        # With it ours makes its clients on import, as the others do; what it connects to refuses at once.
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    node = python | {"NODE_PATH": str(node_modules())}
    processes = {
        f"{NOTHING} python": Process([sys.executable, "-c", "pass"], python),
        f"{NOTHING} nodejs": Process(["node", "-e", ""], node),
    }
    with tempfile.TemporaryDirectory() as place:
        for variant in VARIANTS:
            folder = Path(place) / variant.key
            folder.mkdir()
            for logical_id, resource in example(folder, variant.key, 1)["Resources"].items():
                if resource["Type"] != "AWS::Lambda::Function":
                    continue
                code = code_of(resource["Properties"], folder)
                processes[f"{variant.key} {logical_id}"] = (
                    Process(["node", "-e", f"require({str(code.folder / code.module)!r})"], node)
                    if code.node
                    else Process(
                        [sys.executable, "-c", f"import importlib; importlib.import_module({code.module!r})"],
                        python | {"PYTHONPATH": str(code.folder)},
                    )
                )
        found = medians(processes, repetitions)
    figures: dict[str, dict[str, float]] = {}
    for key, seconds in found.items():
        owner, name = key.split()
        figures.setdefault(owner, {})[name] = round(seconds * 1000)
    return figures


def synth_seconds(repetitions: int) -> dict[str, float]:
    """Time of a whole synth in a fresh process: of an empty app, and of one stack in every way."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join(str(ROOT / part) for part in (".", "constructs", "lambda"))
        environment = dict(os.environ) | {"CDK_OUTDIR": f"{folder}/out", "PYTHONPATH": path}
        scripts = {"empty app": EMPTY_APP} | {
            variant.key: VARIANT_APP.replace("KEY", variant.key) for variant in VARIANTS
        }
        found = medians(
            {name: Process([sys.executable, "-c", script], environment) for name, script in scripts.items()},
            repetitions,
        )
    return {name: round(value, 3) for name, value in found.items()}
