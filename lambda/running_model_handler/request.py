"""CloudFormation's event as frozen dataclasses, read strictly and once.

CloudFormation makes strings of all numbers and booleans. Roll-backs and deletes bring the properties of
earlier releases, so a property that is absent has its default, and a Delete reads no more than the ARN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from running_model_handler.core.answer import PHYSICAL_ID_BYTES_MAX, fallback_physical_id
from running_model_handler.core.arn import (
    ProjectArn,
    ProjectVersionArn,
    check_location,
    check_same_project,
    parse_project_arn,
    parse_project_version_arn,
)
from running_model_handler.core.claim import Owner, request_digest
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.names import Property, ReplacementMode
from running_model_handler.core.numbers import parse_whole_number
from running_model_handler.core.units import (
    InferenceUnits,
    check_units,
    parse_max_units,
    parse_min_units,
)
from running_model_handler.core.waiting import (
    POLL_INTERVAL_SECONDS_DEFAULT,
    SERVICE_TIMEOUT_SECONDS,
    TIMEOUT_SECONDS_DEFAULT,
    parse_poll_interval_seconds,
    parse_timeout_seconds,
)
from running_model_handler.core.wanted import Direction, RequestType


class UnanswerableEvent(ValueError):
    """An event that no answer can be given to: it is no request of CloudFormation."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The part of a request that every answer needs."""

    request_type: str
    request_id: str
    stack_id: str
    logical_id: str
    response_url: str = field(repr=False)
    physical_id: str | None = None
    service_timeout_seconds: int = SERVICE_TIMEOUT_SECONDS

    @property
    def owner(self) -> Owner:
        """The resource that the request is about."""
        return Owner(self.stack_id, self.logical_id)

    @property
    def digest(self) -> str:
        """A short name for the request."""
        return request_digest(self.stack_id, self.request_id)


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


Request = CreateRequest | UpdateRequest | DeleteRequest


def parse_envelope(event: object) -> Envelope:
    """The envelope of a request; raises ``UnanswerableEvent`` where there is nobody to answer."""
    if not isinstance(event, Mapping):
        raise UnanswerableEvent("the event is not an object; only CloudFormation should invoke this function")
    values = {}
    for key in ("RequestType", "RequestId", "StackId", "LogicalResourceId", "ResponseURL"):
        value = event.get(key)
        if not isinstance(value, str) or not value:
            raise UnanswerableEvent(f"{key} is missing; only CloudFormation should invoke this function")
        values[key] = value
    if not _is_https(values["ResponseURL"]):
        raise UnanswerableEvent("ResponseURL is not an https URL")
    physical_id = event.get("PhysicalResourceId")
    properties = _mapping(event.get("ResourceProperties"))
    return Envelope(
        request_type=values["RequestType"],
        request_id=values["RequestId"],
        stack_id=values["StackId"],
        logical_id=values["LogicalResourceId"],
        response_url=values["ResponseURL"],
        physical_id=physical_id if isinstance(physical_id, str) and physical_id else None,
        service_timeout_seconds=_service_timeout(properties),
    )


def parse_request(event: Mapping[str, Any], envelope: Envelope) -> Request:
    """The whole request; raises ``InvalidProperty`` naming the property and its value."""
    properties = _mapping(event.get("ResourceProperties"))
    if envelope.request_type == RequestType.DELETE:
        return _parse_delete(properties, envelope)
    if envelope.request_type == RequestType.CREATE:
        return CreateRequest(envelope, _parse_declared(properties, envelope))
    if envelope.request_type != RequestType.UPDATE:
        raise InvalidProperty("RequestType", envelope.request_type, "must be Create, Update or Delete")
    former = _mapping(event.get("OldResourceProperties"))
    return UpdateRequest(
        envelope,
        _parse_declared(properties, envelope),
        physical_arn=_arn_or_none(envelope.physical_id),
        former_arn=_arn_or_none(former.get(Property.PROJECT_VERSION_ARN)),
        former_units=_units_or_none(former),
        former_replacement=_replacement_or_none(former),
    )


def physical_id_for_failure(event: Mapping[str, Any], envelope: Envelope) -> str:
    """The physical id of a FAILED answer: what the resource has, else the model that it asked for."""
    if envelope.physical_id is not None:
        return envelope.physical_id
    arn = _arn_or_none(_mapping(event.get("ResourceProperties")).get(Property.PROJECT_VERSION_ARN))
    if arn is not None and len(str(arn)) <= PHYSICAL_ID_BYTES_MAX:
        return str(arn)
    return fallback_physical_id(envelope.stack_id, envelope.logical_id)


def _parse_declared(properties: Mapping[str, Any], envelope: Envelope) -> Declared:
    arn_name = Property.PROJECT_VERSION_ARN
    arn = parse_project_version_arn(properties.get(arn_name), name=arn_name)
    region, account = _stack_location(envelope.stack_id)
    check_location(arn, name=arn_name, region=region, account=account)
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


def _parse_delete(properties: Mapping[str, Any], envelope: Envelope) -> DeleteRequest:
    physical = _arn_or_none(envelope.physical_id)
    arn = physical or _arn_or_none(properties.get(Property.PROJECT_VERSION_ARN))
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
    region, account = _stack_location(envelope.stack_id)
    elsewhere = arn is not None and (
        (region is not None and arn.region != region) or (account is not None and arn.account != account)
    )
    return DeleteRequest(
        envelope,
        arn=None if elsewhere else arn,
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


def directions_of(request: CreateRequest | UpdateRequest, begun_with: Mapping[str, object]) -> set[Direction]:
    """Which way a stack goes when it sends this request, judged by what its operation began with.

    Going forward it declares what the request declares, and an update that goes back comes from it. Both
    where the two are the same, or where nothing can be compared; empty if the operation is another one.
    """
    arn = begun_with.get(Property.PROJECT_VERSION_ARN)
    if not isinstance(arn, str):
        return {Direction.FORWARD, Direction.BACK}
    units = _units_or_none(begun_with)
    declared = request.declared
    found = set()
    if arn == str(declared.arn) and units in (None, declared.units):
        found.add(Direction.FORWARD)
    if isinstance(request, UpdateRequest) and (
        request.former_arn is None
        or (arn == str(request.former_arn) and units in (None, request.former_units))
    ):
        found.add(Direction.BACK)
    return found


def _units_or_none(properties: Mapping[str, Any]) -> InferenceUnits | None:
    try:
        return _parse_units(properties)
    except InvalidProperty:
        return None


def _arn_or_none(value: object) -> ProjectVersionArn | None:
    try:
        return parse_project_version_arn(value, name=Property.PROJECT_VERSION_ARN)
    except InvalidProperty:
        return None


def _stack_location(stack_id: str) -> tuple[str | None, str | None]:
    """Region and account of a stack's ARN; the function works nowhere else."""
    parts = stack_id.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return None, None
    return parts[3] or None, parts[4] or None


def _service_timeout(properties: Mapping[str, Any]) -> int:
    try:
        return parse_whole_number(
            properties.get(Property.SERVICE_TIMEOUT, SERVICE_TIMEOUT_SECONDS),
            name=Property.SERVICE_TIMEOUT,
            minimum=1,
            maximum=SERVICE_TIMEOUT_SECONDS,
            unit="seconds",
            way_out="omit it for an hour",
        )
    except InvalidProperty:
        return SERVICE_TIMEOUT_SECONDS


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
