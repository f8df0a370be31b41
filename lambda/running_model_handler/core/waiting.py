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


LAG_SECONDS: Final = 15.0
"""How long Describe and ListTagsForResource may show what was before a write. No page promises less."""

FAILED_SECONDS: Final = LAG_SECONDS
"""What passes between a failure that is written into the claim and the first thing that is undone."""

SETTLE_SECONDS: Final = 30.0
"""How long after the end of an earlier create or update something of it may arrive: it was decided by an
answer of up to ``LAG_SECONDS`` ago, takes its time on the way, and shows as late again."""

ANSWERED_SECONDS: Final = LAG_SECONDS
"""The same where that one was answered: only duplicates of it can be late."""

STACK_LOOK_SECONDS: Final = 30.0
"""Time between two looks at what CloudFormation wants, while nothing is to be started."""

ANSWER_FRESH_SECONDS: Final = 5.0
"""How long what CloudFormation wants needs no other look before something is done."""

CLAIM_FRESH_SECONDS: Final = 10.0
"""The same of the tags of a model."""

SEEN_FRESH_SECONDS: Final = 15.0
"""The same of the status of a model, and of other resources of the stack."""

ACCESS_DENIED_SECONDS: Final = 300.0
"""How long a refused action is put down to credentials and policies that arrive late, counted from when it
was first refused since it last worked (IAM guide, troubleshooting)."""

HAND_OVER_REFUSED_SECONDS: Final = 30.0
"""How long a hand-over is tried that the role does not allow, or Lambda does not take, before the request
fails for it."""

TRIES_OF_AN_EVENT: Final = 3
"""By Lambda, of an event that the function failed with (LDG invocation-async-error-handling)."""

ANSWER_MARGIN_SECONDS: Final = 60.0
"""How long before CloudFormation's own time-out a request is answered at the latest."""

LAST_LOOK_SECONDS: Final = 1.0
"""How long before a hand-over the last look of an invocation comes, where a longer pause does not fit."""

CALL_SECONDS_MAX: Final = 20.0
"""What a call takes whose connection, or answer, does not come, and the answer to the request after it."""

BACKOFF_SECONDS_MAX: Final = 20.0

HAND_OVERS_MAX: Final = 14
"""Lambda's loop detection drops an invocation after about 16 in a chain (LDG invocation-recursion)."""


def start_deadline(started_at: float, timeout_seconds: float, service_timeout_seconds: float) -> float:
    """When a start has to be given up, early enough that its stop can still begin."""
    return min(started_at + timeout_seconds, answer_deadline(started_at, service_timeout_seconds))


def answer_deadline(started_at: float, service_timeout_seconds: float) -> float:
    """When a request has to be answered whatever the state, before CloudFormation stops listening."""
    margin = min(ANSWER_MARGIN_SECONDS, service_timeout_seconds / 10)
    return started_at + service_timeout_seconds - margin


def last_moment(arrived_at: float, began_at: float, service_timeout_seconds: float) -> float:
    """Until when a call may come before the last word; half a minute for a request that came late."""
    margin = min(ANSWER_MARGIN_SECONDS, service_timeout_seconds / 10) / 4
    return max(began_at + service_timeout_seconds - margin, arrived_at + 2 * LAG_SECONDS)


def hand_over_margin(invocation_seconds: float) -> float:
    """How long before its end an invocation hands over: time to be refused, and to stop the model then."""
    return min(120.0, max(4.0, invocation_seconds / 4))


def backoff_seconds(tries: int, chance: float) -> float:
    """Exponential backoff with full jitter; ``chance`` is drawn from 0 to 1."""
    ceiling = min(BACKOFF_SECONDS_MAX, 0.5 * 2.0 ** min(tries, 10))
    return 0.1 + ceiling * chance


def poll_seconds(interval_seconds: float, chance: float) -> float:
    """The pause to the next look: the interval, shortened by up to a tenth so that models drift apart."""
    return interval_seconds * (1.0 - 0.1 * chance)
