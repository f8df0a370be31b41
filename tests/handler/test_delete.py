"""Delete: SUCCESS only when nothing bills, and only what this owner claimed is stopped."""

from __future__ import annotations

import pytest
from deletes import INVENTED, delete, deleting, living_world
from updates import update
from world import (
    OTHER,
    REGION,
    V1,
    V2,
    World,
    answered,
    created,
    creating,
    properties,
    request,
    service_error,
)

from running_model_handler.core.names import Tag
from running_model_handler.core.waiting import SETTLE_SECONDS

COMMAND = f"aws rekognition stop-project-version --region {REGION} --project-version-arn {V1}"


@pytest.fixture
def world() -> World:
    """The stack's model has run for an hour."""
    return living_world()


def test_g2_success_means_stopped(world: World) -> None:
    """G2: SUCCESS follows STOPPED, within a poll interval, and the claim is removed."""
    answer = delete(world)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V1
    stopped_at = next(at for at, _, status in world.history if status == "STOPPED")
    assert stopped_at <= answer["At"] <= stopped_at + 6
    assert world.versions[V1].tags == {}


def test_calls_before_a_stop_are_the_designs(world: World) -> None:
    """The stack, the tags, one look: no more, since the claim remembers the project."""
    delete(world)
    names = [name for name, _ in world.calls]
    assert names[: names.index("StopProjectVersion")] == [
        "DescribeStackEvents",
        "ListTagsForResource",
        "DescribeProjectVersions",
    ]


@pytest.mark.parametrize(
    "status",
    ["STOPPED", "TRAINING_COMPLETED", "TRAINING_IN_PROGRESS", "TRAINING_FAILED", "DELETING", "DEPRECATED"],
)
def test_what_does_not_run_is_done(world: World, status: str) -> None:
    """Already stopped or never trained: done without a Stop."""
    world.versions[V1].status = status
    assert delete(world)["Status"] == "SUCCESS"
    assert world.count("StopProjectVersion") == 0


def test_version_gone_is_done(world: World) -> None:
    """A version that was deleted by hand needs nothing."""
    del world.versions[V1]
    assert delete(world)["Status"] == "SUCCESS"


def test_version_gone_while_it_stops_is_done(world: World) -> None:
    """A version that is deleted once it has stopped needs nothing more."""
    world.clock.at(60, lambda: world.versions.pop(V1))
    assert delete(world)["Status"] == "SUCCESS"


def test_project_gone_is_done(world: World) -> None:
    """A project that was deleted by hand, which it can be once it has no versions, needs nothing."""
    world.projects.clear()
    del world.versions[V1]
    assert delete(world)["Status"] == "SUCCESS"


def test_failed_model_gets_one_stop(world: World) -> None:
    """FAILED may bill: one Stop, refused or not, then done."""
    world.versions[V1].status = "FAILED"
    assert delete(world)["Status"] == "SUCCESS"
    assert world.count("StopProjectVersion") == 1


@pytest.mark.parametrize("accepted", [True, False])
def test_starting_is_stopped_as_soon_as_it_can_be(world: World, accepted: bool) -> None:
    """STARTING: stopped at once where the service allows it, else once it runs."""
    world.stop_while_starting = accepted
    world.move(V1, "STARTING")
    world.clock.at(300, lambda: world.move_if(V1, "STARTING", "RUNNING"))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert ("RUNNING" in world.statuses(V1)) is not accepted


def test_a_stop_that_never_ends_fails_with_the_command(world: World) -> None:
    """G3: the last resort, after nearly an hour, names the command that stops the model by hand."""
    world.versions[V1].stop_seconds = 10 * 3600
    begin = world.clock.now()
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert 3000 < answer["At"] - begin < 3600
    assert COMMAND in answer["Reason"]


def test_retried_delete_after_failure_finishes(world: World) -> None:
    """DELETE_FAILED can be tried again and succeeds once the model stops."""
    world.versions[V1].stop_seconds = 4000
    assert delete(world)["Status"] == "FAILED"
    world.stack.goes("DELETE_FAILED")
    world.stack.goes("DELETE_IN_PROGRESS")
    assert delete(world)["Status"] == "SUCCESS"
    assert world.count("StopProjectVersion") == 1


# --- views of the stack that are old -------------------------------------------------------------


def test_g2_a_delete_that_is_not_shown_yet_is_waited_for(world: World) -> None:
    """G2: what CloudFormation shows may be from before it sent the Delete."""
    world.stack.lag = 8
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("seconds", [16, 120, 1800])
def test_g2_a_delete_goes_on_asking_however_long_its_deletion_does_not_show(
    world: World, seconds: int
) -> None:
    """G2: CREATE_COMPLETE is no reason to call a model gone that runs; it stops once the deletion shows."""
    world.stack.as_of = world.clock.now() - 1
    world.clock.at(seconds, lambda: setattr(world.stack, "as_of", None))
    begin = world.clock.now()
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"
    assert seconds <= world.history[0][0] - begin <= seconds + 32


def test_g2_a_delete_whose_deletion_never_shows_is_failed_at_its_deadline(world: World) -> None:
    """G2, G3: nothing is stopped on the word of an old view, and nothing is called gone."""
    world.stack.as_of = world.clock.now() - 1
    begin = world.clock.now()
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert COMMAND in answer["Reason"]
    assert 3000 < answer["At"] - begin < 3600
    assert world.history == []


def test_g2_the_deletion_of_a_former_life_is_no_word_on_this_one() -> None:
    """G2: an old view shows DELETE_COMPLETE of what the resource was before it was made anew."""
    world = living_world()
    world.stack.goes("UPDATE_IN_PROGRESS")
    world.stack.begins("DELETE", properties())
    world.stack.completes()
    world.stack.done()
    world.clock.sleep(60)
    world.stack.goes("UPDATE_IN_PROGRESS")
    seen_before = world.clock.now() - 1
    created(world)
    world.stack.done()
    world.stack.as_of = seen_before
    world.clock.at(10, lambda: setattr(world.stack, "as_of", None))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


# --- whose a model is --------------------------------------------------------------------------------


def test_g6_another_stacks_model_is_left_alone(world: World) -> None:
    """G6: a create that failed on another's model is followed by a Delete that leaves it alone."""
    theirs = world.other_stack()
    theirs.goes("CREATE_IN_PROGRESS")
    theirs.begins("CREATE", properties(), "Theirs")
    world.own(V1, stack=OTHER, logical_id="Theirs")
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert world.owner(V1) == OTHER


def failed_create(physical_id: str | None = V1) -> World:
    """A world in which a person runs the model, and a create of it has failed before its claim."""
    world = World()
    world.run_model(V1)
    creating(world)
    world.stack.fails(physical_id=physical_id)
    return world


@pytest.mark.parametrize("then", ["rolled back", "deleted at once", "deleted later"])
def test_a_create_that_failed_leaves_an_unclaimed_model(then: str) -> None:
    """It never had the model, which somebody else runs."""
    world = failed_create()
    if then == "rolled back":
        world.stack.goes("ROLLBACK_IN_PROGRESS")
    if then == "deleted later":
        world.stack.goes("CREATE_FAILED")
        world.clock.sleep(3600)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert world.versions[V1].tags == {}


@pytest.mark.parametrize("was", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED"])
def test_tags_removed_by_hand_do_not_leak(world: World, was: str) -> None:
    """G3: CloudFormation's record says that the resource had the model; it stops without its tags."""
    if was == "UPDATE_COMPLETE":
        update(world, properties(TimeoutSeconds="600"), properties())
        world.stack.done()
    if was == "UPDATE_FAILED":
        update(world, properties(MinInferenceUnits="9"), properties())
        world.stack.goes("UPDATE_FAILED")
        world.run_model(V1)
    world.versions[V1].tags.clear()
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("kept", ["the stack", "the holder"])
def test_one_tag_removed_by_hand_does_not_leak(world: World, kept: str) -> None:
    """G3: what is left of the claim is enough, or CloudFormation's record is."""
    tags = world.versions[V1].tags
    if kept == "the stack":
        world.versions[V1].tags = {key: text for key, text in tags.items() if key == Tag.STACK_ID}
    else:
        del tags[str(Tag.STACK_ID)]
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_invented_id_stops_what_was_claimed() -> None:
    """A cancelled create: the id is invented, the claim tells that the model is ours."""
    world = World()
    creating(world)
    world.run_model(V1)
    world.own(V1)
    world.stack.turns_back()
    answer = delete(world, physical_id=INVENTED)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", INVENTED)
    assert world.versions[V1].status == "STOPPED"
    assert world.owner(V1) is None


def test_invented_id_leaves_what_was_not_claimed() -> None:
    """A cancelled create that had not claimed the model yet: whoever runs it keeps it."""
    world = failed_create(physical_id=None)
    world.stack.turns_back()
    answer = delete(world, physical_id=INVENTED)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == INVENTED
    assert world.versions[V1].status == "RUNNING"


def test_invented_id_that_the_events_do_not_show() -> None:
    """DELETE events may carry an empty id where CloudFormation invented one."""
    world = World()
    creating(world)
    world.run_model(V1)
    world.own(V1)
    world.stack.turns_back()
    world.stack.begins("DELETE", properties())
    answer = answered(world, request("Delete", properties(), physical_id=INVENTED))
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_a_deletion_without_an_id_is_not_that_of_an_answered_resource(world: World) -> None:
    """Nor does it stand for a Delete that names a model of its own."""
    world.stack.goes("UPDATE_ROLLBACK_IN_PROGRESS")
    world.stack.begins("CREATE", properties(V2), "Other")
    world.stack.fails("Other")
    world.stack.begins("DELETE", properties(V2), "Other")
    late = world.deliver(request("Delete", properties(), physical_id=V1, logical_id="Other"))
    assert late is not None
    assert world.versions[V1].status == "RUNNING"


# --- what a create that ended may still do ---------------------------------------------------------------


def test_a_start_that_does_not_show_yet_when_a_create_has_failed_is_caught() -> None:
    """G3: another delivery of the create had started the model before it learned that all is over."""
    world = World()
    creating(world)
    world.own(V1)
    world.stack.fails(physical_id=V1)
    world.stack.goes("ROLLBACK_IN_PROGRESS")
    world.clock.at(4, lambda: world.move(V1, "STARTING"))
    world.clock.at(60, lambda: world.move_if(V1, "STARTING", "RUNNING"))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_start_in_flight_during_a_cancelled_create_is_caught() -> None:
    """G3: unclaimed is not final: the create's worker was about to claim and to start the model."""
    world = World()
    creating(world)
    world.stack.turns_back()
    world.clock.at(6, lambda: world.own(V1))
    world.clock.at(8, lambda: world.move(V1, "STARTING"))
    world.clock.at(60, lambda: world.move_if(V1, "STARTING", "RUNNING"))
    assert delete(world, physical_id=INVENTED)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_a_claim_in_flight_during_another_stacks_is_caught() -> None:
    """G3: two stacks claim a model at once, and old tags show the other one's claim first."""
    world = World()
    theirs = world.other_stack()
    theirs.goes("CREATE_IN_PROGRESS")
    theirs.begins("CREATE", properties(), "Theirs")
    world.own(V1, stack=OTHER, logical_id="Theirs")
    creating(world)
    world.stack.turns_back()
    world.clock.at(3, lambda: world.own(V1))
    world.clock.at(4, lambda: world.move(V1, "STARTING"))
    world.clock.at(60, lambda: world.move_if(V1, "STARTING", "RUNNING"))
    assert delete(world, physical_id=INVENTED)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_a_cancelled_create_is_watched_for_30_seconds_and_no_longer() -> None:
    """G3: counted from when it was cut off, not from when the Delete came."""
    for waited, left in ((0, 30), (20, 10), (3600, 0)):
        world = World()
        creating(world)
        world.stack.turns_back()
        world.clock.sleep(waited)
        begin = world.clock.now()
        answer = delete(world, physical_id=INVENTED)
        assert left <= answer["At"] - begin < left + 5


def test_a_create_that_was_answered_is_watched_for_15_seconds() -> None:
    """G3: only a duplicate of it can be late; what was cut off may still be at work itself."""
    world = World()
    world.versions[V1].ends_as = "FAILED"
    assert created(world)["Status"] == "FAILED"
    world.stack.goes("ROLLBACK_IN_PROGRESS")
    begin = world.clock.now()
    answer = delete(world)
    assert answer["Status"] == "SUCCESS"
    assert 15 <= answer["At"] - begin < 20


def test_a_sibling_that_is_rolled_back_is_not_waited_for() -> None:
    """Its create had succeeded a while ago: what shows is all there is."""
    world = World()
    created(world)
    world.clock.sleep(SETTLE_SECONDS)
    world.versions[V1].status = "STOPPED"
    world.stack.goes("ROLLBACK_IN_PROGRESS")
    before = world.clock.now()
    assert delete(world)["Status"] == "SUCCESS"
    assert world.clock.now() - before < 5


# --- what is wrong with the request ------------------------------------------------------------------------


def test_no_arn_anywhere_is_done_without_a_look_at_a_model(world: World) -> None:
    """A create that failed on its properties is deleted without a look at anything."""
    answer = world.deliver(
        request("Delete", {"ProjectVersionArn": "nonsense"}, physical_id="parts-Model-no-model")
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == "parts-Model-no-model"
    assert not [action for action, _ in world.calls if not action.startswith("DescribeStack")]


def test_bad_properties_do_not_keep_a_delete_from_stopping(world: World) -> None:
    """Whatever else is wrong in the properties, the model stops."""
    answer = delete(world, MinInferenceUnits="x", PollIntervalSeconds="never")
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_long_stop_crosses_hand_overs(world: World) -> None:
    """G4: a stop of 40 minutes is waited for through several invocations."""
    world.versions[V1].stop_seconds = 40 * 60
    assert delete(world)["Status"] == "SUCCESS"
    assert len(world.invocations) >= 3
    assert world.count("StopProjectVersion") == 1


def test_lost_answer_to_stop_is_observed(world: World) -> None:
    """G5: a Stop whose answer was lost is looked at, not assumed."""

    def lose(action: str, arn: str) -> None:
        if action == "StopProjectVersion":
            raise service_error("ConnectTimeoutError", "rekognition:StopProjectVersion", 500)

    world.after = lose
    assert delete(world)["Status"] == "SUCCESS"
    assert world.count("StopProjectVersion") == 1


def test_create_then_delete_leaves_no_claim() -> None:
    """A whole life: created, deleted, and free for the next owner."""
    world = World()
    created(world)
    world.stack.done()
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].tags.keys() == {Tag.START_SECONDS}


def test_g3_a_resource_that_is_retained_keeps_its_model(world: World) -> None:
    """DELETE_SKIPPED: CloudFormation sends no Delete, and no late one of another time stops the model."""
    event = deleting(World(), V1)
    world.stack.goes("DELETE_IN_PROGRESS")
    world.stack.skips()
    world.stack.done()
    assert world.deliver(event | {"RequestId": "late"}) is not None
    assert world.versions[V1].status == "RUNNING"
