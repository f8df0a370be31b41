"""The SDKs that the alternatives call AWS with: how often each tries, and what its errors look like."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from simulator.errors import AnswerLost, ApiError
from simulator.rekognition import Look
from simulator.world import World

_T = TypeVar("_T")

_THROTTLES: Final = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
)
_STATUSES: Final = frozenset({500, 502, 503, 504})


@dataclass(frozen=True)
class Retries:
    """How an SDK tries again: throttles, 5xx and lost connections."""

    tries_max: int
    base_seconds: float
    """The upper bound of the first pause; it doubles."""
    pause_seconds_max: float = 20.0


BOTOCORE_LEGACY: Final = Retries(5, 1.0)
"""botocore's default mode: four more tries, after up to 1, 2, 4 and 8 seconds."""
JS_V3_STANDARD: Final = Retries(3, 0.1)
"""AWS SDK for JavaScript v3: two more tries, after up to 0.1 and 0.2 seconds."""


class ClientError(Exception):
    """What an SDK raises in the end; ``code`` is the service's, or the name of the SDK's own error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"An error occurred ({code}): {message}")
        self.code = code


class Sdk:
    """One SDK in one execution environment."""

    def __init__(self, world: World, retries: Retries) -> None:
        self.world = world
        self._retries = retries
        self._chance = random.Random(f"{world.plan.seed} sdk {world.functions.count}")

    def call(self, make: Callable[[], _T]) -> _T:
        """Make a call and try again as the SDK does; raises ``ClientError``."""
        for attempt in range(1, self._retries.tries_max + 1):
            last = attempt == self._retries.tries_max
            try:
                return make()
            except AnswerLost as error:
                if last:
                    raise ClientError(str(error), "the connection ended without an answer") from error
            except ApiError as error:
                if last or not (error.code in _THROTTLES or error.status in _STATUSES):
                    raise ClientError(error.code, error.message) from error
            limit = min(self._retries.pause_seconds_max, self._retries.base_seconds * 2.0 ** (attempt - 1))
            self.world.kernel.sleep(self._chance.random() * limit)
        raise AssertionError("unreachable")

    # --- Rekognition --------------------------------------------------------------------------------

    def describe(self, arn: str) -> Look | None:
        """DescribeProjectVersions for the declared project and version; None if there is no such version."""
        model = self.world.rekognition.models[arn].plan
        seen = self.call(lambda: self.world.apis.describe(arn, model.project_arn, model.name))
        look: Look | None = seen[1] if seen is not None else None
        return look

    def start(self, arn: str, minimum: int, maximum: int | None) -> None:
        """StartProjectVersion."""
        self.call(lambda: self.world.apis.start(arn, minimum, maximum))

    def stop(self, arn: str) -> None:
        """StopProjectVersion."""
        self.call(lambda: self.world.apis.stop(arn))


def units_of(properties: dict[str, Any]) -> tuple[int, int | None]:
    """The declared units."""
    maximum = properties.get("MaxInferenceUnits")
    return int(properties["MinInferenceUnits"]), int(maximum) if maximum is not None else None
