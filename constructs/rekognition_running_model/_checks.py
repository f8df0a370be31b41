"""What is wrong with the values that a user gives, all of it in one error, with the way out.

Every problem names the property, what was given, what is right, and an example. Literals are judged here,
tokens by the handler, by the same functions.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from aws_cdk import Duration, RemovalPolicy, Stack, Stage, Token
from constructs import Construct

from rekognition_running_model._function import (
    PYTHON_MINOR_MIN,
    FunctionSettings,
    is_queue,
    is_topic,
    is_usable_runtime,
)
from rekognition_running_model._rendering import is_waiting_for_look_ups, may_look_up
from rekognition_running_model._said import warn
from rekognition_running_model._tokens import is_of_a_list, is_token
from running_model_handler.core.arn import (
    EXAMPLE_PROJECT_ARN,
    EXAMPLE_VERSION_ARN,
    ProjectVersionArn,
    check_location,
    check_same_project,
    parse_project_arn,
    parse_project_version_arn,
)
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.numbers import parse_whole_number
from running_model_handler.core.units import check_units, parse_max_units, parse_min_units

_T = TypeVar("_T")
_STAND_IN: Final = "dummy-value-for-"
"""How the value of a parameter begins that ``StringParameter.value_from_lookup`` has not looked up yet."""
UNITS_QUOTA: Final = 5
"""Inference units that one model may have, unless the account's quota is raised (Service Quotas)."""

_EXAMPLES: Final = {
    "project_version_arn": f'project_version_arn="{EXAMPLE_VERSION_ARN}"',
    "project_arn": f'project_arn="{EXAMPLE_PROJECT_ARN}"',
    "min_inference_units": "min_inference_units=1",
    "max_inference_units": "max_inference_units=3",
    "timeout": "timeout=Duration.minutes(30)",
    "poll_interval": "poll_interval=Duration.seconds(5)",
    "check_on_every_deploy": "check_on_every_deploy=True",
    "running_hours": (
        'running_hours=RunningHours(days="MON-FRI", start="08:00", stop="18:00", time_zone="Europe/Berlin")'
    ),
    "over_midnight": (
        'running_hours=RunningHours(days="MON-FRI", start="22:00", stop="06:00", time_zone="Europe/Berlin", '
        "over_midnight=True)"
    ),
    "lead_time": "lead_time=Duration.minutes(15)",
    "stop_after": "stop_after=Duration.hours(8)",
    "stop_when_idle": "stop_when_idle=Duration.hours(1)",
    "start_for": 'start_for=sqs.Queue(stack, "Pictures")',
    "stop_when_empty": "stop_when_empty=Duration.minutes(10)",
    "replacement": "replacement=Replacement.STOP_FIRST",
    "removal_policy": "removal_policy=RemovalPolicy.RETAIN",
    "log_retention": 'log_group=logs.LogGroup(stack, "Log", retention=logs.RetentionDays.ONE_YEAR)',
    "log_removal_policy": 'log_group=logs.LogGroup(stack, "Log", removal_policy=RemovalPolicy.RETAIN)',
    "log_encryption_key": 'log_group=logs.LogGroup(stack, "Log", encryption_key=key)',
    "permissions_boundary": "iam.PermissionsBoundary.of(role).apply(boundary)",
    "vpc_subnets": "vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)",
    "security_groups": (
        'vpc=vpc, security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", group_id)]'
    ),
    "managed_policies_only": "managed_policies_only=True",
    "memory_size": "memory_size=256",
    "reserved_concurrent_executions": "reserved_concurrent_executions=10",
    "runtime": "runtime=lambda_.Runtime.PYTHON_3_14",
    "on_failure": 'on_failure=sqs.Queue(stack, "Failed")',
    "log_group": 'log_group=logs.LogGroup.from_log_group_name(stack, "Log", "/platform/models")',
    "role": 'role=iam.Role.from_role_arn(stack, "Role", role_arn)',
    "vpc": 'vpc=ec2.Vpc.from_lookup(stack, "Vpc", vpc_id=vpc_id)',
    "environment_encryption_key": 'environment_encryption_key=kms.Key.from_key_arn(stack, "Key", key_arn)',
    "dead_letter_queue": 'dead_letter_queue=sqs.Queue.from_queue_arn(stack, "Dead", queue_arn)',
    "architecture": "architecture=lambda_.Architecture.X86_64",
    "dry_run": "dry_run=True",
    "provider": 'provider=RunningModelProvider(stack, "Provider")',
}


_KINDS: Final = {
    "log_retention": ("name", "must be one of logs.RetentionDays"),
    "log_removal_policy": ("name", "must be one of RemovalPolicy"),
    "log_encryption_key": ("key_arn", "must be a key of KMS"),
    "log_group": ("log_group_name", "must be a log group of CloudWatch Logs"),
    "role": ("role_arn", "must be a role of IAM"),
    "permissions_boundary": ("managed_policy_arn", "must be a managed policy of IAM"),
    "vpc": ("vpc_id", "must be a VPC"),
    "environment_encryption_key": ("key_arn", "must be a key of KMS"),
    "dead_letter_queue": ("queue_arn", "must be a queue of SQS"),
    "architecture": ("docker_platform", "must be one of lambda_.Architecture"),
    "vpc_subnets": ("subnet_type", "must be an ec2.SubnetSelection"),
}
"""What a value of each property has, and what it is then; ARNs and names are constructs of ``from_…``."""


def example(name: str) -> str:
    """How a property is given."""
    return _EXAMPLES[name]


def shown(value: Any) -> Any:
    """A value as a person knows it: what CDK makes is told by its path, its kind, or by how long it is."""
    if isinstance(value, Construct):
        return f"{type(value).__name__} {value.node.path}"
    if isinstance(value, Duration):
        return value.to_human_string()
    address = hasattr(value, "__jsii_ref__") and repr(value).startswith("<")
    return f"{type(value).__name__}(...)" if address else value


def check_scope(scope: Any, construct_id: Any, what: str) -> None:
    """Raise ``ValueError`` unless a construct can be made there; before CDK speaks of ``Resource2``."""
    named = isinstance(construct_id, str) and construct_id != "" and not Token.is_unresolved(construct_id)
    meant = construct_id if named else "Detector"
    parent = scope.node.path if isinstance(scope, Construct) else ""
    path = "/".join(filter(None, (parent, meant if named else "")))
    example = f'for example {what}(Stack(app, "Parts"), "{meant}", ...)'
    if not _is_in_a_stack(scope):
        raise ValueError(
            f"{path or what}: scope must be a Stack or a construct in one, got {type(scope).__name__}; "
            f"{example}"
        )
    if not named:
        raise ValueError(
            f"{path}: construct_id must be a text that is not empty and no token, got {construct_id!r}; "
            f"{example}"
        )


def _is_in_a_stack(scope: Any) -> bool:
    if not isinstance(scope, Construct):
        return False
    with suppress(RuntimeError):
        Stack.of(scope)
        return True
    return False


def check_grantee(path: str, grantee: Any) -> None:
    """Raise ``ValueError`` unless something can be granted to it."""
    if not hasattr(grantee, "grant_principal"):
        raise ValueError(
            f"{path}: grantee must be a function, a role, a user or another IGrantable, got "
            f"{shown(grantee)!r}; for "
            'example model.grant_detect(iam.Role.from_role_arn(stack, "Caller", role_arn))'
        )


def check_granted(model: Construct, grantee: Any, *, success: bool) -> None:
    """Raise ``ValueError`` for a grant that CDK has dropped, since the principal has no policy of its own."""
    if not success:
        principal = Stack.of(model).resolve(grantee.grant_principal.policy_fragment.principal_json)
        raise ValueError(
            f"{model.node.path}: grantee must have a policy that the stack can add to, got "
            f"{type(grantee).__name__} {json.dumps(principal)}: a model has no policy that could name a "
            "principal. Grant it to the role that calls the model, for example "
            'model.grant_detect(iam.Role.from_role_arn(stack, "Caller", role_arn))'
        )


class Checks:
    """Collects what is wrong, so that one error names all of it."""

    def __init__(self, construct: Construct, *, path: str | None = None) -> None:
        self._construct = construct
        self._path = path or construct.node.path
        self._problems: list[str] = []
        self._of_values: list[str] = []

    def arns(self, version: Any, project: Any) -> None:
        """The two ARNs, by themselves, together, and against the stack."""
        parsed = self.version_arn(version)
        parsed_project = None
        # CloudFormation takes other tokens for a property, as of a parameter or of Fn.get_att.
        rule = _rule_of_a_text(project) if isinstance(project, str | list | float) else None
        if rule is not None:
            self.wrong("project_arn", rule, project)
        elif project is not None and not is_token(project):
            parsed_project = self.run(lambda: parse_project_arn(project, name="project_arn"))
        if parsed is None:
            return
        known, stack = parsed, Stack.of(self._construct)
        self.run(lambda: _check_place(known, stack))
        if Token.is_unresolved(stack.region) and Token.is_unresolved(stack.account):
            _warn_of_the_clis_place(self._construct, known)
        if parsed_project is not None:
            same = parsed_project
            self.run(lambda: check_same_project(known, same, name="project_arn"))

    def version_arn(self, version: Any) -> ProjectVersionArn | None:
        """A literal ARN of a model, taken apart; None for a token and for what is wrong."""
        rule = _rule_of_a_text(version)
        if rule is not None:
            self.wrong("project_version_arn", f"{rule}; an ARN is like {EXAMPLE_VERSION_ARN}", version)
            return None
        if is_token(version):
            return None
        return self.run(lambda: parse_project_version_arn(version, name="project_version_arn"))

    def units(self, minimum: Any, maximum: Any) -> None:
        """Both bounds of inference units."""
        low = high = None
        # A list has no place for a number, whatever is in it.
        if isinstance(minimum, list) or not is_token(minimum):
            low = self.run(lambda: parse_min_units(minimum, name="min_inference_units"))
        if maximum is not None and (isinstance(maximum, list) or not is_token(maximum)):
            high = self.run(lambda: parse_max_units(maximum, name="max_inference_units"))
        if low is not None and high is not None:
            bound, top = low, high
            self.run(lambda: check_units(bound, top, max_name="max_inference_units"))
        most = max(low or 0, high or 0)
        if most > UNITS_QUOTA:
            _warn_of_the_units_quota(self._construct, most)

    def seconds(self, duration: Any, name: str, parse: Callable[..., int]) -> int | None:
        """A duration as whole seconds within its range; None where it is left out."""
        if duration is None:
            return None
        if not isinstance(duration, Duration):
            self.wrong(name, "must be a Duration", duration)
            return None
        if duration.is_unresolved():
            return self._seconds_of_a_token(duration, name)
        milliseconds = duration.to_milliseconds()
        if milliseconds % 1000 == 0:
            return self.run(lambda: parse(round(milliseconds / 1000), name=name))
        try:
            # Out of range as a whole number, it names the range.
            parse(0, name=name)
        except InvalidProperty as error:
            rule = error.rule.replace("a whole number", "whole seconds")
            self._add(f"{name} {rule}, got {milliseconds:g} ms", name)
        return None

    def _seconds_of_a_token(self, duration: Duration, name: str) -> int | None:
        """CDK converts no number that only the deployment knows."""
        try:
            return round(duration.to_seconds())
        except RuntimeError:
            self._problems.append(
                f"{name} must be given in seconds where only the deployment knows the number, got "
                f"{duration.unit_label()}; for example {name}=Duration.seconds(parameter.value_as_number)"
            )
            return None

    def flag(self, value: Any, name: str) -> None:
        """True or False, and nothing that merely passes for it."""
        if not isinstance(value, bool):
            self.wrong(name, "must be True or False", value)

    def instance(self, value: Any, name: str, kind: type, rule: str) -> None:
        """A value of a class."""
        if not isinstance(value, kind):
            self.wrong(name, rule, value)

    def function(self, settings: FunctionSettings) -> None:
        """What a user may choose of the function."""
        self.kinds(
            vpc=settings.vpc,
            environment_encryption_key=settings.environment_encryption_key,
            dead_letter_queue=settings.dead_letter_queue,
            architecture=settings.architecture,
        )
        if settings.architecture is None:
            self.wrong("architecture", _KINDS["architecture"][1], None)
        self._network(settings)
        self._function_size(settings.memory_size, settings.reserved_concurrent_executions)
        if not is_usable_runtime(getattr(settings.runtime, "name", "")):
            named = getattr(settings.runtime, "name", settings.runtime)
            self.wrong("runtime", f"must be Python 3.{PYTHON_MINOR_MIN} or newer", named)
        target = settings.on_failure
        if target is not None and not is_queue(target) and not is_topic(target):
            self.wrong("on_failure", "must be a queue of SQS or a topic of SNS", target)
        for name, receiver in (("dead_letter_queue", settings.dead_letter_queue), ("on_failure", target)):
            # Lambda guide, invocation-async-retain-records: standard queues and topics.
            if getattr(receiver, "fifo", False):
                self.wrong(name, "must be a standard one, since Lambda sends to no FIFO", receiver)

    def _network(self, settings: FunctionSettings) -> None:
        subnets, groups = settings.vpc_subnets, settings.security_groups
        if not isinstance(subnets, dict):
            self.kinds(vpc_subnets=subnets)
        listed = isinstance(groups, Sequence) and not isinstance(groups, str)
        if groups is not None and not (listed and all(hasattr(one, "security_group_id") for one in groups)):
            self.wrong("security_groups", "must be a list of security groups of EC2", groups)
        for name, value in (("vpc_subnets", subnets), ("security_groups", groups)):
            if settings.vpc is None and value is not None:
                self.wrong(name, "must come with vpc", value)

    def _function_size(self, memory_size: Any, reserved: Any) -> None:
        for name, value in (
            ("memory_size", memory_size),
            ("reserved_concurrent_executions", reserved),
        ):
            if isinstance(value, str):
                self.wrong(name, "must be a number, not a text", value)
                return
        if not is_token(memory_size):
            self.run(
                lambda: parse_whole_number(
                    memory_size, name="memory_size", minimum=128, maximum=10_240, unit="MB",
                    way_out="omit it for 192",
                )
            )  # fmt: skip
        if reserved is not None and not is_token(reserved):
            self.run(
                lambda: parse_whole_number(
                    reserved, name="reserved_concurrent_executions", minimum=1,
                    unit="executions; with none the function could not run",
                    way_out="omit it for as many as the account has",
                )
            )  # fmt: skip

    def kinds(self, **values: Any) -> None:
        """Values that CDK would take apart without naming the construct."""
        for name, value in values.items():
            attribute, rule = _KINDS[name]
            if value is not None and (isinstance(value, type) or not hasattr(value, attribute)):
                self.wrong(name, rule, value)

    def excluded_by(self, one: Any, name: str, **others: Any) -> None:
        """Values that mean nothing, or contradict, where another one is given."""
        for other, value in others.items():
            if one is not None and value is not None:
                self.wrong(other, f"must be left out where {name} is given, which has its own", value)

    def removal_policy(self, value: Any) -> None:
        """Stopped with its resource, or left running."""
        if value not in (RemovalPolicy.DESTROY, RemovalPolicy.RETAIN):
            rule = (
                "must be RemovalPolicy.DESTROY or RemovalPolicy.RETAIN; omit it to have the model stopped "
                "with its resource"
            )
            self.wrong("removal_policy", rule, value)

    def provider(self, provider: Any, kind: type[Construct]) -> None:
        """A function works where its stack is: in one Region and account, deployed by the same stage."""
        if provider is not None:
            self.instance(provider, "provider", kind, f"must be a {kind.__name__}")
        if isinstance(provider, kind):
            self._same_place(provider)

    def _same_place(self, provider: Construct) -> None:
        mine, theirs = Stack.of(self._construct), Stack.of(provider)
        if mine is theirs:
            return
        if Stage.of(mine) is not Stage.of(theirs):
            self._add(
                f"provider must be in the same stage as the model, got {provider.node.path}; make one in "
                "the model's stack, or omit it",
                "provider",
            )
            return
        for what, of_mine, of_theirs in (
            ("Region", mine.region, theirs.region),
            ("account", mine.account, theirs.account),
        ):
            tokens = Token.is_unresolved(of_mine), Token.is_unresolved(of_theirs)
            if all(tokens) or of_mine == of_theirs:
                continue
            here = "not given in its stack's env" if tokens[0] else of_mine
            there = "not given in its stack's env" if tokens[1] else of_theirs
            self._add(
                f"provider must be in the {what} of the model, which is {here}, got {provider.node.path}, "
                f"whose {what} is {there}; make one in each {what}, or omit it for one in each stack",
                "provider",
            )

    def declared_once(self, other: Construct | None, arn: str) -> None:
        """No other construct of the stack declares the same model."""
        if other is not None:
            self._add(
                f"project_version_arn must be declared once in a stack, got {self.told(arn)}, which is "
                f"declared by {other.node.path} already; a model belongs to one resource, share the "
                "construct instead",
                "project_version_arn",
                of_values=True,
            )

    def wrong(self, name: str, rule: str, value: Any) -> None:
        """A value of the wrong kind, whoever gives it."""
        self._add(str(InvalidProperty(name, self.told(value), rule)), name)

    def told(self, value: Any) -> Any:
        """A value as a person knows it, a token as the template shows it."""
        item = isinstance(value, str) and is_of_a_list(value)
        if isinstance(value, Construct) or not (item or is_token(value)):
            return shown(value)
        with suppress(RuntimeError):
            known = Stack.of(self._construct).resolve([value] if item else value)
            return f"a token, {json.dumps(known)}"
        return "a token"

    def finish(self, *values: Any) -> list[str]:
        """Raise one ``ValueError`` for all that was found.

        Nothing is wrong with a stand-in: while the app waits for a look-up it is going to run again. Returns
        what was wrong with such ``values``, to be said at the end if the app does not wait after all.
        """
        if not self._problems and not self._of_values:
            return []
        if not self._problems and self._may_be_stand_ins(values):
            return self._of_values
        raise ValueError(f"{self._path}: {'; '.join([*self._problems, *self._of_values])}")

    def _may_be_stand_ins(self, values: Iterable[Any]) -> bool:
        # CDK's own are known by sight: then no stack has to be rendered, which freezes its policies.
        known = any(_STAND_IN in str(value) for value in values)
        return (known and may_look_up(self._construct)) or is_waiting_for_look_ups(self._construct)

    def run(self, check: Callable[[], _T], *, like: str | None = None) -> _T | None:
        """What a check returns; None where it finds something wrong, which is collected.

        ``like``: whose example shows what is right. Default: that of the property.
        """
        try:
            return check()
        except InvalidProperty as error:
            self._add(str(error), like or error.name, of_values=isinstance(error.value, str))
            return None

    def _add(self, problem: str, like: str, *, of_values: bool = False) -> None:
        example = _EXAMPLES[like]
        # Some rules hold a whole ARN as theirs.
        value = example.partition("=")[2].strip('"')
        if not (value.startswith("arn:") and value in problem):
            problem = f"{problem}; for example {example}"
        (self._of_values if of_values else self._problems).append(problem)


def problem_of_a_place(arn: str, stack: Stack) -> list[str]:
    """What is wrong with the ARN of a model that a stack is to run; at most one problem."""
    try:
        _check_place(parse_project_version_arn(arn, name="project_version_arn"), stack)
    except InvalidProperty as error:
        return [str(error)]
    return []


def _check_place(arn: ProjectVersionArn, stack: Stack) -> None:
    region = None if Token.is_unresolved(stack.region) else stack.region
    account = None if Token.is_unresolved(stack.account) else stack.account
    check_location(arn, name="project_version_arn", region=region, account=account)


def _rule_of_a_text(value: Any) -> str | None:
    """What to do with something that holds a text or stands for one; None for what is neither.

    CDK would take it for a token, and complain of a policy's resources.
    """
    if isinstance(value, Construct) or (hasattr(value, "__jsii_ref__") and not is_token(value)):
        return (
            "must be a text: of a construct give the attribute that holds the ARN, such as "
            "project_version_arn, string_value or value_as_string"
        )
    if is_of_a_list(value):
        return "must be one text: take one out of a list by Fn.select(0, the_list), a loop can't"
    if isinstance(value, str) or not is_token(value):
        return None
    return "must be a text: Token.as_string(the_token) makes one of a token"


def _warn_of_the_units_quota(construct: Construct, units: int) -> None:
    warn(
        construct,
        "units-quota",
        f"{units} inference units are declared, and an account has {UNITS_QUOTA} for a model unless the "
        "quota is raised: the start would be refused. Look at Service Quotas, Rekognition, Inference units "
        "per started model; acknowledge this if it is raised",
    )


def _warn_of_the_clis_place(construct: Construct, arn: ProjectVersionArn) -> None:
    """A stack without an environment goes where the CLI's credentials point."""
    region, account = os.environ.get("CDK_DEFAULT_REGION"), os.environ.get("CDK_DEFAULT_ACCOUNT")
    if region in (None, arn.region) and account in (None, arn.account):
        return
    warn(
        construct,
        "elsewhere",
        f"project_version_arn names a model in {arn.region} of account {arn.account}, but this stack has no "
        f"env, and the CLI would deploy it to {region} of account {account}, where the start fails. Give the "
        f'stack env=Environment(account="{arn.account}", region="{arn.region}"), use another profile, or '
        "acknowledge this if the template is deployed in another way",
    )
