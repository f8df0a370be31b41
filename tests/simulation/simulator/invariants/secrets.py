"""G12: the ResponseURL stays in the request."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.invariants.base import Invariant
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.functions import Invocation

SECRET: Final = "X-Amz-Signature"


class NothingSecretLeaves(Invariant):
    """No reason, tag or log line holds the ResponseURL, and a hand-over holds it once."""

    guarantee = "G12"

    def handed_over(self, invocation: Invocation, event: Mapping[str, Any]) -> None:
        if json.dumps(event).count(SECRET) != 1:
            self.violated("a hand-over holds the ResponseURL outside the request")

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if SECRET in json.dumps(body):
            self.violated(f"the answer to {request.name} holds its ResponseURL")

    def at_the_end(self, quiet: bool) -> None:
        for model in self.world.rekognition.models.values():
            if any(SECRET in value for value in model.true_tags.values()):
                self.violated(f"a tag of {model.plan.name} holds a ResponseURL")


class Log(logging.Handler):
    """Keeps what was logged, whole, to be searched for secrets."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record with its exception and its extra keys."""
        known = {key: value for key, value in vars(record).items() if key != "exc_info"}
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.texts.append(f"{record.getMessage()} {known} {trace}")
