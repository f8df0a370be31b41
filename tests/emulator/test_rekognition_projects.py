"""Projects and versions: making, describing, paging, deleting."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.model import OperationModel
from emulator_world import World, outcome_of, png, post

from local_aws.rekognition.validation import check, service_model

BUCKET = {"S3Bucket": "results"}


def _train(world: World, name: str, **options: Any) -> str:
    answer = world.rekognition.create_project_version(
        ProjectArn=world.project, VersionName=name, OutputConfig=BUCKET, **options
    )
    return str(answer["ProjectVersionArn"])


def test_project_and_version_have_different_times_in_their_arns(world: World) -> None:
    """A version's ARN does not tell its project's, as on AWS, even if both are made in one moment."""
    project = world.rekognition.create_project(ProjectName="fresh")["ProjectArn"]
    world.project = project
    version = _train(world, "v1")
    assert project.split("/")[:2] == [version.split("/")[0], "fresh"]
    assert project.rpartition("/")[2] != version.rpartition("/")[2]


def test_training_takes_its_time_and_ends_as_told(world: World) -> None:
    """A new version trains, then is ready to run, or failed, or never ends."""
    good = _train(world, "good", VersionDescription="first", Tags={"team": "a"})
    world.emulator.settings.train_outcome = "TRAINING_FAILED"
    bad = _train(world, "bad")
    world.emulator.settings.train_outcome = "NEVER"
    endless = _train(world, "endless")
    world.clock.advance(1799)
    assert {world.emulator.status(arn) for arn in (good, bad, endless)} == {"TRAINING_IN_PROGRESS"}
    world.clock.advance(1)
    shown = world.describe(good)
    assert shown["Status"] == "TRAINING_COMPLETED"
    assert (shown["VersionDescription"], shown["OutputConfig"]) == ("first", BUCKET)
    assert shown["BillableTrainingTimeInSeconds"] == 1800
    assert world.describe(bad)["Status"] == "TRAINING_FAILED"
    assert "TrainingEndTimestamp" not in world.describe(bad)
    assert world.describe(endless)["Status"] == "TRAINING_IN_PROGRESS"
    assert world.emulator.tags(good) == {"team": "a"}


def test_names_are_taken_once(world: World) -> None:
    """A second project or version of a name is refused; after a delete the name has another ARN."""
    create = world.rekognition.create_project
    assert outcome_of(lambda: create(ProjectName="parts")) == "ResourceInUseException"
    first = _train(world, "v1")
    assert outcome_of(lambda: _train(world, "v1")) == "ResourceInUseException"
    world.clock.advance(1800)
    world.rekognition.delete_project_version(ProjectVersionArn=first)
    world.clock.advance(5)
    second = _train(world, "v1")
    assert second != first
    assert second.rpartition("/")[0] == first.rpartition("/")[0]
    assert outcome_of(lambda: world.start(first)) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_project", {"ProjectName": "x", "AutoUpdate": "ENABLED"}),
        ("create_project", {"ProjectName": "x", "Feature": "CONTENT_MODERATION"}),
        (
            "create_project_version",
            {"VersionName": "x", "OutputConfig": BUCKET, "TrainingData": {"Assets": []}},
        ),
        (
            "create_project_version",
            {"VersionName": "x", "OutputConfig": BUCKET, "FeatureConfig": {"ContentModeration": {}}},
        ),
    ],
)
def test_what_the_api_reference_forbids(world: World, operation: str, parameters: dict[str, Any]) -> None:
    """Combinations that the API reference excludes are InvalidParameterException."""
    if operation == "create_project_version":
        parameters = {"ProjectArn": world.project, **parameters}
    problem = outcome_of(lambda: getattr(world.rekognition, operation)(**parameters))
    assert problem == "InvalidParameterException"


def test_projects_are_filtered_by_name_and_feature(world: World) -> None:
    """The feature is CUSTOM_LABELS unless named; a name that does not exist is just not shown."""
    world.rekognition.create_project(
        ProjectName="adapters", Feature="CONTENT_MODERATION", AutoUpdate="ENABLED"
    )

    def names(**filters: Any) -> list[str]:
        found = world.rekognition.describe_projects(**filters)["ProjectDescriptions"]
        return [item["ProjectArn"].split("/")[1] for item in found]

    assert names() == ["parts"]
    assert names(Features=["CONTENT_MODERATION"]) == ["adapters"]
    assert names(Features=["CONTENT_MODERATION", "CUSTOM_LABELS"], ProjectNames=["parts", "no"]) == ["parts"]
    assert names(ProjectNames=["part"]) == []


def test_versions_come_latest_first_and_by_name(world: World) -> None:
    """Latest to earliest, as the API reference says; unknown names are not shown; projects are apart."""
    arns = [world.version() for _ in range(3)]
    other = world.emulator.add_project("other")
    world.emulator.add_version(other, "v0")

    def described(**filters: Any) -> list[str]:
        answer = world.rekognition.describe_project_versions(ProjectArn=world.project, **filters)
        return [item["ProjectVersionArn"] for item in answer["ProjectVersionDescriptions"]]

    assert described() == arns[::-1]
    assert described(VersionNames=["v1", "nothing"]) == [arns[1]]
    assert described(VersionNames=["nothing"]) == []


def test_pages(world: World) -> None:
    """boto3's paginators get everything once, in pages as small as asked for."""
    arns = [world.version() for _ in range(7)]
    for number in range(4):
        world.emulator.add_project(f"more{number}")
    pages = list(
        world.rekognition.get_paginator("describe_project_versions").paginate(
            ProjectArn=world.project, PaginationConfig={"PageSize": 3}
        )
    )
    assert [len(page["ProjectVersionDescriptions"]) for page in pages] == [3, 3, 1]
    found = [item["ProjectVersionArn"] for page in pages for item in page["ProjectVersionDescriptions"]]
    assert found == arns[::-1]
    projects = world.rekognition.get_paginator("describe_projects").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["ProjectDescriptions"]) for page in projects] == [2, 2, 1]


def test_a_page_goes_on_where_the_last_one_ended(world: World) -> None:
    """A version made or deleted between two pages neither repeats nor hides another one."""
    arns = [world.version() for _ in range(4)]
    describe = world.rekognition.describe_project_versions
    first = describe(ProjectArn=world.project, MaxResults=2)
    world.emulator.delete_by_hand(arns[2], at_once=True)
    world.version()
    second = describe(ProjectArn=world.project, MaxResults=2, NextToken=first["NextToken"])
    found = [item["ProjectVersionArn"] for item in second["ProjectVersionDescriptions"]]
    assert found == [arns[1], arns[0]]


def test_fails_when_a_page_token_is_not_ours(world: World) -> None:
    """Rubbish, or the token of another request, is InvalidPaginationTokenException."""
    for _ in range(3):
        world.version()
    client = world.rekognition
    token = client.describe_project_versions(ProjectArn=world.project, MaxResults=1)["NextToken"]
    other = world.emulator.add_project("other")
    for wrong in ("rubbish", "bm9wZQ==", "WzEsMl0="):
        with pytest.raises(client.exceptions.InvalidPaginationTokenException):
            client.describe_project_versions(ProjectArn=world.project, NextToken=wrong)
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.describe_project_versions(ProjectArn=other, NextToken=token)


def test_deleting(world: World) -> None:
    """A version shows DELETING, then nothing; a project goes only when its versions are gone."""
    arn = world.version("STOPPED")
    client = world.rekognition

    def delete_project() -> Any:
        return client.delete_project(ProjectArn=world.project)

    assert outcome_of(delete_project) == "ResourceInUseException"
    assert client.delete_project_version(ProjectVersionArn=arn)["Status"] == "DELETING"
    assert world.describe(arn)["Status"] == "DELETING"
    world.clock.advance(5)
    assert world.describe(arn) == {}
    assert outcome_of(lambda: client.delete_project_version(ProjectVersionArn=arn)) == (
        "ResourceNotFoundException"
    )
    assert delete_project()["Status"] == "DELETING"
    assert client.describe_projects()["ProjectDescriptions"][0]["Status"] == "DELETING"
    assert outcome_of(delete_project) == "ResourceInUseException"
    world.clock.advance(5)
    assert client.describe_projects()["ProjectDescriptions"] == []
    assert outcome_of(lambda: world.describe(arn)) == "ResourceNotFoundException"


def test_arns_of_somebody_else(world: World) -> None:
    """Another account is AccessDeniedException, another Region or time ResourceNotFoundException."""
    arn = world.version()
    wrong = {
        arn.replace("123456789012", "999999999999"): "AccessDeniedException",
        arn.replace("eu-west-1", "us-east-1"): "ResourceNotFoundException",
        arn.rpartition("/")[0] + "/1": "ResourceNotFoundException",
    }
    for other, expected in wrong.items():
        assert outcome_of(lambda other=other: world.stop(other)) == expected  # type: ignore[misc]


def test_every_answer_fits_the_service_model(world: World) -> None:
    """Each operation's raw answer has only members that botocore's model knows, with values it allows."""
    arn, idle = world.version("RUNNING"), world.version()
    picture = base64.b64encode(png()).decode()
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("DescribeProjects", {}),
        ("CreateProject", {"ProjectName": "new"}),
        ("CreateProjectVersion", {"ProjectArn": world.project, "VersionName": "n", "OutputConfig": BUCKET}),
        ("DescribeProjectVersions", {"ProjectArn": world.project}),
        ("StartProjectVersion", {"ProjectVersionArn": idle, "MinInferenceUnits": 1}),
        ("TagResource", {"ResourceArn": arn, "Tags": {"a": "b"}}),
        ("ListTagsForResource", {"ResourceArn": arn}),
        ("UntagResource", {"ResourceArn": arn, "TagKeys": ["a"]}),
        (
            "DetectCustomLabels",
            {"ProjectVersionArn": arn, "Image": {"Bytes": picture}},
        ),
        ("StopProjectVersion", {"ProjectVersionArn": arn}),
        ("DeleteProjectVersion", {"ProjectVersionArn": world.version("STOPPED")}),
        ("DeleteProject", {"ProjectArn": world.emulator.add_project("old")}),
    ]
    for operation, body in bodies:
        status, answer = post(world.emulator, operation, body)
        model: OperationModel = service_model().operation_model(operation)
        assert status == 200, (operation, answer)
        shape = model.output_shape
        assert shape is not None
        assert set(answer) <= set(shape.members), operation
        assert check(shape, answer) == [], operation
