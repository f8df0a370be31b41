"""A function whose role is allowed what a test says: what a role or a user of the account sees."""

from __future__ import annotations

import json
from typing import Any

from local_aws import EmbeddedAws

CALLER = """
import boto3, botocore.config, botocore.exceptions
def handler(event, context):
    try:
        once = botocore.config.Config(retries={"total_max_attempts": 1})
        client = boto3.client(event["service"], config=once)
        answer = getattr(client, event["method"])(**event["parameters"])
    except botocore.exceptions.ClientError as error:
        return {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"],
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    answer.pop("ResponseMetadata", None)
    return {"code": "", "message": str(answer)}
"""


class Caller:
    """A function that makes one API call with its role, and the role's policy."""

    def __init__(self, aws: EmbeddedAws, name: str) -> None:
        self._aws = aws
        self.name = name

    def allow(self, *statements: dict[str, Any]) -> None:
        """Puts a policy that allows this and nothing else, by a stack, as the construct does."""
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
        self._aws.client("iam").put_role_policy(
            RoleName="callers", PolicyName=self.name, PolicyDocument=json.dumps(document)
        )

    def call(self, service: str, method: str, **parameters: Any) -> dict[str, Any]:
        """Makes the call; returns the error's code, empty without one, and its message."""
        event = json.dumps({"service": service, "method": method, "parameters": parameters})
        answer = self._aws.client("lambda").invoke(FunctionName="caller", Payload=event.encode())
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result
