"""Deployments as the CDK CLI makes them, through CloudFormation's API alone.

The CLI takes seconds of a core for each run; tests that are about the function do without it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from outcome import Outcome

from bench.stacks import zipped
from local_aws import EmbeddedAws
from local_aws.ending import BOOTSTRAP_STACK

_CLI: Final = Path(__file__).parents[2] / "node_modules" / "aws-cdk"
_BOOTSTRAP_TEMPLATE: Final = _CLI / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
_NO_CHANGES: Final = "didn't contain changes"
_LOOK_SECONDS: Final = 0.5
_SECONDS_MAX: Final = 300.0


@dataclass
class Started:
    """What was begun and not waited for; it is used like the process of a CLI."""

    _api: ByApi
    _stack: str
    _events_before: int
    """Events that the stack had; -1 where nothing was begun."""
    _success: tuple[str | None, ...]
    returncode: int | None = None

    def communicate(self, timeout: float) -> tuple[str, None]:
        """Wait until CloudFormation is done; returns the events since."""
        status, events = self._api.ended(self._stack, self._events_before, timeout)
        self.returncode = 0 if status in self._success else 1
        output = "\n".join([*events, f"{self._stack} is {status}"])
        # Shown by pytest where the test fails.
        print(output)
        return output, None


class ByApi:
    """Uploads assets, executes change sets, deletes stacks, and waits for the end."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self._published: set[tuple[str, str]] = set()
        self._change_sets = 0

    def bootstrap(self) -> None:
        """Make the stack that ``cdk bootstrap`` makes, of the CLI's own template; the demo does it by CLI."""
        chosen = {
            "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY",
            "CloudFormationExecutionPolicies": "arn:aws:iam::aws:policy/AdministratorAccess",
        }
        self.aws.client("cloudformation").create_stack(
            StackName=BOOTSTRAP_STACK,
            TemplateBody=_BOOTSTRAP_TEMPLATE.read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        status, events = self.ended(BOOTSTRAP_STACK, 0, _SECONDS_MAX)
        assert status == "CREATE_COMPLETE", events

    def deploy(self, assembly: Path, stack: str) -> Outcome:
        """Deploy a stack of a cloud assembly."""
        started = self.start_deploy(assembly, stack)
        output, _ = started.communicate(_SECONDS_MAX)
        outputs = self._described(stack).get("Outputs", [])
        found = {one["OutputKey"]: one["OutputValue"] for one in outputs}
        return Outcome(started.returncode or 0, output, found)

    def start_deploy(self, assembly: Path, stack: str) -> Started:
        """Begin to deploy a stack of a cloud assembly; one without changes stays as it is."""
        if self._status(stack) == "ROLLBACK_COMPLETE":
            # Such a stack can only be deleted, which the CLI does as well.
            self.destroy(assembly, stack)
        exists, before = self._status(stack) not in (None, "DELETE_COMPLETE"), len(self._events(stack))
        client = self.aws.client("cloudformation")
        self._change_sets += 1
        names = {"StackName": stack, "ChangeSetName": f"change-{self._change_sets}"}
        client.create_change_set(
            **names,
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=self._publish(assembly, stack),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        until = time.monotonic() + _SECONDS_MAX
        while (made := client.describe_change_set(**names))["Status"] not in ("CREATE_COMPLETE", "FAILED"):
            assert time.monotonic() < until, made
            time.sleep(_LOOK_SECONDS)
        if made["Status"] == "FAILED":
            assert _NO_CHANGES in made["StatusReason"], made
            client.delete_change_set(**names)
            before = -1
        else:
            client.execute_change_set(**names)
        return Started(self, stack, before, ("CREATE_COMPLETE", "UPDATE_COMPLETE"))

    def destroy(self, assembly: Path, stack: str) -> Outcome:
        """Delete a stack; what it was synthesized into is what only the CLI needs."""
        started = self.start_destroy(assembly, stack)
        output, _ = started.communicate(_SECONDS_MAX)
        return Outcome(started.returncode or 0, output)

    def start_destroy(self, assembly: Path, stack: str) -> Started:
        """Begin to delete a stack."""
        before = len(self._events(stack))
        self.aws.client("cloudformation").delete_stack(StackName=stack)
        return Started(self, stack, before, (None, "DELETE_COMPLETE"))

    def ended(self, stack: str, events_before: int, seconds: float) -> tuple[str | None, list[str]]:
        """Wait until what was begun is over; the status of the stack, and the events since."""
        until = time.monotonic() + seconds
        while True:
            status = self._status(stack)
            if status is None:
                return None, []
            events = [] if status.endswith("_IN_PROGRESS") else self._events(stack)
            if len(events) > events_before:
                return status, events[max(0, events_before) :]
            assert time.monotonic() < until, f"{stack} is still {status}"
            time.sleep(_LOOK_SECONDS)

    def _status(self, stack: str) -> str | None:
        described = self._described(stack)
        return str(described["StackStatus"]) if described else None

    def _described(self, stack: str) -> dict[str, Any]:
        client = self.aws.client("cloudformation")
        try:
            found: dict[str, Any] = client.describe_stacks(StackName=stack)["Stacks"][0]
        except client.exceptions.ClientError:
            return {}
        return found

    def _events(self, stack: str) -> list[str]:
        """A line for each event, oldest first; none once the stack is gone."""
        client = self.aws.client("cloudformation")
        try:
            events = client.describe_stack_events(StackName=stack)["StackEvents"]
        except client.exceptions.ClientError:
            return []
        return [
            f"{one['ResourceStatus']} {one['LogicalResourceId']} {one.get('ResourceStatusReason', '')}"
            for one in reversed(events)
        ]

    def _publish(self, assembly: Path, stack: str) -> str:
        """Upload what the stack's asset manifest names; returns the URL of its template."""
        manifest = (assembly / f"{stack}.assets.json").read_text()
        place = {"AccountId": self.aws.account, "Region": self.aws.region, "Partition": "aws"}
        for name, value in place.items():
            manifest = manifest.replace(f"${{AWS::{name}}}", value)
        template = ""
        for file in json.loads(manifest)["files"].values():
            source, as_zip = assembly / file["source"]["path"], file["source"]["packaging"] == "zip"
            (destination,) = file["destinations"].values()
            bucket, key = destination["bucketName"], destination["objectKey"]
            if source.name == f"{stack}.template.json":
                template = f"{self.aws.endpoint}/{bucket}/{key}"
            if (bucket, key) not in self._published:
                body = zipped(source) if as_zip else source.read_bytes()
                self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
                self._published.add((bucket, key))
        return template
