"""Create when calls fail, events come twice or late, and CloudFormation has changed its mind."""

from __future__ import annotations

import pytest
from world import STACK, V1, V2, World, created, properties, request, service_error

from running_model_handler.core.claim import request_digest
from running_model_handler.core.names import Tag
from running_model_handler.core.wanted import ResourceView


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


def test_throttling_at_half_is_overcome(world: World) -> None:
    """Half of all calls throttled: one start, and success."""

    def throttle(action: str, arn: str) -> None:
        if world.clock.chance() < 0.5:
            raise service_error("ThrottlingException", f"rekognition:{action}")

    world.before = throttle
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_a_hand_over_before_the_claim_is_written() -> None:
    """The next invocation claims the model before it starts it: a later Delete has to know whose it is."""
    world = World(invocation_seconds=40)

    def throttle(action: str, arn: str) -> None:
        if action == "TagResource" and world.count("InvokeFunction") == 0:
            raise service_error("ThrottlingException", "rekognition:TagResource")

    world.before = throttle
    world.versions[V1].start_seconds = 60
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["Adopted"] == "false"
    assert world.count("InvokeFunction") >= 1
    assert world.versions[V1].tags[Tag.STACK_ID] == STACK


def test_a_claim_that_takes_many_tries_is_not_written_for_another_create(world: World) -> None:
    """Meanwhile the resource was deleted and is being created anew, with another model."""
    world.run_model(V1)
    world.events[STACK, "Model"] = ResourceView("CREATE_IN_PROGRESS", begun_with=properties(V1))

    throttled: list[str] = []

    def throttle(action: str, arn: str) -> None:
        if action == "TagResource" and not throttled:
            throttled.append(arn)
            world.events[STACK, "Model"] = ResourceView("CREATE_IN_PROGRESS", begun_with=properties(V2))
            raise service_error("ThrottlingException", "rekognition:TagResource")

    world.before = throttle
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.count("TagResource", V1) == 0


def test_g5_lost_answer_to_start_is_observed_not_repeated(world: World) -> None:
    """G5: a Start whose answer was lost is not sent again."""
    lost: list[str] = []

    def lose(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and not lost:
            lost.append(arn)
            raise service_error("InternalServerError", "rekognition:StartProjectVersion", 500)

    world.after = lose
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_missing_permission_is_named_after_a_minute(world: World) -> None:
    """AccessDenied is waited out for IAM's delay, then the action is named and the model left stopped."""

    def deny(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            raise service_error("AccessDeniedException", "rekognition:StartProjectVersion")

    world.before = deny
    before = world.clock.now()
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "rekognition:StartProjectVersion" in answer["Reason"]
    assert 60 <= answer["At"] - before < 180


def test_permission_that_arrives_late_is_no_failure(world: World) -> None:
    """A policy that works only after 30 seconds fails nothing."""
    begin = world.clock.now()

    def deny(action: str, arn: str) -> None:
        if world.clock.now() - begin < 30:
            raise service_error("AccessDeniedException", f"rekognition:{action}")

    world.before = deny
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"


def test_g5_crash_after_start_is_healed_by_the_retry(world: World) -> None:
    """G5: an invocation killed right after its Start goes on in Lambda's retry, with one Start."""
    crashes: list[str] = []

    def crash(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and not crashes:
            crashes.append(arn)
            raise KeyboardInterrupt

    world.after = crash
    world.set_resource("CREATE_IN_PROGRESS")
    event = request("Create", properties())
    with pytest.raises(KeyboardInterrupt):
        world.deliver(event)
    world.clock.sleep(60)
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_g3_a_killed_try_is_undone_by_the_next(world: World) -> None:
    """The next try finds the claim already made; when the start fails, it is given up all the same."""
    world.versions[V1].ends_as = "FAILED"
    killed: list[str] = []

    def kill(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and not killed:
            killed.append(arn)
            raise KeyboardInterrupt

    world.after = kill
    world.set_resource("CREATE_IN_PROGRESS")
    event = request("Create", properties())
    with pytest.raises(KeyboardInterrupt):
        world.deliver(event)
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert Tag.STACK_ID not in world.versions[V1].tags


def test_g5_the_same_event_twice_has_the_effect_of_one(world: World) -> None:
    """G5: a duplicate finds everything done."""
    created(world)
    calls = world.count("StartProjectVersion")
    world.set_resource("CREATE_COMPLETE", physical_id=V1)
    answer = world.deliver(request("Create", properties()))
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == calls


def test_g10_late_create_after_the_stack_is_gone_starts_nothing(world: World) -> None:
    """G10: a create that was queued until the stack was gone starts nothing and claims nothing for good."""
    world.stacks.clear()
    answer = world.deliver(request("Create", properties()))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.count("StartProjectVersion") == 0
    assert Tag.STACK_ID not in world.versions[V1].tags


def test_g10_create_cancelled_right_after_start_is_stopped(world: World) -> None:
    """G10: a Start sent while CloudFormation cancels is taken back at once."""

    def cancel(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            world.set_resource("DELETE_IN_PROGRESS")

    world.after = cancel
    world.stop_while_starting = True
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STOPPED"
    assert world.statuses(V1) == ["STARTING", "STOPPING", "STOPPED"]


def test_g10_cancelled_while_waiting_ends_at_the_next_look(world: World) -> None:
    """A waiter whose create was cancelled makes sure of it, ends soon and leaves nothing running."""
    world.stop_while_starting = True
    world.clock.at(100, lambda: world.set_resource("DELETE_IN_PROGRESS"))
    begin = world.clock.now()
    answer = created(world)
    assert answer is not None
    assert world.versions[V1].status == "STOPPED"
    assert answer["At"] - begin < 100 + 15 + 20 + 120 + 10


@pytest.mark.parametrize(
    ("reachable_again", "shown_at"),
    [pytest.param(400, 320, id="shown before"), pytest.param(335, 345, id="shown seconds later")],
)
def test_g5_a_duplicate_that_runs_out_of_time_leaves_what_the_first_has_brought_up(
    world: World, reachable_again: int, shown_at: int
) -> None:
    """G5: the first delivery answered SUCCESS, which CloudFormation shows after a while, or is about to."""
    world.versions[V1].start_seconds = 300

    def unreachable(action: str, arn: str) -> None:
        if action == "DescribeProjectVersions" and 290 < world.clock.now() - begin < reachable_again:
            raise service_error("InternalServerError", f"rekognition:{action}", 500)

    begin = world.clock.now()
    world.before = unreachable
    world.clock.at(shown_at, lambda: world.set_resource("CREATE_COMPLETE", physical_id=V1))
    answer = created(world, TimeoutSeconds="330")
    assert answer is not None
    assert "did not answer in time" in answer["Reason"]
    assert world.versions[V1].status == "RUNNING"
    assert answer["At"] - begin < reachable_again + 25


def test_g3_what_another_delivery_starts_while_this_one_gives_up_is_stopped(world: World) -> None:
    """G3: it has read the claim just before it could say that the request has failed."""

    def stopped_by_hand(action: str, arn: str) -> None:
        if action == "TagResource" and world.statuses(V1)[-1:] == ["STOPPED"]:
            world.after = lambda action, arn: None
            world.clock.at(3, lambda: started_by_the_other(arn))

    def started_by_the_other(arn: str) -> None:
        world.move(arn, "STARTING")
        world.clock.at(60, lambda: world.move_if(arn, "STARTING", "RUNNING"))

    world.stop_while_starting = True
    world.clock.at(100, lambda: world.move(V1, "STOPPED"))
    world.after = stopped_by_hand
    answer = created(world)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "stopped by somebody else" in answer["Reason"]
    assert "STARTING" in world.statuses(V1)[2:]
    assert world.versions[V1].status == "STOPPED"


def test_g10_a_late_duplicate_is_known_by_its_digest(world: World) -> None:
    """G10: after create and delete, a duplicate of the create is refused although CFN shows a new create."""
    created(world)
    world.set_resource("DELETE_IN_PROGRESS")
    world.stacks[STACK] = "DELETE_IN_PROGRESS"
    world.deliver(request("Delete", properties(), physical_id=V1, request_id="r2"))
    world.set_resource("CREATE_IN_PROGRESS")
    starts = world.count("StartProjectVersion")
    answer = world.deliver(request("Create", properties()))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "delivered late" in answer["Reason"]
    assert world.count("StartProjectVersion") == starts


@pytest.mark.parametrize("overtaken", [True, False])
def test_g10_a_create_starts_nothing_for_a_later_one_of_the_same_model(world: World, overtaken: bool) -> None:
    """Of two that look alike CloudFormation waits for the one whose create began after this was delivered."""
    world.run_model(V1)
    world.own(V1, logical_id="Former")
    world.set_resource("UPDATE_COMPLETE", logical_id="Former", physical_id=V1)
    world.stacks[STACK] = "UPDATE_IN_PROGRESS"

    def another_takes_charge_and_stops() -> None:
        tags = world.versions[V1].tags
        tags[str(Tag.REQUESTS)] = f"{'0' * 12} {tags[str(Tag.REQUESTS)]}"
        world.move(V1, "STOPPED")
        if overtaken:
            world.set_resource("CREATE_IN_PROGRESS")

    world.clock.at(8.0, another_takes_charge_and_stops)
    answer = created(world)
    assert answer is not None
    assert (answer["Status"] == "FAILED") == overtaken
    assert world.count("StartProjectVersion") == (0 if overtaken else 1)
    assert world.count("StopProjectVersion") == 0


def test_resource_not_shown_yet_is_found_in_the_events(world: World) -> None:
    """Where DescribeStackResource lags, the latest stack event counts."""
    from running_model_handler.core.wanted import ResourceView

    world.events[STACK, "Model"] = ResourceView("CREATE_IN_PROGRESS")
    answer = world.deliver(request("Create", properties()))
    assert answer is not None
    assert answer["Status"] == "SUCCESS"
    assert world.count("DescribeStackEvents") > 0


def test_the_queue_before_the_function_counts(world: World) -> None:
    """G4: an event that waited 50 minutes for the function is still answered within the hour."""
    world.set_resource("CREATE_IN_PROGRESS")
    sent_at = world.clock.now()
    world.clock.sleep(50 * 60)
    world.versions[V1].start_seconds = 20 * 60
    world.stop_while_starting = True
    answer = world.deliver(request("Create", properties()))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert answer["At"] - sent_at < 3600


def test_a_retry_that_fails_at_once_counts_from_the_beginning_too(world: World) -> None:
    """G4: the try before was killed with its claim written, half an hour ago; STARTING can't be stopped."""
    world.set_resource("CREATE_IN_PROGRESS")
    sent_at = world.clock.now()
    world.versions[V1].status = "STARTING"
    world.own(V1, **{str(Tag.REQUESTS): request_digest(STACK, "r1")})
    world.clock.sleep(30 * 60)
    answer = world.deliver(request("Create", properties(TimeoutSeconds="30", PollIntervalSeconds="60")))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert answer["At"] - sent_at < 3600


def test_second_model_does_not_touch_the_first(world: World) -> None:
    """Only the declared model is called."""
    created(world, V2)
    assert {arn for name, arn in world.calls if "Project" in name} == {V2}
