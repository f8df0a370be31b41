"""What the guards of a request say of its models at a moment, and the tags that tell it; pure.

A request asks no queue and counts no calls: what these change is for the next sweep.
"""

from __future__ import annotations

from collections.abc import Mapping

from running_model_handler.core.duty import Duty, Facts, Guards, deadline_of, duty_of
from running_model_handler.core.duty_tags import DutyTags, record_tags, stop_at_tags
from running_model_handler.core.memory import Memory
from running_model_handler.core.operation import RequestType
from running_model_handler.core.record import By, Record, asked
from running_model_handler.core.status import READY
from running_model_handler.core.views import ModelView, Views
from running_model_handler.core.waiting import SETTLE_SECONDS
from running_model_handler.request import Request


def duties(request: Request, memory: Memory, views: Views, now: float) -> dict[str, Duty]:
    """The duty of each model with guards whose tags were read; none before the operation has shown."""
    if request.declared is None or not memory.t:
        return {}
    failed, found = bool(memory.failure), {}
    for arn in request.arns:
        guards, view = _guards_of(request, arn, failed=failed), views.model(arn)
        if guards.any and view.claim_at:
            facts = Facts(
                guards,
                _without_own_stops(view.duty.record, memory.t),
                memory.t,
                _deadline(request, memory, views, arn, failed=failed),
                view.duty.overrides,
                view.claim.start_seconds,
            )
            found[arn] = duty_of(facts, now)
    return found


def _without_own_stops(record: Record | None, t: float) -> Record | None:
    """The memory without what a sweep makes of own stops that did not see the operation yet: a person's."""
    unseen = record is not None and not record.on and t <= record.at < t + SETTLE_SECONDS
    return record._replace(by=By.DUTY) if record is not None and unseen else record


def tags_to_write(
    request: Request, memory: Memory, views: Views, arn: str, duty: Duty | None, now: float
) -> Mapping[str, str]:
    """The tags that tell what is asked of a model, as far as it does not carry them.

    Without guards there are none, but for what other guards have left: that it is kept off holds no longer.
    """
    view = views.model(arn)
    has, tags = view.duty, dict[str, str]()
    if duty is None:
        return record_tags(asked(has.record, now, on=True, by=By.DUTY)) if view.claim.kept_off else tags
    # What a deployment has stopped and starts again runs from then on.
    rests = view.seen is not None and view.seen.status in READY
    anew = duty.on and rests and has.record is not None and has.record.reached
    if has.record is None or has.record.on is not duty.on or anew:
        tags |= record_tags(asked(has.record, now, on=duty.on, by=duty.by))
    deadline = _deadline(request, memory, views, arn, failed=bool(memory.failure))
    if deadline is not None and not _tells(has, deadline):
        tags |= stop_at_tags(deadline)
    return tags


def swept_until(request: Request, memory: Memory, view: ModelView) -> float:
    """Until when a Start of a sweep may arrive that knew nothing of the operation; 0 without guards.

    It was decided by an answer of CloudFormation that may be late, and takes its time on the way.
    """
    guarded = view.duty.record is not None or request.former_guards.any
    return memory.t + SETTLE_SECONDS if guarded and memory.t else 0.0


def stopped_until(request: Request, memory: Memory, view: ModelView, arn: str) -> float:
    """Until when a Stop of a sweep may arrive that no other sweep undoes; 0 where none can.

    It knew nothing of a request with which the guards of its resource go, or with which one without guards
    joins another one that has some.
    """
    declared = request.declared
    if declared is None or arn != str(declared.arn) or declared.guards.any or not memory.t:
        return 0.0
    joins = arn != request.wish.physical and view.duty.record is not None
    return memory.t + SETTLE_SECONDS if request.former_guards.any or joins else 0.0


def _tells(tags: DutyTags, deadline: float) -> bool:
    return tags.stop_at is not None and int(tags.stop_at) == int(deadline)


def _guards_of(request: Request, arn: str, *, failed: bool) -> Guards:
    """What is declared for a model; once the request has failed, and for others, what was declared before."""
    declared = request.declared
    if declared is not None and not failed and arn == str(declared.arn):
        return declared.guards
    return request.former_guards


def _deadline(request: Request, memory: Memory, views: Views, arn: str, *, failed: bool) -> float | None:
    """The deadline of a model: of this deployment where it asks for one, else the one in its tag.

    It asks where it creates the resource, or changes model, units or ``stop_after`` itself.
    """
    step, wish, told = views.step, request.wish, views.model(arn).duty.stop_at
    declared = request.declared
    if declared is None or failed or arn != str(declared.arn) or step is None:
        return told
    former, new = wish.former, wish.declared
    same = former is not None and new is not None and former.fits(new)
    if step.back or (wish.kind is RequestType.UPDATE and same):
        as_before = declared.guards.stop_after_seconds == request.former_guards.stop_after_seconds
        return told if as_before else deadline_of(declared.guards, memory.t)
    return deadline_of(declared.guards, memory.t)
