"""How the story calls things, and what it tells of answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from running_model_handler.core.names import Tag
from simulator.plan import ModelPlan
from simulator.rekognition import Look


@lru_cache(maxsize=1024)
def called(action: str, resource: str) -> str:
    """A call."""
    return f"{action} {short(resource)}"


def short(resource: str | None) -> str:
    """An ARN without what all of them have in common."""
    text = resource or ""
    return text.split("/version/")[1].split("/")[0] if "/version/" in text else text.rpartition(":")[2][:60]


def units_of(properties: Mapping[str, str]) -> str:
    """The units that properties declare."""
    return f"{properties['MinInferenceUnits']}-{properties.get('MaxInferenceUnits', '')} units".replace(
        "- ", " "
    )


def accepted(_: object) -> str:
    """What is told of a call without an answer."""
    return "accepted"


def told_look(seen: tuple[Any, Look] | None) -> str:
    """What DescribeProjectVersions shows."""
    if seen is None:
        return "no such version"
    look = seen[1]
    return (
        f"{look.status} ({look.minimum}-{look.maximum or look.minimum})" if look.minimum else str(look.status)
    )


def told_looks(seen: list[tuple[ModelPlan, Look]]) -> str:
    """What DescribeProjectVersions shows of a whole project."""
    return ", ".join(f"{model.name} {look.status}" for model, look in seen)


def told_owner(tags: Mapping[str, str]) -> str:
    """Whose the tags are: a stack, and its resources."""
    stack = tags.get(Tag.STACK_ID, "")
    name = stack.split("/")[1] if "/" in stack else "nobody"
    holders = sorted(key.rpartition(".")[2] for key in tags if key.startswith(Tag.HOLDER))
    return f"owner {name}/{', '.join(holders)}"
