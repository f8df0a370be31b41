"""Draws operations that end halfway: without a roll-back, in express mode, or with one that fails."""

from __future__ import annotations

import random
from dataclasses import replace

from running_model_handler.core.names import ReplacementMode
from simulator.chances import SIBLING, deploys, ending, log, with_declared, with_sibling
from simulator.plan import (
    Continued,
    Declared,
    LastResort,
    Mode,
    ModelPlan,
    OnFailure,
    Operation,
    Plan,
    Sibling,
    StackPlan,
    Start,
    StartEnd,
    Template,
    Verb,
)


def without_roll_back(plan: Plan, chance: random.Random) -> Plan:
    """``--no-rollback``: something fails, and people go on from there."""
    return _halfway(plan, chance, Mode.NO_ROLL_BACK)


def express(plan: Plan, chance: random.Random) -> Plan:
    """``--express``, on deployments and deletions."""
    return _halfway(plan, chance, Mode.EXPRESS)


def _halfway(plan: Plan, chance: random.Random, mode: Mode) -> Plan:
    stack, models = plan.stacks[0], list(plan.models)
    wanted = [stack.operations[number] for number in deploys(stack)]
    if len(wanted) == 1 and chance.random() < 0.8:
        wanted.append(_next(wanted[0].template, chance, len(models)))
    later = range(1, len(wanted)) if chance.random() < 0.75 else ()
    failing = chance.choice(later or (0,)) if chance.random() < 0.85 else -1
    operations: list[Operation] = []
    for number, one in enumerate(wanted):
        operation = replace(one, mode=mode, on_failure=OnFailure.ROLLBACK)
        if chance.random() < 0.8:
            operation = replace(operation, interrupt_after=None)
        if number < failing:
            operation = replace(operation, template=_as_made(operation.template))
        if number != failing:
            operations.append(operation)
            continue
        former = wanted[number - 1].template if number else None
        failed = replace(operation, template=_failing(one.template, chance, models, first=not number))
        operations.append(failed)
        operations += _what_follows(failed, former, chance, len(models))
    deletion = [replace(one, mode=mode) for one in ending(stack)]
    stack = replace(
        _with_switches(stack, chance),
        operations=(*_with_siblings(operations), *deletion),
        deploys_again=True,
    )
    return replace(plan, models=tuple(models), stacks=(stack, *plan.stacks[1:]))


def _as_made(template: Template) -> Template:
    """What comes before the failure that is drawn does not fail of a sibling."""
    siblings = tuple((name, Sibling(after_models=one.after_models)) for name, one in template.siblings)
    return replace(template, siblings=siblings)


def _with_switches(stack: StackPlan, chance: random.Random) -> StackPlan:
    """What nobody knows, both ways."""
    return replace(
        stack,
        lets_others_end=chance.random() < 0.6,
        replaces_without_roll_back=chance.random() < 0.5,
        mends_at_once=chance.random() < 0.4,
    )


def _with_siblings(operations: list[Operation]) -> list[Operation]:
    """A sibling that fails in an update is there from the beginning."""
    later = any(operation.template.siblings for operation in operations[1:])
    if not later or operations[0].template.siblings:
        return operations
    first = operations[0]
    return [replace(first, template=with_sibling(first.template, Sibling())), *operations[1:]]


def _next(template: Template, chance: random.Random, models: int) -> Operation:
    """An update: another size, or another model."""
    name, declared = template.models[0]
    if chance.random() < 0.5:
        changed = replace(declared, units=declared.units % 3 + 1, max_units=None)
    else:
        changed = replace(
            declared,
            model=(declared.model + 1) % models,
            replacement=chance.choice(tuple(ReplacementMode)),
        )
    return Operation(
        Verb.DEPLOY, with_declared(template, name, changed), pause_seconds=log(chance, 1.0, 300.0)
    )


def _failing(template: Template, chance: random.Random, models: list[ModelPlan], *, first: bool) -> Template:
    """The same, in a way that fails: a sibling does, a start does, or more units than there are."""
    if not template.models or chance.random() < 0.5:
        sibling = Sibling(log(chance, 1.0, 400.0), create_fails=True, after_models=chance.random() < 0.4)
        if not first:
            sibling = Sibling(
                update_seconds=sibling.create_seconds, update_fails=True, after_models=sibling.after_models
            )
        return with_sibling(template, sibling)
    name, declared = template.models[0]
    if chance.random() < 0.5:
        failed = Start(StartEnd.FAILED, log(chance, 4.0, 200.0))
        model = models[declared.model]
        models[declared.model] = replace(model, starts=(failed, *model.starts))
        return template
    return with_declared(template, name, replace(declared, units=6, max_units=None))


def _what_follows(
    failed: Operation, former: Template | None, chance: random.Random, models: int
) -> list[Operation]:
    """What people do after a failure that was not rolled back."""
    pause = log(chance, 1.0, 600.0)
    mended = _mended(failed.template, chance, models)
    again = replace(failed, template=mended, pause_seconds=pause, interrupt_after=None)
    back = Operation(Verb.ROLL_BACK, pause_seconds=pause, continued=continued(chance))
    standard = replace(again, mode=Mode.STANDARD, continued=continued(chance))
    kinds: list[list[Operation]] = [
        [again],
        [replace(again, template=former if former is not None else failed.template)],
        [back, again],
        [standard],
        [],
    ]
    return chance.choices(kinds, (40, 14, 26, 12, 8))[0]


def _mended(template: Template, chance: random.Random, models: int) -> Template:
    """What failed will not again; now and then something else is declared as well."""
    mended = _as_made(template)
    for name, declared in template.models:
        better: Declared = replace(declared, units=min(declared.units, 2))
        if chance.random() < 0.25:
            better = replace(better, model=(declared.model + 1) % models)
        mended = with_declared(mended, name, better)
    return mended


def continued(chance: random.Random) -> Continued:
    """What people do about a roll-back that fails."""
    return Continued(
        retries=chance.choice((0, 1, 1, 2, 3)),
        pause_seconds=log(chance, 5.0, 600.0),
        skips=chance.choice(((), (), ("Detector",), (SIBLING,), ("Sorter", "Extra"))),
        last_resort=chance.choices(tuple(LastResort), (70, 30))[0],
    )


def rolled_back_in_vain(plan: Plan, chance: random.Random) -> Plan:
    """An update that fails, and so does its roll-back: of a sibling, or of a model that does not start."""
    stack, models = plan.stacks[0], list(plan.models)
    wanted = [stack.operations[number] for number in deploys(stack)][:1]
    first = replace(wanted[0], interrupt_after=None, on_failure=OnFailure.ROLLBACK)
    update = _next(first.template, chance, len(models))
    sibling = Sibling(
        update_seconds=log(chance, 1.0, 400.0),
        update_fails=True,
        after_models=chance.random() < 0.5,
        failing_roll_backs=chance.choice((0, 1, 1, 2, 4)),
        roll_back_seconds=log(chance, 1.0, 60.0),
    )
    if not sibling.failing_roll_backs or chance.random() < 0.4:
        # It has run once; it does not come back at the first try.
        number = first.template.models[0][1].model
        runs, fails = (Start(end, log(chance, 4.0, 200.0)) for end in (StartEnd.RUNNING, StartEnd.FAILED))
        models[number] = replace(models[number], starts=(runs, *(fails,) * chance.choice((1, 2, 5)), runs))
    template = with_sibling(update.template, sibling)
    operations = [
        replace(first, template=with_sibling(first.template, Sibling(after_models=sibling.after_models))),
        replace(update, template=template, continued=continued(chance)),
    ]
    if chance.random() < 0.5:
        operations.append(replace(update, template=_mended(template, chance, len(models))))
    stack = replace(stack, operations=(*operations, *ending(stack)))
    return replace(plan, models=tuple(models), stacks=(stack, *plan.stacks[1:]))
