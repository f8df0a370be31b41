"""What CloudFormation does to a resource, read from one answer of DescribeStackEvents; pure.

Whatever its age, the events of one answer fit together: which way the stack goes, what it declares, what a
resource had before. They are read back to what the stack was before its operation, and for the own resource
to the event that made it or changed it last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from running_model_handler.core.duty import Guards
from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.guards import guards_or_none
from running_model_handler.core.names import Property
from running_model_handler.core.units import InferenceUnits, check_units, parse_max_units, parse_min_units


class RequestType(StrEnum):
    """RequestType of a custom resource request (CFN crpg-ref), and what a step of an operation does."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Declaration:
    """The model and the units that a template declares for a resource; units None where unreadable."""

    arn: str
    units: InferenceUnits | None
    guards: Guards | None = None
    """None where they are not known, or unreadable."""

    def fits(self, other: Declaration) -> bool:
        """Whether the two can be the same declaration."""
        return self.arn == other.arn and (None in (self.units, other.units) or self.units == other.units)

    def asks_alike(self, other: Declaration) -> bool:
        """Whether the two can ask for the same of the model, also by their guards."""
        guards = None in (self.guards, other.guards) or self.guards == other.guards
        return guards and self.fits(other)


def declaration_of(properties: Mapping[str, object]) -> Declaration | None:
    """What ResourceProperties declare; None where they name no model."""
    arn = properties.get(Property.PROJECT_VERSION_ARN)
    if not isinstance(arn, str):
        return None
    return Declaration(arn, units_or_none(properties), guards_or_none(properties))


def units_or_none(properties: Mapping[str, object]) -> InferenceUnits | None:
    """The units in ResourceProperties, as CloudFormation spells them; None where they break a rule."""
    minimum, maximum = Property.MIN_INFERENCE_UNITS, Property.MAX_INFERENCE_UNITS
    try:
        low = parse_min_units(properties.get(minimum, 1), name=minimum)
        return check_units(low, parse_max_units(properties.get(maximum), name=maximum), max_name=maximum)
    except InvalidProperty:
        return None


class StackEvent(NamedTuple):
    """An event as DescribeStackEvents shows it; ``at`` in seconds since the epoch."""

    logical_id: str
    physical_id: str | None
    status: str
    at: float
    declares: Declaration | None = None
    answered: bool = False
    """It is the end of a request, by its answer."""


def is_answer(status: str, reason: str) -> bool:
    """Whether an event shows that a request was answered, rather than cancelled, or given up for lost.

    Of failures only the reason tells, in words that no page promises; any other ones count as no answer.
    """
    return status.endswith("_COMPLETE") or reason.startswith("Received response status")


@dataclass(frozen=True, slots=True)
class ResourceView:
    """What DescribeStackResource says of a resource."""

    status: str
    physical_id: str | None = None


class Step(NamedTuple):
    """One thing that an operation does to a resource, from its first event to its last."""

    kind: RequestType
    began_at: float
    back: bool
    """Whether the stack was being rolled back when it began."""
    physical_id: str | None
    """What an update begins with, or what is deleted; None for a create."""
    declares: Declaration | None
    status: str
    result_id: str | None = None
    ended_at: float | None = None
    answered: bool = False
    """It ended with an answer, and was not cut off."""

    @property
    def failed(self) -> bool:
        """Whether it has ended, and not well."""
        return self.status.endswith("_FAILED")

    def concerns(self, arn: str) -> bool:
        """Whether it is about this model; a deletion names it by its properties only where no id does."""
        declared = self.declares.arn if self.declares else None
        if self.kind is RequestType.DELETE and (self.physical_id or "").startswith("arn:"):
            return arn == self.physical_id
        return arn in (self.physical_id, declared)


class Story(NamedTuple):
    """What one answer tells of a stack, and of the operation under way or, if none is, of the last one."""

    stack_status: str
    newest_at: float
    steps: Mapping[str, tuple[Step, ...]] = MappingProxyType({})
    """Those of the operation, by logical id, oldest first."""
    before: tuple[Step, ...] = ()
    """Those of the own resource in earlier operations, as far as they were read."""
    turned_at: float | None = None
    """Since when the stack goes back."""
    began_from: str = ""
    """The status of the stack before the operation; empty where it had none, or that was not read."""
    rested_at: float = 0.0
    """When the operation before it had ended; seconds since the epoch, 0 where there was none."""

    @property
    def goes_back(self) -> bool:
        """Whether the stack is being rolled back, or has been."""
        return "ROLLBACK" in self.stack_status

    @property
    def goes(self) -> bool:
        """Whether the stack is being deleted, or is gone."""
        return self.stack_status.startswith("DELETE_") or not self.stack_status

    @property
    def began_whole(self) -> bool:
        """Whether the stack had nothing in it that had failed when the operation began."""
        return self.began_from.endswith("_COMPLETE")

    @property
    def may_turn(self) -> bool:
        """Whether what resources had when the operation began can still come back to them."""
        return self.stack_status.endswith(("_IN_PROGRESS", "_FAILED")) and "CLEANUP" not in self.stack_status

    def last_step(self, logical_id: str) -> Step | None:
        """The last thing that the operation did to a resource, or does."""
        return self.steps[logical_id][-1] if self.steps.get(logical_id) else None

    @property
    def models_under_way(self) -> int:
        """How many models of the stack the operation works on at this moment."""
        last = [steps[-1] for steps in self.steps.values()]
        return sum(step.ended_at is None and step.declares is not None for step in last)


STACK_IS_GONE: Final = Story("", 0.0)
EARLIER_EVENTS_MAX: Final = 200
_BEGIN: Final = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})
_TURN: Final = frozenset({"ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"})
_BRINGS: Final = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"})
_KINDS: Final = {kind.value.upper(): kind for kind in RequestType}


def read_story(events: Iterable[StackEvent], stack_id: str, logical_id: str) -> Story:
    """What the events of a stack tell, which come newest first; no more are taken than are needed.

    What the resource was before the operation is looked for in no more than ``EARLIER_EVENTS_MAX`` events:
    a stack that has lived for years has thousands.
    """
    read: list[StackEvent] = []
    begun_after, brought, ended = 0, False, False
    for event in events:
        read.append(event)
        if event.physical_id == stack_id:
            ended = begun_after > 0
            begun_after = begun_after or (len(read) if event.status in _BEGIN else 0)
        elif event.logical_id == logical_id:
            brought = brought or event.status in _BRINGS
        if begun_after and ((brought and ended) or len(read) - begun_after >= EARLIER_EVENTS_MAX):
            break
    return _told(read, stack_id, logical_id) if read else STACK_IS_GONE


def _told(read: list[StackEvent], stack_id: str, logical_id: str) -> Story:
    steps: dict[str, tuple[Step, ...]] = {}
    before: tuple[Step, ...] = ()
    status, turned_at, began_from, shown_at, rested_at = "", None, "", 0.0, 0.0
    for event in reversed(read):
        if event.physical_id != stack_id:
            known = steps.get(event.logical_id, ())
            if known or event.declares is not None or event.logical_id == logical_id:
                steps[event.logical_id] = _followed(known, event, back=turned_at is not None)
            continue
        if event.status in _BEGIN:
            before, steps, turned_at = before + steps.get(logical_id, ()), {}, None
            began_from, rested_at = status, shown_at
        elif event.status in _TURN and turned_at is None:
            turned_at = event.at
        status, shown_at = event.status, event.at
    return Story(status, read[0].at, steps, before, turned_at, began_from, rested_at)


def _followed(known: tuple[Step, ...], event: StackEvent, *, back: bool) -> tuple[Step, ...]:
    """The steps of a resource after one more event; an end without its beginning is a step of its own."""
    verb, _, state = event.status.partition("_")
    kind = _KINDS.get(verb)
    if kind is None:
        return known
    last = known[-1] if known else None
    same = last is not None and last.kind is kind and last.ended_at is None and last.back == back
    if same and kind is RequestType.DELETE:
        same = last is not None and last.physical_id == event.physical_id
    if not same or last is None:
        had = None if kind is RequestType.CREATE else event.physical_id
        last = Step(kind, event.at, back, had, event.declares, event.status)
        known = (*known, last)
    ended_at = None if state == "IN_PROGRESS" else event.at
    result_id = None if kind is RequestType.DELETE else event.physical_id
    return (
        *known[:-1],
        last._replace(status=event.status, ended_at=ended_at, result_id=result_id, answered=event.answered),
    )


class Standing(NamedTuple):
    """What a resource is to the models: which it has, and which it is being brought with."""

    lives: bool
    """It exists, its create has not failed, and no deletion of it shows."""
    current: str | None = None
    """Its physical id."""
    had: str | None = None
    """What it had when the operation began, while that can come back to it."""
    names: str | None = None
    """What it declares while it is being brought forward."""
    rests: bool = True
    units: InferenceUnits | None = None
    """What its last step declares, if that is of a model that it has, or is being brought with."""
    skipped: str | None = None
    """The model that it was deleted without."""

    def has(self, arn: str) -> bool:
        """Whether a model is its own, or may come back to it."""
        return arn in (self.current, self.had)

    def wants(self, arn: str) -> bool:
        """Whether it lives with a model, or is being brought with it."""
        return self.lives and arn in (self.current, self.names)


def standing_of(story: Story, logical_id: str, before: tuple[Step, ...] = ()) -> Standing:
    """How a resource stands that the operation, or ``before`` it another one, did something to."""
    steps = story.steps.get(logical_id, ())
    lives, current, skipped = False, None, None
    for step in (*before, *steps):
        if step.kind is RequestType.DELETE:
            # The deletion of what the resource was before an update says nothing of the resource itself.
            if current is None or step.physical_id in (None, current):
                lives = False
                skipped = step.physical_id if step.status == "DELETE_SKIPPED" else None
        else:
            lives = step.kind is RequestType.UPDATE or not step.failed
            current, skipped = step.result_id or step.physical_id, None
    had = next((step.physical_id for step in steps if step.kind is RequestType.UPDATE), None)
    brought = [step for step in (*before, *steps) if step.kind is not RequestType.DELETE]
    last = brought[-1] if brought else None
    under_way = bool(steps) and last is not None and last is steps[-1] and last.ended_at is None
    waits_for_way_back = bool(steps) and story.goes_back and not steps[-1].back
    forward = under_way and not waits_for_way_back and last is not None and not last.back
    declares = last.declares if last is not None else None
    names = declares.arn if forward and declares is not None else None
    has_it = declares is not None and declares.arn in (current, names)
    return Standing(
        lives,
        current,
        had if story.may_turn else None,
        names,
        rests=not under_way and not (waits_for_way_back and story.may_turn),
        units=declares.units if has_it and declares is not None else None,
        skipped=skipped,
    )


def is_told(story: Story, logical_id: str) -> bool:
    """Whether the operation's events tell how another resource stands.

    A deletion alone may be that of what the resource was before, by an operation that had failed.
    """
    return any(step.kind is not RequestType.DELETE for step in story.steps.get(logical_id, ()))


def standing_in(view: ResourceView | None) -> Standing:
    """How a resource stands that the operation has not touched, by DescribeStackResource."""
    if view is None or view.status.startswith("DELETE_") or view.status == "CREATE_FAILED":
        skipped = view is not None and view.status == "DELETE_SKIPPED"
        return Standing(lives=False, skipped=view.physical_id if view is not None and skipped else None)
    return Standing(lives=True, current=view.physical_id, rests=not view.status.endswith("_IN_PROGRESS"))
