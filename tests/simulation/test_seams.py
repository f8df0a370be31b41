"""Both seams tell the same story: what the fast one leaves out makes no difference to the handler."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from running_model_handler.core.arn import parse_project_arn, parse_project_version_arn
from running_model_handler.core.errors import ServiceError
from running_model_handler.core.operation import Story
from running_model_handler.core.units import InferenceUnits
from running_model_handler.entry import Services
from running_model_handler.shell.answer import AnswerNotSent
from simulator import faithful_seam, fast_seam, stack
from simulator.draw import draw
from simulator.functions import Handler
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
    StackPlan,
    Template,
    Verb,
)
from simulator.wire_response_url import HOST
from simulator.world import World

SEEDS: Final = range(24)
"""So many that each fault happens; any others will do as well."""
FAULTS: Final = {
    "answer lost after",
    "answer not sent",
    "concurrency",
    "delayed",
    "denied",
    "duplicated",
    "failed before",
    "hand-over throttled",
    "killed",
    "lost after",
    "slow",
    "throttled",
}
LONG_LIFE: Final = (
    Operation(Verb.DEPLOY, Template((("Model", Declared(0)),))),
    Operation(Verb.DEPLOY, Template((("Model", Declared(1)),))),
    Operation(Verb.DELETE),
)


@pytest.fixture(autouse=True)
def _without_logs() -> Iterator[None]:
    """The story says more than thousands of lines of the handler's log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def story(plan: Plan, new_handler: Callable[[World], Handler]) -> list[str]:
    """What happens in a plan."""
    world = World(plan, new_handler)
    world.play()
    return world.story.lines()


def first_difference(plan: Plan) -> str:
    """Where the stories of the two seams part, with what went before; empty if they don't."""
    fast, faithful = story(plan, fast_seam.new_handler), story(plan, faithful_seam.new_handler)
    if fast == faithful:
        return ""
    pairs = enumerate(zip(fast, faithful, strict=False))
    at = next((number for number, (one, other) in pairs if one != other), min(len(fast), len(faithful)))
    before = fast[max(0, at - 5) : at]
    return "\n".join(["", *before, "fast:", *fast[at : at + 3], "faithful:", *faithful[at : at + 3]])


@pytest.mark.parametrize("seed", SEEDS)
def test_both_seams_tell_the_same_story(seed: int) -> None:
    """What is drawn from a seed happens to the letter, with the adapters and clients and without.

    Refusals in each service's own words, empty physical ids and old views are among it.
    """
    difference = first_difference(draw(seed))
    assert not difference, f"seed {seed}{difference}"


def life_with(faults: Faults = Faults(), kills: tuple[Kill, ...] = (), **more: Any) -> Plan:  # noqa: B008
    """A model is created, replaced and deleted, in invocations that are too short for that."""
    models = (ModelPlan("v1", "parts", message="no capacity"), ModelPlan("v2", "parts"))
    stacks = (StackPlan("stack", 0.0, LONG_LIFE),)
    return Plan(7, models, stacks, faults, kills, invocation_seconds=60.0, **more)


BAD_DAYS: Final = {
    "throttled": life_with(Faults(throttled=0.4, hand_over_throttled=0.5)),
    "failed before": life_with(Faults(failed_before=0.4)),
    "lost after": life_with(Faults(lost_after=0.4, slow=0.3)),
    "lags": life_with(Faults(describe_lag=10.0, tag_lag=8.0, stack_lag=8.0, iam_delay=40.0)),
    "duplicated": life_with(Faults(duplicated=0.7, duplicate_delay=30.0)),
    "answer lost": life_with(Faults(answer_lost=0.8)),
    "denied": life_with(Faults(denied=True)),
    "killed before a call": life_with(
        kills=tuple(Kill(number, KillAt.BEFORE_CALL, 3 * number) for number in range(6))
    ),
    "killed after an effect": life_with(
        kills=tuple(Kill(number, KillAt.AFTER_EFFECT, 3 * number) for number in range(6))
    ),
    "killed between lines": life_with(
        kills=tuple(Kill(number, KillAt.LINE, 40 * number) for number in range(6))
    ),
    "by hand": life_with(by_hand=(ByHand(150.0, Hand.STOP, 0), ByHand(300.0, Hand.DELETE, 1))),
}


@pytest.mark.parametrize("plan", BAD_DAYS.values(), ids=BAD_DAYS)
def test_both_seams_tell_the_same_story_of_a_bad_day(plan: Plan) -> None:
    """One thing at a time goes wrong, and often."""
    difference = first_difference(plan)
    assert not difference, difference


def test_every_fault_is_in_what_is_compared() -> None:
    """Equal stories in which nothing goes wrong would show little."""
    fired: set[str] = set()
    kinds: set[KillAt] = set()
    for plan in (*map(draw, SEEDS), *BAD_DAYS.values()):
        world = World(plan, fast_seam.new_handler)
        world.play()
        fired |= set(world.gateway.fired)
        kinds |= {kill.at for kill in world.plan.kills}
    assert fired >= FAULTS
    assert kinds == set(KillAt)


# --- every method of the adapters ---------------------------------------------------------------------

PREFIX: Final = "arn:aws:rekognition:eu-west-1:123456789012:project"
ROUNDS: Final = 8


def calls_to_neighbours(services: Services, plan: Plan, function_arn: str) -> Iterator[Callable[[], object]]:
    """Every method of every adapter, with what exists, what does not, and what is not allowed."""
    stack, other_stack = plan.stacks[0].stack_id, plan.stacks[0].stack_id + "0"
    models, stacks = services.models, services.stacks
    for model in plan.models:
        arn = parse_project_version_arn(model.arn, name="arn")
        project = parse_project_arn(model.project_arn, name="project")
        elsewhere = parse_project_arn(f"{PREFIX}/nowhere/1690734433420", name="project")
        yield lambda arn=arn: models.find_project(arn)  # type: ignore[misc]
        yield lambda arn=arn, project=project: models.observe(arn, project)  # type: ignore[misc]
        yield lambda arn=arn, project=elsewhere: models.observe(arn, project)  # type: ignore[misc]
        yield lambda arn=arn: models.tag(arn, {"key": "value, with ü & <more>"})  # type: ignore[misc]
        yield lambda arn=arn: models.tags(arn)  # type: ignore[misc]
        yield lambda arn=arn: models.untag(arn, ["key"])  # type: ignore[misc]
        yield lambda arn=arn: models.start(arn, InferenceUnits(1, 2))  # type: ignore[misc]
        yield lambda arn=arn: models.stop(arn)  # type: ignore[misc]
    stranger = parse_project_version_arn(f"{PREFIX}/parts/version/v9/1691099674800", name="arn")
    nowhere = parse_project_version_arn(f"{PREFIX}/nowhere/version/v9/1691099674800", name="arn")
    parts = parse_project_arn(plan.models[0].project_arn, name="project")
    yield lambda: models.find_project(nowhere)
    yield lambda: models.observe(stranger, parts)
    yield lambda: models.tags(stranger)
    for asked in (stack, other_stack):
        for logical_id in ("Model", "Nobody"):
            yield lambda asked=asked, its=logical_id: stacks.resource(asked, its)  # type: ignore[misc]
            yield lambda asked=asked, its=logical_id: stacks.story(asked, its)  # type: ignore[misc]
    yield lambda: services.hand_over(function_arn).send({"again": "ü"})
    yield lambda: services.hand_over(function_arn + "0").send({"again": 1.5})
    yield lambda: services.put_answer(f"https://{HOST}/request?signed=no", b"{}", services.clock)


def told_by(new_services: Callable[[World], Services], plan: Plan) -> list[tuple[float, object]]:
    """When each call came back, and with what."""
    told: list[tuple[float, object]] = []

    def new_handler(world: World) -> Handler:
        services = new_services(world)

        def handler(event: Any, context: Any) -> None:
            if "again" in event:
                told.append((world.elapsed, event))
                return
            for _ in range(ROUNDS):
                for call in calls_to_neighbours(services, plan, context.invoked_function_arn):
                    told.append((world.elapsed, result_of(call)))

        return handler

    World(plan, new_handler).play()
    return told


def result_of(call: Callable[[], object]) -> object:
    """What a call returns, or all that its error says."""
    try:
        return call()
    except ServiceError as error:
        return error.kind, error.action, error.resource, error.code, error.message
    except AnswerNotSent as error:
        return str(error)


@pytest.mark.parametrize(("seed", "page"), [(0, 100), (1, 100), (2, 2), (3, 1)])
def test_the_adapters_of_both_seams_return_and_raise_the_same(
    seed: int, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results, error kinds, codes and messages: what reaches a Reason is the same to the letter.

    Events come in pages, and are read back to the one that began the operation.
    """
    monkeypatch.setattr(stack, "EVENTS_SHOWN", page)
    faults = Faults(
        throttled=0.1,
        failed_before=0.15,
        lost_after=0.2,
        stack_lag=5.0,
        hand_over_throttled=0.3,
        answer_lost=0.7,
    )
    models = (
        ModelPlan("v1", "parts", message="no capacity & <more>"),
        ModelPlan("v2", "parts", feature="CONTENT_MODERATION"),
        ModelPlan("v3", "labels"),
    )
    declared = Template((("Model", Declared(0)), ("Other", Declared(1))))
    stacks = (StackPlan("stack", 0.0, (Operation(Verb.DEPLOY, declared),)),)
    plan = Plan(seed, models, stacks, faults, by_hand=(ByHand(80.0, Hand.DELETE, 2),))
    fast = told_by(fast_seam.FastServices, plan)
    faithful = told_by(faithful_seam.new_services, plan)
    assert len(fast) > ROUNDS * 30
    for one, other in zip(fast, faithful, strict=True):
        assert one == other
    statuses = {told.stack_status for _, told in fast if isinstance(told, Story)}
    assert statuses
    assert "" not in statuses
