"""A Rekognition Custom Labels model that runs as long as its stack declares it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from weakref import WeakKeyDictionary

from aws_cdk import (
    Annotations,
    CustomResource,
    Duration,
    Fn,
    RemovalPolicy,
    Resource,
    Stack,
    Token,
)
from aws_cdk import aws_iam as iam
from constructs import Construct

from rekognition_running_model.provider import RunningModelProvider
from running_model_handler.core.arn import (
    check_location,
    check_same_project,
    parse_project_arn,
    parse_project_version_arn,
)
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.names import RESOURCE_TYPE, Attribute, Property, ReplacementMode
from running_model_handler.core.units import check_units, parse_max_units, parse_min_units
from running_model_handler.core.waiting import (
    SERVICE_TIMEOUT_SECONDS,
    parse_poll_interval_seconds,
    parse_timeout_seconds,
)

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

_T = TypeVar("_T")
_USD_PER_UNIT_DAY: Final = 4 * 24
_METRIC_NAMESPACE: Final = "AWS/Rekognition"
_DECLARED: Final[WeakKeyDictionary[Stack, dict[str, RunningModel]]] = WeakKeyDictionary()
"""Which construct of a stack declares which ARN."""


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
        calls the model waits by using ``project_version_arn``.
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["rekognition:DetectCustomLabels"],
            resource_arns=[self._declared_arn],
            scope=self,
        )

    def metric(self, metric_name: str, **options: Any) -> cloudwatch.Metric:
        """A metric in the namespace AWS/Rekognition with the dimensions ProjectName and VersionName.

        ``options`` are those of ``aws_cloudwatch.Metric`` and win over the defaults. Models trained and
        started since August 2022 have metrics (Custom Labels guide, rm-model-usage).
        """
        # Loading it takes time that only apps with metrics should pay (decision 9).
        from aws_cdk import aws_cloudwatch as cloudwatch

        project, version = self._names()
        defaults: dict[str, Any] = {
            "namespace": _METRIC_NAMESPACE,
            "dimensions_map": {"ProjectName": project, "VersionName": version},
            "statistic": cloudwatch.Stats.AVERAGE,
            "unit": cloudwatch.Unit.COUNT,
        }
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
        if not Token.is_unresolved(self._declared_arn):
            arn = parse_project_version_arn(self._declared_arn, name="project_version_arn")
            return arn.project_name, arn.version_name
        parts = Fn.split("/", self._declared_arn)
        return Fn.select(1, parts), Fn.select(3, parts)


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
    :param poll_interval: time between two looks at the model, 1 to 60 seconds. Default 5. While the model
        starts it is the unit of a schedule: rarer looks far from the end of the start, more around it. The
        service allows 5 control calls a second for the whole account and Region.
    :param replacement: how another ARN takes over. Default START_FIRST: no gap, needs a free slot.
    :param check_on_every_deploy: look at the model on every deployment and start it again if somebody
        stopped it. Default False: CloudFormation sends no update when no property changed. The template
        then differs with every synth.
    :param removal_policy: DESTROY, the default, stops the model with the resource. RETAIN leaves it
        running, and billing, when the resource or the stack is gone, but never after a create that was
        rolled back.
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
        provider: RunningModelProvider | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        checks = _Checks()
        checks.arns(Stack.of(self), project_version_arn, project_arn)
        checks.units(min_inference_units, max_inference_units)
        timeout_seconds = checks.seconds(timeout, "timeout", parse_timeout_seconds)
        interval_seconds = checks.seconds(poll_interval, "poll_interval", parse_poll_interval_seconds)
        checks.choices(replacement, removal_policy)
        checks.declared_once(self, project_version_arn)
        checks.finish(self)

        self._declared_arn = project_version_arn
        provider = provider or RunningModelProvider.of(self)
        self._resource: Final = CustomResource(
            self,
            "Resource",
            service_token=provider.service_token,
            resource_type=RESOURCE_TYPE,
            service_timeout=Duration.seconds(SERVICE_TIMEOUT_SECONDS),
            properties=_without_none(
                {
                    Property.PROJECT_VERSION_ARN: project_version_arn,
                    Property.PROJECT_ARN: project_arn,
                    Property.MIN_INFERENCE_UNITS: min_inference_units,
                    Property.MAX_INFERENCE_UNITS: max_inference_units,
                    Property.TIMEOUT_SECONDS: timeout_seconds,
                    Property.POLL_INTERVAL_SECONDS: interval_seconds,
                    Property.REPLACEMENT: replacement.value,
                    Property.DEPLOYMENT: _never_the_same() if check_on_every_deploy else None,
                }
            ),
        )
        self._resource.node.add_dependency(
            *provider.permit(self, project_version_arn, finds_project=project_arn is None)
        )
        if removal_policy is RemovalPolicy.RETAIN:
            self._retain(min_inference_units)

    @classmethod
    def from_project_version_arn(
        cls, scope: Construct, construct_id: str, project_version_arn: str
    ) -> IRunningModel:
        """A model that another stack, or somebody by hand, runs: grants and metrics, nothing is started.

        Raises ``ValueError`` for a literal that is not the ARN of a project version.
        """
        if not Token.is_unresolved(project_version_arn):
            parse_project_version_arn(project_version_arn, name="project_version_arn")
        return _ImportedModel(scope, construct_id, project_version_arn)

    @property
    def project_version_arn(self) -> str:
        """The ARN of the model, as an attribute of the resource: whatever uses it waits for RUNNING."""
        return self._resource.get_att_string(Attribute.PROJECT_VERSION_ARN)

    @property
    def running_model_status(self) -> str:
        """The status at the end of the deployment, ``RUNNING``."""
        return self._resource.get_att_string(Attribute.STATUS)

    @property
    def running_model_min_inference_units(self) -> str:
        """The least number of inference units in service."""
        return self._resource.get_att_string(Attribute.MIN_INFERENCE_UNITS)

    @property
    def running_model_max_inference_units(self) -> str:
        """The largest number of inference units in service; the minimum where nothing scales."""
        return self._resource.get_att_string(Attribute.MAX_INFERENCE_UNITS)

    @property
    def running_model_adopted(self) -> str:
        """``true`` if the model was running, unclaimed, before it was declared."""
        return self._resource.get_att_string(Attribute.ADOPTED)

    def _retain(self, units: int) -> None:
        # RetainExceptOnCreate, and a model that was replaced stops all the same.
        child = self._resource.node.default_child
        self._resource.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        child.add_override("UpdateReplacePolicy", "Delete")  # type: ignore[union-attr]
        cost = (
            f"about {units * _USD_PER_UNIT_DAY} USD a day"
            if not Token.is_unresolved(units)
            else f"about {_USD_PER_UNIT_DAY} USD a day for each inference unit"
        )
        Annotations.of(self).add_warning_v2(
            "rekognition-running-model:retained",
            f"the model goes on running, and billing {cost}, when this resource is gone; stop it by hand "
            "then (aws rekognition stop-project-version), or use RemovalPolicy.DESTROY",
        )


class _ImportedModel(_RunningModelBase):
    def __init__(self, scope: Construct, construct_id: str, project_version_arn: str) -> None:
        super().__init__(scope, construct_id, environment_from_arn=project_version_arn)
        self._declared_arn = project_version_arn


class _Checks:
    """Collects what is wrong with literal values, so that one error names all of it."""

    def __init__(self) -> None:
        self._problems: list[str] = []

    def arns(self, stack: Stack, version: Any, project: Any) -> None:
        """The two ARNs, by themselves, together, and against the stack."""
        parsed = parsed_project = None
        if not Token.is_unresolved(version):
            parsed = self._run(lambda: parse_project_version_arn(version, name="project_version_arn"))
        if project is not None and not Token.is_unresolved(project):
            parsed_project = self._run(lambda: parse_project_arn(project, name="project_arn"))
        if parsed is None:
            return
        known = parsed
        region = None if Token.is_unresolved(stack.region) else stack.region
        account = None if Token.is_unresolved(stack.account) else stack.account
        self._run(lambda: check_location(known, name="project_version_arn", region=region, account=account))
        if parsed_project is not None:
            same = parsed_project
            self._run(lambda: check_same_project(known, same, name="project_arn"))

    def units(self, minimum: Any, maximum: Any) -> None:
        """Both bounds of inference units."""
        low = high = None
        if not Token.is_unresolved(minimum):
            low = self._run(lambda: parse_min_units(minimum, name="min_inference_units"))
        if maximum is not None and not Token.is_unresolved(maximum):
            high = self._run(lambda: parse_max_units(maximum, name="max_inference_units"))
        if low is not None and high is not None:
            bound, top = low, high
            self._run(lambda: check_units(bound, top, max_name="max_inference_units"))

    def seconds(self, duration: Duration | None, name: str, parse: Callable[..., int]) -> int | None:
        """A duration as whole seconds within its range; None where it is left out."""
        if duration is None:
            return None
        if duration.is_unresolved():
            return round(duration.to_seconds())
        milliseconds = duration.to_milliseconds()
        if milliseconds % 1000:
            self._problems.append(f"{name} must be whole seconds, got {milliseconds} ms")
            return None
        return self._run(lambda: parse(round(milliseconds / 1000), name=name))

    def choices(self, replacement: Any, removal_policy: Any) -> None:
        """Values out of a fixed list."""
        if not isinstance(replacement, Replacement):
            self._problems.append(
                "replacement must be Replacement.START_FIRST or Replacement.STOP_FIRST, "
                f"got {replacement!r}; omit it for START_FIRST"
            )
        if removal_policy not in (RemovalPolicy.DESTROY, RemovalPolicy.RETAIN):
            self._problems.append(
                "removal_policy must be RemovalPolicy.DESTROY or RemovalPolicy.RETAIN, "
                f"got {removal_policy!r}; omit it to have the model stopped with its resource"
            )

    def declared_once(self, model: RunningModel, arn: str) -> None:
        """No other construct of the stack declares the same model."""
        stack = Stack.of(model)
        declared = _DECLARED.setdefault(stack, {})
        other = declared.get(arn)
        # The tree is searched for a conflict alone: each look at it costs time with every construct in it.
        if other is None or other not in stack.node.find_all():
            declared[arn] = model
        else:
            self._problems.append(
                f"project_version_arn {arn} is declared by {other.node.path} already; a model belongs "
                "to one resource"
            )

    def finish(self, model: Construct) -> None:
        """Raise one ``ValueError`` for all that was found."""
        if self._problems:
            raise ValueError(f"{model.node.path}: " + "; ".join(self._problems))

    def _run(self, check: Callable[[], _T]) -> _T | None:
        try:
            return check()
        except InvalidProperty as error:
            self._problems.append(str(error))
            return None


def _without_none(values: dict[Property, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in values.items() if value is not None}


def _never_the_same() -> str:
    """A value that differs with every synth, readable in the template."""
    now = datetime.datetime.now(datetime.UTC)  # noqa: TID251 - the construct has no clock of the handler
    return f"{now:%Y-%m-%dT%H:%M:%SZ}-{os.urandom(4).hex()}"
