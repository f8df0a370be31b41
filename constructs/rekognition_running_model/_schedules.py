"""Schedules of EventBridge Scheduler that wake a function, and the role that may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import jsii
from aws_cdk import CfnResource, Duration, IStableAnyProducer, Lazy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from rekognition_running_model._acknowledged import of_schedules
from rekognition_running_model._final import Written

if TYPE_CHECKING:
    from aws_cdk import aws_scheduler as scheduler

_SECONDS_OF_A_MINUTE: Final = 60


class Schedules(Construct):
    """Wakes one function, which acts on what is: a time that is missed heals by the next."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: lambda_.IFunction,
        permissions_boundary: iam.IManagedPolicy | None = None,
        managed_policies_only: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self._function = function
        self.role: Final = iam.Role(
            self,
            "Role",
            # Only for schedules of this account (Scheduler guide, cross-service-confused-deputy-prevention).
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
            description="Wakes the function that looks after Rekognition Custom Labels models",
            permissions_boundary=permissions_boundary,
        )
        statement = iam.PolicyStatement(
            sid="Wake", actions=["lambda:InvokeFunction"], resources=[function.function_arn]
        )
        document = iam.PolicyDocument(statements=[statement])
        self._policy: iam.ManagedPolicy | iam.Policy
        if managed_policies_only:
            self._policy = iam.ManagedPolicy(self, "Policy", roles=[self.role], document=document)
        else:
            self._policy = iam.Policy(self, "Policy", roles=[self.role], document=document)
        Validations.of(self).acknowledge(*of_schedules(inline=not managed_policies_only))

    def every(
        self, scope: Construct, construct_id: str, interval: Duration, payload: Mapping[str, Any], words: str
    ) -> scheduler.CfnSchedule:
        """Wake it each time that whole minutes have passed; the schedule goes with ``scope``."""
        minutes = round(interval.to_minutes())
        unit = "minute" if minutes == 1 else "minutes"
        return self._add(scope, construct_id, f"rate({minutes} {unit})", payload, words)

    def at(
        self,
        scope: Construct,
        construct_id: str,
        expression: str,
        zone: str,
        payload: Mapping[str, Any],
        words: str,
    ) -> scheduler.CfnSchedule:
        """Wake it by a cron expression, in a time zone."""
        return self._add(scope, construct_id, expression, payload, words, zone)

    def _add(
        self,
        scope: Construct,
        construct_id: str,
        expression: str,
        payload: Mapping[str, Any],
        words: str,
        zone: str | None = None,
    ) -> scheduler.CfnSchedule:
        # Loading it takes time that only apps with schedules should pay (decision 9).
        from aws_cdk import aws_scheduler as scheduler

        made = scheduler.CfnSchedule(
            scope,
            construct_id,
            description=words,
            schedule_expression=expression,
            schedule_expression_timezone=zone,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._function.function_arn,
                role_arn=self.role.role_arn,
                input=Stack.of(self).to_json_string(dict(payload)),
                # The next look comes soon enough; one that is late would look at the same.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=0, maximum_event_age_in_seconds=_SECONDS_OF_A_MINUTE
                ),
            ),
        )
        made.node.add_dependency(self._policy)
        return made


def make_only_with(schedule: CfnResource, resource: CfnResource) -> None:
    """Give a schedule the condition of a resource, whoever sets it and whenever."""
    schedule.add_override("Condition", Lazy.any(_Condition(resource, schedule)))


def what_keeps_asleep(schedule: CfnResource, written: Written) -> str | None:
    """What an app has done to a schedule, so that it never wakes anything; None where it does."""
    found = written.resource(schedule)
    if found is None:
        return "is gone"
    return "is disabled" if found.get("Properties", {}).get("State") == "DISABLED" else None


@jsii.implements(IStableAnyProducer)
class _Condition:
    """Decided when the template is written, since aspects come late."""

    def __init__(self, *resources: CfnResource) -> None:
        self._resources = resources

    def produce(self) -> str | None:
        conditions = (resource.cfn_options.condition for resource in self._resources)
        return next((found.logical_id for found in conditions if found is not None), None)
