"""Stacks of custom resources on the embedded AWS: given a template, deploy it, look at the world."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from local_aws import CustomResourceRequest, EmbeddedAws

Seen = TypeVar("Seen")

SECONDS_MAX = 60.0

PROVIDER_SOURCE = (Path(__file__).parent / "provider_function.py").read_text()

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def until(what: str, look: Callable[[], Seen], *, seconds: float = SECONDS_MAX) -> Seen:
    """Looks again and again until there is something true; fails with ``what`` after a generous time."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.03)
    return seen


class StackWorld:
    """One test's stacks. ``prefix`` keeps its names apart from those of other tests."""

    def __init__(self, aws: EmbeddedAws, function_arn: str, prefix: str, notes: Path) -> None:
        self.aws = aws
        self.function_arn = function_arn
        self.notes = notes
        self._prefix = prefix
        self.cloudformation = aws.client("cloudformation")

    def resource(
        self, *, needs: Sequence[str] = (), attributes: Mapping[str, Any] | None = None, **wishes: Any
    ) -> dict[str, Any]:
        """A custom resource; of its properties Create, Update and Delete tell the function what to do."""
        definition: dict[str, Any] = {
            "Type": "Custom::Wish",
            "Properties": {"ServiceToken": self.function_arn, "notes": str(self.notes), **wishes},
            **(attributes or {}),
        }
        if needs:
            definition["DependsOn"] = needs if isinstance(needs, str) else list(needs)
        return definition

    def template_url(self, resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None) -> str:
        """Puts a nested stack's template into S3; returns its URL."""
        s3 = self.aws.client("s3")
        bucket = f"templates-{self.name().lower()}"[:63].rstrip("-")
        if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self.aws.region})
        body = json.dumps({"Resources": resources} | ({"Outputs": outputs} if outputs else {}))
        key = f"{hashlib.sha256(body.encode()).hexdigest()}.json"
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"{self.aws.endpoint}/{bucket}/{key}"

    def name(self, name: str = "stack") -> str:
        """The stack's name as AWS sees it."""
        return f"{self._prefix}-{name}"

    def create(self, resources: Mapping[str, Any], *, name: str = "stack", **options: Any) -> str:
        """Starts a create; returns the stack's id."""
        template = {"Resources": dict(resources), **options.pop("sections", {})}
        answer = self.cloudformation.create_stack(
            StackName=self.name(name),
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **options,
        )
        return str(answer["StackId"])

    def update(self, stack_id: str, resources: Mapping[str, Any], **options: Any) -> None:
        """Starts an update."""
        template = {"Resources": dict(resources), **options.pop("sections", {})}
        self.cloudformation.update_stack(
            StackName=stack_id,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **options,
        )

    def change_set(self, stack_id: str, resources: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Makes a change set, for an update if nothing else is said; returns its description."""
        made = self.cloudformation.create_change_set(
            StackName=stack_id,
            TemplateBody=json.dumps({"Resources": dict(resources), **options.pop("sections", {})}),
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **({"ChangeSetName": "changes", "ChangeSetType": "UPDATE"} | options),
        )
        described: dict[str, Any] = self.cloudformation.describe_change_set(ChangeSetName=made["Id"])
        return described

    def validate(self, resources: Mapping[str, Any]) -> None:
        """Has a template validated."""
        self.cloudformation.validate_template(TemplateBody=json.dumps({"Resources": dict(resources)}))

    def execute(self, change_set: Mapping[str, Any], **options: Any) -> None:
        """Executes a change set."""
        self.cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"], **options)

    def force_roll_back(self, stack_id: str) -> None:
        """ContinueUpdateRollback with ForceRollback, which botocore's model does not know yet."""

        def add(params: dict[str, Any], **_: Any) -> None:
            params["body"]["ForceRollback"] = "true"

        events, name = self.cloudformation.meta.events, "before-call.cloudformation.ContinueUpdateRollback"
        events.register(name, add)
        try:
            self.cloudformation.continue_update_rollback(StackName=stack_id)
        finally:
            events.unregister(name, add)

    def delete(self, stack_id: str) -> None:
        """Starts a delete."""
        self.cloudformation.delete_stack(StackName=stack_id)

    def stack(self, stack_id: str) -> dict[str, Any]:
        """The stack as DescribeStacks shows it."""
        found: dict[str, Any] = self.cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        return found

    def status(self, stack_id: str) -> str:
        """The stack's status."""
        return str(self.stack(stack_id)["StackStatus"])

    def settled(self, stack_id: str) -> str:
        """Waits until no operation runs; returns the status then."""
        return until("the end of the operation", lambda: self._settled(stack_id))

    def _settled(self, stack_id: str) -> str:
        status = self.status(stack_id)
        return "" if status.endswith("_IN_PROGRESS") else status

    def created(self, resources: Mapping[str, Any], *, name: str = "stack", **options: Any) -> str:
        """A stack that was created without a fault; returns its id."""
        stack_id = self.create(resources, name=name, **options)
        assert self.settled(stack_id) == "CREATE_COMPLETE", self.told(stack_id)
        return stack_id

    def detail(self, stack_id: str, logical_id: str) -> dict[str, Any]:
        """A resource as DescribeStackResource shows it; empty if there is none."""
        try:
            answer = self.cloudformation.describe_stack_resource(
                StackName=stack_id, LogicalResourceId=logical_id
            )
        except ClientError as error:
            if "does not exist" in str(error):
                return {}
            raise
        detail: dict[str, Any] = answer["StackResourceDetail"]
        return detail

    def resource_status(self, stack_id: str, logical_id: str) -> str:
        """A resource's status; empty if there is none."""
        return str(self.detail(stack_id, logical_id).get("ResourceStatus", ""))

    def events(self, stack_id: str, logical_id: str | None = None) -> list[dict[str, Any]]:
        """The stack's events, or those of one resource, oldest first."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        events = [event for page in pages for event in page["StackEvents"]]
        return [event for event in reversed(events) if logical_id in (None, event["LogicalResourceId"])]

    def statuses(self, stack_id: str, logical_id: str) -> list[str]:
        """The statuses that a resource, or the stack, went through."""
        return [event["ResourceStatus"] for event in self.events(stack_id, logical_id)]

    def told(self, stack_id: str) -> list[str]:
        """Every reason that an event gave."""
        return [
            event["ResourceStatusReason"]
            for event in self.events(stack_id)
            if "ResourceStatusReason" in event
        ]

    def requests(self, stack_id: str, logical_id: str) -> list[CustomResourceRequest]:
        """The requests that a custom resource got, oldest first."""
        return self.aws.requests_of(logical_id, stack_id=stack_id)

    def request(self, stack_id: str, logical_id: str, request_type: str) -> CustomResourceRequest:
        """The one request of its type; waits until it is sent."""
        found = until(
            f"{request_type} of {logical_id}",
            lambda: self.aws.requests_of(logical_id, request_type=request_type, stack_id=stack_id),
        )
        assert len(found) == 1, found
        return found[0]

    def gate(self, name: str) -> Path:
        """A file that a function can wait for (``wait_for``); ``touch`` opens it."""
        return self.notes / f"gate-{name}"


def zipped(source: str, others: Mapping[str, str] | None = None) -> bytes:
    """A Lambda package: ``source`` as index.py, and other files by their paths."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in {"index.py": source, **(others or {})}.items():
            archive.writestr(name, text)
    return packed.getvalue()
