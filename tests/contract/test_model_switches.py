"""What AWS leaves open about models: each answer gives the same in both worlds, and so do the defaults."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from holds import holds
from models import OF_PLAN, QUOTA_SWITCHES, START_SECONDS, STOP_SECONDS, SWITCHES, ModelWorld

from local_aws.platform import rekognition
from local_aws.rekognition import Settings
from local_aws.rekognition.settings import ABSENT, ACCEPTED, INVALID, KEPT, REFUSED
from simulator.plan import ModelPlan, Plan

REFUSAL = rekognition.WRONG_STATUS
DEAD = sorted(
    rekognition.STATUSES
    - rekognition.STARTABLE
    - rekognition.PERHAPS_STARTABLE
    - {rekognition.STARTING, rekognition.RUNNING}
)
"""STOPPING too: in none of them does any tool of AWS start a model."""

IN_A_STATUS = [
    ("start", "STARTING", "start_when_running", "STARTING"),
    ("start", "RUNNING", "start_when_running", "RUNNING"),
    ("start", "FAILED", "start_when_failed", "STARTING"),
    ("start", "COPYING_COMPLETED", "start_when_copied", "STARTING"),
    ("stop", "STARTING", "stop_when_starting", "STOPPING"),
    ("stop", "FAILED", "stop_when_failed", "STOPPING"),
    ("stop", "STOPPING", "stop_when_stopped", "STOPPING"),
    ("stop", "STOPPED", "stop_when_stopped", "STOPPED"),
]


@holds("failed models", "copied models", "without effect")
@pytest.mark.parametrize(("call", "status", "switch", "becomes"), IN_A_STATUS)
@pytest.mark.parametrize("answer", [ACCEPTED, REFUSED])
def test_a_status_of_which_nothing_is_said(
    model: ModelWorld, call: str, status: str, switch: str, becomes: str, answer: str
) -> None:
    """The call is taken or refused."""
    model.begin(status, running_models_quota=9, **{switch: answer})
    assert getattr(model, call)() == (becomes if answer == ACCEPTED else REFUSAL)
    assert model.status() == (becomes if answer == ACCEPTED else status)


@holds("dead statuses")
@pytest.mark.parametrize("status", DEAD)
@pytest.mark.parametrize("taken", [True, False])
def test_a_start_where_none_is_expected(model: ModelWorld, status: str, taken: bool) -> None:
    """Refused; with the switch it is a start as any other, and nothing of before comes back."""
    model.begin(status, running_models_quota=9, also_startable=[status] if taken else [])
    assert model.start() == ("STARTING" if taken else REFUSAL)
    model.pass_by(START_SECONDS)
    assert model.status() == ("RUNNING" if taken else status)


@holds("dead statuses")
@pytest.mark.parametrize("status", [*DEAD, "TRAINING_COMPLETED"])
@pytest.mark.parametrize("taken", [True, False])
def test_a_stop_where_none_is_expected(model: ModelWorld, status: str, taken: bool) -> None:
    """The same of a stop."""
    model.begin(status, also_stoppable=[status] if taken else [])
    assert model.stop() == ("STOPPING" if taken else REFUSAL)
    model.pass_by(STOP_SECONDS)
    assert model.status() == ("STOPPED" if taken else status)


@holds("dead statuses")
def test_a_start_while_it_stops(model: ModelWorld) -> None:
    """What was stopping does not become STOPPED after all."""
    model.begin("TRAINING_COMPLETED", also_startable=["STOPPING"])
    model.start()
    model.pass_by(START_SECONDS)
    model.stop()
    assert model.start() == "STARTING"
    model.pass_by(STOP_SECONDS)
    assert model.status() == "STARTING"
    model.pass_by(START_SECONDS - STOP_SECONDS)
    assert model.status() == "RUNNING"


@holds("units at rest")
@pytest.mark.parametrize(("answer", "shown"), [(KEPT, 2), (ABSENT, None)])
def test_units_of_a_model_that_has_stopped(model: ModelWorld, answer: str, shown: int | None) -> None:
    """They stay, or vanish; while it starts, runs and stops they are there."""
    model.begin("TRAINING_COMPLETED", units_while_stopped=answer)
    assert model.units() is None
    model.start(units=2)
    assert model.units() == 2
    model.pass_by(START_SECONDS)
    model.stop()
    assert model.units() == 2
    model.pass_by(STOP_SECONDS)
    assert model.units() == shown


@holds("slots")
@pytest.mark.parametrize(
    ("status", "switch"), [("STARTING", "quota_counts_starting"), ("STOPPING", "quota_counts_stopping")]
)
@pytest.mark.parametrize("counts", [True, False])
def test_whether_a_status_takes_a_slot(model: ModelWorld, status: str, switch: str, counts: bool) -> None:
    """A second model starts beside the first one, or is over a quota of one."""
    model.begin("TRAINING_COMPLETED", running_models_quota=1, **{switch: counts})
    model.start()
    if status == "STOPPING":
        model.pass_by(START_SECONDS)
        model.stop()
    assert model.start("v2") == (rekognition.OVER_QUOTA if counts else "STARTING")


@holds("wrong status")
@pytest.mark.parametrize("code", [REFUSAL, INVALID])
def test_the_error_of_a_wrong_status(model: ModelWorld, code: str) -> None:
    """The same one for Start, Stop and Delete."""
    model.begin("RUNNING", wrong_status_error=code)
    assert (model.start(), model.delete()) == (code, code)
    model.begin("STOPPED", wrong_status_error=code)
    assert model.stop() == code


@holds("tagging")
@pytest.mark.parametrize("status", ["TRAINING_IN_PROGRESS", "STARTING", "RUNNING", "STOPPING"])
@pytest.mark.parametrize("refused", [True, False])
def test_tags_in_a_status(model: ModelWorld, status: str, refused: bool) -> None:
    """Taken, or refused as the switch says."""
    model.begin(status, tagging_refused_while=[status] if refused else [])
    assert model.tag() == (INVALID if refused else status)


@holds("wrong status")
@pytest.mark.parametrize("status", sorted(rekognition.STATUSES))
def test_what_can_be_deleted(model: ModelWorld, status: str) -> None:
    """Not what runs or trains, nor what is being copied or deleted."""
    model.begin(status)
    kept = rekognition.NOT_DELETABLE | rekognition.PERHAPS_NOT_DELETABLE
    assert model.delete() == (REFUSAL if status in kept else "")


@pytest.mark.parametrize("name", [*SWITCHES, *QUOTA_SWITCHES])
def test_both_worlds_begin_with_the_same(name: str) -> None:
    """A switch that nobody has turned says the same in both."""
    emulated: Any = getattr(Settings(), name)
    if name in QUOTA_SWITCHES:
        assert getattr(Plan(1, (), ()), OF_PLAN.get(name, name)) == emulated
        return
    field, value = SWITCHES[name]
    defaults = {one.name: one.default for one in fields(ModelPlan)}
    assert defaults[field] == value(emulated)
