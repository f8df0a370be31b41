"""What can be done next for a request: one call, a pause, or its end. ARNs are texts here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from running_model_handler.core.claim import Holder, Owner
from running_model_handler.core.units import InferenceUnits


class AskStack(NamedTuple):
    """DescribeStackEvents."""

    arn: str = ""


class AskOwner(NamedTuple):
    """DescribeStackResource of another resource."""

    owner: Owner
    arn: str = ""


class AskClaim(NamedTuple):
    """ListTagsForResource."""

    arn: str


class FindProject(NamedTuple):
    """DescribeProjects."""

    arn: str


class Look(NamedTuple):
    """DescribeProjectVersions, in a project with this creation time."""

    arn: str
    project_created: str


class WriteClaim(NamedTuple):
    """TagResource: this resource is a holder, and what is asked of a model with guards."""

    arn: str
    holder: Holder
    duty: tuple[tuple[str, str], ...] = ()
    """Tags beside the claim."""


class RemoveClaim(NamedTuple):
    """UntagResource."""

    arn: str
    keys: tuple[str, ...]


class NoteStart(NamedTuple):
    """TagResource: what the start took. It only spares calls."""

    arn: str
    seconds: int


class StartModel(NamedTuple):
    """StartProjectVersion; ``toward`` is what is wanted."""

    arn: str
    units: InferenceUnits
    toward: str
    unsettled: bool = False
    """What an earlier step of the resource has sent may still arrive, and undo it."""


class StopModel(NamedTuple):
    """StopProjectVersion; ``toward`` is what is wanted."""

    arn: str
    toward: str


class Pause(NamedTuple):
    """Let time pass; ``least`` seconds of it are enough where the invocation ends before."""

    seconds: float
    why: str
    least: float
    arn: str = ""
    settles: bool = False
    """Meanwhile other models can be dealt with."""


class GiveUp(NamedTuple):
    """The request fails, or, if it has failed already, what was to be undone for a model can't be."""

    reason: str
    arn: str


class Answer(NamedTuple):
    """What CloudFormation is told; ``reason`` is empty for success."""

    physical_id: str
    reason: str = ""
    data: Mapping[str, str] = MappingProxyType({})
    arn: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the answer is SUCCESS."""
        return not self.reason


Change = WriteClaim | RemoveClaim | StartModel | StopModel
"""Calls that change what the model does, or whose it is."""
Call = AskStack | AskOwner | AskClaim | FindProject | Look | NoteStart | Change
Action = Call | Pause | GiveUp | Answer
