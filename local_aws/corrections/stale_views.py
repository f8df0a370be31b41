"""Answers about a stack that stay as they were before an operation on it began, for a while or for good.

How fresh CloudFormation's answers are is not documented. Roles and users see the former state; the account's
root, which the tests and the CDK CLI are, sees the present one.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.access import Access
from local_aws.corrections.change_sets import named
from local_aws.switches import Switches

Answer = tuple[int, dict[str, str], bytes]
Parameters = dict[str, Any]
Action = Callable[[Parameters], Answer]

_BEGINS = {"UpdateStack": "update", "ExecuteChangeSet": "update", "DeleteStack": "deletion"}
"""What begins an operation, by the switch's names."""
_SHOWS = (
    "DescribeStacks",
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResources",
    "ListStackResources",
)


@dataclass(frozen=True)
class _Former:
    """A stack as it was before an operation."""

    record: dict[str, Any]
    events: list[Any]
    shown_until: float
    """By the monotonic clock."""


class StaleViews:
    """Keeps what there was, and shows it."""

    def __init__(self, switches: Switches, access: Access) -> None:
        self._switches = switches
        self._access = access
        self._former: dict[str, _Former] = {}

    def install(self) -> None:
        """Puts itself around the actions of MiniStack."""
        actions: dict[str, Action] = ministack.handlers._ACTION_HANDLERS
        for name, operation in _BEGINS.items():
            actions[name] = self._keeping(actions[name], operation)
        for name in _SHOWS:
            actions[name] = self._showing(actions[name])

    def _keeping(self, action: Action, operation: str) -> Action:
        def corrected(parameters: Parameters) -> Answer:
            name = ministack.helpers._p(parameters, "StackName") or named(parameters).get("StackId", "")
            record = ministack.handlers._resolve_stack(name)
            if record is None or not self._is_meant(record, operation):
                return action(parameters)
            events = ministack.cloudformation._stack_events.get(record["StackId"], [])
            shown_until = time.monotonic() + self._switches.stale_views_seconds
            former = _Former(copy.deepcopy(record), list(events), shown_until)
            answer = action(parameters)
            if answer[0] == 200:
                self._former[record["StackId"]] = former
            return answer

        return corrected

    def _is_meant(self, record: dict[str, Any], operation: str) -> bool:
        switches = self._switches
        return switches.stale_views_of in (operation, "any") and switches.stale_views_stack in (
            "",
            record["StackName"],
        )

    def _showing(self, action: Action) -> Action:
        def corrected(parameters: Parameters) -> Answer:
            record = ministack.handlers._resolve_stack(ministack.helpers._p(parameters, "StackName"))
            former = self._former.get(record["StackId"]) if record is not None else None
            over = former is None or time.monotonic() >= former.shown_until
            if former is None or over or self._access.caller_is_root():
                return action(parameters)
            return _as_it_was(action, parameters, record, former)

        return corrected


def _as_it_was(action: Action, parameters: Parameters, record: Any, former: _Former) -> Answer:
    known, events = ministack.cloudformation._stacks, ministack.cloudformation._stack_events
    keys, stack_id = [key for key, value in known.items() if value is record], record["StackId"]
    present = events[stack_id]
    try:
        events[stack_id] = former.events
        for key in keys:
            known[key] = former.record
        return action(parameters)
    finally:
        events[stack_id] = present
        for key in keys:
            known[key] = record
