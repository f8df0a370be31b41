"""What is decided next: the order of calls, how fresh they have to be, and stories that shaped the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from deliberation import Deliberation
from scenes import (
    DELETE,
    INVENTED,
    ONE,
    THREE,
    TWO,
    UPDATE,
    Scene,
    clean_up,
    create_under_way,
    declares,
    delete_of_a_cancelled_create,
    delete_that_does_not_show,
    deletion,
    failed_replacement_going_back,
    late_create,
    late_delete,
    lived,
    removal,
    replacement_under_way,
    resize_going_back,
    resize_under_way,
    stack,
    wish,
)
from world import STACK, V1, V2, V3, service_error

from running_model_handler.core.actions import (
    Action,
    Answer,
    AskClaim,
    AskOwner,
    AskStack,
    FindProject,
    GiveUp,
    Look,
    NoteStart,
    Pause,
    RemoveClaim,
    StartModel,
    StopModel,
    WriteClaim,
)
from running_model_handler.core.claim import Holder, Owner, claim_tags, holder_key
from running_model_handler.core.names import Tag
from running_model_handler.core.operation import Declaration, ResourceView
from running_model_handler.core.status import Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.core.waiting import (
    ANSWER_FRESH_SECONDS,
    CLAIM_FRESH_SECONDS,
    FAILED_SECONDS,
    LAG_SECONDS,
    SEEN_FRESH_SECONDS,
    SETTLE_SECONDS,
)

PROJECT = "1690734433420"
RUNNING, STARTING, STOPPED = Observation("RUNNING", ONE), Observation("STARTING"), Observation("STOPPED")
B = Owner(STACK, "B")


def kinds(actions: list[Action]) -> list[type]:
    """What sort of actions these are."""
    return [type(action) for action in actions]


def holding(scene: Scene, arn: str = V1, *, t: float | None = None, failed: bool = False) -> Deliberation:
    """A delivery whose resource holds the model already, since this operation or an earlier one."""
    one = Deliberation(scene)
    one.own(arn, Holder(one.t if t is None else t, ONE, failed))
    return one


# --- the order of calls ---------------------------------------------------------------------------


def test_a_create_asks_before_it_claims_and_claims_before_it_starts() -> None:
    """Stack, tags, project, look; claim, read back; start, stack: each call has its reason."""
    one = Deliberation(create_under_way())
    start = one.until(StartModel)
    assert kinds(one.done) == [AskStack, AskClaim, FindProject, Look, WriteClaim, AskClaim]
    assert one.done[4] == WriteClaim(V1, Holder(one.t, ONE))
    assert start == StartModel(V1, ONE, "run 1")
    one.carry_out(start)
    assert one.next() == AskStack()


def test_a_declared_project_needs_no_look_up() -> None:
    """One call less."""
    arn = V1.split("/version/")[0] + f"/{PROJECT}"
    one = Deliberation(create_under_way(), changes={"ProjectArn": arn})
    one.until(StartModel)
    assert FindProject not in kinds(one.done)
    assert Look(V1, PROJECT) in one.done


def test_a_delete_asks_three_times_before_it_stops() -> None:
    """Stack, tags, which remember the project, look."""
    one = holding(deletion(), t=2.0)
    one.seen[V1] = RUNNING
    assert one.acts() == StopModel(V1, "rest")
    assert kinds(one.done) == [AskStack, AskClaim, Look]


def test_the_last_one_out_removes_the_claim_and_reads_it_back() -> None:
    """What the last start took stays."""
    one = holding(deletion(), t=2.0)
    one.tags[V1][str(Tag.START_SECONDS)] = "600"
    one.seen[V1] = STOPPED
    release = one.acts()
    assert isinstance(release, RemoveClaim)
    own = holder_key(Owner(STACK, "Model"))
    assert set(release.keys) == {own, str(Tag.STACK_ID), str(Tag.PROJECT_CREATED)}
    one.carry_out(release)
    assert one.acts() == Answer(V1, arn=V1)
    assert one.tags[V1] == {str(Tag.START_SECONDS): "600"}


def test_the_attributes_are_those_of_what_runs() -> None:
    """Data of a success."""
    one = holding(create_under_way())
    one.seen[V1] = RUNNING
    answer = one.acts()
    assert isinstance(answer, Answer)
    assert answer.succeeded
    assert answer.data["Status"] == "RUNNING"


def test_what_a_start_took_is_noted_before_the_answer() -> None:
    """One call, for the next one's pauses."""
    one = holding(create_under_way())
    one.carry_out(one.until(StartModel))
    for _ in range(4):
        one.seen[V1] = STARTING
        one.carry_out(one.until(Pause))
    one.seen[V1] = RUNNING
    note = one.until(NoteStart, Answer)
    assert isinstance(note, NoteStart)
    one.carry_out(note)
    assert isinstance(one.acts(), Answer)


STOP_FIRST = {"Replacement": "STOP_FIRST"}


@pytest.mark.parametrize(
    ("scene", "changes", "first"),
    [
        (replacement_under_way, {}, V2),
        (replacement_under_way, STOP_FIRST, V1),
        (failed_replacement_going_back, {}, V2),
    ],
)
def test_models_come_in_order(scene: Callable[[], Scene], changes: dict[str, Any], first: str) -> None:
    """The declared one first; the other one where the declared one needs its place."""
    one = Deliberation(scene(), changes=changes)
    one.own(V1, Holder(2.0, ONE))
    one.own(V2, Holder(one.t, ONE))
    going_back = scene is failed_replacement_going_back
    one.seen = {V1: STOPPED, V2: RUNNING} if going_back else {V1: RUNNING, V2: STOPPED}
    act = one.until(StartModel, StopModel)
    assert act.arn == first


def test_on_a_way_back_whose_own_model_runs_it_is_only_looked_at_first() -> None:
    """Then the other one is stopped."""
    one = Deliberation(failed_replacement_going_back())
    one.own(V1, Holder(one.t, ONE))
    one.own(V2, Holder(7.0, ONE))
    one.seen = {V1: RUNNING, V2: RUNNING}
    assert one.acts() == StopModel(V2, "rest")


# --- how fresh things have to be ----------------------------------------------------------------------


def ages(one: Deliberation, action: Action) -> tuple[float, float, float]:
    """How old the views of the stack, of the tags and of the status are that an act is decided by."""
    views = one.known.views
    model = views.model(action.arn)
    return one.now - views.story_at, one.now - model.claim_at, one.now - model.seen_at


@pytest.mark.parametrize("scene", [create_under_way, resize_under_way, deletion, removal, clean_up])
@pytest.mark.parametrize("idle", [0.0, 4.0, 8.0, 12.0, 20.0, 100.0])
def test_an_act_rests_on_views_that_are_fresh(scene: Callable[[], Scene], idle: float) -> None:
    """G10: the stack 5 s at most before a Start, 15 s before a Stop; tags 10 s, status 15 s."""
    one = holding(scene(), t=2.0)
    one.seen[V1] = RUNNING if scene is not create_under_way else STOPPED
    for _ in range(3):
        act = one.acts()
        if isinstance(act, Answer):
            return
        one.now += idle
        act = one.acts()
        stack_age, claim_age, seen_age = ages(one, act)
        strict = isinstance(act, StartModel | WriteClaim | Answer)
        assert stack_age <= (ANSWER_FRESH_SECONDS if strict else SEEN_FRESH_SECONDS) + 0.1
        assert claim_age <= CLAIM_FRESH_SECONDS + 0.1
        assert seen_age <= SEEN_FRESH_SECONDS + 0.1
        if isinstance(act, Answer):
            return
        one.carry_out(act)
        one.seen[V1] = STOPPED if isinstance(act, StopModel) else one.seen[V1]


def test_a_stop_is_not_repeated_before_another_look() -> None:
    """A status is never inferred from the answer to a call."""
    one = holding(deletion(), t=2.0)
    one.seen[V1] = STARTING
    for _ in range(3):
        stop = one.until(StopModel)
        one.carry_out(stop, service_error("ResourceInUseException", "rekognition:StopProjectVersion"))
    stops = [index for index, action in enumerate(one.done) if isinstance(action, StopModel)]
    for first, second in pairwise(stops):
        assert Look in kinds(one.done[first:second])
        assert Pause in kinds(one.done[first:second])


# --- the stories --------------------------------------------------------------------------------------


def test_not_ours_is_not_final() -> None:
    """Story 1: the Delete of a cancelled create read old tags; the claim and the start came after."""
    one = Deliberation(delete_of_a_cancelled_create())
    pause = one.until(Pause, Answer)
    assert isinstance(pause, Pause)
    assert pause.settles
    one.carry_out(pause)
    one.own(V1, Holder(2.0, ONE))
    one.seen[V1] = STARTING
    assert one.acts() == StopModel(V1, "rest")


def test_not_ours_is_final_after_30_seconds() -> None:
    """Story 1: then whoever runs the model keeps it."""
    one = Deliberation(delete_of_a_cancelled_create(), after=SETTLE_SECONDS)
    one.seen[V1] = RUNNING
    assert one.acts() == Answer(INVENTED, arn=V1)
    assert Look not in kinds(one.done)


def test_an_ended_deletion_belongs_to_one_life() -> None:
    """Story 2: a stale view shows the end of the former life, and is asked again when it is newer."""
    log, asks = late_delete()
    one = holding(Scene(log, asks), t=2.0)
    one.seen[V1] = RUNNING
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("CREATE", declares(V1))
    log.completes(physical_id=V1)
    one.carry_out(one.until(AskStack))
    for _ in range(20):
        assert isinstance(one.until(Pause, StopModel, Answer), Pause)
        one.carry_out(one.next())
    log.done()
    log.goes("DELETE_IN_PROGRESS")
    log.begins("DELETE", declares(V1))
    assert one.until(StopModel, Answer) == StopModel(V1, "rest")


@pytest.mark.parametrize("reader", [True, False])
def test_15_seconds_pass_after_failed_for_whoever_writes_or_reads_it(reader: bool) -> None:
    """Story 3: and then the tags are read again before anything is undone."""
    one = holding(create_under_way(), failed=reader)
    one.seen[V1] = RUNNING
    if not reader:
        one.seen[V1] = Observation("FAILED", message="no capacity")
        one.carry_out(one.until(StartModel))
        one.now += 1
        write = one.until(WriteClaim, StopModel, Answer)
        assert write == WriteClaim(V1, Holder(one.t, ONE, failed=True))
        one.carry_out(write)
    since = len(one.done)
    one.carry_out(one.until(AskClaim))
    failed_at = one.known.memory.failed_at
    stop = one.until(StopModel, Answer)
    assert isinstance(stop, StopModel)
    assert one.now - failed_at >= FAILED_SECONDS
    assert AskClaim in kinds(one.done[since:])


def test_who_failed_before_any_claim_writes_it_down_once_it_reads_its_own_t_open() -> None:
    """Story 4: A failed unwritten, B claimed and started; A writes `failed`, and waits."""
    one = Deliberation(create_under_way())
    one.carry_out(GiveUp("no good", V1))
    one.own(V1, Holder(one.t, ONE))
    one.seen[V1] = STARTING
    write = one.until(WriteClaim, StopModel, Answer)
    assert write == WriteClaim(V1, Holder(one.t, ONE, failed=True))
    one.carry_out(write)
    written_at = one.now
    assert one.until(StopModel, Answer) == StopModel(V1, "rest")
    assert one.now - written_at >= FAILED_SECONDS


def test_t_moves_forward() -> None:
    """Story 5: a retried Delete is first identified by a stale view of the earlier try."""
    log, asks = removal()
    one = holding(Scene(log, asks), t=2.0)
    one.seen[V1] = RUNNING
    one.carry_out(one.until(AskStack))
    first = one.known.memory.t
    log.fails()
    log.begins("DELETE", declares(V1))
    one.now += 60
    one.carry_out(one.until(AskStack))
    assert one.known.memory.t > first
    assert one.until(StopModel, Answer) == StopModel(V1, "rest")


def test_t_does_not_move_once_the_request_has_failed() -> None:
    """Story 5: a newer operation that asks for the same is not its own any more."""
    log, asks = resize_going_back()
    one = holding(Scene(log, asks))
    one.carry_out(one.until(AskStack))
    first = one.known.memory.t
    one.carry_out(GiveUp("no good", V1))
    log.fails()
    log.goes("UPDATE_ROLLBACK_FAILED")
    log.goes("UPDATE_ROLLBACK_IN_PROGRESS")
    log.begins("UPDATE", declares(V1))
    one.now += 60
    one.carry_out(one.until(AskStack))
    assert one.known.memory.t == first


def test_what_was_cut_off_may_still_act() -> None:
    """Story 6: going back, what runs as wanted is not ready before 30 s have passed; then it is looked at."""
    one = holding(resize_going_back())
    one.seen[V1] = RUNNING
    turned_at = one.scene.log.story("Model").turned_at
    assert turned_at is not None
    pause = one.until(Pause, Answer)
    assert isinstance(pause, Pause)
    assert pause.settles
    one.seen[V1] = Observation("STOPPING")
    one.now = turned_at + SETTLE_SECONDS
    one.known = one.known._replace(views=one.known.views._replace(rested_at=one.now))
    one.carry_out(one.until(Look))
    one.seen[V1] = STOPPED
    assert isinstance(one.until(StartModel, Answer), StartModel)


def leaving_to_another(status: str = "STOPPED", units: object = None) -> Deliberation:
    """The removal of one of two resources that hold the model."""
    one = holding(removal(), t=2.0)
    one.own(V1, Holder(3.0, TWO), "B")
    one.resources[B] = ResourceView("UPDATE_COMPLETE", V1)
    one.seen[V1] = Observation(status, units)  # type: ignore[arg-type]
    return one


def test_a_model_that_is_left_to_another_has_to_run() -> None:
    """Story 7: an accepted start is not enough, since no other request speaks for the one that stays."""
    one = leaving_to_another()
    start = one.acts()
    assert start == StartModel(V1, TWO, "run 2")
    one.carry_out(start)
    one.seen[V1] = STARTING
    for _ in range(10):
        assert isinstance(one.until(Pause, Answer), Pause)
        one.carry_out(one.next())
    one.seen[V1] = Observation("RUNNING", TWO)
    leave = one.acts()
    assert leave == RemoveClaim(V1, (holder_key(Owner(STACK, "Model")),))
    one.carry_out(leave)
    assert one.acts() == Answer(V1, arn=V1)


def test_how_another_resource_stands_is_asked_again_once_its_last_operation_has_to_show() -> None:
    """A look may be 15 s old: of what an operation before this one has brought it may not tell the model."""
    one = holding(removal(), t=2.0)
    one.own(V1, Holder(3.0, TWO), "B")
    one.resources[B] = ResourceView("CREATE_IN_PROGRESS", None)
    one.seen[V1] = Observation("RUNNING", TWO)
    rested_at = one.scene.log.story("Model").rested_at
    wait = one.until(Pause)
    assert isinstance(wait, Pause)
    assert one.now + wait.seconds == rested_at + LAG_SECONDS
    one.carry_out(wait)
    before = len(one.done)
    one.resources[B] = ResourceView("CREATE_COMPLETE", V1)
    leave = one.acts()
    # What it is decided by may have changed meanwhile (seed 66048301).
    assert kinds(one.done[before : before + 3]) == [AskStack, AskClaim, AskOwner]
    assert leave == RemoveClaim(V1, (holder_key(Owner(STACK, "Model")),))
    one.carry_out(leave)
    assert one.acts() == Answer(V1, arn=V1)


def test_what_was_retained_runs_on_where_an_update_to_it_has_failed() -> None:
    """The tag of the resource that was deleted without it stays: nothing else tells that it was."""
    one = holding(failed_replacement_going_back(), arn=V2, t=2.0, failed=True)
    one.own(V1, Holder(1.0, ONE))
    one.own(V2, Holder(1.0, TWO), B.logical_id)
    one.resources[B] = ResourceView("DELETE_SKIPPED", V2)
    one.seen |= {V1: Observation("RUNNING", ONE), V2: Observation("RUNNING", TWO)}
    while not isinstance(action := one.acts(), Answer):
        assert not isinstance(action, StopModel)
        one.carry_out(action)
    assert one.tags[V2].keys() & {holder_key(B), holder_key(Owner(STACK, "Model"))} == {holder_key(B)}


def test_a_model_that_runs_as_any_of_the_others_declares_is_left_as_it_is() -> None:
    """Story 7."""
    one = leaving_to_another("RUNNING", TWO)
    assert isinstance(one.acts(), RemoveClaim)


def test_a_model_that_cannot_be_given_back_fails_the_delete() -> None:
    """Story 7: the reason is for those who know only of the Delete."""
    one = leaving_to_another("TRAINING_FAILED")
    answer = one.until(Answer)
    assert isinstance(answer, Answer)
    assert "could not be given back" in answer.reason


def test_at_the_deadline_an_accepted_start_is_enough_for_the_others() -> None:
    """Story 7: the start will end, and the stack is not to stay in DELETE_FAILED for it."""
    one = leaving_to_another()
    one.carry_out(one.acts())
    one.seen[V1] = STARTING
    one.now += 3600
    answer = one.until(Answer)
    assert isinstance(answer, Answer)
    assert answer.succeeded


def test_a_roll_back_deals_with_what_the_resource_had_too() -> None:
    """Story 8: after a skipped roll-back the physical id is not what the next one returns to."""
    log = lived()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V2))
    log.completes(physical_id=V2)
    log.turns_back()
    log.begins("UPDATE", declares(V3))
    scene = Scene(log, wish(UPDATE, V3, V2, V2))
    one = Deliberation(scene)
    one.own(V1, Holder(2.0, ONE))
    one.own(V2, Holder(7.0, ONE))
    one.own(V3, Holder(one.t, ONE))
    one.seen = {V1: RUNNING, V2: RUNNING, V3: RUNNING}
    assert one.until(StopModel, Answer) == StopModel(V1, "rest")


@pytest.mark.parametrize(
    ("scene", "former", "units"),
    [(resize_under_way, ONE, ONE), (resize_going_back, None, ONE), (create_under_way, None, ONE)],
)
def test_failed_holds_the_units_that_stay(
    scene: Callable[[], Scene], former: InferenceUnits | None, units: InferenceUnits
) -> None:
    """Story 9: former going forward, declared going back."""
    one = Deliberation(scene())
    declared = one.request.wish.declared
    assert declared is not None
    assert declared.units is not None
    one.own(V1, Holder(one.t, declared.units, former=former))
    one.carry_out(GiveUp("no good", V1))
    write = one.until(WriteClaim, Answer)
    assert write == WriteClaim(V1, Holder(one.t, units, failed=True))


def test_what_stays_is_known_by_the_claim_before_where_no_property_tells() -> None:
    """After a failed replacement without a roll-back the old properties name the other model."""
    log, asks = resize_under_way()
    one = Deliberation(Scene(log, replace(asks, former=Declaration(V2, ONE))))
    one.own(V1, Holder(2.0, THREE))
    write = one.until(WriteClaim, Answer)
    assert write == WriteClaim(V1, Holder(one.t, TWO, former=THREE))
    one.own(V1, Holder(one.t, TWO, former=THREE))
    one.carry_out(GiveUp("no good", V1))
    assert one.until(WriteClaim, Answer) == WriteClaim(V1, Holder(one.t, THREE, failed=True))


def test_a_late_request_leaves_a_model_to_its_own_resource_in_a_stack_that_goes() -> None:
    """Story 10: the resource's own Delete comes."""
    log, asks = late_create()
    log.goes("DELETE_IN_PROGRESS")
    one = holding(Scene(log, asks), t=2.0)
    one.now += 16
    one.seen[V1] = RUNNING
    answer = one.acts()
    assert isinstance(answer, Answer)
    assert "ended this request" in answer.reason


def test_what_another_resource_had_may_come_back_to_it() -> None:
    """Story 11: it is updated to another model in the same operation, which may still turn back."""
    log = lived()
    log.goes("CREATE_IN_PROGRESS")
    log.begins("CREATE", declares(V1, THREE), "B")
    log.completes("B", V1)
    log.done()
    log.goes("UPDATE_IN_PROGRESS")
    log.begins("UPDATE", declares(V2, THREE), "B")
    log.completes("B", V2)
    log.begins("DELETE", declares(V1))
    one = Deliberation(Scene(log, wish(DELETE, physical=V1)))
    one.own(V1, Holder(2.0, ONE))
    one.own(V1, Holder(9.0, THREE), "B")
    one.seen[V1] = RUNNING
    leave = one.acts()
    assert leave == RemoveClaim(V1, (holder_key(Owner(STACK, "Model")),))


@pytest.mark.parametrize("rests_with", [V1, V2])
def test_an_owner_elsewhere_keeps_its_model_whatever_it_rests_with(rests_with: str) -> None:
    """Story 12: its clean-up Delete may be on its way."""
    other = STACK.replace("stack/parts", "stack/other")
    theirs = Owner(other, "Theirs")
    one = Deliberation(create_under_way())
    one.tags[V1] = claim_tags(theirs, Holder(1.0, ONE), PROJECT)
    one.resources[theirs] = ResourceView("UPDATE_COMPLETE", rests_with)
    answer = one.acts()
    assert isinstance(answer, Answer)
    assert "stack other (resource Theirs)" in answer.reason
    assert AskOwner(theirs) in one.done


def test_a_look_counts_by_when_it_was_made() -> None:
    """Made within 15 s of the Start it may be older than the Start, however long a pause follows it."""
    one = Deliberation(create_under_way())
    start = one.until(StartModel, Answer)
    one.carry_out(start)
    started_at = one.now
    one.seen[V1] = STARTING
    while one.now < started_at + 9:
        one.carry_out(one.next())
    one.seen[V1] = STOPPED
    one.carry_out(one.until(Look))
    one.now = started_at + 16
    one.seen[V1] = RUNNING
    assert isinstance(one.until(Answer, GiveUp, StopModel), Answer)


def test_a_claim_is_not_removed_on_an_answer_that_is_not_fresh() -> None:
    """Another delivery may have succeeded since: CloudFormation is asked right before."""
    one = holding(deletion(), t=2.0)
    one.now += SETTLE_SECONDS
    one.seen[V1] = STOPPED
    assert isinstance(one.until(RemoveClaim, Answer), RemoveClaim)
    assert one.now - one.known.views.story_at <= ANSWER_FRESH_SECONDS
    one.now += ANSWER_FRESH_SECONDS
    assert isinstance(one.next(), AskStack)


def test_a_failure_is_told_once_the_own_claim_shows() -> None:
    """Tags may lag: in a claim that is not there yet nobody can be told."""
    one = Deliberation(create_under_way())
    one.carry_out(one.until(WriteClaim))
    one.carry_out(one.until(StartModel))
    shown = one.tags.pop(V1)
    one.known = one.known._replace(
        views=one.known.views.with_model(V1, one.known.views.model(V1)._replace(claim_at=0.0))
    )
    one.seen[V1] = STARTING
    one.carry_out(GiveUp("no good", V1))
    assert isinstance(one.until(Pause, StopModel, WriteClaim), Pause)
    one.tags[V1] = shown
    write = one.until(StopModel, WriteClaim)
    assert isinstance(write, WriteClaim)
    assert write.holder.failed


# --- when the time is over -----------------------------------------------------------------------------


def test_a_delete_that_never_shows_promises_nothing_at_its_deadline() -> None:
    """G2: SUCCESS only if the model is at rest all the same."""
    for status, succeeds in (("RUNNING", False), ("STOPPED", True)):
        one = holding(delete_that_does_not_show(), t=2.0)
        one.seen[V1] = Observation(status)
        one.now += 20
        one.until(Pause)
        one.now = one.known.memory.began_at + 3545
        answer = one.until(Answer, StopModel)
        assert isinstance(answer, Answer)
        assert answer.succeeded is succeeds


def test_what_may_run_for_nobody_gets_one_stop_more_at_the_deadline() -> None:
    """G3: then the reason has the command."""
    one = holding(deletion(), t=2.0)
    one.now = one.known.memory.began_at + 3545
    one.seen[V1] = RUNNING
    stop = one.until(StopModel, Answer)
    assert isinstance(stop, StopModel)
    one.carry_out(stop)
    answer = one.until(StopModel, Answer)
    assert isinstance(answer, Answer)
    assert "aws rekognition stop-project-version" in answer.reason


def test_nothing_is_asked_any_more_in_the_last_seconds() -> None:
    """G4: the answer has to be under way."""
    one = Deliberation(create_under_way())
    one.now = one.known.memory.began_at + 3590
    answer = one.next()
    assert isinstance(answer, Answer)
    assert not answer.succeeded


def test_a_new_stack_of_which_nothing_shows_yet_is_asked_for_again() -> None:
    """The first view may be from before the create was begun."""
    log = stack()
    log.goes("CREATE_IN_PROGRESS")
    one = Deliberation(Scene(log, create_under_way().wish))
    for _ in range(3):
        one.carry_out(one.until(Pause))
    assert kinds(one.done).count(AskStack) == 3
    log.begins("CREATE", declares(V1))
    assert isinstance(one.acts(), WriteClaim)
