"""Models in either world: the calls that change one, and time that a hand moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.rekognition import HandClock, RekognitionEmulator, Settings
from local_aws.rekognition.settings import ACCEPTED, KEPT
from simulator.errors import ApiError
from simulator.kernel import Kernel
from simulator.plan import ModelPlan, Plan
from simulator.rekognition import Rekognition

NAMES = ("v1", "v2", "v3")
START_SECONDS, STOP_SECONDS = 120.0, 30.0
SWITCHES: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "start_when_running": ("start_when_running", lambda value: value == ACCEPTED),
    "start_when_failed": ("start_when_failed", lambda value: value == ACCEPTED),
    "start_when_copied": ("start_when_copied", lambda value: value == ACCEPTED),
    "also_startable": ("also_startable", tuple),
    "stop_when_starting": ("stop_while_starting", lambda value: value == ACCEPTED),
    "stop_when_failed": ("stop_when_failed", lambda value: value == ACCEPTED),
    "stop_when_stopped": ("stop_when_stopped", lambda value: value == ACCEPTED),
    "also_stoppable": ("also_stoppable", tuple),
    "units_while_stopped": ("shows_units_at_rest", lambda value: value == KEPT),
    "wrong_status_error": ("wrong_status_error", str),
    "tagging_refused_while": ("tagging_refused_while", tuple),
}
"""Fields of ``ModelPlan``, and their values, by the emulator's names and values."""
QUOTA_SWITCHES: Final = ("quota_counts_starting", "quota_counts_stopping", "running_models_quota")
OF_PLAN: Final = {"running_models_quota": "running_quota"}
"""Fields of ``Plan``; those of another name than the emulator's."""


class ModelWorld(Protocol):
    """Three trained models of one project. A call gives the model's status after it, or an error's code."""

    def begin(self, status: str, **switches: Any) -> None:
        """Before the first call: in another status, all three, and with switches by the emulator's names."""

    def start(self, name: str = "v1", units: int = 1) -> str:
        """StartProjectVersion."""

    def stop(self, name: str = "v1") -> str:
        """StopProjectVersion."""

    def delete(self, name: str = "v1") -> str:
        """DeleteProjectVersion."""

    def status(self, name: str = "v1") -> str:
        """DescribeProjectVersions; empty if there is no such version."""

    def units(self, name: str = "v1") -> int | None:
        """Its minimum of inference units, as DescribeProjectVersions shows them."""

    def tag(self, name: str = "v1", value: str = "value") -> str:
        """TagResource with one key."""

    def tags(self, name: str = "v1") -> dict[str, str]:
        """ListTagsForResource."""

    def status_in_unknown_project(self) -> str:
        """The same, asked of a project that does not exist."""

    def pass_by(self, seconds: float) -> None:
        """Lets time pass."""

    def close(self) -> None:
        """Ends it."""


class SimulatedModel:
    """The simulation's Rekognition, by itself."""

    def __init__(self) -> None:
        self._kernel = Kernel()
        self.begin("TRAINING_COMPLETED")

    def begin(self, status: str, **switches: Any) -> None:
        """See ``ModelWorld``."""
        of_plan = {OF_PLAN.get(name, name): switches.pop(name) for name in QUOTA_SWITCHES if name in switches}
        chosen = {SWITCHES[name][0]: SWITCHES[name][1](value) for name, value in switches.items()}
        usual = ModelPlan("", "parts", status, stop_seconds=STOP_SECONDS, **chosen)
        self._plans = {name: replace(usual, name=name) for name in NAMES}
        plan = Plan(1, tuple(self._plans.values()), (), **of_plan)
        self._service = Rekognition(self._kernel, plan, acted=_nothing, moved=_nothing)

    def start(self, name: str = "v1", units: int = 1) -> str:
        """See ``ModelWorld``."""
        return self._tried(name, lambda arn: self._service.start(arn, units, None, "a test"))

    def stop(self, name: str = "v1") -> str:
        """See ``ModelWorld``."""
        return self._tried(name, lambda arn: self._service.stop(arn, "a test"))

    def delete(self, name: str = "v1") -> str:
        """See ``ModelWorld``."""
        return self._tried(name, self._service.delete)

    def status(self, name: str = "v1") -> str:
        """See ``ModelWorld``."""
        found = self._service.describe(self._plans["v1"].project_arn, name, 0.0)
        return str(found[1].status) if found is not None else ""

    def units(self, name: str = "v1") -> int | None:
        """See ``ModelWorld``."""
        found = self._service.describe(self._plans["v1"].project_arn, name, 0.0)
        return found[1].minimum if found is not None else None

    def tag(self, name: str = "v1", value: str = "value") -> str:
        """See ``ModelWorld``."""
        return self._tried(name, lambda arn: self._service.tag(arn, {"key": value}))

    def tags(self, name: str = "v1") -> dict[str, str]:
        """See ``ModelWorld``."""
        return dict(self._service.list_tags(self._plans[name].arn, 0.0))

    def status_in_unknown_project(self) -> str:
        """See ``ModelWorld``."""
        try:
            self._service.describe(self._plans["v1"].project_arn + "1", "v1", 0.0)
        except ApiError as error:
            return error.code
        return ""

    def pass_by(self, seconds: float) -> None:
        """See ``ModelWorld``."""
        until = self._kernel.now + seconds
        self._kernel.at(until, _nothing)
        self._kernel.run(until)

    def close(self) -> None:
        """See ``ModelWorld``."""
        self._kernel.close()

    def _tried(self, name: str, call: Any) -> str:
        plan = self._plans.get(name)
        try:
            call(plan.arn if plan is not None else self._plans["v1"].arn + "1")
        except ApiError as error:
            return error.code
        return self.status(name)


class EmulatedModel:
    """The emulator of the embedded AWS, over HTTP."""

    def __init__(self) -> None:
        self._clock = HandClock()
        settings = Settings(
            start_seconds=START_SECONDS,
            stop_seconds=STOP_SECONDS,
            delete_seconds=0.0,
            control_calls_per_second=None,
        )
        self._emulator = RekognitionEmulator(settings=settings, clock=self._clock)
        self._emulator.start()
        self._client: Any = boto3.client(
            "rekognition",
            endpoint_url=self._emulator.endpoint,
            region_name=self._emulator.region,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._project = self._emulator.add_project("parts")
        self._arns = {name: self._emulator.add_version(self._project, name) for name in NAMES}

    def begin(self, status: str, **switches: Any) -> None:
        """See ``ModelWorld``."""
        self._emulator.settings.update(switches)
        for arn in self._arns.values():
            self._emulator.set_status(arn, status)

    def start(self, name: str = "v1", units: int = 1) -> str:
        """See ``ModelWorld``."""
        return self._tried(name, self._client.start_project_version, MinInferenceUnits=units)

    def stop(self, name: str = "v1") -> str:
        """See ``ModelWorld``."""
        return self._tried(name, self._client.stop_project_version)

    def delete(self, name: str = "v1") -> str:
        """See ``ModelWorld``."""
        return self._tried(name, self._client.delete_project_version)

    def status(self, name: str = "v1") -> str:
        """See ``ModelWorld``."""
        return str(self._described(name).get("Status", ""))

    def units(self, name: str = "v1") -> int | None:
        """See ``ModelWorld``."""
        found: int | None = self._described(name).get("MinInferenceUnits")
        return found

    def tag(self, name: str = "v1", value: str = "value") -> str:
        """See ``ModelWorld``."""
        try:
            self._client.tag_resource(ResourceArn=self._arns[name], Tags={"key": value})
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return self.status(name)

    def tags(self, name: str = "v1") -> dict[str, str]:
        """See ``ModelWorld``."""
        return dict(self._client.list_tags_for_resource(ResourceArn=self._arns[name])["Tags"])

    def status_in_unknown_project(self) -> str:
        """See ``ModelWorld``."""
        try:
            self._client.describe_project_versions(ProjectArn=self._project + "1", VersionNames=["v1"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def pass_by(self, seconds: float) -> None:
        """See ``ModelWorld``."""
        self._clock.advance(seconds)

    def close(self) -> None:
        """See ``ModelWorld``."""
        self._emulator.stop()

    def _described(self, name: str) -> dict[str, Any]:
        answer = self._client.describe_project_versions(ProjectArn=self._project, VersionNames=[name])
        found: list[dict[str, Any]] = answer["ProjectVersionDescriptions"]
        return found[0] if found else {}

    def _tried(self, name: str, call: Any, **parameters: Any) -> str:
        arn = self._arns.get(name, self._arns["v1"] + "1")
        try:
            call(ProjectVersionArn=arn, **parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return self.status(name)


def _nothing(*_: object) -> None:
    """What the simulation tells its monitors."""
