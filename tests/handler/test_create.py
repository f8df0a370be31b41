"""Create: RUNNING before SUCCESS, nothing left after FAILED."""

from __future__ import annotations

import pytest
from world import STACK, V1, World, created, version_arn

from running_model_handler.core.names import Tag


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


def test_g1_answers_after_running_within_a_poll_interval(world: World) -> None:
    """G1: SUCCESS follows RUNNING, by at most one poll interval and a second."""
    answer = created(world)
    assert answer is not None
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
    }


def test_calls_before_start_are_the_designs(world: World) -> None:
    """Look-up, observation, looks at the stack around a claim that is written and read back: no more."""
    created(world)
    names = [name for name, _ in world.calls]
    assert names[: names.index("StartProjectVersion")] == [
        "ListTagsForResource",
        "DescribeProjects",
        "DescribeProjectVersions",
        "DescribeStackResource",
        "DescribeStackEvents",
        "TagResource",
        "ListTagsForResource",
        "DescribeStackResource",
    ]


def test_project_arn_spares_the_look_up(world: World) -> None:
    """A declared project ARN needs no DescribeProjects."""
    arn = V1.split("/version/")[0] + "/1690734433420"
    answer = created(world, ProjectArn=arn)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("DescribeProjects") == 0


def test_start_longer_than_invocations_crosses_hand_overs() -> None:
    """G4: a start of 50 minutes is waited for through several invocations, with one Start."""
    world = World()
    world.versions[V1].start_seconds = 50 * 60
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert 3 <= len(world.invocations) <= 5
    assert world.count("StartProjectVersion") == 1
    assert len(world.answers) == 1


def test_units_with_maximum_reach_the_service(world: World) -> None:
    """Strings become units, and both bounds are returned."""
    answer = created(world, MinInferenceUnits="2", MaxInferenceUnits="4")
    assert answer is not None
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
    assert answer is not None
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
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert status in answer["Reason"]
    assert words in answer["Reason"]
    assert world.versions[V1].tags == {}
    assert world.count("StartProjectVersion") == 0


def test_missing_version_is_named(world: World) -> None:
    """A version that does not exist is told apart from a project that does not."""
    answer = created(world, version_arn("v9"))
    assert answer is not None
    assert "no version v9" in answer["Reason"]


def test_missing_project_is_named(world: World) -> None:
    """A project that does not exist is named."""
    answer = created(world, version_arn("v1", "nothing"))
    assert answer is not None
    assert "project nothing does not exist" in answer["Reason"]


def test_content_moderation_adapter_is_refused(world: World) -> None:
    """A version of another feature can't be started."""
    world.versions[V1].feature = "CONTENT_MODERATION"
    answer = created(world)
    assert answer is not None
    assert "CONTENT_MODERATION" in answer["Reason"]


def test_failed_start_tells_the_status_message_and_leaves_nothing(world: World) -> None:
    """FAILED after our start ends the request with StatusMessage; one Stop in case it bills; released."""
    world.versions[V1].ends_as = "FAILED"
    world.versions[V1].message = "the model could not be deployed"
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "the model could not be deployed" in answer["Reason"]
    assert world.count("StartProjectVersion") == 1
    assert world.count("StopProjectVersion") == 1
    assert Tag.STACK_ID not in world.versions[V1].tags


def test_a_model_that_failed_before_is_started_once(world: World) -> None:
    """FAILED from an earlier time is started again, once."""
    world.versions[V1].status = "FAILED"
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_quota_fails_soon_with_advice(world: World) -> None:
    """LimitExceeded is not tried again; the answer comes once no other delivery can have started anything."""
    world.running_quota = 0
    before = world.clock.now()
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "LimitExceededException" in answer["Reason"]
    assert "STOP_FIRST" in answer["Reason"]
    assert answer["At"] - before < 60
    assert world.count("StartProjectVersion") == 1


def test_g3_timeout_stops_the_model_before_the_answer(world: World) -> None:
    """G3, G4: a start that never ends is stopped before FAILED, which comes in time."""
    world.versions[V1].start_seconds = 10 * 3600
    world.stop_while_starting = True
    before = world.clock.now()
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "STARTING" in answer["Reason"]
    assert world.versions[V1].status == "STOPPED"
    assert answer["At"] - before < 3600


def test_timeout_while_stop_is_refused_answers_in_time_and_keeps_the_claim(world: World) -> None:
    """Where STARTING can't be stopped, FAILED still comes in time and the Delete finds its claim."""
    world.versions[V1].start_seconds = 10 * 3600
    before = world.clock.now()
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert answer["At"] - before < 3600
    assert "stop-project-version" in answer["Reason"]
    assert world.versions[V1].tags[Tag.LOGICAL_ID] == "Model"


def test_stopped_by_hand_while_we_wait(world: World) -> None:
    """A model that somebody stops while it starts fails with that reason, and isn't started again."""
    world.clock.at(100, lambda: world.move(V1, "STOPPED"))
    answer = created(world)
    assert answer is not None
    assert "stopped by somebody else" in answer["Reason"]
    assert world.count("StartProjectVersion") == 1


def test_deleted_by_hand_while_we_wait(world: World) -> None:
    """A model that somebody deletes while it starts fails with that reason."""
    world.clock.at(100, lambda: world.versions.pop(V1))
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "no such project version" in answer["Reason"]


def test_unknown_status_is_waited_out_and_named(world: World) -> None:
    """A status of a later API is waited for until the deadline, then named."""
    world.versions[V1].status = "PONDERING"
    answer = created(world, TimeoutSeconds="600")
    assert answer is not None
    assert "PONDERING" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0


def test_adopts_a_model_that_runs_unclaimed(world: World) -> None:
    """A model that runs unclaimed is claimed, not started, and an attribute says so."""
    world.run_model(V1)
    answer = created(world)
    assert answer is not None
    assert answer["Data"]["Adopted"] == "true"
    assert world.count("StartProjectVersion") == 0
    assert world.versions[V1].tags[Tag.STACK_ID] == STACK


def test_adopted_with_other_units_is_resized(world: World) -> None:
    """An adopted model gets the declared units."""
    world.run_model(V1, "3")
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STOPPING", "STOPPED", "STARTING", "RUNNING"]


def test_g6_a_model_of_another_stack_is_left_alone(world: World) -> None:
    """G6: another stack's model makes create fail with the owner's name."""
    other = STACK.replace("stack/parts", "stack/other")
    world.own(V1, stack=other, logical_id="Theirs")
    world.set_resource("CREATE_COMPLETE", "Theirs", other)
    world.run_model(V1)
    tags = dict(world.versions[V1].tags)
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "stack other (resource Theirs)" in answer["Reason"]
    assert world.versions[V1].tags == tags
    assert world.versions[V1].status == "RUNNING"


@pytest.mark.parametrize("status", [None, "DELETE_COMPLETE"])
def test_g6_a_claim_whose_stack_is_gone_is_taken_over(world: World, status: str | None) -> None:
    """G6: what a stack that is gone has claimed can be taken."""
    other = STACK.replace("stack/parts", "stack/other")
    world.own(V1, stack=other, logical_id="Theirs")
    if status:
        world.set_resource(status, "Theirs", other)
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.STACK_ID] == STACK


def test_two_resources_of_one_stack_may_not_share_a_model(world: World) -> None:
    """The same model twice in one stack fails with the other's logical id."""
    world.own(V1, logical_id="Twin")
    world.set_resource("CREATE_IN_PROGRESS", "Twin")
    answer = created(world)
    assert answer is not None
    assert "resource Twin of the same stack" in answer["Reason"]


def test_claimed_by_another_meanwhile(world: World) -> None:
    """Whoever reads back another's claim gives way, and leaves the model alone."""
    other = STACK.replace("stack/parts", "stack/other")

    def overwrite(action: str, arn: str) -> None:
        if action == "TagResource":
            world.own(V1, stack=other, logical_id="Theirs")

    world.after = overwrite
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "at the same time" in answer["Reason"]
    assert world.count("StartProjectVersion") == 0
    assert world.versions[V1].tags[Tag.STACK_ID] == other


def test_g6_the_first_of_two_waits_for_the_second_to_write_its_claim_back(world: World) -> None:
    """G6: a later rival overwrites our claim and writes it back once it has seen that we were first."""
    other = STACK.replace("stack/parts", "stack/other")

    def rival() -> None:
        ours = dict(world.versions[V1].tags)
        world.own(V1, stack=other, logical_id="Theirs")
        world.clock.at(20, lambda: world.versions[V1].tags.update(ours))

    world.clock.at(100, rival)
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.STACK_ID] == STACK


def rival_was_first(world: World) -> None:
    """Another stack's claim shows right after ours was written, then ours: it was there before."""
    other = STACK.replace("stack/parts", "stack/other")

    def overwrite(action: str, arn: str) -> None:
        if action == "TagResource":
            world.after = lambda action, arn: None
            ours = dict(world.versions[V1].tags)
            world.own(V1, stack=other, logical_id="Theirs")
            world.clock.at(5, lambda: world.versions[V1].tags.update(ours))

    world.after = overwrite
    world.set_resource("CREATE_IN_PROGRESS", "Theirs", other)


def test_g6_the_second_of_two_writes_the_claim_back_and_leaves_the_model(world: World) -> None:
    """G6: the first one lives, so the model, which it has started, is its own to stop."""
    world.run_model(V1)
    rival_was_first(world)
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].tags[Tag.STACK_ID] != STACK
    assert world.versions[V1].status == "RUNNING"


def test_g3_the_second_of_two_stops_what_the_first_has_left_to_it(world: World) -> None:
    """G3: the first one was deleted while the claim was ours, and left the model to us."""
    world.run_model(V1)
    rival_was_first(world)
    other = STACK.replace("stack/parts", "stack/other")
    world.clock.at(10, lambda: world.set_resource("DELETE_COMPLETE", "Theirs", other))
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STOPPED"


def test_g6_a_claim_overwritten_from_an_older_view_is_written_again(world: World) -> None:
    """G6: a late request of the same resource wrote at the same time, without having seen our claim."""

    def overwrite(action: str, arn: str) -> None:
        if action == "TagResource":
            world.after = lambda action, arn: None
            world.own(V1)

    world.after = overwrite
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.REQUESTS].split()[1] == "earlier"
