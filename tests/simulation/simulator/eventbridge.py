"""EventBridge: rules that invoke a function at a rate, until somebody deletes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.errors import ApiError
from simulator.plan import ACCOUNT, REGION

if TYPE_CHECKING:
    from simulator.functions import DeployedFunction
    from simulator.requests import Request
    from simulator.world import World


@dataclass(slots=True, eq=False)
class Target:
    """What a rule invokes."""

    function: DeployedFunction
    event: Mapping[str, Any]
    request: Request | None
    """The request whose invocation made it; for the record alone."""


@dataclass(slots=True, eq=False)
class Rule:
    """A rule with a rate."""

    name: str
    every_seconds: float
    targets: dict[str, Target] = field(default_factory=dict)
    ticks: bool = False

    @property
    def arn(self) -> str:
        """The ARN of the rule."""
        return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self.name}"


class EventBridge:
    """The service, and the permissions of functions that it needs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.rules: dict[str, Rule] = {}

    def put_rule(self, name: str, every_seconds: float) -> str:
        """PutRule; the ARN of the rule."""

        def effect() -> str:
            return self.rules.setdefault(name, Rule(name, every_seconds)).arn

        return self._world.gateway.call("events:PutRule", name, effect)

    def put_target(self, name: str, target_id: str, function_arn: str, event: str) -> None:
        """PutTargets."""

        def effect() -> None:
            function = self._world.functions.existing(function_arn)
            request = self._world.current_invocation().request
            rule = self._rule(name)
            rule.targets[target_id] = Target(function, json.loads(event), request)
            if not rule.ticks:
                rule.ticks = True
                self._world.kernel.after(rule.every_seconds, self._tick, rule)

        self._world.gateway.call("events:PutTargets", name, effect)

    def remove_target(self, name: str, target_id: str) -> None:
        """RemoveTargets."""
        self._world.gateway.call(
            "events:RemoveTargets", name, lambda: self._rule(name).targets.pop(target_id, None)
        )

    def delete_rule(self, name: str) -> None:
        """DeleteRule: refused while it has targets; a rule that does not exist is no error."""

        def effect() -> None:
            rule = self.rules.get(name)
            if rule is not None and rule.targets:
                raise ApiError("ValidationException", "Rule can't be deleted since it has targets.")
            self.rules.pop(name, None)

        self._world.gateway.call("events:DeleteRule", name, effect)

    def add_permission(self, function_arn: str, statement_id: str, source_arn: str) -> None:
        """Lambda's AddPermission."""

        def effect() -> None:
            function = self._world.functions.existing(function_arn)
            if statement_id in function.permissions:
                raise ApiError("ResourceConflictException", f"{statement_id} already exists", 409)
            function.permissions[statement_id] = source_arn

        self._world.gateway.call("lambda:AddPermission", function_arn, effect)

    def remove_permission(self, function_arn: str, statement_id: str) -> None:
        """Lambda's RemovePermission."""

        def effect() -> None:
            function = self._world.functions.existing(function_arn)
            if function.permissions.pop(statement_id, None) is None:
                raise ApiError("ResourceNotFoundException", "No policy is associated.", 404)

        self._world.gateway.call("lambda:RemovePermission", function_arn, effect)

    def _rule(self, name: str) -> Rule:
        rule = self.rules.get(name)
        if rule is None:
            raise ApiError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus default.")
        return rule

    def _tick(self, rule: Rule) -> None:
        """Invoke the targets. A rule all of whose functions are gone stays, but nothing comes of it."""
        if self.rules.get(rule.name) is not rule:
            return
        for target in rule.targets.values():
            if target.function.exists and rule.arn in target.function.permissions.values():
                self._world.functions.invoke(target.function.arn, target.event, target.request)
        rule.ticks = any(target.function.exists for target in rule.targets.values())
        if rule.ticks:
            self._world.kernel.after(rule.every_seconds, self._tick, rule)
