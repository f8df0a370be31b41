"""What an invocation has seen, and when: frozen, made anew by each look, gone with the invocation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from running_model_handler.core.claim import UNCLAIMED, Claim, Owner
from running_model_handler.core.operation import ResourceView, Story
from running_model_handler.core.status import Observation
from running_model_handler.core.waiting import LAG_SECONDS


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model: its tags, and what DescribeProjectVersions says. Times are when the call began, 0 for never."""

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


@dataclass(frozen=True, slots=True)
class Views:
    """All of it. Whatever is needed again is looked at again."""

    story: Story | None = None
    story_at: float = 0.0
    resources: Mapping[Owner, ResourceView | None] = field(default_factory=dict)
    resources_at: Mapping[Owner, float] = field(default_factory=dict)
    models: Mapping[str, ModelView] = field(default_factory=dict)
    rested_at: float = 0.0
    """When the last pause ended."""

    def model(self, arn: str) -> ModelView:
        """What was seen of a model."""
        return self.models.get(arn) or UNSEEN

    def with_model(self, arn: str, view: ModelView) -> Views:
        """After a look at a model."""
        return replace(self, models={**self.models, arn: view})

    def with_story(self, story: Story, asked_at: float) -> Views:
        """After a look at the stack; an answer that is older than the one before it changes nothing.

        That there is no such stack counts as an answer from when it has to be true.
        """
        if not story.stack_status:
            story = replace(story, newest_at=asked_at - LAG_SECONDS)
        known = self.story
        kept = story if known is None or story.newest_at >= known.newest_at else known
        return replace(self, story=kept, story_at=asked_at)

    def with_resource(self, owner: Owner, view: ResourceView | None, asked_at: float) -> Views:
        """After a look at another resource."""
        return replace(
            self,
            resources={**self.resources, owner: view},
            resources_at={**self.resources_at, owner: asked_at},
        )


UNSEEN: Final = ModelView()
