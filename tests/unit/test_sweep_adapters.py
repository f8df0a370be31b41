"""What a sweep asks of SQS and CloudWatch, behind real clients: parameters out, our types in."""

from __future__ import annotations

import datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from running_model_handler.core.duty import Calls, Messages
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.shell.calls import CLIENT_CONFIG
from running_model_handler.shell.detections import CloudWatchDetections
from running_model_handler.shell.waiting_messages import SqsQueues

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/pictures"
NOON = 1_700_049_600.0
"""A full five minutes."""


def stubbed(name: str) -> tuple[Any, Stubber]:
    """A client that reaches nothing but its stubber."""
    client = boto3.client(
        name,  # type: ignore[call-overload]
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=CLIENT_CONFIG,
    )
    return client, Stubber(client)


def moment(at: float) -> datetime.datetime:
    """As botocore reads and writes times."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


ATTRIBUTES = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]


def test_messages_are_those_that_wait_and_all_others() -> None:
    """Numbers are texts there."""
    client, stub = stubbed("sqs")
    asked = {"QueueUrl": URL, "AttributeNames": ATTRIBUTES}
    stub.add_response(
        "get_queue_attributes", {"Attributes": dict(zip(ATTRIBUTES, "352", strict=True))}, asked
    )
    with stub:
        assert SqsQueues(client).messages(URL) == Messages(3, 7)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("answer", [{}, {"Attributes": {}}, {"Attributes": dict.fromkeys(ATTRIBUTES, "x")}])
def test_an_answer_of_the_queue_that_makes_no_sense_is_an_error(answer: dict[str, Any]) -> None:
    """As one that never came."""
    client, stub = stubbed("sqs")
    stub.add_response("get_queue_attributes", answer)
    with stub, pytest.raises(ServiceError) as caught:
        SqsQueues(client).messages(URL)
    assert (caught.value.kind, caught.value.action) == (ErrorKind.UNCERTAIN, "sqs:GetQueueAttributes")


def result(*points: tuple[float, float]) -> dict[str, Any]:
    """An answer of GetMetricData."""
    times, values = [moment(at) for at, _ in points], [value for _, value in points]
    return {"MetricDataResults": [{"Id": "calls", "Timestamps": times, "Values": values}]}


def asked(since: float, now: float, **more: Any) -> dict[str, Any]:
    """What is asked of CloudWatch."""
    stat = {
        "Metric": {
            "Namespace": "AWS/Rekognition",
            "MetricName": "SuccessfulRequestCount",
            "Dimensions": [{"Name": "Operation", "Value": "DetectCustomLabels"}],
        },
        "Period": 300,
        "Stat": "Sum",
    }
    queries = [{"Id": "calls", "MetricStat": stat}]
    times = {"StartTime": moment(since), "EndTime": moment(now)}
    return {"MetricDataQueries": queries, **times, "ScanBy": "TimestampDescending", **more}


def test_calls_are_counted_from_a_full_period_to_the_end_of_the_last_one_with_a_call() -> None:
    """A period of five minutes that holds nothing is shown, or not: both is no call."""
    client, stub = stubbed("cloudwatch")
    answer = result((NOON + 900, 0.0), (NOON + 300, 2.0), (NOON, 5.0))
    stub.add_response("get_metric_data", answer, asked(NOON, NOON + 1000))
    with stub:
        assert CloudWatchDetections(client).calls(NOON + 17, NOON + 1000) == Calls(NOON, NOON + 600)
        stub.assert_no_pending_responses()


def test_pages_without_a_call_are_followed() -> None:
    """Two weeks are 4,032 periods."""
    client, stub = stubbed("cloudwatch")
    stub.add_response("get_metric_data", result() | {"NextToken": "t"}, asked(NOON, NOON + 900))
    stub.add_response("get_metric_data", result(), asked(NOON, NOON + 900, NextToken="t"))
    with stub:
        assert CloudWatchDetections(client).calls(NOON, NOON + 900) == Calls(NOON, None)
        stub.assert_no_pending_responses()


def test_errors_name_action_and_resource() -> None:
    """Both as IAM names them."""
    client, stub = stubbed("cloudwatch")
    stub.add_client_error("get_metric_data", "AccessDenied", "no", 403)
    with stub, pytest.raises(ServiceError) as caught:
        CloudWatchDetections(client).calls(NOON, NOON + 900)
    assert (caught.value.kind, caught.value.action) == (ErrorKind.DENIED, "cloudwatch:GetMetricData")
