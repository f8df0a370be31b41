"""The two handlers of the provider framework: one begins, the other looks whether it is done."""

from typing import Any

import boto3

rekognition = boto3.client("rekognition")


def on_event(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001
    """Start or stop, without waiting."""
    properties = event["ResourceProperties"]
    if event["RequestType"] == "Delete":
        rekognition.stop_project_version(ProjectVersionArn=properties["ProjectVersionArn"])
    else:
        rekognition.start_project_version(
            ProjectVersionArn=properties["ProjectVersionArn"],
            MinInferenceUnits=int(properties["MinInferenceUnits"]),
        )
    return {"PhysicalResourceId": properties["ProjectVersionArn"]}


def is_complete(event: dict[str, Any], context: Any) -> dict[str, bool]:  # noqa: ARG001
    """Whether the model is as the request wants it."""
    properties = event["ResourceProperties"]
    found = rekognition.describe_project_versions(
        ProjectArn=properties["ProjectArn"], VersionNames=[properties["VersionName"]]
    )
    status = found["ProjectVersionDescriptions"][0]["Status"]
    if status == "FAILED":
        raise RuntimeError("the model could not be started")
    return {"IsComplete": status == ("STOPPED" if event["RequestType"] == "Delete" else "RUNNING")}
