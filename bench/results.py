"""From the deployments of a run to the figures of each way, as they stand in the JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench import templates
from bench.figures import summary
from bench.observations import Phase
from bench.prices import list_price

AT_MEMORY_SIZE = "event to StartProjectVersion at the memory size, seconds"
"""The name of what ``bench.to_start`` measures."""


def of_rounds(creates: Sequence[Phase], deletes: Sequence[Phase]) -> dict[str, Any]:
    """What the rounds have shown of one way."""
    return {
        "RUNNING to CREATE_COMPLETE, seconds": summary([p.lag_seconds for p in creates]).as_dict(),
        "STOPPED to DELETE_COMPLETE, seconds": summary([p.lag_seconds for p in deletes]).as_dict(),
        "event to StartProjectVersion, seconds": summary([p.to_call_seconds for p in creates]).as_dict(),
        "event to StopProjectVersion, seconds": summary([p.to_call_seconds for p in deletes]).as_dict(),
        "create": _middle(creates),
        "delete": _middle(deletes),
    }


def _middle(phases: Sequence[Phase]) -> dict[str, Any]:
    """The medians of what was used: that of a model in the middle of the rounds' times."""
    names = sorted({name for phase in phases for name in phase.calls})
    usages = [asdict(phase.usage) for phase in phases]
    return {
        "Rekognition calls": {
            name: statistics.median(p.calls.get(name, 0) for p in phases) for name in names
        },
        "usage": {key: round(statistics.median(usage[key] for usage in usages), 4) for key in usages[0]},
        "list price, USD": round(statistics.median(list_price(p.usage).total for p in phases), 8),
    }


def of_one(phase: Phase) -> dict[str, Any]:
    """What a single create has used."""
    price = list_price(phase.usage)
    return {
        "Rekognition calls": phase.calls,
        "usage": {key: round(value, 4) for key, value in asdict(phase.usage).items()},
        "list price by service, USD": {key: round(value, 8) for key, value in asdict(price).items()},
        "list price, USD": round(price.total, 8),
    }


def of_template(one: Mapping[str, Any], two: Mapping[str, Any], asset_bytes: int) -> dict[str, Any]:
    """What the templates with one model and with two say."""
    return {
        "resources": templates.resource_count(one),
        "resources of a further model": templates.resource_count(two) - templates.resource_count(one),
        "functions": len(templates.functions(one)),
        "template bytes": templates.template_bytes(one),
        "asset bytes": asset_bytes,
        "actions allowed": sorted(templates.allowed_actions(one)),
        "wildcards": templates.wildcards(one),
        "managed policies": templates.managed_policies(one),
    }


def total_calls(figures: Mapping[str, Any]) -> float:
    """All Rekognition calls of a create or a delete."""
    return float(sum(figures["Rekognition calls"].values()))


def seconds_between_looks(start_seconds: float, figures: Mapping[str, Any]) -> float | None:
    """How far apart a create's looks at the model were on average; None if it never looked.

    Half of it is the lag to be expected: the end of a start lies anywhere between two looks.
    """
    looks = figures["Rekognition calls"].get("DescribeProjectVersions", 0)
    return start_seconds / looks if looks else None


def what_is_left(left: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What deletions have left: the most of each kind, and every status that a model was left in."""
    found: dict[str, Any] = {"model": sorted({entry["model"] for entry in left})}
    for name in left[0]:
        if name != "model":
            found[name] = max(entry[name] for entry in left)
    return found
