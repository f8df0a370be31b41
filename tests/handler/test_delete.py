"""Delete: SUCCESS only when nothing bills, and only what this owner claimed is stopped."""

from __future__ import annotations

import pytest
from deletes import OTHER, delete, deleting, world_of_a_deletion
from world import STACK, V1, World, created, properties, request, service_error

from running_model_handler.core.names import Tag
from running_model_handler.core.waiting import SETTLE_SECONDS

INVENTED = "parts-Model-1A2B3C4D5E6F"


@pytest.fixture
def world() -> World:
    """The stack's model runs and the stack is being deleted."""
    return world_of_a_deletion()


def test_g2_success_means_stopped(world: World) -> None:
    """G2: SUCCESS follows STOPPED, within a poll interval, and the claim is released."""
    answer = delete(world)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == V1
    stopped_at = next(at for at, _, status in world.history if status == "STOPPED")
    assert stopped_at <= answer["At"] <= stopped_at + 6
    assert set(world.versions[V1].tags) == {Tag.REQUESTS}


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


def test_project_gone_is_done(world: World) -> None:
    """A project that was deleted by hand, which it can be once it has no versions, needs nothing."""
    world.projects.clear()
    del world.versions[V1]
    assert delete(world)["Status"] == "SUCCESS"


def test_the_claim_remembers_the_project(world: World) -> None:
    """A clean-up needs no DescribeProjects, which the new template's role may no longer have."""
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "1690734433420"
    delete(world)
    assert world.count("DescribeProjects") == 0


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
    assert (
        f"aws rekognition stop-project-version --region eu-west-1 --project-version-arn {V1}"
        in (answer["Reason"])
    )


def test_retried_delete_after_failure_finishes(world: World) -> None:
    """DELETE_FAILED can be tried again and succeeds once the model stops."""
    world.versions[V1].stop_seconds = 4000
    assert delete(world)["Status"] == "FAILED"
    deleting(world)
    assert delete(world, request_id="r10")["Status"] == "SUCCESS"
    assert world.count("StopProjectVersion") == 1


def test_g6_another_stacks_model_is_left_alone(world: World) -> None:
    """G6: a create that failed on another's model is followed by a Delete that leaves it alone."""
    world.own(V1, stack=OTHER, logical_id="Theirs")
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"
    assert world.versions[V1].tags[Tag.STACK_ID] == OTHER


def test_rolled_back_create_leaves_an_unclaimed_model(world: World) -> None:
    """A create that failed before its claim never had the model, which somebody else runs."""
    world.versions[V1].tags.clear()
    world.stacks[STACK] = "ROLLBACK_IN_PROGRESS"
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


@pytest.mark.parametrize("was", ["CREATE_FAILED", "CREATE_IN_PROGRESS"])
def test_a_create_that_failed_leaves_an_unclaimed_model(world: World, was: str) -> None:
    """Its stack is deleted at once (OnFailure=DELETE), or later: somebody else runs the model."""
    world.versions[V1].tags.clear()
    world.was[STACK, "Model"] = was
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


@pytest.mark.parametrize("was", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED", None])
def test_tags_removed_by_hand_do_not_leak(world: World, was: str | None) -> None:
    """G3: a stack's own model stops although somebody removed its tags."""
    world.versions[V1].tags.clear()
    if was:
        world.was[STACK, "Model"] = was
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("removed", [Tag.STACK_ID, Tag.LOGICAL_ID])
def test_one_tag_removed_by_hand_does_not_leak(world: World, removed: Tag) -> None:
    """G3: what is left of the claim is no release, which leaves nothing but its history."""
    del world.versions[V1].tags[removed]
    world.was[STACK, "Model"] = "CREATE_COMPLETE"
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g6_a_released_model_that_a_person_has_started_is_left_alone(world: World) -> None:
    """G6: an earlier try has stopped and released it; the Delete that is sent again finds it running."""
    world.versions[V1].tags = {str(Tag.REQUESTS): "earlier"}
    world.was[STACK, "Model"] = "CREATE_COMPLETE"
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_a_claim_that_does_not_show_yet_is_no_release(world: World) -> None:
    """G3: an earlier life of the resource has released the model, and the tags of this one come late."""
    claim = dict(world.versions[V1].tags)
    world.versions[V1].tags = {str(Tag.REQUESTS): "earlier"}
    world.was[STACK, "Model"] = "CREATE_COMPLETE"
    world.clock.at(8, lambda: world.versions[V1].tags.update(claim))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_invented_id_stops_what_was_claimed(world: World) -> None:
    """A cancelled create: the id is invented, the claim tells that the model is ours."""
    assert delete(world, physical_id=INVENTED)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_invented_id_leaves_what_was_not_claimed(world: World) -> None:
    """A cancelled create that had not claimed the model yet: whoever runs it keeps it."""
    world.versions[V1].tags.clear()
    answer = delete(world, physical_id=INVENTED)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == INVENTED
    assert world.versions[V1].status == "RUNNING"


def test_a_start_that_does_not_show_yet_when_a_create_has_failed_is_caught(world: World) -> None:
    """G3: another delivery of the create had started the model before it learned that all is over."""
    world.versions[V1].status = "TRAINING_COMPLETED"
    world.stacks[STACK] = "ROLLBACK_IN_PROGRESS"
    world.was[STACK, "Model"] = "CREATE_FAILED"
    world.clock.at(4, lambda: world.move(V1, "STARTING"))
    world.clock.at(60, lambda: world.move_if(V1, "STARTING", "RUNNING"))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_a_sibling_that_is_rolled_back_is_not_waited_for(world: World) -> None:
    """Its create had succeeded: what shows is all there is."""
    world.versions[V1].status = "STOPPED"
    world.stacks[STACK] = "ROLLBACK_IN_PROGRESS"
    world.was[STACK, "Model"] = "CREATE_COMPLETE"
    before = world.clock.now()
    assert delete(world)["At"] - before < SETTLE_SECONDS


def test_start_in_flight_during_a_cancelled_create_is_caught(world: World) -> None:
    """G3: the create's worker was just about to start; its Delete stays to see that, and stops it."""
    world.versions[V1].status = "STOPPED"
    world.versions[V1].tags.clear()
    world.clock.at(6, lambda: world.own(V1))
    world.clock.at(8, lambda: world.move(V1, "STARTING"))
    world.clock.at(60, lambda: world.move_if(V1, "STARTING", "RUNNING"))
    assert delete(world, physical_id=INVENTED)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_no_arn_anywhere_is_done_without_a_call(world: World) -> None:
    """A create that failed on its properties is deleted without a look at anything."""
    answer = world.deliver(
        request("Delete", {"ProjectVersionArn": "nonsense"}, physical_id="parts-Model-no-model")
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == "parts-Model-no-model"
    assert world.calls == []


def test_bad_properties_do_not_keep_a_delete_from_stopping(world: World) -> None:
    """Whatever else is wrong in the properties, the model stops."""
    answer = world.deliver(
        request("Delete", properties(MinInferenceUnits="x", PollIntervalSeconds="never"), physical_id=V1)
    )
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_cloudformation_out_of_reach_does_not_keep_a_delete_from_stopping(world: World) -> None:
    """A Delete works without a look at the stack."""

    def deny(action: str, arn: str) -> None:
        if action.startswith("DescribeStack"):
            raise service_error("AccessDenied", f"cloudformation:{action}")

    world.before = deny
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_stop_refused_for_lack_of_permission_names_it(world: World) -> None:
    """A missing permission ends as FAILED with the action and the command."""

    def deny(action: str, arn: str) -> None:
        if action == "StopProjectVersion":
            raise service_error("AccessDeniedException", "rekognition:StopProjectVersion")

    world.before = deny
    answer = delete(world)
    assert answer["Status"] == "FAILED"
    assert "rekognition:StopProjectVersion" in answer["Reason"]
    assert "aws rekognition stop-project-version" in answer["Reason"]


def test_long_stop_crosses_hand_overs() -> None:
    """G4: a stop of 40 minutes is waited for through several invocations."""
    world = World()
    world.run_model(V1)
    world.own(V1)
    world.versions[V1].stop_seconds = 40 * 60
    deleting(world)
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
    deleting(world)
    assert delete(world)["Status"] == "SUCCESS"
    assert Tag.STACK_ID not in world.versions[V1].tags
