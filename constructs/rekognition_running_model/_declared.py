"""Which models an app declares, and where: each once in a stack, and which of them are counted together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Stage, Token
from constructs import Construct

from rekognition_running_model._final import Written
from rekognition_running_model._said import warn
from running_model_handler.core.arn import parse_project_version_arn
from running_model_handler.core.errors import InvalidProperty

USD_PER_UNIT_DAY: Final = 4 * 24
"""What Rekognition bills for an inference unit that runs all day."""
_NAMED_MAX: Final = 3
"""So many other models are named in a warning."""


@dataclass(frozen=True, slots=True)
class Place:
    """A Region and an account; None for what only the deployment knows."""

    region: str | None
    account: str | None

    def __str__(self) -> str:
        if self.region is None or self.account is None:
            return "its account and Region"
        return f"{self.region} of account {self.account}"


@dataclass(frozen=True, slots=True)
class _Declared:
    """A model of an app."""

    construct: Construct
    arn: str
    counts_calls: bool


_DECLARED: Final[WeakKeyDictionary[Stack, dict[str, _Declared]]] = WeakKeyDictionary()
"""By stack and ARN."""


def declare(model: Construct, arn: Any, *, counts_calls: bool) -> Construct | None:
    """Note a model; returns what declares the same one in the same stack already."""
    if not isinstance(arn, str):
        return None
    stack = Stack.of(model)
    declared = _DECLARED.setdefault(stack, {})
    other = declared.get(arn)
    # The tree is searched for a conflict alone: each look at it costs time with every construct in it.
    if other is not None and other.construct in stack.node.find_all():
        return other.construct
    declared[arn] = _Declared(model, arn, counts_calls)
    return None


def place_of(construct: Construct, arn: Any) -> Place:
    """Where a model runs: as its ARN says, else where its stack goes."""
    if isinstance(arn, str) and not Token.is_unresolved(arn):
        try:
            parsed = parse_project_version_arn(arn, name="project_version_arn")
        except InvalidProperty:
            # Told elsewhere, or a stand-in for what CDK still has to look up.
            pass
        else:
            return Place(parsed.region, parsed.account)
    stack = Stack.of(construct)
    return Place(_known(stack.region), _known(stack.account))


def warn_of_shared_calls(model: Construct, written: Written) -> None:
    """Warn where calls of other models keep an idle one running; once for a stack."""
    stack = Stack.of(model)
    mine = [one for one in _DECLARED.get(stack, {}).values() if written.is_itself(one.construct)]
    first = next((one for one in mine if one.counts_calls), None)
    if first is None or first.construct is not model:
        return
    place = place_of(model, first.arn)
    others = [
        one.construct.node.path
        for one in (*mine, *_of_other_stacks(stack, written))
        if one is not first and _may_be_together(first, one)
    ]
    if not others:
        return
    more = f" and {len(others) - _NAMED_MAX} more" if len(others) > _NAMED_MAX else ""
    named = f"{', '.join(others[:_NAMED_MAX])}{more}"
    warn(
        model,
        "shared-calls",
        f"stop_when_idle of {model.node.path} stops it only once nobody calls {named} either: Rekognition "
        f"counts DetectCustomLabels for account and Region, here {place}, and not for a model. Until then it "
        f"bills about {USD_PER_UNIT_DAY} USD a day for each inference unit. running_hours, stop_after and "
        "start_for are each model's own; acknowledge this if the models are called together",
    )


def _of_other_stacks(stack: Stack, written: Written) -> Iterator[_Declared]:
    app = stack.node.root
    for other, declared in list(_DECLARED.items()):
        if other is not stack and other.node.root is app:
            yield from (one for one in declared.values() if written.is_itself(one.construct))


def _may_be_together(one: _Declared, other: _Declared) -> bool:
    """Whether two models are in one account and Region, as far as the synth can tell."""
    place = place_of(one.construct, one.arn)
    if place != place_of(other.construct, other.arn):
        return False
    known = place.region is not None and place.account is not None
    # Stacks without an environment go where the CLI's credentials point, those of one stage together.
    return known or Stage.of(one.construct) is Stage.of(other.construct)


def _known(place: str) -> str | None:
    return None if Token.is_unresolved(place) else place
