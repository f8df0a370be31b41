"""G12: the ResponseURL stays in the request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.invariants.base import Invariant
from simulator.requests import Request

if TYPE_CHECKING:
    from simulator.functions import Invocation

SECRET: Final = "X-Amz-Signature"


def _count(value: object) -> int:
    """How often the secret is in something that JSON can hold, which writes its letters as they are."""
    return json.dumps(value).count(SECRET)


class NothingSecretLeaves(Invariant):
    """No reason and no tag holds the ResponseURL, and a hand-over holds it once.

    What is logged is searched at the wire (``test_wire.py``): here nothing is logged, for speed.
    """

    guarantee = "G12"

    def handed_over(self, invocation: Invocation, event: Mapping[str, Any]) -> None:
        if _count(event) != 1:
            self.violated("a hand-over holds the ResponseURL outside the request")

    def answered(
        self, request: Request, invocation: Invocation, body: Mapping[str, Any], taken: bool
    ) -> None:
        if _count(body):
            self.violated(f"the answer to {request.name} holds its ResponseURL")

    def at_the_end(self, quiet: bool) -> None:
        for model in self.world.rekognition.models.values():
            if any(SECRET in value for value in model.true_tags.values()):
                self.violated(f"a tag of {model.plan.name} holds a ResponseURL")
