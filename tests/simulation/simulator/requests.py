"""A request of CloudFormation to a custom resource, and the answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any

from local_aws.platform.cloudformation import RESPONSE_URL_SECONDS
from simulator.kernel import Task
from simulator.plan import Declared, View

if TYPE_CHECKING:
    from simulator.stack import Stack

STARVED_SECONDS = 150.0
"""Longer than Lambda's pause before it tries an event again, and than a poller's interval."""


class Outcome(StrEnum):
    """How a request ended for CloudFormation."""

    WAITING = "waiting"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    NOT_DELIVERED = "not delivered"


@dataclass(slots=True, eq=False)
class Request:
    """One request: what was sent, and what became of it."""

    number: int
    type: str
    stack: Stack
    logical_id: str
    properties: Mapping[str, str]
    old_properties: Mapping[str, str] | None
    physical_id: str | None
    sent_at: float
    rolls_back: bool
    waiter: Task | None = None
    outcome: Outcome = Outcome.WAITING
    ended_at: float | None = None
    answer: Mapping[str, Any] | None = None
    """The one that CloudFormation took."""
    answered_at: list[float] = field(default_factory=list)
    """When answers came, taken or not."""
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    """Those answers."""
    unsent: int = 0
    """Answers to it that were lost on their way."""
    chains: int = 0
    """Invocations and queued events that work on it."""
    lost: list[str] = field(default_factory=list)
    """Why chains of invocations ended without an answer: all tries killed, too old, dropped."""
    declared: Declared | None = None
    """What the template says of the resource at that time."""
    starved: bool = False
    """Whether it timed out while Lambda kept its events back and had run none of them for a while."""
    began_at: float | None = None
    """When its first invocation began."""
    woken_at: float = 0.0
    """When an invocation began to work on it after none had for a while."""
    running: int = 0
    """Invocations that work on it now."""
    ran_until: float = 0.0
    """When the last invocation that worked on it ended."""
    to_stable: bool = False
    """Whether it is an Update that brings what failed without a roll-back to its last stable state, in a
    stack that goes forward."""
    refused: bool = False
    """Whether CloudFormation took its SUCCESS for a failure, since the answer named another physical id in
    an update without a roll-back. The resource keeps its id, and the other one gets a Delete later."""
    hidden_views: tuple[View, ...] = ()
    """What of CloudFormation's answers shows nothing of this request up to ``hidden_until``."""
    hidden_until: float = 0.0
    """Seconds since the epoch; ``inf``: as long as the request, or its operation, lasts."""

    @property
    def id(self) -> str:
        """RequestId."""
        return f"00000000-0000-0000-0000-{self.number:012d}"

    @property
    def url(self) -> str:
        """ResponseURL: a pre-signed one, and a secret."""
        return _url(self.number, self.sent_at)

    @property
    def waiting(self) -> bool:
        """Whether CloudFormation waits for the answer."""
        return self.outcome is Outcome.WAITING

    def may_show(self, view: View, moment: float) -> bool:
        """Whether a view can show anything of this request at a moment; lags aside.

        That its stack's operation has begun shows all the same where ``Frozen.each_request`` hides it.
        """
        return view not in self.hidden_views or moment >= self.hidden_until

    @property
    def never_shows(self) -> bool:
        """Whether no view that tells of resources ever shows it: a Delete can't know that it is wanted."""
        return self.hidden_until == inf and {View.RESOURCE, View.EVENTS} <= set(self.hidden_views)

    @property
    def owner(self) -> tuple[str, str]:
        """The resource that it is about: stack id and logical id."""
        return self.stack.plan.stack_id, self.logical_id

    @property
    def old_arn(self) -> str | None:
        """The model that the resource declared before."""
        return self.old_properties["ProjectVersionArn"] if self.old_properties is not None else None

    @property
    def declared_arn(self) -> str:
        """The model that it declares."""
        return self.properties["ProjectVersionArn"]

    @property
    def declared_units(self) -> tuple[int, int]:
        """Minimum and effective maximum of what it declares."""
        return _units(self.properties)

    @property
    def old_units(self) -> tuple[int, int] | None:
        """The same of what the resource declared before."""
        return _units(self.old_properties) if self.old_properties is not None else None

    @property
    def name(self) -> str:
        """How the story calls it."""
        back = " (roll-back)" if self.rolls_back and self.type == "Update" else ""
        stable = " (to its stable state)" if self.to_stable else ""
        return f"{self.type} #{self.number} of {self.stack.plan.label}/{self.logical_id}{back}{stable}"

    def event(self) -> dict[str, Any]:
        """What the function gets (CFN crpg-ref)."""
        event: dict[str, Any] = {
            "RequestType": self.type,
            "ServiceToken": self.stack.plan.function_arn,
            "ResponseURL": self.url,
            "StackId": self.stack.plan.stack_id,
            "RequestId": self.id,
            "LogicalResourceId": self.logical_id,
            "ResourceType": "Custom::RekognitionRunningModel",
            "ResourceProperties": dict(self.properties),
        }
        if self.physical_id is not None:
            event["PhysicalResourceId"] = self.physical_id
        if self.old_properties is not None:
            event["OldResourceProperties"] = dict(self.old_properties)
        return event


# Asked for at every event and every answer.
@lru_cache(maxsize=256)
def _url(number: int, sent_at: float) -> str:
    return (
        "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/"
        f"request-{number}?X-Amz-Date={datetime.fromtimestamp(sent_at, UTC):%Y%m%dT%H%M%SZ}"
        f"&X-Amz-Expires={RESPONSE_URL_SECONDS}&X-Amz-Signature=5ec2e7{number:06d}"
    )


def _units(properties: Mapping[str, str]) -> tuple[int, int]:
    minimum = int(properties["MinInferenceUnits"])
    return minimum, int(properties.get("MaxInferenceUnits", minimum))
