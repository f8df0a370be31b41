"""Project and project version ARNs of Rekognition Custom Labels.

The patterns are those of botocore's service model (ProjectArn, ProjectVersionArn). Each of the two ends
in its own creation time, so a project ARN can't be derived from a project version ARN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from running_model_handler.core.errors import InvalidProperty

ARN_LENGTH_MAX: Final = 1024
"""A custom resource's physical id, which the ARN becomes, has 1 KB at most (CFN crpg-ref)."""
EXAMPLE_VERSION_ARN: Final = (
    "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v3/1627045542080"
)
EXAMPLE_PROJECT_ARN: Final = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/1627000000000"

CREATED: Final = re.compile(r"[0-9]{1,20}")
"""A creation time in milliseconds, as ARNs end in it."""
# botocore's \d as [0-9]: Python's own would take the digits of other scripts too.
_PREFIX = (
    r"arn:(?P<partition>[a-z0-9-]+):rekognition:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":project/(?P<project>[a-zA-Z0-9_.\-]{1,255})"
)
_VERSION_ARN = re.compile(_PREFIX + r"/version/(?P<version>[a-zA-Z0-9_.\-]{1,255})/(?P<created>[0-9]{1,20})")
_PROJECT_ARN = re.compile(_PREFIX + r"/(?P<created>[0-9]{1,20})")
_ANY_SERVICE = re.compile(r"arn:[^:]*:(?P<service>[^:]*):")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a stack is and its function works; None stands for what is not known."""

    partition: str | None = None
    region: str | None = None
    account: str | None = None

    def holds(self, arn: ProjectVersionArn) -> bool:
        """Whether a model lies there."""
        return (
            self.partition in (None, arn.partition)
            and self.region in (None, arn.region)
            and self.account in (None, arn.account)
        )


ANYWHERE: Final = Location()


def location_of(arn: str) -> Location:
    """Where any resource with an ARN is; all None for what is no ARN."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return ANYWHERE
    return Location(parts[1] or None, parts[3] or None, parts[4] or None)


@dataclass(frozen=True, slots=True)
class ProjectArn:
    """The ARN of a project, taken apart."""

    partition: str
    region: str
    account: str
    project_name: str
    created: str
    """Creation time of the project in milliseconds, as the ARN spells it."""

    def __str__(self) -> str:
        return (
            f"arn:{self.partition}:rekognition:{self.region}:{self.account}"
            f":project/{self.project_name}/{self.created}"
        )


@dataclass(frozen=True, slots=True)
class ProjectVersionArn:
    """The ARN of a project version (a trained model), taken apart."""

    partition: str
    region: str
    account: str
    project_name: str
    version_name: str
    created: str
    """Creation time of the version in milliseconds, as the ARN spells it."""

    def __str__(self) -> str:
        return (
            f"arn:{self.partition}:rekognition:{self.region}:{self.account}"
            f":project/{self.project_name}/version/{self.version_name}/{self.created}"
        )

    def project_arn(self, created: str) -> ProjectArn:
        """The ARN of the version's project, whose creation time has to be known from elsewhere."""
        return ProjectArn(self.partition, self.region, self.account, self.project_name, created)


def parse_project_version_arn(value: object, *, name: str) -> ProjectVersionArn:
    """Take a project version ARN apart.

    ``name`` is what the user calls the property. Raises ``InvalidProperty`` for anything else, ARNs of
    projects and of other services included. Source: botocore, rekognition, shape ProjectVersionArn.
    """
    text = _checked_text(value, name, EXAMPLE_VERSION_ARN)
    match = _VERSION_ARN.fullmatch(text)
    if match:
        return ProjectVersionArn(
            match["partition"], match["region"], match["account"],
            match["project"], match["version"], match["created"],
        )  # fmt: skip
    if _PROJECT_ARN.fullmatch(text):
        raise InvalidProperty(
            name, text,
            "must be the ARN of a project version (a trained model), not of its project; "
            f"it looks like {EXAMPLE_VERSION_ARN}",
        )  # fmt: skip
    raise _wrong_arn(text, name, "a project version", EXAMPLE_VERSION_ARN)


def parse_project_arn(value: object, *, name: str) -> ProjectArn:
    """Take a project ARN apart; raises ``InvalidProperty`` for anything else.

    Source: botocore, rekognition, shape ProjectArn.
    """
    text = _checked_text(value, name, EXAMPLE_PROJECT_ARN)
    match = _PROJECT_ARN.fullmatch(text)
    if match:
        return ProjectArn(
            match["partition"], match["region"], match["account"], match["project"], match["created"]
        )
    if _VERSION_ARN.fullmatch(text):
        raise InvalidProperty(
            name, text,
            "must be the ARN of the project, not of a project version; omit it to have it looked up, "
            f"or give one like {EXAMPLE_PROJECT_ARN}",
        )  # fmt: skip
    raise _wrong_arn(text, name, "a project", EXAMPLE_PROJECT_ARN)


def check_same_project(version: ProjectVersionArn, project: ProjectArn, *, name: str) -> None:
    """Raise ``InvalidProperty`` unless ``project`` can be the project of ``version``."""
    expected = version.project_arn(project.created)
    if expected != project:
        raise InvalidProperty(
            name, str(project),
            f"must be the project of the model version, an ARN like {version.project_arn('<milliseconds>')}",
        )  # fmt: skip


def check_location(
    arn: ProjectVersionArn,
    *,
    name: str,
    region: str | None,
    account: str | None,
    partition: str | None = None,
) -> None:
    """Raise ``InvalidProperty`` if the ARN lies in another partition, Region or account than the stack.

    ``None`` stands for what is not known. A custom resource's function works in the Region and account of
    its stack (AWS::CloudFormation::CustomResource, ServiceToken).
    """
    if partition is not None and arn.partition != partition:
        raise InvalidProperty(name, str(arn), f"must be a model in the partition of its stack, {partition}")
    if region is not None and arn.region != region:
        raise InvalidProperty(
            name, str(arn),
            f"must be a model in the Region of its stack, {region}; "
            f"deploy the stack to {arn.region} or copy the model (CopyProjectVersion)",
        )  # fmt: skip
    if account is not None and arn.account != account:
        raise InvalidProperty(
            name, str(arn),
            f"must be a model in the account of its stack, {account}; "
            f"deploy the stack to {arn.account} or copy the model (CopyProjectVersion)",
        )  # fmt: skip


def stop_command(arn: ProjectVersionArn) -> str:
    """The command that stops a model by hand."""
    return f"aws rekognition stop-project-version --region {arn.region} --project-version-arn {arn}"


def with_stop_command(reason: str, arn: ProjectVersionArn) -> str:
    """A reason that says, unless it does already, how to stop a model by hand."""
    command = stop_command(arn)
    return reason if command in reason else f"{reason}. If the model runs, stop it by hand: {command}"


def _checked_text(value: object, name: str, example: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidProperty(name, value, f"must be an ARN like {example}")
    if len(value) > ARN_LENGTH_MAX:
        raise InvalidProperty(
            name, value, f"must be an ARN of at most {ARN_LENGTH_MAX} characters (it has {len(value)})"
        )
    return value


def _wrong_arn(text: str, name: str, kind: str, example: str) -> InvalidProperty:
    other = _ANY_SERVICE.match(text)
    if other and other["service"] != "rekognition":
        rule = f"must be the ARN of {kind} of Rekognition, not of the service {other['service'][:40]!r}"
    else:
        rule = f"must be the ARN of {kind} of Rekognition Custom Labels"
    return InvalidProperty(name, text, f"{rule}; it looks like {example}")
