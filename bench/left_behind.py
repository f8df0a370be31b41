"""What is still there when a stack has been deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local_aws import EmbeddedAws


def after(aws: EmbeddedAws, stack: str, arn: str, own_log_groups: set[str]) -> dict[str, Any]:
    """What ``of_stack`` finds, and the status and the tags of the stack's model."""
    return {
        "model": aws.rekognition.journal.statuses(arn)[-1],
        "model tags": len(aws.client("rekognition").list_tags_for_resource(ResourceArn=arn)["Tags"]),
        **of_stack(aws, stack, own_log_groups),
    }


def of_stack(aws: EmbeddedAws, stack: str, own_log_groups: set[str]) -> dict[str, int]:
    """How many things bear the stack's name, and rules invoke its functions.

    ``own_log_groups`` belonged to the stack. The embedded AWS makes such a group anew when a function's last
    lines arrive after its deletion; on AWS they are lost, since the role may not make log groups. So they
    are left out.
    """
    groups = {str(group["logGroupName"]) for group in _log_groups(aws)}
    return {
        "log groups": len([g for g in groups - own_log_groups if f"/{stack}-" in g or f"/{stack}/" in g]),
        "functions": len([name for name in _functions(aws) if name.startswith(f"{stack}-")]),
        "rules": len([target for target in _rule_targets(aws) if f":{stack}-" in target]),
        "roles": len([name for name in _roles(aws) if name.startswith(f"{stack}-")]),
        "state machines": len([name for name in _state_machines(aws) if stack in name]),
    }


def _log_groups(aws: EmbeddedAws) -> Iterator[dict[str, Any]]:
    for page in aws.client("logs").get_paginator("describe_log_groups").paginate():
        yield from page["logGroups"]


def _functions(aws: EmbeddedAws) -> Iterator[str]:
    for page in aws.client("lambda").get_paginator("list_functions").paginate():
        yield from (function["FunctionName"] for function in page["Functions"])


def _rule_targets(aws: EmbeddedAws) -> Iterator[str]:
    client = aws.client("events")
    for page in client.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            targets = client.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            yield from (str(target["Arn"]) for target in targets)


def _roles(aws: EmbeddedAws) -> Iterator[str]:
    for page in aws.client("iam").get_paginator("list_roles").paginate():
        yield from (role["RoleName"] for role in page["Roles"])


def _state_machines(aws: EmbeddedAws) -> Iterator[str]:
    for page in aws.client("stepfunctions").get_paginator("list_state_machines").paginate():
        yield from (machine["name"] for machine in page["stateMachines"])
