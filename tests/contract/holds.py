"""Which line of the contract a test is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


def holds(*keys: str) -> Callable[[Test], Test]:
    """Names the lines, by their keys in ``lines``; test_table reads it in the source."""
    if not keys:
        raise ValueError("holds() needs the key of a line")
    return lambda test: test
