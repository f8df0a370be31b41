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

BODY_BYTES_MAX = 4096
"""CloudFormation guide, custom resource response object."""

PHYSICAL_ID_BYTES_MAX = 1024
URL_SECONDS = 7199
"""X-Amz-Expires of a captured event."""

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
    if len(body) > BODY_BYTES_MAX:
        return Judgement("invalid", "Response object is too long.", body=shown)
    try:
        answer = json.loads(body)
    except ValueError:
        return Judgement("invalid", "Response is not valid JSON.", body=shown)
    if not isinstance(answer, dict):
        return Judgement("invalid", "Response is not a JSON object.", body=shown)
    no_echo = answer.get("NoEcho") is True
    masked = {**answer, "Data": dict.fromkeys(answer.get("Data") or {}, MASK)} if no_echo else answer
    expected = {"RequestId": request_id, "StackId": stack_id, "LogicalResourceId": logical_id}
    for name, value in expected.items():
        if answer.get(name) != value:
            return Judgement("invalid", f"Invalid {name}", body=masked)
    physical_id = answer.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 1 <= len(physical_id.encode()) <= PHYSICAL_ID_BYTES_MAX:
        return Judgement("invalid", "Invalid PhysicalResourceId", body=masked)
    return _judge_content(answer, physical_id, no_echo, masked)


def _judge_content(
    answer: Mapping[str, Any], physical_id: str, no_echo: bool, masked: Mapping[str, Any]
) -> Judgement:
    status, reason, data = answer.get("Status"), answer.get("Reason", ""), answer.get("Data") or {}
    if status == "FAILED":
        if not isinstance(reason, str) or not reason:
            return Judgement("invalid", "Invalid Reason", physical_id, body=masked)
        return Judgement("FAILED", reason, physical_id, no_echo=no_echo, body=masked)
    if status != "SUCCESS":
        return Judgement("invalid", "Invalid Status", physical_id, body=masked)
    if not isinstance(data, dict):
        return Judgement("invalid", "Invalid Data", physical_id, body=masked)
    return Judgement("SUCCESS", "", physical_id, data, no_echo, masked)


@dataclass(frozen=True)
class SignedUrl:
    """Where a custom resource puts its answer: long and secret, as S3's pre-signed URLs are."""

    url: str
    signature: str


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
            ("X-Amz-Expires", str(URL_SECONDS)),
            ("X-Amz-Credential", scope),
            ("X-Amz-Signature", signature),
        )
    )
    return SignedUrl(
        f"{base}{PATH}{quote(f'{stack_id}|{logical_id}|{request_id}', safe='')}?{query}", signature
    )


def request_id_in(path: str) -> str:
    """The request that a ResponseURL's (decoded) path belongs to."""
    return path.rpartition("|")[2]


def refusal(method: str, query: str, headers: Mapping[str, str], signature: str | None) -> str | None:
    """Why the pre-signed URL refuses a call, None if it does not.

    The signature covers the method and an empty content type (CloudFormation guide, custom resource response
    objects; every client that sends one gets SignatureDoesNotMatch).
    """
    given = parse_qs(query).get("X-Amz-Signature", [""])[0]
    if signature is None or not secrets.compare_digest(given, signature):
        return "the signature does not match"
    if method != "PUT":
        return f"the URL is signed for PUT, not for {method}"
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
