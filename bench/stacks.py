"""Synthesizes the stacks of the variants, publishes their assets, and asks CloudFormation for them."""

from __future__ import annotations

import importlib
import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import App, Stack

from bench.alternatives.model import Model
from local_aws import EmbeddedAws

ROOT = Path(__file__).parents[1]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]
"""The feature flags of this project, for every variant."""
DEPLOYMENT_SECONDS_MAX = 1800.0


def add_models(variant: str, stack: Stack, models: Sequence[Model]) -> None:
    """Declare models in the way of a variant."""
    importlib.import_module(f"bench.alternatives.{variant}").add_models(stack, models)


def synthesize(folder: Path, name: str, build: Callable[[Stack], None]) -> dict[str, Any]:
    """The template of a stack that ``build`` fills; its assets are in the folder."""
    app = App(outdir=str(folder), context=CONTEXT)
    build(Stack(app, name))
    app.synth()
    template: dict[str, Any] = json.loads((folder / f"{name}.template.json").read_text())
    return template


def zipped_assets(folder: Path, name: str) -> dict[str, bytes]:
    """The archives of a stack's assets by object key."""
    archives = {}
    for asset in json.loads((folder / f"{name}.assets.json").read_text())["files"].values():
        if asset["source"]["packaging"] == "zip":
            (destination,) = asset["destinations"].values()
            archives[destination["objectKey"]] = zipped(folder / asset["source"]["path"])
    return archives


def zipped(source: Path) -> bytes:
    """A folder as the CDK CLI packs it for Lambda (deflate)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(source))
    return packed.getvalue()


class CloudFormation:
    """Creates and deletes stacks on an embedded AWS, through the API that the CDK CLI uses too."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._client = aws.client("cloudformation")
        self._bucket = f"cdk-hnb659fds-assets-{aws.account}-{aws.region}"
        aws.client("s3").create_bucket(
            Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": aws.region}
        )
        aws.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")

    def prepare(self, name: str, build: Callable[[Stack], None]) -> dict[str, Any]:
        """The template of a stack, its assets published."""
        with tempfile.TemporaryDirectory() as folder:
            template = synthesize(Path(folder), name, build)
            for key, archive in zipped_assets(Path(folder), name).items():
                self._aws.client("s3").put_object(Bucket=self._bucket, Key=key, Body=archive)
        return template

    def create(self, name: str, template: dict[str, Any]) -> str:
        """Begin to create a stack; returns its id."""
        made = self._client.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
        )
        return str(made["StackId"])

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""
        self._client.delete_stack(StackName=name)

    def physical_ids(self, name: str) -> dict[str, str]:
        """The physical ids of a stack's resources by logical id."""
        found = self._client.describe_stack_resources(StackName=name)["StackResources"]
        return {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in found}

    def wait(self, name: str, status: str, *, look_every: float = 0.3) -> None:
        """Wait for a stack's status. Raises RuntimeError when the stack fails, or never gets there."""
        deadline = time.monotonic() + DEPLOYMENT_SECONDS_MAX
        while (found := self._status(name)) != status:
            if found.endswith(("FAILED", "ROLLBACK_COMPLETE")):
                raise RuntimeError(f"{name} ended as {found}: {self._reason(name)}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} is still {found} after {DEPLOYMENT_SECONDS_MAX:.0f} s")
            time.sleep(look_every)

    def ended_at(self, stack_id: str, status: str) -> float:
        """When a stack, one that is deleted too, got its status; by its last event of this kind."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        # The newest comes first.
        return next(
            float(event["Timestamp"].timestamp())
            for page in pages
            for event in page["StackEvents"]
            if event["PhysicalResourceId"] == stack_id and event["ResourceStatus"] == status
        )

    def _status(self, name: str) -> str:
        try:
            return str(self._client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        except self._client.exceptions.ClientError:
            return "DELETE_COMPLETE"

    def _reason(self, name: str) -> str:
        events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("FAILED") and event.get("ResourceStatusReason")
        ]
        return reasons[0] if reasons else "no reason given"
