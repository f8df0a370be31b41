"""AwsCustomResource (aws-cdk-lib/custom-resources): one SDK call for each kind of request, and no waiting.

Its user writes, as the documentation of the construct shows it for other services::

    AwsCustomResource(self, "Model",
        on_create=AwsSdkCall(service="Rekognition", action="startProjectVersion",
            parameters={"ProjectVersionArn": arn, "MinInferenceUnits": units},
            physical_resource_id=PhysicalResourceId.of(arn), ignore_error_codes_matching=IN_USE),
        on_update=…the same…,
        on_delete=AwsSdkCall(service="Rekognition", action="stopProjectVersion",
            parameters={"ProjectVersionArn": arn}, ignore_error_codes_matching=IN_USE),
        policy=AwsCustomResourcePolicy.from_sdk_calls(resources=AwsCustomResourcePolicy.ANY_RESOURCE))

Without ``ignore_error_codes_matching`` the SDK's own second try of a Start whose answer was lost fails the
deployment, each roll-back of an update fails (the old model still runs), and so does the delete of a model
at rest. So many a user ignores ResourceInUseException, which means "already so" nearly always. It does not
while a model starts and is to be stopped, or trains and is to be started; and other units at an update are
ignored too: Rekognition refuses a Start of what runs, and one call cannot stop, wait and start.

Neither choice is clearly the better one, so ``strict``, which ignores nothing, is a way of its own. A FAILED
answer carries the name of the log stream as physical id in both; after a failed update CloudFormation
deletes that id, with the properties that the update declared.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from simulator.alternatives.deployed import OneFunction
from simulator.alternatives.sdk import JS_V3_STANDARD, ClientError, Sdk, units_of
from simulator.errors import AnswerLost
from simulator.functions import Handler, Invocation
from simulator.world import World

FUNCTION_TIMEOUT_SECONDS: Final = 120.0
"""The default of the construct."""
IGNORED: Final = "ResourceInUseException"


class AwsSdkHandler:
    """The construct's handler (aws-custom-resource-handler, for AWS SDK v3)."""

    def __init__(self, world: World, ignored: str | None) -> None:
        self._world = world
        self._sdk = Sdk(world, JS_V3_STANDARD)
        self._ignored = ignored
        self._log_stream = f"2026/01/01/[$LATEST]{world.functions.count:032x}"

    def __call__(self, event: dict[str, Any], context: Invocation) -> None:
        """Make the call of the request and answer."""
        properties = event["ResourceProperties"]
        try:
            if event["RequestType"] == "Delete":
                physical_id = event["PhysicalResourceId"]
            else:
                physical_id = properties["ProjectVersionArn"]
            try:
                self._call(event["RequestType"], properties)
            except ClientError as error:
                if self._ignored is None or not re.search(self._ignored, error.code):
                    raise
            self._respond(event, "SUCCESS", "OK", physical_id)
        except (ClientError, AnswerLost) as error:
            self._respond(event, "FAILED", str(error) or "Internal Error", self._log_stream)

    def _call(self, kind: str, properties: dict[str, Any]) -> None:
        if kind == "Delete":
            self._sdk.stop(properties["ProjectVersionArn"])
        else:
            self._sdk.start(properties["ProjectVersionArn"], *units_of(properties))

    def _respond(self, event: dict[str, Any], status: str, reason: str, physical_id: str) -> None:
        """One PUT: any HTTP status counts as sent, a connection that fails raises."""
        body = {
            "Status": status,
            "Reason": reason,
            "PhysicalResourceId": physical_id,
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "NoEcho": False,
            "Data": {},
        }
        self._world.response_urls.put(event["ResponseURL"], json.dumps(body).encode())


def new_handler(world: World) -> Handler:
    """A fresh execution environment; its user ignores ResourceInUseException."""
    return AwsSdkHandler(world, IGNORED)


def new_strict_handler(world: World) -> Handler:
    """The same, no error ignored."""
    return AwsSdkHandler(world, None)


def deployment() -> OneFunction:
    """Its singleton function."""
    return OneFunction(new_handler, FUNCTION_TIMEOUT_SECONDS)


def strict_deployment() -> OneFunction:
    """The same, no error ignored."""
    return OneFunction(new_strict_handler, FUNCTION_TIMEOUT_SECONDS)
