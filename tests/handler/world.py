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
from datetime import UTC, datetime
from typing import Any

from stack_log import MODEL, StackLog

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn, parse_project_version_arn
from running_model_handler.core.claim import Holder, Owner, claim_tags, read_claim
from running_model_handler.core.duty import Calls, Messages
from running_model_handler.core.errors import ErrorKind, ServiceError, classify
from running_model_handler.core.operation import STACK_IS_GONE, ResourceView, Story
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.entry import Function, Services
from running_model_handler.shell.answer import AnswerNotSent
from running_model_handler.shell.clock import Clock

ACCOUNT, REGION = "123456789012", "eu-west-1"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/parts/11111111-2222-3333-4444-555555555555"
OTHER = STACK.replace("stack/parts", "stack/other")
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:provider"
CALL_SECONDS = 0.02
"""What every call takes, until it has its effect."""
URL = "https://cloudformation-custom-resource-response-euwest1.s3.example/x?X-Amz-Signature=secret"


def url_signed_at(at: float) -> str:
    """The ResponseURL of a request that CloudFormation sends at a moment."""
    return f"{URL}&X-Amz-Date={datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"


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
        self.time = max(self.time, end)


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
        self.stack = StackLog(STACK, self.clock.now)
        """What CloudFormation does with the stack of the tests, and shows of it."""
        self.stacks = {STACK: self.stack}
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
        self.waiting = Messages(0)
        """What every queue holds."""
        self.detected_at: float | None = None
        """When DetectCustomLabels was called last."""
        self.lines: list[str] = []
        """Of metrics."""
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

    def other_stack(self) -> StackLog:
        """A second stack."""
        return self.stacks.setdefault(OTHER, StackLog(OTHER, self.clock.now))

    def own(
        self,
        arn: str,
        *,
        logical_id: str = MODEL,
        stack: str = STACK,
        units: str = "1",
        t: float | None = None,
        failed: bool = False,
    ) -> None:
        """Make a resource a holder of a model, since the operation that last brought it up."""
        since = self.stacks[stack].began_at(logical_id) if t is None else t
        low, _, high = units.partition("-")
        holder = Holder(since, InferenceUnits(int(low), int(high) if high else None), failed)
        project = self.projects["parts"]
        self.versions[arn].tags.update(claim_tags(Owner(stack, logical_id), holder, project))

    def owner(self, arn: str) -> str | None:
        """The stack that has claimed a model."""
        return read_claim(self.versions[arn].tags).stack_id

    def holders(self, arn: str) -> dict[str, Holder]:
        """Who holds a model, by logical id."""
        claim = read_claim(self.versions[arn].tags)
        return {owner.logical_id: holder for owner, holder in claim.holders.items()}

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

    def another_environment(self) -> Another:
        """A second execution environment of the function, for what is delivered while the first one works."""
        return Another(self)

    # --- adapters -------------------------------------------------------------------------------

    def _call(self, action: str, target: object) -> None:
        self.before(action, str(target))
        self.calls.append((action, str(target)))
        self.clock.sleep(CALL_SECONDS)

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
        # Rekognition API reference, TagResource: patterns and lengths.
        for key, value in tags.items():
            assert re.fullmatch(r"[\w .:/=+\-@]{1,128}", key), key
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
        stack = self.stacks.get(stack_id)
        view = stack.view(logical_id) if stack is not None else None
        self.after("DescribeStackResource", logical_id)
        return view

    def story(self, stack_id: str, logical_id: str) -> Story:
        self._call("DescribeStackEvents", logical_id)
        stack = self.stacks.get(stack_id)
        story = stack.story(logical_id) if stack is not None else STACK_IS_GONE
        self.after("DescribeStackEvents", logical_id)
        return story

    def messages(self, url: str) -> Messages:
        self._call("GetQueueAttributes", url)
        self.after("GetQueueAttributes", url)
        return self.waiting

    def calls_between(self, since: float, now: float) -> Calls:
        self._call("GetMetricData", "*")
        self.after("GetMetricData", "*")
        at = self.detected_at
        # The end of the period of five minutes in which it was.
        last = None if at is None or not since <= at <= now else at - at % 300 + 300
        return Calls(since - since % 300, last)

    def send(self, event: Mapping[str, Any]) -> None:
        self._call("InvokeFunction", FUNCTION)
        self._queue.append(dict(event))
        self.after("InvokeFunction", FUNCTION)

    def _version(self, arn: str, action: str) -> Version:
        version = self.versions.get(arn)
        if version is None:
            raise ServiceError(ErrorKind.NOT_FOUND, action, arn, "ResourceNotFoundException", "not found")
        return version


class Another:
    """A second environment in the same world. It works while the first one sleeps, until it has answered."""

    def __init__(self, world: World) -> None:
        self._world = world

    def deliver(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """See ``World.deliver``."""
        world, first = self._world, self._world.function
        queue, world._queue = world._queue, []
        world.function = Function(_WorldServices(world))
        try:
            return world.deliver(event)
        finally:
            world.function, world._queue = first, queue


class _Detections:
    """CloudWatch, under the name that the adapter's method has."""

    def __init__(self, world: World) -> None:
        self.calls = world.calls_between


class _WorldServices(Services):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.clock = world.clock
        self.put_answer = self._take_answer
        self.tell = world.lines.append

    @property
    def queues(self) -> World:
        return self._world

    @property
    def detections(self) -> _Detections:
        return _Detections(self._world)

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
        assert url.startswith(URL)
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
    sent_at: float | None = None,
) -> dict[str, Any]:
    """A custom resource request, whose URL tells when it was sent."""
    event: dict[str, Any] = {
        "RequestType": kind,
        "RequestId": request_id,
        "StackId": stack,
        "ResponseURL": URL if sent_at is None else url_signed_at(sent_at),
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


def answered(world: World, event: Mapping[str, Any]) -> dict[str, Any]:
    """Deliver a request, and let CloudFormation take the answer."""
    answer = world.deliver(event)
    assert answer is not None
    world.stacks[event["StackId"]].takes(answer, event["LogicalResourceId"])
    return answer


def creating(world: World, arn: str = V1, *, logical_id: str = MODEL, **changes: Any) -> dict[str, Any]:
    """CloudFormation creates the resource, in a new stack unless it is in the middle of something else."""
    if not world.stack.status:
        world.stack.goes("CREATE_IN_PROGRESS")
    props = properties(arn, **changes)
    world.stack.begins("CREATE", props, logical_id)
    now = world.clock.now()
    return request(
        "Create", props, logical_id=logical_id, request_id=f"create {logical_id} {now}", sent_at=now
    )


def created(world: World, arn: str = V1, *, logical_id: str = MODEL, **changes: Any) -> dict[str, Any]:
    """A create, from its beginning to its answer."""
    return answered(world, creating(world, arn, logical_id=logical_id, **changes))


def lived(world: World, arn: str = V1, *, logical_id: str = MODEL, **changes: Any) -> None:
    """A stack was created an hour ago, and its model has run since."""
    props = properties(arn, **changes)
    world.stack.goes("CREATE_IN_PROGRESS")
    world.stack.begins("CREATE", props, logical_id)
    world.stack.completes(logical_id, arn)
    world.stack.done()
    world.run_model(arn, props["MinInferenceUnits"])
    world.own(arn, logical_id=logical_id, units=props["MinInferenceUnits"])
    world.clock.time += 3600.0


assert parse_project_version_arn(V1, name="V1").version_name == "v1"
