"""How services refuse what comes too fast, by the prefix that their actions have in policies."""

from __future__ import annotations

from typing import Final, NamedTuple


class Throttle(NamedTuple):
    """An error of a service."""

    code: str
    status: int
    """HTTP."""


_OF_MOST: Final = Throttle("ThrottlingException", 400)
"""API references, common errors; EventBridge and Step Functions among others."""
_OF_SERVICES: Final = {
    "cloudformation": Throttle("Throttling", 400),
    "lambda": Throttle("TooManyRequestsException", 429),
    # For Rekognition a throttle is a fault of its own (botocore's model).
    "rekognition": Throttle("ThrottlingException", 500),
}
OVER_THROUGHPUT: Final = "ProvisionedThroughputExceededException"
"""Rekognition's other one; which of the two a call over its calls a second gets is not said."""
OF_REKOGNITION: Final = (_OF_SERVICES["rekognition"].code, OVER_THROUGHPUT)
CODES: Final = frozenset({_OF_MOST.code, *OF_REKOGNITION}.union(one.code for one in _OF_SERVICES.values()))
MESSAGE: Final = "Rate exceeded"


def throttle_of(action: str) -> Throttle:
    """That of the service of an action, such as ``rekognition:StartProjectVersion``."""
    return _OF_SERVICES.get(action.partition(":")[0], _OF_MOST)
