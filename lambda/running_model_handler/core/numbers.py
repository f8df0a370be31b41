"""Whole numbers out of what CDK and CloudFormation hand over (CloudFormation makes strings of all)."""

from __future__ import annotations

import re

from running_model_handler.core.errors import InvalidProperty

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")


def parse_whole_number(
    value: object,
    *,
    name: str,
    minimum: int,
    maximum: int | None = None,
    unit: str,
    way_out: str,
) -> int:
    """Read a whole number within a range (both ends included) from an int or its decimal spelling.

    Raises ``InvalidProperty`` with the range and ``way_out`` for anything else, booleans included.
    """
    number = _as_int(value)
    if number is None or number < minimum or (maximum is not None and number > maximum):
        bounds = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise InvalidProperty(name, value, f"must be a whole number {bounds} ({unit}); {way_out}")
    return number


def _as_int(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    # jsii hands a JavaScript number over as a float even where it is whole.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    return None
