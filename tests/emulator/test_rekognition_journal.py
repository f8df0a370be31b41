"""The journal: every call and transition at its time, and the inference time billed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from emulator_world import KEY, World, outcome_of


def test_calls_and_transitions_in_the_order_of_time(world: World) -> None:
    """A call comes before what it causes; what time does stands at its due time, however late one looks."""
    arn = world.version()
    began = world.clock.now()
    world.clock.advance(5)
    world.start(arn, 2)
    world.clock.advance(10_000)
    world.stop(arn)
    world.clock.advance(10_000)
    told = [
        (entry.at - began, entry.kind, entry.operation, entry.detail.get("to"))
        for entry in world.emulator.journal.entries
    ]
    assert told == [
        (0, "transition", "", "TRAINING_COMPLETED"),
        (5, "call", "StartProjectVersion", None),
        (5, "transition", "StartProjectVersion", "STARTING"),
        (605, "transition", "", "RUNNING"),
        (10_005, "call", "StopProjectVersion", None),
        (10_005, "transition", "StopProjectVersion", "STOPPING"),
        (10_125, "transition", "", "STOPPED"),
    ]
    assert [entry.number for entry in world.emulator.journal.entries] == [1, 2, 3, 4, 5, 6, 7]


def test_transitions_of_several_models_are_in_order(world: World) -> None:
    """One look, long after, finds what became of two models in the order of time."""
    slow, quick = world.version(start_seconds=50), world.version(start_seconds=20)
    world.start(slow)
    world.start(quick)
    world.clock.advance(1000)
    last = world.emulator.journal.transitions()[-2:]
    assert [entry.arn for entry in last] == [quick, slow]


def test_a_call_is_told_in_full(world: World) -> None:
    """Who called what with which parameters, and what came of it."""
    arn = world.version("RUNNING")
    outcome_of(lambda: world.start(arn, 3))
    world.describe(arn)
    refused, looked = world.emulator.journal.calls()
    assert (refused.operation, refused.arn, refused.principal) == ("StartProjectVersion", arn, KEY)
    assert refused.detail["parameters"] == {"ProjectVersionArn": arn, "MinInferenceUnits": 3}
    assert refused.detail["outcome"] == "ResourceInUseException"
    assert "is RUNNING" in refused.detail["message"]
    assert looked.arn == world.project
    assert looked.detail["answer"] == {arn: "RUNNING"}
    assert world.emulator.journal.calls("StartProjectVersion", arn) == [refused]
    assert world.emulator.journal.calls("StopProjectVersion") == []


def test_running_time_times_units_is_billed(world: World) -> None:
    """Seconds of RUNNING times units, over several runs, and up to now for one that still runs."""
    arn, other = world.version(), world.version("RUNNING")
    for units, seconds in ((2, 100), (3, 10)):
        world.start(arn, units)
        world.clock.advance(600 + seconds)
        world.stop(arn)
        world.clock.advance(120)
    journal = world.emulator.journal
    assert journal.billed(arn) == pytest.approx(2 * 100 + 3 * 10)
    ran = [(round(end - start), units) for start, end, units in journal.running_intervals(arn) if end]
    assert ran == [(100, 2), (10, 3)]
    elapsed = 600 + 100 + 120 + 600 + 10 + 120
    assert journal.billed(other) == pytest.approx(elapsed)
    assert journal.running_intervals(other)[0][1:] == (None, 1)
    assert journal.billed() == pytest.approx(230 + elapsed)
    assert journal.billed(other, until=world.clock.now() - 50) == pytest.approx(elapsed - 50)
    began = journal.running_intervals(arn)[0][0]
    assert journal.billed(arn, until=began + 30) == pytest.approx(2 * 30)
    assert journal.billed(arn, until=began - 30) == 0


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, 100),
        ({"bill_starting": True}, 700),
        ({"bill_stopping": True}, 220),
        ({"bill_starting": True, "bill_stopping": True}, 820),
    ],
)
def test_what_else_is_billed_is_a_switch(world: World, switches: dict[str, bool], expected: float) -> None:
    """Whether STARTING and STOPPING cost money is not documented."""
    world.emulator.settings.update(switches)
    arn = world.version()
    world.start(arn)
    world.clock.advance(700)
    world.stop(arn)
    world.clock.advance(1000)
    assert world.emulator.journal.billed(arn) == pytest.approx(expected)


@pytest.mark.parametrize(("switch", "expected"), [(False, 0), (True, 50)])
def test_a_model_that_failed_may_bill(world: World, switch: bool, expected: float) -> None:
    """Whether FAILED after a start costs money is not documented."""
    world.emulator.settings.bill_failed = switch
    arn = world.version(start_outcome="FAILED")
    world.start(arn)
    world.clock.advance(650)
    assert world.emulator.journal.billed(arn) == pytest.approx(expected)


def test_a_forced_status_bills_as_it_says(world: World) -> None:
    """A model forced to RUNNING bills one unit if it never had another number, until it is forced away."""
    arn = world.version()
    world.emulator.set_status(arn, "RUNNING")
    world.clock.advance(30)
    world.emulator.set_status(arn, "SOME_NEW_STATUS")
    world.clock.advance(30)
    assert world.emulator.journal.billed(arn) == pytest.approx(30)
    assert len(world.emulator.journal.running_intervals(arn)) == 1


def test_the_journal_is_json(world: World, tmp_path: Path) -> None:
    """It can be written into a file and read back."""
    world.start(world.version())
    world.emulator.journal.dump(tmp_path / "journal.json")
    read = json.loads((tmp_path / "journal.json").read_text(encoding="utf-8"))
    assert read == world.emulator.journal.to_json()
    assert [entry["kind"] for entry in read] == ["transition", "call", "transition"]


def test_entries_do_not_change_any_more(world: World) -> None:
    """What was handed out stays as it was, whatever happens next."""
    arn = world.version()
    before = world.emulator.journal.to_json()
    world.start(arn)
    assert world.emulator.journal.to_json()[: len(before)] == before
