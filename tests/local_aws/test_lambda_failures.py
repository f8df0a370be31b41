"""Where an event goes that no run could finish: what is told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.corrections import lambda_failures, ministack
from local_aws.corrections.lambda_failures import MESSAGE_BYTES_MAX, Failure, hand_on

QUEUE, TOPIC = "arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sns:eu-west-1:123456789012:t"
ALIAS = "arn:aws:lambda:eu-west-1:123456789012:function:f:live"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Name or ARN, body and attributes of each message."""
    found: list[tuple[str, str, dict[str, Any]]] = []

    def to_queue(message: dict[str, Any], name: str) -> None:
        found.append((name, message["MessageBody"], message["MessageAttributes"]))

    def to_topic(arn: str, _: str, body: str, _subject: str, _structure: str, attributes: Any) -> None:
        found.append((arn, body, attributes))

    monkeypatch.setattr(ministack.sqs, "_act_send_message", to_queue)
    monkeypatch.setattr(ministack.sns, "_fanout", to_topic)
    return found


def test_an_event_that_is_too_old_has_no_answer(sent: list[tuple[str, str, dict[str, Any]]]) -> None:
    """It was never run: the record says so, and the dead letter has no message."""
    config = {"FunctionArn": ALIAS, "Version": "3", "DeadLetterConfig": {"TargetArn": TOPIC}}
    hand_on({"config": config}, QUEUE, Failure("id", {"a": 1}, "EventAgeExceeded", 0, {}))
    (to, body, _), (topic, dead, attributes) = sent
    record = json.loads(body)
    assert record.pop("timestamp").endswith("Z")
    assert (to, record) == (
        "q",
        {
            "version": "1.0",
            "requestContext": {
                "requestId": "id",
                "functionArn": ALIAS,
                "condition": "EventAgeExceeded",
                "approximateInvokeCount": 0,
            },
            "requestPayload": {"a": 1},
        },
    )
    assert (topic, json.loads(dead), sorted(attributes)) == (TOPIC, {"a": 1}, ["ErrorCode", "RequestID"])


def test_a_long_message_is_cut(sent: list[tuple[str, str, dict[str, Any]]]) -> None:
    """At a whole character."""
    failure = Failure("id", {}, "RetriesExhausted", 3, {"errorMessage": "x" + "é" * 2000})
    hand_on({"FunctionArn": ALIAS, "DeadLetterConfig": {"TargetArn": QUEUE}}, "", failure)
    ((_, _, attributes),) = sent
    told = attributes["ErrorMessage"]["StringValue"]
    assert told == "x" + "é" * ((MESSAGE_BYTES_MAX - 1) // 2)


def test_what_can_not_be_handed_on_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A queue that is gone, or no queue at all, is told in the log."""

    def gone(*_: object) -> None:
        raise KeyError("no such queue")

    monkeypatch.setattr(ministack.sqs, "_act_send_message", gone)
    failure = Failure("id", {}, "RetriesExhausted", 3, {})
    for arn in (QUEUE, "arn:aws:events:eu-west-1:123456789012:event-bus/b"):
        hand_on({"FunctionArn": ALIAS}, arn, failure)
        assert arn in caplog.text
    assert {record.name for record in caplog.records} == {lambda_failures.logger.name}
