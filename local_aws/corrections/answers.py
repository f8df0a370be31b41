"""What CloudFormation makes of an answer, and what the pre-signed URL lets through. Pure."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, quote

from local_aws.platform.cloudformation import (
    ANSWER_BODY_BYTES_MAX,
    ANSWER_STATUSES,
    PHYSICAL_ID_BYTES_MAX,
    RESPONSE_URL_METHOD,
    RESPONSE_URL_SECONDS,
)

MASK = "****"


@dataclass(frozen=True)
class Judgement:
    """An answer as CloudFormation reads it."""

    status: Literal["SUCCESS", "FAILED", "invalid"]
    reason: str = ""
    physical_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    no_echo: bool = False
    body: Mapping[str, Any] | str = ""
    """To show: Data is masked under NoEcho."""


def judge(body: bytes, *, request_id: str, stack_id: str, logical_id: str) -> Judgement:
    """Checks an answer against the response object of CloudFormation's guide (crpg-ref).

    The words "Response object is too long." and "Invalid PhysicalResourceId" are CloudFormation's (reported
    by users; the second also hides the reason of a FAILED answer); the others are ours, since AWS documents
    none. S3 takes all of these with status 200: the function never learns of it.
    """
    shown = body.decode(errors="replace")
    if len(body) > ANSWER_BODY_BYTES_MAX:
        return Judgement("invalid", "Response object is too long.", body=shown)
    try:
        answer = json.loads(body)
    except ValueError:
        return Judgement("invalid", "Response is not valid JSON.", body=shown)
    if not isinstance(answer, dict):
        return Judgement("invalid", "Response is not a JSON object.", body=shown)
    masked = _masked(answer)
    expected = {"RequestId": request_id, "StackId": stack_id, "LogicalResourceId": logical_id}
    for name, value in expected.items():
        if answer.get(name) != value:
            return Judgement("invalid", f"Invalid {name}", body=masked)
    physical_id = answer.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 1 <= len(physical_id.encode()) <= PHYSICAL_ID_BYTES_MAX:
        return Judgement("invalid", "Invalid PhysicalResourceId", body=masked)
    return _judge_content(answer, physical_id, masked)


def _judge_content(answer: Mapping[str, Any], physical_id: str, masked: Mapping[str, Any]) -> Judgement:
    status, reason, data = answer.get("Status"), answer.get("Reason"), answer.get("Data")
    no_echo = _hides(answer)
    well_formed = {
        "Status": isinstance(status, str) and status in ANSWER_STATUSES,
        "Reason": isinstance(reason, str) and bool(reason) if status == "FAILED" else True,
        "Data": data is None or isinstance(data, dict),
    }
    for name, is_so in well_formed.items():
        if not is_so:
            return Judgement("invalid", f"Invalid {name}", physical_id, body=masked)
    if status == "FAILED":
        return Judgement("FAILED", str(reason), physical_id, no_echo=no_echo, body=masked)
    return Judgement("SUCCESS", "", physical_id, data or {}, no_echo, masked)


def _hides(answer: Mapping[str, Any]) -> bool:
    return str(answer.get("NoEcho", False)).lower() == "true"


def _masked(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    data = answer.get("Data")
    if not _hides(answer) or data is None:
        return answer
    return {**answer, "Data": dict.fromkeys(data, MASK) if isinstance(data, dict) else MASK}


@dataclass(frozen=True)
class SignedUrl:
    """Where a custom resource puts its answer: long and secret, as S3's pre-signed URLs are."""

    url: str
    signature: str
    expires_at: float
    """Seconds since the epoch."""


PATH = "/_local_aws/custom-resource-response/"


def signed_url(base: str, *, request_id: str, stack_id: str, logical_id: str, region: str) -> SignedUrl:
    """A fresh ResponseURL, in the form of those that CloudFormation sends."""
    now = datetime.now(UTC)
    signature = secrets.token_hex(32)
    scope = f"AKIAEMBEDDEDAWS00000/{now:%Y%m%d}/{region}/s3/aws4_request"
    query = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in (
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Date", f"{now:%Y%m%dT%H%M%SZ}"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Expires", str(RESPONSE_URL_SECONDS)),
            ("X-Amz-Credential", scope),
            ("X-Amz-Signature", signature),
        )
    )
    url = f"{base}{PATH}{quote(f'{stack_id}|{logical_id}|{request_id}', safe='')}?{query}"
    return SignedUrl(url, signature, now.timestamp() + RESPONSE_URL_SECONDS)


def request_id_in(path: str) -> str:
    """The request that a ResponseURL's (decoded) path belongs to."""
    return path.rpartition("|")[2]


def refusal(
    method: str, query: str, headers: Mapping[str, str], signed: SignedUrl | None, now: float
) -> str | None:
    """Why the pre-signed URL refuses a call at this moment (seconds since the epoch), None if it does not.

    The signature covers the method and an empty content type (CloudFormation guide, custom resource response
    objects; every client that sends one gets SignatureDoesNotMatch).
    """
    given = parse_qs(query).get("X-Amz-Signature", [""])[0]
    if signed is None or not secrets.compare_digest(given.encode(), signed.signature.encode()):
        return "the signature does not match"
    if now >= signed.expires_at:
        return f"the URL has expired, {RESPONSE_URL_SECONDS} seconds after the request"
    if method != RESPONSE_URL_METHOD:
        return f"the URL is signed for {RESPONSE_URL_METHOD}, not for {method}"
    content_type = headers.get("content-type", "")
    if content_type:
        # The value is the caller's: shown without anything that could break a line.
        return (
            f"the URL is signed for an empty content type, not for {re.sub(r'[^ -~]', '?', content_type)!r}"
        )
    return None


def as_strings(value: Any) -> Any:
    """Properties as they reach a function: numbers and booleans have become strings, nested ones too."""
    if isinstance(value, Mapping):
        return {key: as_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_strings(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value
