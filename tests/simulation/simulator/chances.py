"""What plans are drawn of, for all who draw."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Final

from simulator.plan import Declared, Operation, Sibling, StackPlan, Template, Verb

SIBLING: Final = "Queue"
"""The name of the resource beside the models that is made to fail."""


def log(chance: random.Random, low: float, high: float) -> float:
    """A number whose logarithm is evenly spread."""
    return round(math.exp(chance.uniform(math.log(low), math.log(high))), 1)


def with_sibling(template: Template, sibling: Sibling) -> Template:
    """A template with one resource beside its models."""
    return replace(template, siblings=((SIBLING, sibling),))


def with_declared(template: Template, name: str, declared: Declared) -> Template:
    """A template in which a model's resource is another one."""
    models = tuple((each, declared if each == name else one) for each, one in template.models)
    return replace(template, models=models)


def with_operation(stack: StackPlan, number: int, operation: Operation) -> StackPlan:
    """A stack with one operation instead of another."""
    operations = (*stack.operations[:number], operation, *stack.operations[number + 1 :])
    return replace(stack, operations=operations)


def deploys(stack: StackPlan) -> list[int]:
    """Which of a stack's operations deploy something."""
    return [n for n, one in enumerate(stack.operations) if one.verb is Verb.DEPLOY]


def ending(stack: StackPlan) -> tuple[Operation, ...]:
    """Its last deletion, if it has one."""
    last = stack.operations[-1]
    return (last,) if last.verb is Verb.DELETE else ()
