"""What to make of a version that its project does not show: gone for good, or looked for in the wrong place.

A project ARN can't be derived from a version ARN. It comes from a property, from a tag that people can edit,
or from a look-up, and in a wrong project every version looks as if it were gone.
"""

from __future__ import annotations

import logging

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn
from running_model_handler.core.errors import RequestFailed, ServiceError
from running_model_handler.core.names import Property, Tag
from running_model_handler.core.status import ABSENT, Observation
from running_model_handler.core.waiting import LAG_SECONDS
from running_model_handler.worker import Worker

_logger = logging.getLogger("running_model")


class NotShown(RequestFailed):
    """The version exists, but no project shows it: nobody can tell whether it bills."""


def find_unseen(
    worker: Worker, arn: ProjectVersionArn, believed: ProjectArn | None
) -> tuple[ProjectArn | None, Observation]:
    """A second look at a version that ``believed`` does not show, with the project that it was taken in.

    ``ABSENT`` only where ListTagsForResource, which takes the version's own ARN, knows no such version.
    Raises ``NotShown`` where the version goes on existing for longer than an answer may lag.
    """
    until = worker.clock.now() + LAG_SECONDS
    while worker.claim_or_none(arn) is not None:
        project = _look_up(worker, arn, believed)
        seen = worker.observe(arn, project)
        if seen.status is not None:
            return project, seen
        if worker.clock.now() >= until or worker.out_of_time():
            raise _not_shown(arn, project or believed)
        worker.pause(1.0)
    return believed, ABSENT


def _look_up(worker: Worker, arn: ProjectVersionArn, believed: ProjectArn | None) -> ProjectArn | None:
    try:
        project = worker.look_up_project(arn)
    except (RequestFailed, ServiceError) as error:
        raise NotShown(f"{_not_shown(arn, believed)}, and {error}") from error
    if project != believed:
        _logger.warning("another project than believed", extra={"model": str(arn), "project": str(project)})
    return project


def _not_shown(arn: ProjectVersionArn, project: ProjectArn | None) -> NotShown:
    where = f"project {project} does not show it" if project else f"no project {arn.project_name} is found"
    return NotShown(
        f"model {arn} exists, but {where}, so that nobody can tell whether it bills; correct "
        f"{Property.PROJECT_ARN} or the tag {Tag.PROJECT_CREATED}"
    )
