"""What an app has made of our resources by the end of the synth, read from the template that is written.

Aspects, removal policies, overrides, mixins and escape hatches all end there, whatever their way. It is
written once more for it, which takes some 20 ms for a stack (decision 9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import CfnElement, Stack
from constructs import Construct, IConstruct, IValidation

from rekognition_running_model._rendering import rendered


class Written:
    """A stack's template, and what the synth has of its constructs.

    Every question to CDK is a call to another process, and the models of a stack ask the same ones: so each
    is asked once.
    """

    def __init__(self, stack: Stack, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self._stack = stack
        self._resources = resources
        self._l1s: dict[IConstruct, IConstruct] = {}
        self._logical_ids: dict[IConstruct, str | None] = {}
        self._resolved: dict[Any, Any] = {}
        self._there: dict[IConstruct, bool] = {}

    def resource(self, construct: IConstruct) -> Mapping[str, Any] | None:
        """What is written of an L1; None where nothing is, or in another stack."""
        name = self.logical_id(construct)
        return None if name is None else self._resources.get(name)

    def logical_id(self, construct: IConstruct) -> str | None:
        """What an L1 is called in the template; None for one of another stack, and for other constructs."""
        if construct not in self._logical_ids:
            here = isinstance(construct, CfnElement) and Stack.of(construct) is self._stack
            self._logical_ids[construct] = logical_id(construct) if here else None
        return self._logical_ids[construct]

    def l1(self, construct: IConstruct) -> IConstruct:
        """The L1 below a construct; the construct itself where it has none."""
        if construct not in self._l1s:
            self._l1s[construct] = construct.node.default_child or construct
        return self._l1s[construct]

    def resolved(self, token: Any) -> Any:
        """What a token has become in the template."""
        if token not in self._resolved:
            self._resolved[token] = self._stack.resolve(token)
        return self._resolved[token]

    def is_itself(self, construct: IConstruct) -> bool:
        """Whether a construct is in the tree, and no other one has taken its place."""
        scope = construct.node.scope
        return (
            scope is not None
            and scope.node.try_find_child(construct.node.id) is construct
            and self.is_there(scope)
        )

    def is_there(self, construct: IConstruct) -> bool:
        """Whether a construct, or another in its place, is in the tree (``try_remove_child``)."""
        if construct not in self._there:
            scope = construct.node.scope
            self._there[construct] = scope is None or (
                scope.node.try_find_child(construct.node.id) is not None and self.is_there(scope)
            )
        return self._there[construct]


class Check(Protocol):
    """Looks at a construct's stack as it is written; returns what must not be deployed."""

    def __call__(self, written: Written) -> list[str]:
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
    """What an L1 is called in its template."""
    stack = Stack.of(resource)
    return str(stack.resolve(stack.get_logical_id(cast(CfnElement, resource))))


def _problems_of(stack: Stack) -> list[str]:
    rendering = rendered(stack)
    if rendering is None:
        return []
    written = Written(stack, rendering.template.get("Resources", {}))
    return [
        f"{construct.node.path}: {problem}"
        for construct, check in _CHECKS[stack]
        if written.is_itself(construct)
        for problem in check(written)
    ]


@jsii.implements(IValidation)
class _AtTheEnd:
    def __init__(self, check: Callable[[], list[str]]) -> None:
        self._check = check

    def validate(self) -> list[str]:
        return self._check()
