"""A Rekognition Custom Labels model that runs as long as its stack declares it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol

from aws_cdk import CfnResource, Duration, Fn, RemovalPolicy, Resource, Stack, Token
from aws_cdk import aws_iam as iam
from constructs import Construct

from rekognition_running_model._as_declared import warn_of_sleep
from rekognition_running_model._checks import (
    Checks,
    check_granted,
    check_grantee,
    check_scope,
)
from rekognition_running_model._declared import declare, warn_of_shared_calls
from rekognition_running_model._final import Written, at_the_end
from rekognition_running_model._left import check_model, stop_what_nobody_names
from rekognition_running_model._rendering import is_waiting_for_look_ups
from rekognition_running_model._tokens import becomes_dynamic_reference, is_token
from rekognition_running_model.guards import RunningHours, checked_guards, refuse_guards, wake
from rekognition_running_model.provider import RunningModelProvider
from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.names import RESOURCE_TYPE, Attribute, Property, ReplacementMode
from running_model_handler.core.waiting import (
    SERVICE_TIMEOUT_SECONDS,
    parse_poll_interval_seconds,
    parse_timeout_seconds,
)

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_sqs as sqs

_METRIC_NAMESPACE: Final = "AWS/Rekognition"
_REPLACEMENT_RULE: Final = (
    "must be Replacement.START_FIRST or Replacement.STOP_FIRST; omit it for START_FIRST"
)
_STAND_IN: Final = "not-looked-up-yet"


class Replacement(Enum):
    """How another project version takes over in an update."""

    START_FIRST = ReplacementMode.START_FIRST.value
    """The new model runs before the old one is stopped: no gap. Needs a free slot of the account's quota
    of running models (2 by default); without one the update fails and changes nothing."""
    STOP_FIRST = ReplacementMode.STOP_FIRST.value
    """The old model is stopped before the new one is started: a gap of some ten minutes, no free slot."""


class IRunningModel(Protocol):
    """A running model, declared here or in another stack."""

    @property
    def project_version_arn(self) -> str:
        """The ARN of the model."""

    def grant_detect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow DetectCustomLabels on this model alone."""

    def metric(self, metric_name: str, **options: Any) -> cloudwatch.Metric:
        """A metric of this model."""

    def metric_in_service_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """Inference units in service."""

    def metric_desired_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """Inference units that Rekognition scales to."""

    def metric_min_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """The lower bound of inference units."""

    def metric_max_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """The upper bound of inference units."""

    @property
    def env(self) -> Any:
        """Region and account of the model (``ResourceEnvironment``)."""


class _RunningModelBase(Resource):
    """What a declared and an imported model share; all of it follows from the ARN."""

    _declared_arn: str

    @property
    def project_version_arn(self) -> str:
        """The ARN of the model."""
        return self._declared_arn

    def grant_detect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow ``rekognition:DetectCustomLabels`` on this model and on no other.

        The grant names the ARN as declared, so that a policy need not wait for the model to run; whatever
        calls the model waits by using ``project_version_arn``. Raises ``ValueError`` for what has no policy,
        such as a service or an account: a model has none either that could name it.
        """
        check_grantee(self.node.path, grantee)
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["rekognition:DetectCustomLabels"],
            resource_arns=[self._declared_arn],
        )
        check_granted(self, grantee, success=grant.success)
        return grant

    def metric(self, metric_name: str, **options: Any) -> cloudwatch.Metric:
        """A metric in the namespace AWS/Rekognition with the dimensions ProjectName and VersionName.

        Region and account are the model's, where they are known: the ARN's for a model that runs elsewhere.
        ``options`` are those of ``aws_cloudwatch.Metric`` and win over the defaults. Models trained and
        started since August 2022 have metrics (Custom Labels guide, rm-model-usage).
        """
        # Loading it takes time that only apps with metrics should pay (decision 9).
        from aws_cdk import aws_cloudwatch as cloudwatch

        defaults: dict[str, Any] = {
            "namespace": _METRIC_NAMESPACE,
            "statistic": cloudwatch.Stats.AVERAGE,
            "unit": cloudwatch.Unit.COUNT,
            "region": _known(self.env.region),
            "account": _known(self.env.account),
        }
        if "dimensions_map" not in options:
            project, version = self._names()
            defaults["dimensions_map"] = {"ProjectName": project, "VersionName": version}
        return cloudwatch.Metric(metric_name=metric_name, **(defaults | options))

    def metric_in_service_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """Inference units in service: count, average over 5 minutes; no datapoint while not running."""
        return self.metric("InServiceInferenceUnits", **options)

    def metric_desired_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """Inference units that Rekognition scales to: count, average over 5 minutes."""
        return self.metric("DesiredInferenceUnits", **options)

    def metric_min_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """The lower bound of inference units: count, average over 5 minutes."""
        return self.metric("MinInferenceUnits", **options)

    def metric_max_inference_units(self, **options: Any) -> cloudwatch.Metric:
        """The upper bound of inference units: count, average over 5 minutes."""
        return self.metric("MaxInferenceUnits", **options)

    def _names(self) -> tuple[str, str]:
        """Names of project and version, also out of a token: ``…:project/NAME/version/NAME/MILLIS``."""
        if is_token(self._declared_arn):
            parts = Fn.split("/", self._arn_to_split())
            return Fn.select(1, parts), Fn.select(3, parts)
        try:
            arn = parse_project_version_arn(self._declared_arn, name="project_version_arn")
        except InvalidProperty:
            # It passed the checks: a stand-in for what CDK still has to look up.
            return _STAND_IN, _STAND_IN
        return arn.project_name, arn.version_name

    def _arn_to_split(self) -> str:
        """A token that CloudFormation can take apart: it does so before it reads a dynamic reference."""
        if not becomes_dynamic_reference(self._declared_arn, self.stack):
            return self._declared_arn
        if self.project_version_arn != self._declared_arn:
            return self.project_version_arn
        reference = self.stack.resolve(self._declared_arn)
        raise ValueError(
            f"{self.node.path}: project_version_arn must be no dynamic reference where metrics are wanted, "
            f"got {reference}: CloudFormation takes the text apart before it reads the value; for example "
            "ssm.StringParameter.value_for_string_parameter(stack, name), or give metric() "
            'dimensions_map={"ProjectName": ..., "VersionName": ...}'
        )


class RunningModel(_RunningModelBase):
    """Runs a trained model: RUNNING before the deployment ends, stopped before its deletion does.

    Amazon Rekognition Custom Labels bills a model for every minute that it runs, about 4 USD per
    inference unit and hour, used or not. What uses ``project_version_arn`` waits until the model answers.

    :param project_version_arn: the ARN of the model version; a literal is checked here, a token when it
        is deployed. Another ARN later replaces the model, see ``replacement``. Source: StartProjectVersion.
    :param project_arn: the ARN of its project, literal or token. Default: looked up by name
        (DescribeProjects), which needs that permission on ``*``.
    :param min_inference_units: capacity, at least 1; the account's quota is 5 unless raised. Literal or
        token. Default 1; two or more are advised for production.
    :param max_inference_units: Rekognition scales up to so many units, at least the minimum. Literal or
        token. Default: no auto scaling.
    :param timeout: how long a start may take before the deployment fails with a reason, 1 second to 55
        minutes. Default 55 minutes. CloudFormation itself gives up after 60.
    :param poll_interval: time between two looks at the model, 1 to 60 seconds. Default 5. During a start
        looks are rarer at first, and come more often when it is about to end. The service allows 5 control
        calls a second for the whole account and Region.
    :param replacement: how another ARN takes over. Default START_FIRST: no gap, needs a free slot.
    :param check_on_every_deploy: look at the model on every deployment and start it again if somebody
        stopped it. Default False: CloudFormation sends no update when no property changed. The template
        then differs with every synth.
    :param removal_policy: DESTROY, the default, stops the model with the resource. RETAIN leaves it
        running, and billing, when the resource or the stack is gone, but never after a create that was
        rolled back.
    :param running_hours: when the model is needed: one period, or several, of which it is the union. Default:
        always. Outside of them a deployment does not start it. See docs/guards.md for all guards.
    :param lead_time: how early the hours begin, so that it runs at the declared time; 0 to 55 minutes.
        Default: a tenth more than its last start took, or ten minutes.
    :param stop_after: it is stopped so long after a deployment has started or resized it, or changed this,
        until one does again; longer than ``timeout``, up to a year. Default: never.
    :param stop_when_idle: it is stopped once no DetectCustomLabels was called in the account and Region for
        so long, 15 minutes to 14 days, and it has run for half an hour at least. The service counts calls for
        all models together, so a call of another one keeps it running. Default: never.
    :param start_for: a queue of SQS whose messages need the model: one that waits starts it, and it is
        stopped when the queue is empty. Default: none.
    :param stop_when_empty: for so long the queue is empty before it stops; a minute to a day. Default: 10
        minutes.
    :param provider: the function behind it. Default: the one that the models of the stack share. It can't
        be changed for a deployed resource.
    :raises ValueError: for literal values that break a rule; the message lists all of them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_version_arn: str,
        project_arn: str | None = None,
        min_inference_units: int = 1,
        max_inference_units: int | None = None,
        timeout: Duration | None = None,
        poll_interval: Duration | None = None,
        replacement: Replacement = Replacement.START_FIRST,
        check_on_every_deploy: bool = False,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
        running_hours: RunningHours | Sequence[RunningHours] | None = None,
        lead_time: Duration | None = None,
        stop_after: Duration | None = None,
        stop_when_idle: Duration | None = None,
        start_for: sqs.IQueue | None = None,
        stop_when_empty: Duration | None = None,
        provider: RunningModelProvider | None = None,
    ) -> None:
        check_scope(scope, construct_id, "RunningModel")
        super().__init__(scope, construct_id)
        checks = Checks(self)
        checks.arns(project_version_arn, project_arn)
        checks.units(min_inference_units, max_inference_units)
        timeout_seconds = checks.seconds(timeout, "timeout", parse_timeout_seconds)
        interval_seconds = checks.seconds(poll_interval, "poll_interval", parse_poll_interval_seconds)
        checks.instance(replacement, "replacement", Replacement, _REPLACEMENT_RULE)
        checks.flag(check_on_every_deploy, "check_on_every_deploy")
        checks.removal_policy(removal_policy)
        guards = checked_guards(
            checks,
            self,
            project_version_arn=project_version_arn,
            running_hours=running_hours,
            lead_time=lead_time,
            stop_after=stop_after,
            stop_when_idle=stop_when_idle,
            start_for=start_for,
            stop_when_empty=stop_when_empty,
            timeout_seconds=timeout_seconds,
        )
        checks.provider(provider, RunningModelProvider)
        self._counts_calls: Final = guards.idle_seconds is not None
        checks.declared_once(
            declare(self, project_version_arn, counts_calls=self._counts_calls), project_version_arn
        )
        self._deferred: Final = checks.finish(project_version_arn, project_arn)

        self._declared_arn = project_version_arn
        self._units = min_inference_units
        self._provider: Final = provider or RunningModelProvider.of(self)
        properties = _written(
            {
                Property.SERVICE_TOKEN: self._provider.service_token,
                Property.PROJECT_VERSION_ARN: project_version_arn,
                Property.PROJECT_ARN: project_arn,
                Property.MIN_INFERENCE_UNITS: min_inference_units,
                Property.MAX_INFERENCE_UNITS: max_inference_units,
                Property.TIMEOUT_SECONDS: timeout_seconds,
                Property.POLL_INTERVAL_SECONDS: interval_seconds,
                Property.REPLACEMENT: replacement.value,
                **guards.properties(),
            },
            changing=check_on_every_deploy,
        )
        # Typed as CfnResource, under this id: so it is the default child that removal policies and
        # cross-stack references look for.
        self._resource: Final = CfnResource(
            self,
            "Resource",
            type=RESOURCE_TYPE,
            properties=properties,
        )
        self._properties: Final = properties
        self._sweep: CfnResource | None = None
        self._resource.apply_removal_policy(removal_policy)
        stop_what_nobody_names(self._resource)
        self._needs: Final = self._provider.permit(
            self,
            project_version_arn,
            finds_project=project_arn is None,
            counts_calls=self._counts_calls,
            queue_arn=None if guards.queue is None else guards.queue.queue_arn,
        )
        self._resource.node.add_dependency(*self._needs)
        if guards.any:
            self._sweep = wake(self, self._provider.schedules_for(self), self._resource, properties, guards)
        at_the_end(self, self._check)

    @classmethod
    def from_project_version_arn(
        cls, scope: Construct, construct_id: str, project_version_arn: str, **guards: Any
    ) -> IRunningModel:
        """A model that another stack, or somebody by hand, runs: grants and metrics, nothing is started.

        It may be in another Region or account, which its metrics then name. Raises ``ValueError`` for a
        literal that is not the ARN of a project version, and for guards, which belong to what runs the model.
        """
        refuse_guards(scope, construct_id, guards)
        return _ImportedModel(scope, construct_id, project_version_arn)

    @property
    def project_version_arn(self) -> str:
        """The ARN of the model, as an attribute of the resource: whatever uses it waits for RUNNING.

        With guards it may be found off duty instead, see ``running_model_duty``.
        """
        return self._attribute(Attribute.PROJECT_VERSION_ARN)

    @property
    def running_model_status(self) -> str:
        """The status at the end of the deployment: ``RUNNING``, or off duty the one in which it rests."""
        return self._attribute(Attribute.STATUS)

    @property
    def running_model_min_inference_units(self) -> str:
        """The least number of inference units in service."""
        return self._attribute(Attribute.MIN_INFERENCE_UNITS)

    @property
    def running_model_max_inference_units(self) -> str:
        """The largest number of inference units in service; the minimum where nothing scales."""
        return self._attribute(Attribute.MAX_INFERENCE_UNITS)

    @property
    def running_model_adopted(self) -> str:
        """``true`` if the model was running, unclaimed, before it was declared."""
        return self._attribute(Attribute.ADOPTED)

    @property
    def running_model_duty(self) -> str:
        """``on``, also without guards, or ``off``, until when as far as the clock tells, and why.

        As it was at the end of the last deployment that reached the resource: a sweep changes the model, and
        not this.
        """
        return self._attribute(Attribute.DUTY)

    @property
    def log_group_name(self) -> str:
        """The log group of the function behind the model: a line of JSON for each look and decision."""
        return self._provider.log_group.log_group_name

    def _attribute(self, name: Attribute) -> str:
        return Token.as_string(self._resource.get_att(name))

    def _check(self, written: Written) -> list[str]:
        if self._counts_calls:
            warn_of_shared_calls(self, written)
        deferred = self._deferred
        if deferred and is_waiting_for_look_ups(self):
            deferred = []
        if self._sweep is not None:
            warn_of_sleep(self, self._sweep, written)
        return [
            *deferred,
            *check_model(
                self,
                self._resource,
                written,
                service_token=self._provider.service_token,
                needs=self._needs,
                units=self._units,
                declared=self._properties,
                guarded=self._sweep is not None,
            ),
        ]


class _ImportedModel(_RunningModelBase):
    def __init__(self, scope: Construct, construct_id: str, project_version_arn: str) -> None:
        check_scope(scope, construct_id, "RunningModel.from_project_version_arn")
        checks = Checks(scope, path="/".join(filter(None, (scope.node.path, construct_id))))
        parsed = checks.version_arn(project_version_arn)
        checks.finish(project_version_arn)
        token = is_token(project_version_arn) and not becomes_dynamic_reference(
            project_version_arn, Stack.of(scope)
        )
        # A stand-in for what CDK still has to look up has no place yet, nor has a dynamic reference.
        super().__init__(
            scope, construct_id, environment_from_arn=project_version_arn if parsed or token else None
        )
        self._declared_arn = project_version_arn


def _written(values: dict[Property, Any], *, changing: bool) -> dict[str, Any]:
    """The resource's properties: what is left out is not written, so that defaults stay the handler's."""
    properties = {str(key): value for key, value in values.items() if value is not None}
    properties[Property.SERVICE_TIMEOUT] = str(SERVICE_TIMEOUT_SECONDS)
    if changing:
        properties[Property.DEPLOYMENT] = _never_the_same()
    return properties


def _never_the_same() -> str:
    """A value that differs with every synth, readable in the template."""
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - the construct has no clock of the handler
    return f"{now:%Y-%m-%dT%H:%M:%SZ}-{os.urandom(4).hex()}"


def _known(place: str) -> str | None:
    """A Region or an account; None where only the deployment knows it."""
    return None if Token.is_unresolved(place) else place
