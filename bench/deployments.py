"""What only the construct itself is asked: a poll interval of one second, and ten models in one stack."""

from __future__ import annotations

import time
from typing import Any

from aws_cdk import Duration, Stack

from bench.figures import spread_times, summary
from bench.stacks import CloudFormation
from local_aws import EmbeddedAws
from local_aws.rekognition import Settings
from rekognition_running_model import RunningModel

POLL_SECONDS = 1
MODELS = 10


class OwnStacks:
    """Stacks of the construct on one embedded AWS."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._cloudformation = CloudFormation(aws)
        self._project = aws.rekognition.add_project("own")

    def model(self, name: str, start_seconds: float) -> str:
        """A trained model."""
        return self._aws.rekognition.add_version(self._project, name, start_seconds=start_seconds)

    def create(self, name: str, arns: list[str], poll_seconds: int) -> None:
        """Begin to create a stack with models."""

        def build(stack: Stack) -> None:
            for number, arn in enumerate(arns):
                RunningModel(
                    stack,
                    f"Model{number}",
                    project_version_arn=arn,
                    poll_interval=Duration.seconds(poll_seconds),
                )

        self._cloudformation.create(name, self._cloudformation.prepare(name, build))

    def lags(self, deployments: int) -> dict[str, Any]:
        """From RUNNING and STOPPED to the answer, at the shortest poll interval; all stacks at once."""
        names = [f"Own{number}" for number in range(deployments)]
        seconds = spread_times(8.0, 8.0, deployments, poll=POLL_SECONDS)
        arns = {name: self.model(name, start) for name, start in zip(names, seconds, strict=True)}
        for name in names:
            self.create(name, [arns[name]], POLL_SECONDS)
        found = {}
        for request, status, reached in (
            ("Create", "CREATE_COMPLETE", "RUNNING"),
            ("Delete", "DELETE_COMPLETE", "STOPPED"),
        ):
            for name in names:
                self._cloudformation.wait(name, status)
            lags = [self._answered(name, request) - self._reached(arns[name], reached) for name in names]
            found[f"{reached} to {status}"] = summary(lags).as_dict()
            if request == "Create":
                for name in names:
                    self._cloudformation.delete(name)
        return found

    def one_and_many(self) -> dict[str, float]:
        """One stack with one model, then one with many, all started at the same pace."""
        found = {}
        for label, count in (("one model", 1), (f"{MODELS} models", MODELS)):
            arns = [self.model(f"{count}x{number}", 20.0) for number in range(count)]
            begin = time.monotonic()
            self.create(f"Models{count}", arns, 5)
            self._cloudformation.wait(f"Models{count}", "CREATE_COMPLETE", look_every=0.05)
            found[label] = round(time.monotonic() - begin, 1)
        return found

    def _answered(self, name: str, request_type: str) -> float:
        (answered,) = [
            answer.at
            for request in self._aws.custom_resource_requests
            if f":stack/{name}/" in request.stack_id and request.request_type == request_type
            for answer in request.answers
            if answer.verdict == "taken"
        ]
        return answered

    def _reached(self, arn: str, status: str) -> float:
        found = [e.at for e in self._aws.rekognition.journal.transitions(arn=arn) if e.detail["to"] == status]
        return float(found[-1])


def measure(deployments: int) -> dict[str, Any]:
    """All of it on one embedded AWS; the rates of calls count only where many models share a stack."""
    settings = Settings(
        stop_seconds=3.0, running_models_quota=None, control_calls_per_second=None, tag_calls_per_second=None
    )
    with EmbeddedAws(rekognition=settings) as aws:
        stacks = OwnStacks(aws)
        lags = stacks.lags(deployments)
        settings.control_calls_per_second, settings.tag_calls_per_second = 5.0, 10.0
        return {
            f"lag at a poll interval of {POLL_SECONDS} s, seconds": lags,
            "time of a stack, seconds": stacks.one_and_many(),
        }
