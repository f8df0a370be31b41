"""Delete: SUCCESS only when nothing bills, and only what this owner claimed is stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from world import (
    ACCOUNT,
    REGION,
    STACK,
    V1,
    World,
    created,
    properties,
    request,
    service_error,
    version_arn,
)

from running_model_handler.core.names import Tag

OTHER = STACK.replace("stack/parts", "stack/other")
INVENTED = "parts-Model-1A2B3C4D5E6F"


@pytest.fixture
def world() -> World:
    """A world in which the stack's model runs and the stack is being deleted."""
    world = World()
    world.run_model(V1)
    world.own(V1)
    deleting(world)
    return world


def deleting(world: World) -> None:
    """CloudFormation deletes the stack."""
    world.stacks[STACK] = "DELETE_IN_PROGRESS"
    world.set_resource("DELETE_IN_PROGRESS", physical_id=V1)


def delete(world: World, physical_id: str = V1, **more: Any) -> dict[str, Any]:
    """Deliver a delete and return its answer."""
    answer = world.deliver(
        request("Delete", properties(), physical_id=physical_id, **{"request_id": "r9"} | more)
    )
    assert answer is not None
    return answer


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


WRONG_PROJECT = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/parts/1111111111111"


def wrong_in_the_property(world: World) -> dict[str, str]:
    """What the properties name as the project, where that is another one."""
    return {"ProjectArn": WRONG_PROJECT}


def wrong_in_the_tag(world: World) -> dict[str, str]:
    """A tag that somebody edited names another project."""
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "1111111111111"
    return {}


def nonsense_in_the_tag(world: World) -> dict[str, str]:
    """A tag that somebody edited names no project at all: the digits are not ASCII."""
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "١٢٣٤"
    return {}


WRONG = pytest.mark.parametrize("wrong", [wrong_in_the_property, wrong_in_the_tag, nonsense_in_the_tag])


def delete_with(world: World, **changes: str) -> dict[str, Any]:
    """Deliver a delete with other properties."""
    answer = world.deliver(request("Delete", properties(**changes), physical_id=V1, request_id="r9"))
    assert answer is not None
    return answer


@WRONG
def test_g2_a_wrong_project_does_not_make_a_running_model_absent(
    world: World, wrong: Callable[[World], dict[str, str]]
) -> None:
    """G2: another project than the model's own shows nothing of it; the right one is looked up."""
    answer = delete_with(world, **wrong(world))
    assert (answer["Status"], world.versions[V1].status) == ("SUCCESS", "STOPPED")


@WRONG
@pytest.mark.parametrize("reason", ["not allowed", "not found"])
def test_g2_a_model_that_no_project_shows_is_never_called_gone(
    world: World, wrong: Callable[[World], dict[str, str]], reason: str
) -> None:
    """G2, G3: where the right project can't be looked up, a Stop is sent and the answer is no success."""
    changes = wrong(world)

    def refuse(action: str, arn: str) -> None:
        if action == "DescribeProjects" and reason == "not allowed":
            raise service_error("AccessDeniedException", "rekognition:DescribeProjects")

    world.before = refuse
    if reason == "not found":
        world.projects.clear()
    answer = delete_with(world, **changes)
    assert answer["Status"] == "FAILED"
    assert f"aws rekognition stop-project-version --region {REGION}" in answer["Reason"]
    world.clock.sleep(600)
    assert world.versions[V1].status == "STOPPED"


def test_a_wrong_project_is_named_by_a_create(world: World) -> None:
    """A create fails by the name of the property, without a Start, and claims nothing."""
    world = World()
    answer = created(world, ProjectArn=WRONG_PROJECT)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert f"ProjectArn {WRONG_PROJECT} does not show it" in answer["Reason"]
    assert world.versions[V1].tags == {}


def test_a_create_finds_the_project_where_the_tag_was_edited() -> None:
    """G1: an edited tag does not keep a model from being started; the claim holds the right project again."""
    world = World()
    world.versions[V1].tags[Tag.PROJECT_CREATED] = "1111111111111"
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.PROJECT_CREATED] == "1690734433420"


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


def test_g5_late_duplicate_of_a_delete_does_not_stop_the_models_next_life(world: World) -> None:
    """G5, G10: after a new create, a duplicate of the former Delete is known and leaves the model running."""
    delete(world)
    world.stacks[STACK] = "UPDATE_IN_PROGRESS"
    world.set_resource("CREATE_IN_PROGRESS")
    created_again = world.deliver(request("Create", properties(), request_id="r20"))
    assert created_again is not None
    assert created_again["Status"] == "SUCCESS"
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g5_late_duplicate_of_a_clean_up_asks_for_no_permission_it_has_lost(world: World) -> None:
    """G5, G11: the claim was the permission to change a former model's tags, and it is released by then."""

    refused: list[str] = []

    def only_what_is_claimed(action: str, arn: str) -> None:
        if action in ("TagResource", "UntagResource") and Tag.STACK_ID not in world.versions[V1].tags:
            refused.append(action)
            raise service_error("AccessDeniedException", f"rekognition:{action}")

    world.before = only_what_is_claimed
    world.stacks[STACK] = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.was[STACK, "Model"] = "UPDATE_COMPLETE"
    delete(world)
    world.set_resource("UPDATE_COMPLETE", physical_id=version_arn("v2"))
    assert delete(world)["Status"] == "SUCCESS"
    assert not refused


def test_g6_a_second_try_leaves_what_a_person_started_after_the_first_had_released_it(world: World) -> None:
    """G6: the tags say that this very Delete has stopped and released the model already."""
    world.was[STACK, "Model"] = "UPDATE_COMPLETE"
    delete(world)
    world.run_model(V1)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g2_another_stacks_claim_that_is_only_shown_late_is_waited_out(world: World) -> None:
    """G2: of two stacks that claim a model at once, one writes the other's claim back; tags lag."""
    ours = dict(world.versions[V1].tags)
    world.own(V1, stack=OTHER, logical_id="Theirs")
    world.clock.at(5, lambda: world.versions[V1].tags.update(ours))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g5_a_delete_that_comes_after_the_resource_was_made_anew_stops_nothing(world: World) -> None:
    """G5: its digest is in no claim, but no Delete is sent for what a resource is."""
    world.stacks[STACK] = "UPDATE_COMPLETE"
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "RUNNING"


def test_g2_a_delete_that_is_not_shown_yet_is_waited_for(world: World) -> None:
    """G2: what CloudFormation shows may be from before it sent the Delete."""
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    world.clock.at(8, lambda: world.set_resource("DELETE_IN_PROGRESS", physical_id=V1))
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].status == "STOPPED"


def test_g5_a_late_release_takes_no_claim_of_a_later_request_away(world: World) -> None:
    """G5: a duplicate that ends its stop late finds the next life of the resource in charge."""
    ended = world.versions[V1]

    def next_life() -> None:
        world.stacks[STACK] = "UPDATE_IN_PROGRESS"
        world.set_resource("UPDATE_IN_PROGRESS", physical_id=version_arn("v2"))
        world.own(V1, **{str(Tag.REQUESTS): "later earlier"})

    def stopped(action: str, arn: str) -> None:
        if action == "DescribeProjectVersions" and ended.status == "STOPPED":
            world.after = lambda action, arn: None
            next_life()

    world.after = stopped
    assert delete(world)["Status"] == "SUCCESS"
    assert world.versions[V1].tags[Tag.REQUESTS] == "later earlier"
    assert world.versions[V1].tags[Tag.STACK_ID] == STACK


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
