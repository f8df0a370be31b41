"""Calls a function with what a JSON document holds, once each value is of the kind that the function says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


def call_with(function: Callable[..., Any], document: Mapping[str, Any]) -> Any:
    """The function's result. Raises ValueError for a member that it does not take, that is missing, or that
    is of another kind: the hints of the function say which one it has to be."""
    hints = get_type_hints(function)
    known = inspect.signature(function).parameters
    for name, value in document.items():
        if name not in known:
            raise ValueError(f"{name} is none of {', '.join(known)}")
        if not _fits(value, hints[name]):
            raise ValueError(f"{name} must be {_words(hints[name])}, got {value!r}")
    needed = [name for name, one in known.items() if one.default is inspect.Parameter.empty]
    if missing := [name for name in needed if name not in document]:
        raise ValueError(f"missing: {', '.join(missing)}")
    return function(**document)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(one, arguments[1]) for one in value.values())
    if origin is Sequence:
        return isinstance(value, list) and all(_fits(one, arguments[0]) for one in value)
    if hint is float:
        # As JSON has one kind of number; infinite and not a number it has none.
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e9
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1e9
    return isinstance(value, hint)


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


def _words(hint: Any) -> str:
    if isinstance(hint, UnionType):
        return " or ".join(_words(one) for one in get_args(hint))
    if get_origin(hint) is Mapping:
        return "an object of texts"
    if get_origin(hint) is Sequence:
        return "a list of texts"
    return _NAMES.get(hint, str(hint))
