"""The fast seam of what sweeps ask beside models and stacks: a queue, and how often models are called."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from running_model_handler.core.duty import Calls, Messages
from running_model_handler.core.guards import METRIC_PERIOD_SECONDS
from simulator.errors import AnswerLost, ApiError
from simulator.seam_errors import raised

if TYPE_CHECKING:
    from simulator.world import World


class FastQueues:
    """``shell.waiting_messages.Queues``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def messages(self, url: str) -> Messages:
        """GetQueueAttributes."""
        try:
            return Messages(self._world.apis.messages(url))
        except (ApiError, AnswerLost) as error:
            raise raised(error, "sqs:GetQueueAttributes", url) from error


class FastDetections:
    """``shell.detections.Detections``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def calls(self, since: float, now: float) -> Calls:
        """GetMetricData."""
        start = since - since % METRIC_PERIOD_SECONDS
        try:
            last = self._world.apis.last_call(start)
        except (ApiError, AnswerLost) as error:
            raise raised(error, "cloudwatch:GetMetricData", "*") from error
        if last is None:
            return Calls(start, None)
        return Calls(start, (floor(last / METRIC_PERIOD_SECONDS) + 1.0) * METRIC_PERIOD_SECONDS)
