"""What an invocation has seen, and when: frozen, made anew by each look, gone with the invocation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from running_model_handler.core.case import Wish
from running_model_handler.core.claim import UNCLAIMED, Claim, Owner
from running_model_handler.core.duty_tags import DutyTags
from running_model_handler.core.mine import step_of
from running_model_handler.core.operation import ResourceView, Standing, Step, Story, standing_of
from running_model_handler.core.status import Observation
from running_model_handler.core.waiting import LAG_SECONDS


class ModelView(NamedTuple):
    """A model: its tags, and what DescribeProjectVersions says. Times are when a call began, 0 for never."""

    exists: bool = True
    """Whether ListTagsForResource, which takes the version's own ARN, knows it."""
    claim: Claim = UNCLAIMED
    claim_at: float = 0.0
    seen: Observation | None = None
    seen_at: float = 0.0
    looked_up: bool = False
    """Its project was looked up by name, whatever was declared or remembered."""
    hidden_since: float = 0.0
    """Since when it exists, and is not shown by its project."""
    duty: DutyTags = DutyTags()
    """What its tags tell of its duty, asked with the claim."""

    @property
    def is_shown(self) -> bool:
        """Whether its project shows it, by the last look."""
        return self.seen is not None and self.seen.status is not None

    @property
    def is_gone(self) -> bool:
        """Whether there is no such version: neither are its tags found, nor does its project show it."""
        return not self.exists and not self.is_shown


class Views(NamedTuple):
    """All of it. Whatever is needed again is looked at again."""

    story: Story | None = None
    story_at: float = 0.0
    step: Step | None = None
    """What CloudFormation waits for, by that story, if it is what the request asks for."""
    me: Standing = Standing(lives=False)
    """How the own resource stands, by that story."""
    resources: Mapping[Owner, ResourceView | None] = MappingProxyType({})
    resources_at: Mapping[Owner, float] = MappingProxyType({})
    models: Mapping[str, ModelView] = MappingProxyType({})
    rested_at: float = 0.0
    """When the last pause ended."""

    def model(self, arn: str) -> ModelView:
        """What was seen of a model."""
        return self.models.get(arn) or UNSEEN

    def with_model(self, arn: str, view: ModelView) -> Views:
        """After a look at a model."""
        return self._replace(models={**self.models, arn: view})

    def with_story(self, wish: Wish, story: Story, asked_at: float) -> Views:
        """After a look at the stack; an answer that is older than the one before it changes nothing.

        That there is no such stack counts as an answer from when it has to be true.
        """
        if not story.stack_status:
            story = story._replace(newest_at=asked_at - LAG_SECONDS)
        if self.story is not None and (story.newest_at < self.story.newest_at or story == self.story):
            return self._replace(story_at=asked_at)
        me = standing_of(story, wish.owner.logical_id, story.before)
        return self._replace(story=story, story_at=asked_at, step=step_of(wish, story), me=me)

    def with_resource(self, owner: Owner, view: ResourceView | None, asked_at: float) -> Views:
        """After a look at another resource."""
        return self._replace(
            resources={**self.resources, owner: view},
            resources_at={**self.resources_at, owner: asked_at},
        )


UNSEEN: Final = ModelView()
