"""A request, and what was seen of its stack: what the first table is asked with; frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import NamedTuple

from running_model_handler.core.claim import Owner
from running_model_handler.core.duty import Duty
from running_model_handler.core.names import ReplacementMode
from running_model_handler.core.operation import (
    Declaration,
    RequestType,
    ResourceView,
    Standing,
    Step,
    Story,
)
from running_model_handler.core.waiting import ANSWERED_SECONDS, SERVICE_TIMEOUT_SECONDS, SETTLE_SECONDS


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for, as far as the table looks at it. ARNs are texts here."""

    kind: RequestType
    owner: Owner
    declared: Declaration | None
    """None for a Delete, which declares nothing."""
    physical: str | None
    """The model in the physical id; for a Delete the one that it is about."""
    physical_id: str | None
    """The physical id as CloudFormation sent it."""
    former: Declaration | None = None
    """What OldResourceProperties declare."""
    replacement: ReplacementMode = ReplacementMode.START_FIRST
    former_replacement: ReplacementMode = ReplacementMode.START_FIRST
    sent_at: float = 0.0
    """When CloudFormation signed the ResponseURL; 0 where that is not known."""
    never_answered: bool = False
    """A Delete whose physical id CloudFormation invented: the create was cancelled, or never answered."""

    @property
    def brings(self) -> bool:
        """Whether it is a create or an update."""
        return self.kind is not RequestType.DELETE

    @property
    def stops_first(self) -> bool:
        """Whether the former model may have to stop before the declared one starts."""
        return self.replacement is ReplacementMode.STOP_FIRST


class Case(NamedTuple):
    """A request, and all that was seen of its stack."""

    wish: Wish
    story: Story
    step: Step | None
    """What CloudFormation waits for, if it is what the request asks for."""
    me: Standing
    """How the own resource stands."""
    t: float
    """When the operation began that sent the request; 0 as long as that has not shown."""
    asked_late: bool
    """Whether CloudFormation has had time to show it before it was asked."""
    failed: bool
    """The request can't succeed."""
    resources: Mapping[Owner, ResourceView | None]
    """Other resources, as far as they were asked for."""
    stopped: frozenset[str] = frozenset()
    """The models that this delivery has stopped itself, whatever it wanted then."""
    duties: Mapping[str, Duty] = MappingProxyType({})
    """Of the models with guards: whether they are needed now."""

    resources_at: Mapping[Owner, float] = MappingProxyType({})
    """When they were asked for; now, where that is not told."""

    def off_duty(self, arn: str) -> bool:
        """Whether a guard has it that a model is not needed now."""
        return arn in self.duties and not self.duties[arn].on

    @property
    def own_steps(self) -> tuple[Step, ...]:
        """All that was done to the own resource, as far as it was read, oldest first."""
        return (*self.story.before, *self.story.steps.get(self.wish.owner.logical_id, ()))

    @property
    def cut_off(self) -> bool:
        """Whether the last thing that was done to the own resource has ended without an answer."""
        last = self.own_steps[-1:]
        return bool(last) and last[0].ended_at is not None and not last[0].answered

    @property
    def quiet_from(self) -> float:
        """From when nothing is on its way any more that an earlier create or update of the resource has sent.

        What was answered has ended its work, but for duplicates. What was cut off may still be at it. An
        update brings back what it has stopped, until the next thing that is done to the resource shows to it.
        """
        latest, steps = 0.0, self.own_steps
        for each, following in zip_longest(steps, steps[1:]):
            if each is self.step or each.kind is RequestType.DELETE:
                continue
            ended_at = each.ended_at or (self.story.turned_at if not each.back else None) or 0.0
            if each.answered:
                latest = max(latest, ended_at + ANSWERED_SECONDS)
                continue
            if each.kind is RequestType.UPDATE and following is not None:
                worked_until = each.began_at + SERVICE_TIMEOUT_SECONDS
                ended_at = max(ended_at, min(following.began_at, worked_until))
            latest = max(latest, ended_at + SETTLE_SECONDS)
        return latest
