"""Who watches a history: told of all that the guarantees speak of, at the moment when it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.rekognition import Change, Model
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.functions import Delivery, Invocation
    from simulator.stack import Stack


class Monitor:
    """Watches a history; looks away unless a subclass says otherwise."""

    def acted(self, model: Model, change: Change) -> None:
        """A Start or a Stop is about to take effect."""

    def asked(self, invocation: Invocation, action: str, arn: str) -> None:
        """An invocation has sent a Start or a Stop, whatever came of it."""

    def called(self, invocation: Invocation, action: str, succeeded: bool) -> None:
        """An invocation has made a call; ``succeeded`` if its answer came and was no error."""

    def wake_ended(self, delivery: Delivery, lost: str) -> None:
        """An event that is no request was worked on, or ``lost``: why not, or not to its end."""

    def rested(self, stack: Stack) -> None:
        """The rest of a stack between two operations is over."""

    def handed_over(self, invocation: Invocation, event: Mapping[str, Any]) -> None:
        """A request goes on in another invocation."""

    def refused(self, invocation: Invocation, body: bytes) -> None:
        """An answer was not fit for CloudFormation."""

    def request_ended(self, request: Request) -> None:
        """CloudFormation no longer waits for a request."""

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        """An answer arrived."""
