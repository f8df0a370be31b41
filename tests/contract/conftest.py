"""Both worlds, behind one fixture each for stacks and for models."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import simulated_stack
from course import Course, Seen
from embedded_stack import EmbeddedStack
from models import EmulatedModel, ModelWorld, SimulatedModel

from local_aws import EmbeddedAws, Switches

Play = Callable[[Course], Seen]
WORLDS = ["simulation", pytest.param("embedded", marks=pytest.mark.slow)]


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """A running embedded AWS."""
    with EmbeddedAws(switches=Switches(async_retry_seconds=0.05)) as running:
        yield running


@pytest.fixture(scope="session")
def function_arn(aws: EmbeddedAws) -> str:
    """The function that answers as its script says."""
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws.client("iam").create_role(RoleName="scripted", AssumeRolePolicyDocument=json.dumps(trust))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", (Path(__file__).parent / "scripted_function.py").read_text())
    made = aws.client("lambda").create_function(
        FunctionName="scripted",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": packed.getvalue()},
    )
    return str(made["FunctionArn"])


@pytest.fixture(params=WORLDS)
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Plays a course in one of the worlds."""
    if request.param == "simulation":
        return simulated_stack.play
    aws: EmbeddedAws = request.getfixturevalue("aws")
    name = re.sub(r"[^A-Za-z0-9]+", "-", str(request.node.name)).removeprefix("test-")[:100].strip("-")
    return EmbeddedStack(aws, request.getfixturevalue("function_arn"), name, tmp_path).play


@pytest.fixture(params=["simulation", "emulator"])
def model(request: pytest.FixtureRequest) -> Iterator[ModelWorld]:
    """One model, and time that is moved by hand."""
    kinds: dict[str, Any] = {"simulation": SimulatedModel, "emulator": EmulatedModel}
    world: ModelWorld = kinds[request.param]()
    yield world
    world.close()
