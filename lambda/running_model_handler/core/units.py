"""Inference units: how much capacity a running model has.

MinInferenceUnits is at least 1; without MaxInferenceUnits Rekognition does not scale (StartProjectVersion).
The account's quota, 5 units for each model unless raised, is for the service to judge.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from running_model_handler.core.errors import InvalidProperty
from running_model_handler.core.numbers import parse_whole_number

UNITS_MAX: Final = 2**31 - 1
"""An integer of the service's API has 32 bits; more would be refused after the running size was stopped."""


class InferenceUnits(NamedTuple):
    """Capacity of a model: ``minimum`` units always, up to ``maximum`` when Rekognition scales."""

    minimum: int
    maximum: int | None = None

    @property
    def effective_maximum(self) -> int:
        """The most units that can be in service."""
        return self.minimum if self.maximum is None else self.maximum

    def __str__(self) -> str:
        return str(self.minimum) if self.maximum is None else f"{self.minimum}-{self.maximum}"


def parse_min_units(value: object, *, name: str) -> int:
    """A literal or a string from CloudFormation as a number of units, at least 1.

    Raises ``InvalidProperty`` for fractions, booleans, numbers under 1 and over ``UNITS_MAX``.
    """
    number = parse_whole_number(value, name=name, minimum=1, unit="inference units", way_out="omit it for 1")
    return _checked(number, name)


def parse_max_units(value: object, *, name: str) -> int | None:
    """The upper bound of auto scaling, or None when it is left out. Raises ``InvalidProperty``."""
    if value is None or value == "":
        return None
    number = parse_whole_number(
        value, name=name, minimum=1, unit="inference units", way_out="omit it for no auto scaling"
    )
    return _checked(number, name)


def _checked(number: int, name: str) -> int:
    if number > UNITS_MAX:
        raise InvalidProperty(name, number, f"must be at most {UNITS_MAX} inference units")
    return number


def check_units(minimum: int, maximum: int | None, *, max_name: str) -> InferenceUnits:
    """Both bounds together; raises ``InvalidProperty`` when the maximum is below the minimum."""
    if maximum is not None and maximum < minimum:
        raise InvalidProperty(
            max_name, maximum,
            f"must be at least the minimum of {minimum} inference units; omit it for no auto scaling",
        )  # fmt: skip
    return InferenceUnits(minimum, maximum)
