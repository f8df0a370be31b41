"""The memory between two looks at a model: what was asked of it, and what somebody else did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core.record import By, QueueMemory, Record, asked, noted, read_record, with_queue
from running_model_handler.core.waiting import LAG_SECONDS

_RECORDS = st.builds(
    Record,
    st.booleans(),
    st.integers(0, 10**11).map(float),
    st.booleans(),
    st.sampled_from(By),
    st.none() | st.builds(QueueMemory, st.booleans(), st.integers(0, 10**11).map(float)),
    st.booleans(),
).filter(lambda record: not (record.reached and record.trying))


@given(_RECORDS)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    """It fits a tag's value (256 characters of TagValue's pattern)."""
    assert read_record(str(record)) == record
    assert len(str(record)) < 80


@pytest.mark.parametrize(
    "text",
    ["", "on", "on 1 reached nobody", "on -1 reached duty", "up 1 reached duty", "on 1 reached duty full 3",
     "on 1 reached duty\n", "off 1 asked duty busy"],
)  # fmt: skip
def test_what_people_have_changed_is_no_record(text: str) -> None:
    """Then the model is looked at as if for the first time."""
    assert read_record(text) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("RUNNING", Record(True, 100.0, True, By.UNKNOWN)),
        ("STARTING", Record(True, 100.0, False, By.UNKNOWN)),
        ("STOPPING", Record(False, 100.0, False, By.UNKNOWN)),
        ("STOPPED", Record(False, 100.0, True, By.UNKNOWN)),
        ("TRAINING_COMPLETED", Record(False, 100.0, True, By.UNKNOWN)),
        ("FAILED", Record(False, 100.0, True, By.UNKNOWN)),
        ("TRAINING_IN_PROGRESS", None),
        (None, None),
    ],
)
def test_the_first_look_blames_nobody(status: str | None, expected: Record | None) -> None:
    """A model that is at rest then was not stopped by hand."""
    assert noted(None, status, 100.0) == expected


UP = Record(True, 10.0, True, By.DUTY)
COMING = Record(True, 90.0, False, By.DUTY)
TRYING = COMING._replace(trying=True)
LONG_AGO = 100.0 - LAG_SECONDS - 1
GOING = Record(False, 90.0, False, By.IDLE)
DOWN = Record(False, 10.0, True, By.DUTY)


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        (UP, "RUNNING", UP),
        (COMING, "RUNNING", Record(True, 100.0, True, By.DUTY)),
        (COMING, "STARTING", COMING),
        (UP, "STARTING", Record(True, 100.0, False, By.DUTY)),
        (UP, "STOPPED", Record(False, 100.0, True, By.HAND)),
        (UP, "STOPPING", Record(False, 100.0, False, By.HAND)),
        (UP, "FAILED", Record(False, 100.0, True, By.UNKNOWN)),
        (COMING, "STOPPED", COMING),
        (COMING._replace(at=LONG_AGO), "STOPPED", Record(False, 100.0, True, By.HAND)),
        (TRYING, "RUNNING", Record(True, 100.0, True, By.DUTY)),
        (TRYING, "STARTING", COMING),
        (TRYING, "STOPPED", TRYING),
        (TRYING, "FAILED", Record(False, 100.0, True, By.UNKNOWN)),
        # Refused, or lost: nobody has stopped what never started. What stops has started.
        (TRYING._replace(at=LONG_AGO), "STOPPED", Record(False, 100.0, True, By.UNKNOWN)),
        (TRYING._replace(at=LONG_AGO), "STOPPING", Record(False, 100.0, False, By.HAND)),
        (GOING, "RUNNING", GOING),
        (GOING, "STOPPING", GOING),
        (GOING, "STOPPED", Record(False, 90.0, True, By.IDLE)),
        (DOWN, "STOPPED", DOWN),
        (DOWN, "STARTING", Record(True, 100.0, False, By.HAND)),
        (DOWN, "RUNNING", Record(True, 100.0, True, By.HAND)),
        (DOWN, "STOPPING", DOWN),
        # Somebody stopped it, which shows for a while as it was before, and starts it again.
        (GOING._replace(by=By.HAND), "STARTING", GOING._replace(by=By.HAND)),
        (GOING._replace(by=By.HAND, at=LONG_AGO), "STARTING", Record(True, 100.0, False, By.HAND)),
        (GOING._replace(at=LONG_AGO), "RUNNING", GOING._replace(at=LONG_AGO)),
        (UP, "DELETING", UP),
        (DOWN, None, DOWN),
    ],
)
def test_what_was_not_asked_is_somebody_elses_doing(
    before: Record, status: str | None, after: Record
) -> None:
    """A start that does not show yet is no stop by hand, and what is being stopped was not started."""
    assert noted(before, status, 100.0) == after


def test_a_queue_is_remembered_since_it_changed() -> None:
    """And beside what is asked of the model."""
    first = with_queue(UP, 50.0, empty=True)
    assert with_queue(first, 60.0, empty=True) == first
    filled = with_queue(first, 70.0, empty=False)
    assert filled.queue == QueueMemory(False, 70.0)
    assert asked(filled, 80.0, on=False, by=By.IDLE) == Record(False, 80.0, False, By.IDLE, filled.queue)
    assert asked(None, 80.0, on=True, by=By.DUTY) == Record(True, 80.0, False, By.DUTY)
    tried = asked(None, 80.0, on=True, by=By.DUTY, trying=True)
    assert tried == Record(True, 80.0, False, By.DUTY, trying=True)
