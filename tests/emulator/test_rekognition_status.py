"""Which status allows which call, what time makes of it, and every switch for what AWS does not document."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import StringShape
from emulator_world import World, outcome_of, png

from local_aws.rekognition import ApiError, Settings
from local_aws.rekognition.validation import service_model

IN_USE, NOT_READY = "ResourceInUseException", "ResourceNotReadyException"

# status: (start, stop, delete, detect) under default settings
TABLE = {
    "TRAINING_IN_PROGRESS": (IN_USE, IN_USE, IN_USE, NOT_READY),
    "TRAINING_COMPLETED": ("ok", IN_USE, "ok", NOT_READY),
    "TRAINING_FAILED": (IN_USE, IN_USE, "ok", NOT_READY),
    "STARTING": (IN_USE, IN_USE, IN_USE, NOT_READY),
    "RUNNING": (IN_USE, "ok", IN_USE, "ok"),
    "FAILED": ("ok", IN_USE, "ok", NOT_READY),
    "STOPPING": (IN_USE, IN_USE, IN_USE, NOT_READY),
    "STOPPED": ("ok", IN_USE, "ok", NOT_READY),
    "DELETING": (IN_USE, IN_USE, IN_USE, NOT_READY),
    "COPYING_IN_PROGRESS": (IN_USE, IN_USE, IN_USE, NOT_READY),
    "COPYING_COMPLETED": ("ok", IN_USE, "ok", NOT_READY),
    "COPYING_FAILED": (IN_USE, IN_USE, "ok", NOT_READY),
    "DEPRECATED": (IN_USE, IN_USE, "ok", NOT_READY),
    "EXPIRED": (IN_USE, IN_USE, "ok", NOT_READY),
    "SOME_NEW_STATUS": (IN_USE, IN_USE, "ok", NOT_READY),
}


def test_the_table_knows_every_status_of_the_service() -> None:
    """A status that botocore's model gains has to be decided here."""
    shape = service_model().shape_for("ProjectVersionStatus")
    assert isinstance(shape, StringShape)
    assert set(shape.enum) | {"SOME_NEW_STATUS"} == set(TABLE)


@pytest.mark.parametrize("status", TABLE)
def test_what_a_status_allows(world: World, status: str) -> None:
    """Start, stop, delete and detect succeed only where the table says so, and change nothing elsewhere."""
    client = world.rekognition
    calls = (
        lambda arn: world.start(arn),
        lambda arn: world.stop(arn),
        lambda arn: client.delete_project_version(ProjectVersionArn=arn),
        lambda arn: client.detect_custom_labels(ProjectVersionArn=arn, Image={"Bytes": png()}),
    )
    for call, expected in zip(calls, TABLE[status], strict=True):
        world.emulator.reset()
        world.project = world.emulator.add_project("parts")
        arn = world.version(status)
        assert outcome_of(lambda call=call, arn=arn: call(arn)) == expected  # type: ignore[misc]
        if expected != "ok":
            assert world.emulator.status(arn) == status


def test_the_life_of_a_model(world: World) -> None:
    """Start and stop pass through STARTING and STOPPING for as long as the settings say."""
    arn = world.version()
    assert world.start(arn, 2, MaxInferenceUnits=3) == "STARTING"
    world.clock.advance(599.9)
    assert world.describe(arn)["Status"] == "STARTING"
    world.clock.advance(0.2)
    shown = world.describe(arn)
    assert (shown["Status"], shown["MinInferenceUnits"], shown["MaxInferenceUnits"]) == ("RUNNING", 2, 3)
    assert world.stop(arn) == "STOPPING"
    world.clock.advance(119.9)
    assert world.describe(arn)["Status"] == "STOPPING"
    world.clock.advance(0.2)
    assert world.describe(arn)["Status"] == "STOPPED"
    expected = ["TRAINING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED"]
    assert world.emulator.journal.statuses(arn) == expected


def test_without_a_maximum_none_is_shown(world: World) -> None:
    """A start without MaxInferenceUnits forgets that of an earlier start: there is no auto scaling."""
    arn = world.version("STOPPED", units=1, max_units=4)
    world.start(arn)
    assert "MaxInferenceUnits" not in world.describe(arn)


def test_a_version_has_its_own_times(world: World) -> None:
    """Times of a version win over the settings, which may be changed for later starts."""
    quick, usual = world.version(start_seconds=5, stop_seconds=1), world.version()
    world.start(quick)
    world.emulator.settings.start_seconds = 30
    world.start(usual)
    world.clock.advance(6)
    assert [world.emulator.status(arn) for arn in (quick, usual)] == ["RUNNING", "STARTING"]
    world.clock.advance(30)
    assert world.emulator.status(usual) == "RUNNING"
    world.stop(quick)
    world.clock.advance(1)
    assert world.emulator.status(quick) == "STOPPED"


def test_a_start_that_fails_says_why(world: World) -> None:
    """A version told to fail goes to FAILED with its StatusMessage, and runs once told otherwise."""
    arn = world.version(start_outcome="FAILED", status_message="Not enough capacity.")
    world.start(arn)
    world.clock.advance(600)
    shown = world.describe(arn)
    assert (shown["Status"], shown["StatusMessage"]) == ("FAILED", "Not enough capacity.")
    world.emulator.configure(arn, start_outcome="RUNNING", start_seconds=1)
    world.start(arn)
    world.clock.advance(1)
    assert world.emulator.status(arn) == "RUNNING"


def test_a_start_or_a_stop_may_never_end(world: World) -> None:
    """A year later the model is still STARTING, or still STOPPING."""
    starting = world.version(start_outcome="NEVER")
    stopping = world.version("RUNNING", stop_outcome="NEVER")
    world.start(starting)
    world.stop(stopping)
    world.clock.advance(365 * 86_400)
    assert world.emulator.status(starting) == "STARTING"
    assert world.emulator.status(stopping) == "STOPPING"


# setting, value, status before, call, expected outcome, status after
SWITCHES = [
    ("start_when_running", "accepted", "RUNNING", "start", "ok", "RUNNING"),
    ("start_when_running", "accepted", "STARTING", "start", "ok", "STARTING"),
    ("start_when_failed", "refused", "FAILED", "start", IN_USE, "FAILED"),
    ("start_when_copied", "refused", "COPYING_COMPLETED", "start", IN_USE, "COPYING_COMPLETED"),
    ("stop_when_starting", "accepted", "STARTING", "stop", "ok", "STOPPING"),
    ("stop_when_failed", "accepted", "FAILED", "stop", "ok", "STOPPING"),
    ("stop_when_stopped", "accepted", "STOPPED", "stop", "ok", "STOPPED"),
    ("stop_when_stopped", "accepted", "STOPPING", "stop", "ok", "STOPPING"),
    (
        "wrong_status_error",
        "InvalidParameterException",
        "STOPPING",
        "start",
        "InvalidParameterException",
        None,
    ),
    ("wrong_status_error", "InvalidParameterException", "STOPPED", "stop", "InvalidParameterException", None),
]


@pytest.mark.parametrize(("setting", "value", "before", "call", "expected", "after"), SWITCHES)
def test_switches(
    world: World, setting: str, value: str, before: str, call: str, expected: str, after: str | None
) -> None:
    """What no page of AWS settles can be had both ways."""
    arn = world.version(before)
    setattr(world.emulator.settings, setting, value)
    act = world.start if call == "start" else world.stop
    assert outcome_of(lambda: act(arn)) == expected
    assert world.emulator.status(arn) == (after or before)


def test_a_stop_while_starting_ends_the_start(world: World) -> None:
    """Accepted, it leads to STOPPED, and the start's own end never comes."""
    world.emulator.settings.stop_when_starting = "accepted"
    arn = world.version()
    world.start(arn)
    world.clock.advance(100)
    world.stop(arn)
    world.clock.advance(10_000)
    assert world.emulator.journal.statuses(arn)[1:] == ["STARTING", "STOPPING", "STOPPED"]


@pytest.mark.parametrize(("switch", "shown"), [("kept", True), ("absent", False)])
def test_units_of_a_stopped_model(world: World, switch: str, shown: bool) -> None:
    """Units are shown while a model starts, runs and stops; afterwards the switch decides."""
    world.emulator.settings.units_while_stopped = switch
    arn = world.version()
    world.start(arn, 2, MaxInferenceUnits=4)
    assert world.describe(arn)["MinInferenceUnits"] == 2
    world.clock.advance(600)
    world.stop(arn)
    assert world.describe(arn)["MaxInferenceUnits"] == 4
    world.clock.advance(120)
    assert ("MinInferenceUnits" in world.describe(arn)) is shown
    assert ("MaxInferenceUnits" in world.describe(arn)) is shown


def test_a_version_of_another_feature_can_not_start(world: World) -> None:
    """Content moderation adapters share the API and neither start, stop nor detect custom labels."""
    project = world.emulator.add_project("adapters", feature="CONTENT_MODERATION")
    arn = world.emulator.add_version(project, "a1")
    assert outcome_of(lambda: world.start(arn)) == "InvalidParameterException"
    assert outcome_of(lambda: world.stop(arn)) == "InvalidParameterException"
    detect = world.rekognition.detect_custom_labels
    problem = outcome_of(lambda: detect(ProjectVersionArn=arn, Image={"Bytes": png()}))
    assert problem == "InvalidParameterException"


def test_a_status_can_be_forced(world: World) -> None:
    """A forced status is shown as it is, known to AWS or not, and time leaves it alone."""
    arn = world.version()
    world.start(arn)
    world.emulator.set_status(arn, "SOME_NEW_STATUS", "What is this?")
    world.clock.advance(10_000)
    shown = world.describe(arn)
    assert (shown["Status"], shown["StatusMessage"]) == ("SOME_NEW_STATUS", "What is this?")


def test_people_beside_the_stack(world: World) -> None:
    """Starts, stops, deletes by hand obey the statuses, meet no rate, and stand in the journal as such."""
    world.emulator.settings.control_calls_per_second = 1
    arn = world.version()
    for _ in range(5):
        world.emulator.start_by_hand(arn, 2)
        world.clock.advance(600)
        with pytest.raises(ApiError, match="ResourceInUseException"):
            world.emulator.delete_by_hand(arn)
        world.emulator.stop_by_hand(arn)
        world.clock.advance(120)
    world.emulator.delete_by_hand(arn)
    world.clock.advance(5)
    assert world.emulator.status(arn) == "DELETED"
    calls = world.emulator.journal.calls(arn=arn)
    assert {entry.principal for entry in calls} == {"by hand"}
    assert [entry.detail["outcome"] for entry in calls].count("ResourceInUseException") == 5


def test_a_running_model_can_vanish(world: World) -> None:
    """Deleted by hand at once: nothing is shown any more and nothing billed."""
    arn = world.version("RUNNING")
    world.clock.advance(10)
    world.emulator.delete_by_hand(arn, at_once=True)
    world.clock.advance(10)
    assert world.describe(arn) == {}
    assert outcome_of(lambda: world.stop(arn)) == "ResourceNotFoundException"
    assert world.emulator.journal.billed(arn) == pytest.approx(10)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"start_seconds": -1}, "start_seconds must be a number of at least 0"),
        ({"running_models_quota": 1.5}, "running_models_quota must be a whole number of at least 0"),
        ({"units_while_stopped": "maybe"}, "units_while_stopped must be one of kept, absent"),
        ({"bill_starting": 1}, "bill_starting must be true or false"),
        ({"tagging_refused_while": "DELETING"}, "tagging_refused_while must be a list of strings"),
        ({"metrics_period_seconds": float("nan")}, "metrics_period_seconds must be a number"),
    ],
)
def test_fails_when_a_setting_is_wrong(values: dict[str, Any], message: str) -> None:
    """A wrong value is refused by name, at start and at run time, and leaves the settings as they were."""
    with pytest.raises(ValueError, match=message):
        Settings(**values)
    settings = Settings()
    with pytest.raises(ValueError, match=message):
        settings.update({"stop_seconds": 1, **values})
    assert settings == Settings()


def test_fails_when_a_setting_is_misspelt() -> None:
    """An unknown name is refused instead of being forgotten."""
    with pytest.raises(AttributeError, match="no attribute 'start_second'"):
        Settings().start_second = 1  # type: ignore[attr-defined]
