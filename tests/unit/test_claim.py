"""The claim in a model's tags: one key for each holder, read as far as it makes sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from running_model_handler.core.claim import (
    UNCLAIMED,
    Holder,
    Owner,
    claim_tags,
    holder_key,
    read_claim,
    release_keys,
)
from running_model_handler.core.names import TAG_PREFIX, Tag
from running_model_handler.core.units import InferenceUnits

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/" + "n" * 128 + "/" + "0" * 36
OTHER = STACK.replace("n" * 128, "other")
UNITS = st.builds(
    lambda low, more: InferenceUnits(low, None if more is None else low + more),
    st.integers(1, 100),
    st.none() | st.integers(0, 100),
)
LOGICAL_IDS = st.text("abcXYZ09", min_size=1, max_size=255)
TIMES = st.floats(1.6e9, 2e9).map(lambda at: round(at, 6))
HOLDERS = st.builds(Holder, TIMES, UNITS, st.booleans(), st.booleans(), st.none() | UNITS).map(
    lambda holder: holder._replace(former=None if holder.former == holder.units else holder.former)
)
ALLOWED = set(" _.:/=+-@")
"""Beside letters and digits (botocore, rekognition, TagValue)."""


def tags_of(holders: dict[str, Holder], stack: str = STACK, created: str | None = None) -> dict[str, str]:
    """The tags that some resources of a stack have written."""
    tags: dict[str, str] = {}
    for logical_id, holder in holders.items():
        tags |= claim_tags(Owner(stack, logical_id), holder, created)
    return tags


def holder(t: float = 1_700_000_000.0, units: int = 1, *, failed: bool = False) -> Holder:
    """What a resource has written of itself."""
    return Holder(t, InferenceUnits(units), failed)


@given(
    holders=st.dictionaries(LOGICAL_IDS, HOLDERS, min_size=1, max_size=4),
    created=st.none() | st.integers(0, 10**13).map(str),
)
def test_holders_round_trip_within_the_limits_of_tags(
    holders: dict[str, Holder], created: str | None
) -> None:
    """What is written into tags is read back, and fits: key 128, value 256 characters of the allowed set."""
    tags = tags_of(holders, created=created)
    claim = read_claim(tags)
    assert claim.is_of(STACK)
    assert claim.holders == {Owner(STACK, logical_id): each for logical_id, each in holders.items()}
    assert claim.project_created == created
    for key, value in tags.items():
        assert len(key) <= 128
        assert len(value) <= 256
        assert key.startswith(TAG_PREFIX)
        assert all(character.isalnum() or character in ALLOWED for character in key + value)


@given(first=LOGICAL_IDS, second=LOGICAL_IDS)
def test_every_holder_has_a_key_of_its_own(first: str, second: str) -> None:
    """Nothing is read, changed and written back that others write too; but for ids alike at their end."""
    owners = [Owner(STACK, first), Owner(STACK, second), Owner(OTHER, first)]
    alike = first[-60:] == second[-60:]
    assert len({holder_key(owner) for owner in owners}) == 3 or alike


def test_the_holders_of_another_stack_are_no_part_of_the_claim() -> None:
    """Two stacks that claimed a model within seconds: the stack's own tag says which of them has it."""
    tags = tags_of({"A": holder()}) | tags_of({"B": holder()}, OTHER)
    claim = read_claim(tags)
    assert claim.is_of(OTHER)
    assert set(claim.holders) == {Owner(OTHER, "B")}


@pytest.mark.parametrize("stack_id", ["", "x", "Model", STACK[:40], f"{STACK} ", STACK.replace("stack", "*")])
def test_what_is_no_stack_owns_nothing(stack_id: str) -> None:
    """Nobody could ever release such a claim."""
    tags = tags_of({"A": holder()}) | {str(Tag.STACK_ID): stack_id}
    assert read_claim(tags) == UNCLAIMED


VALUE = "1700000000.123456 1 open started"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (VALUE, holder(1_700_000_000.123456)),
        (VALUE.replace("open", "failed"), holder(1_700_000_000.123456, failed=True)),
        (VALUE.replace(" 1 ", " 2-4 "), Holder(1_700_000_000.123456, InferenceUnits(2, 4))),
        (VALUE.replace("started", "adopted"), Holder(1_700_000_000.123456, InferenceUnits(1), adopted=True)),
        ("", None),
        ("Model", None),
        (
            VALUE.replace(" 1 ", " 2/1 "),
            Holder(1_700_000_000.123456, InferenceUnits(2), former=InferenceUnits(1)),
        ),
        (VALUE.replace("open", "shut"), None),
        (VALUE.replace(" 1 ", " 2/0 "), None),
        (VALUE.replace(" 1 ", " 0 "), None),
        (VALUE.replace(" 1 ", " 4-2 "), None),
        (VALUE.replace(" 1 ", " 1-2147483648 "), None),
        (VALUE.replace(".123456", ""), None),
        (VALUE.replace("17", "١٧"), None),
        (VALUE + " ", None),
        ("9" * 20 + VALUE, None),
        ("x" * 256, None),
    ],
)
def test_a_holder_that_was_edited_is_read_or_is_none(value: str, read: Holder | None) -> None:
    """People can edit tags: what makes no sense holds nothing."""
    key = holder_key(Owner(STACK, "A"))
    claim = read_claim({str(Tag.STACK_ID): STACK, key: value})
    assert claim.holders == ({} if read is None else {Owner(STACK, "A"): read})


@given(
    st.dictionaries(
        st.sampled_from([*(str(tag) for tag in Tag), holder_key(Owner(STACK, "A"))]) | st.text(max_size=30),
        st.text(max_size=60) | st.just(STACK) | st.just(VALUE),
    )
)
def test_any_tags_are_read(tags: dict[str, str]) -> None:
    """Tags that people changed by hand break nothing."""
    claim = read_claim(tags)
    assert claim.stack_id in (None, STACK)
    assert claim.stack_id or not claim.holders


@pytest.mark.parametrize(
    ("held_by", "goes", "gone", "last", "removed"),
    [
        ("A", "A", "", True, {"A", "stack", "project"}),
        ("AB", "A", "", True, {"A"}),
        ("AB", "A", "B", True, {"A", "B", "stack", "project"}),
        ("ABC", "A", "B", True, {"A", "B"}),
        ("", "A", "", True, {"stack", "project"}),
        ("B", "A", "", True, set()),
        ("B", "A", "B", True, {"B", "stack", "project"}),
        ("A", "A", "", False, {"A"}),
        ("AB", "A", "B", False, {"A", "B"}),
        ("B", "A", "", False, set()),
    ],
)
def test_the_last_one_out_takes_the_claim_along(
    held_by: str, goes: str, gone: str, last: bool, removed: set[str]
) -> None:
    """A holder removes its own key and those of resources that are gone; the rest stays with the others."""
    tags = tags_of({name: holder() for name in held_by}) | {str(Tag.STACK_ID): STACK}
    claim = read_claim(tags | {str(Tag.START_SECONDS): "600"})
    names = {holder_key(Owner(STACK, name)): name for name in "ABC"}
    names |= {str(Tag.STACK_ID): "stack", str(Tag.PROJECT_CREATED): "project"}
    keys = release_keys(claim, Owner(STACK, goes), [Owner(STACK, name) for name in gone], last=last)
    assert {names[key] for key in keys} == removed
    assert len(keys) == len(removed)


def test_the_last_one_out_takes_along_what_stacks_before_it_have_left() -> None:
    """A model that was retained, and then declared in another stack, keeps no tag of ours in the end."""
    before = holder_key(Owner(OTHER, "A"))
    claim = read_claim(tags_of({"A": holder(), "B": holder()}) | {before: "1.000000 1-1 open started"})
    assert before not in release_keys(claim, Owner(STACK, "A"))
    assert before in release_keys(claim, Owner(STACK, "A"), [Owner(STACK, "B")])


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
    claim = read_claim(tags_of({"A": holder()}) | {str(Tag.START_SECONDS): text})
    assert claim.start_seconds == seconds
    assert set(claim.holders) == {Owner(STACK, "A")}
