"""All models of an account and Region that are up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from running_model_handler.core.arn import (
    ProjectArn,
    ProjectVersionArn,
    parse_project_arn,
    parse_project_version_arn,
)
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.status import Status
from running_model_handler.shell.rekognition import Models, RekognitionModels

_UP: Final = frozenset({Status.RUNNING, Status.STARTING})


class UpModel(NamedTuple):
    """A model that is RUNNING or STARTING, and its project."""

    arn: ProjectVersionArn
    project: ProjectArn


class AllModels(Models, Protocol):
    """What the janitor needs of Rekognition beside one model. Every method raises ``ServiceError``."""

    def projects(self) -> list[ProjectArn]:
        """Every project (DescribeProjects)."""

    def up_in(self, project: ProjectArn) -> list[UpModel]:
        """The versions of a project that are up (DescribeProjectVersions)."""


class RekognitionAllModels(RekognitionModels):
    """``AllModels`` on a boto3 client."""

    def projects(self) -> list[ProjectArn]:
        """See ``AllModels``. Only those of Custom Labels are shown, which is the default of Features."""
        pages = self._pages("rekognition:DescribeProjects", "*", "describe_projects", {})
        return [
            parse_project_arn(each["ProjectArn"], name="ProjectArn")
            for page in pages
            for each in page.get("ProjectDescriptions", [])
        ]

    def up_in(self, project: ProjectArn) -> list[UpModel]:
        """See ``AllModels``."""
        return [UpModel(arn, project) for arn in self._up_in(project)]

    def _up_in(self, project: ProjectArn) -> Iterator[ProjectVersionArn]:
        action, parameters = "rekognition:DescribeProjectVersions", {"ProjectArn": str(project)}
        for page in self._pages(action, str(project), "describe_project_versions", parameters):
            for each in page.get("ProjectVersionDescriptions", []):
                with suppress(InvalidProperty):
                    arn = parse_project_version_arn(each.get("ProjectVersionArn"), name="ProjectVersionArn")
                    if each.get("Status") in _UP:
                        yield arn
