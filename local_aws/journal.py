"""What happened inside the embedded AWS, as the process that started it reads it.

Times are seconds since the epoch. No entry holds a ResponseURL: it is a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One PUT to a ResponseURL."""

    at: float
    verdict: str
    """"taken" by CloudFormation, "ignored" (late, or not the first), or "refused" by the pre-signed URL."""
    why: str
    """Why it was ignored or refused, or what CloudFormation found wrong with it; empty if all was well."""
    http_status: int
    body: Mapping[str, Any] | str
    """The answer as JSON, with Data masked under NoEcho; the raw text if it was no JSON object."""


@dataclass(frozen=True)
class CustomResourceRequest:
    """One request that CloudFormation, or a test, sent to a custom resource's function."""

    request_id: str
    request_type: str
    stack_id: str
    logical_id: str
    resource_type: str
    physical_id: str | None
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] | None
    function: str
    hand_made: bool
    """True if a test sent it and CloudFormation knows nothing of it."""
    sent_at: float
    ended_at: float | None
    """When CloudFormation stopped to wait for the answer; None while it waits."""
    outcome: str
    """"waiting", "SUCCESS", "FAILED", "invalid", "timed out", "cancelled" or "not delivered"."""
    answers: tuple[Answer, ...]

    @property
    def answer(self) -> Mapping[str, Any] | None:
        """The body of the answer that CloudFormation took, if there is one."""
        for answer in self.answers:
            if answer.verdict == "taken" and isinstance(answer.body, Mapping):
                return answer.body
        return None


@dataclass(frozen=True)
class Attempt:
    """One delivery of an asynchronous event."""

    number: int
    """1 for the first try."""
    of: int
    """How many tries the function's settings allow."""


@dataclass(frozen=True)
class Invocation:
    """One run of a function, or an event that was dropped before it ran."""

    invocation_id: str
    """The aws_request_id: the same for all tries and deliveries of one event."""
    function: str
    kind: str
    """"Event" for an asynchronous one, "RequestResponse" for one whose caller waits."""
    attempt: Attempt
    started_at: float
    ended_at: float | None
    outcome: str
    """"running", "ok", "error", "timeout", "throttled" or "dropped"."""
    detail: str
    cloudformation_request_id: str | None
    """RequestId of the event, if it carries one."""


@dataclass(frozen=True)
class ApiCall:
    """One call of an AWS API by somebody else than the account's root."""

    at: float
    principal: str
    action: str
    """As in a policy, such as "cloudformation:DescribeStackResource"."""
    resource: str
    allowed: bool
    condition_keys: Mapping[str, str | list[str]]
    """What conditions were asked about, as it was at that moment: ``aws:ResourceTag/KEY``,
    ``aws:RequestTag/KEY`` and, a list, ``aws:TagKeys``. The tags of resources other than Rekognition's are
    left out."""


def request_from(entry: Mapping[str, Any]) -> CustomResourceRequest:
    """A request as the host's admin interface gives it."""
    answers = tuple(Answer(**answer) for answer in entry["answers"])
    return CustomResourceRequest(**{**entry, "answers": answers})


def invocation_from(entry: Mapping[str, Any]) -> Invocation:
    """An invocation as the host's admin interface gives it."""
    return Invocation(**{**entry, "attempt": Attempt(**entry["attempt"])})


def api_call_from(entry: Mapping[str, Any]) -> ApiCall:
    """An API call as the host's admin interface gives it."""
    return ApiCall(**entry)
