"""What of a value is known at which time: at once, at the end of the synth, or at the deployment."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from aws_cdk import Stack, Token


def is_of_a_list(value: Any) -> bool:
    """Whether it is a list that only the deployment knows, or the one item that Python sees in it."""
    if isinstance(value, list):
        return is_token(value)
    return isinstance(value, str) and "#{Token[" in value and is_token([value])


def is_dynamic_reference(value: Any) -> bool:
    """Whether CloudFormation reads a text, or a part of it, from Parameter Store or Secrets Manager.

    Source: CloudFormation guide, dynamic-references.
    """
    return isinstance(value, str) and "{{resolve:" in value


def is_token(value: Any) -> bool:
    """Whether only the end of the synth, or the deployment, knows a value."""
    if is_dynamic_reference(value):
        return True
    # CDK looks into what it knows, and fails for what it does not: bytes, paths, functions.
    with suppress(AttributeError, TypeError, RuntimeError):
        return bool(Token.is_unresolved(value))
    return False


def becomes_dynamic_reference(value: Any, stack: Stack) -> bool:
    """Whether a value holds a dynamic reference in the template of a stack; see ``is_dynamic_reference``."""
    return is_dynamic_reference(json.dumps(stack.resolve(value)))
