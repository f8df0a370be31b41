"""What one answer of DescribeStackEvents tells: the operation, its steps, and how resources stand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from running_model_handler.core.duty import UNGUARDED, Guards
from running_model_handler.core.operation import (
    STACK_IS_GONE,
    Declaration,
    RequestType,
    ResourceView,
    StackEvent,
    Standing,
    Step,
    Story,
    declaration_of,
    is_answer,
    read_story,
    standing_in,
    standing_of,
    units_or_none,
)
from running_model_handler.core.units import InferenceUnits

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/parts/1"
ONE, TWO = InferenceUnits(1), InferenceUnits(2)
CREATE, UPDATE, DELETE = RequestType.CREATE, RequestType.UPDATE, RequestType.DELETE


def events(*lines: str) -> list[StackEvent]:
    """Events, one a second from 1 on, newest first: ``name STATUS id declares``; ``-`` stands for no id."""
    told = []
    for at, line in enumerate(lines, start=1):
        name, status, *more = line.split()
        physical_id = STACK if name == "stack" else (more[0] if more and more[0] != "-" else None)
        declares = Declaration(more[1], ONE) if len(more) > 1 else None
        answered = is_answer(status, "")
        told.append(StackEvent(name, physical_id, status, float(at), declares, answered))
    return told[::-1]


def story_of(*lines: str) -> Story:
    """What events tell of the resource A."""
    return read_story(events(*lines), STACK, "A")


CREATED = (
    "stack CREATE_IN_PROGRESS",
    "A CREATE_IN_PROGRESS - v1",
    "A CREATE_IN_PROGRESS v1 v1",
    "A CREATE_COMPLETE v1 v1",
    "stack CREATE_COMPLETE",
)
UPDATING = (*CREATED, "stack UPDATE_IN_PROGRESS", "A UPDATE_IN_PROGRESS v1 v2")
REPLACED = (*UPDATING, "A UPDATE_COMPLETE v2 v2")
CLEANING = (*REPLACED, "stack UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "A DELETE_IN_PROGRESS v1 v1")
TURNED = (*UPDATING, "A UPDATE_FAILED v1 v2", "stack UPDATE_ROLLBACK_IN_PROGRESS")
GOING_BACK = (*TURNED, "A UPDATE_IN_PROGRESS v1 v1")
BACK = (*GOING_BACK, "A UPDATE_COMPLETE v1 v1", "stack UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
CANCELLED = (
    *CREATED[:2],
    "A CREATE_FAILED - v1",
    "stack ROLLBACK_IN_PROGRESS",
    "A DELETE_IN_PROGRESS invented v1",
)
GOING = (*CREATED, "stack DELETE_IN_PROGRESS", "A DELETE_IN_PROGRESS v1 v1")


# --- stories ------------------------------------------------------------------------------------------


def test_a_create_is_one_step_that_begins_with_its_first_event() -> None:
    """A real create shows two CREATE_IN_PROGRESS events: T is the first."""
    for told in (CREATED[:2], CREATED[:3]):
        (step,) = story_of(*told).steps["A"]
        assert (step.kind, step.began_at, step.physical_id, step.ended_at) == (CREATE, 2.0, None, None)
    (step,) = story_of(*CREATED).steps["A"]
    assert (step.result_id, step.ended_at, step.status) == ("v1", 4.0, "CREATE_COMPLETE")


def test_an_update_begins_with_what_the_resource_has() -> None:
    """Its T is later than that of the create, which the same answer still tells."""
    story = story_of(*UPDATING)
    (step,) = story.steps["A"]
    assert step == Step(UPDATE, 7.0, False, "v1", Declaration("v2", ONE), "UPDATE_IN_PROGRESS", "v1")
    assert [earlier.kind for earlier in story.before] == []
    assert (story.goes_back, story.goes, story.may_turn) == (False, False, True)


def test_a_roll_back_is_a_step_of_its_own() -> None:
    """The same status in both directions: what began after the stack turned goes back."""
    story = story_of(*GOING_BACK)
    forward, back = story.steps["A"]
    assert (forward.back, forward.status, forward.ended_at) == (False, "UPDATE_FAILED", 8.0)
    assert (back.back, back.began_at, back.declares) == (True, 10.0, Declaration("v1", ONE))
    assert (story.turned_at, story.goes_back) == (9.0, True)


def test_a_forward_step_that_shows_no_end_is_no_part_of_the_roll_back() -> None:
    """Its end may be missing, where CloudFormation cancelled it."""
    told = (*UPDATING, "stack UPDATE_ROLLBACK_IN_PROGRESS", "A UPDATE_IN_PROGRESS v1 v1")
    forward, back = story_of(*told).steps["A"]
    assert (forward.back, forward.ended_at, back.back) == (False, None, True)


def test_the_deletions_of_two_ids_are_two_steps() -> None:
    """A clean-up may delete what a resource was in two updates, one of which failed."""
    story = story_of(*CLEANING, "A DELETE_IN_PROGRESS v0 v0", "A DELETE_COMPLETE v0 v0")
    assert [(step.kind, step.physical_id, step.ended_at) for step in story.steps["A"][1:]] == [
        (DELETE, "v1", None),
        (DELETE, "v0", 12.0),
    ]


def test_a_deletion_that_is_tried_again_is_a_new_step() -> None:
    """So its T moves forward."""
    story = story_of(*GOING, "A DELETE_FAILED v1 v1", "A DELETE_IN_PROGRESS v1 v1")
    assert [(step.began_at, step.status) for step in story.steps["A"]] == [
        (7.0, "DELETE_FAILED"),
        (9.0, "DELETE_IN_PROGRESS"),
    ]


def test_earlier_operations_are_told_of_the_own_resource_alone() -> None:
    """What it had before the operation is needed, what others did is over."""
    others = (*CREATED[:4], "B CREATE_COMPLETE w w", CREATED[4])
    story = story_of(*others, "stack UPDATE_IN_PROGRESS", "B UPDATE_IN_PROGRESS w w")
    assert [step.kind for step in story.before] == [CREATE]
    assert set(story.steps) == {"B"}


def test_no_more_events_are_taken_than_are_needed() -> None:
    """Back to what the stack was before the operation, and to what made or changed the own resource last."""

    def told() -> Iterator[StackEvent]:
        yield from events(*UPDATING)[:3]
        raise AssertionError("an event too many was read")

    story = read_story(told(), STACK, "A")
    assert story.steps["A"][0].declares == Declaration("v2", ONE)
    assert (story.began_from, story.began_whole) == ("CREATE_COMPLETE", True)


@pytest.mark.parametrize(
    ("before", "whole"), [("UPDATE_ROLLBACK_COMPLETE", True), ("UPDATE_FAILED", False), ("", False)]
)
def test_whether_anything_had_failed_when_the_operation_began(before: str, whole: bool) -> None:
    """A new stack has no status before."""
    earlier = (*CREATED, "stack UPDATE_IN_PROGRESS", f"stack {before}") if before else ()
    story = story_of(*earlier, "stack UPDATE_IN_PROGRESS", "A UPDATE_IN_PROGRESS v1 v1")
    assert (story.began_from, story.began_whole) == (before, whole)


def test_resources_that_are_no_models_are_left_out() -> None:
    """Their properties name no model; the own resource counts whatever it shows."""
    story = story_of("stack CREATE_IN_PROGRESS", "Role CREATE_IN_PROGRESS role", "A CREATE_IN_PROGRESS")
    assert set(story.steps) == {"A"}


def test_models_under_way_are_counted() -> None:
    """Those whose newest event is of something under way; what began before the operation does not count."""
    story = story_of(
        "D UPDATE_IN_PROGRESS d d",
        "stack CREATE_IN_PROGRESS",
        "B CREATE_IN_PROGRESS - m",
        "Role CREATE_IN_PROGRESS",
        "A CREATE_IN_PROGRESS - m",
        "B CREATE_IN_PROGRESS m m",
        "C CREATE_IN_PROGRESS - m",
        "C CREATE_COMPLETE m m",
    )
    assert story.models_under_way == 2


def test_a_stack_of_which_nothing_is_told_is_gone() -> None:
    """There is no such stack."""
    assert read_story([], STACK, "A") == STACK_IS_GONE
    assert STACK_IS_GONE.goes


@pytest.mark.parametrize(
    ("status", "back", "goes", "may_turn"),
    [
        ("CREATE_IN_PROGRESS", False, False, True),
        ("CREATE_COMPLETE", False, False, False),
        ("CREATE_FAILED", False, False, True),
        ("ROLLBACK_IN_PROGRESS", True, False, True),
        ("ROLLBACK_FAILED", True, False, True),
        ("ROLLBACK_COMPLETE", True, False, False),
        ("UPDATE_IN_PROGRESS", False, False, True),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False, False, False),
        ("UPDATE_COMPLETE", False, False, False),
        ("UPDATE_FAILED", False, False, True),
        ("UPDATE_ROLLBACK_IN_PROGRESS", True, False, True),
        ("UPDATE_ROLLBACK_FAILED", True, False, True),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", True, False, False),
        ("UPDATE_ROLLBACK_COMPLETE", True, False, False),
        ("DELETE_IN_PROGRESS", False, True, True),
        ("DELETE_FAILED", False, True, True),
        ("DELETE_COMPLETE", False, True, False),
        ("", False, True, False),
    ],
)
def test_which_way_a_stack_goes(status: str, back: bool, goes: bool, may_turn: bool) -> None:
    """Each status that CloudFormation has (API reference, Stack)."""
    story = Story(status, 1.0)
    assert (story.goes_back, story.goes, story.may_turn) == (back, goes, may_turn)


@pytest.mark.parametrize(
    ("status", "reason", "answered"),
    [
        ("CREATE_COMPLETE", "", True),
        ("UPDATE_COMPLETE", "", True),
        ("CREATE_FAILED", "Received response status [FAILED] from custom resource. Message …", True),
        ("CREATE_FAILED", "Resource creation cancelled", False),
        ("UPDATE_FAILED", "CloudFormation did not receive a response from your Custom Resource.", False),
        ("CREATE_IN_PROGRESS", "", False),
        ("DELETE_FAILED", "", False),
    ],
)
def test_an_answer_is_told_from_a_cut(status: str, reason: str, answered: bool) -> None:
    """Words that no page promises: any others count as cut off, which is waited out for longer."""
    assert is_answer(status, reason) is answered


# --- how resources stand --------------------------------------------------------------------------------


def standing(*lines: str) -> Standing:
    """How the resource A stands."""
    story = story_of(*lines)
    return standing_of(story, "A", story.before)


#        events                               lives  current     had   names rests  skipped
STANDINGS = {
    "created": (CREATED, True, "v1", None, None, True, None),
    "being created": (CREATED[:2], True, None, None, "v1", False, None),
    "being created, with its id": (CREATED[:3], True, "v1", None, "v1", False, None),
    "create failed": ((*CREATED[:2], "A CREATE_FAILED v1 v1"), False, "v1", None, None, True, None),
    "cancelled, being deleted": (CANCELLED, False, None, None, None, True, None),
    "being replaced": (UPDATING, True, "v1", "v1", "v2", False, None),
    "replaced": (REPLACED, True, "v2", "v1", None, True, None),
    "replaced, cleaning up": (CLEANING, True, "v2", None, None, True, None),
    "failed, not going back yet": (TURNED, True, "v1", "v1", None, False, None),
    "going back": (GOING_BACK, True, "v1", "v1", None, False, None),
    "gone back": (BACK, True, "v1", None, None, True, None),
    "replaced, stack turned": (
        (*REPLACED, "stack UPDATE_ROLLBACK_IN_PROGRESS"),
        True, "v2", "v1", None, False, None,
    ),
    "being deleted": (GOING, False, "v1", None, None, True, None),
    "deleted": ((*GOING, "A DELETE_COMPLETE v1 v1"), False, "v1", None, None, True, None),
    "not deleted": ((*GOING, "A DELETE_FAILED v1 v1"), False, "v1", None, None, True, None),
    "retained": (
        (*CREATED, "stack DELETE_IN_PROGRESS", "A DELETE_SKIPPED v1 v1"),
        False, "v1", None, None, True, "v1",
    ),
    "made anew": (
        (*GOING, "A DELETE_COMPLETE v1 v1", "stack UPDATE_IN_PROGRESS", "A CREATE_IN_PROGRESS - v3"),
        True, None, None, "v3", False, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STANDINGS)
def test_how_a_resource_stands(name: str) -> None:
    """What it has, may come back to, and is being brought with, from its create to its deletion."""
    told, *expected = STANDINGS[name]
    stands = standing(*told)
    assert [
        stands.lives,
        stands.current,
        stands.had,
        stands.names,
        stands.rests,
        stands.skipped,
    ] == expected


def test_the_deletion_of_what_a_resource_was_says_nothing_of_the_resource() -> None:
    """Its clean-up ends under the same logical id."""
    stands = standing(*CLEANING, "A DELETE_COMPLETE v1 v1")
    assert (stands.lives, stands.current, stands.skipped) == (True, "v2", None)


def test_a_deletion_without_an_id_is_that_of_the_resource() -> None:
    """DELETE events may carry an empty id where CloudFormation invented one."""
    told = (*CREATED[:2], "A CREATE_FAILED - v1", "stack ROLLBACK_IN_PROGRESS", "A DELETE_IN_PROGRESS - v1")
    assert not standing(*told).lives


@pytest.mark.parametrize(
    ("view", "lives", "current", "rests"),
    [
        (None, False, None, True),
        (ResourceView("CREATE_IN_PROGRESS"), True, None, False),
        (ResourceView("CREATE_COMPLETE", "v1"), True, "v1", True),
        (ResourceView("CREATE_FAILED", "v1"), False, None, True),
        (ResourceView("UPDATE_IN_PROGRESS", "v1"), True, "v1", False),
        (ResourceView("UPDATE_COMPLETE", "v1"), True, "v1", True),
        (ResourceView("UPDATE_FAILED", "v1"), True, "v1", True),
        (ResourceView("DELETE_IN_PROGRESS", "v1"), False, None, True),
        (ResourceView("DELETE_COMPLETE", "v1"), False, None, True),
        (ResourceView("DELETE_FAILED", "v1"), False, None, True),
        (ResourceView("DELETE_SKIPPED", "v1"), False, None, True),
    ],
)
def test_how_a_resource_stands_that_the_operation_has_not_touched(
    view: ResourceView | None, lives: bool, current: str | None, rests: bool
) -> None:
    """DescribeStackResource's word."""
    stands = standing_in(view)
    assert (stands.lives, stands.current, stands.rests) == (lives, current, rests)


# --- declarations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "declared"),
    [
        ({"ProjectVersionArn": "v", "MinInferenceUnits": "2"}, Declaration("v", TWO, UNGUARDED)),
        (
            {"ProjectVersionArn": "v", "MinInferenceUnits": "1", "MaxInferenceUnits": "3"},
            Declaration("v", InferenceUnits(1, 3), UNGUARDED),
        ),
        ({"ProjectVersionArn": "v"}, Declaration("v", ONE, UNGUARDED)),
        ({"ProjectVersionArn": "v", "MinInferenceUnits": "****"}, Declaration("v", None, UNGUARDED)),
        (
            {"ProjectVersionArn": "v", "MinInferenceUnits": "3", "MaxInferenceUnits": "2"},
            Declaration("v", None, UNGUARDED),
        ),
        (
            {"ProjectVersionArn": "v", "StopAfterSeconds": "7200"},
            Declaration("v", ONE, Guards(stop_after_seconds=7200)),
        ),
        ({"ProjectVersionArn": "v", "RunningHours": "****"}, Declaration("v", ONE)),
        ({"ProjectVersionArn": ["v"]}, None),
        ({}, None),
    ],
)
def test_what_properties_declare(properties: dict[str, object], declared: Declaration | None) -> None:
    """Units and guards that can't be read are none; without a model nothing is declared."""
    assert declaration_of(properties) == declared
    assert declared is None or units_or_none(properties) == declared.units


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        (Declaration("v", ONE), Declaration("v", ONE), True),
        (Declaration("v", ONE), Declaration("v", TWO), False),
        (Declaration("v", ONE), Declaration("w", ONE), False),
        (Declaration("v", None), Declaration("v", TWO), True),
        (Declaration("v", None), Declaration("w", None), False),
    ],
)
def test_declarations_that_can_be_the_same(one: Declaration, other: Declaration, fits: bool) -> None:
    """What can't be read is no difference."""
    assert one.fits(other) is fits
    assert other.fits(one) is fits
