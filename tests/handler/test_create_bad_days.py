"""Create when calls fail, events come twice or late, and CloudFormation has changed its mind."""

from __future__ import annotations

import pytest
from deletes import INVENTED, delete
from world import STACK, V1, V2, World, answered, created, creating, properties, request, service_error


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
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["Adopted"] == "false"
    assert world.count("InvokeFunction") >= 1
    assert world.owner(V1) == STACK


def test_a_claim_that_takes_many_tries_is_not_written_for_another_create(world: World) -> None:
    """Meanwhile the resource was deleted and is being created anew, with another model."""
    world.run_model(V1)
    throttled: list[str] = []

    def throttle(action: str, arn: str) -> None:
        if action == "TagResource" and not throttled:
            throttled.append(arn)
            world.stack.fails()
            world.stack.begins("DELETE", properties(), physical_id=INVENTED)
            world.stack.completes()
            world.stack.begins("CREATE", properties(V2))
            world.clock.sleep(6)
            raise service_error("ThrottlingException", "rekognition:TagResource")

    world.before = throttle
    answer = world.deliver(creating(world))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert world.count("TagResource", V1) == 0
    assert world.versions[V1].status == "RUNNING"


def test_g5_lost_answer_to_start_is_observed_not_repeated(world: World) -> None:
    """G5: a Start whose answer was lost is not sent again."""
    lost: list[str] = []

    def lose(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and not lost:
            lost.append(arn)
            raise service_error("InternalServerError", "rekognition:StartProjectVersion", 500)

    world.after = lose
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_g5_crash_after_start_is_healed_by_the_retry(world: World) -> None:
    """G5: an invocation killed right after its Start goes on in Lambda's retry, with one Start."""
    crashes: list[str] = []

    def crash(action: str, arn: str) -> None:
        if action == "StartProjectVersion" and not crashes:
            crashes.append(arn)
            raise KeyboardInterrupt

    world.after = crash
    event = creating(world)
    with pytest.raises(KeyboardInterrupt):
        world.deliver(event)
    world.clock.sleep(60)
    answer = answered(world, event)
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["Adopted"] == "false"
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
    event = creating(world)
    with pytest.raises(KeyboardInterrupt):
        world.deliver(event)
    assert answered(world, event)["Status"] == "FAILED"
    assert world.owner(V1) is None


@pytest.mark.parametrize("failed", ["by another delivery", "by a try that was killed"])
def test_g5_a_failure_that_is_written_down_is_one_for_all_deliveries(world: World, failed: str) -> None:
    """G5: who reads `failed` for its own operation undoes it, whatever it had in mind itself."""
    event = creating(world)
    since = world.stack.began_at()
    world.run_model(V1)
    world.own(V1, t=since, failed=failed == "by a try that was killed")
    if failed == "by another delivery":
        world.versions[V1].status = "STARTING"
        world.clock.at(100, lambda: world.own(V1, t=since, failed=True))
        world.clock.at(110, lambda: world.move(V1, "RUNNING"))
    answer = answered(world, event)
    assert answer["Status"] == "FAILED"
    assert "an earlier try of this request failed" in answer["Reason"]
    assert world.versions[V1].status == "STOPPED"
    assert world.owner(V1) is None


def test_g5_the_same_event_twice_has_the_effect_of_one(world: World) -> None:
    """G5: a duplicate that comes when all is done starts, stops and writes nothing."""
    event = creating(world)
    assert answered(world, event)["Status"] == "SUCCESS"
    world.stack.done()
    tags, history, written = dict(world.versions[V1].tags), list(world.history), world.count("TagResource")
    world.deliver(event)
    assert world.history == history
    assert world.versions[V1].tags == tags
    assert world.count("TagResource") == written


def test_g10_late_create_after_the_stack_is_gone_starts_nothing(world: World) -> None:
    """G10: a create that was queued until the stack was gone starts nothing and claims nothing."""
    world.stacks.clear()
    answer = world.deliver(request("Create", properties()))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.count("StartProjectVersion") == 0
    assert world.versions[V1].tags == {}


def cancel_create(world: World) -> None:
    """A sibling has failed: the stack turns back, and deletes what it is still creating."""
    world.stack.turns_back()
    world.stack.begins("DELETE", properties(), physical_id=INVENTED)


def test_g10_create_cancelled_right_after_start_ends_at_once_and_its_delete_stops_the_model(
    world: World,
) -> None:
    """G10, G3: the look right after the Start shows it; the Delete finds the claim, and stops."""
    begin = world.clock.now()

    def cancel(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            cancel_create(world)

    world.after = cancel
    world.stop_while_starting = True
    answer = world.deliver(creating(world))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "ended this request" in answer["Reason"]
    assert answer["At"] - begin < 5
    deleted = answered(world, request("Delete", properties(), physical_id=INVENTED))
    assert deleted["Status"] == "SUCCESS"
    assert world.statuses(V1) == ["STARTING", "STOPPING", "STOPPED"]
    assert world.owner(V1) is None


def test_g10_cancelled_while_waiting_ends_at_the_next_look(world: World) -> None:
    """A waiter whose create was cancelled ends within half a minute and leaves the model to the Delete."""
    world.clock.at(100, lambda: cancel_create(world))
    begin = world.clock.now()
    answer = world.deliver(creating(world))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert answer["At"] - begin < 100 + 35
    assert world.count("StopProjectVersion") == 0


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
    world.clock.at(shown_at, lambda: world.stack.completes(physical_id=V1))
    answer = world.deliver(creating(world, TimeoutSeconds="330"))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "RUNNING"
    assert answer["At"] - begin < reachable_again + 25


def test_g3_what_another_delivery_starts_while_this_one_gives_up_is_stopped(world: World) -> None:
    """G3: it has read the claim just before this one could write that the request has failed."""

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
    assert answer["Status"] == "FAILED"
    assert "stopped by somebody else" in answer["Reason"]
    assert "STARTING" in world.statuses(V1)[2:]
    assert world.versions[V1].status == "STOPPED"


def test_g10_a_late_duplicate_that_looks_like_the_create_under_way_starts_nothing(world: World) -> None:
    """G10: the same resource is being created again, by an operation that began after this was sent."""
    event = creating(world)
    answered(world, event)
    world.stack.done()
    delete(world)
    world.stack.done()
    world.stack.goes("UPDATE_IN_PROGRESS")
    creating(world)
    answer = answered(world, event)
    assert answer["Status"] == "FAILED"
    assert world.versions[V1].status == "STOPPED"
    assert not world.holders(V1)


def test_a_create_that_is_not_shown_yet_is_asked_for_again(world: World) -> None:
    """What CloudFormation shows may be from before it sent the request."""
    world.stack.lag = 10
    begin = world.clock.now()
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.history[0][0] - begin < 13


def test_g10_a_create_that_is_never_shown_starts_nothing(world: World) -> None:
    """G10: after 15 s without a word of it, in a stack that has gone on, it is taken for one that ended."""
    event = creating(world)
    world.stack.as_of = world.clock.now() - 1
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert world.count("StartProjectVersion") == 0
    assert world.versions[V1].tags == {}


def test_the_queue_before_the_function_counts(world: World) -> None:
    """G4: an event that waited 50 minutes for the function is still answered within the hour."""
    event = creating(world)
    sent_at = world.clock.now()
    world.clock.sleep(50 * 60)
    world.versions[V1].start_seconds = 20 * 60
    world.stop_while_starting = True
    answer = answered(world, event)
    assert answer["Status"] == "FAILED"
    assert answer["At"] - sent_at < 3600
    assert world.versions[V1].status in ("STOPPING", "STOPPED")


def test_a_retry_that_fails_at_once_counts_from_the_beginning_too(world: World) -> None:
    """G4: the try before was killed with its claim written, half an hour ago; STARTING can't be stopped."""
    event = creating(world, TimeoutSeconds="30", PollIntervalSeconds="60")
    sent_at = world.clock.now()
    world.versions[V1].status = "STARTING"
    world.own(V1)
    world.clock.sleep(30 * 60)
    answer = answered(world, event)
    assert answer["Status"] == "FAILED"
    assert answer["At"] - sent_at < 3600


def test_second_model_does_not_touch_the_first(world: World) -> None:
    """Only the declared model is called."""
    created(world, V2)
    assert {arn for name, arn in world.calls if "Project" in name} == {V2}
