"""Numbers, claims, deadlines, wanted, state and errors: the small pure parts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core import waiting
from running_model_handler.core.claim import (
    CLAIM_TAGS,
    UNCLAIMED,
    Owner,
    PreviousOwner,
    claim_tags,
    read_claim,
    request_digest,
    with_request,
)
from running_model_handler.core.errors import ErrorKind, InvalidProperty, classify
from running_model_handler.core.names import Tag
from running_model_handler.core.numbers import parse_whole_number
from running_model_handler.core.state import ModelMemory, State, state_from_json
from running_model_handler.core.status import Observation
from running_model_handler.core.units import InferenceUnits, check_units, parse_max_units, parse_min_units
from running_model_handler.core.wanted import (
    Direction,
    RequestType,
    ResourceView,
    StackEvent,
    StackView,
    must_stop_after_end,
    newer,
    read_events,
    still_wanted,
)

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/" + "n" * 128 + "/" + "0" * 36
UNITS = st.builds(
    lambda low, more: InferenceUnits(low, None if more is None else low + more),
    st.integers(1, 100),
    st.none() | st.integers(0, 100),
)


@pytest.mark.parametrize("value", [1, "1", " 1 ", 1.0, "01", "+1"])
def test_whole_numbers_in_every_spelling(value: object) -> None:
    """CDK gives ints, jsii floats, CloudFormation strings."""
    assert parse_min_units(value, name="min") == 1


@pytest.mark.parametrize("value", [0, -1, "0", "-3", 1.5, "1.5", "1e3", True, None, "", [], "9" * 40, "½"])
def test_fails_when_units_are_no_whole_number_from_one(value: object) -> None:
    """Whatever is no whole number of at least 1 is named."""
    with pytest.raises(InvalidProperty, match="min must be a whole number of at least 1"):
        parse_min_units(value, name="min")


def test_max_units_may_be_left_out_and_may_not_be_below_min() -> None:
    """No maximum means no auto scaling."""
    assert parse_max_units(None, name="max") is None
    assert parse_max_units("", name="max") is None
    with pytest.raises(InvalidProperty, match="at least the minimum of 3"):
        check_units(3, 2, max_name="max")


def test_ranges_name_both_ends() -> None:
    """A range is told with both its ends."""
    with pytest.raises(InvalidProperty, match="from 1 to 60"):
        parse_whole_number(61, name="n", minimum=1, maximum=60, unit="s", way_out="omit it")


LOGICAL_IDS = st.text("abcXYZ09", min_size=1, max_size=255)


@given(
    units=UNITS,
    previous=st.none() | st.builds(PreviousOwner, LOGICAL_IDS, UNITS),
    adopted=st.booleans(),
    created=st.none() | st.integers(0, 10**13).map(str),
)
def test_claims_round_trip_within_the_limits_of_tags(
    units: InferenceUnits, previous: PreviousOwner | None, adopted: bool, created: str | None
) -> None:
    """What is written into tags is read back, and fits: key 128, value 256 characters of the allowed set."""
    owner = Owner(STACK, "L" * 255)
    tags = claim_tags(
        owner, units, project_created=created, previous=previous, adopted=adopted, requests=("a", "b")
    )
    claim = read_claim(tags)
    assert (claim.owner, claim.units, claim.previous) == (owner, units, previous)
    assert (claim.adopted, claim.project_created, claim.requests) == (adopted, created, ("a", "b"))
    allowed = set(" _.:/=+-@")
    for key, value in tags.items():
        assert len(key) <= 128
        assert len(value) <= 256
        assert all(character.isalnum() or character in allowed for character in key + value)


@given(st.dictionaries(st.sampled_from([str(tag) for tag in Tag]), st.text(max_size=30)))
def test_any_tags_are_read(tags: dict[str, str]) -> None:
    """Tags that people changed by hand break nothing."""
    read_claim(tags)


def test_history_of_requests_is_short_and_tells_late_ones() -> None:
    """A digest behind the first one is a late duplicate; the whole history fits one tag."""
    history: tuple[str, ...] = ()
    for number in range(40):
        history = with_request(history, request_digest(STACK, str(number)))
    assert len(" ".join(history)) <= 256
    claim = read_claim({"rekognition-running-model:requests": " ".join(history)})
    assert not claim.superseded(request_digest(STACK, "39"))
    assert claim.superseded(request_digest(STACK, "38"))
    assert not UNCLAIMED.superseded(request_digest(STACK, "1"))


def test_start_deadline_leaves_time_to_stop_and_answer() -> None:
    """55 minutes at most, and never behind the answer's own deadline."""
    assert waiting.start_deadline(0, 3300, 3600) == 3300
    assert waiting.start_deadline(0, 3300, 600) == waiting.answer_deadline(0, 600) < 600
    assert waiting.answer_deadline(0, 3600) == 3540


@given(st.integers(0, 1000), st.floats(0, 1))
def test_backoff_is_bounded(tries: int, chance: float) -> None:
    """Backoff never grows past its ceiling, and never is nothing."""
    assert 0 < waiting.backoff_seconds(tries, chance) <= waiting.BACKOFF_SECONDS_MAX + 0.1


@given(st.floats(1, 60), st.floats(0, 1))
def test_polls_stay_within_the_interval(interval: float, chance: float) -> None:
    """Jitter shortens the interval, by a tenth at most."""
    assert 0.9 * interval <= waiting.poll_seconds(interval, chance) <= interval


def test_hand_over_margin_suits_short_functions_too() -> None:
    """A minute in production, less where the function's time-out is short."""
    assert waiting.hand_over_margin(900) == 60
    assert waiting.hand_over_margin(20) == 5


@pytest.mark.parametrize(
    ("kind", "status", "stack", "begun", "wanted"),
    [
        ("Create", "CREATE_IN_PROGRESS", None, None, True),
        ("Create", "CREATE_COMPLETE", None, None, False),
        ("Create", "CREATE_FAILED", None, None, False),
        ("Create", "DELETE_IN_PROGRESS", None, None, False),
        ("Create", None, None, None, False),
        ("Update", "UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", Direction.FORWARD, True),
        ("Update", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", Direction.FORWARD, False),
        ("Update", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", Direction.BACK, True),
        ("Update", "UPDATE_COMPLETE", "UPDATE_COMPLETE", Direction.FORWARD, False),
        ("Update", None, "gone", Direction.FORWARD, False),
    ],
)
def test_still_wanted(
    kind: str, status: str | None, stack: str | None, begun: Direction | None, wanted: bool
) -> None:
    """G10: only the operation that sent the request keeps it wanted."""
    view = StackView(ResourceView(status) if status else None, stack)
    assert still_wanted(RequestType(kind), begun, view) is wanted


def test_the_later_word_on_a_resource_counts() -> None:
    """Status and latest event may each lag; a time that is not known proves nothing."""
    old, new = ResourceView("CREATE_COMPLETE", "p", 1.0), ResourceView("UPDATE_IN_PROGRESS", None, 2.0)
    assert newer(old, new) == ResourceView("UPDATE_IN_PROGRESS", "p", 2.0)
    assert newer(new, old) == new
    assert newer(old, None) == old
    assert newer(None, new) == new
    assert newer(None, None) is None
    assert newer(old, ResourceView("UPDATE_IN_PROGRESS")) == old


A, B = "arn:a", "arn:b"


@pytest.mark.parametrize(
    ("kind", "former", "status", "physical", "stop"),
    [
        ("Create", None, None, None, True),
        ("Create", None, "DELETE_COMPLETE", A, True),
        ("Create", None, "DELETE_IN_PROGRESS", None, True),
        ("Create", None, "CREATE_FAILED", None, True),
        ("Create", None, "CREATE_FAILED", A, True),
        ("Create", None, "CREATE_FAILED", B, False),
        ("Create", None, "CREATE_COMPLETE", A, False),
        ("Update", B, "UPDATE_FAILED", B, True),
        ("Update", B, "UPDATE_IN_PROGRESS", None, True),
        ("Update", A, "UPDATE_FAILED", A, False),
        ("Update", A, "UPDATE_IN_PROGRESS", None, False),
    ],
)
def test_what_a_stale_request_started_is_stopped_unless_the_resource_lives_on_with_it(
    kind: str, former: str | None, status: str | None, physical: str | None, stop: bool
) -> None:
    """G3, G10: the model of a request that has ended."""
    view = StackView(ResourceView(status, physical) if status else None)
    assert must_stop_after_end(RequestType(kind), A, former, view) is stop


def test_state_survives_json_and_other_releases() -> None:
    """Hand-overs are read by other releases: unknown keys are ignored, missing ones have defaults."""
    state = State(started_at=5.0, hand_overs=2, claimed=[A])
    state.model(A).note_start("STOPPED", 7.0, certain=True)
    assert state_from_json(json.loads(json.dumps(state.to_json())), 9.0) == state
    newer = state.to_json() | {"colour": "blue"}
    newer["models"][A]["shade"] = 3
    assert state_from_json(newer, 9.0) == state
    assert state_from_json({"started_at": 1.0, "hand_overs": 1}, 9.0).claimed == []
    assert state_from_json(None, 9.0) == State()
    assert state_from_json({"models": {A: {}}, "hand_overs": 1}, 9.0).models == {A: ModelMemory()}


def test_throttles_are_counted_and_fade() -> None:
    """Half of what was counted is forgotten in five minutes, in a hand-over too."""
    state = State(started_at=5.0, hand_overs=1)
    state.note_throttle(1000.0)
    state.note_throttle(1300.0)
    assert state.throttles_recently(1300.0) == 1.5
    after = state_from_json(json.loads(json.dumps(state.to_json())), 1600.0)
    assert after.throttles_recently(1600.0) == 0.75
    hostile = state_from_json({"hand_overs": 1, "throttles": 1e300, "throttled_at": 1e300}, 1600.0)
    assert hostile.throttles_recently(1600.0) == 1600.0


def seen(status: str) -> Observation:
    """A look at a model."""
    return Observation(status, InferenceUnits(1))


def test_a_start_is_measured_to_the_middle_between_two_looks() -> None:
    """From the accepted Start to between the last look that did not show RUNNING and the first that did."""
    memory = ModelMemory()
    memory.note_start("STOPPED", 100.0, certain=True)
    for at, status in ((105.0, "STOPPED"), (110.0, "STARTING"), (690.0, "STARTING"), (700.0, "RUNNING")):
        assert memory.start_seconds == 0
        memory.note_observation(seen(status), at)
    assert memory.start_seconds == 595
    memory.note_observation(seen("RUNNING"), 800.0)
    assert memory.start_seconds == 595


def test_what_is_vague_is_not_measured() -> None:
    """A Start without an answer, a RUNNING from before a stop, looks far apart, a start that failed."""
    uncertain, stopped, apart, failed = (ModelMemory() for _ in range(4))
    uncertain.note_start("STOPPED", 100.0, certain=False)
    stopped.note_stop(90.0, certain=True)
    stopped.note_start("STOPPED", 100.0, certain=True)
    for memory in (uncertain, stopped):
        memory.note_observation(seen("RUNNING"), 104.0)
        assert memory.start_seconds == 0
    stopped.note_observation(seen("STARTING"), 110.0)
    stopped.note_observation(seen("RUNNING"), 120.0)
    assert stopped.start_seconds == 15
    apart.note_start("STOPPED", 100.0, certain=True)
    apart.note_observation(seen("STARTING"), 110.0)
    apart.note_observation(seen("RUNNING"), 300.0)
    assert apart.start_seconds == 0
    failed.note_start("STOPPED", 100.0, certain=True)
    failed.note_observation(seen("FAILED"), 110.0)
    failed.note_observation(seen("RUNNING"), 120.0)
    assert failed.start_seconds == 0


def test_a_start_is_waited_for_once_it_was_accepted_and_until_it_is_stopped() -> None:
    """What was seen right before it lags for a while; any other status is no start under way."""
    memory = ModelMemory()
    assert not memory.awaits_running(seen("STARTING"), 100.0)
    memory.note_start("STOPPED", 100.0, certain=False)
    assert not memory.awaits_running(seen("STOPPED"), 101.0)
    memory.note_observation(seen("STARTING"), 105.0)
    assert memory.awaits_running(seen("STARTING"), 105.0)
    memory.note_start("STOPPED", 200.0, certain=True)
    assert memory.awaits_running(seen("STOPPED"), 200.0)
    assert not memory.awaits_running(seen("STOPPED"), 216.0)
    assert not memory.awaits_running(seen("STOPPING"), 201.0)
    memory.note_stop(300.0, certain=True)
    assert not memory.awaits_running(seen("STARTING"), 301.0)
    memory.note_start("STOPPED", 400.0, certain=True)
    assert memory.awaits_running(seen("STARTING"), 500.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("600", 600),
        ("7200", 7200),
        ("7201", None),
        ("0", None),
        ("-600", None),
        ("600.5", None),
        ("6e2", None),
        (" 600", None),
        ("600\n", None),
        ("٦٠٠", None),
        ("9" * 256, None),
        ("", None),
        ("ten minutes", None),
    ],
)
def test_what_the_last_start_took_is_read_or_ignored(text: str, seconds: int | None) -> None:
    """People can edit tags: nonsense is as good as nothing, and the claim beside it stands."""
    claim = read_claim({str(Tag.STACK_ID): STACK, str(Tag.LOGICAL_ID): "A", str(Tag.START_SECONDS): text})
    assert claim.start_seconds == seconds
    assert claim.owner == Owner(STACK, "A")
    assert Tag.START_SECONDS not in CLAIM_TAGS


def test_models_under_way_are_counted_in_the_events_that_are_read_anyway() -> None:
    """Those whose newest event is of something under way; what began before the operation is not read."""

    def events() -> Iterator[StackEvent]:
        model = {"ProjectVersionArn": "arn"}
        yield StackEvent("A", "a", "CREATE_COMPLETE", 9.0)
        yield StackEvent("B", None, "CREATE_IN_PROGRESS", 8.0, model)
        yield StackEvent("A", None, "CREATE_IN_PROGRESS", 7.0, model)
        yield StackEvent("C", None, "CREATE_IN_PROGRESS", 6.0, {"Other": "1"})
        yield StackEvent("D", None, "UPDATE_IN_PROGRESS", 5.0, model)
        yield StackEvent("B", None, "CREATE_IN_PROGRESS", 4.0, model)
        yield StackEvent("parts", STACK, "CREATE_IN_PROGRESS", 3.0)
        raise AssertionError("an event too many was read")

    view = read_events(events(), STACK, "B")
    assert view is not None
    assert view.models_under_way == 2


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, ErrorKind.THROTTLED),
        ("ProvisionedThroughputExceededException", 400, ErrorKind.THROTTLED),
        ("SomethingNew", 429, ErrorKind.THROTTLED),
        ("InternalServerError", 500, ErrorKind.UNCERTAIN),
        ("SomethingNew", 503, ErrorKind.UNCERTAIN),
        ("ResourceInUseException", 400, ErrorKind.CHANGED),
        ("ResourceNotFoundException", 400, ErrorKind.NOT_FOUND),
        ("LimitExceededException", 400, ErrorKind.QUOTA),
        ("InvalidParameterException", 400, ErrorKind.INVALID),
        ("AccessDeniedException", 400, ErrorKind.DENIED),
        ("SomethingNew", 400, ErrorKind.OTHER),
    ],
)
def test_errors_are_classified(code: str, status: int, kind: ErrorKind) -> None:
    """Each error of design section 5 has one meaning."""
    assert classify(code, status) is kind
