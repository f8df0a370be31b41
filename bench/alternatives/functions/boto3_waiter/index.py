"""Starts a model and waits with boto3's waiter; stops it and looks until it has stopped."""

import json
import time
import urllib.request
from typing import Any

import boto3

rekognition = boto3.client("rekognition")

# boto3 has no waiter for a stop; the stop example of the Custom Labels guide looks at this interval.
STOP_POLL_SECONDS = 10


def handler(event: dict[str, Any], context: Any) -> None:
    """Answers every request, also one that fails."""
    properties = event["ResourceProperties"]
    try:
        if event["RequestType"] == "Delete":
            stop(properties)
        else:
            start(properties)
    except Exception as error:
        answer(event, context, "FAILED", str(error))
    else:
        answer(event, context, "SUCCESS", "")


def start(properties: dict[str, str]) -> None:
    """Start and wait: a look every 30 seconds, at most 40."""
    rekognition.start_project_version(
        ProjectVersionArn=properties["ProjectVersionArn"],
        MinInferenceUnits=int(properties["MinInferenceUnits"]),
    )
    waiter = rekognition.get_waiter("project_version_running")
    waiter.wait(ProjectArn=properties["ProjectArn"], VersionNames=[properties["VersionName"]])


def stop(properties: dict[str, str]) -> None:
    """Stop and wait."""
    rekognition.stop_project_version(ProjectVersionArn=properties["ProjectVersionArn"])
    while status(properties) == "STOPPING":
        time.sleep(STOP_POLL_SECONDS)


def status(properties: dict[str, str]) -> str:
    """The model's status."""
    found = rekognition.describe_project_versions(
        ProjectArn=properties["ProjectArn"], VersionNames=[properties["VersionName"]]
    )
    return str(found["ProjectVersionDescriptions"][0]["Status"])


def answer(event: dict[str, Any], context: Any, status: str, reason: str) -> None:
    """What CloudFormation's module cfn-response does, which only inline code can import."""
    body = {
        "Status": status,
        "Reason": reason or f"See the log stream {context.log_stream_name}",
        "PhysicalResourceId": event.get("PhysicalResourceId")
        or event["ResourceProperties"]["ProjectVersionArn"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The URL is CloudFormation's own.
    request = urllib.request.Request(  # noqa: S310
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request)  # noqa: S310
