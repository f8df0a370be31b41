"""The error tree.

    RunningModelError
    ├── InvalidProperty      a value that the user gave, wrong by itself (also a ValueError)
    └── RequestFailed        the request can't succeed; the reason goes to CloudFormation
"""

from __future__ import annotations


class RunningModelError(Exception):
    """Base of all errors raised on purpose."""


class InvalidProperty(RunningModelError, ValueError):
    """A property whose value breaks a rule; the message names the property, the value and the way out."""

    def __init__(self, name: str, value: object, rule: str) -> None:
        shown = repr(value)
        if len(shown) > 120:
            shown = shown[:117] + "..."
        super().__init__(f"{name} {rule}, got {shown}")
        self.name = name
        self.value = value
        self.rule = rule


class RequestFailed(RunningModelError):
    """A request that can't succeed, with a reason that a person can act on."""
