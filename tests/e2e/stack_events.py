"""What CloudFormation has recorded of stacks, deleted ones too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_aws import EmbeddedAws

Event = Mapping[str, Any]


def events_of(aws: EmbeddedAws, stack_name: str) -> list[Event]:
    """The events of every stack of this name and of its nested ones, each stack's oldest first."""
    client = aws.client("cloudformation")
    stack_ids = [
        stack["StackId"]
        for page in client.get_paginator("list_stacks").paginate()
        for stack in page["StackSummaries"]
        if stack["StackName"] == stack_name or stack["StackName"].startswith(f"{stack_name}-")
    ]
    found: list[Event] = []
    for stack_id in stack_ids:
        pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
        found += reversed(pages.build_full_result()["StackEvents"])
    return found


def physical_ids(events: Iterable[Event]) -> dict[str, dict[str, str]]:
    """The physical ids of the resources of each stack, by stack id and logical id."""
    found: dict[str, dict[str, str]] = {}
    for event in events:
        if event.get("PhysicalResourceId"):
            found.setdefault(event["StackId"], {})[event["LogicalResourceId"]] = event["PhysicalResourceId"]
    return found
