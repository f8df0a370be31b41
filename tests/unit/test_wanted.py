"""The first table: what is wanted of each model, for every request, direction, mode and verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from scenes import (
    DELETE,
    INVENTED,
    ME,
    ONE,
    THREE,
    TWO,
    UPDATE,
    Scene,
    clean_up,
    clean_up_of_a_name_that_was_invented,
    create_cancelled,
    create_that_was_cut_off,
    create_under_way,
    declares,
    delete_of_a_cancelled_create,
    delete_of_a_former_life,
    delete_that_does_not_show,
    deletion,
    done_replacement_going_back,
    failed_replacement_going_back,
    late_create,
    late_create_after_the_end,
    late_delete,
    late_delete_of_a_retained_model,
    late_update_during_the_next,
    lived,
    removal,
    replacement_done,
    replacement_turned,
    replacement_under_way,
    resize_going_back,
    resize_turned,
    resize_under_way,
    stack,
    wish,
)
from world import OTHER, STACK, V1, V2, V3

from running_model_handler.core.case import Case, Wish
from running_model_handler.core.claim import UNCLAIMED, Claim, Holder, Owner
from running_model_handler.core.duty import UNGUARDED, Duty, Guards
from running_model_handler.core.mine import step_of
from running_model_handler.core.names import ReplacementMode
from running_model_handler.core.operation import Declaration, ResourceView
from running_model_handler.core.others import AskResource
from running_model_handler.core.record import By
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.views import Views
from running_model_handler.core.waiting import LAG_SECONDS
from running_model_handler.core.wanted import ASK, KEEP, Hold, Keep, Rest, Run, Want, wanted

START_FIRST, STOP_FIRST = ReplacementMode.START_FIRST, ReplacementMode.STOP_FIRST
B = Owner(STACK, "B")
Scenes = Callable[[], Scene]
NAMES = {V1: "v1", V2: "v2", V3: "v3"}
SHORT = {
    "AGAIN 1": Run(ONE, brings_back=True, as_it_runs=True),
    "RUN 1": Run(ONE),
    "RUN 2": Run(TWO),
    "BACK 1": Run(ONE, brings_back=True),
    "KEEP": KEEP,
    "LEAVE": Keep(for_others=True),
    "HOLD": Hold(),
    "REST": Rest(),
    "ASK": ASK,
}
"""The words of the tables below."""


#   what happens                    model    not failed            failed
#                                       START_FIRST STOP_FIRST  START_FIRST STOP_FIRST
TABLE = [
    (create_under_way,                V1, "RUN 1",   "RUN 1",   "REST",    "REST"),
    (create_cancelled,                V1, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (delete_of_a_cancelled_create,    V1, "REST",    "REST",    "REST",    "REST"),
    (clean_up_of_a_name_that_was_invented, V1, "KEEP", "KEEP", "KEEP", "KEEP"),
    (resize_under_way,                V1, "RUN 2",   "RUN 2",   "BACK 1",  "BACK 1"),
    (resize_turned,                   V1, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (resize_going_back,               V1, "RUN 1",   "RUN 1",   "KEEP",    "KEEP"),
    (replacement_under_way,           V2, "RUN 1",   "RUN 1",   "REST",    "REST"),
    (replacement_under_way,           V1, "KEEP",    "HOLD",    "AGAIN 1", "BACK 1"),
    (replacement_turned,              V2, "REST",    "REST",    "REST",    "REST"),
    (replacement_turned,              V1, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (failed_replacement_going_back,   V1, "RUN 1",   "RUN 1",   "KEEP",    "KEEP"),
    (failed_replacement_going_back,   V2, "REST",    "REST",    "REST",    "REST"),
    (done_replacement_going_back,     V1, "RUN 1",   "RUN 1",   "HOLD",    "HOLD"),
    (done_replacement_going_back,     V2, "KEEP",    "HOLD",    "KEEP",    "BACK 1"),
    (replacement_done,                V2, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (replacement_done,                V1, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (clean_up,                        V1, "REST",    "REST",    "REST",    "REST"),
    (deletion,                        V1, "REST",    "REST",    "REST",    "REST"),
    (removal,                         V1, "REST",    "REST",    "REST",    "REST"),
    (late_create,                     V1, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (late_create_after_the_end,       V1, "REST",    "REST",    "REST",    "REST"),
    (late_update_during_the_next,     V2, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (late_update_during_the_next,     V1, "REST",    "REST",    "REST",    "REST"),
    (late_delete,                     V1, "REST",    "REST",    "REST",    "REST"),
    (late_delete_of_a_retained_model, V1, "KEEP",    "KEEP",    "KEEP",    "KEEP"),
    (delete_that_does_not_show,       V1, "ASK",     "ASK",     "ASK",     "ASK"),
    (delete_of_a_former_life,         V1, "ASK",     "ASK",     "ASK",     "ASK"),
]  # fmt: skip


def case_of(
    scene: Scene,
    *,
    failed: bool = False,
    mode: ReplacementMode = START_FIRST,
    former_mode: ReplacementMode = START_FIRST,
    t: float | None = None,
    asked_late: bool = True,
    resources: Mapping[Owner, ResourceView | None] | None = None,
) -> Case:
    """What the table is asked with, as the loop makes it."""
    asks = replace(scene.wish, replacement=mode, former_replacement=former_mode)
    views = Views().with_story(asks, scene.log.story(ME.logical_id), 1.0)
    assert views.story is not None
    since = views.step.began_at if views.step is not None else 0.0
    found = resources or {}
    return Case(asks, views.story, views.step, views.me, since if t is None else t, asked_late, failed, found)


def claim(stack_id: str | None = STACK, /, **holders: Holder) -> Claim:
    """The tags of a model."""
    owners = {"Model" if name == "me" else name: each for name, each in holders.items()}
    return Claim(stack_id, {Owner(stack_id or "", name): each for name, each in owners.items()})


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0].__name__}-{NAMES[row[1]]}")
@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("mode", list(ReplacementMode))
@pytest.mark.parametrize("claimed", [False, True])
def test_what_is_wanted_of_a_model(
    row: tuple[Any, ...], failed: bool, mode: ReplacementMode, claimed: bool
) -> None:
    """Rows 1 and 3 to 9, where nobody else has the model: the own claim changes nothing."""
    scene, arn, *wants = row
    case = case_of(scene(), failed=failed, mode=mode)
    tags = claim(me=Holder(case.t, ONE, failed)) if claimed else UNCLAIMED
    want = wanted(case, arn, tags)
    if isinstance(want, Run) and want.former is not None:
        # What stays if a resize fails is what its old properties declare.
        assert want.former == ONE
        want = want._replace(former=None)
    assert want == SHORT[wants[2 * failed + (mode is STOP_FIRST)]]


@pytest.mark.parametrize("failed", [False, True])
def test_the_way_back_of_a_stop_first_makes_room_too(failed: bool) -> None:
    """Row 6: whatever the template before declared, the replacement that is undone needed the place."""
    case = case_of(done_replacement_going_back(), failed=failed, former_mode=STOP_FIRST)
    assert wanted(case, V2, UNCLAIMED) == SHORT["BACK 1" if failed else "HOLD"]
    case = case_of(replacement_under_way(), failed=failed, former_mode=STOP_FIRST)
    assert wanted(case, V1, UNCLAIMED) == (SHORT["AGAIN 1"] if failed else KEEP)


# --- row 1: ask again -----------------------------------------------------------------------------


@pytest.mark.parametrize("scene", [late_create, replacement_done, late_delete, delete_that_does_not_show])
def test_what_does_not_show_is_asked_for_again(scene: Scenes) -> None:
    """For 15 s it may be that CloudFormation has not come so far."""
    assert wanted(case_of(scene(), asked_late=False), V1, UNCLAIMED) == ASK


@pytest.mark.parametrize("scene", [create_under_way, resize_under_way, deletion])
def test_what_shows_is_not_asked_for_again(scene: Scenes) -> None:
    """However early: the answer holds the step that was waited for."""
    assert wanted(case_of(scene(), asked_late=False), V1, UNCLAIMED) != ASK


@pytest.mark.parametrize("scene", [late_create, replacement_done])
def test_what_shows_nothing_since_a_request_does_not_show_its_end(scene: Scenes) -> None:
    """However long it was waited for; what has happened since it was sent tells that it is over."""
    case = case_of(scene())
    for seconds, asks in ((1.0, True), (-1.0, False)):
        sent = replace(case.wish, sent_at=case.story.newest_at + seconds)
        assert (wanted(case._replace(wish=sent), V1, UNCLAIMED) == ASK) is asks


@pytest.mark.parametrize(("declared", "former", "asks"), [(V1, V2, True), (V2, V1, False), (V1, V3, False)])
def test_what_is_under_way_with_the_old_properties_of_a_request_came_before_it(
    declared: str, former: str, asks: bool
) -> None:
    """Row 1: a roll-back that does not show within 15 s, while what it takes back does, is not over."""
    log, _ = replacement_under_way()
    sent = replace(wish(UPDATE, declared, V1, former), sent_at=log.story("Model").newest_at + 20.0)
    case = case_of(Scene(log, sent))._replace(t=0.0, step=None, asked_late=True)
    assert (wanted(case, V1, UNCLAIMED) == ASK) is asks


def test_an_answer_older_than_t_is_asked_for_again() -> None:
    """Answers lag differently; the operation is known to have begun later."""
    case = case_of(late_create())
    assert wanted(case._replace(t=case.story.newest_at + 0.5), V1, UNCLAIMED) == ASK
    assert wanted(case._replace(t=case.story.newest_at), V1, UNCLAIMED) == KEEP


def test_a_stack_that_is_gone_needs_no_word_of_a_deletion() -> None:
    """There is nothing that could still show it."""
    views = Views().with_story(wish(DELETE, physical=V1), stack().story("Model"), 100.0)
    assert views.story is not None
    case = Case(wish(DELETE, physical=V1), views.story, None, views.me, 0.0, True, False, {})
    assert wanted(case, V1, UNCLAIMED) == Rest()


# --- row 2: whose it is ---------------------------------------------------------------------------

THEIRS = Owner(OTHER, "Theirs")


@pytest.mark.parametrize("scene", [create_under_way, replacement_under_way, deletion, late_create])
@pytest.mark.parametrize(
    ("view", "exists"),
    [
        (None, False),
        (ResourceView("CREATE_IN_PROGRESS"), True),
        (ResourceView("CREATE_COMPLETE", V1), True),
        (ResourceView("CREATE_FAILED", V1), True),
        (ResourceView("UPDATE_COMPLETE", V3), True),
        (ResourceView("UPDATE_FAILED", V3), True),
        (ResourceView("DELETE_IN_PROGRESS", V1), True),
        (ResourceView("DELETE_FAILED", V1), True),
        (ResourceView("DELETE_COMPLETE", V1), False),
        (ResourceView("DELETE_SKIPPED", V1), False),
    ],
)
def test_an_owner_elsewhere_lives_as_long_as_its_resource_exists(
    scene: Scenes, view: ResourceView | None, exists: bool
) -> None:
    """Row 2, whatever it rests with: its clean-up Delete may be on its way; else it is nobody's."""
    made = scene()
    arn = made.wish.declared.arn if made.wish.declared else V1
    tags = claim(OTHER, Theirs=Holder(1.0, ONE))
    assert wanted(case_of(made), arn, tags) == AskResource(THEIRS)
    want = wanted(case_of(made, resources={THEIRS: view}), arn, tags)
    assert want == (Keep(THEIRS) if exists else wanted(case_of(made), arn, UNCLAIMED))


def test_a_claim_of_another_stack_without_a_holder_is_nobodys() -> None:
    """Nobody there could release it."""
    assert wanted(case_of(create_under_way()), V1, claim(OTHER)) == Run(ONE)


@pytest.mark.parametrize("scene", [create_under_way, resize_under_way, deletion, removal])
@pytest.mark.parametrize("whose", ["me", "B"])
def test_a_tag_of_an_operation_that_does_not_show_yet_is_the_newer_word(scene: Scenes, whose: str) -> None:
    """Row 1: what is shown of the stack is older than a tag that tells of it."""
    case = case_of(scene())
    assert wanted(case, V1, claim(**{whose: Holder(case.story.newest_at + 1.0, ONE)})) == ASK


# --- row 5 and 6: what was before -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("former", "tag", "units"),
    [(TWO, THREE, TWO), (TWO, None, TWO), (None, THREE, THREE), (None, None, ONE)],
)
def test_the_former_size_is_told_by_the_old_properties_else_by_the_claim(
    former: InferenceUnits | None, tag: InferenceUnits | None, units: InferenceUnits
) -> None:
    """Old properties may be unreadable."""
    log, asks = resize_under_way()
    case = case_of(Scene(log, replace(asks, former=Declaration(V1, former))), failed=True)
    tags = UNCLAIMED if tag is None else claim(me=Holder(1.0, tag))
    assert wanted(case, V1, tags) == Run(units, brings_back=True)


@pytest.mark.parametrize(("status", "units"), [("UPDATE_COMPLETE", THREE), ("UPDATE_FAILED", ONE)])
def test_that_an_earlier_request_has_failed_is_cloudformations_word(
    status: str, units: InferenceUnits
) -> None:
    """Seed 60033517: a delivery ran out of time, and wrote it, when another one had just answered SUCCESS."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V1, THREE), physical_id=V1)
    log.completes(physical_id=V1) if status == "UPDATE_COMPLETE" else log.fails(physical_id=V1)
    log.goes(status)
    tags = claim(me=Holder(log.began_at(), ONE, failed=True))
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V1, TWO), physical_id=V1)
    asks = wish(UPDATE, V1, V1, V1, TWO, THREE)
    assert wanted(case_of(Scene(log, asks), failed=True), V1, tags) == Run(units, brings_back=True)


# --- row 8: the others ----------------------------------------------------------------------------


def with_other(scene: Scene, status: str, arn: str = V1) -> Scene:
    """Another resource of the stack, which the operation works on."""
    verb, _, state = status.partition("_")
    known = arn if verb != "CREATE" else None
    scene.log.begins(verb, declares(arn, THREE), "B", physical_id=known)
    if state == "COMPLETE":
        scene.log.completes("B", arn)
    if state == "FAILED":
        scene.log.fails("B", arn)
    return scene


ANY = Run(THREE, frozenset({THREE}), for_others=True)


@pytest.mark.parametrize(
    ("status", "arn", "want"),
    [
        ("CREATE_IN_PROGRESS", V1, Keep(for_others=True)),
        ("CREATE_COMPLETE", V1, ANY),
        ("CREATE_FAILED", V1, Rest()),
        ("UPDATE_IN_PROGRESS", V1, Keep(for_others=True)),
        ("UPDATE_COMPLETE", V1, ANY),
        ("UPDATE_FAILED", V1, ANY),
        ("CREATE_COMPLETE", V2, Rest()),
        ("UPDATE_COMPLETE", V2, Rest()),
    ],
)
@pytest.mark.parametrize("held", [True, False])
def test_a_removal_leaves_a_model_to_the_others_that_have_or_name_it(
    status: str, arn: str, want: Want, held: bool
) -> None:
    """Row 8, by CloudFormation's word: a tag alone keeps nothing alive."""
    case = case_of(with_other(removal(), status, arn))
    tags = claim(B=Holder(1.0, THREE), me=Holder(case.t, ONE)) if held else claim(me=Holder(case.t, ONE))
    assert wanted(case, V1, tags) == want


def test_the_units_of_another_model_that_a_resource_failed_with_are_none_of_this_ones() -> None:
    """Row 8: what the resource has, by its claim, and not what its failed replacement declares."""
    scene = removal()
    scene.log.begins("UPDATE", declares(V2, THREE), "B", physical_id=V1)
    scene.log.fails("B", V1)
    tags = claim(B=Holder(1.0, TWO), me=Holder(1.0, ONE))
    assert wanted(case_of(scene), V1, tags) == Run(TWO, frozenset({TWO}), for_others=True)


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED"])
def test_a_deletion_alone_tells_nothing_of_another_model(status: str) -> None:
    """Row 8: it may be that of what the resource was before, after a failure without a roll-back."""
    case = case_of(with_other(removal(), status))
    tags = claim(B=Holder(1.0, THREE), me=Holder(case.t, ONE))
    assert wanted(case, V1, tags) == Rest()
    assert wanted(case, V2, tags) == AskResource(B)
    assert wanted(case, V1, claim(me=Holder(case.t, ONE))) == Rest()


@pytest.mark.parametrize(
    ("view", "want"),
    [
        (None, Rest()),
        (ResourceView("CREATE_COMPLETE", V1), Run(TWO, frozenset({TWO}), for_others=True)),
        (ResourceView("UPDATE_FAILED", V1), Run(TWO, frozenset({TWO}), for_others=True)),
        (ResourceView("UPDATE_IN_PROGRESS", V1), Keep(for_others=True)),
        (ResourceView("CREATE_COMPLETE", V2), Rest()),
        (ResourceView("CREATE_FAILED", V1), Rest()),
        (ResourceView("DELETE_IN_PROGRESS", V1), Rest()),
        (ResourceView("DELETE_COMPLETE", V1), Rest()),
    ],
)
def test_a_holder_that_the_operation_does_not_touch_is_asked_for(
    view: ResourceView | None, want: Want
) -> None:
    """Row 8: the events end where the operation began."""
    tags = claim(B=Holder(1.0, TWO))
    assert wanted(case_of(removal()), V1, tags) == AskResource(B)
    assert wanted(case_of(removal(), resources={B: view}), V1, tags) == want


def test_of_several_others_the_units_of_the_latest_t_count_and_any_will_do() -> None:
    """Row 8: the model is not resized from one's units to the other's."""
    owners = {"B": Holder(0.5, ONE), "C": Holder(0.9, TWO), "D": Holder(0.7, THREE)}
    lives = ResourceView("CREATE_COMPLETE", V1)
    case = case_of(removal(), resources={Owner(STACK, name): lives for name in owners})
    want = wanted(case, V1, claim(STACK, **owners))
    assert want == Run(TWO, frozenset({ONE, TWO, THREE}), for_others=True)


@pytest.mark.parametrize(
    ("status", "units"), [("UPDATE_FAILED", ONE), ("UPDATE_COMPLETE", THREE), ("UPDATE_IN_PROGRESS", None)]
)
def test_what_an_update_of_another_resource_was_to_bring_goes_with_its_failure(
    status: str, units: InferenceUnits | None
) -> None:
    """Row 8: CloudFormation has cancelled it, and its tag does not tell yet."""
    case = case_of(with_other(removal(), status))
    began_at = case.story.steps["B"][-1].began_at
    want = wanted(case, V1, claim(B=Holder(began_at, THREE, former=ONE)))
    assert (want.units if isinstance(want, Run) else None) == units


def test_that_an_update_of_another_resource_has_failed_is_cloudformations_word() -> None:
    """Row 8: a late delivery of it has written that it has, beside the one that was answered."""
    case = case_of(with_other(removal(), "UPDATE_COMPLETE"))
    began_at = case.story.steps["B"][-1].began_at
    want = wanted(case, V1, claim(B=Holder(began_at, ONE, failed=True)))
    assert want == ANY


@pytest.mark.parametrize(
    ("asked_at", "want"), [(114.0, AskResource(Owner(OTHER, "B"), 115.0)), (115.0, None)]
)
def test_that_another_stacks_resource_is_gone_is_believed_once_it_would_show(
    asked_at: float, want: AskResource | None
) -> None:
    """Row 2: for 15 s after its holder's T it may not be shown yet."""
    other = Owner(OTHER, "B")
    tags = Claim(OTHER, {other: Holder(100.0, ONE)})
    case = case_of(create_under_way(), resources={other: None})._replace(resources_at={other: asked_at})
    assert wanted(case, V1, tags) == (want or Run(ONE))
    lives = case._replace(resources={other: ResourceView("CREATE_IN_PROGRESS")})
    assert wanted(lives, V1, tags) == Keep(other)


def test_nobody_counts_as_living_where_the_stack_goes_and_the_deletion_is_mine() -> None:
    """Row 8: the others' own Deletes come, or have come."""
    lives = ResourceView("CREATE_COMPLETE", V1)
    assert wanted(case_of(deletion(), resources={B: lives}), V1, claim(B=Holder(1.0, TWO))) == Rest()


@pytest.mark.parametrize("failed", [False, True])
def test_stop_first_leaves_a_model_to_the_others_running(failed: bool) -> None:
    """Row 6: HOLD only where nobody else has or names it."""
    lives = {B: ResourceView("CREATE_COMPLETE", V1)}
    case = case_of(replacement_under_way(), failed=failed, mode=STOP_FIRST, resources=lives)
    assert wanted(case, V1, claim(B=Holder(1.0, TWO))) == KEEP


def test_a_late_request_leaves_the_others_model_as_it_is() -> None:
    """Row 8, not mine: KEEP, and no claim is touched."""
    case = case_of(late_create_after_the_end(), resources={B: ResourceView("CREATE_COMPLETE", V1)})
    assert wanted(case, V1, claim(B=Holder(1.0, TWO))) == KEEP


def test_a_late_request_whose_tag_still_stands_brings_back_what_one_before_it_may_have_stopped() -> None:
    """Row 8, not mine: the delivery that wrote the tag was killed before it could."""
    case = case_of(create_that_was_cut_off(), resources={B: ResourceView("CREATE_COMPLETE", V1)})
    tags = claim(B=Holder(1.0, TWO), me=Holder(2.0, ONE))
    assert wanted(case, V1, tags) == Run(TWO, frozenset({TWO}), for_others=True)
    assert wanted(case, V1, claim(B=Holder(1.0, TWO))) == KEEP
    busy = case._replace(resources={B: ResourceView("UPDATE_IN_PROGRESS", V1)})
    assert wanted(busy, V1, tags) == KEEP


def test_a_late_request_brings_nothing_back_in_a_stack_that_goes() -> None:
    """Row 8, not mine: the other resource, whose deletion has not begun, will be deleted too."""
    log, asks = create_that_was_cut_off()
    log.goes("DELETE_IN_PROGRESS")
    case = case_of(Scene(log, asks), resources={B: ResourceView("CREATE_COMPLETE", V1)})
    assert wanted(case, V1, claim(B=Holder(1.0, TWO), me=Holder(2.0, ONE))) == KEEP


@pytest.mark.parametrize(
    "view", [None, ResourceView("CREATE_FAILED", V1), ResourceView("DELETE_COMPLETE", V1)]
)
def test_any_tag_that_outlives_its_resource_tells_that_something_may_be_left(
    view: ResourceView | None,
) -> None:
    """Row 8, not mine: the delivery that wrote it has left the model to others, who were cut off too."""
    lives = ResourceView("CREATE_COMPLETE", V1)
    case = case_of(create_that_was_cut_off(), resources={B: lives, Owner(STACK, "C"): view})
    tags = claim(B=Holder(1.0, TWO), C=Holder(2.0, ONE))
    assert wanted(case, V1, tags) == Run(TWO, frozenset({TWO}), for_others=True)


@pytest.mark.parametrize("scene", [deletion, removal])
def test_what_another_resource_was_deleted_without_goes_on(scene: Scenes) -> None:
    """Row 8: its template leaves the model running, whatever becomes of the others."""
    log, asks = scene()
    log.begins("CREATE", declares(V1), "B")
    log.completes("B", V1)
    log.skips("B")
    case = case_of(Scene(log, asks))
    tags = claim(B=Holder(1.0, ONE), me=Holder(case.t, ONE))
    assert wanted(case, V1, tags) == Keep(for_others=True)


def test_what_another_resource_was_deleted_without_before_is_that_of_whoever_lives_with_it() -> None:
    """Rows 8 and 9: in an earlier operation, whose events are not read. The resource takes it along."""
    skipped = {B: ResourceView("DELETE_SKIPPED", V1)}
    case = case_of(removal(), resources=skipped)
    assert wanted(case, V1, claim(B=Holder(1.0, ONE), me=Holder(1.5, ONE))) == Rest()
    assert wanted(case, V1, claim(B=Holder(1.0, ONE), me=Holder(1.5, ONE, failed=True))) == Keep(
        for_others=True
    )
    assert wanted(case, V1, claim(B=Holder(1.0, ONE))) == Keep(for_others=True)


def test_what_another_resource_was_deleted_without_before_stays_where_an_update_to_it_fails() -> None:
    """Row 8: it was not taken over."""
    skipped = {B: ResourceView("DELETE_SKIPPED", V2)}
    case = case_of(replacement_under_way(), failed=True, resources=skipped)
    assert wanted(case, V2, claim(B=Holder(1.0, ONE), me=Holder(case.t, ONE))) == Keep(for_others=True)


def test_another_resource_is_asked_for_again_once_its_last_operation_has_to_show() -> None:
    """Row 8: a look that began within 15 s of the operation may show what was before the last one."""
    rests = {B: ResourceView("CREATE_IN_PROGRESS", None)}
    case = case_of(removal(), resources=rests)
    settled_at = case.story.rested_at + LAG_SECONDS
    tags = claim(B=Holder(1.0, ONE), me=Holder(case.t, ONE))
    early = case._replace(resources_at={B: settled_at - 0.1})
    assert wanted(early, V1, tags) == AskResource(B, not_before=settled_at)
    assert wanted(case._replace(resources_at={B: settled_at}), V1, tags) == Rest()


# --- which step is mine ---------------------------------------------------------------------------


def sent(asks: Wish, at: float) -> Wish:
    """The request, signed at this time."""
    return replace(asks, sent_at=at)


def test_an_update_that_was_cancelled_at_once_is_not_its_roll_back() -> None:
    """The dates of both URLs are the same; that it was cut off tells them apart."""
    log, back = resize_going_back()
    story, t = log.story("Model"), log.began_at()
    forward = wish(UPDATE, V1, V1, V1, TWO, ONE)
    assert step_of(sent(forward, float(int(t))), story) is None
    mine = step_of(sent(back, float(int(t))), story)
    assert mine is not None
    assert mine.began_at == t


def test_the_next_update_is_not_taken_for_the_roll_back_that_still_shows() -> None:
    """An old view shows a roll-back that goes on; what is declared now is another model."""
    log, _ = resize_going_back()
    story, t = log.story("Model"), log.began_at()
    following = wish(UPDATE, V2, V1, V1, ONE, TWO)
    assert step_of(sent(following, t + 10.0), story) is None
    assert step_of(sent(following, t + 1.0), story) is not None


def test_the_next_try_of_an_update_is_not_taken_for_the_roll_back_of_the_one_before() -> None:
    """An old view shows that roll-back; it asks for just what has failed."""
    log, _ = replacement_under_way()
    log.fails(reason="Received response status [FAILED] from custom resource.")
    log.turns_back()
    log.begins("UPDATE", declares(V1))
    story, t = log.story("Model"), log.began_at()
    again = wish(UPDATE, V2, V1, V1)
    assert step_of(sent(again, t + 10.0), story) is None


def test_an_update_of_guards_alone_is_not_its_roll_back() -> None:
    """Model and units are the same in both: what the update declared, and its request has not had, tells."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", {**declares(V1), "StopWhenIdleSeconds": "900"})
    log.turns_back()
    log.begins("UPDATE", declares(V1))
    story = log.story("Model")
    without, with_guards = Declaration(V1, ONE, UNGUARDED), Declaration(V1, ONE, Guards(idle_seconds=900))
    asks = wish(UPDATE, V1, V1, V1)
    forward = replace(asks, declared=with_guards, former=without)
    back = replace(asks, declared=without, former=with_guards)
    assert step_of(sent(forward, log.began_at() - 10.0), story) is None
    assert step_of(sent(back, log.began_at()), story) is not None


def test_an_update_of_guards_alone_is_not_the_next_one() -> None:
    """It comes late, while another update of the guards is under way."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", {**declares(V1), "StopWhenIdleSeconds": "900"})
    asks, story = wish(UPDATE, V1, V1, V1), log.story("Model")
    other = replace(asks, declared=Declaration(V1, ONE, Guards(idle_seconds=1800)))
    mine = replace(asks, declared=Declaration(V1, ONE, Guards(idle_seconds=900)))
    assert (step_of(other, story), step_of(mine, story) is not None) == (None, True)


# --- off duty -------------------------------------------------------------------------------------


def test_what_others_have_is_left_as_it_is_off_duty() -> None:
    """Rows 4 and 5: their guards, if they have any, nobody knows here. One of them is not looked at yet."""
    off = Duty(False, None, None, "outside the running hours", By.DUTY)
    case = case_of(resize_under_way())._replace(duties={V1: off})
    both, lives = (
        claim(B=Holder(1.0, ONE), me=Holder(case.t, TWO, former=ONE)),
        {B: ResourceView("CREATE_COMPLETE", V1)},
    )
    alone = wanted(case, V1, claim(me=Holder(case.t, TWO, former=ONE)))
    assert alone == Hold(off_duty=Run(TWO, former=ONE))
    assert wanted(case, V1, both) == AskResource(B)
    shared = Hold(off_duty=Run(TWO, former=ONE), others_have_it=True)
    assert wanted(case._replace(resources=lives), V1, both) == shared
    failed = wanted(case._replace(resources=lives, failed=True), V1, both)
    assert failed == Hold(off_duty=Run(ONE, brings_back=True), others_have_it=True)


# --- when all is quiet ----------------------------------------------------------------------------


def test_what_was_cut_off_is_waited_out_for_longer_than_what_was_answered() -> None:
    """30 s after the end of a create that was cancelled, 15 s after one that was answered."""
    log, _ = create_under_way()
    log.fails()
    cut_off = log.story("Model").newest_at
    log.goes("ROLLBACK_IN_PROGRESS")
    log.begins("DELETE", declares(V1), physical_id=INVENTED)
    assert case_of(Scene(log, wish(DELETE, physical=INVENTED))).quiet_from == cut_off + 30
    log, _ = create_under_way()
    log.takes({"Status": "FAILED", "PhysicalResourceId": V1})
    answered = log.story("Model").newest_at
    log.goes("ROLLBACK_IN_PROGRESS")
    log.begins("DELETE", declares(V1))
    assert case_of(Scene(log, wish(DELETE, physical=V1))).quiet_from == answered + 15


def test_a_forward_step_without_an_end_was_cut_off_when_the_stack_turned() -> None:
    """Its own end may be missing in the events."""
    log, _ = resize_under_way()
    log.goes("UPDATE_ROLLBACK_IN_PROGRESS")
    turned_at = log.story("Model").turned_at
    assert turned_at is not None
    log.begins("UPDATE", declares(V1))
    case = case_of(Scene(log, wish(UPDATE, V1, V1, V1, ONE, TWO)))
    assert case.step is not None
    assert turned_at < case.step.began_at
    assert case.quiet_from == case.step.began_at + 30


def test_what_was_cut_off_of_an_update_may_act_until_it_sees_what_follows() -> None:
    """It brings back what it has stopped, minutes later, and within its hour."""
    log, _ = resize_under_way()
    began_at = log.began_at()
    log.fails()
    log.goes("UPDATE_FAILED")
    log.goes("DELETE_IN_PROGRESS")
    log.begins("DELETE", declares(V1))
    case = case_of(Scene(log, wish(DELETE, physical=V1)))
    assert case.step is not None
    assert case.quiet_from == case.step.began_at + 30
    later = case.step._replace(began_at=began_at + 7200.0)
    steps = (*case.story.steps["Model"][:-1], later)
    case = case._replace(step=later, story=case.story._replace(steps={"Model": steps}))
    assert case.quiet_from == began_at + 3600 + 30


def test_nothing_is_waited_for_where_nothing_was_brought() -> None:
    """The first create of a resource."""
    assert case_of(create_under_way()).quiet_from == 0.0


@pytest.mark.parametrize(
    ("fails", "turns", "on_duty", "off_duty"),
    [
        (False, False, Run(TWO, brings_back=True), KEEP),
        # Nobody brings back what the other delivery has failed with, unless the stack goes back.
        (True, False, Run(ONE, brings_back=True), KEEP),
        (True, True, KEEP, KEEP),
    ],
)
def test_what_this_delivery_has_stopped_itself_is_brought_back_unless_off_duty(
    fails: bool, turns: bool, on_duty: Want, off_duty: Want
) -> None:
    """Row 7: another delivery has ended the request meanwhile."""
    scene = resize_under_way()
    began_at = scene.log.began_at()
    if fails:
        scene.log.fails()
    else:
        scene.log.completes()
    if turns:
        scene.log.turns_back()
    case = case_of(scene, t=began_at)._replace(stopped=frozenset({V1}))
    needed = {on: Duty(on, None, None, "hours", By.DUTY) for on in (True, False)}
    assert wanted(case, V1, claim()) == on_duty
    assert wanted(case._replace(duties={V1: needed[True]}), V1, claim()) == on_duty
    assert wanted(case._replace(duties={V1: needed[False]}), V1, claim()) == off_duty
    assert wanted(case._replace(stopped=frozenset()), V1, claim()) == KEEP
