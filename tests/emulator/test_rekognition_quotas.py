"""The account's quotas: running models, units, calls a second, projects, versions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from emulator_world import World, client_of, outcome_of

from local_aws.rekognition import HandClock, RekognitionEmulator, Settings
from local_aws.rekognition.quotas import Rates

LIMIT, THROUGHPUT = "LimitExceededException", "ProvisionedThroughputExceededException"


def test_the_defaults_are_those_of_aws() -> None:
    """2 models of 5 units, 5 control calls, 10 tag calls and 50 detections a second, 100 projects of 100."""
    settings = Settings()
    assert (settings.running_models_quota, settings.units_quota) == (2, 5)
    rates = (settings.control_calls_per_second, settings.tag_calls_per_second)
    assert (*rates, settings.detect_calls_per_second) == (5, 10, 50)
    assert (settings.projects_quota, settings.versions_quota) == (100, 100)


def test_a_third_model_does_not_start(world: World) -> None:
    """The third start is LimitExceededException, changes nothing, and works once a model has stopped."""
    first, second, third = (world.version() for _ in range(3))
    world.start(first)
    world.start(second)
    assert outcome_of(lambda: world.start(third)) == LIMIT
    assert world.emulator.status(third) == "TRAINING_COMPLETED"
    world.clock.advance(600)
    world.stop(first)
    world.clock.advance(120)
    assert world.start(third) == "STARTING"


@pytest.mark.parametrize(
    ("switch", "status"), [("quota_counts_starting", "STARTING"), ("quota_counts_stopping", "STOPPING")]
)
@pytest.mark.parametrize("counts", [True, False])
def test_whether_a_status_takes_a_slot_is_a_switch(
    world: World, switch: str, status: str, counts: bool
) -> None:
    """Not documented for STARTING and STOPPING models, so both ways."""
    setattr(world.emulator.settings, switch, counts)
    world.version(status)
    world.version("RUNNING")
    idle = world.version()
    assert outcome_of(lambda: world.start(idle)) == (LIMIT if counts else "ok")


def test_the_quota_can_be_raised_or_lifted(world: World) -> None:
    """A change holds for the next start."""
    world.emulator.settings.running_models_quota = 0
    arn = world.version()
    assert outcome_of(lambda: world.start(arn)) == LIMIT
    world.emulator.settings.running_models_quota = None
    world.emulator.settings.units_quota = None
    assert world.start(arn, 500) == "STARTING"


@pytest.mark.parametrize(("units", "options"), [(6, {}), (1, {"MaxInferenceUnits": 6})])
def test_units_have_a_quota(world: World, units: int, options: dict[str, int]) -> None:
    """Neither the minimum nor the maximum may pass it."""
    arn = world.version()
    assert outcome_of(lambda: world.start(arn, units, **options)) == LIMIT
    assert world.start(arn, 5, MaxInferenceUnits=5) == "STARTING"


def test_simultaneous_starts_do_not_pass_the_quota(world: World) -> None:
    """Of ten starts at once exactly two succeed."""
    arns = [world.version() for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(lambda arn: outcome_of(lambda: world.start(arn)), arns))
    assert sorted(outcomes) == sorted(["ok"] * 2 + [LIMIT] * 8)


def test_calls_a_second() -> None:
    """The sixth control call in a second is refused, other operations have their own rate, time refills."""
    clock = HandClock()
    with RekognitionEmulator(clock=clock) as emulator:
        client = client_of(emulator)
        project = emulator.add_project("parts")
        arn = emulator.add_version(project, "v1", "RUNNING")
        describe = client.describe_projects
        assert [outcome_of(describe) for _ in range(7)] == ["ok"] * 5 + [THROUGHPUT] * 2
        assert outcome_of(lambda: client.describe_project_versions(ProjectArn=project)) == "ok"
        tags = [outcome_of(lambda: client.list_tags_for_resource(ResourceArn=arn)) for _ in range(11)]
        assert tags == ["ok"] * 10 + [THROUGHPUT]
        clock.advance(0.2)
        assert [outcome_of(describe) for _ in range(2)] == ["ok", THROUGHPUT]
        clock.advance(100)
        assert [outcome_of(describe) for _ in range(6)] == ["ok"] * 5 + [THROUGHPUT]


@pytest.mark.parametrize("per_second", [3, 5, 10, 50])
def test_polling_at_the_rate_is_never_refused(per_second: float) -> None:
    """The burst used up, 200 calls evenly at the rate: no rounding error of the clock refuses one."""
    clock = HandClock()
    rates = Rates(clock.now)
    while rates.take("DescribeProjects", per_second):
        pass
    start = clock.now()
    for call in range(1, 201):
        clock.advance(start + call / per_second - clock.now())
        assert rates.take("DescribeProjects", per_second)


def test_the_error_of_a_rate_is_a_switch(world: World) -> None:
    """Either of the two throttling errors that the API reference lists."""
    world.emulator.settings.update({"control_calls_per_second": 1, "rate_error": "ThrottlingException"})
    world.rekognition.describe_projects()
    with pytest.raises(world.rekognition.exceptions.ThrottlingException):
        world.rekognition.describe_projects()


def test_two_clients_share_the_rate_of_the_account(world: World) -> None:
    """Quotas are the account's, not the caller's."""
    world.emulator.settings.control_calls_per_second = 2
    other = client_of(world.emulator)
    assert [outcome_of(world.rekognition.describe_projects), outcome_of(other.describe_projects)] == [
        "ok"
    ] * 2
    assert outcome_of(other.describe_projects) == THROUGHPUT


def test_projects_and_versions_have_quotas(world: World) -> None:
    """One more than allowed is LimitExceededException."""
    world.emulator.settings.update({"projects_quota": 2, "versions_quota": 1})
    client = world.rekognition
    client.create_project(ProjectName="second")
    assert outcome_of(lambda: client.create_project(ProjectName="third")) == LIMIT
    world.version()
    results = {"S3Bucket": "results"}
    create = client.create_project_version
    problem = outcome_of(lambda: create(ProjectArn=world.project, VersionName="n", OutputConfig=results))
    assert problem == LIMIT
