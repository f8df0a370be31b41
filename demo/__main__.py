"""Runs the demo: ``python -m demo``. Exit status 0 only if every step was as promised; 130 after ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from demo.commands import Cdk
from demo.live import Watch
from demo.picture import scratched_plate
from demo.showing import promise, show, show_timeline
from local_aws import EmbeddedAws
from local_aws.rekognition import Settings
from local_aws.timeline import Step, Timeline, build, gap

START_SECONDS, STOP_SECONDS = 10.0, 4.0
STACK = "RunningModel"
FOLDER = Path(os.environ.get("DEMO_FOLDER", "build/demo"))
REPLACEMENT = "cdk deploy: version v2 takes over"


class Demo:
    """The steps, each with its promise."""

    def __init__(self, aws: EmbeddedAws, console: Console) -> None:
        self._aws = aws
        self._console = console
        self._steps: list[Step] = []
        self._begin = time.time()
        emulator = aws.rekognition
        project = emulator.add_project("parts")
        self._old = emulator.add_version(project, "v1", labels=["scratch", "dent"])
        self._new = emulator.add_version(project, "v2", labels=["scratch", "dent"])
        self.names = {self._old: "parts v1", self._new: "parts v2"}
        self._cdk = Cdk(aws.process_environment(), FOLDER)
        self._watch = Watch(
            console,
            self.names,
            emulator.status,
            self._stack_status,
            start_seconds=START_SECONDS,
            stop_seconds=STOP_SECONDS,
        )

    def run(self) -> None:
        """All of it; raises ``DemoFailed`` at the first broken promise."""
        with self._watch:
            with self._step("cdk bootstrap"):
                self._cdk.run("bootstrap", f"aws://{self._aws.account}/{self._aws.region}", "--app", "")
            with self._step("cdk deploy: version v1, 1 unit"):
                outputs = self._cdk.deploy(STACK, self._context(self._old, 1))
            self._promise(outputs["Status"] == "RUNNING", "the output Status says RUNNING")
            self._promise(self._runs(self._old, 1), "v1 runs with 1 unit when the deployment ends")
            self._promise(self._old in outputs["StopCommand"], "an output tells how to stop it by hand")
            with self._step("DetectCustomLabels"):
                self._detect()
            with self._step("cdk deploy: 2 units"):
                outputs = self._cdk.deploy(STACK, self._context(self._old, 2))
            self._promise(self._runs(self._old, 2), "v1 runs with 2 units after the resize")
            with self._step(REPLACEMENT):
                self._cdk.deploy(STACK, self._context(self._new, 2))
            self._promise(self._runs(self._new, 2), "v2 runs after the replacement")
            self._promise(self._status(self._old) == "STOPPED", "v1 is stopped by the clean-up")
            self._promise(
                gap(self.timeline(), REPLACEMENT) == 0, "at every moment one of the two was RUNNING"
            )
            with self._step("cdk destroy"):
                self._cdk.destroy(self._context(self._new, 2))
            resting = {"STOPPED", "TRAINING_COMPLETED"}
            self._promise(
                all(self._status(arn) in resting for arn in self.names), "nothing runs, nothing bills"
            )
            self._promise(self._stack_status() == "gone", "the stack is gone")

    def timeline(self) -> Timeline:
        """What happened so far."""
        steps = [step for step in self._steps if step.title != "cdk bootstrap"]
        entries = self._aws.rekognition.journal.entries
        return build(entries, self.names, steps or self._steps, self._begin, time.time())

    def _status(self, arn: str) -> str:
        return self._aws.rekognition.status(arn)

    def _runs(self, arn: str, units: int) -> bool:
        return self._status(arn) == "RUNNING" and self._aws.rekognition.units(arn)[0] == units

    def _context(self, arn: str, units: int) -> dict[str, str]:
        return {
            "project_version_arn": arn,
            "min_inference_units": str(units),
            "poll_interval_seconds": "1",
        }

    def _detect(self) -> None:
        client = self._aws.client("rekognition")
        answer = client.detect_custom_labels(ProjectVersionArn=self._old, Image={"Bytes": scratched_plate()})
        labels = ", ".join(f"{label['Name']} {label['Confidence']:.0f} %" for label in answer["CustomLabels"])
        self._promise(bool(answer["CustomLabels"]), f"the model answers: {labels} (invented by the emulator)")

    def _stack_status(self) -> str:
        client = self._aws.client("cloudformation")
        try:
            status = str(client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])
        except client.exceptions.ClientError:
            return "gone" if len(self._steps) > 1 else "no stack yet"
        return "gone" if status == "DELETE_COMPLETE" else status

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._watch.step(title)
        begin = time.time() - self._begin
        yield
        self._steps.append(Step(title, begin, time.time() - self._begin))

    def _promise(self, kept: bool, what: str) -> None:
        promise(self._console, kept, what)


def main() -> int:
    """The exit status."""
    console = Console(highlight=False)

    def play() -> None:
        settings = Settings(start_seconds=START_SECONDS, stop_seconds=STOP_SECONDS)
        with EmbeddedAws(rekognition=settings) as aws:
            demo = Demo(aws, console)
            demo.run()
            show_timeline(console, demo.timeline(), FOLDER)

    return show(console, FOLDER, play)


if __name__ == "__main__":
    sys.exit(main())
