"""What ends models that run for nobody: one for an account and Region, in a stack of its own."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from aws_cdk import Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from rekognition_running_model import _policy
from rekognition_running_model._acknowledged import of_janitor, of_log_group
from rekognition_running_model._asset import staged_handler
from rekognition_running_model._checks import Checks, check_scope
from rekognition_running_model._final import Written, at_the_end
from rekognition_running_model._permissions import RolePolicies
from rekognition_running_model._said import warn
from rekognition_running_model._schedules import Schedules, what_keeps_asleep
from running_model_handler.core.names import JANITOR_HANDLER, JANITOR_STOPS

ROUND_MINUTES: Final = 10
_TIMEOUT_MINUTES: Final = 5
"""A round through 100 projects takes one; it ends before the next one begins."""
_MEMORY_MB: Final = 192
_MADE: Final[WeakKeyDictionary[Stack, Construct]] = WeakKeyDictionary()


class RunningModelJanitor(Construct):
    """Stops models that run with the claim of a stack or a resource that is gone.

    A model whose stack is gone can go on billing where every request that would have stopped it was killed,
    or not answered within CloudFormation's hour; only something outside of the stack can end that. Every ten
    minutes a function of its own looks at the models that run, at their tags, and at what CloudFormation says
    of the stacks that claim them. It keeps what a living resource has, what an operation under way may want,
    and what was retained; it never touches a model without a claim of ``RunningModel``.

    One for an account and Region is enough, in a stack of its own, which outlives the stacks that it looks
    after. Each model that it stops is told by a line in its log and by a metric of the namespace
    RekognitionRunningModel (``OrphansStopped``). Source of what may run: DescribeProjects and
    DescribeProjectVersions.

    :param dry_run: only tell, and stop nothing (metric ``OrphansFound``). Default: False.
    :param log_retention: how long log events are kept. Default: one month.
    :param permissions_boundary: the boundary of both roles, the function's and that of its schedule. Default:
        none but those that apply to the whole app.
    :param managed_policies_only: attach managed policies alone, none inline. Default: False.
    :param architecture: Default: ARM_64; X86_64 where a Region has no other.
    :raises ValueError: for values that break a rule, and for a second one in a stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dry_run: bool = False,
        log_retention: logs.RetentionDays | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        managed_policies_only: bool = False,
        architecture: lambda_.Architecture = lambda_.Architecture.ARM_64,
    ) -> None:
        check_scope(scope, construct_id, "RunningModelJanitor")
        super().__init__(scope, construct_id)
        _check_only_one(self)
        checks = Checks(self)
        checks.flag(dry_run, "dry_run")
        checks.flag(managed_policies_only, "managed_policies_only")
        checks.kinds(
            log_retention=log_retention,
            permissions_boundary=permissions_boundary,
            architecture=architecture,
        )
        checks.finish()
        self.log_group: Final = self._make_log_group(log_retention)
        self.role: Final = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Stops Rekognition Custom Labels models whose stack is gone",
            permissions_boundary=permissions_boundary,
        )
        policies = RolePolicies(self, self.role, managed_only=managed_policies_only)
        policy = policies.make(self, "Policy")
        policy.add_statements(*_policy.janitor_statements(self.log_group.log_group_arn))
        self.function: Final = self._make_function(architecture)
        self.function.node.add_dependency(policy)
        self.node.default_child = self.function.node.default_child
        schedules = Schedules(
            self,
            "Schedules",
            function=self.function,
            permissions_boundary=permissions_boundary,
            managed_policies_only=managed_policies_only,
        )
        self._rounds: Final = schedules.every(
            self,
            "Rounds",
            Duration.minutes(ROUND_MINUTES),
            {JANITOR_STOPS: not dry_run},
            "Looks for Rekognition Custom Labels models whose stack is gone",
        )
        Validations.of(self).acknowledge(*of_janitor(inline=not managed_policies_only))
        at_the_end(self, self._check)

    def _check(self, written: Written) -> list[str]:
        what = what_keeps_asleep(self._rounds, written)
        if what is not None:
            warn(
                self,
                "asleep",
                f"the schedule {self._rounds.node.path} {what}: nothing looks for models whose stack is "
                "gone then, and they bill until somebody does. Leave it out of the aspect that does it, "
                "or acknowledge this",
            )
        return []

    def _make_log_group(self, retention: logs.RetentionDays | None) -> logs.LogGroup:
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH if retention is None else retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        Validations.of(log_group).acknowledge(*of_log_group(None))
        return log_group

    def _make_function(self, architecture: lambda_.Architecture) -> lambda_.Function:
        return lambda_.Function(
            self,
            "Function",
            description="Stops Rekognition Custom Labels models whose stack is gone",
            code=lambda_.Code.from_asset(str(staged_handler(self))),
            handler=JANITOR_HANDLER,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=architecture,
            memory_size=_MEMORY_MB,
            timeout=Duration.minutes(_TIMEOUT_MINUTES),
            # The next round does what this one could not.
            retry_attempts=0,
            max_event_age=Duration.minutes(ROUND_MINUTES),
            role=self.role,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
        )


def _check_only_one(janitor: RunningModelJanitor) -> None:
    """Raise ``ValueError`` for a second one in a stack."""
    stack = Stack.of(janitor)
    other = _MADE.get(stack)
    _MADE[stack] = janitor
    if other is not None and other in stack.node.find_all():
        raise ValueError(
            f"{janitor.node.path}: there must be one RunningModelJanitor for an account and Region, got a "
            f"second one beside {other.node.path}; take one of them out. For another place give it a stack "
            'there, for example RunningModelJanitor(Stack(app, "Janitor", env=place), "Janitor")'
        )
