"""What packs of cdk-nag find in our resources, with the reason why it is so; options take some away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aws_cdk import Acknowledgment

from rekognition_running_model._function import FunctionSettings
from rekognition_running_model._policy import ANY_MODEL, ANY_PROJECT, ANY_STACK

_SECURITY: Final = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
_SERVERLESS: Final = "Serverless"
_PACKS: Final = {
    "LambdaInsideVPC": _SECURITY,
    "LambdaDLQ": (*_SECURITY, _SERVERLESS),
    "LambdaConcurrency": _SECURITY,
    "LambdaAsyncFailureDestination": (_SERVERLESS,),
    "LambdaTracing": (_SERVERLESS,),
    "IAMNoInlinePolicy": _SECURITY,
    "CloudWatchLogGroupEncrypted": _SECURITY,
}
"""Which packs have which rule."""

_WILDCARDS: Final = {
    ANY_MODEL: (
        "a former model, which the template no longer names, has to be stopped in the clean-up of its "
        "replacement; the stack's ownership tag (aws:ResourceTag) limits the statement to its own"
    ),
    ANY_PROJECT: "reads only: a former model may be of a project that the template no longer names",
    ANY_STACK: "reads only: whether the resource that claims a model is still there, maybe in another stack",
    "*": (
        "reads only: DescribeProjects takes no resource, give project_arn to do without it; nor does "
        "GetMetricData, which stop_when_idle needs"
    ),
}


def of_model_permissions(*, inline: bool) -> list[Acknowledgment]:
    """Why there are wildcards, and inline policies.

    The identifiers of findings show pseudo parameters as ``<AWS::Region>``.
    """
    shown = {"partition": "<AWS::Partition>", "region": "<AWS::Region>", "account": "<AWS::AccountId>"}
    found = [
        _wildcard(f"Resource::{resource.format(**shown)}", reason) for resource, reason in _WILDCARDS.items()
    ]
    return [*found, *_inline()] if inline else found


def of_function_permissions(*, inline: bool) -> list[Acknowledgment]:
    """The same for what AWS wants to see before it makes the function."""
    found = [
        _wildcard("Resource::*", "a network interface that Lambda makes in the VPC has no ARN beforehand"),
        *(
            _wildcard(f"Action::kms:{action}*", "CDK's own grant for the key of an encrypted queue or topic")
            for action in ("GenerateDataKey", "ReEncrypt")
        ),
    ]
    return [*found, *_inline()] if inline else found


def of_function(settings: FunctionSettings) -> list[Acknowledgment]:
    """What the function has only if somebody asks for it."""
    reasons = {
        "LambdaInsideVPC": (
            settings.vpc,
            "the function reaches public APIs of AWS alone, and no data in a VPC; give vpc to place it there",
        ),
        "LambdaDLQ": (
            settings.dead_letter_queue,
            "CloudFormation waits for the answer and fails the stack without one; give dead_letter_queue to "
            "keep the event as well",
        ),
        "LambdaConcurrency": (
            settings.reserved_concurrent_executions,
            "each model holds an execution while it starts or stops, so a limit would make models wait for "
            "each other; give reserved_concurrent_executions to set one",
        ),
        "LambdaAsyncFailureDestination": (
            settings.on_failure,
            "CloudFormation waits for the answer and fails the stack without one; give on_failure to be told "
            "as well",
        ),
        "LambdaTracing": (
            None,
            "the log holds a line of JSON for each look and decision, with the id of its request; a trace "
            "would show a function that sleeps",
        ),
    }
    return [one for rule, (given, reason) in reasons.items() if given is None for one in _found(rule, reason)]


def of_janitor(*, inline: bool) -> list[Acknowledgment]:
    """The janitor's function, and its policies."""
    shown = {"partition": "<AWS::Partition>", "region": "<AWS::Region>", "account": "<AWS::AccountId>"}
    wildcards = {
        ANY_MODEL: "it stops models of any project, if they carry the claim of a stack (aws:ResourceTag)",
        ANY_PROJECT: "reads only: it looks at all models of the account and Region, which is what it is for",
        ANY_STACK: "reads only: whether a stack that claims a model is still there",
        "*": "reads only: DescribeProjects takes no resource",
    }
    again = "a round that fails is done again ten minutes later; the function's Errors metric tells of it"
    others = {
        "LambdaInsideVPC": "it reaches public APIs of AWS alone, and no data in a VPC",
        "LambdaDLQ": again,
        "LambdaAsyncFailureDestination": again,
        "LambdaConcurrency": "one round runs at a time, since one takes less time than passes between two",
        "LambdaTracing": "the log holds a line for each model that it stops, and one for each round",
    }
    found = [
        _wildcard(f"Resource::{resource.format(**shown)}", reason) for resource, reason in wildcards.items()
    ]
    found += [one for rule, reason in others.items() for one in _found(rule, reason)]
    return [*found, *_inline()] if inline else found


def of_schedules(*, inline: bool) -> list[Acknowledgment]:
    """The role that wakes a function."""
    return _inline() if inline else []


def of_log_group(key: object) -> list[Acknowledgment]:
    """A log group that is made here."""
    if key is not None:
        return []
    reason = (
        "CloudWatch Logs encrypts it with a key of its own, and it holds no data of images, no secret and no "
        "pre-signed URL; give log_encryption_key for a key of yours"
    )
    return list(_found("CloudWatchLogGroupEncrypted", reason))


def _inline() -> list[Acknowledgment]:
    reason = (
        "it names the one function and the models of this stack, and is of no use to another role; give "
        "managed_policies_only=True to have it managed"
    )
    return list(_found("IAMNoInlinePolicy", reason))


def _found(rule: str, reason: str) -> Iterator[Acknowledgment]:
    for pack in _PACKS[rule]:
        yield Acknowledgment(id=f"{pack}::{pack}-{rule}", reason=reason)


def _wildcard(what: str, reason: str) -> Acknowledgment:
    return Acknowledgment(id=f"AwsSolutions::AwsSolutions-IAM5[{what}]", reason=reason)
