"""The policies of a stack's roles as they were in force at each moment, from the events of its stacks.

In an update the policy changes before the models do, and in a roll-back it changes back: a call is held
against what counted when it was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from iam_statements import Call, Statements, read
from role_evidence import Evidence
from synthesized_role import POLICY_TYPES

from local_aws.journal import ApiCall

SLACK_SECONDS = 0.1
"""Events are stamped in whole milliseconds, calls are noted a moment after they were decided on."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A policy gets other statements, at some moment between the two."""

    begins: float
    ends: float
    statements: Statements


@dataclass
class _Policy:
    """What became of one policy, oldest first."""

    begun: float | None = None
    """Since when a change is under way."""
    changes: list[_Change] = field(default_factory=list)

    def in_force(self, at: float) -> set[Statements]:
        """What may have counted at that moment: two sets in the middle of a change."""
        ended = [change for change in self.changes if change.ends <= at]
        under_way = {change.statements for change in self.changes if change.begins <= at < change.ends}
        return {ended[-1].statements if ended else ()} | under_way


class RolesInForce:
    """The policies that stacks gave to roles, by the role's name."""

    def __init__(self, events: Iterable[Mapping[str, Any]]) -> None:
        """``events``: of one stack or several, each stack's oldest first, deleted stacks too."""
        self._policies: dict[str, dict[str, _Policy]] = {}
        for event in events:
            if event["ResourceType"] in POLICY_TYPES:
                self._add(event)

    def _add(self, event: Mapping[str, Any]) -> None:
        properties = json.loads(event["ResourceProperties"])
        status, at = event["ResourceStatus"], event["Timestamp"].timestamp()
        for role in properties.get("Roles", []):
            name = f"{event['StackId']} {event['LogicalResourceId']}"
            policy = self._policies.setdefault(role, {}).setdefault(name, _Policy())
            begun = at if policy.begun is None else policy.begun
            policy.begun = begun if status.endswith("_IN_PROGRESS") else None
            if status.endswith("_COMPLETE"):
                gone = status == "DELETE_COMPLETE"
                statements = () if gone else read(properties["PolicyDocument"])
                policy.changes.append(_Change(begun, at + SLACK_SECONDS, statements))

    def evidence(self, call: ApiCall) -> Evidence:
        """A journalled call with what was in force for its role."""
        role = call.principal.split("/")[1]
        policies = self._policies.get(role, {}).values()
        sets = product(*(policy.in_force(call.at) for policy in policies))
        in_force = {tuple(one for statements in chosen for one in statements) for chosen in sets}
        asked = Call(call.action, call.resource, call.condition_keys)
        return Evidence(asked, tuple(in_force))

    def ever(self) -> set[Statements]:
        """The statements of each policy as they were deployed at some time."""
        return {
            change.statements
            for policies in self._policies.values()
            for policy in policies.values()
            for change in policy.changes
            if change.statements
        }
