"""Records whose fields are checked when they are made and at every change, by attrs: see ``Checked``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

import attrs

from local_aws.errors import WrongValueError

NUMBER_MAX: Final = 1e9
"""Seconds: thirty years. What is greater than all that a clock or a wait can take."""


def _checked_field(default: object, fits: Callable[[Any], bool], words: str, *, optional: bool) -> Any:
    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not (optional and value is None) and not fits(value):
            wanted = f"{words} or None" if optional else words
            raise WrongValueError(f"{attribute.name} must be {wanted}, got {value!r}")

    def from_json(value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    return attrs.field(default=default, validator=check, converter=from_json)


def number(
    default: float | None, *, least: float = 0, most: float = NUMBER_MAX, optional: bool = False
) -> Any:
    """A number within bounds, never more than a thousand million; ``optional`` also takes None."""
    words = f"a number of at least {least:g} and at most {most:g}"
    return _checked_field(
        default, lambda value: _is_number(value) and least <= value <= most, words, optional=optional
    )


def count(default: int | None, *, least: int = 0, most: int = int(NUMBER_MAX), optional: bool = False) -> Any:
    """A whole number within bounds; ``optional`` also takes None."""
    words = f"a whole number of at least {least} and at most {most}"
    return _checked_field(
        default,
        lambda value: _is_number(value) and isinstance(value, int) and least <= value <= most,
        words,
        optional=optional,
    )


def choice(default: str, *allowed: str) -> Any:
    """One of some words, the default among them."""
    return _checked_field(default, allowed.__contains__, f"one of {', '.join(allowed)}", optional=False)


def one_of(kind: Any, default: str) -> Any:
    """The same of the words of a ``Literal``."""
    return choice(default, *get_args(kind))


def flag(default: bool) -> Any:
    """True or False."""
    return _checked_field(default, lambda value: isinstance(value, bool), "true or false", optional=False)


def text(default: object = attrs.NOTHING) -> Any:
    """A text; without a default one that has to be given, and is not empty."""
    needed = default is attrs.NOTHING
    return _checked_field(
        default,
        lambda value: isinstance(value, str) and bool(value or not needed),
        "a text that is not empty" if needed else "a text",
        optional=False,
    )


def words(*default: str) -> Any:
    """Several words; a list from JSON becomes a tuple."""

    def fits(value: object) -> bool:
        return isinstance(value, tuple) and all(isinstance(word, str) for word in value)

    return _checked_field(tuple(default), fits, "a list of strings", optional=False)


def probability() -> Any:
    """A chance from 0 to 1 for every operation, or a mapping from operation to chance; default 0."""

    def chance(value: Any) -> bool:
        return _is_number(value) and 0 <= value <= 1

    def fits(value: Any) -> bool:
        return all(map(chance, value.values())) if isinstance(value, Mapping) else chance(value)

    return _checked_field(0.0, fits, "a probability from 0 to 1, or one for each operation", optional=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Checked:
    """Base of ``attrs.define`` classes made of the fields above. Raises WrongValueError, and for a name that
    it does not have AttributeError, at every assignment.
    """

    __slots__ = ()

    def update(self, values: Mapping[str, object]) -> None:
        """Change several fields, or none. Raises WrongValueError for a name or a value that is none."""
        known = self.as_dict()
        for name in values:
            if name not in known:
                raise WrongValueError(f"unknown: {name!r}; there are {', '.join(sorted(known))}")
        changed: Any = type(self)(**{**known, **values})
        for name in values:
            setattr(self, name, getattr(changed, name))

    def as_dict(self) -> dict[str, Any]:
        """Every field as JSON takes it."""
        return attrs.asdict(self, filter=lambda field, _: field.init)  # type: ignore[arg-type]
