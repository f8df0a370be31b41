"""The calls to Rekognition Custom Labels, one method each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn, parse_project_arn
from running_model_handler.core.errors import ErrorKind, InvalidProperty, ServiceError
from running_model_handler.core.status import ABSENT, CUSTOM_LABELS, Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.shell.calls import call, reading

_PAGES_MAX: Final = 20


class Models(Protocol):
    """What the life cycle needs of Rekognition. Every method raises ``ServiceError``."""

    def find_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        """The project of a version, looked up by its name (DescribeProjects); None if there is none."""

    def observe(self, arn: ProjectVersionArn, project: ProjectArn) -> Observation:
        """One look at a version (DescribeProjectVersions)."""

    def start(self, arn: ProjectVersionArn, units: InferenceUnits) -> None:
        """Ask for a start (StartProjectVersion)."""

    def stop(self, arn: ProjectVersionArn) -> None:
        """Ask for a stop (StopProjectVersion)."""

    def tags(self, arn: ProjectVersionArn) -> Mapping[str, str]:
        """The tags of a version (ListTagsForResource)."""

    def tag(self, arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags (TagResource)."""

    def untag(self, arn: ProjectVersionArn, keys: list[str]) -> None:
        """Remove tags (UntagResource)."""


class RekognitionModels:
    """``Models`` on a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find_project(self, arn: ProjectVersionArn) -> ProjectArn | None:
        """See ``Models``. A project's name is unique in its account and Region."""
        parameters: dict[str, Any] = {"ProjectNames": [arn.project_name]}
        for page in self._pages("rekognition:DescribeProjects", "*", "describe_projects", parameters):
            for description in page.get("ProjectDescriptions", []):
                project = _project(description.get("ProjectArn"))
                if project is not None and project.project_name == arn.project_name:
                    return project
        return None

    def observe(self, arn: ProjectVersionArn, project: ProjectArn) -> Observation:
        """See ``Models``. A name that was deleted and made again has another ARN, hence the filter."""
        parameters: dict[str, Any] = {"ProjectArn": str(project), "VersionNames": [arn.version_name]}
        action = "rekognition:DescribeProjectVersions"
        for page in self._pages(action, str(project), "describe_project_versions", parameters):
            for description in page.get("ProjectVersionDescriptions", []):
                with reading(action, str(project)):
                    if description.get("ProjectVersionArn") == str(arn):
                        return _observation(description)
        return ABSENT

    def start(self, arn: ProjectVersionArn, units: InferenceUnits) -> None:
        """See ``Models``."""
        parameters: dict[str, Any] = {
            "ProjectVersionArn": str(arn),
            "MinInferenceUnits": units.minimum,
        }
        if units.maximum is not None:
            parameters["MaxInferenceUnits"] = units.maximum
        action = "rekognition:StartProjectVersion"
        call(action, str(arn), self._client.start_project_version, **parameters)

    def stop(self, arn: ProjectVersionArn) -> None:
        """See ``Models``."""
        action = "rekognition:StopProjectVersion"
        call(action, str(arn), self._client.stop_project_version, ProjectVersionArn=str(arn))

    def tags(self, arn: ProjectVersionArn) -> Mapping[str, str]:
        """See ``Models``."""
        action = "rekognition:ListTagsForResource"
        answer = call(action, str(arn), self._client.list_tags_for_resource, ResourceArn=str(arn))
        return dict(answer.get("Tags") or {})

    def tag(self, arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        """See ``Models``."""
        action = "rekognition:TagResource"
        call(action, str(arn), self._client.tag_resource, ResourceArn=str(arn), Tags=dict(tags))

    def untag(self, arn: ProjectVersionArn, keys: list[str]) -> None:
        """See ``Models``."""
        action = "rekognition:UntagResource"
        call(action, str(arn), self._client.untag_resource, ResourceArn=str(arn), TagKeys=keys)

    def _pages(self, action: str, resource: str, method: str, parameters: dict[str, Any]) -> Any:
        for _ in range(_PAGES_MAX):
            page = call(action, resource, getattr(self._client, method), **parameters)
            yield page
            if not page.get("NextToken"):
                return
            parameters = {**parameters, "NextToken": page["NextToken"]}
        raise ServiceError(
            ErrorKind.OTHER, action, resource, "TooManyPages", f"more than {_PAGES_MAX} pages for one name"
        )


def _project(arn: object) -> ProjectArn | None:
    try:
        return parse_project_arn(arn, name="ProjectArn")
    except InvalidProperty:
        return None


def _observation(description: Mapping[str, Any]) -> Observation:
    minimum, maximum = description.get("MinInferenceUnits"), description.get("MaxInferenceUnits")
    if not all(isinstance(units, int | None) for units in (minimum, maximum)):
        # botocore takes numbers as they come: wrong units would look like another size, and be resized.
        raise TypeError("units are no whole numbers")
    return Observation(
        status=str(description.get("Status", "")),
        units=InferenceUnits(minimum, maximum) if minimum else None,
        message=str(description.get("StatusMessage") or ""),
        feature=str(description.get("Feature") or CUSTOM_LABELS),
    )
