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
    logging.log(25, "between", extra={"level": "forged", "requestId": "forged", "location": "forged"})
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

    def ended() -> bool:
        return "REPORT" in str(messages()) or "platform.report" in str(messages())

    return request_id, until("the end of the log", lambda: messages() if ended() else [])


def records_of(messages: list[str]) -> list[dict[str, Any]]:
    """Those messages that are JSON objects."""
    return [json.loads(message) for message in messages if message.startswith("{")]


def application_records_of(messages: list[str]) -> list[dict[str, Any]]:
    """Those that the function wrote."""
    return [record for record in records_of(messages) if "type" not in record]


def platform_records_of(messages: list[str]) -> list[dict[str, Any]]:
    """Those that the platform wrote."""
    return [record for record in records_of(messages) if "type" in record]


def test_records_are_json_with_all_they_hold(aws: EmbeddedAws, role_arn: str) -> None:
    """At level INFO by default: time, level, request id, extra and exception; what is printed stays text."""
    request_id, messages = logged(aws, role_arn, "talks-json", LogFormat="JSON")
    begins, between, slow, failed = application_records_of(messages)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", begins.pop("timestamp"))
    told = {"level": "INFO", "message": "begins", "logger": "root", "requestId": request_id}
    assert begins == {**told, "model": "v1", "units": 2}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", between.pop("timestamp"))
    assert between == {**told, "message": "between"}
    assert "index.py:handler:" in failed["location"]
    assert (slow["level"], slow["message"], slow["logger"]) == ("WARNING", "v1 is slow", "parts")
    assert (failed["level"], failed["errorType"], failed["errorMessage"]) == (
        "ERROR", "ZeroDivisionError", "division by zero",
    )  # fmt: skip
    assert failed["requestId"] == request_id
    assert "in handler" in failed["stackTrace"][0]
    assert "printed" in messages


@pytest.mark.parametrize(
    ("level", "seen"),
    [("DEBUG", ["a detail", "begins", "between"]), ("WARN", []), ("INFO", ["begins", "between"])],
)
def test_the_level_filters(aws: EmbeddedAws, role_arn: str, level: str, seen: list[str]) -> None:
    """ApplicationLogLevel, in the words of Lambda."""
    _, messages = logged(aws, role_arn, f"talks-{level}", LogFormat="JSON", ApplicationLogLevel=level)
    told = [record["message"] for record in application_records_of(messages) if "v1" not in record["message"]]
    assert told == [*seen, "failed"]


def test_text_is_lines_with_the_request_id(aws: EmbeddedAws, role_arn: str) -> None:
    """And Python's own level, WARNING."""
    request_id, messages = logged(aws, role_arn, "talks-text", LogFormat="Text")
    (line,) = [message for message in messages if "is slow" in message]
    assert re.fullmatch(rf"\[WARNING\]\t\d{{4}}-\d\d-\d\dT[\d:]+\.\d{{3}}Z\t{request_id}\tv1 is slow", line)
    assert not any("begins" in message for message in messages)


def test_the_platform_speaks_json_too(aws: EmbeddedAws, role_arn: str) -> None:
    """Lambda guide, telemetry-schema-reference: an object with time, type and record, at both ends."""
    request_id, messages = logged(aws, role_arn, "talks-platform", LogFormat="JSON")
    start, report = platform_records_of(messages)
    assert messages[0] == json.dumps(start)
    assert messages[-1] == json.dumps(report)
    assert (start["type"], start["record"]) == (
        "platform.start", {"requestId": request_id, "version": "$LATEST"},
    )  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z", report["time"])
    told = report["record"]
    assert (report["type"], told["requestId"], told["status"]) == ("platform.report", request_id, "success")
    assert told["metrics"]["memorySizeMB"] == 128
    assert told["metrics"]["billedDurationMs"] >= told["metrics"]["durationMs"] > 0


FATE = """
import logging, os, time
def handler(event, context):
    print(context.log_group_name, context.log_stream_name)
    logging.warning(event["fate"])
    if event["fate"] == "raises":
        raise ValueError("no good")
    if event["fate"] == "dies":
        os._exit(3)
    time.sleep(event.get("seconds", 0))
"""


class Doomed:
    """A function that does what an event says."""

    def __init__(self, aws: EmbeddedAws, role_arn: str, name: str, **logging: str) -> None:
        self.group = logging.get("LogGroup", f"/aws/lambda/{name}")
        self.lambdas, self.logs, self.name = aws.client("lambda"), aws.client("logs"), name
        self.lambdas.create_function(
            FunctionName=name, Runtime="python3.13", Role=role_arn, Handler="index.handler", Timeout=2,
            Code={"ZipFile": zipped(FATE)}, LoggingConfig=logging,
        )  # fmt: skip

    def meets(self, fate: str, seconds: float = 0) -> None:
        """Invoke it and wait."""
        self.lambdas.invoke(FunctionName=self.name, Payload=json.dumps({"fate": fate, "seconds": seconds}))

    def log(self) -> list[Any]:
        """The events so far."""
        try:
            return list(self.logs.filter_log_events(logGroupName=self.group)["events"])
        except self.logs.exceptions.ResourceNotFoundException:
            return []

    def messages(self) -> list[str]:
        """Their texts."""
        return [event["message"] for event in self.log()]


@pytest.mark.parametrize(
    ("fate", "seconds", "status"),
    [("ends", 0, "success"), ("raises", 0, "error"), ("dies", 0, "failure"), ("sleeps", 9, "timeout")],
)
def test_a_report_tells_how_a_run_ended(
    aws: EmbeddedAws, role_arn: str, fate: str, seconds: float, status: str
) -> None:
    """In both formats, with what the platform says of an error; at WARN only of a run that failed."""
    formats = {"LogFormat": "JSON"}
    doomed = Doomed(aws, role_arn, f"doomed-{fate}", **formats)
    doomed.meets(fate, seconds)
    *_, report = platform_records_of(doomed.messages())
    assert report["record"]["status"] == status
    quiet = Doomed(aws, role_arn, f"doomed-{fate}-quiet", SystemLogLevel="WARN", **formats)
    quiet.meets(fate, seconds)
    told = [record["record"]["status"] for record in platform_records_of(quiet.messages())]
    assert told == ([] if status == "success" else [status])
    text = Doomed(aws, role_arn, f"doomed-{fate}-text")
    text.meets(fate, seconds)
    assert text.messages()[0].startswith("START RequestId: ")
    assert text.messages()[-1].endswith("MB" if status == "success" else f"\tStatus: {status}")
    said = {
        "raises": "[ERROR] ValueError: no good",
        "dies": "Worker process died",
        "sleeps": "Task timed out after 2.00 seconds",
        "ends": "",
    }[fate]
    assert any(said in message for message in text.messages())


def test_an_error_is_json_too(aws: EmbeddedAws, role_arn: str) -> None:
    """With its type, its message and where it was raised."""
    doomed = Doomed(aws, role_arn, "doomed-tells", LogFormat="JSON")
    doomed.meets("raises")
    (told,) = [record for record in records_of(doomed.messages()) if "errorType" in record]
    assert (told["log_level"], told["errorType"], told["errorMessage"]) == ("ERROR", "ValueError", "no good")
    assert "in handler" in str(told["stackTrace"])


def test_a_line_shows_while_the_run_goes_on(aws: EmbeddedAws, role_arn: str) -> None:
    """With the time at which it was printed, and not after 15 minutes."""
    doomed = Doomed(aws, role_arn, "talks-early", LogFormat="JSON")
    doomed.lambdas.invoke(
        FunctionName=doomed.name,
        InvocationType="Event",
        Payload=json.dumps({"fate": "waits", "seconds": 1.5}),
    )
    seen = until("its line", lambda: [text for text in doomed.messages() if '"waits"' in text])
    assert seen
    assert "platform.report" not in str(doomed.messages())
    until("its end", lambda: "platform.report" in str(doomed.messages()))
    (line,) = [event for event in doomed.log() if '"waits"' in event["message"]]
    assert doomed.log()[-1]["timestamp"] - line["timestamp"] >= 1000


def test_a_function_of_node_knows_its_stream_too(aws: EmbeddedAws, role_arn: str) -> None:
    """By its context and by the environment: what it writes is found there."""
    source = """exports.handler = async (event, context) => {
  console.log("node " + context.logGroupName + " " + context.logStreamName);
  return [context.logStreamName, process.env.AWS_LAMBDA_LOG_STREAM_NAME];
};"""
    packed = zipped("", {"index.js": source})
    client, logs = aws.client("lambda"), aws.client("logs")
    client.create_function(
        FunctionName="talks-node", Runtime="nodejs22.x", Role=role_arn, Handler="index.handler",
        Code={"ZipFile": packed}, Environment={"Variables": {"AWS_LAMBDA_LOG_GROUP_NAME": "/forged"}},
    )  # fmt: skip
    told = json.load(client.invoke(FunctionName="talks-node")["Payload"])
    group = "/aws/lambda/talks-node"

    def written() -> list[Any]:
        events = logs.filter_log_events(logGroupName=group)["events"]
        return [event for event in events if event["message"].startswith("node ")]

    (line,) = until("its line", written)
    assert told == [line["logStreamName"]] * 2
    assert line["message"] == f"node {group} {line['logStreamName']}"


def test_an_environment_has_one_stream_and_knows_it(aws: EmbeddedAws, role_arn: str) -> None:
    """Two runs of one environment share it; the one after a process's end has another."""
    doomed = Doomed(aws, role_arn, "talks-stream", LogFormat="JSON", LogGroup="/own/group")
    for fate in ("first", "second", "dies", "third"):
        doomed.meets(fate)
    (line, *others) = [event for event in doomed.log() if event["message"].startswith("/own/group ")]
    streams = [event["logStreamName"] for event in (line, *others)]
    assert streams[0] == streams[1] == streams[2] != streams[3]
    assert [event["message"].partition(" ")[2] for event in (line, *others)] == streams
