"""Tags that people edited: the claim is read as far as it makes sense, and the next one can be written."""

from __future__ import annotations

from hostile import examples
from hypothesis import example, given
from hypothesis import strategies as st
from stage import STAGES, an_event, play
from test_any_event import check, check_models
from world import STACK, V1

from running_model_handler.core.claim import read_claim
from running_model_handler.core.names import Tag
from running_model_handler.core.units import InferenceUnits

values = st.one_of(
    st.text(st.characters(categories=["L", "N", "Zs"], include_characters="_.:/=+-@"), max_size=256),
    st.sampled_from(["x" * 256, "1-2147483648", "9" * 256, "1111111111111", "١٢٣", "true", "-", "1-", STACK]),
    st.sampled_from(["Model", "Former", STACK.replace("stack/parts", "stack/other")]),
)
"""What TagResource takes as a value."""
edits = st.dictionaries(st.sampled_from([str(tag) for tag in Tag]), values, min_size=1, max_size=4)


@examples(60)
@example(kind="Create", tags={str(Tag.REQUESTS): "x" * 256})
@example(kind="Delete", tags={str(Tag.REQUESTS): "x" * 256})
@example(kind="Delete", tags={str(Tag.PROJECT_CREATED): "1111111111111"})
@example(kind="Delete", tags={str(Tag.PROJECT_CREATED): "١٢٣"})
@example(kind="Delete", tags={str(Tag.STACK_ID): "x"})
@example(kind="Delete", tags={str(Tag.STACK_ID): "", str(Tag.UNITS): ""})
@given(kind=st.sampled_from(["Create", "Delete"]), tags=edits)
def test_edited_tags_neither_leak_nor_break_the_next_claim(kind: str, tags: dict[str, str]) -> None:
    """G2, G3, G6: whatever stands in the tags; a model that they give to another stack stays with it."""
    stage = STAGES[kind]()
    stage.versions[V1].tags.update(tags)
    owner = tags.get(str(Tag.STACK_ID), ""), tags.get(str(Tag.LOGICAL_ID), "")
    event = an_event(kind)
    played = play(stage, event)
    check(played, event)
    assert played.answer is not None
    possible_owner = "cloudformation" in owner[0] or owner[1]
    if kind == "Create" and not possible_owner:
        assert played.answer["Status"] == "SUCCESS"
    if not possible_owner:
        check_models(played, kind)


def test_g8_units_that_no_start_takes_are_not_read_from_a_tag() -> None:
    """G8: a model that goes back to its former owner is not started with what the API can't hold."""
    assert read_claim({str(Tag.UNITS): "1-2147483648"}).units is None
    assert read_claim({str(Tag.UNITS): "1-3"}).units == InferenceUnits(1, 3)


def test_g2_a_tag_with_digits_of_another_script_names_no_project() -> None:
    """G2: the service would refuse the project that they make; it is looked up instead."""
    stage = STAGES["Delete"]()
    stage.versions[V1].tags[str(Tag.PROJECT_CREATED)] = "١٢٣"
    played = play(stage, an_event("Delete"))
    assert played.answer is not None
    assert (played.answer["Status"], stage.versions[V1].status) == ("SUCCESS", "STOPPED")
