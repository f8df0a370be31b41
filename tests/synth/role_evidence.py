"""Calls held against a role, both ways: what was called and not granted, what is granted and was not called.

A grant counts as used only if some call would have been denied without it. Where two statements allow the
same call, it shows the need of neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from iam_statements import Call, Statement, Statements, allows, applies

_VERSION = "/version/"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One call, and what was in force when it was made."""

    call: Call
    in_force: tuple[Statements, ...]
    """The role's statements; several sets where a policy was being changed at that moment."""

    @property
    def without_effect(self) -> bool:
        """Whether a call would have removed tags that another delivery has removed a moment before."""
        removed = self.call.keys.get("aws:TagKeys", ())
        return self.call.action.endswith(":UntagResource") and not any(
            f"aws:ResourceTag/{key}" in self.call.keys for key in removed
        )

    @property
    def allowed(self) -> bool:
        """Whether the role allowed the call."""
        return any(allows(statements, self.call) for statements in self.in_force)

    def allowed_after(self, change: Callable[[Statements], Statements]) -> bool:
        """Whether a role that is changed like this would have allowed it."""
        return any(allows(change(statements), self.call) for statements in self.in_force)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One action of one statement."""

    sid: str
    action: str


def grants(statements: Iterable[Statement]) -> list[Grant]:
    """All that statements grant."""
    return [Grant(one.sid, action) for one in statements for action in one.actions]


def denied(evidence: Iterable[Evidence]) -> list[Call]:
    """What was called and not granted, and would have changed something."""
    return [one.call for one in evidence if not (one.allowed or one.without_effect)]


def never_granted(evidence: Iterable[Evidence]) -> list[Call]:
    """What no statement is about, even if every condition held and nothing were denied on purpose."""
    return [
        one.call
        for one in evidence
        if not any(
            statement.effect == "Allow" and applies(replace(statement, conditions=()), one.call)
            for statements in one.in_force
            for statement in statements
        )
    ]


def needless_grants(evidence: list[Evidence]) -> list[Grant]:
    """What was granted at some time and could have been left out: no call would have been denied."""
    ever = {grant for statements in _ever_in_force(evidence) for grant in grants(statements)}
    return sorted(grant for grant in ever if _denies_nothing(evidence, partial(without, grant)))


def needless_wildcards(evidence: list[Evidence]) -> list[str]:
    """The statements with a wildcard for which what the template named at the time would have done.

    That is every resource that it names exactly, and whatever is in the project of a declared model. ``*``
    on its own is left out: it stands with actions that take no resource.
    """
    wide = {
        one.sid
        for statements in _ever_in_force(evidence)
        for one in statements
        if one.resources != ("*",) and any("*" in resource for resource in one.resources)
    }
    return sorted(sid for sid in wide if _denies_nothing(evidence, partial(narrowed, sid)))


def without(grant: Grant, statements: Statements) -> Statements:
    """Statements that lack one grant."""
    return tuple(
        replace(one, actions=tuple(action for action in one.actions if action != grant.action))
        if one.sid == grant.sid
        else one
        for one in statements
    )


def narrowed(sid: str, statements: Statements) -> Statements:
    """Statements of which one is limited to what the others name."""
    exact = {resource for one in statements for resource in one.resources if "*" not in resource}
    projects = {f"{resource.partition(_VERSION)[0]}/*" for resource in exact if _VERSION in resource}
    named = tuple(sorted(exact | projects))
    return tuple(replace(one, resources=named) if one.sid == sid else one for one in statements)


def _ever_in_force(evidence: Iterable[Evidence]) -> set[Statements]:
    return {statements for one in evidence for statements in one.in_force}


def _denies_nothing(evidence: Iterable[Evidence], change: Callable[[Statements], Statements]) -> bool:
    return all(one.allowed_after(change) for one in evidence if one.allowed)
