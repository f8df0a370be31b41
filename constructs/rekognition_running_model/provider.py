"""The function behind the running models of a stack, its role and its log."""

from __future__ import annotations

from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack, Token, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from rekognition_running_model import _policy
from rekognition_running_model._asset import handler_code
from running_model_handler.core.names import HANDLER

_DEFAULT_ID: Final = "RekognitionRunningModelProvider"
_TOKEN_CHARACTERS: Final = 120
"""What a token in a policy is taken to become: a common ARN."""
_MANAGED_POLICIES_MAX: Final = 10


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
            code=handler_code(self),
            handler=HANDLER,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
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
        # A policy of its own: the function must not depend on what names the function's ARN.
        self._own_statements = [
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
        ]

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
        stack = Stack.of(model)
        name = f"{self.node.id}Permissions-{self.node.addr[-8:]}"
        existing = stack.node.try_find_child(name)
        permissions = existing if isinstance(existing, _Permissions) else _Permissions(stack, name, self)
        return [*permissions.allow(arn, finds_project=finds_project), self._retries]

    @property
    def _retries(self) -> IConstruct:
        return self.function.node.find_child("EventInvokeConfig")

    @property
    def own_statements(self) -> list[iam.PolicyStatement]:
        """What the function needs of itself: to hand over, and to write its log."""
        return self._own_statements


class _Permissions(Construct):
    """The policies that a stack's models need on the role of a provider."""

    def __init__(self, stack: Stack, construct_id: str, provider: RunningModelProvider) -> None:
        super().__init__(stack, construct_id)
        self._provider = provider
        self._finds_projects = False
        self._document = iam.PolicyDocument(minimize=True)
        statements = _policy.fixed_statements(stack)
        if Stack.of(provider) is stack:
            statements += provider.own_statements
        self._document.add_statements(*statements)
        self._inline = iam.Policy(self, "Policy", roles=[provider.role], document=self._document, force=True)
        self._models: iam.PolicyStatement | None = None
        self._room = _policy.INLINE_CHARACTERS_MAX - 2_600
        self._policies: list[iam.Policy | iam.ManagedPolicy] = [self._inline]
        Validations.of(self).acknowledge(*_policy.acknowledgments())

    def allow(self, arn: str, *, finds_project: bool) -> list[IConstruct]:
        """Allow one model more; returns the policies that its resource has to wait for."""
        if finds_project and not self._finds_projects:
            self._finds_projects = True
            self._document.add_statements(_policy.find_projects())
        size = _TOKEN_CHARACTERS if Token.is_unresolved(arn) else len(arn) + 3
        if size > self._room:
            self._add_managed_policy()
        self._room -= size
        if self._models is None:
            self._models = _policy.declared_models([arn])
            self._add_to_last(self._models)
        else:
            self._models.add_resources(arn)
        return [self._inline, self._policies[-1]]

    def _add_managed_policy(self) -> None:
        number = len(self._policies)
        if number > _MANAGED_POLICIES_MAX:
            raise ValueError(
                f"{self.node.path}: the models of this stack don't fit the ten managed policies of a role; "
                "put some of them into another stack, or give them a provider of their own"
            )
        policy = iam.ManagedPolicy(
            self,
            f"Overflow{number}",
            roles=[self._provider.role],
            document=iam.PolicyDocument(minimize=True),
        )
        self._policies.append(policy)
        self._models = None
        self._room = _policy.MANAGED_CHARACTERS_MAX

    def _add_to_last(self, statement: iam.PolicyStatement) -> None:
        last = self._policies[-1]
        if isinstance(last, iam.ManagedPolicy):
            last.add_statements(statement)
        else:
            self._document.add_statements(statement)
