"""Hands a request over to a fresh invocation of the same function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from running_model_handler.shell.calls import call


class HandOver(Protocol):
    """What the life cycle needs to go on in another invocation. Raises ``ServiceError``."""

    def send(self, event: Mapping[str, Any]) -> None:
        """Invoke the function asynchronously with this event."""


class LambdaHandOver:
    """``HandOver`` on a boto3 client. The event is the request itself plus the state: nothing is stored."""

    def __init__(self, client: Any, function_arn: str) -> None:
        self._client = client
        self._function_arn = function_arn

    def send(self, event: Mapping[str, Any]) -> None:
        """See ``HandOver`` (Invoke, InvocationType Event; the answer is 202 once Lambda has queued it)."""
        call(
            "lambda:InvokeFunction",
            self._function_arn,
            self._client.invoke,
            FunctionName=self._function_arn,
            InvocationType="Event",
            Payload=json.dumps(event).encode(),
        )
