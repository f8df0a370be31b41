"""Where an event goes that no run of its function could finish.

MiniStack sends one kind of record to one place, always as if three tries had failed. On AWS (Lambda guide,
invocation-async-retain-records) the failure destination gets a record with the event, the answer of the last
try and why it was the last, and the dead-letter queue gets the event itself with three attributes; a function
may have both.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from local_aws.corrections import ministack

MESSAGE_BYTES_MAX: Final = 1024
"""Of the error's message, in a dead letter's attribute."""
_COLONS: Final = 6
"""In the ARN of a function without a version or an alias."""
logger = logging.getLogger("lambda_failures")


@dataclass(frozen=True)
class Failure:
    """The end of an event."""

    request_id: str
    event: Any
    condition: Literal["RetriesExhausted", "EventAgeExceeded"]
    tries: int
    """How many runs there were."""
    answer: Mapping[str, Any]
    """Of the last one: errorMessage and what else there is; empty without any run."""


def hand_on(function: Mapping[str, Any], destination: str, failure: Failure) -> None:
    """To the failure destination, if there is one, and to the dead-letter queue of the function."""
    config = function.get("config") or function
    dead_letters = str((config.get("DeadLetterConfig") or {}).get("TargetArn") or "")
    if destination:
        _send(destination, json.dumps(_record(config, failure)), {})
    if dead_letters:
        _send(dead_letters, json.dumps(failure.event), _attributes(failure))


def _record(config: Mapping[str, Any], failure: Failure) -> dict[str, Any]:
    version, arn = config.get("Version", "$LATEST"), str(config.get("FunctionArn", ""))
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "requestContext": {
            "requestId": failure.request_id,
            "functionArn": arn if arn.count(":") > _COLONS else f"{arn}:{version}",
            "condition": failure.condition,
            "approximateInvokeCount": failure.tries,
        },
        "requestPayload": failure.event,
    }
    if failure.tries:
        context = {"statusCode": 200, "executedVersion": version, "functionError": "Unhandled"}
        record |= {"responseContext": context, "responsePayload": dict(failure.answer)}
    return record


def _attributes(failure: Failure) -> dict[str, dict[str, str]]:
    message = str(failure.answer.get("errorMessage", "")).encode()[:MESSAGE_BYTES_MAX].decode(errors="ignore")
    told = {"RequestID": ("String", failure.request_id), "ErrorCode": ("Number", "200")}
    if message:
        told["ErrorMessage"] = ("String", message)
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in told.items()}


def _send(arn: str, body: str, attributes: Mapping[str, Any]) -> None:
    """To a queue or a topic; who waits for nothing learns of no error, so that is told in the log."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    try:
        if service == "sqs":
            message = {"QueueUrl": name, "MessageBody": body, "MessageAttributes": dict(attributes)}
            ministack.sqs._act_send_message(message, name)
        elif service == "sns":
            ministack.sns._fanout(arn, str(uuid.uuid4()), body, "", "", dict(attributes))
        else:
            logger.warning("no queue and no topic: %s", arn)
    except Exception:
        logger.exception("what has failed could not be handed on to %s", arn)
