"""Sweeps on bad days: every call that fails, two sweeps at once, and a deployment in between."""

from __future__ import annotations

import json

import pytest
from sweeps import DAY, EVENING, QUEUE, changes, counted, event, record, refuse, resting, running, sweep
from updates import update, updating
from world import STACK, V1, World, answered, properties, service_error

from running_model_handler.core.duty import Messages
from running_model_handler.core.record import By
from running_model_handler.sweep import STEPS_MAX, THROTTLES_MAX

LOOKS = (
    "ListTagsForResource",
    "DescribeProjectVersions",
    "DescribeStackResource",
    "DescribeStackEvents",
    "TagResource",
)


@pytest.fixture
def world() -> World:
    """A world with three trained models and an empty stack."""
    return World()


@pytest.mark.parametrize("code", ["InternalServerError", "AccessDeniedException", "Odd"])
@pytest.mark.parametrize("action", LOOKS)
def test_a_look_that_fails_ends_the_sweep_and_the_next_one_does_it(
    world: World, action: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Told with the action and what to do, counted, and nothing is done to the model."""
    running(world, RunningHours=DAY)
    refuse(world, action, code)
    sweep(world, RunningHours=DAY)
    assert world.versions[V1].status == "RUNNING"
    assert counted(world) == ["GuardLookFailures"]
    assert f"service:{action}" in caplog.text
    hint = "allow the function's role" if code == "AccessDeniedException" else "the next sweep tries again"
    assert hint in caplog.text
    sweep(world, RunningHours=DAY)
    assert world.versions[V1].status == "STOPPING"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("LimitExceededException", "raise the quota"),
        ("AccessDeniedException", "allow the function's role service:StartProjectVersion on resource"),
        ("InternalServerError", "the next sweep tries again"),
        ("ResourceNotFoundException", "check that what is declared still exists"),
    ],
)
def test_a_start_that_fails_is_told_counted_and_tried_by_the_next_sweep(
    world: World, code: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has stopped what never started."""
    resting(world, RunningHours=EVENING)
    refuse(world, "StartProjectVersion", code)
    sweep(world, RunningHours=EVENING)
    assert counted(world) == ["GuardStartFailures"]
    assert words in caplog.text
    (line,) = [json.loads(each) for each in world.lines]
    assert (line["ProjectVersionArn"], line["GuardStartFailures"]) == (V1, 1)
    assert code in line["Reason"]
    world.clock.sleep(300.0)
    sweep(world, RunningHours=EVENING)
    assert world.versions[V1].status == "STARTING"


def test_a_start_whose_answer_was_lost_is_seen_by_the_next_sweep(world: World) -> None:
    """It is not sent again, and nobody is blamed."""
    resting(world, RunningHours=EVENING)

    def lose(called: str, _: str) -> None:
        if called == "StartProjectVersion":
            raise service_error("InternalServerError", "rekognition:StartProjectVersion", 500)

    world.after = lose
    sweep(world, RunningHours=EVENING)
    world.clock.sleep(300.0)
    sweep(world, RunningHours=EVENING)
    assert world.count("StartProjectVersion") == 1
    last = record(world)
    assert last is not None
    assert (last.on, last.by, last.trying) == (True, By.DUTY, False)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalServerError"])
def test_a_stop_that_fails_names_the_command_and_is_tried_by_the_next_sweep(
    world: World, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It bills until then."""
    running(world, RunningHours=DAY)
    refuse(world, "StopProjectVersion", code)
    sweep(world, RunningHours=DAY)
    assert counted(world) == ["GuardStopFailures"]
    assert (
        f"aws rekognition stop-project-version --region eu-west-1 --project-version-arn {V1}" in caplog.text
    )
    world.clock.sleep(300.0)
    sweep(world, RunningHours=DAY)
    assert world.versions[V1].status == "STOPPING"


@pytest.mark.parametrize("action", [*LOOKS, "StopProjectVersion"])
def test_what_is_throttled_is_tried_again_within_the_sweep(world: World, action: str) -> None:
    """The sweeps of a stack begin in the same second, so the next ones would be throttled as well."""
    running(world, RunningHours=DAY)
    throttles: list[str] = []

    def throttle(called: str, _: str) -> None:
        if called == action and len(throttles) < THROTTLES_MAX:
            throttles.append(called)
            raise service_error("ThrottlingException", f"rekognition:{action}")

    world.before = throttle
    sweep(world, RunningHours=DAY)
    assert world.versions[V1].status == "STOPPING"
    assert counted(world) == ["GuardStops"]


def test_what_is_throttled_for_long_is_left_to_the_next_sweep(world: World) -> None:
    """Half a minute at most; then it is told and counted."""
    running(world, RunningHours=DAY)
    began = world.clock.now()

    def throttle(called: str, _: str) -> None:
        raise service_error("ThrottlingException", f"rekognition:{called}")

    world.before = throttle
    sweep(world, RunningHours=DAY)
    assert counted(world) == ["GuardLookFailures"]
    assert 0 < world.clock.now() - began < 32.0


def test_a_queue_that_can_not_be_asked_leaves_all_as_it_is(world: World) -> None:
    """Up or down; it is told and counted each time."""
    for begin, status in ((running, "RUNNING"), (resting, "STOPPED")):
        world = World()
        begin(world, StartForQueueUrl=QUEUE)
        refuse(world, "GetQueueAttributes", "AWS.SimpleQueueService.NonExistentQueue")
        sweep(world, StartForQueueUrl=QUEUE)
        assert world.versions[V1].status == status
        assert counted(world) == ["GuardLookFailures"]


def test_calls_that_can_not_be_counted_stop_nothing(world: World) -> None:
    """And hours end all the same."""
    running(world, StopWhenIdleSeconds="900")
    refuse(world, "GetMetricData", "AccessDenied")
    assert changes(sweep(world, StopWhenIdleSeconds="900")) == []
    assert counted(world) == ["GuardLookFailures"]
    refuse(world, "GetMetricData", "AccessDenied")
    both = {"StopWhenIdleSeconds": "900", "RunningHours": DAY}
    assert changes(sweep(world, **both)) == ["TagResource", "StopProjectVersion"]


# --- at once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [DAY, EVENING])
@pytest.mark.parametrize("position", range(9))
def test_two_sweeps_at_once_act_once(world: World, hours: str, position: int) -> None:
    """The rate and an edge of the hours: one comes between any two calls of the other."""
    (running if hours == DAY else resting)(world, RunningHours=hours)
    verb = "Stop" if hours == DAY else "Start"
    calls = 0

    def another(action: str, _: str) -> None:
        nonlocal calls
        calls += 1
        if calls == position + 1:
            world.before = lambda action, arn: None
            world.another_environment().deliver(event(properties(RunningHours=hours)))

    world.before = another
    sweep(world, RunningHours=hours)
    assert calls > position
    assert world.statuses(V1) == [f"{verb.upper()}PING" if verb == "Stop" else "STARTING"]
    assert counted(world) == [f"Guard{verb}s"]
    world.clock.sleep(1200.0)
    sweep(world, RunningHours=hours)
    last = record(world)
    assert last is not None
    assert (last.on, last.reached, last.by) == (hours == EVENING, True, By.DUTY)


@pytest.mark.parametrize("position", range(8))
def test_a_deployment_between_the_calls_of_a_sweep_wins(world: World, position: int) -> None:
    """It brings hours that keep the model running, while a sweep of before is about to stop it."""
    running(world, RunningHours=DAY)
    old, new = properties(RunningHours=DAY), properties(RunningHours=EVENING)
    calls = 0

    def deploy(*_: str) -> None:
        nonlocal calls
        calls += 1
        if calls == position + 1:
            world.before = lambda action, arn: None
            made = updating(world, new, old)
            answer = world.another_environment().deliver(made)
            assert answer is not None
            world.stack.takes(answer)
            world.stack.done()

    world.before = deploy
    sweep(world, RunningHours=DAY)
    assert calls > position
    assert world.statuses(V1) == []
    world.clock.sleep(300.0)
    sweep(world, RunningHours=EVENING)
    assert world.statuses(V1) == []
    last = record(world)
    assert last is not None
    assert (last.on, last.by) == (True, By.DUTY)


def test_a_request_repairs_what_a_sweep_has_stopped_before_it_could_see_it(world: World) -> None:
    """The operation begins when the sweep has asked for the last time."""
    running(world, RunningHours=DAY)
    old, new = properties(RunningHours=DAY), properties(RunningHours=EVENING)
    made: list[dict[str, object]] = []

    def begin(action: str, _: str) -> None:
        if action == "StopProjectVersion" and not made:
            made.append(updating(world, new, old))

    world.before = begin
    sweep(world, RunningHours=DAY)
    assert world.statuses(V1) == ["STOPPING"]
    assert answered(world, made[0])["Data"]["Status"] == "RUNNING"


def test_an_old_view_of_the_stack_acts_on_nothing_that_is_newer(world: World) -> None:
    """The claim tells of an operation that CloudFormation's answer does not show yet."""
    running(world, RunningHours=DAY)
    old = properties(RunningHours=DAY)
    before = world.clock.now()
    update(world, old | {"PollIntervalSeconds": "7"}, old)
    world.stack.done()
    world.clock.sleep(300.0)
    world.versions[V1].status = "RUNNING"
    world.stack.as_of = before
    assert changes(sweep(world, RunningHours=DAY)) == []
    world.stack.as_of = None
    assert changes(sweep(world, RunningHours=DAY)) == ["TagResource", "StopProjectVersion"]


def test_answers_that_take_long_end_the_sweep(world: World) -> None:
    """What is known grows old before it is used; it is asked anew, and not for ever."""
    running(world, RunningHours=DAY)
    world.after = lambda action, arn: world.clock.sleep(9.0)
    sweep(world, RunningHours=DAY)
    assert len(world.calls) <= STEPS_MAX
    assert world.versions[V1].status == "RUNNING"
    assert counted(world) == ["GuardLookFailures"]


def test_an_act_that_is_asked_of_it_elsewhere_meanwhile_is_left(world: World) -> None:
    """Two environments write different things: the one that reads the other's word back gives way."""
    resting(world, StartForQueueUrl=QUEUE)
    world.waiting = Messages(1)
    noted: list[str] = []

    def other(action: str, _: str) -> None:
        if action == "TagResource" and not noted:
            noted.append(action)
            world.versions[V1].tags["rekognition-running-model:duty"] = "off 1700003600 asked duty"

    world.after = other
    assert "StartProjectVersion" not in sweep(world, StartForQueueUrl=QUEUE)
    assert STACK in world.stacks
