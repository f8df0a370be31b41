"""Makes a plan with guards: what is declared, who calls for models, how long they are watched."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final

from simulator.chances import log
from simulator.plan import (
    EMPTY_FAULTS,
    ByHand,
    Declared,
    Demand,
    Guarded,
    Hand,
    Kill,
    KillAt,
    Operation,
    Plan,
    Saying,
    StackPlan,
    Template,
)

_BEGINS_AT_MINUTE: Final = 22 * 60 + 13
"""The clock of UTC at the beginning of every history."""
_MINUTES_OF_A_DAY: Final = 1440
_SINGLE: Final = ("hours", "hours", "hours", "only stops", "stop after", "idle", "queue")


def with_guards(plan: Plan, chance: random.Random) -> Plan:
    """The same lives with guards."""
    until = log(chance, 5_400.0, 25_000.0)
    stacks = tuple(_stack(stack, chance, until) for stack in plan.stacks)
    calm = chance.random() < 0.5
    return replace(
        plan,
        stacks=stacks,
        faults=EMPTY_FAULTS if calm else plan.faults,
        kills=(*plan.kills, *_kills(chance)) if chance.random() < 0.4 else plan.kills,
        by_hand=(*plan.by_hand, *_people(plan, chance, until)),
        demand=_demand(plan, chance, until),
    )


def _stack(stack: StackPlan, chance: random.Random, until: float) -> StackPlan:
    guards: dict[str, Guarded | None] = {}
    operations = []
    for number, operation in enumerate(stack.operations):
        changes = number > 0 and chance.random() < 0.25
        models = []
        for name, declared in operation.template.models:
            if name not in guards or changes:
                guards[name] = _guarded(declared, chance) if chance.random() < 0.9 else None
            models.append((name, replace(declared, guarded=guards[name] and _fit(guards[name], declared))))
        template = Template(tuple(models), operation.template.siblings)
        operations.append(
            replace(operation, template=template, pause_seconds=_pause(operation, chance, until))
        )
    return replace(stack, operations=tuple(operations))


def _pause(operation: Operation, chance: random.Random, until: float) -> float:
    """People leave a stack alone for hours, or are at it again at once."""
    longer = operation.pause_seconds > 0.0 and chance.random() < 0.6
    return operation.pause_seconds + (log(chance, 200.0, until) if longer else 0.0)


def _fit(guarded: Guarded | None, declared: Declared) -> Guarded | None:
    """A deadline that no start can miss."""
    if guarded is None or guarded.stop_after_seconds is None:
        return guarded
    return replace(guarded, stop_after_seconds=max(guarded.stop_after_seconds, declared.timeout_seconds + 60))


def _guarded(declared: Declared, chance: random.Random) -> Guarded:
    kinds = {chance.choice(_SINGLE)}
    if chance.random() < 0.3:
        kinds.add(chance.choice(_SINGLE))
    hours = ""
    if "hours" in kinds:
        hours = _hours(chance)
    elif "only stops" in kinds:
        hours = f"MON-SUN -{_clock(chance.randrange(20, 300))} UTC"
    return Guarded(
        hours=hours,
        lead_seconds=chance.choice((0, 300, 600, None)) if "hours" in kinds else None,
        stop_after_seconds=declared.timeout_seconds + chance.randrange(60, 7_200)
        if "stop after" in kinds
        else None,
        idle_seconds=chance.choice((900, 1_200, 3_600)) if "idle" in kinds else None,
        empty_seconds=chance.choice((60, 600, 1_800)) if "queue" in kinds else None,
    )


def _hours(chance: random.Random) -> str:
    begin = chance.randrange(-180, 200)
    periods = []
    for _ in range(chance.choice((1, 1, 2))):
        end = begin + chance.randrange(25, 240)
        periods.append(_period(begin, end))
        begin = end + chance.randrange(15, 120)
    return "; ".join(periods)


def _period(begin: int, end: int) -> str:
    """From and up to a minute, counted from the beginning."""
    over = "+1" if _of_a_day(end) < _of_a_day(begin) else ""
    return f"MON-SUN {_clock(begin)}-{_clock(end)}{over} UTC"


def _of_a_day(minute: int) -> int:
    return (_BEGINS_AT_MINUTE + minute) % _MINUTES_OF_A_DAY


def _clock(minute: int) -> str:
    return f"{_of_a_day(minute) // 60:02d}:{_of_a_day(minute) % 60:02d}"


def _kills(chance: random.Random) -> tuple[Kill, ...]:
    """Of sweeps, which are most of the invocations of such a history."""
    return tuple(
        Kill(
            chance.randrange(3, 60),
            chance.choice((KillAt.BEFORE_CALL, KillAt.AFTER_EFFECT)),
            chance.randrange(9),
        )
        for _ in range(chance.choice((1, 2, 4, 8)))
    )


def _people(plan: Plan, chance: random.Random, until: float) -> tuple[ByHand, ...]:
    if chance.random() < 0.6:
        return ()
    return tuple(
        ByHand(log(chance, 60.0, until), chance.choice((Hand.START, Hand.STOP)), _a_model(plan, chance))
        for _ in range(chance.choice((1, 1, 2, 3)))
    )


def _a_model(plan: Plan, chance: random.Random) -> int:
    """One that is declared at first, as a rule."""
    models = plan.stacks[0].operations[0].template.models
    return models[0][1].model if models and chance.random() < 0.8 else chance.randrange(len(plan.models))


def _demand(plan: Plan, chance: random.Random, until: float) -> Demand:
    def spans(share: float) -> tuple[tuple[float, float], ...]:
        if chance.random() >= share:
            return ()
        begins = [log(chance, 30.0, until) for _ in range(chance.choice((1, 2, 3)))]
        return tuple((at, round(at + log(chance, 20.0, 6_000.0), 1)) for at in begins)

    return Demand(
        until,
        sayings=tuple(
            Saying(
                log(chance, 30.0, until),
                _a_model(plan, chance),
                chance.random() < 0.5,
                log(chance, 60.0, 8_000.0),
            )
            for _ in range(chance.choice((0, 0, 0, 1, 2)))
        ),
        messages=spans(0.7),
        calls=spans(0.7),
        outages=spans(0.2),
        phase=round(chance.uniform(0.0, 60.0), 1),
        hasty=chance.random() < 0.5,
    )
