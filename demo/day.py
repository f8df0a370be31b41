"""A day of three guarded models, in which the time between two things that happen is skipped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from demo.commands import Cdk
from demo.guarded_app import NAMES
from demo.marks import Told, sweeps
from demo.picture import scratched_plate
from demo.showing import promise
from local_aws import EmbeddedAws
from local_aws.rekognition import Settings
from local_aws.timeline import Step

ZONE = ZoneInfo("Europe/Berlin")
START_SECONDS, STOP_SECONDS = 300.0, 60.0
SETTINGS = Settings(
    start_seconds=START_SECONDS,
    stop_seconds=STOP_SECONDS,
    running_models_quota=len(NAMES),
    metrics_period_seconds=1.0,
)
_APP = ("--app", "python3 -m demo.guarded_app")
_LOOK_SECONDS = 0.2
_MINUTE_SECONDS = 60.0
_SWEEP_SECONDS_MAX = 60.0
"""What a sweep takes of real time: a second, and more where its function starts cold."""
_BY_THE_MINUTE = 2
"""Schedules that are due each minute: the sweep of the queue's model, and its worker."""
_ALL_SCHEDULES = len(NAMES) + 1
_RESTING = frozenset({"STOPPED", "TRAINING_COMPLETED"})


class Day:
    """What happens, each with its promise; times are those of the clocks in Berlin."""

    def __init__(self, aws: EmbeddedAws, console: Console, folder: Path) -> None:
        self._aws = aws
        self._console = console
        self._cdk = Cdk(aws.process_environment(), folder)
        self._deployed = threading.Event()
        self.told: list[Told] = []
        """What the sweeps have said."""
        self.steps: list[Step] = []
        """In seconds since 1970."""
        emulator = aws.rekognition
        project = emulator.add_project("parts")
        self.models = {
            name: emulator.add_version(project, name.lower(), labels=["scratch"]) for name in NAMES
        }

    def run(self) -> None:
        """All of it; raises ``DemoFailed`` at the first broken promise."""
        self._until("06:20", begins=True)
        with self._step("cdk bootstrap", shown=False):
            self._cdk.run("bootstrap", f"aws://{self._aws.account}/{self._aws.region}", "--app", "")
        self._deploy()
        self._office_hours()
        self._afternoon()
        self._night()
        self.told = sweeps(self._aws)
        self._destroy()

    # --- the day ------------------------------------------------------------------------------------

    def _deploy(self) -> None:
        with self._step("cdk deploy --all"):
            skipping = threading.Thread(target=self._skip_the_start, daemon=True)
            skipping.start()
            try:
                self._cdk_all("deploy", "--require-approval", "never", "--concurrency", str(len(NAMES)))
            finally:
                self._deployed.set()
                skipping.join()
        self._promise(self._status("Preview") == "RUNNING", "the preview runs, for eight hours at most")
        self._promise(self._rests("OfficeHours"), "before its hours a deployment starts nothing")
        self._promise(self._rests("NightlyBatch"), "the batch waits for messages")

    def _skip_the_start(self) -> None:
        """The deployment waits for the preview's model; five minutes are too long for a demo."""
        others = [name for name in NAMES if name != "Preview"]
        while self._status("Preview") != "STARTING" or not all(map(self._is_made, others)):
            if self._deployed.wait(_LOOK_SECONDS):
                return
        # The message by which S3 tries the queue: the worker takes it within the minutes that are skipped.
        self._aws.client("sqs").purge_queue(QueueUrl=self._output("NightlyBatch", "QueueUrl"))
        time.sleep(2.0)
        self._aws.move_time(START_SECONDS)

    def _office_hours(self) -> None:
        self._until("06:50:10")
        self._becomes("OfficeHours", "STARTING", "ten minutes before the hours begin it is started")
        self._until("07:00")
        self._promise(self._status("OfficeHours") == "RUNNING", "at 07:00 it runs")
        for moment in ("08:00", "09:30"):
            self._until(moment)
            self._detect("OfficeHours")
        self._until("10:30")
        self._promise(self._status("OfficeHours") == "RUNNING", "an hour without a call is no reason to stop")
        self._until("11:45")
        self._becomes("OfficeHours", "STOPPED", "two hours without a call are: it is stopped as idle")

    def _afternoon(self) -> None:
        self._until("13:00")
        client = self._aws.client("rekognition")
        client.start_project_version(ProjectVersionArn=self.models["OfficeHours"], MinInferenceUnits=1)
        self._console.print("  somebody starts it by hand")
        self._until("13:10")
        self._promise(self._status("OfficeHours") == "RUNNING", "within its hours that holds")
        self._until("14:30")
        self._becomes("Preview", "STOPPED", "eight hours after its deployment the preview is stopped")
        for moment in ("14:40", "16:20", "17:50"):
            self._until(moment)
            self._detect("OfficeHours")
        self._until("19:00:05")
        self._becomes("OfficeHours", "STOPPED", "at 19:00 the hours end: stopped")

    def _night(self) -> None:
        self._until("22:00")
        bucket = self._output("NightlyBatch", "BucketName")
        for number in range(3):
            self._aws.client("s3").put_object(
                Bucket=bucket, Key=f"plate-{number}.png", Body=scratched_plate()
            )
        self._console.print("  three pictures come into the bucket")
        self._until("22:01:10")
        self._becomes("NightlyBatch", "STARTING", "a sweep has seen the messages, and starts the model")
        self._until("22:07")
        self._becomes("NightlyBatch", "RUNNING", "it runs")
        for moment in ("22:08:10", "22:09:20"):
            self._until(moment)
        looked = [
            call
            for call in self._aws.rekognition.journal.calls("DetectCustomLabels", self.models["NightlyBatch"])
            if call.detail["outcome"] == "ok"
        ]
        self._promise(len(looked) == 3, "the worker has shown all three to it")
        self._until("22:20:30")
        self._becomes("NightlyBatch", "STOPPED", "ten minutes after the queue was empty it is stopped")

    def _destroy(self) -> None:
        self._until("23:00")
        with self._step("cdk destroy --all"):
            self._cdk_all("destroy", "--force")
        self._promise(all(map(self._rests, self.models)), "nothing runs, nothing bills")

    # --- what it is made of -----------------------------------------------------------------------------

    def _until(self, clock: str, *, begins: bool = False) -> None:
        """Skip the time up to a moment of the day; the schedules that are due by then do their work."""
        now = datetime.fromtimestamp(self._aws.now(), ZONE)
        hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
        then = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
        if begins:
            # A day from Monday to Thursday that is still to come.
            then += timedelta(days=next(n for n in range(1, 8) if (then + timedelta(days=n)).weekday() < 4))
        # On a slow machine it is later already: then the schedules of the next minute are waited for.
        seconds = max(_MINUTE_SECONDS, then.timestamp() - self._aws.now())
        before = len(self._aws.invocations)
        self._aws.move_time(seconds)
        then = datetime.fromtimestamp(self._aws.now(), ZONE)
        self._console.print(f"[bold]{then:%A %H:%M}[/bold]" if begins else f"[bold]{then:%H:%M}[/bold]")
        if not begins and self.steps:
            self._wait_for_sweeps(before, _ALL_SCHEDULES if seconds > 300 else _BY_THE_MINUTE)

    def _wait_for_sweeps(self, before: int, number: int) -> None:
        def over() -> bool:
            since = self._aws.invocations[before:]
            return len(since) >= number and all(one.ended_at is not None for one in since)

        self._wait(over)

    def _becomes(self, name: str, status: str, what: str) -> None:
        if status == "STOPPED":
            self._wait(lambda: self._status(name) in ("STOPPING", "STOPPED"))
            self._promise(self._status(name) in ("STOPPING", "STOPPED"), what)
            return
        self._wait(lambda: self._status(name) == status)
        self._promise(self._status(name) == status, what)

    def _wait(self, met: Callable[[], bool]) -> None:
        until = time.monotonic() + _SWEEP_SECONDS_MAX
        while not met() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

    def _detect(self, name: str) -> None:
        client = self._aws.client("rekognition")
        answer = client.detect_custom_labels(
            ProjectVersionArn=self.models[name], Image={"Bytes": scratched_plate()}
        )
        self._promise(bool(answer["CustomLabels"]), "somebody shows it a picture, and it answers")
        # The count is put into CloudWatch each second.
        time.sleep(1.5)

    def _cdk_all(self, command: str, *options: str) -> None:
        context = [part for name, arn in self.models.items() for part in ("-c", f"{name}={arn}")]
        self._cdk.run(command, "--all", *_APP, *options, *context)

    def _output(self, stack: str, key: str) -> str:
        described = self._aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return next(str(one["OutputValue"]) for one in described["Outputs"] if one["OutputKey"] == key)

    def _status(self, name: str) -> str:
        return self._aws.rekognition.status(self.models[name])

    def _is_made(self, stack: str) -> bool:
        client = self._aws.client("cloudformation")
        try:
            return bool(
                client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
            )
        except client.exceptions.ClientError:
            return False

    def _rests(self, name: str) -> bool:
        return self._status(name) in _RESTING

    @contextmanager
    def _step(self, title: str, *, shown: bool = True) -> Iterator[None]:
        self._console.print(f"[bold]▸ {title}[/bold]")
        begin = self._aws.now()
        yield
        if shown:
            self.steps.append(Step(title, begin, self._aws.now()))

    def _promise(self, kept: bool, what: str) -> None:
        promise(self._console, kept, what)
