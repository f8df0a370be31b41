"""What an app has made of our resources by the end of the synth, read from the template that is written.

Aspects, removal policies, overrides, mixins and escape hatches all end there, whatever their way. It is
written once more for it, which takes some 20 ms for a stack (decision 9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import Stack
from constructs import Construct, IConstruct, IValidation

from rekognition_running_model._rendering import rendered

Resources = Mapping[str, Mapping[str, Any]]
"""The resources of a template, by logical id."""


class Check(Protocol):
    """Looks at the resources of a construct's stack; returns what must not be deployed."""

    def __call__(self, resources: Resources) -> list[str]:
        """Warnings it gives itself, as annotations."""


_CHECKS: Final[WeakKeyDictionary[Stack, list[tuple[Construct, Check]]]] = WeakKeyDictionary()


def at_the_end(construct: Construct, check: Check) -> None:
    """Let a check see a construct's stack as it is written, each time that it is."""
    stack = Stack.of(construct)
    if stack not in _CHECKS:
        _CHECKS[stack] = []
        stack.node.add_validation(_AtTheEnd(lambda: _problems_of(stack)))
    _CHECKS[stack].append((construct, check))


def logical_id(resource: IConstruct) -> str:
    """What a resource is called in its template."""
    return str(Stack.of(resource).resolve(resource.logical_id))  # type: ignore[attr-defined]


def is_in_the_tree(construct: IConstruct) -> bool:
    """Whether a construct, or another in its place, is still there: ``try_remove_child`` takes some away."""
    scope = construct.node.scope
    return scope is None or (
        scope.node.try_find_child(construct.node.id) is not None and is_in_the_tree(scope)
    )


def _problems_of(stack: Stack) -> list[str]:
    # What was removed is checked no more, nor if another one has taken its place.
    present = set(stack.node.find_all())
    checks = [(construct, check) for construct, check in _CHECKS[stack] if construct in present]
    rendering = rendered(stack) if checks else None
    if rendering is None:
        return []
    resources = rendering.template.get("Resources", {})
    return [
        f"{construct.node.path}: {problem}" for construct, check in checks for problem in check(resources)
    ]


@jsii.implements(IValidation)
class _AtTheEnd:
    def __init__(self, check: Callable[[], list[str]]) -> None:
        self._check = check

    def validate(self) -> list[str]:
        return self._check()
