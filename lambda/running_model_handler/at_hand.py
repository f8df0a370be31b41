"""A moment, and the model at hand in it: what a decision is based on, and how it is looked at; pure.

A call that would change something is made on views that are fresh, so what it needs to know is asked before
it. Whatever takes time is a pause, after which the world is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from running_model_handler.core.actions import (
    Action,
    AskClaim,
    AskOwner,
    AskStack,
    FindProject,
    GiveUp,
    Look,
    Pause,
    StopModel,
)
from running_model_handler.core.case import Case
from running_model_handler.core.memory import Done, Memory
from running_model_handler.core.pauses import pause_between_looks
from running_model_handler.core.views import ModelView, Views
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    LAG_SECONDS,
    SEEN_FRESH_SECONDS,
)
from running_model_handler.reasons import hidden
from running_model_handler.request import Request

ASK_STACK: Final = AskStack()


@dataclass(frozen=True, slots=True)
class Moment:
    """What one decision is based on."""

    request: Request
    memory: Memory
    views: Views
    case: Case
    now: float
    over: bool
    """The time for the request is over."""
    chance: float
    releases: bool = False
    """Claims may go: all models are as wanted, or the time is over. Until then they tell other deliveries."""

    def model(self, arn: str) -> AtHand:
        """One of the models that the request is about."""
        return AtHand(self, arn, self.views.model(arn), self.memory.done(arn))


@dataclass(frozen=True, slots=True)
class AtHand:
    """A model in a moment: what was seen of it, what was done to it, and the ways to look again."""

    moment: Moment
    arn: str
    view: ModelView
    done: Done

    def look(self) -> Action:
        """A look at the model, in its project: as looked up or seen, declared, or remembered in its tags."""
        moment, view = self.moment, self.view
        created = moment.memory.projects.get(self.arn)
        if created is None and not view.looked_up:
            created = moment.request.declared_project(self.arn) or view.claim.project_created
        return FindProject(self.arn) if created is None else Look(self.arn, created)

    def look_again(self, why: str) -> Action:
        """Look at the model once a pause is over that began with the last look, or the last act."""
        moment, view, story = self.moment, self.view, self.moment.case.story
        if moment.views.rested_at > max(view.seen_at, self.done.acted_at) and not moment.over:
            return self.look()
        seconds, least = pause_between_looks(
            view.seen,
            self.done,
            moment.now,
            interval_seconds=moment.request.poll_interval_seconds,
            expected_seconds=view.claim.start_seconds,
            throttles=moment.memory.throttles_recently(moment.now),
            neighbours=story.models_under_way,
            chance=moment.chance,
        )
        return Pause(seconds, why, least, self.arn)

    def untraceable(self) -> Action | None:
        """What tells whether a version is gone whose tags are not found; None once that is known.

        One word alone is not believed: what its project shows may bill, whatever is said of its tags.
        """
        moment, view = self.moment, self.view
        if view.exists:
            return None
        if view.seen_at < view.claim_at:
            return self.look()
        if moment.over or not view.is_shown:
            return None
        if view.claim_at < moment.views.rested_at:
            return AskClaim(self.arn)
        pause = min(LAG_SECONDS, float(moment.request.poll_interval_seconds))
        return Pause(pause, "its tags are not found, although its project shows it", pause, self.arn)

    def read_tags_again(self) -> Action:
        """Read the tags until they show what was written into them."""
        moment = self.moment
        unread = self.view.claim_at < max(self.done.claimed_at, moment.views.rested_at)
        asks = unread and not moment.over
        return AskClaim(self.arn) if asks else Pause(1.0, "the claim is not visible yet", 1.0)

    def settle(self, settles_at: float) -> Action | None:
        """Wait for what was cut off, then look once more."""
        moment = self.moment
        if moment.over:
            return None
        left = min(settles_at - moment.now, LAG_SECONDS)
        if left > 0.0:
            return Pause(left, "what was cut off may still act", left, self.arn, settles=True)
        return AskClaim(self.arn) if self.view.claim_at < settles_at else self.look()

    def hidden(self, *, runs: bool) -> Action:
        """A version that exists, and is not shown by its project: nobody can tell whether it bills."""
        moment, arn, view = self.moment, self.arn, self.view
        if view.claim_at < view.hidden_since and not moment.over:
            # It may have been deleted since.
            return AskClaim(arn)
        declared = moment.request.declared_project(arn) if runs else None
        if declared is None and not view.looked_up:
            return FindProject(arn)
        if declared is None and moment.now - view.hidden_since < LAG_SECONDS:
            return self.look_again("its project does not show it")
        if not runs and not self.done.acted_at:
            # A Stop needs no project. Whether it had an effect can't be seen, so it is no success.
            return StopModel(arn, "rest")
        created = moment.memory.projects.get(arn)
        return GiveUp(hidden(moment.request, arn, declared, created, runs=runs), arn)

    def guarded(self, act: Action, story_seconds: float = ANSWER_FRESH_SECONDS) -> Action:
        """An act, once nothing that it is decided by is old; what is needed most freshly is asked last."""
        moment, view, now = self.moment, self.view, self.moment.now
        if moment.over:
            return act
        if view.seen is not None and now - view.seen_at > SEEN_FRESH_SECONDS:
            return self.look()
        if now - view.claim_at > CLAIM_FRESH_SECONDS:
            return AskClaim(act.arn)
        for owner, asked_at in moment.views.resources_at.items():
            if now - asked_at > SEEN_FRESH_SECONDS:
                return AskOwner(owner)
        return act if now - moment.views.story_at <= story_seconds else ASK_STACK
