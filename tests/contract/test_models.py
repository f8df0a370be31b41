"""Rekognition Custom Labels, the same calls in both worlds."""

from __future__ import annotations

import pytest
from holds import holds
from models import START_SECONDS, STOP_SECONDS, ModelWorld

from local_aws.platform import rekognition
from local_aws.rekognition import Settings


@holds("model life")
def test_the_life_of_a_model(model: ModelWorld) -> None:
    """Trained, starting, running, stopping, stopped, and startable again."""
    assert model.status() in rekognition.STARTABLE
    assert model.start() == "STARTING"
    model.pass_by(START_SECONDS)
    assert model.status() == "RUNNING"
    assert model.stop() == "STOPPING"
    model.pass_by(STOP_SECONDS)
    assert model.status() == "STOPPED"
    assert model.start() == "STARTING"


@holds("wrong status")
def test_a_status_that_forbids_a_call(model: ModelWorld) -> None:
    """The error is the same for each of the three."""
    assert model.stop() == rekognition.WRONG_STATUS
    model.start()
    model.pass_by(START_SECONDS)
    assert model.start() == rekognition.WRONG_STATUS
    assert model.delete() == rekognition.WRONG_STATUS
    assert model.status() == "RUNNING"


@holds("units")
def test_units_change_only_by_stop_and_start(model: ModelWorld) -> None:
    """A Start of a running model changes nothing."""
    model.start(units=1)
    model.pass_by(START_SECONDS)
    assert model.units() == 1
    assert model.start(units=2) == rekognition.WRONG_STATUS
    assert model.units() == 1
    model.stop()
    model.pass_by(STOP_SECONDS)
    model.start(units=2)
    model.pass_by(START_SECONDS)
    assert model.units() == 2


@holds("quotas")
def test_quotas(model: ModelWorld) -> None:
    """Two models at once and five units of one, by default."""
    assert model.start("v1", 6) == rekognition.OVER_QUOTA
    assert model.start("v1", 5) == "STARTING"
    model.start("v2")
    model.pass_by(START_SECONDS)
    assert model.start("v3") == rekognition.OVER_QUOTA
    model.stop("v2")
    model.pass_by(STOP_SECONDS)
    assert model.start("v3") == "STARTING"


@holds("unknown version", "deletion")
def test_what_does_not_exist(model: ModelWorld) -> None:
    """An empty answer for a version, an error for a project; calls on a version that is gone are errors."""
    assert model.status("nothing") == ""
    assert model.status_in_unknown_project() == rekognition.UNKNOWN_RESOURCE
    assert model.start("nothing") == rekognition.UNKNOWN_RESOURCE
    model.delete("v1")
    model.pass_by(STOP_SECONDS)
    assert model.status("v1") == ""
    assert model.stop("v1") == rekognition.UNKNOWN_RESOURCE


@holds("claims")
def test_who_tags_last_has_the_tag(model: ModelWorld) -> None:
    """Nothing tells the second claimant of the first one."""
    assert model.tag(value="first") == model.tag(value="second") == "TRAINING_COMPLETED"
    assert model.tags() == {"key": "second"}


@holds("quotas", "call rates")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("running_models_quota", rekognition.RUNNING_MODELS_MAX),
        ("units_quota", rekognition.UNITS_MAX),
        ("control_calls_per_second", rekognition.CONTROL_CALLS_PER_SECOND),
        ("tag_calls_per_second", rekognition.TAG_CALLS_PER_SECOND),
        ("detect_calls_per_second", rekognition.DETECT_CALLS_PER_SECOND),
        ("wrong_status_error", rekognition.WRONG_STATUS),
    ],
)
def test_the_emulators_defaults_are_those_of_the_platform(name: str, value: object) -> None:
    """What the emulator has as its own setting begins with the documented value."""
    assert getattr(Settings(), name) == value
