"""CloudFormation's side of custom resources: the request, the pre-signed URL, the wait, the answer.

MiniStack invokes the function synchronously and once, takes any answer from anybody, and cannot be cancelled.
Here:

- The event goes through Lambda's asynchronous queue (Lambda guide, services-cloudformation), so a crash is
  tried again.
- The answer is checked (``answers``), and the first one counts. The URL outlives the request, by two hours,
  so an answer that comes after the request has ended still gets status 200; what else it does is a switch,
  ``late_answers``.
- ServiceTimeout is kept, with CloudFormation's words (reported in many issues, such as copilot-cli 4868).
- A waiting request can be cancelled; nothing tells the function (aws-cdk 31541, coverage-roadmap 1730).
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from local_aws.corrections import ministack
from local_aws.corrections.answers import (
    Judgement,
    SignedUrl,
    as_strings,
    judge,
    refusal,
    request_id_in,
    signed_url,
)
from local_aws.corrections.custom_types import service_timeout
from local_aws.corrections.lambda_invocations import LambdaInvocations
from local_aws.corrections.recorder import Recorder, RequestEntry
from local_aws.switches import Switches

KEPT_AFTER_EXPIRY_SECONDS: Final = 3600.0
"""For how long a call of an expired ResponseURL is still told why it is refused."""


class CustomResourceError(Exception):
    """The request failed; the text is the status reason. ``physical_id``: what the answer named, None without
    one."""

    def __init__(self, reason: str, physical_id: str | None = None) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


@dataclass(frozen=True)
class Request:
    """What CloudFormation tells a function, less what makes it a message."""

    request_type: str
    stack_id: str
    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    physical_id: str | None = None
    old_properties: Mapping[str, Any] | None = None

    def event(self) -> dict[str, Any]:
        """The event without RequestId and ResponseURL."""
        event: dict[str, Any] = {
            "RequestType": self.request_type,
            "ServiceToken": self.properties.get("ServiceToken"),
            "StackId": self.stack_id,
            "ResourceType": self.resource_type,
            "LogicalResourceId": self.logical_id,
            "ResourceProperties": as_strings(self.properties),
        }
        if self.physical_id is not None:
            event["PhysicalResourceId"] = self.physical_id
        if self.old_properties is not None:
            event["OldResourceProperties"] = as_strings(self.old_properties)
        return event


@dataclass
class _Open:
    """A request that was sent: kept for longer than it lasts, since its URL outlives it."""

    entry: RequestEntry
    url: SignedUrl
    answered: asyncio.Future[Judgement]
    named_late: str | None = None
    """The physical id of an answer that came when the request had ended."""


class CustomResources:
    """All requests to custom resources. Lives on the event loop."""

    def __init__(self, recorder: Recorder, switches: Switches, invocations: LambdaInvocations) -> None:
        self._recorder = recorder
        self._switches = switches
        self._invocations = invocations
        self._sent: dict[str, _Open] = {}

    async def ask(self, request: Request) -> Judgement:
        """Sends a request and waits for its answer, which is a SUCCESS. Raises CustomResourceError for all
        else."""
        seconds = service_timeout(request.properties)
        service_token = str(request.properties.get("ServiceToken", ""))
        asked = self._send(service_token, request.event(), hand_made=False)
        try:
            async with asyncio.timeout(seconds):
                judgement = await asyncio.shield(asked.answered)
        except TimeoutError:
            self._recorder.end_request(asked.entry, "timed out")
            raise CustomResourceError(
                "CloudFormation did not receive a response from your Custom Resource. Please check your logs "
                f"for requestId [{asked.entry.request_id}]. If you are using the Python cfn-response module, "
                "you may need to update your Lambda function code so that CloudFormation can attach the "
                "updated version."
            ) from None
        except asyncio.CancelledError:
            self._recorder.end_request(asked.entry, "cancelled")
            raise
        if judgement.status == "SUCCESS":
            return judgement
        if judgement.status == "invalid":
            raise CustomResourceError(judgement.reason, judgement.physical_id)
        shown = judgement.reason[: self._switches.shown_reason_characters or None]
        raise CustomResourceError(
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{shown} (RequestId: {asked.entry.request_id})",
            judgement.physical_id,
        )

    def send_by_hand(self, function: str, event: Mapping[str, Any]) -> str:
        """Sends a test's event, with a ResponseURL of its own; returns its RequestId. Nobody waits for the
        answer."""
        event = {
            "RequestId": str(uuid.uuid4()),
            "ResourceProperties": {},
            "ResourceType": "Custom::ByHand",
            **event,
        }
        request_id = str(event["RequestId"])
        former = self._sent.get(request_id)
        if former is not None:
            # The same event again: what a duplicate delivery is.
            self._deliver(function, {**event, "ResponseURL": former.url.url})
            return request_id
        self._send(function, event, hand_made=True)
        return request_id

    def _send(self, function: str, event: Mapping[str, Any], *, hand_made: bool) -> _Open:
        request_id = str(event.get("RequestId") or uuid.uuid4())
        url = signed_url(
            ministack.custom_resource._gateway_url().replace("localhost", "127.0.0.1"),
            request_id=request_id,
            stack_id=str(event["StackId"]),
            logical_id=str(event["LogicalResourceId"]),
            region=ministack.responses.get_region(),
        )
        entry = RequestEntry(
            request_id=request_id,
            request_type=str(event["RequestType"]),
            stack_id=str(event["StackId"]),
            logical_id=str(event["LogicalResourceId"]),
            resource_type=str(event["ResourceType"]),
            physical_id=event.get("PhysicalResourceId"),
            properties=event["ResourceProperties"],
            old_properties=event.get("OldResourceProperties"),
            function=function,
            hand_made=hand_made,
            sent_at=time.time(),
        )
        self._forget_long_expired(entry.sent_at)
        sent = _Open(entry, url, asyncio.get_running_loop().create_future())
        self._sent[request_id] = sent
        self._recorder.add_request(entry)
        try:
            self._deliver(function, {**event, "RequestId": request_id, "ResponseURL": url.url})
        except CustomResourceError:
            self._recorder.end_request(entry, "not delivered")
            raise
        return sent

    def _forget_long_expired(self, now: float) -> None:
        """So that what is open does not grow for ever."""
        for request_id, sent in list(self._sent.items()):
            if now < sent.url.expires_at + KEPT_AFTER_EXPIRY_SECONDS:
                return  # those that come after it were sent later
            del self._sent[request_id]

    def _deliver(self, function: str, event: Mapping[str, Any]) -> None:
        record, config, _ = ministack.lambda_service._get_func_record_for_ref(function)
        if record is None or config is None:
            raise CustomResourceError(f"Lambda function not found: {function}")
        target = ministack.lambda_service._execution_record_for_config(record, config)
        switches, request_id = self._switches, str(uuid.uuid4())
        for number in range(switches.duplicate_deliveries + 1):
            delay = switches.delivery_delay_seconds + number * switches.duplicate_delay_seconds
            self._invocations.submit(target, dict(event), delay_seconds=delay, request_id=request_id)

    def named_late(self, stack_id: str, logical_id: str) -> str | None:
        """The id that an answer named which came when its Create had ended; None if there was another request
        since, or no such answer."""
        for sent in reversed(self._sent.values()):
            entry = sent.entry
            if (entry.stack_id, entry.logical_id) == (stack_id, logical_id):
                return sent.named_late if entry.request_type == "Create" else None
        return None

    def url_of(self, request_id: str) -> str | None:
        """The ResponseURL of a request."""
        sent = self._sent.get(request_id)
        return sent.url.url if sent is not None else None

    def put(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        """A call of a ResponseURL: HTTP status and, where S3 refuses, what it says."""
        sent = self._sent.get(request_id_in(path))
        why = refusal(method, query, headers, sent.url if sent is not None else None, time.time())
        if sent is None or why is not None:
            if sent is not None:
                self._note(sent.entry, "refused", why or "", 403, body.decode(errors="replace")[:4096])
            return 403, f"SignatureDoesNotMatch: {why}"
        entry = sent.entry
        judgement = judge(
            body, request_id=entry.request_id, stack_id=entry.stack_id, logical_id=entry.logical_id
        )
        if sent.answered.done():
            self._note(entry, "ignored", "not the first answer", 200, judgement.body)
        elif entry.ended_at is not None:
            self._note(entry, "ignored", f"late: the request was {entry.outcome}", 200, judgement.body)
            sent.named_late = judgement.physical_id
        else:
            wrong = judgement.reason if judgement.status == "invalid" else ""
            self._note(entry, "taken", wrong, 200, judgement.body)
            self._recorder.end_request(entry, judgement.status)
            sent.answered.set_result(judgement)
        return 200, ""

    def _note(
        self, entry: RequestEntry, verdict: str, why: str, status: int, body: Mapping[str, Any] | str
    ) -> None:
        answer = {"at": time.time(), "verdict": verdict, "why": why, "http_status": status, "body": body}
        self._recorder.add_answer(entry, answer)
