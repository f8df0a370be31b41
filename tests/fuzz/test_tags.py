"""Tags that people edited: the claim is read as far as it makes sense, and the next one can be written."""

from __future__ import annotations

from hostile import examples
from hypothesis import example, given
from hypothesis import strategies as st
from stage import STAGES, an_event, play
from test_any_event import check, check_models
from world import OTHER, STACK, V1

from running_model_handler.core.claim import Owner, holder_key, read_claim
from running_model_handler.core.names import Tag

OWN_KEY, TWIN_KEY = holder_key(Owner(STACK, "Model")), holder_key(Owner(STACK, "Twin"))
OTHER_KEY = holder_key(Owner(OTHER, "Theirs"))
HOLDER = "1700000000.000000 1 open started"
values = st.one_of(
    st.text(st.characters(categories=["L", "N", "Zs"], include_characters="_.:/=+-@"), max_size=256),
    st.sampled_from(["x" * 256, "1-2147483648", "9" * 256, "1111111111111", "١٢٣", "true", "-", "1-", STACK]),
    st.sampled_from(["Model", "Former", OTHER, HOLDER, HOLDER.replace("open", "failed")]),
    st.sampled_from([HOLDER.replace("1700000000", at) for at in ("999999999999", "0", "1", "1699999999")]),
    st.sampled_from([HOLDER.replace(" 1 ", units) for units in (" 2-1 ", " 99 ", " 1-2147483648 ", " - ")]),
)
"""What TagResource takes as a value."""
keys = st.one_of(
    st.sampled_from([str(tag) for tag in Tag]),
    st.sampled_from([OWN_KEY, TWIN_KEY, OTHER_KEY, f"{Tag.HOLDER}.", f"{Tag.HOLDER}x.Model", OWN_KEY[:-1]]),
)
edits = st.dictionaries(keys, values, min_size=1, max_size=4)


@examples(80)
@example(kind="Create", tags={OWN_KEY: "x" * 256})
@example(kind="Create", tags={OWN_KEY: HOLDER.replace("open", "failed"), str(Tag.STACK_ID): STACK})
@example(kind="Create", tags={TWIN_KEY: HOLDER, str(Tag.STACK_ID): STACK})
@example(kind="Delete", tags={OWN_KEY: "x" * 256})
@example(kind="Delete", tags={TWIN_KEY: HOLDER})
@example(kind="Delete", tags={str(Tag.PROJECT_CREATED): "1111111111111"})
@example(kind="Delete", tags={str(Tag.PROJECT_CREATED): "١٢٣"})
@example(kind="Delete", tags={str(Tag.STACK_ID): "x"})
@example(kind="Delete", tags={str(Tag.STACK_ID): "", OWN_KEY: ""})
@given(kind=st.sampled_from(["Create", "Delete"]), tags=edits)
def test_edited_tags_neither_leak_nor_break_the_next_claim(kind: str, tags: dict[str, str]) -> None:
    """G2, G3, G6: whatever stands in the tags; a model that they give to another stack stays with it."""
    stage = STAGES[kind]()
    stage.versions[V1].tags.update(tags)
    claim = read_claim(stage.versions[V1].tags)
    own = claim.holders.get(Owner(STACK, "Model"))
    # A T that is newer than any operation, or a verdict on this one, was written for a later request.
    taken = own is not None and (own.t > stage.stack.began_at() or own.failed)
    event = an_event(kind)
    played = play(stage, event)
    check(played, event)
    assert played.answer is not None
    if claim.stack_id not in (None, STACK) or taken:
        return
    if kind == "Create":
        assert played.answer["Status"] == "SUCCESS"
    check_models(played, kind)


def test_g2_a_tag_with_digits_of_another_script_names_no_project() -> None:
    """G2: the service would refuse the project that they make; it is looked up instead."""
    stage = STAGES["Delete"]()
    stage.versions[V1].tags[str(Tag.PROJECT_CREATED)] = "١٢٣"
    played = play(stage, an_event("Delete"))
    assert played.answer is not None
    assert (played.answer["Status"], stage.versions[V1].status) == ("SUCCESS", "STOPPED")


def test_g6_a_holder_that_somebody_wrote_keeps_nothing_alive() -> None:
    """G6: a tag of a resource that the stack does not have is no reason to let a model run."""
    stage = STAGES["Delete"]()
    stage.versions[V1].tags[TWIN_KEY] = HOLDER
    played = play(stage, an_event("Delete"))
    assert played.answer is not None
    assert (played.answer["Status"], stage.versions[V1].status) == ("SUCCESS", "STOPPED")
