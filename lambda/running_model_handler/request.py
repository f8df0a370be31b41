"""CloudFormation's event as frozen dataclasses, read strictly and once.

CloudFormation makes strings of all numbers and booleans. Roll-backs and deletes bring the properties of
earlier releases, so a property that is absent has its default, and a Delete reads no more than the ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.event import WITHHELD, mapping_or_empty
from running_model_handler.core.names import Property, ReplacementMode
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
from running_model_handler.core.wanted import Direction, RequestType
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


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """Bring a model to RUNNING that this resource does not have yet."""

    envelope: Envelope
    declared: Declared

    @property
    def arns(self) -> list[ProjectVersionArn]:
        """Every model that it is about."""
        return [self.declared.arn]


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """Bring the resource from what it was to what is declared now."""

    envelope: Envelope
    declared: Declared
    physical_arn: ProjectVersionArn | None
    """The model that the resource has, None where its physical id is no ARN."""
    former_arn: ProjectVersionArn | None
    """The model in OldResourceProperties, None where it is not readable."""
    former_units: InferenceUnits | None
    former_replacement: ReplacementMode | None

    @property
    def arns(self) -> list[ProjectVersionArn]:
        """Every model that it is about."""
        every = (self.declared.arn, self.physical_arn, self.former_arn)
        return list(dict.fromkeys(arn for arn in every if arn is not None))

    @property
    def other(self) -> ProjectVersionArn | None:
        """The model that the resource has, or tried to have, besides the declared one."""
        return next((arn for arn in self.arns if arn != self.declared.arn), None)

    @property
    def returns(self) -> bool:
        """Whether the resource has the declared model already; the other one is what a failed update tried.

        CloudFormation sends no Delete for that one (facts: roll-back of a replacement that failed, was
        cancelled or never answered).
        """
        return self.physical_arn == self.declared.arn


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Stop the model of a resource."""

    envelope: Envelope
    arn: ProjectVersionArn | None
    """None where the request names no model of this account and Region: there is nothing to stop."""
    project_arn: ProjectArn | None
    never_answered: bool
    """CloudFormation invented the physical id: the create was cancelled, or never answered."""
    poll_interval_seconds: int

    @property
    def arns(self) -> list[ProjectVersionArn]:
        """Every model that it is about."""
        return [self.arn] if self.arn is not None else []


Request = CreateRequest | UpdateRequest | DeleteRequest


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
    if envelope.request_type == RequestType.CREATE:
        return CreateRequest(envelope, _parse_declared(properties, location))
    if envelope.request_type != RequestType.UPDATE:
        raise InvalidProperty("RequestType", event.get("RequestType"), "must be Create, Update or Delete")
    former = mapping_or_empty(event.get("OldResourceProperties"))
    return UpdateRequest(
        envelope,
        _parse_declared(properties, location),
        physical_arn=_arn_or_none(envelope.physical_id, location),
        former_arn=_arn_or_none(former.get(Property.PROJECT_VERSION_ARN), location),
        former_units=_units_or_none(former),
        former_replacement=_replacement_or_none(former),
    )


def _parse_declared(properties: Mapping[str, Any], location: Location) -> Declared:
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
    return Declared(
        arn=arn,
        project_arn=project,
        units=_parse_units(properties),
        timeout_seconds=parse_timeout_seconds(
            properties.get(Property.TIMEOUT_SECONDS, TIMEOUT_SECONDS_DEFAULT), name=Property.TIMEOUT_SECONDS
        ),
        poll_interval_seconds=_parse_poll_interval(properties),
        replacement=_parse_replacement(properties),
    )


def _parse_delete(properties: Mapping[str, Any], envelope: Envelope, location: Location) -> DeleteRequest:
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
    return DeleteRequest(
        envelope,
        arn=arn,
        project_arn=project,
        never_answered=physical is None,
        poll_interval_seconds=interval,
    )


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


def _replacement_or_none(properties: Mapping[str, Any]) -> ReplacementMode | None:
    try:
        return _parse_replacement(properties)
    except InvalidProperty:
        return None


def directions_of(
    request: CreateRequest | UpdateRequest, begun_with: Mapping[str, object], begun_id: str | None = None
) -> set[Direction]:
    """Which way a stack goes when it sends this request, judged by what its operation began with.

    Going forward it declares what the request declares, and an update that goes back comes from it, to the
    model that the resource had when it began, ``begun_id``. Both where the two are the same, or where
    nothing can be compared; empty if the operation is another one.
    """
    arn = begun_with.get(Property.PROJECT_VERSION_ARN)
    if not isinstance(arn, str):
        return {Direction.FORWARD, Direction.BACK}
    units = _units_or_none(begun_with)
    declared = request.declared
    found = set()
    if arn == str(declared.arn) and units in (None, declared.units):
        found.add(Direction.FORWARD)
    if isinstance(request, UpdateRequest) and begun_id in (None, str(declared.arn)):
        comes_from = arn == str(request.former_arn) and units in (None, request.former_units)
        if request.former_arn is None or comes_from:
            found.add(Direction.BACK)
    return found


def _units_or_none(properties: Mapping[str, Any]) -> InferenceUnits | None:
    try:
        return _parse_units(properties)
    except InvalidProperty:
        return None


def _arn_or_none(value: object, location: Location = ANYWHERE) -> ProjectVersionArn | None:
    """The ARN of a model that the function can reach, None for anything else."""
    try:
        arn = parse_project_version_arn(value, name=Property.PROJECT_VERSION_ARN)
    except InvalidProperty:
        return None
    return arn if location.holds(arn) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
