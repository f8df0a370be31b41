"""What people use today, in the simulated world: fair in calm weather, and each with its known flaw."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from simulator.alternatives import (
    ALTERNATIVES,
    AWS_CUSTOM_RESOURCE,
    BOTO3_WAITER,
    CRHELPER_POLLER,
    OURS,
    PROVIDER_FRAMEWORK,
    STRICT_AWS_CUSTOM_RESOURCE,
    Way,
)
from simulator.compare import count, table
from simulator.findings import EXCUSED, Kind
from simulator.plan import (
    ByHand,
    Declared,
    Faults,
    Hand,
    Kill,
    KillAt,
    ModelPlan,
    Operation,
    Plan,
    Sibling,
    StackPlan,
    Start,
    StartEnd,
    Template,
    Verb,
)
from simulator.requests import Outcome
from simulator.verdicts import judge
from simulator.world import World

DRAWN = range(150)
WAITING = (BOTO3_WAITER, CRHELPER_POLLER, PROVIDER_FRAMEWORK)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _plan(
    *operations: Operation,
    models: tuple[ModelPlan, ...] = (ModelPlan("v1", "parts"), ModelPlan("v2", "parts")),
    faults: Faults | None = None,
    kills: tuple[Kill, ...] = (),
    by_hand: tuple[ByHand, ...] = (),
    others: tuple[StackPlan, ...] = (),
) -> Plan:
    stack = StackPlan("alpha", 0.0, operations)
    return Plan(1, models, (stack, *others), faults or Faults(), kills, by_hand, running_quota=5)


def _deploy(model: int = 0, *, name: str = "Model", units: int = 1, pause: float = 900.0) -> Operation:
    return Operation(Verb.DEPLOY, Template(((name, Declared(model, units=units)),)), pause)


def _delete(pause: float = 900.0) -> Operation:
    return Operation(Verb.DELETE, pause_seconds=pause)


def _play(way: Way, plan: Plan) -> World:
    world = way.world(plan)
    world.play()
    return world


def _against(way: Way, plan: Plan) -> list[Kind]:
    return [finding.kind for finding in judge(_play(way, plan)).findings]


def _slow(seconds: float, *, stop_while_starting: bool = False) -> tuple[ModelPlan, ...]:
    """Models that take so long to start."""
    starts = (Start(StartEnd.RUNNING, seconds),)
    return tuple(
        ModelPlan(name, "parts", starts=starts, stop_while_starting=stop_while_starting)
        for name in ("v1", "v2")
    )


FAILING_SIBLING = Template((("Model", Declared(0)),), (("Topic", Sibling(20.0, create_fails=True)),))
"""Another resource fails while the model is being created: its create is cancelled."""


# --- fair ports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [OURS, *WAITING], ids=lambda way: way.name)
def test_who_waits_lives_a_calm_life_without_a_finding(way: Way) -> None:
    """Create, resize, replacement and delete, with pauses and without faults."""
    world = _play(way, _plan(_deploy(), _deploy(units=2), _deploy(1, units=2), _delete()))
    assert [str(request.outcome) for request in world.requests] == ["SUCCESS"] * 5
    assert judge(world).findings == []
    assert world.rekognition.models[world.plan.models[0].arn].status == "STOPPED"
    assert world.rekognition.models[world.plan.models[1].arn].status == "STOPPED"


@pytest.mark.parametrize("way", [AWS_CUSTOM_RESOURCE, STRICT_AWS_CUSTOM_RESOURCE], ids=lambda way: way.name)
def test_aws_custom_resource_starts_and_stops_but_answers_before(way: Way) -> None:
    """Its requests succeed, its models stop; it says so while they are still on their way."""
    world = _play(way, _plan(_deploy(), _delete()))
    assert [str(request.outcome) for request in world.requests] == ["SUCCESS"] * 2
    assert [finding.kind for finding in judge(world).findings] == [Kind.EARLY, Kind.STILL_STOPPING]
    assert world.rekognition.models[world.plan.models[0].arn].status == "STOPPED"


@pytest.mark.parametrize("way", [AWS_CUSTOM_RESOURCE, *WAITING], ids=lambda way: way.name)
def test_the_same_plan_gives_the_same_story_for_each_way(way: Way) -> None:
    """Invented ids and pauses come from the plan's seed."""
    plan = _plan(_deploy(), _delete(), faults=Faults(throttled=0.3, lost_after=0.2, duplicated=0.5))
    assert _play(way, plan).story.lines() == _play(way, plan).story.lines()


def test_an_update_of_what_an_alternative_does_not_know_does_not_reach_it() -> None:
    """A time-out that only this project's resource has is no property of the others."""
    tuned = Operation(Verb.DEPLOY, Template((("Model", Declared(0, timeout_seconds=600)),)), 900.0)
    assert len(_play(CRHELPER_POLLER, _plan(_deploy(), tuned)).requests) == 1
    assert len(_play(OURS, _plan(_deploy(), tuned)).requests) == 2


# --- known flaws --------------------------------------------------------------------------------------


def test_aws_custom_resource_ignores_that_a_starting_model_cannot_be_stopped() -> None:
    """A delete that comes while the model starts is answered SUCCESS, and the model runs on."""
    plan = _plan(_deploy(), _delete(pause=30.0))
    assert _against(AWS_CUSTOM_RESOURCE, plan) == [Kind.EARLY, Kind.EARLY_DELETE, Kind.LEAK]
    assert _against(OURS, plan) == []


def test_aws_custom_resource_without_ignored_errors_cannot_roll_back() -> None:
    """What runs can't be started: neither with other units, nor with the old ones on the way back."""
    plan = _plan(_deploy(), _deploy(units=2))
    world = _play(STRICT_AWS_CUSTOM_RESOURCE, plan)
    assert [str(request.outcome) for request in world.requests[1:3]] == ["FAILED", "FAILED"]
    stack = next(iter(world.stacks.values()))
    assert "UPDATE_ROLLBACK_FAILED" in [status for _, status in stack.statuses]


def test_aws_custom_resource_stops_the_old_model_before_the_new_one_has_run() -> None:
    """A replacement is done as soon as the new model starts, so the clean-up comes at once."""
    assert Kind.GAP in _against(AWS_CUSTOM_RESOURCE, _plan(_deploy(), _deploy(1)))
    assert _against(OURS, _plan(_deploy(), _deploy(1))) == []


def test_the_boto3_waiter_ends_with_its_invocation() -> None:
    """A start of twenty minutes fails after fifteen; Lambda's second try starts it once more."""
    plan = _plan(_deploy(), models=_slow(1200.0, stop_while_starting=True))
    world = _play(BOTO3_WAITER, plan)
    create = world.requests[0]
    assert create.outcome is Outcome.FAILED
    assert create.answer is not None
    assert create.answer["Reason"] == "Execution timed out"
    assert Kind.LEAK in [finding.kind for finding in judge(world).findings]
    assert _against(OURS, plan) == []


def test_the_boto3_waiter_gives_up_a_delete_while_the_model_starts() -> None:
    """What can't be stopped while it starts outlives the invocation that waits for it."""
    plan = _plan(Operation(Verb.DEPLOY, FAILING_SIBLING, 0.0), models=_slow(3300.0))
    assert Kind.LEAK in _against(BOTO3_WAITER, plan)
    assert _against(OURS, plan) == []


def test_the_pollers_rule_goes_on_after_cloudformation_gave_up() -> None:
    """A start that never ends is polled for ever; nothing answers, so the request hangs."""
    never = (replace(ModelPlan("v1", "parts"), starts=(Start(StartEnd.NEVER, 0.0),)),)
    world = _play(CRHELPER_POLLER, _plan(_deploy(), models=never))
    assert world.requests[0].outcome is Outcome.TIMED_OUT
    kinds = [finding.kind for finding in judge(world).findings]
    assert Kind.HANG in kinds
    assert Kind.LEFT_BEHIND in kinds


def test_the_poller_leaves_the_rule_of_a_killed_invocation_behind() -> None:
    """Lambda's second try makes a rule of its own; nobody knows of the first one."""
    world = _play(CRHELPER_POLLER, _plan(_deploy(), _delete(), kills=(Kill(0, KillAt.AFTER_EFFECT, 2),)))
    assert [str(request.outcome) for request in world.requests] == ["SUCCESS"] * 2
    assert [finding.kind for finding in judge(world).findings] == [Kind.LEFT_BEHIND]


def test_a_second_delivery_of_a_poll_fails_what_the_first_one_finished() -> None:
    """crhelper removes its rule before it answers: who comes second finds none, and answers FAILED."""
    world = _play(CRHELPER_POLLER, _plan(_deploy(), _delete(), faults=Faults(duplicated=0.9)))
    told = [line for line in world.story.lines() if "PUT answer" in line and "ResourceNotFound" in line]
    assert told


def test_the_framework_swallows_the_delete_of_a_create_that_died() -> None:
    """on_event dies after its Start took effect: FAILED with the marker, whose Delete stops nothing."""
    kill = Kill(1, KillAt.AFTER_EFFECT, 1)
    plan = _plan(_deploy(), kills=(kill,))
    world = _play(PROVIDER_FRAMEWORK, plan)
    assert world.requests[0].answer is not None
    assert "CREATE_FAILED" in world.requests[0].answer["PhysicalResourceId"]
    assert world.requests[1].outcome is Outcome.SUCCESS
    assert [finding.kind for finding in judge(world).findings] == [Kind.EARLY_DELETE, Kind.LEAK]


def test_the_frameworks_waiter_goes_on_after_its_deployment_was_cancelled() -> None:
    """The state machine of a cancelled resize stops what the roll-back has declared running."""
    resize = replace(_deploy(units=2), interrupt_after=4.0)
    models = (replace(ModelPlan("v1", "parts"), stop_seconds=5.0),)
    world = _play(PROVIDER_FRAMEWORK, _plan(_deploy(), resize, models=models))
    cancelled = next(request for request in world.requests if request.outcome is Outcome.CANCELLED)
    model = world.rekognition.models[world.plan.models[0].arn]
    ended = cancelled.ended_at
    assert ended is not None
    assert [change for change in model.changes if change.by is cancelled and change.at > ended]


def test_the_framework_answers_when_its_time_is_over() -> None:
    """onTimeout reads the event out of the last error; the roll-back then stops the model."""
    world = _play(PROVIDER_FRAMEWORK, _plan(_deploy(), models=_slow(3000.0, stop_while_starting=True)))
    answer = world.requests[0].answer
    assert answer is not None
    assert answer["Reason"] == "Operation timed out"
    assert judge(world).findings == []


@pytest.mark.parametrize("way", [AWS_CUSTOM_RESOURCE, *WAITING], ids=lambda way: way.name)
def test_without_owners_a_second_stack_stops_the_first_ones_model(way: Way) -> None:
    """Two stacks declare one model; the end of the second one ends the first one's service."""
    second = StackPlan("beta", 1000.0, (_deploy(pause=0.0), _delete()))
    plan = _plan(_deploy(pause=0.0), others=(second,))
    assert Kind.ANOTHERS in _against(way, plan)
    assert Kind.ANOTHERS not in _against(OURS, plan)


@pytest.mark.parametrize("way", [AWS_CUSTOM_RESOURCE, *WAITING], ids=lambda way: way.name)
def test_without_owners_a_rename_stops_the_model(way: Way) -> None:
    """The old resource's Delete stops what the new one has just declared."""
    plan = _plan(_deploy(), _deploy(name="Renamed"))
    assert Kind.ANOTHERS in _against(way, plan)
    assert _against(OURS, plan) == []


# --- the judge ----------------------------------------------------------------------------------------


def test_a_persons_start_after_the_end_is_nobodys_leak() -> None:
    """The last Start decides whose a running model is."""
    plan = _plan(_deploy(pause=0.0), _delete(), by_hand=(ByHand(5000.0, Hand.START, 0),))
    world = _play(OURS, plan)
    assert world.rekognition.models[plan.models[0].arn].status == "RUNNING"
    assert judge(world).findings == []


def test_a_policy_outside_the_stack_excuses_a_leak() -> None:
    """Where nobody may stop a model, that it runs on is counted apart."""
    kinds = _against(AWS_CUSTOM_RESOURCE, _plan(_deploy(), _delete(), faults=Faults(denied=True)))
    assert Kind.UNSTOPPABLE in kinds
    assert Kind.LEAK not in kinds


def test_a_start_that_never_ends_and_cannot_be_interrupted_is_counted_apart() -> None:
    """Only what could have been stopped is a leak."""
    for can_stop, expected in ((False, Kind.UNSTOPPABLE), (True, Kind.LEAK)):
        never = ModelPlan("v1", "parts", starts=(Start(StartEnd.NEVER, 0.0),), stop_while_starting=can_stop)
        kill = Kill(1, KillAt.AFTER_EFFECT, 1)
        assert expected in _against(PROVIDER_FRAMEWORK, _plan(_deploy(), models=(never,), kills=(kill,)))


@pytest.mark.parametrize("way", [OURS, BOTO3_WAITER], ids=lambda way: way.name)
def test_a_start_that_outlasts_the_hour_of_its_delete_is_counted_apart(way: Way) -> None:
    """What can't be interrupted can't be stopped by any answer that CloudFormation waits for."""
    cancelled = replace(_deploy(pause=0.0), interrupt_after=10.0)
    for can_stop in (False, True):
        kinds = _against(way, _plan(cancelled, models=_slow(20_000.0, stop_while_starting=can_stop)))
        assert (Kind.UNSTOPPABLE in kinds) is not can_stop
        assert Kind.LEAK not in kinds


def test_a_request_whose_invocations_the_plan_all_killed_is_counted_apart() -> None:
    """Nobody was left to answer: that is no hang."""
    kills = tuple(Kill(number, KillAt.BEFORE_CALL, 0) for number in range(3))
    kinds = _against(BOTO3_WAITER, _plan(_deploy(), kills=kills))
    assert Kind.UNANSWERABLE in kinds
    assert Kind.HANG not in kinds


def test_a_persons_stop_just_before_the_answer_is_no_early_answer() -> None:
    """An answer may be as old as the tolerance; what a person does meanwhile excuses it."""
    calm = _play(BOTO3_WAITER, _plan(_deploy(pause=0.0)))
    answered = calm.requests[0].ended_at
    assert answered is not None
    at = answered - calm.kernel.now + calm.elapsed - 0.02
    plan = _plan(_deploy(pause=0.0), by_hand=(ByHand(at, Hand.STOP, 0),))
    world = _play(BOTO3_WAITER, plan)
    assert world.requests[0].outcome is Outcome.SUCCESS
    assert world.rekognition.models[plan.models[0].arn].look_at(answered).status == "STOPPING"
    assert judge(world).of(Kind.EARLY) == []


def test_a_model_that_bills_after_its_resource_is_counted_by_the_hour() -> None:
    """Unit-hours count from the end of the resource; five minutes are the limit of what is late."""
    plan = _plan(
        _deploy(units=3), _delete(pause=30.0), by_hand=(ByHand(7200.0, Hand.STOP, 0),), models=_slow(120.0)
    )
    verdict = judge(_play(AWS_CUSTOM_RESOURCE, plan))
    late = verdict.of(Kind.LATE_STOP)
    assert len(late) == 1
    assert verdict.of(Kind.LEAK) == []
    assert verdict.unit_hours == pytest.approx(3 * 6.2 / 3.6, rel=0.02)


def test_a_retained_model_is_no_leak() -> None:
    """Who declares that a model stays wants it to run."""
    kept = Operation(Verb.DEPLOY, Template((("Model", Declared(0, retained=True)),)), 0.0)
    world = _play(BOTO3_WAITER, _plan(kept, _delete()))
    assert world.rekognition.models[world.plan.models[0].arn].status == "RUNNING"
    assert judge(world).findings == []


# --- drawn histories ----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ALTERNATIVES, ids=lambda way: way.name)
def test_each_alternative_has_its_flaw_in_drawn_histories(way: Way) -> None:
    """A simulation in which none of them leaks, hangs, answers early or stops another's proves nothing."""
    found = count(way, DRAWN).with_kind
    bad = {str(kind) for kind in (Kind.LEAK, Kind.HANG, Kind.EARLY, Kind.EARLY_DELETE)}
    assert bad & set(found)
    assert found[str(Kind.ANOTHERS)]


def test_the_same_judge_finds_nothing_against_this_project() -> None:
    """What is said against others is not said against the handler, but for what no handler could do."""
    excused = {str(kind) for kind in EXCUSED}
    examples = count(OURS, DRAWN).examples
    found = {
        (seed, kind)
        for kind, seeds in examples.items()
        if kind not in {*excused, "any of leak, hang, early, another's"}
        for seed in seeds
    }
    assert found == set()


def test_the_table_names_every_way_and_every_kind() -> None:
    """A row for each kind, a column for each way."""
    counts = [count(way, range(3)) for way in (OURS, *ALTERNATIVES)]
    lines = table(counts).splitlines()
    assert all(way.name in lines[0] for way in (OURS, *ALTERNATIVES))
    assert all(any(line.startswith(f"| {kind} |") for line in lines) for kind in Kind)
