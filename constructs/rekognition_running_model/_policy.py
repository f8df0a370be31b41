"""What the handler may do, in statements: declared models exactly, former ones by the stack's tag."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aws_cdk import Acknowledgment, Aws, Stack
from aws_cdk import aws_iam as iam

from running_model_handler.core.names import TAG_PREFIX, Tag

MODEL_ACTIONS: Final = (
    "rekognition:StartProjectVersion",
    "rekognition:StopProjectVersion",
    "rekognition:TagResource",
    "rekognition:UntagResource",
)

_OWN_TAG_KEYS: Final = {"ForAllValues:StringLike": {"aws:TagKeys": f"{TAG_PREFIX}*"}}
"""No tags but ours are put or removed. Start and Stop carry no such key: for them ForAllValues holds."""

INLINE_CHARACTERS_MAX: Final = 9_000
"""Room for models in a role's inline policies: 10,240 characters for all of them, less what we add."""
FIXED_CHARACTERS: Final = 2_600
"""What the statements take that don't depend on the number of models."""
MANAGED_CHARACTERS_MAX: Final = 5_600
"""Room for models in a managed policy: 6,144 characters, less its frame."""

_ANY_PROJECT: Final = "arn:{partition}:rekognition:{region}:{account}:project/*"
_ANY_MODEL: Final = f"{_ANY_PROJECT}/version/*/*"
_ANY_STACK: Final = "arn:{partition}:cloudformation:{region}:{account}:stack/*/*"

_WILDCARDS: Final = {
    _ANY_MODEL: (
        "a former model, which the template no longer names, has to be stopped in the clean-up of its "
        "replacement; the stack's ownership tag (aws:ResourceTag) limits the statement to its own"
    ),
    _ANY_PROJECT: "reads only: a former model may be of a project that the template no longer names",
    _ANY_STACK: "reads only: whether the resource that claims a model is still there, maybe in another stack",
    "*": "reads only: DescribeProjects takes no resource; give project_arn to do without it",
}


def acknowledgments() -> list[Acknowledgment]:
    """Why there are wildcards, for cdk-nag: each finding with its reason.

    Its identifiers show pseudo parameters as ``<AWS::Region>``.
    """
    shown = {"partition": "<AWS::Partition>", "region": "<AWS::Region>", "account": "<AWS::AccountId>"}
    return [
        Acknowledgment(
            id=f"AwsSolutions::AwsSolutions-IAM5[Resource::{resource.format(**shown)}]", reason=reason
        )
        for resource, reason in _WILDCARDS.items()
    ]


def _here(resource: str) -> str:
    """A resource of this account and Region."""
    return resource.format(partition=Aws.PARTITION, region=Aws.REGION, account=Aws.ACCOUNT_ID)


def declared_models(arns: Iterable[str]) -> iam.PolicyStatement:
    """The models that the template declares, exactly."""
    return iam.PolicyStatement(
        sid="DeclaredModels",
        actions=list(MODEL_ACTIONS),
        resources=list(arns),
        conditions=dict(_OWN_TAG_KEYS),
    )


def fixed_statements(stack: Stack) -> list[iam.PolicyStatement]:
    """What a stack needs however many models it declares."""
    return [
        # The clean-up of a replaced model runs when the policy already names its successor.
        iam.PolicyStatement(
            sid="ModelsClaimedByThisStack",
            actions=list(MODEL_ACTIONS),
            resources=[_here(_ANY_MODEL)],
            conditions={
                "StringEquals": {f"aws:ResourceTag/{Tag.STACK_ID}": stack.stack_id},
                **_OWN_TAG_KEYS,
            },
        ),
        # Reads only: a former model may be of a project that the template no longer names, and whose it is
        # has to be seen also where the answer is that it is not ours (decision 4).
        iam.PolicyStatement(
            sid="LookAtModels",
            actions=["rekognition:DescribeProjectVersions", "rekognition:ListTagsForResource"],
            resources=[_here(_ANY_PROJECT)],
        ),
        iam.PolicyStatement(
            sid="LookAtThisStack",
            actions=["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"],
            resources=[stack.stack_id],
        ),
        # Reads only: whether the resource that claims a model, maybe of another stack, is still there.
        iam.PolicyStatement(
            sid="LookAtOwners",
            actions=["cloudformation:DescribeStackResource"],
            resources=[_here(_ANY_STACK)],
        ),
    ]


def find_projects() -> iam.PolicyStatement:
    """The look-up of a project's ARN; the action takes no resource."""
    return iam.PolicyStatement(sid="FindProjects", actions=["rekognition:DescribeProjects"], resources=["*"])
