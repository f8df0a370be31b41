"""Create: RUNNING before SUCCESS, nothing left after FAILED."""

from __future__ import annotations

import pytest
from world import OTHER, STACK, V1, World, answered, created, creating, version_arn


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


def test_g1_answers_after_running_within_a_poll_interval(world: World) -> None:
    """G1: SUCCESS follows RUNNING, by at most one poll interval and a second."""
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    running_at = next(at for at, _, status in world.history if status == "RUNNING")
    assert running_at <= answer["At"] <= running_at + 5 + 1
    assert answer["PhysicalResourceId"] == V1
    assert answer["Data"] == {
        "ProjectVersionArn": V1,
        "Status": "RUNNING",
        "MinInferenceUnits": "1",
        "MaxInferenceUnits": "1",
        "Adopted": "false",
        "Duty": "on",
    }


def test_calls_before_start_are_the_designs(world: World) -> None:
    """The stack, tags, look-up and observation, then a claim that is written and read back: no more."""
    created(world)
    names = [name for name, _ in world.calls]
    assert names[: names.index("StartProjectVersion")] == [
        "DescribeStackEvents",
        "ListTagsForResource",
        "DescribeProjects",
        "DescribeProjectVersions",
        "TagResource",
        "ListTagsForResource",
    ]


def test_g10_the_stack_is_asked_right_before_and_right_after_a_start(world: World) -> None:
    """G10: CloudFormation's word is seconds old when the Start is sent, and asked again at once."""
    asked: list[float] = []
    started: list[float] = []

    def note(action: str, arn: str) -> None:
        if action == "DescribeStackEvents":
            asked.append(world.clock.now())
        if action == "StartProjectVersion":
            started.append(world.clock.now())

    world.before = note
    created(world)
    assert started[0] - max(at for at in asked if at < started[0]) <= 5
    assert min(at for at in asked if at > started[0]) - started[0] < 0.1


def test_project_arn_spares_the_look_up(world: World) -> None:
    """A declared project ARN needs no DescribeProjects."""
    arn = V1.split("/version/")[0] + "/1690734433420"
    answer = created(world, ProjectArn=arn)
    assert answer["Status"] == "SUCCESS"
    assert world.count("DescribeProjects") == 0


def test_start_longer_than_invocations_crosses_hand_overs() -> None:
    """G4: a start of 50 minutes is waited for through several invocations, with one Start."""
    world = World()
    world.versions[V1].start_seconds = 50 * 60
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert 3 <= len(world.invocations) <= 5
    assert world.count("StartProjectVersion") == 1
    assert len(world.answers) == 1


def test_units_with_maximum_reach_the_service(world: World) -> None:
    """Strings become units, and both bounds are returned."""
    answer = created(world, MinInferenceUnits="2", MaxInferenceUnits="4")
    assert str(world.versions[V1].units) == "2-4"
    assert (answer["Data"]["MinInferenceUnits"], answer["Data"]["MaxInferenceUnits"]) == ("2", "4")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MinInferenceUnits": "0"}, "MinInferenceUnits must be a whole number of at least 1"),
        ({"MinInferenceUnits": "1.5"}, "got '1.5'"),
        ({"MinInferenceUnits": "two"}, "MinInferenceUnits"),
        ({"MinInferenceUnits": "3", "MaxInferenceUnits": "2"}, "MaxInferenceUnits must be at least"),
        ({"ProjectVersionArn": "arn:aws:s3:::bucket"}, "ProjectVersionArn"),
        ({"ProjectVersionArn": None}, "ProjectVersionArn"),
        ({"ProjectVersionArn": V1.replace("eu-west-1", "us-east-1")}, "Region of its stack, eu-west-1"),
        ({"ProjectVersionArn": V1.replace("123456789012", "210987654321")}, "account of its stack"),
        ({"TimeoutSeconds": "3601"}, "TimeoutSeconds"),
        ({"PollIntervalSeconds": "0"}, "PollIntervalSeconds"),
        ({"Replacement": "SIDEWAYS"}, "START_FIRST or STOP_FIRST"),
    ],
)
def test_bad_property_fails_by_name_and_touches_nothing(
    world: World, change: dict[str, str], words: str
) -> None:
    """A value that breaks a rule is named, and no call is made."""
    answer = created(world, **change)
    assert answer["Status"] == "FAILED"
    assert words in answer["Reason"]
    assert answer["PhysicalResourceId"]
    assert world.calls == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("TRAINING_IN_PROGRESS", "not trained yet"),
        ("COPYING_IN_PROGRESS", "not trained yet"),
        ("TRAINING_FAILED", "bad labels"),
        ("DELETING", "can't run"),
        ("EXPIRED", "can't run"),
    ],
)
def test_a_model_that_cannot_run_is_left_unclaimed(world: World, status: str, words: str) -> None:
    """What can't be started is neither claimed nor started, and the reason says its status."""
    world.versions[V1].status = status
    world.versions[V1].message = "bad labels"
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert status in answer["Reason"]
    assert words in answer["Reason"]
    assert world.versions[V1].tags == {}
    assert world.count("StartProjectVersion") == 0


@pytest.mark.parametrize("arn", [version_arn("v9"), version_arn("v1", "nothing")])
def test_missing_version_is_named(world: World, arn: str) -> None:
    """A version that does not exist fails by its ARN, whether its project exists or not."""
    answer = created(world, arn)
    assert answer["Status"] == "FAILED"
    assert f"{arn} does not exist" in answer["Reason"]


def test_missing_project_is_named(world: World) -> None:
    """A version whose project can't be found, which can't be, is not taken for one that does not exist."""
    world.projects.clear()
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "no project parts is found" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0


def test_content_moderation_adapter_is_refused(world: World) -> None:
    """A version of another feature can't be started."""
    world.versions[V1].feature = "CONTENT_MODERATION"
    answer = created(world)
    assert "CONTENT_MODERATION" in answer["Reason"]


def test_failed_start_tells_the_status_message_and_leaves_nothing(world: World) -> None:
    """FAILED after our start is told with its StatusMessage; one Stop in case it bills; no claim left."""
    world.versions[V1].ends_as = "FAILED"
    world.versions[V1].message = "the model could not be deployed"
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "the model could not be deployed" in answer["Reason"]
    assert world.count("StartProjectVersion") == 1
    assert world.count("StopProjectVersion") == 1
    assert world.owner(V1) is None


def test_a_model_that_failed_before_is_started_once(world: World) -> None:
    """FAILED from an earlier time is started again, once."""
    world.versions[V1].status = "FAILED"
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_quota_fails_soon_with_advice(world: World) -> None:
    """LimitExceeded is not tried again; the answer comes once no other delivery can have started anything."""
    world.running_quota = 0
    before = world.clock.now()
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "LimitExceededException" in answer["Reason"]
    assert "STOP_FIRST" in answer["Reason"]
    assert answer["At"] - before < 60
    assert world.count("StartProjectVersion") == 1
    assert world.versions[V1].tags == {}


def test_a_failure_is_written_down_15_seconds_before_anything_is_undone(world: World) -> None:
    """G5: the other deliveries of the request read `failed` in the claim before the model is stopped."""
    written: list[float] = []
    stops: list[float] = []

    def note(action: str, arn: str) -> None:
        if action == "TagResource" and world.statuses(V1)[-1:] == ["FAILED"]:
            written.append(world.clock.now())
        if action == "StopProjectVersion":
            stops.append(world.clock.now())

    world.before = note
    world.versions[V1].ends_as = "FAILED"
    created(world)
    assert len(written) == 1
    assert 15 <= stops[0] - written[0] < 20


def test_g3_timeout_stops_the_model_before_the_answer(world: World) -> None:
    """G3, G4: a start that never ends is stopped before FAILED, which comes in time."""
    world.versions[V1].start_seconds = 10 * 3600
    world.stop_while_starting = True
    before = world.clock.now()
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "STARTING" in answer["Reason"]
    assert world.versions[V1].status == "STOPPED"
    assert answer["At"] - before < 3600


def test_timeout_while_stop_is_refused_answers_in_time_and_keeps_the_claim(world: World) -> None:
    """Where STARTING can't be stopped, FAILED still comes in time and the Delete finds its claim."""
    world.versions[V1].start_seconds = 10 * 3600
    before = world.clock.now()
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert answer["At"] - before < 3600
    assert "stop-project-version" in answer["Reason"]
    assert world.holders(V1)["Model"].failed


def test_stopped_by_hand_while_we_wait(world: World) -> None:
    """A model that somebody stops while it starts fails with that reason, and isn't started again."""
    world.clock.at(100, lambda: world.move(V1, "STOPPED"))
    answer = created(world)
    assert "stopped by somebody else" in answer["Reason"]
    assert world.count("StartProjectVersion") == 1


def test_deleted_by_hand_while_we_wait(world: World) -> None:
    """A model that somebody deletes while it starts fails with that reason."""
    world.clock.at(100, lambda: world.versions.pop(V1))
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert f"{V1} does not exist" in answer["Reason"]


def test_unknown_status_is_waited_out_and_named(world: World) -> None:
    """A status of a later API is waited for until the deadline, then named."""
    world.versions[V1].status = "PONDERING"
    answer = created(world, TimeoutSeconds="600")
    assert "PONDERING" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0


def test_adopts_a_model_that_runs_unclaimed(world: World) -> None:
    """A model that runs unclaimed is claimed, not started, and an attribute says so."""
    world.run_model(V1)
    answer = created(world)
    assert answer["Data"]["Adopted"] == "true"
    assert world.count("StartProjectVersion") == 0
    assert world.owner(V1) == STACK


def test_adopted_with_other_units_is_resized(world: World) -> None:
    """An adopted model gets the declared units."""
    world.run_model(V1, "3")
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STOPPING", "STOPPED", "STARTING", "RUNNING"]


def claimed_by_another_stack(world: World) -> None:
    """A resource of another stack has the model."""
    theirs = world.other_stack()
    theirs.goes("CREATE_IN_PROGRESS")
    theirs.begins("CREATE", {"ProjectVersionArn": V1}, "Theirs")
    theirs.completes("Theirs", V1)
    theirs.done()
    world.own(V1, stack=OTHER, logical_id="Theirs")


def test_g6_a_model_of_another_stack_is_left_alone(world: World) -> None:
    """G6: another stack's model makes create fail with the owner's name."""
    claimed_by_another_stack(world)
    world.run_model(V1)
    tags = dict(world.versions[V1].tags)
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "stack other (resource Theirs)" in answer["Reason"]
    assert world.versions[V1].tags == tags
    assert world.versions[V1].status == "RUNNING"


def test_g6_an_owner_that_rests_with_another_model_still_owns(world: World) -> None:
    """G6: its clean-up Delete, which stops the model, may be on its way."""
    claimed_by_another_stack(world)
    theirs = world.other_stack()
    theirs.goes("UPDATE_IN_PROGRESS")
    theirs.begins("UPDATE", {"ProjectVersionArn": version_arn("v2")}, "Theirs")
    theirs.completes("Theirs", version_arn("v2"))
    assert "stack other (resource Theirs)" in created(world)["Reason"]
    assert world.owner(V1) == OTHER


@pytest.mark.parametrize("gone", ["resource", "stack"])
def test_g6_a_claim_whose_stack_is_gone_is_taken_over(world: World, gone: str) -> None:
    """G6: what a stack or a resource that is gone has claimed can be taken."""
    claimed_by_another_stack(world)
    if gone == "resource":
        world.other_stack().begins("DELETE", {"ProjectVersionArn": V1}, "Theirs")
        world.other_stack().completes("Theirs")
    else:
        world.stacks.pop(OTHER)
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.owner(V1) == STACK


def test_g6_two_resources_of_one_stack_hold_a_model_together(world: World) -> None:
    """G6: a model belongs to all resources of its stack that declare it; the second one starts nothing."""
    created(world)
    answer = created(world, logical_id="Twin")
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["Adopted"] == "false"
    assert world.count("StartProjectVersion") == 1
    assert set(world.holders(V1)) == {"Model", "Twin"}


def test_g6_claimed_by_another_meanwhile(world: World) -> None:
    """G6: whoever reads back another's claim gives way, and leaves the model alone."""

    def overwrite(action: str, arn: str) -> None:
        if action == "TagResource":
            claimed_by_another_stack(world)

    world.after = overwrite
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "stack other (resource Theirs)" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0
    assert world.owner(V1) == OTHER


def test_g6_a_claim_that_is_overwritten_during_the_start_is_given_up(world: World) -> None:
    """G6: of two stacks that claimed a model within seconds the last one has it, and nobody stops it."""
    world.clock.at(100, lambda: claimed_by_another_stack(world))
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "stack other (resource Theirs)" in answer["Reason"]
    assert world.statuses(V1) == ["STARTING", "RUNNING"]
    assert world.owner(V1) == OTHER


def test_g6_a_claim_that_shows_late_is_waited_for(world: World) -> None:
    """G6: tags may show for a while what was before our own claim was written."""

    def lag(action: str, arn: str) -> None:
        if action == "TagResource":
            world.after = lambda action, arn: None
            ours = dict(world.versions[V1].tags)
            claimed_by_another_stack(world)
            world.clock.at(5, lambda: world.versions[V1].tags.update(ours))

    world.after = lag
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.owner(V1) == STACK


def test_g6_a_claim_overwritten_from_an_older_view_is_written_again(world: World) -> None:
    """G6: a late request of the same resource wrote its older T without having seen ours."""
    event = creating(world)
    since = world.stack.began_at()

    def overwrite(action: str, arn: str) -> None:
        if action == "TagResource":
            world.after = lambda action, arn: None
            world.own(V1, t=since - 1000)

    world.after = overwrite
    answer = answered(world, event)
    assert answer["Status"] == "SUCCESS"
    assert world.holders(V1)["Model"].t == since
