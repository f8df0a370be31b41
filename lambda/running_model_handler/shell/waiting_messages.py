"""How many messages of a queue wait for a model."""

from __future__ import annotations

from typing import Any, Final, Protocol

from running_model_handler.core.duty import Messages
from running_model_handler.shell.calls import call, reading

_WAITING: Final = "ApproximateNumberOfMessages"
_OTHER: Final = ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


class Queues(Protocol):
    """What a sweep needs of SQS. Raises ``ServiceError``."""

    def messages(self, url: str) -> Messages:
        """What a queue holds, by its approximate numbers (GetQueueAttributes)."""


class SqsQueues:
    """``Queues`` on a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def messages(self, url: str) -> Messages:
        """See ``Queues``. In flight are those that a consumer has received and not deleted yet."""
        action = "sqs:GetQueueAttributes"
        method = self._client.get_queue_attributes
        answer = call(action, url, method, QueueUrl=url, AttributeNames=[_WAITING, *_OTHER])
        with reading(action, url):
            numbers = answer["Attributes"]
            return Messages(int(numbers[_WAITING]), sum(int(numbers[name]) for name in _OTHER))
