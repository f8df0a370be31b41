"""Makes a plan of what people and AWS do beyond a plain life: no roll-back, express mode, views that stay as
they were, credentials that arrive late, models that change hands.

Each group draws from a stream of its own, so what one group draws moves no other one, and a history without
any of them is the same to the letter as it was before.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from local_aws.platform.cloudformation import CLEAN_UP_DELETE_TRIES
from running_model_handler.core.names import ReplacementMode
from simulator.chances import ending, log, with_declared, with_operation
from simulator.halfway import express, rolled_back_in_vain, without_roll_back
from simulator.handing_on import handed_on
from simulator.plan import (
    FOREVER,
    Frozen,
    Operation,
    Plan,
    StackPlan,
    Start,
    StartEnd,
    Verb,
    View,
)

_Widening = Callable[[Plan, random.Random], Plan]


def widened(plan: Plan) -> Plan:
    """The same plan with what its seed draws of each group."""
    for name, share, widening in _GROUPS:
        chance = random.Random(f"{name} {plan.seed}")
        if chance.random() < share:
            plan = widening(plan, chance)
    return plan


# --- what CloudFormation shows ----------------------------------------------------------------------


def _frozen(plan: Plan, chance: random.Random) -> Plan:
    """Views that stay as they were: of deletions above all."""
    stack = plan.stacks[0]
    deletions = [n for n, one in enumerate(stack.operations) if one.verb is Verb.DELETE]
    of_deletion = bool(deletions) and chance.random() < 0.7
    number = chance.choice(deletions) if of_deletion else chance.randrange(len(stack.operations))
    operation = stack.operations[number]
    each_request = chance.random() < (0.3 if of_deletion else 0.7)
    if operation.verb is Verb.DELETE or each_request:
        seconds = chance.choices((15.0, 60.0, FOREVER), (40, 30, 30))[0]
    else:
        seconds = chance.choices((8.0, 15.0, 60.0), (40, 40, 20))[0]
    one = (chance.choice(tuple(View)),)
    views = chance.choices((tuple(View), one, (View.RESOURCE, View.EVENTS)), (60, 25, 15))[0]
    frozen = Frozen(seconds, views, each_request)
    stack = with_operation(stack, number, replace(operation, frozen=frozen))
    return replace(plan, stacks=(stack, *plan.stacks[1:]))


def _other_events(plan: Plan, chance: random.Random) -> Plan:
    """Events, and tries of a clean-up, as they may be."""

    def of(stack: StackPlan) -> StackPlan:
        return replace(
            stack,
            shows_initiated=chance.random() < 0.7,
            hides_invented=chance.random() < 0.7,
            clean_up_tries=chance.choice((1, CLEAN_UP_DELETE_TRIES)),
        )

    return replace(plan, stacks=tuple(of(stack) for stack in plan.stacks))


# --- what gets in the way ---------------------------------------------------------------------------


def _late(plan: Plan, chance: random.Random) -> Plan:
    """Credentials, policies and permissions that arrive late, and codes that nobody knows."""
    kind = chance.choices(
        ("credentials_late", "iam_delay", "stop_denied_for", "bad_credentials", "timed_out", "unknown_code"),
        (25, 25, 20, 12, 9, 9),
    )[0]
    kinds = {kind} if chance.random() < 0.8 else {kind, "bad_credentials", "timed_out", "unknown_code"}
    drawn = {
        "credentials_late": round(chance.uniform(5.0, 150.0), 1),
        "iam_delay": round(chance.uniform(60.0, 150.0), 1),
        "stop_denied_for": log(chance, 60.0, 6000.0),
        "bad_credentials": round(chance.uniform(0.05, 0.4), 3),
        "timed_out": round(chance.uniform(0.05, 0.4), 3),
        "unknown_code": round(chance.uniform(0.02, 0.3), 3),
    }
    faults = replace(plan.faults, **{name: drawn[name] for name in sorted(kinds)})  # type: ignore[arg-type]
    plan = replace(plan, faults=faults)
    return _with_replacement(plan, chance) if kind == "stop_denied_for" else plan


def _with_replacement(plan: Plan, chance: random.Random) -> Plan:
    """A clean-up in which something is to be stopped, and that may be tried again."""
    stack = replace(plan.stacks[0], clean_up_tries=chance.choice((1, CLEAN_UP_DELETE_TRIES)))
    if chance.random() < 0.7:
        first = replace(stack.operations[0], interrupt_after=None)
        template = replace(first.template, siblings=())
        name, declared = template.models[0]
        other = replace(
            declared,
            model=(declared.model + 1) % len(plan.models),
            replacement=ReplacementMode.START_FIRST,
            retained=False,
        )
        update = Operation(
            Verb.DEPLOY, with_declared(template, name, other), pause_seconds=log(chance, 1.0, 300.0)
        )
        stack = replace(stack, operations=(replace(first, template=template), update, *ending(stack)))
        plan = replace(plan, running_quota=max(3, plan.running_quota))
    return replace(plan, stacks=(stack, *plan.stacks[1:]))


def _boundary(plan: Plan, chance: random.Random) -> Plan:
    """No hand-over, for good, in a history whose first start needs one."""
    number = plan.stacks[0].operations[0].template.models[0][1].model
    slow = Start(StartEnd.RUNNING, round(chance.uniform(350.0, 3000.0), 1))
    model = replace(plan.models[number], starts=(slow, *plan.models[number].starts))
    models = (*plan.models[:number], model, *plan.models[number + 1 :])
    return replace(plan, models=models, hand_over_denied=True, invocation_seconds=300.0)


def _hasty(plan: Plan, chance: random.Random) -> Plan:
    """An operation that is cancelled when it has just reached the model, and goes back at once: the dates of
    both requests, which tell whole seconds, may be the same."""
    stack = plan.stacks[0]
    deploys = [n for n, one in enumerate(stack.operations) if one.verb is Verb.DEPLOY]
    number = chance.choice(deploys)
    operation = stack.operations[number]
    template = replace(operation.template, siblings=()) if chance.random() < 0.7 else operation.template
    hasty = replace(operation, template=template, interrupt_after=round(chance.uniform(0.1, 1.5), 2))
    stack = replace(with_operation(stack, number, hasty), pace=0.1)
    return replace(plan, stacks=(stack, *plan.stacks[1:]))


_GROUPS: Final[tuple[tuple[str, float, _Widening], ...]] = (
    ("handing on", 0.13, handed_on),
    ("no roll-back", 0.08, without_roll_back),
    ("express", 0.05, express),
    ("roll-back in vain", 0.04, rolled_back_in_vain),
    ("frozen", 0.07, _frozen),
    ("events", 0.06, _other_events),
    ("late", 0.09, _late),
    ("boundary", 0.015, _boundary),
    ("hasty", 0.03, _hasty),
)
"""In this order: what a later group finds is what the earlier ones have made."""
