"""How long to wait, how often to look, and when to hand over: data and pure functions, no clock."""

from __future__ import annotations

from typing import Final

from running_model_handler.core.numbers import parse_whole_number

TIMEOUT_SECONDS_DEFAULT: Final = 55 * 60
TIMEOUT_SECONDS_MIN: Final = 1
TIMEOUT_SECONDS_MAX: Final = 55 * 60
"""Under CloudFormation's own ceiling, so that a start that takes too long can be stopped and explained."""

SERVICE_TIMEOUT_SECONDS: Final = 3600
"""CloudFormation's ceiling for one request (AWS::CloudFormation::CustomResource, ServiceTimeout)."""

POLL_INTERVAL_SECONDS_DEFAULT: Final = 5
POLL_INTERVAL_SECONDS_MIN: Final = 1
POLL_INTERVAL_SECONDS_MAX: Final = 60


def parse_timeout_seconds(value: object, *, name: str) -> int:
    """Seconds that a start may take; 1 s to 55 min. Raises ``InvalidProperty``."""
    return parse_whole_number(
        value,
        name=name,
        minimum=TIMEOUT_SECONDS_MIN,
        maximum=TIMEOUT_SECONDS_MAX,
        unit="seconds; CloudFormation itself gives up after 60 minutes",
        way_out="omit it for 55 minutes",
    )


def parse_poll_interval_seconds(value: object, *, name: str) -> int:
    """Seconds between two looks at the model; 1 to 60. Raises ``InvalidProperty``."""
    return parse_whole_number(
        value,
        name=name,
        minimum=POLL_INTERVAL_SECONDS_MIN,
        maximum=POLL_INTERVAL_SECONDS_MAX,
        unit="seconds; the service allows 5 control calls a second for the whole account",
        way_out="omit it for 5 seconds",
    )
