"""Auto scaling: units in service between minimum and maximum, by load; billed and measured as they are."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_world import World, outcome_of, png


@pytest.fixture
def model(world: World) -> str:
    """A model of one to three units that has just begun to run; a unit stands one call a second."""
    world.emulator.settings.update({"detect_calls_per_unit_second": 1, "detect_calls_per_second": None})
    arn = world.version()
    world.start(arn, 1, MaxInferenceUnits=3)
    world.clock.advance(600)
    assert world.describe(arn)["Status"] == "RUNNING"
    return arn


def load(world: World, arn: str, a_second: float, seconds: int) -> list[str]:
    """So many calls a second for so long; their outcomes."""
    outcomes = []
    detect = world.rekognition.detect_custom_labels
    for _ in range(int(a_second * seconds)):
        outcomes.append(outcome_of(lambda: detect(ProjectVersionArn=arn, Image={"Bytes": png()})))
        world.clock.advance(1 / a_second)
    return outcomes


def in_service(world: World) -> int:
    """Units in service of the one model."""
    return int(world.emulator.models()[0]["units_in_service"])


def test_units_follow_the_load(world: World, model: str) -> None:
    """Up to the maximum within a period or two, and back to the minimum when the load is gone."""
    assert in_service(world) == 1
    assert "ProvisionedThroughputExceededException" in load(world, model, 2, 60)
    assert in_service(world) == 2
    assert set(load(world, model, 2, 50)) == {"ok"}
    load(world, model, 9, 70)
    assert in_service(world) == 3
    world.clock.advance(130)
    assert in_service(world) == 1
    assert world.describe(model)["MaxInferenceUnits"] == 3


def test_scaled_units_are_billed_and_measured(world: World, model: str) -> None:
    """The units in service, not the minimum; the model's status never changes."""
    load(world, model, 2, 60)
    before = world.emulator.journal.billed(model)
    load(world, model, 2, 30)
    assert world.emulator.journal.billed(model) - before == pytest.approx(2 * 30, abs=2)
    data: list[dict[str, Any]] = []
    world.emulator.publish_metrics_to(lambda **put: data.extend(put["MetricData"]))
    world.emulator.flush_metrics()
    told = {item["MetricName"]: item["Value"] for item in data}
    assert (told["InServiceInferenceUnits"], told["DesiredInferenceUnits"]) == (2, 2)
    assert (told["MinInferenceUnits"], told["MaxInferenceUnits"]) == (1, 3)
    assert world.emulator.journal.statuses(model).count("RUNNING") == 1
    assert len(world.emulator.journal.running_intervals(model)) == 1


def test_without_a_maximum_nothing_scales(world: World) -> None:
    """As the guide says of MaxInferenceUnits."""
    world.emulator.settings.update({"detect_calls_per_unit_second": 1, "detect_calls_per_second": None})
    arn = world.version("RUNNING")
    load(world, arn, 3, 130)
    assert in_service(world) == 1


def test_a_long_idle_time_costs_nothing(world: World, model: str) -> None:
    """A year of quiet periods is looked at in no time, and ends at the minimum."""
    load(world, model, 2, 60)
    world.clock.advance(365 * 86_400)
    assert in_service(world) == 1
    assert len(world.emulator.journal.select(kind="scaling")) == 2


def test_a_stopped_model_scales_no_more(world: World, model: str) -> None:
    """A start begins with the minimum again."""
    load(world, model, 2, 60)
    world.stop(model)
    assert in_service(world) == 0
    world.clock.advance(120)
    world.start(model, 1, MaxInferenceUnits=3)
    world.clock.advance(600)
    assert in_service(world) == 1
