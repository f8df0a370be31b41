"""The function behind the running models of a stack, its role and its log."""

from __future__ import annotations

from typing import Final

from aws_cdk import Annotations, Duration, RemovalPolicy, Stack, Token, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from rekognition_running_model import _policy
from rekognition_running_model._asset import staged_handler
from running_model_handler.core.names import HANDLER

_DEFAULT_ID: Final = "RekognitionRunningModelProvider"
_MEMORY_MB: Final = 192
"""The function mostly sleeps, and is billed by its size (docs/decisions/0014-memory-size.md)."""
_TOKEN_CHARACTERS: Final = 120
"""What a token in a policy is taken to become: a common ARN."""
_MANAGED_POLICIES_MAX: Final = 10
_CONCURRENCY_OF_A_NEW_ACCOUNT: Final = 10
"""Lambda developer guide, Lambda quotas: a new account has less than 1,000; 10 is what people report."""


class RunningModelProvider(Construct):
    """The Lambda function that starts, watches and stops models for CloudFormation.

    A stack gets one by itself, shared by all its models. Make one to choose how long its log is kept, or
    to share it between stacks. It is chosen for the life of a model's resource: CloudFormation refuses
    another ServiceToken ("Modifying service token is not allowed"), so its id must not change either.

    :param log_retention: how long log events are kept; default one month.
    :param log_removal_policy: what happens to the log group with the stack; default DESTROY.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH,
        log_removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(self, "Logs", retention=log_retention, removal_policy=log_removal_policy)
        self.role: Final = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts, watches and stops the Rekognition Custom Labels models of a stack",
        )
        self.function: Final = lambda_.Function(
            self,
            "Function",
            description="Starts, watches and stops Rekognition Custom Labels models for CloudFormation",
            code=lambda_.Code.from_asset(str(staged_handler(self))),
            handler=HANDLER,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=_MEMORY_MB,
            # A longer wait goes on in a further invocation.
            timeout=Duration.minutes(15),
            # A killed invocation heals by its retry; an event must not outlive its request.
            retry_attempts=2,
            max_event_age=Duration.hours(1),
            role=self.role.without_policy_updates(),
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
        )
        self._managed_policies = self._models = 0
        # Not the role's default policy: the function would depend on what names its own ARN.
        self._permissions = _Permissions(self, "Permissions", self)
        self._permissions.add(
            iam.PolicyStatement(
                sid="HandOver",
                actions=["lambda:InvokeFunction"],
                resources=[self.function.function_arn],
            ),
            iam.PolicyStatement(
                sid="WriteLog",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            ),
        )

    @classmethod
    def of(cls, scope: Construct) -> RunningModelProvider:
        """The provider that the models of a stack share, made when it is first asked for."""
        stack = Stack.of(scope)
        existing = stack.node.try_find_child(_DEFAULT_ID)
        if existing is None:
            return cls(stack, _DEFAULT_ID)
        if not isinstance(existing, cls):
            raise ValueError(f"{existing.node.path} must be a RunningModelProvider; give it another id")
        return existing

    @property
    def service_token(self) -> str:
        """The ARN of the function, which CloudFormation invokes."""
        return self.function.function_arn

    def permit(self, model: Construct, arn: str, *, finds_project: bool) -> list[IConstruct]:
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
        retries = self.function.node.find_child("EventInvokeConfig")
        return [self._permissions.first, *permissions.allow(arn, finds_project=finds_project), retries]

    def _warn_of_concurrency(self) -> None:
        Annotations.of(self).add_warning_v2(
            "rekognition-running-model:concurrency",
            f"more than {_CONCURRENCY_OF_A_NEW_ACCOUNT} models share this function, and each holds one of "
            "the account's concurrent executions while it starts or stops. A new account may have no more "
            "than that: no other function of it could begin, models would wait for each other, and from "
            "about 40 on some would not run within CloudFormation's hour. Look at Service Quotas, AWS "
            "Lambda, Concurrent executions; 100 more than there are models is plenty",
        )

    def _permissions_from(self, stack: Stack) -> _Permissions:
        name = f"{self.node.id}Permissions-{self.node.addr[-8:]}"
        existing = stack.node.try_find_child(name)
        return existing if isinstance(existing, _Permissions) else _Permissions(stack, name, self)

    def managed_policy(self, scope: Construct, construct_id: str) -> iam.ManagedPolicy:
        """One more managed policy for the role, which may have ten."""
        if self._managed_policies == _MANAGED_POLICIES_MAX:
            raise ValueError(
                f"{self.node.path}: its models don't fit the ten managed policies of a role; give some of "
                "them a provider of their own"
            )
        self._managed_policies += 1
        return iam.ManagedPolicy(
            scope, construct_id, roles=[self.role], document=iam.PolicyDocument(minimize=True)
        )


class _Permissions(Construct):
    """The policies that the models of one stack need on the role of a provider.

    In the provider's own stack one is inline, for as much as fits. From other stacks all are managed: the
    inline policies of a role share one limit, of which a stack can't know what others use.
    """

    def __init__(self, scope: Construct, construct_id: str, provider: RunningModelProvider) -> None:
        super().__init__(scope, construct_id)
        self._provider = provider
        self._last: iam.Policy | iam.ManagedPolicy
        if Stack.of(self) is Stack.of(provider):
            self._last = iam.Policy(
                self,
                "Policy",
                roles=[provider.role],
                document=iam.PolicyDocument(minimize=True),
                force=True,
            )
            self._room = _policy.INLINE_CHARACTERS_MAX
        else:
            self._last = provider.managed_policy(self, "Policy")
            self._room = _policy.MANAGED_CHARACTERS_MAX
        self.first = self._last
        self._count = 1
        self._fixed = self._finds_projects = False
        self._models: iam.PolicyStatement | None = None
        Validations.of(self).acknowledge(*_policy.acknowledgments())

    def add(self, *statements: iam.PolicyStatement) -> None:
        """Add to the first policy what does not depend on a model."""
        self.first.add_statements(*statements)

    def allow(self, arn: str, *, finds_project: bool) -> list[IConstruct]:
        """Allow one model more; returns the policies that its resource has to wait for."""
        if not self._fixed:
            self._fixed = True
            self.add(*_policy.fixed_statements(Stack.of(self)))
            self._room -= _policy.FIXED_CHARACTERS
        if finds_project and not self._finds_projects:
            self._finds_projects = True
            self.add(_policy.find_projects())
        size = _TOKEN_CHARACTERS if Token.is_unresolved(arn) else len(arn) + 3
        if size > self._room:
            self._last = self._provider.managed_policy(self, f"Overflow{self._count}")
            self._room = _policy.MANAGED_CHARACTERS_MAX
            self._count += 1
            self._models = None
        self._room -= size
        if self._models is None:
            self._models = _policy.declared_models([arn])
            self._last.add_statements(self._models)
        else:
            self._models.add_resources(arn)
        return [self.first, self._last]
