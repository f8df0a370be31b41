"""Deploys and destroys the same model in every way, interleaved, on one embedded AWS.

The stacks of some rounds run at once, since they mostly wait; but each starts, and stops, alone: the next
one comes when the model of the last one has been told to. So cold starts don't compete for the machine.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench import left_behind
from bench.alternatives.model import Model
from bench.figures import spread_times
from bench.observations import Deployed, LogLine, Phase, phase
from bench.runtimes import give_sdk_to_node
from bench.stacks import CloudFormation, add_models
from bench.templates import functions, state_machine_functions
from bench.variants import DEPLOYED, STARTED_BEFORE, Variant
from local_aws import EmbeddedAws
from local_aws.journal import CustomResourceRequest
from local_aws.rekognition import Settings
from running_model_handler.core.names import Tag

CALL_SECONDS_MAX = 120.0
"""How long a stack may take until its model is told to start or to stop."""
QUIET_SECONDS = 1.5
"""A pause after the last answer: functions end after it, and write their log."""
ROUNDS_AT_ONCE = 10
LAST_START_DIFFERS = 0.02
"""By how much of it the start before took longer, or less long, than the one that is measured."""


@dataclass(frozen=True)
class Times:
    """How long the emulated model takes, in seconds."""

    start: float = 540.0
    stop: float = 10.0
    spread: float = 95.0
    """The rounds' times are spread evenly over a range nearly as wide as the slowest poll, two minutes: with
    one time for all, a poller's lag would be that of one phase."""
    long_start: float = 600.0
    """Of one deployment more for each way, whose calls and price are counted; 0 leaves it out."""


@dataclass
class Deployment:
    """One stack with one model."""

    variant: Variant
    name: str
    arn: str
    model_seconds: tuple[float, float]
    template: Mapping[str, Any]
    created_at: float = 0.0
    deleted_at: float = 0.0
    deployed: Deployed = field(default_factory=lambda: Deployed({}, frozenset(), rules=False))
    own_log_groups: set[str] = field(default_factory=set)
    log: dict[tuple[str, float, str, int], LogLine] = field(default_factory=dict)
    create: Phase | None = None
    delete: Phase | None = None
    left: dict[str, Any] = field(default_factory=dict)


class SideBySide:
    """All deployments of a run."""

    def __init__(self, aws: EmbeddedAws, times: Times) -> None:
        self._aws = aws
        self._times = times
        self._cloudformation = CloudFormation(aws)
        self._numbers = itertools.count()

    def run(self, rounds: int) -> tuple[list[Deployment], list[Deployment]]:
        """The deployments of the rounds, and the long ones."""
        times, long_ones = self._times, []
        if times.long_start:
            long_ones = [
                self._prepare(variant, f"Long-{variant.key.replace('_', '-')}", times.long_start, times.stop)
                for variant in DEPLOYED
            ]
            self._create(long_ones)
        starts = spread_times(times.start, times.spread, rounds)
        stops = spread_times(times.stop, times.spread, rounds)
        done: list[Deployment] = []
        for first in range(0, rounds, ROUNDS_AT_ONCE):
            batch = [
                self._prepare(
                    variant, f"R{index}-{variant.key.replace('_', '-')}", starts[index], stops[index]
                )
                for index in range(first, min(first + ROUNDS_AT_ONCE, rounds))
                for variant in _rotated(index)
            ]
            self._create(batch)
            self._finish(batch)
            done += batch
        self._finish(long_ones)
        return done, long_ones

    def _prepare(self, variant: Variant, name: str, start_seconds: float, stop_seconds: float) -> Deployment:
        project = self._aws.rekognition.add_project(name)
        arn = self._aws.rekognition.add_version(
            project, "v1", start_seconds=start_seconds, stop_seconds=stop_seconds
        )
        if variant is STARTED_BEFORE:
            took = last_start_seconds(start_seconds, next(self._numbers))
            tags = {str(Tag.START_SECONDS): str(took)}
            self._aws.client("rekognition").tag_resource(ResourceArn=arn, Tags=tags)
        model = Model("Model", project, arn)
        template = self._cloudformation.prepare(
            name, lambda stack: add_models(variant.source, stack, [model])
        )
        return Deployment(variant, name, arn, (start_seconds, stop_seconds), template)

    def _create(self, deployments: list[Deployment]) -> None:
        for deployment in deployments:
            deployment.created_at = time.time()
            self._cloudformation.create(deployment.name, dict(deployment.template))
            self._wait_for_call(deployment, "StartProjectVersion", deployment.created_at)

    def _finish(self, deployments: list[Deployment]) -> None:
        """From the end of the creates to the end of the deletes."""
        for deployment in deployments:
            self._cloudformation.wait(deployment.name, "CREATE_COMPLETE")
            self._wait_for_status(deployment, "RUNNING")
        time.sleep(QUIET_SECONDS)
        for deployment in deployments:
            self._learn(deployment)
            deployment.deleted_at = time.time()
            self._cloudformation.delete(deployment.name)
            self._wait_for_call(deployment, "StopProjectVersion", deployment.deleted_at)
        for deployment in deployments:
            self._cloudformation.wait(deployment.name, "DELETE_COMPLETE")
            self._wait_for_status(deployment, "STOPPED")
        time.sleep(QUIET_SECONDS)
        for deployment in deployments:
            self._conclude(deployment)

    def _learn(self, deployment: Deployment) -> None:
        """What can be asked only while the stack exists."""
        ids = self._cloudformation.physical_ids(deployment.name)
        resources = deployment.template["Resources"]
        waiters = state_machine_functions(deployment.template)
        deployment.deployed = Deployed(
            functions={ids[key]: function for key, function in functions(deployment.template).items()},
            waiter_functions=frozenset(ids[key] for key in waiters),
            rules=deployment.variant.key == "crhelper_poller",
        )
        deployment.own_log_groups = {
            ids[key] for key, resource in resources.items() if resource["Type"] == "AWS::Logs::LogGroup"
        }
        self._read_log(deployment)

    def _conclude(self, deployment: Deployment) -> None:
        self._read_log(deployment)
        create, delete = self._requests(deployment)
        journal = [
            entry
            for entry in self._aws.rekognition.journal.entries
            if f":project/{deployment.name}/" in entry.arn
        ]
        runs = self._aws.invocations
        log = list(deployment.log.values())
        middle = deployment.deleted_at
        deployment.create = phase(
            create, (deployment.created_at, middle), deployment.deployed, journal, runs, log
        )
        deployment.delete = phase(delete, (middle, float("inf")), deployment.deployed, journal, runs, log)
        deployment.left = left_behind.after(
            self._aws, deployment.name, deployment.arn, deployment.own_log_groups
        )

    def _requests(self, deployment: Deployment) -> Iterator[CustomResourceRequest]:
        found = [r for r in self._aws.custom_resource_requests if f":stack/{deployment.name}/" in r.stack_id]
        if [request.request_type for request in found] != ["Create", "Delete"]:
            raise RuntimeError(f"{deployment.name}: {[request.request_type for request in found]}")
        return iter(found)

    def _read_log(self, deployment: Deployment) -> None:
        client = self._aws.client("logs")
        for function in deployment.deployed.functions:
            for group in (f"/aws/lambda/{function}", *deployment.own_log_groups):
                try:
                    pages = list(client.get_paginator("filter_log_events").paginate(logGroupName=group))
                except client.exceptions.ResourceNotFoundException:
                    continue
                for index, event in enumerate(event for page in pages for event in page["events"]):
                    at = event["timestamp"] / 1000
                    # A group that was made anew counts from 0 again, hence the time in the key.
                    key = (function, at, event["message"], index)
                    deployment.log[key] = LogLine(function, at, event["message"])

    def _wait_for_call(self, deployment: Deployment, operation: str, since: float) -> None:
        deadline = time.monotonic() + CALL_SECONDS_MAX
        journal = self._aws.rekognition.journal
        while not [e for e in journal.calls(operation, deployment.arn) if e.at >= since]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{deployment.name}: no {operation} after {CALL_SECONDS_MAX:.0f} s")
            time.sleep(0.1)
        # The function that made the call may still be at work.
        time.sleep(0.5)

    def _wait_for_status(self, deployment: Deployment, status: str) -> None:
        while self._aws.rekognition.journal.statuses(deployment.arn)[-1] != status:
            time.sleep(0.3)


def _rotated(index: int) -> tuple[Variant, ...]:
    """Each round begins with another way."""
    shift = index % len(DEPLOYED)
    return DEPLOYED[shift:] + DEPLOYED[:shift]


def last_start_seconds(start_seconds: float, number: int) -> int:
    """What the tag of a version that has started before says: now more, now less than it takes this time."""
    return round(start_seconds * (1.0 + (-LAST_START_DIFFERS if number % 2 else LAST_START_DIFFERS)))


def measure(rounds: int, times: Times) -> tuple[list[Deployment], list[Deployment]]:
    """All of it on one embedded AWS. The quotas are off: many models run at once here."""
    settings = Settings(running_models_quota=None, control_calls_per_second=None, tag_calls_per_second=None)
    with EmbeddedAws(rekognition=settings) as aws:
        give_sdk_to_node(aws)
        return SideBySide(aws, times).run(rounds)
