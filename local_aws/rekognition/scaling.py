"""Auto scaling: units in service between a model's minimum and maximum, by the load of the last period.

Documented is that MaxInferenceUnits lets Rekognition scale and that without it nothing does (Custom Labels
guide, running-model), not by what rule. Here a period's calls a second, divided by what one unit stands
(``detect_calls_per_unit_second``), say how many units the next period has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from local_aws.rekognition.settings import Settings


@dataclass
class Load:
    """What a running model has been asked for in its present period; throttled calls count too."""

    since: float
    units: int
    """In service now."""
    calls: int = 0


def due_at(load: Load, settings: Settings) -> float:
    """When the present period ends."""
    return load.since + settings.scaling_period_seconds


def next_load(load: Load, least: int, most: int, settings: Settings) -> Load:
    """The load at the beginning of the next period, with the units that follow from this one."""
    stands = settings.detect_calls_per_unit_second
    units = load.units
    if stands is not None:
        a_second = load.calls / settings.scaling_period_seconds
        units = min(most, max(least, math.ceil(a_second / stands)))
    return Load(due_at(load, settings), units)


def idle_from(load: Load, now: float, settings: Settings) -> Load:
    """The load as it is once periods without a call have passed at the minimum: nothing changes in them."""
    passed = max(0, int((now - load.since) // settings.scaling_period_seconds))
    return Load(load.since + passed * settings.scaling_period_seconds, load.units)
