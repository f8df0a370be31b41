"""Starts or stops a model; crhelper's poller looks whether it is done."""

from typing import Any

import boto3
from crhelper import CfnResource

helper = CfnResource()

try:
    rekognition = boto3.client("rekognition")
except Exception as error:
    helper.init_failure(error)


@helper.create
@helper.update
def start(event: dict[str, Any], _: Any) -> None:
    """Create and update."""
    properties = event["ResourceProperties"]
    rekognition.start_project_version(
        ProjectVersionArn=properties["ProjectVersionArn"],
        MinInferenceUnits=int(properties["MinInferenceUnits"]),
    )


@helper.poll_create
@helper.poll_update
def is_running(event: dict[str, Any], _: Any) -> str | None:
    """A physical id ends the polls."""
    found = status(event["ResourceProperties"])
    if found == "FAILED":
        raise RuntimeError("the model could not be started")
    return str(event["ResourceProperties"]["ProjectVersionArn"]) if found == "RUNNING" else None


@helper.delete
def stop(event: dict[str, Any], _: Any) -> None:
    """Delete."""
    rekognition.stop_project_version(ProjectVersionArn=event["ResourceProperties"]["ProjectVersionArn"])


@helper.poll_delete
def is_stopped(event: dict[str, Any], _: Any) -> bool:
    """Anything that is true ends the polls."""
    return status(event["ResourceProperties"]) == "STOPPED"


def status(properties: dict[str, str]) -> str:
    """The model's status."""
    found = rekognition.describe_project_versions(
        ProjectArn=properties["ProjectArn"], VersionNames=[properties["VersionName"]]
    )
    return str(found["ProjectVersionDescriptions"][0]["Status"])


def handler(event: dict[str, Any], context: Any) -> None:
    """What CloudFormation, and the rule, invoke."""
    helper(event, context)
