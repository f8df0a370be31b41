"""Numbers, deadlines and errors: the small pure parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core import waiting
from running_model_handler.core.errors import ErrorKind, InvalidProperty, classify
from running_model_handler.core.numbers import parse_whole_number
from running_model_handler.core.units import check_units, parse_max_units, parse_min_units


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
    """Two minutes in production, time to be refused and to stop the model; less for short functions."""
    assert waiting.hand_over_margin(900) == 120
    assert waiting.hand_over_margin(20) == 5
    assert waiting.hand_over_margin(3) == 4


def test_the_last_word_may_be_preceded_by_a_call_for_a_while() -> None:
    """A quarter of the margin before CloudFormation's own time-out; half a minute for what came late."""
    assert waiting.answer_deadline(0, 3600) < waiting.last_moment(0, 0, 3600) == 3585
    assert waiting.last_moment(3580, 0, 3600) == 3610


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
        ("UnrecognizedClientException", 400, ErrorKind.DENIED),
        ("InvalidClientTokenId", 403, ErrorKind.DENIED),
        ("ExpiredTokenException", 400, ErrorKind.DENIED),
        ("InvalidSignatureException", 400, ErrorKind.DENIED),
        ("RequestExpired", 400, ErrorKind.DENIED),
        ("SomethingNew", 403, ErrorKind.DENIED),
        ("RequestTimeoutException", 408, ErrorKind.UNCERTAIN),
        ("SomethingNew", 408, ErrorKind.UNCERTAIN),
        ("SomethingNew", 400, ErrorKind.OTHER),
    ],
)
def test_errors_are_classified(code: str, status: int, kind: ErrorKind) -> None:
    """Each error has one meaning; credentials that come late are like policies that do."""
    assert classify(code, status) is kind
