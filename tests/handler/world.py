"""A small world around the handler: a clock that jumps, one Rekognition, one CloudFormation, one Lambda.

It replaces the thin adapters of ``shell`` and nothing else, so a whole life cycle plays through the real
code in milliseconds. The emulator of ``local_aws`` shows the same handler behind real boto3 clients.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn, parse_project_version_arn
from running_model_handler.core.errors import ErrorKind, ServiceError, classify
from running_model_handler.core.names import Tag
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.wanted import ResourceView, is_alive
from running_model_handler.entry import Function, Services
from running_model_handler.shell.answer import AnswerNotSent
from running_model_handler.shell.clock import Clock

ACCOUNT, REGION = "123456789012", "eu-west-1"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/parts/11111111-2222-3333-4444-555555555555"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:provider"
URL = "https://cloudformation-custom-resource-response-euwest1.s3.example/x?X-Amz-Signature=secret"


def version_arn(name: str, project: str = "parts") -> str:
    """The ARN of a version; its creation time differs from that of its project."""
    return f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/{project}/version/{name}/1691099674800"


V1, V2, V3 = version_arn("v1"), version_arn("v2"), version_arn("v3")


def service_error(code: str, action: str = "rekognition:X", status: int = 400) -> ServiceError:
    """An error as the adapters raise it."""
    return ServiceError(classify(code, status), action, "resource", code, f"{code} of the world")


class WorldClock:
    """Time that jumps to where a sleeper wants to be, and lets what is due happen on the way."""

    def __init__(self, seed: int = 0) -> None:
        self.time = 1_700_000_000.0
        self._random = random.Random(seed)
        self._due: list[tuple[float, int, Callable[[], object]]] = []

    def now(self) -> float:
        return self.time

    def chance(self) -> float:
        return self._random.random()

    def at(self, seconds_from_now: float, action: Callable[[], object]) -> None:
        """Let something happen later."""
        self._due.append((self.time + seconds_from_now, len(self._due), action))
        self._due.sort(key=lambda entry: entry[:2])

    def sleep(self, seconds: float) -> None:
        end = self.time + max(0.0, seconds)
        while self._due and self._due[0][0] <= end:
            when, _, action = self._due.pop(0)
            self.time = max(self.time, when)
            action()
        self.time = end


@dataclass
class Version:
    """One model."""

    status: str = "TRAINING_COMPLETED"
    units: InferenceUnits | None = None
    message: str = ""
    feature: str = "CUSTOM_LABELS"
    tags: dict[str, str] = field(default_factory=dict)
    start_seconds: float = 600.0
    stop_seconds: float = 120.0
    ends_as: str = "RUNNING"
    epoch: int = 0


class World:
    """Everything around the handler; also the three adapters."""

    def __init__(self, *, invocation_seconds: float = 900.0, seed: int = 0) -> None:
        self.clock = WorldClock(seed)
        self.invocation_seconds = invocation_seconds
        self.projects = {"parts": "1690734433420"}
        self.versions: dict[str, Version] = {V1: Version(), V2: Version(), V3: Version()}
        self.history: list[tuple[float, str, str]] = []
        """(time, ARN, status) of every transition."""
        self.calls: list[tuple[str, str]] = []
        """(action without service, ARN) of every call that had an answer or an effect."""
        self.resources: dict[tuple[str, str], ResourceView] = {}
        self.events: dict[tuple[str, str], ResourceView] = {}
        self.was: dict[tuple[str, str], str] = {}
        """What a resource was before its deletion began."""
        self.stacks: dict[str, str] = {STACK: "CREATE_IN_PROGRESS"}
        self.answers: list[dict[str, Any]] = []
        self.invocations: list[dict[str, Any]] = []
        self.before: Callable[[str, str], None] = lambda action, arn: None
        """Called before every call: raises an error, or changes the world."""
        self.after: Callable[[str, str], None] = lambda action, arn: None
        """Called after a call has had its effect: raises to lose the answer."""
        self.running_quota = 2
        self.units_quota = 5
        self.stop_while_starting = False
        self.answer_refused = False
        self._queue: list[dict[str, Any]] = []
        self.function = Function(_WorldServices(self))

    # --- what happens ---------------------------------------------------------------------------

    def move(self, arn: str, status: str) -> None:
        """A model changes its status."""
        version = self.versions[arn]
        version.status = status
        version.epoch += 1
        self.history.append((self.clock.now(), arn, status))

    def move_if(self, arn: str, before: str, status: str) -> None:
        """A model changes its status, unless it has another one by then."""
        if arn in self.versions and self.versions[arn].status == before:
            self.move(arn, status)

    def _later(self, arn: str, seconds: float, status: str) -> None:
        epoch = self.versions[arn].epoch

        def happen() -> None:
            if arn in self.versions and self.versions[arn].epoch == epoch:
                self.move(arn, status)

        self.clock.at(seconds, happen)

    def statuses(self, arn: str) -> list[str]:
        """The statuses that a model went through."""
        return [status for _, changed, status in self.history if changed == arn]

    def count(self, action: str, arn: str | None = None) -> int:
        """How many calls of an action there were."""
        return sum(1 for name, target in self.calls if name == action and arn in (None, target))

    def set_resource(
        self, status: str, logical_id: str = "Model", stack: str = STACK, physical_id: str | None = None
    ) -> None:
        """What CloudFormation shows of a resource from now on."""
        self.resources[stack, logical_id] = ResourceView(status, physical_id, self.clock.now())

    def own(
        self, arn: str, *, logical_id: str = "Model", stack: str = STACK, units: str = "1", **more: str
    ) -> None:
        """Give a model to an owner."""
        tags = {Tag.STACK_ID: stack, Tag.LOGICAL_ID: logical_id, Tag.UNITS: units, Tag.REQUESTS: "earlier"}
        self.versions[arn].tags.update({str(key): value for key, value in tags.items()} | more)

    def run_model(self, arn: str, units: str = "1") -> None:
        """A model that runs already."""
        self.versions[arn].status = "RUNNING"
        self.versions[arn].units = InferenceUnits(int(units))

    # --- Lambda ---------------------------------------------------------------------------------

    def deliver(self, event: Mapping[str, Any], *, tries: int = 3) -> dict[str, Any] | None:
        """Invoke the function as Lambda does: hand-overs follow, a crash is tried again twice."""
        before = len(self.answers)
        self._queue.append(dict(event))
        while self._queue:
            current = self._queue.pop(0)
            for attempt in range(tries):
                self.invocations.append(current)
                try:
                    self.function(json.loads(json.dumps(current)), _Context(self))
                    break
                except Exception:
                    if attempt == tries - 1:
                        raise
                    self.clock.sleep(60.0 * (attempt + 1))
        return self.answers[-1] if len(self.answers) > before else None

    # --- adapters -------------------------------------------------------------------------------

    def _call(self, action: str, target: object) -> None:
        self.before(action, str(target))
        self.calls.append((action, str(target)))

    def find_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        self._call("DescribeProjects", arn)
        created = self.projects.get(arn.project_name)
        self.after("DescribeProjects", str(arn))
        return arn.project_arn(created) if created else None

    def observe(self, arn: ProjectVersionArn, project: ProjectArn) -> Observation:
        self._call("DescribeProjectVersions", arn)
        if self.projects.get(project.project_name) != project.created:
            raise service_error("ResourceNotFoundException", "rekognition:DescribeProjectVersions")
        self.after("DescribeProjectVersions", str(arn))
        version = self.versions.get(str(arn))
        if version is None:
            return ABSENT
        return Observation(version.status, version.units, version.message, version.feature)

    def start(self, arn: ProjectVersionArn, units: InferenceUnits) -> None:
        self._call("StartProjectVersion", arn)
        action, name = "rekognition:StartProjectVersion", str(arn)
        version = self._version(name, action)
        if version.status not in ("TRAINING_COMPLETED", "STOPPED", "COPYING_COMPLETED", "FAILED"):
            raise service_error("ResourceInUseException", action)
        busy = [v for v in self.versions.values() if v.status in ("STARTING", "RUNNING", "STOPPING")]
        if len(busy) >= self.running_quota or units.effective_maximum > self.units_quota:
            raise service_error("LimitExceededException", action)
        version.units = units
        self.move(name, "STARTING")
        self._later(name, version.start_seconds, version.ends_as)
        self.after("StartProjectVersion", name)

    def stop(self, arn: ProjectVersionArn) -> None:
        self._call("StopProjectVersion", arn)
        action, name = "rekognition:StopProjectVersion", str(arn)
        version = self._version(name, action)
        if version.status != "RUNNING" and not (version.status == "STARTING" and self.stop_while_starting):
            raise service_error("ResourceInUseException", action)
        self.move(name, "STOPPING")
        self._later(name, version.stop_seconds, "STOPPED")
        self.after("StopProjectVersion", name)

    def tags(self, arn: ProjectVersionArn) -> Mapping[str, str]:
        self._call("ListTagsForResource", arn)
        tags = dict(self._version(str(arn), "rekognition:ListTagsForResource").tags)
        self.after("ListTagsForResource", str(arn))
        return tags

    def tag(self, arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        self._call("TagResource", arn)
        # Rekognition API reference, TagResource: the pattern and the length of a value.
        for value in tags.values():
            assert re.fullmatch(r"[\w .:/=+\-@]{0,256}", value), value
        self._version(str(arn), "rekognition:TagResource").tags.update(tags)
        self.after("TagResource", str(arn))

    def untag(self, arn: ProjectVersionArn, keys: list[str]) -> None:
        self._call("UntagResource", arn)
        for key in keys:
            self._version(str(arn), "rekognition:UntagResource").tags.pop(key, None)
        self.after("UntagResource", str(arn))

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        self._call("DescribeStackResource", logical_id)
        return self.resources.get((stack_id, logical_id))

    def latest_event(self, stack_id: str, logical_id: str) -> ResourceView | None:
        self._call("DescribeStackEvents", logical_id)
        return self.events.get((stack_id, logical_id))

    def status_before_deletion(self, stack_id: str, logical_id: str) -> str | None:
        self._call("DescribeStackEvents", logical_id)
        return self.was.get((stack_id, logical_id))

    def may_be_taken_over(self, stack_id: str, logical_id: str, physical_id: str) -> bool:
        self._call("DescribeStackEvents", logical_id)
        return any(
            key[0] == stack_id
            and key[1] != logical_id
            and shown.physical_id == physical_id
            and is_alive(shown)
            for key, shown in self.resources.items()
        )

    def stack_status(self, stack_id: str) -> str | None:
        self._call("DescribeStacks", stack_id)
        return self.stacks.get(stack_id)

    def send(self, event: Mapping[str, Any]) -> None:
        self._call("InvokeFunction", FUNCTION)
        self._queue.append(dict(event))
        self.after("InvokeFunction", FUNCTION)

    def _version(self, arn: str, action: str) -> Version:
        version = self.versions.get(arn)
        if version is None:
            raise ServiceError(ErrorKind.NOT_FOUND, action, arn, "ResourceNotFoundException", "not found")
        return version


class _WorldServices(Services):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.clock = world.clock
        self.put_answer = self._take_answer

    @property
    def models(self) -> World:
        return self._world

    @property
    def stacks(self) -> World:
        return self._world

    def hand_over(self, function_arn: str) -> World:
        assert function_arn == FUNCTION
        return self._world

    def _take_answer(self, url: str, body: bytes, clock: Clock) -> None:
        assert url == URL
        if self._world.answer_refused:
            raise AnswerNotSent("HTTP 500")
        self._world.answers.append(json.loads(body) | {"At": clock.now(), "Bytes": len(body)})


class _Context:
    """Lambda's context object."""

    invoked_function_arn = FUNCTION
    function_name = "provider"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._ends_at = world.clock.now() + world.invocation_seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends_at - self._clock.now()) * 1000)


def properties(arn: str = V1, **changes: Any) -> dict[str, Any]:
    """ResourceProperties as CloudFormation sends them: strings throughout."""
    base = {
        "ServiceToken": FUNCTION,
        "ServiceTimeout": "3600",
        "ProjectVersionArn": arn,
        "MinInferenceUnits": "1",
    }
    return {key: value for key, value in (base | changes).items() if value is not None}


def request(
    kind: str,
    props: Mapping[str, Any],
    *,
    old: Mapping[str, Any] | None = None,
    physical_id: str | None = None,
    logical_id: str = "Model",
    stack: str = STACK,
    request_id: str = "r1",
) -> dict[str, Any]:
    """A custom resource request."""
    event: dict[str, Any] = {
        "RequestType": kind,
        "RequestId": request_id,
        "StackId": stack,
        "ResponseURL": URL,
        "ResourceType": "Custom::RekognitionRunningModel",
        "LogicalResourceId": logical_id,
        "ServiceToken": FUNCTION,
        "ResourceProperties": dict(props),
    }
    if old is not None:
        event["OldResourceProperties"] = dict(old)
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    return event


def created(world: World, arn: str = V1, **changes: Any) -> dict[str, Any] | None:
    """Deliver a create while CloudFormation wants it."""
    world.set_resource("CREATE_IN_PROGRESS")
    return world.deliver(request("Create", properties(arn, **changes)))


assert parse_project_version_arn(V1, name="V1").version_name == "v1"
