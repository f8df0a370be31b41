"""What the handler may do, in statements: declared models exactly, former ones by the stack's tag."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aws_cdk import Aws, Stack
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

_ANY_LOG_GROUP: Final = "arn:{partition}:logs:{region}:{account}:log-group:*"
ANY_PROJECT: Final = "arn:{partition}:rekognition:{region}:{account}:project/*"
ANY_MODEL: Final = f"{ANY_PROJECT}/version/*/*"
ANY_STACK: Final = "arn:{partition}:cloudformation:{region}:{account}:stack/*/*"


def _here(resource: str) -> str:
    """A resource of this account and Region."""
    return resource.format(partition=Aws.PARTITION, region=Aws.REGION, account=Aws.ACCOUNT_ID)


def own_statements(function_arn: str, log_group_arn: str) -> list[iam.PolicyStatement]:
    """What the function needs for itself, whatever models it has."""
    return [
        iam.PolicyStatement(sid="HandOver", actions=["lambda:InvokeFunction"], resources=[function_arn]),
        iam.PolicyStatement(
            sid="WriteLog",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group_arn],
        ),
    ]


def encrypts_logs(stack: Stack) -> iam.PolicyStatement:
    """Lets CloudWatch Logs use a key for the log groups of this account and Region.

    Source: CloudWatch Logs guide, encrypt-log-data-kms. The group can't be named: it needs the key first.
    """
    return iam.PolicyStatement(
        sid="EncryptLogs",
        principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
        actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        resources=["*"],
        conditions={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": _here(_ANY_LOG_GROUP)},
        },
    )


def declared_models(arns: Iterable[str], number: int = 0) -> iam.PolicyStatement:
    """The models that the template declares, exactly; numbered where a policy has several such statements."""
    return iam.PolicyStatement(
        sid=f"DeclaredModels{number or ''}",
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
            resources=[_here(ANY_MODEL)],
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
            resources=[_here(ANY_PROJECT)],
        ),
        iam.PolicyStatement(
            sid="LookAtThisStack",
            actions=["cloudformation:DescribeStackEvents"],
            resources=[stack.stack_id],
        ),
        # Reads only: whether the resource that claims a model, maybe of another stack, is still there.
        iam.PolicyStatement(
            sid="LookAtOwners",
            actions=["cloudformation:DescribeStackResource"],
            resources=[_here(ANY_STACK)],
        ),
    ]


def count_calls() -> iam.PolicyStatement:
    """The calls that tell whether a model is idle; the action takes no resource."""
    return iam.PolicyStatement(sid="CountCalls", actions=["cloudwatch:GetMetricData"], resources=["*"])


def look_at_queue(queue_arn: str) -> iam.PolicyStatement:
    """How many messages of a queue wait for a model."""
    return iam.PolicyStatement(actions=["sqs:GetQueueAttributes"], resources=[queue_arn])


def janitor_statements(log_group_arn: str) -> list[iam.PolicyStatement]:
    """What the janitor needs: looks at all models and stacks, and the Stop of claimed models alone."""
    return [
        find_projects(),
        iam.PolicyStatement(
            sid="LookAtModels",
            actions=["rekognition:DescribeProjectVersions", "rekognition:ListTagsForResource"],
            resources=[_here(ANY_PROJECT)],
        ),
        iam.PolicyStatement(
            sid="StopClaimedModels",
            actions=["rekognition:StopProjectVersion"],
            resources=[_here(ANY_MODEL)],
            conditions={"StringLike": {f"aws:ResourceTag/{Tag.STACK_ID}": _here(ANY_STACK)}},
        ),
        iam.PolicyStatement(
            sid="LookAtOwners",
            actions=["cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResource"],
            resources=[_here(ANY_STACK)],
        ),
        iam.PolicyStatement(
            sid="WriteLog", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group_arn]
        ),
    ]


def find_projects() -> iam.PolicyStatement:
    """The look-up of a project's ARN; the action takes no resource."""
    return iam.PolicyStatement(sid="FindProjects", actions=["rekognition:DescribeProjects"], resources=["*"])
