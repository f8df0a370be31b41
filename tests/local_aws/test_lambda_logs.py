"""A function's log is as on AWS, so that a test sees what production logs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from stack_world import until, zipped

from local_aws import EmbeddedAws

pytestmark = pytest.mark.slow

TALKATIVE = """
import logging
def handler(event, context):
    logging.debug("a detail")
    logging.info("begins", extra={"model": "v1", "units": 2})
    logging.getLogger("parts").warning("%s is slow", "v1")
    print("printed")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("failed")
    return context.aws_request_id
"""


def logged(aws: EmbeddedAws, role_arn: str, name: str, **logging: str) -> tuple[str, list[str]]:
    """The request id of one run, and the messages that it logged."""
    client, logs = aws.client("lambda"), aws.client("logs")
    client.create_function(
        FunctionName=name, Runtime="python3.13", Role=role_arn, Handler="index.handler",
        Code={"ZipFile": zipped(TALKATIVE)}, LoggingConfig=logging,
    )  # fmt: skip
    request_id = json.load(client.invoke(FunctionName=name)["Payload"])

    def messages() -> list[str]:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return [event["message"] for event in found]

    return request_id, until("the end of the log", lambda: messages() if "REPORT" in str(messages()) else [])


def records_of(messages: list[str]) -> list[dict[str, Any]]:
    """Those messages that are JSON objects."""
    return [json.loads(message) for message in messages if message.startswith("{")]


def test_records_are_json_with_all_they_hold(aws: EmbeddedAws, role_arn: str) -> None:
    """At level INFO by default: time, level, request id, extra and exception; what is printed stays text."""
    request_id, messages = logged(aws, role_arn, "talks-json", LogFormat="JSON")
    begins, slow, failed = records_of(messages)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", begins.pop("timestamp"))
    told = {"level": "INFO", "message": "begins", "logger": "root", "requestId": request_id}
    assert begins == {**told, "model": "v1", "units": 2}
    assert (slow["level"], slow["message"], slow["logger"]) == ("WARNING", "v1 is slow", "parts")
    assert (failed["level"], failed["errorType"], failed["errorMessage"]) == (
        "ERROR", "ZeroDivisionError", "division by zero",
    )  # fmt: skip
    assert failed["requestId"] == request_id
    assert "in handler" in failed["stackTrace"][0]
    assert "printed" in messages


@pytest.mark.parametrize(
    ("level", "seen"), [("DEBUG", ["a detail", "begins"]), ("WARN", []), ("INFO", ["begins"])]
)
def test_the_level_filters(aws: EmbeddedAws, role_arn: str, level: str, seen: list[str]) -> None:
    """ApplicationLogLevel, in the words of Lambda."""
    _, messages = logged(aws, role_arn, f"talks-{level}", LogFormat="JSON", ApplicationLogLevel=level)
    told = [record["message"] for record in records_of(messages) if "v1" not in record["message"]]
    assert told == [*seen, "failed"]


def test_text_is_lines_with_the_request_id(aws: EmbeddedAws, role_arn: str) -> None:
    """And Python's own level, WARNING."""
    request_id, messages = logged(aws, role_arn, "talks-text", LogFormat="Text")
    (line,) = [message for message in messages if "is slow" in message]
    assert re.fullmatch(rf"\[WARNING\]\t\d{{4}}-\d\d-\d\dT[\d:]+\.\d{{3}}Z\t{request_id}\tv1 is slow", line)
    assert not any("begins" in message for message in messages)
