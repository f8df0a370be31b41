"""CopyProjectVersion: a copy arrives, may be started, and detects what its source detects."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_world import World, outcome_of, png

from local_aws.rekognition import AuthorizationRequest, TrailEvent

OUTPUT = {"S3Bucket": "bucket", "S3KeyPrefix": "copies"}


def target(world: World) -> str:
    """The project that copies go to."""
    found = world.rekognition.describe_projects(ProjectNames=["target"])["ProjectDescriptions"]
    return str(found[0]["ProjectArn"]) if found else world.emulator.add_project("target")


def copy(world: World, source: str, name: str = "copy", **other: Any) -> str:
    """The ARN of a copy in another project."""
    given = {
        "SourceProjectArn": world.project,
        "SourceProjectVersionArn": source,
        "DestinationProjectArn": target(world),
        "VersionName": name,
        "OutputConfig": OUTPUT,
    }
    return str(world.rekognition.copy_project_version(**{**given, **other})["ProjectVersionArn"])


def test_a_copy_arrives_and_runs(world: World) -> None:
    """COPYING_IN_PROGRESS, COPYING_COMPLETED, and then as any model; the source stays as it is."""
    source = world.version("RUNNING", labels=["scratch"])
    arn = copy(world, source, Tags={"team": "a"})
    assert "project/target/version/copy/" in arn
    assert world.emulator.status(arn) == "COPYING_IN_PROGRESS"
    assert outcome_of(lambda: world.start(arn)) == "ResourceInUseException"
    world.clock.advance(300)
    described = world.rekognition.describe_project_versions(ProjectArn=target(world))
    (shown,) = described["ProjectVersionDescriptions"]
    assert (shown["Status"], shown["SourceProjectVersionArn"]) == ("COPYING_COMPLETED", source)
    assert shown["OutputConfig"] == OUTPUT
    assert world.rekognition.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "a"}
    world.start(arn)
    world.clock.advance(600)
    seen = world.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": png()})
    assert [label["Name"] for label in seen["CustomLabels"]] == ["scratch"]
    assert world.emulator.status(source) == "RUNNING"


@pytest.mark.parametrize("outcome", ["COPYING_FAILED", "NEVER"])
def test_a_copy_may_not_arrive(world: World, outcome: str) -> None:
    """It fails, or goes on for ever."""
    world.emulator.settings.copy_outcome = outcome
    arn = copy(world, world.version())
    world.clock.advance(1000)
    assert world.emulator.status(arn) == {"NEVER": "COPYING_IN_PROGRESS"}.get(outcome, outcome)


@pytest.mark.parametrize(
    "status", ["TRAINING_IN_PROGRESS", "TRAINING_FAILED", "DELETING", "COPYING_IN_PROGRESS", "COPYING_FAILED"]
)
def test_what_is_no_model_is_not_copied(world: World, status: str) -> None:
    """A version without a model is in use."""
    source = world.version(status)
    assert outcome_of(lambda: copy(world, source)) == "ResourceInUseException"


def test_names_and_projects_are_checked(world: World) -> None:
    """A name once in a project; the source has to be of the project that is named."""
    source = world.version()
    copy(world, source)
    assert outcome_of(lambda: copy(world, source)) == "ResourceInUseException"
    other = world.emulator.add_project("other")
    wrong = outcome_of(lambda: copy(world, source, "b", SourceProjectArn=other))
    assert wrong == "InvalidParameterException"
    unknown = other[:-3] + "000"
    assert (
        outcome_of(lambda: copy(world, source, "b", DestinationProjectArn=unknown))
        == "ResourceNotFoundException"
    )


def test_a_policy_has_to_name_source_and_destination(world: World) -> None:
    """Both resources of the action are asked about (Service Authorization Reference)."""
    asked: list[AuthorizationRequest] = []

    def judge(request: AuthorizationRequest) -> str | None:
        asked.append(request)
        return "no" if "target" in request.resource_arn else None

    source, project = world.version(), target(world)
    world.emulator.authorizer = judge
    assert outcome_of(lambda: copy(world, source)) == "AccessDeniedException"
    assert [one.resource_arn for one in asked if one.resource_arn != "*"] == [source, project]


def test_writes_are_told_to_the_trail(world: World) -> None:
    """Start and Stop with what came of them; no read, and no detection."""
    events: list[TrailEvent] = []
    world.emulator.record_calls_with(events.append)
    arn = world.version("RUNNING")
    world.describe(arn)
    outcome_of(lambda: world.start(arn))
    world.stop(arn)
    world.rekognition.describe_projects()
    refused, stopped = events
    assert (refused.operation, refused.error_code) == ("StartProjectVersion", "ResourceInUseException")
    assert (stopped.operation, stopped.error_code, stopped.resource_arn) == ("StopProjectVersion", "", arn)
    assert (stopped.parameters, stopped.answer) == ({"ProjectVersionArn": arn}, {"Status": "STOPPING"})


def test_a_trail_that_fails_harms_no_call(world: World) -> None:
    """It is a note in the journal."""

    def fail(_: TrailEvent) -> None:
        raise OSError("gone")

    world.emulator.record_calls_with(fail)
    world.start(world.version())
    (note,) = world.emulator.journal.select(kind="note")
    assert "the trail failed: OSError: gone" in str(note.detail)


@pytest.mark.parametrize("switch", [False, True])
def test_whether_counts_are_put_per_model_is_a_switch(world: World, switch: bool) -> None:
    """The page does not say which metrics carry ProjectName and VersionName."""
    world.emulator.settings.request_counts_per_model = switch
    data: list[dict[str, Any]] = []
    arn = world.version("RUNNING")
    world.emulator.publish_metrics_to(lambda **put: data.extend(put["MetricData"]))
    world.rekognition.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": png()})
    world.emulator.flush_metrics()
    counted = [item["Dimensions"] for item in data if item["MetricName"] == "SuccessfulRequestCount"]
    by_model = [{"Name": "ProjectName", "Value": "parts"}, {"Name": "VersionName", "Value": "v0"}]
    assert counted == [
        [{"Name": "Operation", "Value": "DetectCustomLabels"}],
        *([by_model] if switch else []),
    ]


@pytest.mark.parametrize(
    "status", ["STOPPING", "TRAINING_FAILED", "COPYING_FAILED", "DEPRECATED", "EXPIRED", "DELETING"]
)
def test_start_and_stop_in_any_status_are_switches(world: World, status: str) -> None:
    """No page says which statuses they accept."""
    world.emulator.settings.running_models_quota = None
    first, second = world.version(status), world.version(status)
    assert outcome_of(lambda: world.start(first)) == "ResourceInUseException"
    assert outcome_of(lambda: world.stop(second)) == "ResourceInUseException"
    world.emulator.settings.update({"also_startable": [status], "also_stoppable": [status]})
    assert world.start(first) == "STARTING"
    assert world.stop(second) == "STOPPING"


def test_no_version_is_lost_when_one_is_deleted_between_two_pages(world: World) -> None:
    """The last one shown, one before it, one after it; all made in one moment, with names in any order."""
    arns = [world.emulator.add_version(world.project, name) for name in ("m", "z", "a", "y", "b", "x")]
    describe = world.rekognition.describe_project_versions

    def page(**more: Any) -> tuple[list[str], Any]:
        answer = describe(ProjectArn=world.project, MaxResults=2, **more)
        return [one["ProjectVersionArn"] for one in answer["ProjectVersionDescriptions"]], answer.get(
            "NextToken"
        )

    first, token = page()
    assert first == [arns[5], arns[4]]
    for gone in (arns[4], arns[5], arns[2]):
        world.emulator.delete_by_hand(gone, at_once=True)
    assert page(NextToken=token)[0] == [arns[3], arns[1]]
