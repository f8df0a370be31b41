"""The Lambda function: how it is set up, and what must be left of it at the end of the synth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from rekognition_running_model import _asset
from rekognition_running_model._said import warn
from running_model_handler.core.names import HANDLER
from running_model_handler.core.waiting import TRIES_OF_AN_EVENT

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

_TIMEOUT_MINUTES: Final = 15
_RETRIES: Final = TRIES_OF_AN_EVENT - 1
PYTHON_MINOR_MIN: Final = 11
_NETWORK_ACTIONS: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does with the function's role in a VPC (Lambda guide, configuration-vpc)."""
ENDPOINTS: Final = (
    "the APIs of Rekognition, CloudFormation and Lambda, and CloudFormation's bucket in S3, by a NAT gateway "
    "or by the interface endpoints rekognition, cloudformation and lambda and a gateway endpoint for s3 that "
    "lets cloudformation-custom-resource-response-* through"
)


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What a user may choose of the function; None stands for what was left out."""

    memory_size: int
    architecture: lambda_.Architecture
    runtime: lambda_.Runtime
    vpc: ec2.IVpc | None = None
    vpc_subnets: ec2.SubnetSelection | None = None
    security_groups: Sequence[ec2.ISecurityGroup] | None = None
    environment_encryption_key: kms.IKey | None = None
    dead_letter_queue: sqs.IQueue | None = None
    on_failure: sqs.IQueue | sns.ITopic | None = None
    reserved_concurrent_executions: int | None = None

    @property
    def needs_permissions(self) -> bool:
        """Whether AWS wants to see permissions before it makes such a function."""
        return any((self.vpc, self.environment_encryption_key, self.dead_letter_queue, self.on_failure))


def make_function(
    scope: Construct,
    construct_id: str,
    *,
    package: Path,
    role: iam.IRole,
    log_group: logs.ILogGroup,
    settings: FunctionSettings,
) -> lambda_.Function:
    """The function as the handler needs it, and as its account wants it."""
    optional: dict[str, Any] = {
        "vpc": settings.vpc,
        "vpc_subnets": settings.vpc_subnets,
        "security_groups": settings.security_groups,
        "environment_encryption": settings.environment_encryption_key,
        "dead_letter_queue": settings.dead_letter_queue,
        "on_failure": _destination(settings.on_failure),
        "reserved_concurrent_executions": settings.reserved_concurrent_executions,
    }
    return lambda_.Function(
        scope,
        construct_id,
        description="Starts, watches and stops Rekognition Custom Labels models for CloudFormation",
        code=lambda_.Code.from_asset(str(package)),
        handler=HANDLER,
        runtime=settings.runtime,
        architecture=settings.architecture,
        memory_size=settings.memory_size,
        # A longer wait goes on in a further invocation.
        timeout=Duration.minutes(_TIMEOUT_MINUTES),
        # A killed invocation heals by its retry; an event must not outlive its request.
        retry_attempts=_RETRIES,
        max_event_age=Duration.hours(1),
        role=role,
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
        system_log_level_v2=lambda_.SystemLogLevel.WARN,
        **{name: value for name, value in optional.items() if value is not None},
    )


def permit_what_aws_checks(policy: iam.Policy | iam.ManagedPolicy, settings: FunctionSettings) -> None:
    """What a role has to allow before AWS makes a function with these settings."""
    if settings.vpc:
        policy.add_statements(
            iam.PolicyStatement(sid="Network", actions=list(_NETWORK_ACTIONS), resources=["*"])
        )
    if settings.environment_encryption_key:
        policy.add_statements(
            iam.PolicyStatement(
                sid="DecryptEnvironment",
                actions=["kms:Decrypt"],
                resources=[settings.environment_encryption_key.key_arn],
            )
        )
    for target in (settings.dead_letter_queue, settings.on_failure):
        if target is None:
            continue
        if is_queue(target):
            cast("sqs.IQueue", target).grant_send_messages(policy)
        else:
            cast("sns.ITopic", target).grant_publish(policy)


def is_queue(target: Any) -> bool:
    """Whether it is an SQS queue."""
    return hasattr(target, "queue_arn") and not isinstance(target, type)


def is_topic(target: Any) -> bool:
    """Whether it is an SNS topic."""
    return hasattr(target, "topic_arn")


def _destination(target: sqs.IQueue | sns.ITopic | None) -> lambda_.IDestination | None:
    if target is None:
        return None
    # Loading it takes time that only apps with a destination should pay (decision 9).
    from aws_cdk import aws_lambda_destinations as destinations

    if is_queue(target):
        return destinations.SqsDestination(cast("sqs.IQueue", target))
    return destinations.SnsDestination(cast("sns.ITopic", target))


def warn_of_isolated_subnets(scope: Construct, settings: FunctionSettings) -> None:
    """Subnets without a way out need endpoints; the synth can't see them all."""
    if settings.vpc is None:
        return
    isolated = {subnet.subnet_id for subnet in settings.vpc.isolated_subnets}
    chosen = settings.vpc.select_subnets(
        **({} if settings.vpc_subnets is None else settings.vpc_subnets._values)
    ).subnet_ids
    if isolated & set(chosen):
        warn(
            scope,
            "isolated-subnets",
            f"the function runs in subnets without a way out, and must reach {ENDPOINTS}; without that no "
            "request is ever answered, and CloudFormation waits for an hour. Acknowledge this if they can",
        )


def check_function(
    provider: Construct,
    written: Mapping[str, Any],
    *,
    package: Path,
    log_group_name: Any,
    settings: FunctionSettings,
    models: int,
    retries: Mapping[str, Any],
) -> list[str]:
    """What is wrong with the function as it is written; warns of what may be meant.

    ``retries``: what is written of how events are delivered again (AWS::Lambda::EventInvokeConfig).
    """
    properties = written.get("Properties", {})
    _warn_of_fewer_retries(provider, retries.get("Properties", {}))
    _warn_of_changes(provider, properties, log_group_name, settings)
    _warn_of_reserved_concurrency(provider, properties.get("ReservedConcurrentExecutions"), models)
    problems = [
        f"the Lambda package must hold {name}, which is gone from {package}; synthesize again"
        for name in _asset.missing(package)
    ]
    runtime = properties.get("Runtime")
    if isinstance(runtime, str) and not is_usable_runtime(runtime):
        problems.append(
            f"Runtime must be python3.{PYTHON_MINOR_MIN} or newer, got {runtime}; for example "
            "runtime=lambda_.Runtime.PYTHON_3_14"
        )
    return problems


def is_usable_runtime(name: str) -> bool:
    """Whether the handler runs in it."""
    family, _, minor = name.partition("python3.")
    return not family and minor.isdigit() and int(minor) >= PYTHON_MINOR_MIN


def _warn_of_changes(
    provider: Construct, properties: Mapping[str, Any], log_group_name: Any, settings: FunctionSettings
) -> None:
    timeout = properties.get("Timeout")
    seconds = _TIMEOUT_MINUTES * 60
    log_group = properties.get("LoggingConfig", {}).get("LogGroup")
    for wrong, name, words in (
        (
            isinstance(timeout, int) and timeout < seconds,
            "function-timeout",
            f"something has set the function's Timeout to {timeout} s, from {seconds}: it goes on in "
            "a further invocation each time that it ends, at most 14 times",
        ),
        (
            properties.get("Handler") != HANDLER,
            "function-handler",
            f"something has set the function's Handler to {properties.get('Handler')}, from {HANDLER}: it "
            "has to call that one with event and context, or no request is ever answered",
        ),
        (
            log_group != log_group_name,
            "function-log-group",
            f"something has set the function's log group to {log_group}: its role may write to "
            f"{log_group_name} alone; give log_group to RunningModelProvider instead",
        ),
        (
            "VpcConfig" in properties and settings.vpc is None,
            "function-vpc",
            "something has put the function into a VPC: its role then has to allow "
            f"{', '.join(_NETWORK_ACTIONS)}, and it must reach {ENDPOINTS}. Give vpc to RunningModelProvider "
            "instead, or acknowledge this if both are there",
        ),
    ):
        if wrong:
            warn(provider, name, words)


def retries_of(function: lambda_.Function) -> IConstruct:
    """How its events are delivered again; raises ``ValueError`` where CDK was kept from making it."""
    found = function.node.try_find_child("EventInvokeConfig")
    if found is None:
        raise ValueError(
            f"{function.node.path}: its properties must keep retry_attempts={_RETRIES} and max_event_age, "
            "but something has taken them away; a property injector for functions should add to what it is "
            'given, for example return {**original_props, "tracing": lambda_.Tracing.ACTIVE}'
        )
    return found


def _warn_of_fewer_retries(provider: Construct, properties: Mapping[str, Any]) -> None:
    retries = properties.get("MaximumRetryAttempts", _RETRIES)
    if not isinstance(retries, int) or retries >= _RETRIES:
        return
    warn(
        provider,
        "function-retries",
        f"something has set the function's MaximumRetryAttempts to {retries}, from {_RETRIES}: a request "
        "whose invocation is killed is taken up again by a retry; without one CloudFormation waits for an "
        "hour and fails, and a model may go on billing. Leave it out of the aspect, or acknowledge this",
    )


def _warn_of_reserved_concurrency(provider: Construct, reserved: Any, models: int) -> None:
    if not isinstance(reserved, int) or reserved > models:
        return
    warn(
        provider,
        "reserved-concurrency",
        f"{reserved} executions are reserved for the function of {models} models: each holds one while it "
        "starts or stops, and a second for a moment every 15 minutes. With fewer, models wait for each "
        "other, and some may not run within CloudFormation's hour; twice as many as models is plenty",
    )
