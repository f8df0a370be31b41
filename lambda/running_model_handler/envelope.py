"""The part of a request that every answer needs, read before anything else is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from running_model_handler.core.answer import (
    BODY_BYTES_MAX,
    PHYSICAL_ID_BYTES_MAX,
    encode_answer,
    fallback_physical_id,
)
from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.claim import STACK_ID, Owner
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.event import WITHHELD, mapping_or_empty
from running_model_handler.core.names import Property
from running_model_handler.core.numbers import parse_whole_number
from running_model_handler.core.waiting import SERVICE_TIMEOUT_SECONDS

_IDS: Final = ("RequestId", "StackId", "LogicalResourceId")
ID_CHARACTERS_MAX: Final = 256
_ID: Final = re.compile(rf"[a-zA-Z0-9_ .:/=+@-]{{1,{ID_CHARACTERS_MAX}}}")
"""What a tag can hold (API reference, TagResource), which is more than CloudFormation's ids use."""
_SIGNED_AT: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_URL_CHARACTERS_MAX: Final = 8192
"""S3 takes no longer ones, and every hand-over carries it."""


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
    sent_at: float = 0.0
    """When the ResponseURL was signed, right before the request was sent; 0 where it does not tell."""

    @property
    def owner(self) -> Owner:
        """The resource that the request is about."""
        return Owner(self.stack_id, self.logical_id)


def parse_envelope(event: object) -> Envelope:
    """The envelope of a request; raises ``UnanswerableEvent`` where there is nobody to answer.

    An answer repeats the ids of its request to the letter, whatever they are.
    """
    if not isinstance(event, Mapping):
        raise UnanswerableEvent("the event is not an object; only CloudFormation should invoke this function")
    values = {}
    for key in (*_IDS, "ResponseURL"):
        value = event.get(key)
        if not isinstance(value, str) or not value:
            raise UnanswerableEvent(f"{key} is missing; only CloudFormation should invoke this function")
        values[key] = value
    if not _is_https(values["ResponseURL"]):
        raise UnanswerableEvent("ResponseURL is not an https URL")
    request_type = event.get("RequestType")
    envelope = Envelope(
        request_type=request_type if isinstance(request_type, str) else "",
        request_id=values["RequestId"],
        stack_id=values["StackId"],
        logical_id=values["LogicalResourceId"],
        response_url=values["ResponseURL"],
        physical_id=_physical_id(event.get("PhysicalResourceId")),
        service_timeout_seconds=_service_timeout(mapping_or_empty(event.get("ResourceProperties"))),
        sent_at=_signed_at(values["ResponseURL"]),
    )
    if len(_shortest_answer(envelope)) > BODY_BYTES_MAX:
        raise UnanswerableEvent(f"its ids don't fit into an answer, which has {BODY_BYTES_MAX} bytes at most")
    return envelope


def physical_id_for_failure(event: Mapping[str, Any], envelope: Envelope) -> str:
    """The physical id of a FAILED answer: what the resource has, else the model that it asked for."""
    if envelope.physical_id is not None:
        return envelope.physical_id
    declared = mapping_or_empty(event.get("ResourceProperties")).get(Property.PROJECT_VERSION_ARN)
    try:
        return str(parse_project_version_arn(declared, name=Property.PROJECT_VERSION_ARN))
    except InvalidProperty:
        return fallback_physical_id(envelope.stack_id, envelope.logical_id)


def check_ids(event: Mapping[str, Any], envelope: Envelope) -> None:
    """Raise ``InvalidProperty`` for ids that CloudFormation does not make; ``event`` is a readable one.

    They stand in tags and in log lines, and an owner whose name no tag can hold owns nothing.
    """
    request_id = event.get("RequestId")
    if request_id != envelope.request_id or len(envelope.request_id) > ID_CHARACTERS_MAX:
        raise InvalidProperty("RequestId", request_id, "must be the id of a request")
    for key in ("StackId", "LogicalResourceId"):
        if not _ID.fullmatch(str(event.get(key))):
            raise InvalidProperty(key, event.get(key), "must be an id of CloudFormation")
    if not STACK_ID.fullmatch(envelope.stack_id):
        raise InvalidProperty("StackId", envelope.stack_id, "must be the ARN of a stack")
    if WITHHELD in str(event.get("PhysicalResourceId")):
        raise InvalidProperty("PhysicalResourceId", WITHHELD, "must be the id of a resource")


def _physical_id(value: object) -> str | None:
    """A physical id as CloudFormation can have sent it; None for what no answer of ours can have been."""
    if not isinstance(value, str) or not value:
        return None
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return None
    return value if size <= PHYSICAL_ID_BYTES_MAX else None


def _shortest_answer(envelope: Envelope) -> bytes:
    return encode_answer(
        status="FAILED",
        reason="",
        physical_id=envelope.physical_id or fallback_physical_id(envelope.stack_id, envelope.logical_id),
        stack_id=envelope.stack_id,
        request_id=envelope.request_id,
        logical_id=envelope.logical_id,
        data={},
    )


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


def _signed_at(url: str) -> float:
    """X-Amz-Date of a pre-signed URL (Amazon S3, query string authentication), in seconds since the epoch."""
    dates = [value for name, value in parse_qsl(urlsplit(url).query) if name.lower() == "x-amz-date"]
    if not dates or not _SIGNED_AT.fullmatch(dates[0]):
        return 0.0
    try:
        return datetime.fromisoformat(dates[0]).timestamp()
    except ValueError:
        return 0.0


def _is_https(url: str) -> bool:
    if len(url) > _URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
