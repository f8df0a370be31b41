"""CloudFormation's event as frozen dataclasses, read strictly and once.

CloudFormation makes strings of all numbers and booleans. Roll-backs and deletes bring the properties of
earlier releases, so a property that is absent has its default, and a Delete reads no more than the ARN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from running_model_handler.core.arn import (
    ANYWHERE,
    Location,
    ProjectArn,
    ProjectVersionArn,
    check_location,
    check_same_project,
    location_of,
    parse_project_arn,
    parse_project_version_arn,
)
from running_model_handler.core.case import Wish
from running_model_handler.core.duty import UNGUARDED, Guards
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.event import WITHHELD, mapping_or_empty
from running_model_handler.core.guards import guards_or_none, parse_guards
from running_model_handler.core.names import Property, ReplacementMode
from running_model_handler.core.operation import Declaration, RequestType, declaration_of
from running_model_handler.core.units import (
    InferenceUnits,
    check_units,
    parse_max_units,
    parse_min_units,
)
from running_model_handler.core.waiting import (
    POLL_INTERVAL_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_DEFAULT,
    parse_poll_interval_seconds,
    parse_timeout_seconds,
)
from running_model_handler.envelope import Envelope, check_ids


@dataclass(frozen=True, slots=True)
class Declared:
    """What a template declares of a model."""

    arn: ProjectVersionArn
    project_arn: ProjectArn | None
    units: InferenceUnits
    timeout_seconds: int
    poll_interval_seconds: int
    replacement: ReplacementMode
    guards: Guards


@dataclass(frozen=True, slots=True)
class Request:
    """A request of CloudFormation, read."""

    envelope: Envelope
    wish: Wish
    """What it asks for, as the tables look at it."""
    declared: Declared | None
    """None for a Delete."""
    versions: Mapping[str, ProjectVersionArn]
    """The models that it is about, by ARN: the declared one, that of the physical id, the former one."""
    project_arn: ProjectArn | None
    """The project that the properties name, of the model that is declared or deleted."""
    poll_interval_seconds: int
    location: Location
    """Where its models can be."""
    former_guards: Guards = UNGUARDED
    """What OldResourceProperties declare of when it is needed; for a Delete what goes."""

    @property
    def arns(self) -> tuple[str, ...]:
        """The ARNs of those models."""
        return tuple(self.versions)

    def version(self, arn: str) -> ProjectVersionArn:
        """An ARN of these, or of ``models_of``, taken apart."""
        return self.versions.get(arn) or parse_project_version_arn(arn, name="PhysicalResourceId")

    def models_of(self, ids: Iterable[str | None]) -> list[str]:
        """Those of some physical ids that are models which the function can reach."""
        return [each for each in ids if each and _arn_or_none(each, self.location) is not None]

    def declared_project(self, arn: str) -> str | None:
        """When the project was created that the properties name for a model."""
        about = self.project_arn is not None and self.arns[:1] == (arn,)
        return self.project_arn.created if about and self.project_arn is not None else None

    def physical_id(self, *, succeeded: bool) -> str:
        """What an answer names: the declared model once the resource has it; before, what it had."""
        had = self.envelope.physical_id
        if self.declared is None:
            return had or ""
        return str(self.declared.arn) if succeeded or had is None else had


def parse_request(event: Mapping[str, Any], envelope: Envelope, function: Location = ANYWHERE) -> Request:
    """The whole request; raises ``InvalidProperty`` naming the property and its value.

    ``function`` is where the function works, which is where its stack is (ServiceToken).
    """
    stack = location_of(envelope.stack_id)
    location = Location(
        function.partition or stack.partition,
        function.region or stack.region,
        function.account or stack.account,
    )
    check_ids(event, envelope)
    properties = mapping_or_empty(event.get("ResourceProperties"))
    if envelope.request_type == RequestType.DELETE:
        return _parse_delete(properties, envelope, location)
    if envelope.request_type not in (RequestType.CREATE, RequestType.UPDATE):
        raise InvalidProperty("RequestType", event.get("RequestType"), "must be Create, Update or Delete")
    kind = RequestType(envelope.request_type)
    declared = parse_declared(properties, location)
    old = mapping_or_empty(event.get("OldResourceProperties")) if kind is RequestType.UPDATE else {}
    physical = _arn_or_none(envelope.physical_id, location) if kind is RequestType.UPDATE else None
    every = (declared.arn, physical, _arn_or_none(old.get(Property.PROJECT_VERSION_ARN), location))
    wish = Wish(
        kind,
        envelope.owner,
        Declaration(str(declared.arn), declared.units, declared.guards),
        physical=str(physical) if physical is not None else None,
        physical_id=envelope.physical_id,
        sent_at=envelope.sent_at,
        former=declaration_of(old),
        replacement=declared.replacement,
        former_replacement=_former_replacement(old),
    )
    versions = {str(arn): arn for arn in every if arn is not None}
    interval = declared.poll_interval_seconds
    guards = guards_or_none(old, declared.timeout_seconds) or UNGUARDED
    return Request(envelope, wish, declared, versions, declared.project_arn, interval, location, guards)


def parse_declared(properties: Mapping[str, Any], location: Location) -> Declared:
    """What ResourceProperties declare; raises ``InvalidProperty`` naming the property and its value."""
    arn_name = Property.PROJECT_VERSION_ARN
    arn = parse_project_version_arn(properties.get(arn_name), name=arn_name)
    check_location(
        arn,
        name=arn_name,
        region=location.region,
        account=location.account,
        partition=location.partition,
    )
    project = None
    if properties.get(Property.PROJECT_ARN) not in (None, ""):
        project = parse_project_arn(properties[Property.PROJECT_ARN], name=Property.PROJECT_ARN)
        check_same_project(arn, project, name=Property.PROJECT_ARN)
    timeout = parse_timeout_seconds(
        properties.get(Property.TIMEOUT_SECONDS, TIMEOUT_SECONDS_DEFAULT), name=Property.TIMEOUT_SECONDS
    )
    return Declared(
        arn=arn,
        project_arn=project,
        units=_parse_units(properties),
        timeout_seconds=timeout,
        poll_interval_seconds=_parse_poll_interval(properties),
        replacement=_parse_replacement(properties),
        guards=parse_guards(properties, timeout),
    )


def _parse_delete(properties: Mapping[str, Any], envelope: Envelope, location: Location) -> Request:
    physical = _arn_or_none(envelope.physical_id, location)
    declared = properties.get(Property.PROJECT_VERSION_ARN)
    if physical is None and WITHHELD in str(declared):
        raise InvalidProperty(Property.PROJECT_VERSION_ARN, declared, "must be the ARN of a model")
    arn = physical or _arn_or_none(declared, location)
    try:
        project = parse_project_arn(properties.get(Property.PROJECT_ARN), name=Property.PROJECT_ARN)
        if arn is not None:
            check_same_project(arn, project, name=Property.PROJECT_ARN)
    except InvalidProperty:
        project = None
    try:
        interval = _parse_poll_interval(properties)
    except InvalidProperty:
        interval = POLL_INTERVAL_SECONDS_DEFAULT
    wish = Wish(
        RequestType.DELETE,
        envelope.owner,
        None,
        physical=str(arn) if arn is not None else None,
        physical_id=envelope.physical_id,
        sent_at=envelope.sent_at,
        never_answered=physical is None,
    )
    # A failed update that was never taken back has left its model in the properties alone.
    every = (arn, _arn_or_none(declared, location))
    versions = {str(one): one for one in every if one is not None}
    guards = guards_or_none(properties) or UNGUARDED
    return Request(envelope, wish, None, versions, project, interval, location, guards)


def _parse_units(properties: Mapping[str, Any]) -> InferenceUnits:
    minimum = parse_min_units(
        properties.get(Property.MIN_INFERENCE_UNITS, 1), name=Property.MIN_INFERENCE_UNITS
    )
    maximum = parse_max_units(properties.get(Property.MAX_INFERENCE_UNITS), name=Property.MAX_INFERENCE_UNITS)
    return check_units(minimum, maximum, max_name=Property.MAX_INFERENCE_UNITS)


def _parse_poll_interval(properties: Mapping[str, Any]) -> int:
    return parse_poll_interval_seconds(
        properties.get(Property.POLL_INTERVAL_SECONDS, POLL_INTERVAL_SECONDS_DEFAULT),
        name=Property.POLL_INTERVAL_SECONDS,
    )


def _parse_replacement(properties: Mapping[str, Any]) -> ReplacementMode:
    value = properties.get(Property.REPLACEMENT, ReplacementMode.START_FIRST)
    try:
        return ReplacementMode(value)
    except ValueError:
        raise InvalidProperty(
            Property.REPLACEMENT, value, "must be START_FIRST or STOP_FIRST; omit it for START_FIRST"
        ) from None


def _former_replacement(old: Mapping[str, Any]) -> ReplacementMode:
    stops_first = old.get(Property.REPLACEMENT) == ReplacementMode.STOP_FIRST
    return ReplacementMode.STOP_FIRST if stops_first else ReplacementMode.START_FIRST


def _arn_or_none(value: object, location: Location = ANYWHERE) -> ProjectVersionArn | None:
    """The ARN of a model that the function can reach, None for anything else."""
    try:
        arn = parse_project_version_arn(value, name=Property.PROJECT_VERSION_ARN)
    except InvalidProperty:
        return None
    return arn if location.holds(arn) else None
