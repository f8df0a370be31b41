"""Makes the plan of a violation smaller, as long as the same guarantee does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Final, TypeVar

from simulator.features import PLAIN, SWITCHES
from simulator.plan import (
    EMPTY_FAULTS,
    Continued,
    Declared,
    Demand,
    Frozen,
    Mode,
    Operation,
    Plan,
    StackPlan,
    Start,
    StartEnd,
    Template,
)

TRIES_MAX: Final = 3000
_DRAWN: Final = ("rolls_back_replacements_by_update", "forgets_deleted", "shows_new_properties")
"""What a plain plan has both ways."""
_T = TypeVar("_T")


def shrink(plan: Plan, still_fails: Callable[[Plan], bool]) -> Plan:
    """The smallest plan that is found by leaving things out, one after the other."""
    tries = 0
    found = True
    while found:
        found = False
        for candidate in _smaller(plan):
            tries += 1
            if tries > TRIES_MAX:
                return plan
            if still_fails(candidate):
                plan, found = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans with one thing less, the largest things first."""
    for number in range(len(plan.stacks)):
        if len(plan.stacks) > 1:
            yield replace(plan, stacks=_without(plan.stacks, number))
    if plan.faults != EMPTY_FAULTS:
        yield replace(plan, faults=EMPTY_FAULTS)
    if plan.kills:
        yield replace(plan, kills=())
    if plan.by_hand:
        yield replace(plan, by_hand=())
    if plan.janitor is not None and plan.janitor.kills:
        yield replace(plan, janitor=replace(plan.janitor, kills=()))
        for number in range(len(plan.janitor.kills)):
            kills = _without(plan.janitor.kills, number)
            yield replace(plan, janitor=replace(plan.janitor, kills=kills))
    if plan.demand is not None:
        for smaller in _smaller_demands(plan.demand):
            yield replace(plan, demand=smaller)
    yield from _with_smaller_stacks(plan)
    for number in range(len(plan.kills)):
        yield replace(plan, kills=_without(plan.kills, number))
    for number in range(len(plan.by_hand)):
        yield replace(plan, by_hand=_without(plan.by_hand, number))
    for field in fields(plan.faults):
        if field.name != "ends" and getattr(plan.faults, field.name):
            nothing = getattr(EMPTY_FAULTS, field.name)
            yield replace(plan, faults=replace(plan.faults, **{field.name: nothing}))
    for usual in (
        replace(plan, running_quota=5),
        replace(plan, invocation_seconds=900.0),
        replace(plan, concurrency=1000),
        replace(plan, quota_counts_starting=True, quota_counts_stopping=True),
        replace(plan, hand_over_denied=False),
    ):
        if usual != plan:
            yield usual
    yield from _with_plainer_models(plan)


def _smaller_demands(demand: Demand) -> Iterator[Demand]:
    for name in ("sayings", "messages", "calls", "outages"):
        entries = getattr(demand, name)
        fewer = [_without(entries, one) for one in range(len(entries))] if len(entries) > 1 else []
        for some in ((), *fewer) if entries else ():
            yield replace(demand, **{name: some})  # type: ignore[arg-type]


def _with_smaller_stacks(plan: Plan) -> Iterator[Plan]:
    for number, stack in enumerate(plan.stacks):
        for smaller in _smaller_stacks(stack):
            stacks = (*plan.stacks[:number], smaller, *plan.stacks[number + 1 :])
            yield replace(plan, stacks=stacks)


def _smaller_stacks(stack: StackPlan) -> Iterator[StackPlan]:
    for number, operation in enumerate(stack.operations):
        if len(stack.operations) > 1:
            yield replace(stack, operations=_without(stack.operations, number))
        for smaller in _smaller_operations(operation):
            operations = (*stack.operations[:number], smaller, *stack.operations[number + 1 :])
            yield replace(stack, operations=operations)
    for usual in (
        *(replace(stack, **{name: PLAIN[name]}) for name in _DRAWN),  # type: ignore[arg-type]
        replace(stack, after=""),
        *(replace(stack, **{name: PLAIN[name]}) for name in SWITCHES),  # type: ignore[arg-type]
    ):
        if usual != stack:
            yield usual


def _smaller_operations(operation: Operation) -> Iterator[Operation]:
    template = operation.template
    for number in range(len(template.models)):
        yield replace(operation, template=replace(template, models=_without(template.models, number)))
    for number in range(len(template.siblings)):
        yield replace(operation, template=replace(template, siblings=_without(template.siblings, number)))
    if operation.interrupt_after is not None:
        yield replace(operation, interrupt_after=None)
    for usual in (
        replace(operation, mode=Mode.STANDARD),
        replace(operation, frozen=None),
        replace(operation, continued=Continued()),
    ):
        if usual != operation:
            yield usual
    if operation.frozen is not None:
        for frozen in _less_frozen(operation.frozen):
            yield replace(operation, frozen=frozen)
    for number, (name, sibling) in enumerate(template.siblings):
        if sibling.failing_roll_backs:
            plainer_one = (name, replace(sibling, failing_roll_backs=sibling.failing_roll_backs - 1))
            siblings = (*template.siblings[:number], plainer_one, *template.siblings[number + 1 :])
            yield replace(operation, template=Template(template.models, siblings))
    for number, (name, declared) in enumerate(template.models):
        for plainer in _plainer_declared(declared):
            models = (*template.models[:number], (name, plainer), *template.models[number + 1 :])
            yield replace(operation, template=Template(models, template.siblings))


def _less_frozen(frozen: Frozen) -> Iterator[Frozen]:
    for number in range(len(frozen.views)):
        if len(frozen.views) > 1:
            yield replace(frozen, views=_without(frozen.views, number))
    if frozen.seconds > 15.0:
        yield replace(frozen, seconds=15.0)


def _plainer_declared(declared: Declared) -> Iterator[Declared]:
    plain = Declared(declared.model)
    for name in ("max_units", "timeout_seconds", "poll_seconds", "with_project_arn", "retained", "guarded"):
        if getattr(declared, name) != getattr(plain, name):
            yield replace(declared, **{name: getattr(plain, name)})


def _with_plainer_models(plan: Plan) -> Iterator[Plan]:
    for number, model in enumerate(plan.models):
        for plainer in (
            replace(model, starts=model.starts[:1]),
            replace(model, starts=(Start(StartEnd.RUNNING, 60.0),)),
            replace(model, stop_seconds=30.0),
            replace(model, status="TRAINING_COMPLETED"),
            replace(model, stop_while_starting=True),
            replace(model, start_when_failed=True, shows_units_at_rest=True, message=""),
        ):
            if plainer != model:
                yield replace(plan, models=(*plan.models[:number], plainer, *plan.models[number + 1 :]))


def _without(entries: tuple[_T, ...], number: int) -> tuple[_T, ...]:
    return (*entries[:number], *entries[number + 1 :])
