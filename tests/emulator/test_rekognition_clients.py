"""boto3 with its waiter, the AWS CLI and the AWS SDK for JavaScript work against the emulator unchanged."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import WaiterError
from emulator_world import KEY, World, png

from local_aws.rekognition import RekognitionEmulator, Settings

SECONDS_MAX = 120
"""For one program; a guard against hanging only."""


def _program(name: str) -> str:
    """A program of this environment; a missing one fails the test, for it is part of the promise."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.fail(f"{name} is not installed beside {sys.executable}; run `make setup`")
    return found


def _environment(emulator: RekognitionEmulator) -> dict[str, str]:
    """What a person would export, and nothing of the person's own AWS configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    beside = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": f"{beside}{os.pathsep}{kept.get('PATH', '')}",
        "AWS_ENDPOINT_URL_REKOGNITION": emulator.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": emulator.region,
        "AWS_DEFAULT_REGION": emulator.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_MAX_ATTEMPTS": "1",
    }


# --- boto3 ----------------------------------------------------------------------------------------


@pytest.fixture
def hand_driven_waiter(world: World, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """botocore's waiter sleeps by the emulator's clock; returns how long it slept each time."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.clock.advance(seconds)

    # The waiter's own name for it: other threads of this process go on sleeping.
    monkeypatch.setattr("botocore.waiter.time", SimpleNamespace(sleep=sleep))
    return slept


def _wait(world: World, arn: str) -> None:
    waiter = world.rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=world.project, VersionNames=[arn.split("/")[3]])


def test_boto3_waits_until_a_model_runs(world: World, hand_driven_waiter: list[float]) -> None:
    """project_version_running polls every 30 seconds until the start's ten minutes are over."""
    arn = world.version()
    world.start(arn)
    _wait(world, arn)
    assert hand_driven_waiter == [30] * 20
    assert world.emulator.status(arn) == "RUNNING"


def test_boto3_stops_waiting_when_a_start_failed(world: World, hand_driven_waiter: list[float]) -> None:
    """FAILED ends the waiter with an error; a start that never ends lasts its 40 tries."""
    failing, endless = world.version(start_outcome="FAILED"), world.version(start_outcome="NEVER")
    world.start(failing)
    with pytest.raises(WaiterError, match="terminal failure state"):
        _wait(world, failing)
    assert len(hand_driven_waiter) == 20
    hand_driven_waiter.clear()
    world.start(endless)
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        _wait(world, endless)
    assert len(hand_driven_waiter) == 39


# --- programs -------------------------------------------------------------------------------------


@pytest.fixture
def quick() -> Iterator[tuple[RekognitionEmulator, str, str]]:
    """An emulator on real time whose models start at once, a project and a version."""
    with RekognitionEmulator(settings=Settings(start_seconds=0.2, stop_seconds=0.2)) as emulator:
        project = emulator.add_project("parts")
        emulator.add_version(project, "older", "STOPPED")
        yield emulator, project, emulator.add_version(project, "v1", labels=["good", "bad"])


class Cli:
    """The AWS CLI against an emulator."""

    def __init__(self, emulator: RekognitionEmulator) -> None:
        self._program = _program("aws")
        self._environment = _environment(emulator)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of ``aws rekognition``."""
        return subprocess.run(
            [self._program, "rekognition", *arguments, "--output", "json"],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    def answer(self, *arguments: str) -> Any:
        """The JSON of a command that has to succeed; None if it says nothing."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_aws_cli(quick: tuple[RekognitionEmulator, str, str]) -> None:
    """Start, wait, describe, tag and stop, and an error of the service, with nothing but exports."""
    emulator, project, version = quick
    cli = Cli(emulator)
    started = cli.answer(
        "start-project-version", "--project-version-arn", version, "--min-inference-units", "2"
    )
    assert started == {"Status": "STARTING"}
    cli.answer("wait", "project-version-running", "--project-arn", project, "--version-names", "v1")
    shown = cli.answer("describe-project-versions", "--project-arn", project, "--version-names", "v1")
    assert shown["ProjectVersionDescriptions"][0]["MinInferenceUnits"] == 2
    cli.answer("tag-resource", "--resource-arn", version, "--tags", "owner=cli")
    assert emulator.tags(version) == {"owner": "cli"}
    again = cli.run("start-project-version", "--project-version-arn", version, "--min-inference-units", "1")
    assert again.returncode != 0
    assert "ResourceInUseException" in again.stderr
    assert cli.answer("stop-project-version", "--project-version-arn", version) == {"Status": "STOPPING"}


def test_the_sdk_for_javascript(quick: tuple[RekognitionEmulator, str, str]) -> None:
    """Typed errors, waiter, paginator, timestamps and a picture through @aws-sdk/client-rekognition."""
    emulator, project, version = quick
    script = Path(__file__).with_name("rekognition_life.cjs")
    picture = base64.b64encode(png()).decode()
    done = subprocess.run(
        [_program("node"), str(script), emulator.endpoint, project, version],
        env={**_environment(emulator), "PICTURE": picture},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if "Cannot find module '@aws-sdk" in done.stderr:
        pytest.fail("@aws-sdk/client-rekognition is not installed in node_modules; run `make setup`")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["started"], seen["waited"], seen["stopped"]) == ("STARTING", "SUCCESS", "STOPPING")
    assert seen["errors"] == [["ResourceInUseException", True], ["InvalidImageFormatException", True]]
    assert set(seen["labels"]) <= {"good", "bad"}
    assert seen["labels"]
    assert seen["tags"] == {"owner": "js"}
    assert seen["versions"] == [["RUNNING", True], ["STOPPED", True]]
