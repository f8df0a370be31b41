"""What the role of a provider may do, and from when on: IAM is eventually consistent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from running_model_handler.core.names import Tag

_CHANGES: Final = frozenset(
    {
        "rekognition:StartProjectVersion",
        "rekognition:StopProjectVersion",
        "rekognition:TagResource",
        "rekognition:UntagResource",
    }
)
_READS: Final = frozenset(
    {
        "rekognition:DescribeProjectVersions",
        "rekognition:ListTagsForResource",
        "cloudformation:DescribeStackResource",
    }
)
_DEMAND: Final = frozenset({"sqs:GetQueueAttributes", "cloudwatch:GetMetricData"})
"""Where guards are declared; nobody else asks."""
_OWN_STACK: Final = frozenset({"cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What varies in the role's policies: the declared models, and whether projects are looked up."""

    models: frozenset[str]
    finds_projects: bool


class Role:
    """The role of one stack's provider: the statements of the construct's ``_policy.py``."""

    def __init__(self, stack_id: str, function_arn: str) -> None:
        self._stack_id = stack_id
        self._function_arn = function_arn
        self._policies: list[tuple[float, Policy | None]] = []

    def put(self, policy: Policy | None, counts_from: float) -> None:
        """Change the policies; None takes them away with the role."""
        self._policies.append((counts_from, policy))

    def is_late(self, now: float) -> bool:
        """Whether the last change does not count yet."""
        return bool(self._policies) and self._policies[-1][0] > now

    def allows(self, action: str, resource: str, tags: Mapping[str, str] | None, now: float) -> bool:
        """Whether a call is allowed; ``tags`` are those of a model that is to be changed."""
        policy = None
        for counts_from, candidate in reversed(self._policies):
            if counts_from <= now:
                policy = candidate
                break
        if policy is None:
            return False
        if action in _CHANGES:
            return resource in policy.models or (tags or {}).get(Tag.STACK_ID) == self._stack_id
        if action in _READS:
            return True
        if action in _OWN_STACK:
            return resource == self._stack_id
        if action == "rekognition:DescribeProjects":
            return policy.finds_projects
        if action in _DEMAND:
            return True
        return action == "lambda:InvokeFunction" and resource == self._function_arn
