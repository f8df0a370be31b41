"""Deploys stacks of several sizes, each in an account of its own: an embedded AWS with its own quotas.

They wait side by side, but each begins alone: the next stack is made when the last Start of the one before
was accepted. So the processes of one size start without those of another; those of one stack still share
this machine, which is why the figures tell when the first of them made a call.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack

from bench import left_behind
from bench.many.figures import CREATE, DELETE, Figures, Seen, Wanted, figures, leftovers
from bench.stacks import CloudFormation
from bench.templates import functions
from local_aws import EmbeddedAws
from local_aws.rekognition import Settings
from rekognition_running_model import RunningModel

BEGIN_SECONDS_MAX = 600.0
"""How long it may take until the last model of a stack is told to start or to stop."""
QUIET_SECONDS = 1.5
"""A pause after the last answer: functions end after it."""
STACK = "Many"


@dataclass(frozen=True)
class Times:
    """How long the emulated models take, in seconds."""

    start: float = 600.0
    """As in the simulated world."""
    stop: float = 60.0


@dataclass(frozen=True)
class Found:
    """One stack's life."""

    models: int
    create: Figures
    delete: Figures
    left: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "models": self.models,
            "create": self.create.as_dict(),
            "delete": self.delete.as_dict(),
            "left": self.left,
        }


class Account:
    """One embedded AWS with one stack: models behind one provider."""

    def __init__(self, aws: EmbeddedAws, models: int) -> None:
        self._aws = aws
        self._models = models
        self._cloudformation = CloudFormation(aws)
        self._arns: list[str] = []
        self._stack_id = ""
        self._log_groups: set[str] = set()
        self._created_at = self._deleted_at = 0.0

    def create(self) -> None:
        """Make the stack; returns when the last Start was accepted."""
        project = self._aws.rekognition.add_project("many")
        self._arns = [
            self._aws.rekognition.add_version(project, f"v{number}") for number in range(self._models)
        ]

        def build(stack: Stack) -> None:
            for number, arn in enumerate(self._arns):
                RunningModel(stack, f"Model{number}", project_version_arn=arn)

        template = self._cloudformation.prepare(STACK, build)
        if len(functions(template)) != 1:
            raise RuntimeError("the models do not share one provider")
        self._created_at = time.time()
        self._stack_id = self._cloudformation.create(STACK, template)
        self._wait_for_all(CREATE)

    def created(self) -> None:
        """Wait for CREATE_COMPLETE."""
        self._cloudformation.wait(STACK, "CREATE_COMPLETE")
        client = self._aws.client("cloudformation")
        summaries = client.get_paginator("list_stack_resources").paginate(StackName=STACK)
        self._log_groups = {
            resource["PhysicalResourceId"]
            for resource in summaries.build_full_result()["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Logs::LogGroup"
        }

    def delete(self) -> None:
        """Delete the stack; returns when the last Stop was accepted."""
        self._deleted_at = time.time()
        self._cloudformation.delete(STACK)
        self._wait_for_all(DELETE)

    def deleted(self) -> Found:
        """Wait for DELETE_COMPLETE, and read what has happened."""
        self._cloudformation.wait(STACK, "DELETE_COMPLETE")
        time.sleep(QUIET_SECONDS)
        left = left_behind.of_stack(self._aws, STACK, self._log_groups)
        return Found(
            self._models,
            self._figures(CREATE, self._created_at, self._deleted_at),
            self._figures(DELETE, self._deleted_at, float("inf")),
            leftovers(left, map(self._aws.rekognition.status, self._arns)),
        )

    def _figures(self, wanted: Wanted, begin: float, end: float) -> Figures:
        rekognition = self._aws.rekognition
        seen = Seen(
            asked_at=begin,
            ended_at=self._cloudformation.ended_at(self._stack_id, f"{wanted.request_type.upper()}_COMPLETE"),
            requests=self._aws.custom_resource_requests,
            journal=[entry for entry in rekognition.journal.entries if begin <= entry.at < end],
            invocations=[run for run in self._aws.invocations if begin <= run.started_at < end],
        )
        return figures(wanted, seen, rekognition.settings.rate_error)

    def _wait_for_all(self, wanted: Wanted) -> None:
        deadline = time.monotonic() + BEGIN_SECONDS_MAX
        journal = self._aws.rekognition.journal
        while True:
            begun = {entry.arn for entry in journal.transitions() if entry.detail["to"] == wanted.begun}
            if len(begun) == self._models:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(begun)} of {self._models} models are {wanted.begun}")
            time.sleep(0.5)


def measure(sizes: Iterable[int], times: Times) -> Sequence[Found]:
    """Stacks of all sizes, in the order given."""
    with ExitStack() as ending:
        accounts = [
            Account(ending.enter_context(EmbeddedAws(rekognition=_settings(size, times))), size)
            for size in sizes
        ]
        for account in accounts:
            account.create()
        for account in accounts:
            account.created()
        time.sleep(QUIET_SECONDS)
        for account in accounts:
            account.delete()
        return [account.deleted() for account in accounts]


def _settings(models: int, times: Times) -> Settings:
    """The default quotas, but for the models that may run: 5 control calls a second of each operation."""
    return Settings(start_seconds=times.start, stop_seconds=times.stop, running_models_quota=models)
