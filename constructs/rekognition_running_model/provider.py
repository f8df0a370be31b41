"""The function behind the running models of a stack, its role and its log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from aws_cdk import RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from rekognition_running_model import _policy
from rekognition_running_model._acknowledged import of_function, of_function_permissions, of_log_group
from rekognition_running_model._asset import staged_handler
from rekognition_running_model._checks import Checks, check_scope
from rekognition_running_model._final import Written, at_the_end, logical_id
from rekognition_running_model._function import (
    FunctionSettings,
    check_function,
    make_function,
    permit_what_aws_checks,
    retries_of,
    warn_of_isolated_subnets,
)
from rekognition_running_model._permissions import AnyPolicy, ModelPermissions, RolePolicies
from rekognition_running_model._printed import policy_document
from rekognition_running_model._said import warn
from rekognition_running_model._schedules import Schedules

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

_DEFAULT_ID: Final = "RekognitionRunningModelProvider"
_MEMORY_MB: Final = 192
"""The function mostly sleeps, and is billed by its size (docs/decisions/0014-memory-size.md)."""
_FUNCTION_ARN: Final = "arn:{partition}:lambda:{here}:function:{start}"
_LOG_GROUP_ARN: Final = "arn:{partition}:logs:{here}:log-group:{start}"
_CONCURRENCY_OF_A_NEW_ACCOUNT: Final = 10
"""Lambda developer guide, Lambda quotas: a new account has less than 1,000; 10 is what people report."""


class RunningModelProvider(Construct):
    """The Lambda function that starts, watches and stops models for CloudFormation.

    A stack gets one by itself, shared by all its models. Make one to fit the rules of an account, or to
    share it between stacks of one Region and account. It is chosen for the life of a model's resource:
    CloudFormation refuses another ServiceToken ("Modifying service token is not allowed"), so its id must not
    change either.

    :param log_retention: how long log events are kept. Default: one month.
    :param log_removal_policy: what happens to the log group with the stack. Default: DESTROY.
    :param log_encryption_key: the KMS key of the log group; the key's policy is told to let CloudWatch Logs
        use it, except for an imported key. Default: a key of CloudWatch Logs.
    :param log_group: a log group of one's own, instead of the three above. Default: one is made.
    :param role: the function's role; lambda.amazonaws.com must be allowed to assume it. Policies are added to
        it, but not to an immutable one (``mutable=False``), which must then allow what
        ``policy_document_json`` tells. Default: one is made.
    :param permissions_boundary: the boundary of the role that is made. Default: none but those that apply to
        the whole app (``PermissionsBoundary.of(app)``). It must let the role do what it is for,
        ``lambda:InvokeFunction`` on the function itself included: starts longer than 15 minutes need it.
    :param managed_policies_only: attach managed policies alone, none inline; each stack's models take at
        least one of the ten that a role may have. Default: False.
    :param vpc: where the function runs. It must reach the APIs of Rekognition, CloudFormation and Lambda, and
        CloudFormation's bucket in S3 for its answers: by a NAT gateway, or by the interface endpoints
        ``rekognition``, ``cloudformation`` and ``lambda`` and a gateway endpoint for ``s3`` (its policy must
        let ``cloudformation-custom-resource-response-*`` through). Default: none, Lambda's own network.
    :param vpc_subnets: which subnets of the VPC. Default: private ones with a way out.
    :param security_groups: they must let HTTPS out. Default: one is made that lets all out, none in.
    :param environment_encryption_key: the KMS key of the environment variables. The function has none of its
        own; what others add is encrypted with it. Default: a key of Lambda.
    :param dead_letter_queue: gets the event of a request that three invocations could not finish; the stack
        fails all the same. Default: none.
    :param on_failure: the same with its error and stack trace, to a queue or a topic. Default: none.
    :param reserved_concurrent_executions: so many executions are set apart for the function, 1 or more, and
        it has no more. They are free, but the rest of the account loses them, and at least 100 must stay.
        Each model that starts or stops holds one, and a second for a moment every 15 minutes; with fewer,
        models wait for each other and may not run within CloudFormation's hour. Default: none, as many as the
        account has.
    :param memory_size: MB, 128 to 10,240. Billed while models start and stop, and less than 192 makes cold
        starts slow. Default: 192.
    :param architecture: Default: ARM_64, which is cheaper; X86_64 where a Region has no other.
    :param runtime: Python 3.11 or newer. Default: PYTHON_3_14.
    :raises ValueError: for values that break a rule or don't go together; the message lists all of them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_retention: logs.RetentionDays | None = None,
        log_removal_policy: RemovalPolicy | None = None,
        log_encryption_key: kms.IKey | None = None,
        log_group: logs.ILogGroup | None = None,
        role: iam.IRole | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        managed_policies_only: bool = False,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        environment_encryption_key: kms.IKey | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        on_failure: sqs.IQueue | sns.ITopic | None = None,
        reserved_concurrent_executions: int | None = None,
        memory_size: int = _MEMORY_MB,
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
        runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14,
    ) -> None:
        check_scope(scope, construct_id, "RunningModelProvider")
        _check_not_made_by_a_model(scope, construct_id)
        super().__init__(scope, construct_id)
        checks = Checks(self)
        checks.kinds(role=role, permissions_boundary=permissions_boundary, log_group=log_group)
        checks.excluded_by(role, "role", permissions_boundary=permissions_boundary)
        checks.flag(managed_policies_only, "managed_policies_only")
        log = {
            "log_retention": log_retention,
            "log_removal_policy": log_removal_policy,
            "log_encryption_key": log_encryption_key,
        }
        checks.kinds(**log)
        checks.excluded_by(log_group, "log_group", **log)
        self._settings: Final = FunctionSettings(
            memory_size=memory_size,
            architecture=architecture,
            runtime=runtime,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
            environment_encryption_key=environment_encryption_key,
            dead_letter_queue=dead_letter_queue,
            on_failure=on_failure,
            reserved_concurrent_executions=reserved_concurrent_executions,
        )
        checks.function(self._settings)
        checks.finish()
        self._models = 0
        self._permissions_boundary: Final = permissions_boundary
        self._managed_policies_only: Final = managed_policies_only
        self.log_group: Final[logs.ILogGroup] = log_group or self._make_log_group(
            log_retention, log_removal_policy, log_encryption_key
        )
        self.role: Final[iam.IRole] = role or self._make_role(permissions_boundary)
        self._policies: Final = RolePolicies(self, self.role, managed_only=managed_policies_only)
        self._package: Final = staged_handler(self)
        self.function: Final[lambda_.Function] = self._make_function()
        self._retries: Final = retries_of(self.function)
        # What escape hatches and references between stacks look for.
        self.node.default_child = self.function.node.default_child
        self._permissions: Final = ModelPermissions(self, "Permissions", self._policies, own=True)
        self._permissions.add(
            *_policy.own_statements(self.function.function_arn, self.log_group.log_group_arn)
        )
        at_the_end(self, self._check)

    @classmethod
    def of(cls, scope: Construct) -> RunningModelProvider:
        """The provider that the models of a stack share, made when it is first asked for."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(_DEFAULT_ID)
        if existing is None:
            return cls(stack, _DEFAULT_ID)
        if not isinstance(existing, cls):
            raise ValueError(
                f"{existing.node.path}: must be a RunningModelProvider, got {type(existing).__name__}; give "
                f'it another id than "{_DEFAULT_ID}"'
            )
        return existing

    @property
    def service_token(self) -> str:
        """The ARN of the function, which CloudFormation invokes."""
        return self.function.function_arn

    def policy_document_json(self) -> str:
        """What the role has to allow for the models declared so far, as an IAM policy document.

        For a role that is made before the stack, by hand or by another team. What only the deployment knows,
        such as the id of the stack, stands as a wildcard. The role's trust policy has to let
        ``lambda.amazonaws.com`` assume it.
        """
        arns = {logical_id(cast(IConstruct, self.function.node.default_child)): _FUNCTION_ARN}
        if isinstance(self.log_group, logs.LogGroup):
            arns[logical_id(cast(IConstruct, self.log_group.node.default_child))] = _LOG_GROUP_ARN
        return policy_document(self._policies.statements(), Stack.of(self), arns)

    def permit(
        self,
        model: Construct,
        arn: str,
        *,
        finds_project: bool,
        counts_calls: bool = False,
        queue_arn: str | None = None,
    ) -> list[IConstruct]:
        """Allow the handler to run a model; returns what the model's resource has to depend on.

        The permissions stand in the stack of the model, whose id they name, also where the provider
        belongs to another stack.
        """
        self._models += 1
        if self._models == _CONCURRENCY_OF_A_NEW_ACCOUNT + 1:
            self._warn_of_concurrency()
        permissions = self._permissions
        if Stack.of(model) is not Stack.of(self):
            permissions = self._permissions_from(Stack.of(model))
        permissions.allow_guards(counts_calls=counts_calls, queue_arn=queue_arn)
        policies = [self._permissions.first, *permissions.allow(arn, finds_project=finds_project)]
        return [*dict.fromkeys(policies), self._retries]

    def schedules_for(self, model: Construct) -> Schedules:
        """What wakes the function for the guarded models of a stack: one role for all of them."""
        stack = Stack.of(model)
        own = stack is Stack.of(self)
        scope: Construct = self if own else stack
        name = "Schedules" if own else f"{self.node.id}Schedules-{self.node.addr[-8:]}"
        existing = scope.node.try_find_child(name)
        if isinstance(existing, Schedules):
            return existing
        return Schedules(
            scope,
            name,
            function=self.function,
            permissions_boundary=self._permissions_boundary,
            managed_policies_only=self._managed_policies_only,
        )

    def _make_log_group(
        self,
        retention: logs.RetentionDays | None,
        removal_policy: RemovalPolicy | None,
        key: kms.IKey | None,
    ) -> logs.LogGroup:
        if key is not None:
            key.add_to_resource_policy(_policy.encrypts_logs(Stack.of(self)))
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH if retention is None else retention,
            removal_policy=RemovalPolicy.DESTROY if removal_policy is None else removal_policy,
            encryption_key=key,
        )
        Validations.of(log_group).acknowledge(*of_log_group(key))
        return log_group

    def _make_role(self, permissions_boundary: iam.IManagedPolicy | None) -> iam.Role:
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts, watches and stops the Rekognition Custom Labels models of a stack",
            permissions_boundary=permissions_boundary,
        )

    def _make_function(self) -> lambda_.Function:
        before: AnyPolicy | None = None
        if self._settings.needs_permissions:
            before = self._policies.make(self, "FunctionPermissions")
            permit_what_aws_checks(before, self._settings)
            Validations.of(before).acknowledge(
                *of_function_permissions(inline=isinstance(before, iam.Policy))
            )
        function = make_function(
            self,
            "Function",
            package=self._package,
            role=self._role_of_the_function(),
            log_group=self.log_group,
            settings=self._settings,
        )
        if before is not None:
            function.node.add_dependency(before)
        Validations.of(function).acknowledge(*of_function(self._settings))
        warn_of_isolated_subnets(self, self._settings)
        return function

    def _role_of_the_function(self) -> iam.IRole:
        """The role; closed where CDK would add policies of its own to it, beside ours, as for a VPC."""
        if isinstance(self.role, iam.Role) and self._settings.needs_permissions:
            return self.role.without_policy_updates()
        return self.role

    def _check(self, written: Written) -> list[str]:
        self._warn_of_an_immutable_role()
        function = written.resource(cast(IConstruct, self.function.node.default_child))
        if function is None:
            return []
        return check_function(
            self,
            function,
            package=self._package,
            log_group_name=written.resolved(self.log_group.log_group_name),
            settings=self._settings,
            models=self._models,
            retries=written.resource(written.l1(self._retries)) or {},
        )

    def _warn_of_an_immutable_role(self) -> None:
        if not self._policies.are_taken:
            warn(
                self,
                "role",
                "the role is used as it is, and no policy is added to it; it must allow what "
                "policy_document_json() of this provider returns. Acknowledge this if it does",
            )

    def _warn_of_concurrency(self) -> None:
        warn(
            self,
            "concurrency",
            f"more than {_CONCURRENCY_OF_A_NEW_ACCOUNT} models share this function, and each holds one of "
            "the account's concurrent executions while it starts or stops. A new account may have no more "
            "than that: no other function of it could begin, models would wait for each other, and from "
            "about 40 on some would not run within CloudFormation's hour. Look at Service Quotas, AWS "
            "Lambda, Concurrent executions; 100 more than there are models is plenty",
        )

    def _permissions_from(self, stack: Stack) -> ModelPermissions:
        name = f"{self.node.id}Permissions-{self.node.addr[-8:]}"
        existing = stack.node.try_find_child(name)
        if isinstance(existing, ModelPermissions):
            return existing
        return ModelPermissions(stack, name, self._policies, own=False)


def _check_not_made_by_a_model(scope: Construct, construct_id: str) -> None:
    """Raise ``ValueError`` where a model has already made the provider that a stack's models share."""
    existing = scope.node.try_find_child(construct_id) if construct_id == _DEFAULT_ID else None
    if isinstance(existing, RunningModelProvider):
        raise ValueError(
            f"{existing.node.path}: the provider that the models of a stack share must be made before the "
            "first of them, which makes one otherwise; move it up, or give it another id and hand it to the "
            'models, for example provider=RunningModelProvider(stack, "Provider")'
        )
