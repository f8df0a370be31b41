"""What a plan has beyond a plain life, in words; what a story is headed by, and what is counted of plans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Final

from simulator.plan import (
    FOREVER,
    Continued,
    Declared,
    Frozen,
    Mode,
    Operation,
    Plan,
    Sibling,
    StackPlan,
    Template,
    Verb,
)

LATE_POLICY_SECONDS: Final = 40.0
"""No policy of a plain plan is later."""
SWITCHES: Final = (
    "deploys_again",
    "lets_others_end",
    "replaces_without_roll_back",
    "mends_at_once",
    "clean_up_tries",
    "shows_initiated",
    "hides_invented",
    "names_late",
    "pace",
)
"""Fields of ``StackPlan`` that a plain plan leaves as they are."""
PASSING: Final = ("bad_credentials", "timed_out", "unknown_code", "credentials_late", "stop_denied_for")
"""Fields of ``Faults`` that a plain plan leaves at nothing."""
PLAIN_CLEAN_UP_TRIES: Final = 1
"""The hardest of what may be: nothing in a plain life hangs on the second Delete of a clean-up."""
PLAIN: Final = {field.name: field.default for field in fields(StackPlan)} | {
    "clean_up_tries": PLAIN_CLEAN_UP_TRIES
}
"""The fields of ``StackPlan`` in a plain plan."""


def features(plan: Plan) -> list[str]:
    """All of them, each once."""
    return list(dict.fromkeys(_features(plan)))


def _features(plan: Plan) -> Iterator[str]:
    for stack in plan.stacks:
        if stack.after:
            yield "created again" if stack.life else "begins after another stack"
        for name in SWITCHES:
            if getattr(stack, name) != PLAIN[name]:
                yield f"{name}={getattr(stack, name)}"
        template = Template()
        for operation in stack.operations:
            yield from _of_operation(operation)
            if operation.verb is Verb.DEPLOY:
                yield from _of_hands(dict(template.models), dict(operation.template.models))
                template = operation.template
    for name in PASSING:
        if getattr(plan.faults, name):
            yield name
    if plan.faults.iam_delay > LATE_POLICY_SECONDS:
        yield "policies late"
    if plan.hand_over_denied:
        yield "hand_over_denied"


def _of_operation(operation: Operation) -> Iterator[str]:
    if operation.mode is not Mode.STANDARD:
        yield f"{operation.verb}, {operation.mode}"
    if operation.verb is Verb.ROLL_BACK:
        yield "RollbackStack"
    if operation.frozen is not None:
        yield _words(operation.frozen)
    if operation.continued != Continued():
        yield "roll-backs are continued in another way"
    if any(sibling.failing_roll_backs for _, sibling in operation.template.siblings):
        yield "a sibling does not go back"


def _words(frozen: Frozen) -> str:
    long = "as long as it lasts" if frozen.seconds >= FOREVER else f"{frozen.seconds:.0f} s"
    return f"frozen {'request' if frozen.each_request else 'operation'}, {long}"


def _of_hands(before: dict[str, Declared], after: dict[str, Declared]) -> Iterator[str]:
    had = {declared.model: name for name, declared in before.items()}
    for name, declared in after.items():
        former = had.get(declared.model, name)
        if former == name:
            continue
        if former in after or name in before:
            yield "a model changes hands"
        elif declared.units != before[former].units:
            yield "renamed and resized"


def plain(plan: Plan) -> Plan:
    """The same plan without what the fields of a plain one do not know; what is declared stays as it is."""

    def of_template(template: Template) -> Template:
        siblings = tuple(
            (name, replace(one, failing_roll_backs=0, roll_back_seconds=Sibling().roll_back_seconds))
            for name, one in template.siblings
        )
        return replace(template, siblings=siblings)

    def of_stack(stack: StackPlan) -> StackPlan:
        operations = tuple(
            replace(
                one,
                mode=Mode.STANDARD,
                frozen=None,
                continued=Continued(),
                template=of_template(one.template),
            )
            for one in stack.operations
            if one.verb is not Verb.ROLL_BACK
        )
        usual = {name: PLAIN[name] for name in (*SWITCHES, "life", "after")}
        return replace(stack, operations=operations, **usual)  # type: ignore[arg-type]

    return replace(
        plan,
        stacks=tuple(map(of_stack, plan.stacks)),
        faults=replace(plan.faults, **dict.fromkeys(PASSING, 0.0)),  # type: ignore[arg-type]
        hand_over_denied=False,
    )
