"""Dataclasses whose fields can be changed at run time and are checked at every change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import Any

Rule = Callable[[object], str | None]
"""None if the value is allowed, else what is: "must be …"."""


NUMBER_MAX = 1e9
"""Seconds: thirty years. What is greater than all that a clock or a wait can take."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def number(
    default: float | None, *, least: float = 0, most: float | None = None, optional: bool = False
) -> Any:
    """A number within bounds, never more than a thousand million; ``optional`` also takes None."""

    def rule(value: object) -> str | None:
        upper = NUMBER_MAX if most is None else most
        fits = _is_number(value) and least <= value <= upper  # type: ignore[operator]
        if fits or (optional and value is None):
            return None
        return f"must be a number of at least {least:g} and at most {upper:g}" + (
            " or None" if optional else ""
        )

    return field(default=default, metadata={"rule": rule})


def count(default: int | None, *, least: int = 0, optional: bool = False) -> Any:
    """An integer of at least ``least``; ``optional`` also takes None."""

    def rule(value: object) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= least
        if fits or (optional and value is None):
            return None
        return f"must be an integer of at least {least}" + (" or None" if optional else "")

    return field(default=default, metadata={"rule": rule})


def choice(default: str, *allowed: str) -> Any:
    """One of some words, the default among them."""

    def rule(value: object) -> str | None:
        return None if value in allowed else f"must be one of {', '.join(allowed)}"

    return field(default=default, metadata={"rule": rule})


def flag(default: bool) -> Any:
    """True or False."""

    def rule(value: object) -> str | None:
        return None if isinstance(value, bool) else "must be true or false"

    return field(default=default, metadata={"rule": rule})


def words(*default: str) -> Any:
    """Several words; a list from JSON becomes a tuple."""

    def rule(value: object) -> str | None:
        fits = isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)
        return None if fits else "must be a list of strings"

    return field(default=tuple(default), metadata={"rule": rule})


def probability() -> Any:
    """A chance from 0 to 1 for every operation, or a mapping from operation to chance; default 0."""

    def chance(value: object) -> bool:
        return _is_number(value) and 0 <= value <= 1  # type: ignore[operator]

    def rule(value: object) -> str | None:
        fits = all(map(chance, value.values())) if isinstance(value, Mapping) else chance(value)
        return None if fits else "must be a probability from 0 to 1, or one for each operation"

    return field(default=0.0, metadata={"rule": rule})


class Checked:
    """Base of dataclasses made of the fields above: every assignment is checked by the field's rule."""

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_"):
            definition = type(self).__dataclass_fields__.get(name)  # type: ignore[attr-defined]
            if definition is None:
                raise AttributeError(f"{type(self).__name__} has no {name}")
            problem = definition.metadata["rule"](value) if "rule" in definition.metadata else None
            if problem:
                raise ValueError(f"{name} {problem}, got {value!r}")
            if isinstance(value, list):
                value = tuple(value)
        super().__setattr__(name, value)

    def update(self, values: Mapping[str, object]) -> None:
        """Change several fields, or none: raises ValueError or AttributeError before any change."""
        trial = type(self)()
        for name, value in values.items():
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} has no {name}")
            setattr(trial, name, value)
        for name in values:
            setattr(self, name, getattr(trial, name))

    def as_dict(self) -> dict[str, Any]:
        """Every field as JSON takes it."""
        found = {item.name: getattr(self, item.name) for item in fields(self) if item.init}  # type: ignore[arg-type]
        return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}
