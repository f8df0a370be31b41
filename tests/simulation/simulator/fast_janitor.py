"""The fast seam of the janitor: its adapters are replaced, its rounds are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from running_model_handler.core.arn import ProjectArn, parse_project_arn, parse_project_version_arn
from running_model_handler.core.operation import ResourceView, StackEvent
from running_model_handler.core.status import Status
from running_model_handler.janitor import Janitor, woken
from running_model_handler.shell.all_models import UpModel
from running_model_handler.shell.stack_history import CloudFormationHistories
from simulator.errors import AnswerLost, ApiError
from simulator.fast_seam import (
    FastModels,
    SimulatedClock,
    event_of,
    view_of,
)
from simulator.functions import Handler
from simulator.seam_errors import raise_unless_absent, raised

if TYPE_CHECKING:
    from simulator.apis import Apis
    from simulator.janitor import JanitorActor
    from simulator.world import World


class FastAllModels(FastModels):
    """``shell.all_models.AllModels``."""

    def projects(self) -> list[ProjectArn]:
        """DescribeProjects."""
        try:
            found = self._apis.find_projects()
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:DescribeProjects", "*") from error
        return [parse_project_arn(each, name="ProjectArn") for each in found]

    def up_in(self, project: ProjectArn) -> list[UpModel]:
        """DescribeProjectVersions."""
        try:
            seen = self._apis.describe_all(str(project))
        except (ApiError, AnswerLost) as error:
            raise raised(error, "rekognition:DescribeProjectVersions", str(project)) from error
        return [
            UpModel(parse_project_version_arn(model.arn, name="ProjectVersionArn"), project)
            for model, look in seen
            if look.status in (Status.RUNNING, Status.STARTING)
        ]


class FastHistories(CloudFormationHistories):
    """``shell.stack_history.StackHistories``: how far back is read is the real one's to say."""

    def __init__(self, apis: Apis) -> None:
        super().__init__(None)
        self._apis = apis

    def resource(self, stack_id: str, logical_id: str) -> ResourceView | None:
        """DescribeStackResource."""
        try:
            return view_of(self._apis.describe_stack_resource(stack_id, logical_id))
        except (ApiError, AnswerLost) as error:
            raise_unless_absent(error, "cloudformation:DescribeStackResource", stack_id)
            return None

    def _events(self, stack_id: str) -> Iterator[StackEvent]:
        token: int | None = None
        while token != 0:
            try:
                events, token = self._apis.describe_stack_events(stack_id, token)
            except (ApiError, AnswerLost) as error:
                raise_unless_absent(error, "cloudformation:DescribeStackEvents", stack_id)
                return
            self._goes_on = bool(token)
            self._received += len(events)
            yield from map(event_of, events)


def new_janitor(world: World, actor: JanitorActor) -> Handler:
    """A fresh execution environment of the janitor's function."""
    models, stacks = FastAllModels(world, actor.apis), FastHistories(actor.apis)
    clock = SimulatedClock(world, actor.jitter)

    def handle(event: Any, _: Any) -> Any:
        return woken(Janitor(models, stacks, clock, tell=lambda _: None), event)

    return handle
