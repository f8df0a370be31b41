"""Faults: what each does to the caller and to the world, how often, and that a seed decides it."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectionClosedError
from emulator_world import World, client_of, outcome_of

from local_aws.rekognition import Fault, Faults, HandClock, RekognitionEmulator, Settings


def _answer(world: World, arn: str) -> str:
    try:
        return outcome_of(lambda: world.start(arn))
    except ConnectionClosedError:
        return "no answer"


# fault: what the caller sees of a Start, the model's status afterwards, what the journal says of the call
EFFECTS = {
    Fault.DROPPED_REQUEST: ("no answer", "STOPPED", "dropped", False),
    Fault.THROTTLE: ("ThrottlingException", "STOPPED", "ThrottlingException", True),
    Fault.ERROR: ("InternalServerError", "STOPPED", "InternalServerError", True),
    Fault.LATE_ERROR: ("InternalServerError", "STARTING", "ok", False),
    Fault.LOST_ANSWER: ("no answer", "STARTING", "ok", False),
    Fault.SLOW_ANSWER: ("ok", "STARTING", "ok", True),
}


@pytest.mark.parametrize("fault", EFFECTS)
def test_what_a_fault_does(world: World, fault: Fault) -> None:
    """Caller, model and journal each see what really happened, and the fault counts once."""
    arn = world.version("STOPPED")
    world.emulator.faults.once("StartProjectVersion", fault)
    seen, status, outcome, answered = EFFECTS[fault]
    assert _answer(world, arn) == seen
    assert world.emulator.status(arn) == status
    entry = world.emulator.journal.calls("StartProjectVersion")[0]
    assert (entry.detail["outcome"], entry.detail["answered"]) == (outcome, answered)
    assert world.emulator.faults.fired(fault, "StartProjectVersion") == 1
    assert world.emulator.faults.fired() == 1
    faults = [entry for entry in world.emulator.journal.entries if entry.kind == "fault"]
    assert [entry.detail["fault"] for entry in faults] == [fault.value]
    world.clock.advance(3600)
    after = "RUNNING" if status == "STARTING" else "STOPPED"
    assert world.emulator.status(arn) == after


def test_the_throttling_error_can_be_chosen(world: World) -> None:
    """Both throttling errors of the API reference, as typed exceptions."""
    faults, client = world.emulator.faults, world.rekognition
    faults.throttle_probability = 1
    with pytest.raises(client.exceptions.ThrottlingException):
        client.describe_projects()
    faults.throttle_code = "ProvisionedThroughputExceededException"
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        client.describe_projects()


def test_a_slow_answer_takes_effect_before_it_comes(world: World) -> None:
    """The model starts when the call arrives; the answer comes some seconds later."""
    world.emulator.faults.update({"slow_answer_probability": 1, "slow_answer_seconds": 7})
    arn, before = world.version(), world.clock.now()
    world.start(arn)
    assert world.clock.now() == before + 7
    assert world.emulator.journal.transitions(arn)[-1].at == before


def test_a_lost_answer_of_a_refused_call_is_not_lost(world: World) -> None:
    """What had no effect has an answer; the fault does not count."""
    arn = world.version("RUNNING")
    world.emulator.faults.once("StartProjectVersion", Fault.LOST_ANSWER)
    assert _answer(world, arn) == "ResourceInUseException"
    assert world.emulator.faults.fired() == 0


def test_chances_hold_for_the_operation_named(world: World) -> None:
    """A mapping gives one operation its chance and leaves the others alone."""
    world.emulator.faults.error_probability = {"StartProjectVersion": 1.0}
    arn = world.version()
    assert _answer(world, arn) == "InternalServerError"
    assert outcome_of(world.rekognition.describe_projects) == "ok"
    world.emulator.faults.clear()
    assert _answer(world, arn) == "ok"


def test_a_chance_of_half_strikes_about_half(world: World) -> None:
    """Of 200 calls between 70 and 130 are throttled: the chance is one."""
    world.emulator.faults.throttle_probability = 0.5
    for _ in range(200):
        outcome_of(world.rekognition.describe_projects)
    assert 70 < world.emulator.faults.fired(Fault.THROTTLE, "DescribeProjects") < 130
    assert world.emulator.faults.counts()["throttle"] == {"DescribeProjects": world.emulator.faults.fired()}


def _drawn(seed: int, operations: list[str], chance: float = 0.4) -> list[bool]:
    faults = Faults(throttle_probability=chance, error_probability=chance)
    faults.seed(seed)
    draws = [(name, faults.draw(name)) for name in operations]
    return [Fault.THROTTLE in drawn for name, drawn in draws if name == "StartProjectVersion"]


def test_a_seed_decides_whatever_else_is_called() -> None:
    """The n-th call of an operation meets the same faults under the same seed, and others under another."""
    starts = ["StartProjectVersion"] * 50
    mixed = [name for start in starts for name in ("DescribeProjects", start, "StopProjectVersion")]
    assert _drawn(1, starts) == _drawn(1, mixed)
    assert _drawn(1, starts) != _drawn(2, starts)
    assert True in _drawn(1, starts)


def test_operations_do_not_meet_their_faults_in_step() -> None:
    """Under one seed, each operation and each fault has chances of its own."""
    faults = Faults(throttle_probability=0.5, error_probability=0.5)
    drawn = {name: [faults.draw(name) for _ in range(50)] for name in ("TagResource", "StopProjectVersion")}
    throttled, others = ([Fault.THROTTLE in draw for draw in draws] for draws in drawn.values())
    failing = [Fault.ERROR in draw for draw in drawn["TagResource"]]
    assert throttled != others
    assert throttled != failing


def test_two_runs_of_a_seed_are_the_same() -> None:
    """The journals of two emulators with one seed and one clock do not differ."""
    journals = []
    for _ in range(2):
        faults = Faults(throttle_probability=0.3, error_probability=0.2)
        with RekognitionEmulator(clock=HandClock(), faults=faults, seed=7) as emulator:
            project = emulator.add_project("parts")
            world = World(emulator, HandClock(), client_of(emulator), project)
            arn = world.version()
            for _ in range(20):
                outcome_of(lambda world=world, arn=arn: world.start(arn))  # type: ignore[misc]
            journals.append(emulator.journal.to_json())
    assert journals[0] == journals[1]


def test_a_stale_describe_shows_the_past(world: World) -> None:
    """It shows the state from so many seconds ago, for every call, until it is switched off."""
    arn = world.version()
    world.emulator.faults.stale_describe_seconds = 10
    world.start(arn)
    assert world.describe(arn)["Status"] == "TRAINING_COMPLETED"
    world.clock.advance(9.9)
    assert world.describe(arn)["Status"] == "TRAINING_COMPLETED"
    world.clock.advance(0.2)
    assert world.describe(arn)["Status"] == "STARTING"
    world.clock.advance(600)
    assert world.describe(arn)["Status"] == "RUNNING"
    world.emulator.delete_by_hand(arn, at_once=True)
    assert world.describe(arn)["Status"] == "RUNNING"
    assert world.emulator.faults.fired(Fault.STALE_DESCRIBE) == 5
    world.emulator.faults.stale_describe_seconds = 0
    assert world.describe(arn) == {}


def test_a_stale_describe_does_not_know_what_is_new(world: World) -> None:
    """A version that CreateProjectVersion has just made is not shown yet; one added as old is."""
    old = world.version()
    client = world.rekognition
    new = client.create_project_version(
        ProjectArn=world.project, VersionName="new", OutputConfig={"S3Bucket": "results"}
    )["ProjectVersionArn"]
    world.emulator.faults.stale_describe_seconds = 3
    assert world.describe(old)["ProjectVersionArn"] == old
    assert world.describe(new) == {}
    world.clock.advance(3)
    assert world.describe(new)["Status"] == "TRAINING_IN_PROGRESS"


def test_only_some_describes_may_be_stale(world: World) -> None:
    """With a chance, a later look may show an older state than an earlier one."""
    arn = world.version()
    world.start(arn)
    world.emulator.faults.update({"stale_describe_seconds": 60, "stale_describe_probability": 0.5})
    seen = {world.describe(arn)["Status"] for _ in range(40)}
    assert seen == {"TRAINING_COMPLETED", "STARTING"}


def test_stale_tags(world: World) -> None:
    """ListTagsForResource shows tags from so many seconds ago; what is decided, is decided on the present."""
    arn = world.version(tags={"owner": "old"})
    client = world.rekognition
    world.emulator.faults.stale_tags_seconds = 5
    client.tag_resource(ResourceArn=arn, Tags={"owner": "new"})
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"owner": "old"}
    assert world.emulator.tags(arn) == {"owner": "new"}
    world.clock.advance(5)
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"owner": "new"}
    assert world.emulator.faults.fired(Fault.STALE_TAGS) == 2


@pytest.mark.parametrize("wrong", [-0.1, 1.1, "often", {"StartProjectVersion": 2}, True])
def test_fails_when_a_chance_is_none(wrong: object) -> None:
    """A probability outside 0 to 1 is refused."""
    with pytest.raises(ValueError, match="error_probability must be a probability"):
        Faults(error_probability=wrong)  # type: ignore[arg-type]


def test_boto3_retries_get_through(world: World) -> None:
    """boto3's own retries see a fault as they would on AWS: the third try succeeds."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "rekognition",
        endpoint_url=world.emulator.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"mode": "standard", "max_attempts": 5}),
    )
    world.emulator.faults.once("DescribeProjects", Fault.THROTTLE)
    world.emulator.faults.once("DescribeProjects", Fault.LOST_ANSWER)
    assert len(client.describe_projects()["ProjectDescriptions"]) == 1
    assert len(world.emulator.journal.calls("DescribeProjects")) >= 2


def test_faults_and_settings_are_the_emulator_s_own() -> None:
    """Two emulators in one process share neither state nor settings, faults, rates or journal."""
    with (
        RekognitionEmulator(settings=Settings(start_seconds=1), clock=HandClock()) as one,
        RekognitionEmulator(account="210987654321", region="us-east-1", clock=HandClock()) as two,
    ):
        one.faults.error_probability = 1
        one.settings.control_calls_per_second = 1
        project = one.add_project("parts")
        assert one.endpoint != two.endpoint
        assert outcome_of(client_of(one).describe_projects) == "InternalServerError"
        assert client_of(two).describe_projects()["ProjectDescriptions"] == []
        assert two.add_project("parts") != project
        assert len(two.journal.calls()) == 1
        assert two.settings.start_seconds == 600
        assert two.faults.fired() == 0
