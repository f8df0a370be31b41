"""What a sweep does next, by what it has seen and how old that is."""

from __future__ import annotations

from typing import Any

import pytest

from running_model_handler.core.actions import AskClaim, AskOwner, AskStack, Look, StartModel, StopModel
from running_model_handler.core.claim import Claim, Holder, Owner
from running_model_handler.core.duty import Guards, Override
from running_model_handler.core.duty_tags import DutyTags
from running_model_handler.core.operation import ResourceView, Story
from running_model_handler.core.record import By, Record
from running_model_handler.core.status import Observation
from running_model_handler.core.sweeping import Leave, NoteDuty, Sweep, SweepViews, Unable, next_step
from running_model_handler.core.units import InferenceUnits

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/parts/1"
ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v1/1691099674800"
ME = Owner(STACK, "Model")
NOW, T = 1_700_000_000.0, 1_699_990_000.0
SWEEP = Sweep(ME, ARN, InferenceUnits(2), Guards(stop_after_seconds=30 * 86_400))
HOLDER = Holder(T, InferenceUnits(2))
WRITTEN = Record(True, NOW - 1.0, False, By.DUTY, trying=True)
START = StartModel(ARN, InferenceUnits(2), "on duty")


def seen(on: bool = True, **changes: Any) -> SweepViews:
    """All that is needed for an act: at rest on duty, or up and kept off, all of it fresh."""
    said = () if on else (Override(False, NOW + 600.0, NOW - 600.0),)
    views = SweepViews(
        began_at=NOW - 3.0,
        claim=Claim(STACK, {ME: HOLDER}, project_created="1"),
        duty=DutyTags(said, None, Record(not on, NOW - 3600.0, True, By.DUTY)),
        claim_at=NOW,
        seen=Observation("STOPPED" if on else "RUNNING"),
        seen_at=NOW,
        resources={ME: (ResourceView("CREATE_COMPLETE", ARN), NOW)},
        story=Story("CREATE_COMPLETE", T + 60.0),
        story_at=NOW,
    )
    return views._replace(**changes)


def step(views: SweepViews) -> Any:
    """What is next, without the duty."""
    return next_step(SWEEP, views, NOW)[0]


def written(on: bool = True, at: float = NOW - 1.0, **changes: Any) -> SweepViews:
    """The same, once the act is written down, and all of it read after that."""
    record = Record(on, at, False, By.DUTY, trying=on)
    base = seen(on)
    values = {"written": record, "written_at": NOW - 0.5, "replaced": base.duty.record, **changes}
    return base._replace(**values)


@pytest.mark.parametrize(
    ("on", "act"), [(True, START), (False, StopModel(ARN, "off duty"))], ids=["start", "stop"]
)
def test_what_is_about_to_be_asked_is_written_first(on: bool, act: Any) -> None:
    """Then it is done."""
    note = step(seen(on))
    assert isinstance(note, NoteDuty)
    assert (note.record.on, note.record.trying, note.last) == (on, on, False)
    assert step(written(on)) == act


@pytest.mark.parametrize(
    ("changes", "following"),
    [
        ({"claim_at": NOW - 10.1}, AskClaim(ARN)),
        ({"seen_at": NOW - 15.1}, Look(ARN, "1")),
        ({"claim_at": NOW - 2.0, "seen_at": NOW - 1.0}, AskClaim(ARN)),
        ({"resources": {}}, AskOwner(ME)),
        ({"resources": {ME: (ResourceView("CREATE_COMPLETE", ARN), NOW - 15.1)}}, AskOwner(ME)),
        ({"story": None}, AskStack(ARN)),
    ],
)
def test_what_is_old_is_asked_anew(changes: dict[str, Any], following: Any) -> None:
    """What is needed most freshly last."""
    assert step(seen(**changes)) == following


@pytest.mark.parametrize(("on", "seconds"), [(True, 5.0), (False, 15.0)])
def test_the_stack_is_asked_right_before_the_act(on: bool, seconds: float) -> None:
    """5 s before a Start, 15 s before a Stop; and after what was written in any case."""
    assert isinstance(step(seen(on, story_at=NOW - seconds)), NoteDuty)
    assert step(seen(on, story_at=NOW - seconds - 0.1)) == AskStack(ARN)
    assert step(written(on, story_at=NOW - 0.6)) == AskStack(ARN)
    assert step(written(on, claim_at=NOW - 0.6)) == AskClaim(ARN)


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (Story("", 0.0), "its stack is gone"),
        (Story("DELETE_COMPLETE", NOW - 600.0), "its stack is gone"),
        (Story("UPDATE_IN_PROGRESS", NOW - 600.0), "its stack is UPDATE_IN_PROGRESS"),
        (Story("CREATE_COMPLETE", T - 1.0), "CloudFormation's answer is older than the claim"),
        (Story("CREATE_COMPLETE", NOW - 62.0), "has changed since a minute before the sweep was due"),
        (Story("DELETE_FAILED", NOW - 600.0), "nothing is started any more"),
    ],
)
def test_what_the_stack_does_keeps_a_sweep_from_acting(story: Story, why: str) -> None:
    """Before it writes anything, and after."""
    for views in (seen(story=story), written(story=story)):
        left = step(views)
        assert isinstance(left, Leave)
        assert why in left.why


def test_what_was_declared_before_the_stack_has_changed_says_nothing() -> None:
    """Lambda has kept the event back: between it and now was a deployment."""
    views = written(story=Story("UPDATE_COMPLETE", NOW - 120.0))
    held_back = SWEEP._replace(scheduled_at=NOW - 61.0)
    left = next_step(held_back, views, NOW)[0]
    assert isinstance(left, Leave)
    assert "has changed since a minute before the sweep was due" in left.why
    assert next_step(held_back._replace(scheduled_at=NOW - 59.0), views, NOW)[0] == START


def test_another_model_or_none_keeps_it_too() -> None:
    """By the resource's physical id."""
    for view in (None, ResourceView("CREATE_COMPLETE", ARN[:-1]), ResourceView("DELETE_FAILED", ARN)):
        left = step(seen(resources={ME: (view, NOW)}))
        assert left == Leave("the resource is gone, or has another model")


def test_what_another_sweep_has_just_asked_is_waited_for() -> None:
    """A start may not show for 15 s."""
    other = DutyTags(record=WRITTEN._replace(at=NOW - 15.0))
    assert step(seen(duty=other)) == Leave("what was asked of it may not show yet")
    lost = DutyTags(record=WRITTEN._replace(at=NOW - 15.1))
    assert isinstance(step(seen(duty=lost)), NoteDuty)


def test_an_act_that_comes_late_is_left() -> None:
    """A Delete waits for what is on its way, and no longer."""
    assert step(written(at=NOW - 15.0)) == START
    assert step(written(at=NOW - 15.1)) == Leave("what was asked of it took too long to be done")


def test_another_word_read_back_is_given_way_to() -> None:
    """What was there before may still show."""
    assert isinstance(step(written(duty=DutyTags(record=WRITTEN._replace(on=False)))), Leave)
    assert step(written(duty=DutyTags(record=WRITTEN))) == START


def test_what_was_found_is_noted_and_ends_the_sweep() -> None:
    """A model that came up since."""
    up = seen(seen=Observation("RUNNING"), duty=DutyTags(record=WRITTEN._replace(at=NOW - 300.0)))
    note = step(up)
    assert note == NoteDuty(Record(True, NOW, True, By.DUTY), last=True)


def test_what_can_not_run_is_told_after_it_is_noted() -> None:
    """Once."""
    failed = seen(seen=Observation("FAILED", message="no capacity"), duty=DutyTags(record=WRITTEN))
    note = step(failed)
    assert isinstance(note, NoteDuty)
    assert not note.last
    told = failed._replace(written=note.record, written_at=NOW - 0.5, replaced=WRITTEN)
    assert isinstance(step(told), Unable)
