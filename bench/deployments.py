"""What a deployment costs in time: lag behind RUNNING and STOPPED, ten models in one stack."""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Stack

from local_aws import EmbeddedAws
from local_aws.rekognition import Settings
from rekognition_running_model import RunningModel


class Bench:
    """Synthesizes stacks and deploys them through CloudFormation's API."""

    def __init__(self, aws: EmbeddedAws, seed: int) -> None:
        self.aws = aws
        self.cloudformation = aws.client("cloudformation")
        self._random = random.Random(seed)  # noqa: S311 - start times, not secrets
        self._bucket = f"cdk-hnb659fds-assets-{aws.account}-{aws.region}"
        aws.client("s3").create_bucket(
            Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
        )
        aws.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
        self.project = aws.rekognition.add_project("bench")

    def model(self, name: str, **options: Any) -> str:
        """A model whose start takes a random while, so that polls meet it at any phase."""
        seconds = options.pop("start_seconds", 8 + 8 * self._random.random())
        return self.aws.rekognition.add_version(self.project, name, start_seconds=seconds, **options)

    def template(self, name: str, arns: list[str], poll_seconds: int) -> str:
        """The template of a stack, with its asset published."""
        with tempfile.TemporaryDirectory() as folder:
            app = App(outdir=folder)
            stack = Stack(app, name)
            for number, arn in enumerate(arns):
                RunningModel(
                    stack,
                    f"Model{number}",
                    project_version_arn=arn,
                    poll_interval=Duration.seconds(poll_seconds),
                )
            app.synth()
            self._publish(Path(folder), name)
            return (Path(folder) / f"{name}.template.json").read_text()

    def _publish(self, folder: Path, name: str) -> None:
        import io
        import zipfile

        assets = json.loads((folder / f"{name}.assets.json").read_text())
        for asset in assets["files"].values():
            if asset["source"]["packaging"] != "zip":
                continue
            source, packed = folder / asset["source"]["path"], io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(source.rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(source))
            (destination,) = asset["destinations"].values()
            self.aws.client("s3").put_object(
                Bucket=self._bucket, Key=destination["objectKey"], Body=packed.getvalue()
            )

    def create(self, name: str, template: str) -> None:
        """Begin to create a stack."""
        self.cloudformation.create_stack(
            StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM"]
        )

    def wait(self, name: str, status: str) -> float:
        """Wait for a status; the time at which it was seen."""
        client = self.cloudformation
        while True:
            try:
                found = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            except client.exceptions.ClientError:
                found = "DELETE_COMPLETE"
            if found == status:
                return time.time()
            if found.endswith(("FAILED", "ROLLBACK_COMPLETE")):
                raise RuntimeError(f"{name} ended as {found}")
            time.sleep(0.05)

    def answered_at(self, name: str, request_type: str) -> list[float]:
        """When the answers of a stack's requests were taken."""
        return [
            answer.at
            for request in self.aws.custom_resource_requests
            if f":stack/{name}/" in request.stack_id and request.request_type == request_type
            for answer in request.answers
            if answer.verdict == "taken"
        ]

    def reached_at(self, arn: str, status: str) -> float:
        """When a model last came to a status."""
        found = [e.at for e in self.aws.rekognition.journal.transitions(arn=arn) if e.detail["to"] == status]
        return float(found[-1])


def lag_seconds(bench: Bench, poll_seconds: int, deployments: int) -> dict[str, dict[str, float]]:
    """From RUNNING, and from STOPPED, to the answer that is taken; many stacks, one model each."""
    names = [f"Lag{poll_seconds}x{number}" for number in range(deployments)]
    arns = {name: bench.model(name) for name in names}
    for name in names:
        bench.create(name, bench.template(name, [arns[name]], poll_seconds))
    up = []
    for name in names:
        bench.wait(name, "CREATE_COMPLETE")
        (answered,) = bench.answered_at(name, "Create")
        up.append(answered - bench.reached_at(arns[name], "RUNNING"))
    for name in names:
        bench.cloudformation.delete_stack(StackName=name)
    down = []
    for name in names:
        bench.wait(name, "DELETE_COMPLETE")
        (answered,) = bench.answered_at(name, "Delete")
        down.append(answered - bench.reached_at(arns[name], "STOPPED"))
    return {"RUNNING to answer": _figures(up), "STOPPED to answer": _figures(down)}


def side_by_side_seconds(bench: Bench, models: int) -> dict[str, float]:
    """One stack with one model and one with many, started together: time to CREATE_COMPLETE of each."""
    one, many = ["One"], [f"Many{number}" for number in range(models)]
    found = {}
    for label, names in (("one model", one), (f"{models} models", many)):
        arns = [bench.model(name, start_seconds=20.0) for name in names]
        stack = names[0]
        template = bench.template(stack, arns, 5)
        begin = time.time()
        bench.create(stack, template)
        found[label] = round(bench.wait(stack, "CREATE_COMPLETE") - begin, 1)
    return found


def measure(deployments: int) -> dict[str, Any]:
    """All of it on one embedded AWS."""
    settings = Settings(
        stop_seconds=3.0,
        running_models_quota=None,
        control_calls_per_second=None,
        tag_calls_per_second=None,
    )
    with EmbeddedAws(rekognition=settings) as aws:
        bench = Bench(aws, seed=1)
        lags = {f"poll {seconds} s": lag_seconds(bench, seconds, deployments) for seconds in (5, 1)}
        settings.control_calls_per_second, settings.tag_calls_per_second = 5.0, 10.0
        return {"lag seconds": lags, "time of a stack, seconds": side_by_side_seconds(bench, 10)}


def _figures(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 2),
        "worst": round(max(values), 2),
        "n": len(values),
    }
