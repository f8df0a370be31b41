"""Draws lives in which models change hands: between resources, between stacks, from a life to the next."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from running_model_handler.core.names import ReplacementMode
from simulator.chances import SIBLING, deploys, ending, log, with_sibling
from simulator.halfway import continued
from simulator.plan import (
    Declared,
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

_Models = list[tuple[str, int]]
"""Logical ids, and the models that they declare."""


def handed_on(plan: Plan, chance: random.Random) -> Plan:
    """One of these lives."""
    lives: list[Callable[[Plan, random.Random], Plan]] = [
        _swapped,
        _renamed_and_resized,
        _created_again,
        _inherited,
        _back_to_back,
        _failing_late,
    ]
    return chance.choices(lives, (40, 12, 13, 12, 12, 11))[0](plan, chance)


# --- within a stack ---------------------------------------------------------------------------------


def _swapped(plan: Plan, chance: random.Random) -> Plan:
    """Resources that swap models, pass them on, or take them over, in one update; and perhaps back again."""
    a, b, c = chance.sample(range(3), 3)
    before, after = chance.choice(
        (
            ([("Detector", a), ("Sorter", b)], [("Detector", b), ("Sorter", a)]),
            ([("Detector", a)], [("Detector", b), ("Extra", a)]),
            ([("Detector", a), ("Sorter", b)], [("Detector", c), ("Sorter", a)]),
            ([("Detector", a), ("Sorter", b)], [("Detector", b)]),
            ([("Detector", a), ("Sorter", b)], [("Detector", b), ("Extra", a)]),
            ([("Detector", a), ("Sorter", b), ("Extra", c)], [("Detector", b), ("Sorter", c), ("Extra", a)]),
        )
    )
    declared = {name: _declared(model, chance) for name, model in before}
    first, second = (_template(models, declared, chance) for models in (before, after))
    sibling, models = _what_fails(plan, second, chance)
    operations = [
        Operation(Verb.DEPLOY, with_sibling(first, Sibling()), pause_seconds=0.0),
        Operation(
            Verb.DEPLOY,
            with_sibling(second, sibling),
            pause_seconds=log(chance, 1.0, 300.0),
            interrupt_after=round(chance.uniform(1.0, 300.0), 1) if chance.random() < 0.15 else None,
            continued=continued(chance),
        ),
    ]
    if chance.random() < 0.4:
        third = chance.choice((first, second))
        operations.append(
            Operation(Verb.DEPLOY, with_sibling(third, Sibling()), pause_seconds=log(chance, 1.0, 300.0))
        )
    stack = replace(plan.stacks[0], operations=(*operations, *ending(plan.stacks[0])))
    quota = chance.choice((2, 3, 3, 5, 5))
    return replace(plan, models=models, stacks=(stack, *plan.stacks[1:]), running_quota=quota)


def _declared(model: int, chance: random.Random) -> Declared:
    return Declared(
        model,
        units=chance.choice((1, 1, 2)),
        poll_seconds=chance.choice((5, 10, 30)),
        replacement=chance.choice(tuple(ReplacementMode)),
        with_project_arn=chance.random() < 0.4,
    )


def _template(models: _Models, declared: dict[str, Declared], chance: random.Random) -> Template:
    return Template(
        tuple(
            (name, replace(declared.get(name) or _declared(model, chance), model=model))
            for name, model in models
        )
    )


def _what_fails(
    plan: Plan, template: Template, chance: random.Random
) -> tuple[Sibling, tuple[ModelPlan, ...]]:
    """Of an update: nothing, a sibling, a start, and perhaps the roll-back too."""
    fate, models = chance.random(), list(plan.models)
    if fate < 0.3:
        return Sibling(), plan.models
    if fate < 0.65:
        fails = chance.random() < 0.85
        sibling = Sibling(
            update_seconds=log(chance, 1.0, 900.0),
            update_fails=fails,
            after_models=chance.random() < 0.4,
            failing_roll_backs=chance.choice((0, 0, 1, 3)) if fails else 0,
            roll_back_seconds=log(chance, 1.0, 60.0),
        )
        return sibling, plan.models
    number = chance.choice(template.models)[1].model
    runs, fails_to = (Start(end, log(chance, 4.0, 200.0)) for end in (StartEnd.RUNNING, StartEnd.FAILED))
    starts = chance.choice(((fails_to, runs), (runs, fails_to, runs), (fails_to,), (runs, fails_to)))
    models[number] = replace(models[number], starts=starts)
    return Sibling(), tuple(models)


def _renamed_and_resized(plan: Plan, chance: random.Random) -> Plan:
    """Another name and another size in one update."""
    stack = plan.stacks[0]
    a, b = chance.sample(range(3), 2)
    first = _template([("Detector", a)], {}, chance)
    resized = replace(first.models[0][1], units=first.models[0][1].units % 3 + 1)
    second = Template((("Finder", resized),))
    third = Template((("Detector", replace(resized, units=1, model=chance.choice((a, b)))),))
    sibling, models = _what_fails(plan, second, chance)
    operations = [
        Operation(Verb.DEPLOY, with_sibling(first, Sibling()), pause_seconds=0.0),
        Operation(
            Verb.DEPLOY,
            with_sibling(second, sibling),
            pause_seconds=log(chance, 1.0, 300.0),
            continued=continued(chance),
        ),
    ]
    if chance.random() < 0.6:
        operations.append(
            Operation(Verb.DEPLOY, with_sibling(third, Sibling()), pause_seconds=log(chance, 1.0, 60.0))
        )
    stack = replace(stack, operations=(*operations, *ending(stack)))
    return replace(plan, models=models, stacks=(stack, *plan.stacks[1:]))


def _back_to_back(plan: Plan, chance: random.Random) -> Plan:
    """Hardly a pause between the operations, and at least one update."""
    stack = plan.stacks[0]
    operations = list(stack.operations)
    if len(operations) < 3:
        name, declared = operations[0].template.models[0]
        models = tuple(
            (each, replace(one, units=declared.units % 3 + 1) if each == name else one)
            for each, one in operations[0].template.models
        )
        template = replace(operations[0].template, models=models)
        operations.insert(1, Operation(Verb.DEPLOY, template))
        operations.insert(2, Operation(Verb.DEPLOY, replace(operations[0].template, siblings=())))
    hurried = (replace(one, pause_seconds=round(chance.uniform(0.1, 5.0), 1)) for one in operations)
    return replace(plan, stacks=(replace(stack, operations=tuple(hurried)), *plan.stacks[1:]))


def _failing_late(plan: Plan, chance: random.Random) -> Plan:
    """An update whose models are done long before a sibling fails."""
    stack = plan.stacks[0]
    first = replace(stack.operations[deploys(stack)[0]], interrupt_after=None, on_failure=OnFailure.ROLLBACK)
    name, declared = first.template.models[0]
    changed = replace(
        declared,
        model=chance.choice((declared.model, (declared.model + 1) % len(plan.models))),
        units=declared.units % 3 + 1,
        max_units=None,
        replacement=chance.choice(tuple(ReplacementMode)),
    )
    siblings = ((SIBLING, Sibling(update_seconds=log(chance, 200.0, 1500.0), update_fails=True)),)
    operations = (
        replace(first, template=with_sibling(first.template, Sibling())),
        Operation(
            Verb.DEPLOY,
            Template(((name, changed),), siblings),
            pause_seconds=log(chance, 1.0, 300.0),
            continued=continued(chance),
        ),
    )
    stack = replace(stack, operations=(*operations, *ending(stack)))
    return replace(plan, stacks=(stack, *plan.stacks[1:]))


# --- from stack to stack ----------------------------------------------------------------------------


def _created_again(plan: Plan, chance: random.Random) -> Plan:
    """The stack is deleted and at once created anew, with another id and the same name."""
    stack = _deleted(plan.stacks[0], chance)
    again = replace(
        stack,
        life=1,
        after=stack.label,
        begins=log(chance, 0.2, 60.0),
        operations=(stack.operations[0], *ending(stack)) if chance.random() < 0.7 else stack.operations,
    )
    return replace(plan, stacks=(stack, again, *plan.stacks[1:]))


def _inherited(plan: Plan, chance: random.Random) -> Plan:
    """Another stack declares a model as soon as the first one is gone; now and then that is not gone."""
    stack = plan.stacks[0]
    if chance.random() < 0.85:
        stack = _deleted(stack, chance)
    model = chance.choice(stack.operations[0].template.models)[1].model
    heir = StackPlan(
        "heir",
        log(chance, 0.2, 120.0),
        (
            Operation(
                Verb.DEPLOY,
                _template([(chance.choice(("Detector", "Heiress")), model)], {}, chance),
                pause_seconds=0.0,
            ),
            Operation(Verb.DELETE, pause_seconds=log(chance, 1.0, 400.0)),
        ),
        clean_up_tries=stack.clean_up_tries,
        after=stack.label,
    )
    return replace(plan, stacks=(stack, heir, *plan.stacks[1:]))


def _deleted(stack: StackPlan, chance: random.Random) -> StackPlan:
    if ending(stack):
        return stack
    deletion = Operation(Verb.DELETE, pause_seconds=log(chance, 1.0, 400.0))
    return replace(stack, operations=(*stack.operations, deletion))
