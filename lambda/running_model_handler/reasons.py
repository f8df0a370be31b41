"""What people are told: what was wanted, what was seen and what to do; and the attributes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from running_model_handler.core.actions import Action, Pause
from running_model_handler.core.arn import ProjectVersionArn, stop_command, with_stop_command
from running_model_handler.core.claim import Owner
from running_model_handler.core.duty import Duty
from running_model_handler.core.memory import Memory
from running_model_handler.core.names import Attribute, Property, Tag
from running_model_handler.core.status import Observation
from running_model_handler.core.views import Views
from running_model_handler.request import Declared, Request


def told(failure: str, then: Iterable[str]) -> str:
    """A failure, and what of it could not be undone; empty where there is none."""
    return ". Then: ".join([failure, *(why for why in then if why not in failure)]) if failure else ""


def belongs_to(owner: Owner) -> str:
    """The model is another stack's."""
    return (
        f"the model belongs to {owner}, stack id {owner.stack_id}; declare it in one stack only, or remove "
        "it there first"
    )


def hidden(request: Request, arn: str, declared: str | None, created: str | None, *, runs: bool) -> str:
    """The model exists, and is not shown by the project that was declared, or by the one that was found."""
    version = request.version(arn)
    if declared is not None:
        return (
            f"model {arn} exists, but {Property.PROJECT_ARN} {version.project_arn(declared)} does not show "
            "it; correct it, or omit it to have the project looked up"
        )
    where = f"no project {version.project_name} is found"
    if created is not None:
        where = f"project {version.project_arn(created)} does not show it"
    reason = (
        f"model {arn} exists, but {where}, so that nobody can tell whether it bills; correct "
        f"{Property.PROJECT_ARN} or the tag {Tag.PROJECT_CREATED}"
    )
    return reason if runs else with_stop_command(reason, version)


def not_in_time(
    declared: Declared, memory: Memory, seen: Observation | None, action: Action, now: float
) -> str:
    """The time that a start may take is over."""
    if memory.tries and seen is None:
        return no_answer(memory)
    why = f" ({action.why})" if isinstance(action, Pause) else ""
    status = seen.status if seen is not None else "not known"
    return (
        f"model {declared.arn} does not run with {declared.units} inference units after "
        f"{round((now - memory.began_at) / 60)} min: its status is {status}{why}"
        + (f"; last error {memory.last_error}" if memory.last_error else "")
        + "; give it more time (timeout, at most 55 min) or look at it in the console"
    )


def not_as_wanted(arn: ProjectVersionArn, seen: Observation | None, *, rests: bool) -> str:
    """CloudFormation's hour is over, and nobody is going to look after the model."""
    status = seen.status if seen is not None else "not known"
    if rests:
        return (
            f"model {arn} did not stop in time, its status is {status}, and it goes on billing; stop it by "
            f"hand: {stop_command(arn)}"
        )
    return with_stop_command(
        f"model {arn} is not as it should be when the time is over, its status is {status}", arn
    )


def no_answer(memory: Memory) -> str:
    """Nothing could be learned in all the time."""
    return (
        f"AWS did not answer in time: {memory.tries} tries failed, the last with "
        f"{memory.last_error or 'nothing'}; deploy again"
    )


def unheard(request: Request, memory: Memory) -> str:
    """CloudFormation could not be asked at all: nothing was done but by an invocation before."""
    reason = no_answer(memory)
    for arn, version in request.versions.items():
        if request.declared is None or memory.done(arn).may_run_by_us:
            reason = with_stop_command(reason, version)
    return reason


def attributes(request: Request, views: Views, duty: Duty | None) -> dict[str, str]:
    """Data of a success: the same keys every time; none for a Delete."""
    declared = request.declared
    if declared is None:
        return {}
    view = views.model(str(declared.arn))
    holder, units = view.claim.of(request.wish.owner), declared.units
    return {
        Attribute.PROJECT_VERSION_ARN: str(declared.arn),
        Attribute.STATUS: str(view.seen.status) if view.seen is not None else "",
        Attribute.MIN_INFERENCE_UNITS: str(units.minimum),
        Attribute.MAX_INFERENCE_UNITS: str(units.effective_maximum),
        Attribute.ADOPTED: "true" if holder is not None and holder.adopted else "false",
        Attribute.DUTY: duty_told(duty),
    }


def duty_told(duty: Duty | None) -> str:
    """``on``, or ``off``, until when and why; without guards on."""
    if duty is None or duty.on:
        return "on"
    until = (
        "" if duty.until is None else f" until {datetime.fromtimestamp(duty.until, UTC):%Y-%m-%dT%H:%M:%SZ}"
    )
    return f"off{until}: {duty.why}"
