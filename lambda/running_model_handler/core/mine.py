"""Whether what CloudFormation shows is what it sent a request for; pure."""

from __future__ import annotations

from typing import Final

from running_model_handler.core.case import Case, Wish
from running_model_handler.core.claim import CLOCKS_APART_SECONDS
from running_model_handler.core.operation import Declaration, RequestType, Step, Story

SENT_SECONDS_MAX: Final = 5.0
"""How long after the first event of a step CloudFormation sends its request, where nothing else tells."""
URL_RESOLUTION_SECONDS: Final = 1.0
"""X-Amz-Date tells whole seconds."""


def step_of(wish: Wish, story: Story) -> Step | None:
    """The step under way that a request was sent for; None if CloudFormation does not show it (any more).

    One that began well after the request was sent is another request's, however much they look alike.
    """
    step = _alike(wish, story)
    late = step is not None and wish.sent_at and step.began_at > wish.sent_at + CLOCKS_APART_SECONDS
    return None if late else step


def _alike(wish: Wish, story: Story) -> Step | None:
    """The step under way that does what a request asks for."""
    steps = story.steps.get(wish.owner.logical_id, ())
    if wish.kind is RequestType.DELETE:
        step = _deletion(wish, steps)
        return step if step is not None and step.ended_at is None else None
    step = steps[-1] if steps else None
    if step is None or step.kind is not wish.kind or step.ended_at is not None or wish.declared is None:
        return None
    if step.back != (story.turned_at is not None):
        return None
    if step.back:
        return step if _goes_back_to(wish, step, steps) else None
    return step if step.declares is None or step.declares.asks_alike(wish.declared) else None


def _goes_back_to(wish: Wish, step: Step, steps: tuple[Step, ...]) -> bool:
    """Whether a step of a roll-back goes to what a request declares.

    What its events show is not documented: what it goes back from is certain.
    """
    forward = next((each for each in reversed(steps) if not each.back and each.declares), None)
    # The next update may look like what is not usual as long as it does not show itself, and is sent later.
    sent_then = wish.sent_at < step.began_at + SENT_SECONDS_MAX
    if forward is None or wish.former is None or _ask_alike(forward.declares, wish.former):
        # It goes to what the resource had, or, after a roll-back that was skipped, to what it declared.
        declared = wish.declared.arn if wish.declared is not None else None
        return forward is None or forward.physical_id in (None, declared) or sent_then
    # An update to the last stable state that failed without a roll-back asks for what its roll-back does.
    # Only its end tells the two apart where one date stands in both requests.
    sent_since = sent_then and wish.sent_at + URL_RESOLUTION_SECONDS > step.began_at
    long_after = wish.sent_at > forward.began_at + CLOCKS_APART_SECONDS
    return sent_since and _ask_alike(forward.declares, wish.declared) and (forward.answered or long_after)


def _ask_alike(one: Declaration | None, other: Declaration | None) -> bool:
    return one is not None and other is not None and one.asks_alike(other)


def _deletion(wish: Wish, steps: tuple[Step, ...]) -> Step | None:
    """The last deletion of what a Delete names, in this life of the resource."""
    for step in reversed(steps):
        if step.kind is not RequestType.DELETE:
            if step.kind is RequestType.CREATE or step.result_id == wish.physical_id:
                # Made anew since, or come back to it.
                return None
        elif step.physical_id == wish.physical_id or (not step.physical_id and wish.never_answered):
            return step
    return None


def _comes_after(wish: Wish, step: Step) -> bool:
    """Whether a request was sent after a step that shows as under way: its old properties are of that."""
    return _ask_alike(step.declares, wish.former) and not _ask_alike(step.declares, wish.declared)


def must_ask(case: Case) -> bool:
    """Whether what CloudFormation shows is from before it sent the request, or may be.

    That it has ended a create or an update shows in what happened since. A Delete has no other word for it
    that anything is to be stopped: it goes on asking, unless this life's deletion shows as ended.
    """
    if case.t:
        return case.story.newest_at < case.t
    if case.step is not None:
        return False
    if not case.asked_late:
        return True
    if not case.story.stack_status:
        return False
    steps = case.story.steps.get(case.wish.owner.logical_id, ())
    if case.wish.brings:
        another = bool(steps) and steps[-1].ended_at is None and not _comes_after(case.wish, steps[-1])
        return not another and case.story.newest_at < case.wish.sent_at
    return not _deletion(case.wish, steps)
