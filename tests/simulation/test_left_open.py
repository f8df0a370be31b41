"""The handler, both ways of what AWS leaves open and no history draws."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from simulator.history import History, play
from simulator.plan import (
    Declared,
    Kill,
    KillAt,
    Mode,
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

DELETE = Operation(Verb.DELETE)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Without logs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def template(model: int = 0, **of_declared: Any) -> Template:
    """One model."""
    return Template((("Model", Declared(model, **of_declared)),))


def played(*operations: Operation, models: tuple[ModelPlan, ...], **of_plan: Any) -> History:
    """A history of one stack; every guarantee has held."""
    of_stack = of_plan.pop("of_stack", {})
    stack = StackPlan("alpha", 0.0, operations, deploys_again=True, **of_stack)
    history = play(Plan(1, models, (stack,), **of_plan))
    assert history.violations == ()
    return history


V1, V2 = ModelPlan("v1", "parts"), ModelPlan("v2", "parts")
SWITCHES: list[dict[str, Any]] = [
    {"start_when_running": True},
    {"stop_when_stopped": True},
    {"stop_when_failed": True},
    {"start_when_copied": False},
    {"also_startable": ("STOPPING", "FAILED", "TRAINING_FAILED")},
    {"also_stoppable": ("STOPPING", "STOPPED", "FAILED")},
    {"wrong_status_error": "InvalidParameterException"},
    {"tagging_refused_while": ("STARTING", "STOPPING")},
]


@pytest.mark.parametrize("switches", [{}, *SWITCHES], ids=lambda switches: ",".join(switches) or "defaults")
def test_a_whole_life(switches: dict[str, Any]) -> None:
    """Made, resized, replaced and deleted, with every guarantee; each request succeeds."""
    models = (replace(V1, **switches), replace(V2, **switches))
    operations = (
        Operation(Verb.DEPLOY, template()),
        Operation(Verb.DEPLOY, template(units=2)),
        Operation(Verb.DEPLOY, template(1)),
        DELETE,
    )
    history = played(*operations, models=models)
    outcomes = [(request.type, request.outcome) for request in history.world.requests]
    assert outcomes == [
        (kind, Outcome.SUCCESS) for kind in ("Create", "Update", "Update", "Delete", "Delete")
    ]


@pytest.mark.parametrize("names_late", [True, False])
def test_an_answer_that_comes_late(names_late: bool) -> None:
    """A Create is cancelled while the model starts, and answers after that: the Delete of the next operation
    has the ARN for its id, or an invented one, and the model runs and rests as declared either way."""
    failing = replace(template(), siblings=(("Queue", Sibling(80.0, create_fails=True)),))
    operations = (
        Operation(Verb.DEPLOY, failing, mode=Mode.NO_ROLL_BACK),
        Operation(Verb.DEPLOY, template(), mode=Mode.NO_ROLL_BACK, pause_seconds=300.0),
        DELETE,
    )
    of_stack = {"lets_others_end": False, "names_late": names_late}
    models = (replace(V1, starts=(Start(StartEnd.RUNNING, 100.0),)),)
    world = played(*operations, models=models, of_stack=of_stack).world
    assert [(one.type, one.outcome) for one in world.requests] == [
        ("Create", Outcome.CANCELLED),
        ("Delete", Outcome.SUCCESS),
        ("Create", Outcome.SUCCESS),
        ("Delete", Outcome.SUCCESS),
    ]
    assert world.requests[0].answers
    assert (world.requests[1].physical_id == V1.arn) is names_late


@pytest.mark.parametrize("count", [True, False])
def test_tries_that_may_count_as_hops(count: bool) -> None:
    """A start of 45 minutes, and two tries of each invocation die: whether or not loop detection counts them,
    the chain is long enough for the answer."""
    kills = tuple(Kill(number, KillAt.BEFORE_CALL, 2) for number in range(12) if number % 3 != 2)
    slow = (replace(V1, starts=(Start(StartEnd.RUNNING, 2700.0),)),)
    operation = Operation(Verb.DEPLOY, template())
    history = played(operation, models=slow, kills=kills, retries_count_as_hops=count)
    request = history.world.requests[0]
    assert (request.outcome, request.lost) == (Outcome.SUCCESS, [])
    assert history.world.functions.count == 12
