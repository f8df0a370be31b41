"""Overrides, deadline and memory in the tags of a model."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core.duty import Override
from running_model_handler.core.duty_tags import (
    OVERRIDE_SECONDS_MAX,
    DutyTags,
    override_tags,
    read_duty_tags,
    record_tags,
    stop_at_tags,
)
from running_model_handler.core.names import TAG_PREFIX, Tag
from running_model_handler.core.record import By, QueueMemory, Record

NOW = 1_780_000_000.0
KEEP, OFF = Override(True, NOW + 60, NOW), Override(False, NOW + 90, NOW)
MEMORY = Record(True, NOW, True, By.HAND, QueueMemory(True, NOW))


def test_what_is_written_is_read() -> None:
    """All of it beside one another, and beside other tags."""
    tags = {"team": "vision"}
    for more in (override_tags(KEEP), override_tags(OFF), stop_at_tags(NOW), record_tags(MEMORY)):
        assert not tags.keys() & more.keys()
        tags |= more
    assert read_duty_tags(tags) == DutyTags((KEEP, OFF), NOW, MEMORY)


def test_the_tags_are_ours_and_fit() -> None:
    """The role may put no others; the characters are those of TagKey and TagValue."""
    for more in (override_tags(KEEP), stop_at_tags(NOW), record_tags(MEMORY)):
        for key, value in more.items():
            assert key.startswith(TAG_PREFIX)
            assert re.fullmatch(r"[A-Za-z0-9 _.:/=+\-@]{1,128}", key + value)


@pytest.mark.parametrize(
    "value",
    ["", "tomorrow", "1780000060", "1780000060 given 1780000060", "1 given 2", "-5 given 1", "1e9 given 1",
     f"{int(NOW) + OVERRIDE_SECONDS_MAX + 1} given {int(NOW)}"],
)  # fmt: skip
def test_overrides_that_make_no_sense_are_none(value: str) -> None:
    """Nor one for longer than a year, which a slip of the units would make of an hour."""
    assert read_duty_tags({Tag.KEEP_RUNNING: value, Tag.STAY_OFF: value}) == DutyTags()


@given(st.dictionaries(st.sampled_from(list(Tag)).map(str), st.text(max_size=40)))
def test_any_tags_can_be_read(tags: dict[str, str]) -> None:
    """Whatever people write into them."""
    assert read_duty_tags(tags) is not None
