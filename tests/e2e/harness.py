"""One stack of a test, and what is asked of it."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import time
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Stack
from by_api import ByApi, Started
from by_cli import Cdk
from outcome import Outcome
from role_evidence import Evidence, never_granted
from role_in_force import RolesInForce
from stack_events import events_of

from local_aws.journal import ApiCall, CustomResourceRequest, Invocation

BILLS = frozenset({"STARTING", "RUNNING", "STOPPING"})
"""What may be billed: of STARTING and STOPPING the documentation says nothing."""


class Deployment:
    """One stack of a test: synthesized in this process, deployed somehow, destroyed at the end."""

    def __init__(self, way: Cdk | ByApi, folder: Path) -> None:
        self._way = way
        self.aws = way.aws
        self.rekognition = way.aws.rekognition
        self.name = f"T{uuid.uuid4().hex[:10]}"
        self._folder = folder
        self._count = 0
        self.assemblies: list[Path] = []
        self.policies_count_late = False
        """Set by a test in which IAM takes its time."""
        unique = f"p{uuid.uuid4().hex[:8]}"
        self.project_arn = self.rekognition.add_project(unique)

    @property
    def cdk(self) -> Cdk:
        """The CDK CLI, in tests that are marked ``real_cli``."""
        assert isinstance(self._way, Cdk), "mark the test with real_cli"
        return self._way

    @property
    def assembly(self) -> Path | None:
        """The cloud assembly that was synthesized last."""
        return self.assemblies[-1] if self.assemblies else None

    def model(self, name: str, **options: Any) -> str:
        """A trained model of this test's own project."""
        return self.rekognition.add_version(self.project_arn, name, **options)

    def synth(self, build: Callable[[Stack], Any]) -> Path:
        """Synthesize a stack that ``build`` fills."""
        return self.synth_app(lambda app, name: build(Stack(app, name)))

    def synth_app(self, make: Callable[[App, str], Any]) -> Path:
        """Synthesize a stack that ``make`` makes, of this name."""
        self._count += 1
        outdir = self._folder / f"{self.name}-{self._count}"
        app = App(outdir=str(outdir))
        make(app, self.name)
        app.synth()
        self.assemblies.append(outdir)
        return outdir

    def deploy(self, build: Callable[[Stack], Any], *options: str) -> Outcome:
        """Synthesize and deploy."""
        assembly = self.synth(build)
        if options:
            return self.cdk.deploy(assembly, self.name, *options)
        return self._way.deploy(assembly, self.name)

    def deploy_app(self, make: Callable[[App, str], Any]) -> Outcome:
        """Synthesize and deploy a stack that ``make`` makes."""
        return self._way.deploy(self.synth_app(make), self.name)

    def start_deploy(self, build: Callable[[Stack], Any]) -> subprocess.Popen[str] | Started:
        """Synthesize and start a deployment without waiting."""
        return self._way.start_deploy(self.synth(build), self.name)

    def destroy(self, *options: str) -> Outcome:
        """Destroy the stack."""
        assert self.assembly is not None
        if options:
            return self.cdk.destroy(self.assembly, self.name, *options)
        return self._way.destroy(self.assembly, self.name)

    def start_destroy(self) -> subprocess.Popen[str] | Started:
        """Start the deletion of the stack without waiting."""
        assert self.assembly is not None
        return self._way.start_destroy(self.assembly, self.name)

    def rollback(self, *options: str) -> Outcome:
        """Roll the stack back, or continue a roll-back that failed."""
        assert self.assembly is not None
        return self.cdk.rollback(self.assembly, self.name, *options)

    def forget(self) -> None:
        """Delete a stack in DELETE_FAILED, leaving behind what could not be deleted."""
        client = self.aws.client("cloudformation")
        left = [
            resource["LogicalResourceId"]
            for resource in client.describe_stack_resources(StackName=self.name)["StackResources"]
            if resource["ResourceStatus"] == "DELETE_FAILED"
        ]
        client.delete_stack(StackName=self.name, RetainResources=left)
        self.wait_for("the end of the stack", lambda: self.stack_status() in (None, "DELETE_COMPLETE"))

    def leave_nothing_running(self) -> None:
        """Whatever the function has left: no model of this test bills, and the stack can go."""
        for arn, status in self.billing():
            if self.is_ours(arn) and status == "RUNNING":
                self.rekognition.stop_by_hand(arn)
        self.wait_for("the end of the bill", lambda: not any(self.is_ours(arn) for arn, _ in self.billing()))
        if self.stack_status() == "ROLLBACK_FAILED":
            self.aws.client("cloudformation").delete_stack(StackName=self.name)
            self.wait_for("the end of the deletion", lambda: self.stack_status() in (None, "DELETE_FAILED"))
        if self.stack_status() == "DELETE_FAILED":
            self.forget()

    def stack_status(self) -> str | None:
        """What CloudFormation says of the stack, None once it is gone."""
        client = self.aws.client("cloudformation")
        try:
            return str(client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])
        except client.exceptions.ClientError:
            return None

    def reasons(self) -> list[str]:
        """The reasons in the stack's events, newest first."""
        client = self.aws.client("cloudformation")
        events = client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events]

    def statuses(self, arn: str) -> list[str]:
        """The statuses that a model went through."""
        return [entry.detail["to"] for entry in self.rekognition.journal.transitions(arn=arn)]

    def transitions(self, status: str) -> list[Any]:
        """The journalled transitions of this test's models to a status."""
        return [
            entry
            for entry in self.rekognition.journal.transitions()
            if entry.detail["to"] == status and self.is_ours(entry.arn)
        ]

    def running(self) -> int:
        """How many models run now, those of other tests included."""
        return sum(status == "RUNNING" for _, status in self._statuses())

    def billing(self) -> list[tuple[str, str]]:
        """The models that bill now, with their statuses, those of other tests included."""
        return [(arn, status) for arn, status in self._statuses() if status in BILLS]

    def _statuses(self) -> list[tuple[str, str]]:
        client = self.aws.client("rekognition")
        projects = client.describe_projects()["ProjectDescriptions"]
        return [
            (version["ProjectVersionArn"], version["Status"])
            for project in projects
            for version in client.describe_project_versions(ProjectArn=project["ProjectArn"])[
                "ProjectVersionDescriptions"
            ]
        ]

    def wait_for(self, what: str, met: Callable[[], bool], seconds: float = 120) -> None:
        """Look until something is so; fails after a generous time."""
        until = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < until, f"{what} did not come"
            time.sleep(0.1)

    def wait_for_status(self, arn: str, status: str) -> None:
        """Wait until a model has a status."""
        self.wait_for(status, lambda: self.rekognition.status(arn) == status)

    def wait_for_stack(self, status: str) -> None:
        """Wait until the stack has a status."""
        self.wait_for(status, lambda: self.stack_status() == status)

    def hand_overs(self) -> int:
        """How often the function was invoked for one request beyond the first time."""
        requests = [request.request_id for request in self.requests()]
        invocations = [
            invocation
            for invocation in self.aws.invocations
            if invocation.cloudformation_request_id in requests and invocation.attempt.number == 1
        ]
        return len(invocations) - len(requests)

    def invocations(self, request_type: str) -> list[Invocation]:
        """The runs of the function for this stack's requests of a type."""
        requests = {request.request_id for request in self.requests() if request.request_type == request_type}
        return [run for run in self.aws.invocations if run.cloudformation_request_id in requests]

    def kill_function(self) -> None:
        """Kill the process in which the function works, as if its machine had died."""
        self.wait_for("a working function", self._killed)

    def _killed(self) -> bool:
        mark, killed = f"ministack-lambda-{self.name}-".encode(), False
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if mark in file.read_bytes():
                    os.kill(int(file.parent.name), signal.SIGKILL)
                    killed = True
        return killed

    def tries(self, request_type: str) -> int:
        """How often Lambda has tried an event of a type so far."""
        return max((run.attempt.number for run in self.invocations(request_type)), default=0)

    def role_calls(self) -> list[ApiCall]:
        """Every AWS call by the roles of this stack."""
        return [call for call in self.aws.api_calls if f"/{self.name}-" in call.principal]

    def roles_in_force(self) -> RolesInForce:
        """The policies of this stack's roles, those of its nested stacks included, over time."""
        return RolesInForce(events_of(self.aws, self.name))

    def role_evidence(self) -> list[Evidence]:
        """Every call by the roles of this stack, with the statements that were in force."""
        roles = self.roles_in_force()
        return [roles.evidence(call) for call in self.role_calls()]

    def check_role(self) -> None:
        """Whatever the test was about: no call that nothing grants, and each was decided on as IAM would.

        Some tests take a permission away, and a late duplicate may find that the tag by which it had one is
        gone: a denied call as such is no fault.
        """
        calls = self.role_calls()
        roles = self.roles_in_force()
        evidence = [roles.evidence(call) for call in calls]
        # A late duplicate may outlive the stack, and with it the role.
        assert never_granted(one for one in evidence if any(one.in_force)) == []
        if not self.policies_count_late:
            decided = [(one.call, call.allowed) for one, call in zip(evidence, calls, strict=True)]
            assert decided == [(one.call, one.allowed) for one in evidence]

    def actions(self) -> set[str]:
        """What the roles of this stack have called, as policies name it."""
        return {call.action for call in self.role_calls()}

    def requests(self) -> list[CustomResourceRequest]:
        """The requests to the custom resources of this stack, oldest first."""
        mine = f":stack/{self.name}/"
        return [request for request in self.aws.custom_resource_requests if mine in request.stack_id]

    @staticmethod
    def interval(seconds: int) -> Duration:
        """A poll interval."""
        return Duration.seconds(seconds)

    @staticmethod
    def picture() -> bytes:
        """A grey PNG, 64 by 64: the least that the service looks at."""
        header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
        pixels = zlib.compress((b"\0" + b"\x80" * 64) * 64)
        chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )

    def logical_id(self, construct_id: str) -> str:
        """The logical id of the stack's one custom resource whose construct has this id."""
        resources = self.aws.client("cloudformation").describe_stack_resources(StackName=self.name)
        (found,) = [
            one["LogicalResourceId"]
            for one in resources["StackResources"]
            if one["ResourceType"].startswith("Custom::")
            and one["LogicalResourceId"].startswith(construct_id)
        ]
        return str(found)

    def physical_id(self, construct_id: str, resource_type: str) -> str:
        """The physical id of the stack's one resource of a type whose construct has this id."""
        resources = self.aws.client("cloudformation").describe_stack_resources(StackName=self.name)
        (found,) = [
            one["PhysicalResourceId"]
            for one in resources["StackResources"]
            if one["ResourceType"] == resource_type and one["LogicalResourceId"].startswith(construct_id)
        ]
        return str(found)

    def log_of(self, function: str) -> str:
        """Everything that a function has printed; empty before it ran."""
        client = self.aws.client("logs")
        try:
            found = client.filter_log_events(logGroupName=f"/aws/lambda/{function}")
        except client.exceptions.ResourceNotFoundException:
            return ""
        return "\n".join(event["message"] for event in found["events"])

    def is_ours(self, arn: str | None) -> bool:
        """Whether a model is one of this test's own project."""
        return arn is not None and arn.startswith(self.project_arn.rpartition("/")[0])

    def calls(self, operation: str) -> list[Any]:
        """The journalled calls of an operation on this test's models, the tests' own left out."""
        entries = self.rekognition.journal.calls(operation=operation)
        return [entry for entry in entries if self.is_ours(entry.arn)]
