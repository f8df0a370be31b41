"""In which order the tests run: those that mostly wait among those that mostly compute."""

from __future__ import annotations

import pytest

_SPREAD_OVER = 0.5
"""Of all tests: an end-to-end test that begins late would be waited for alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the end-to-end tests, which wait for models to start, evenly over the others.

    Left together they come one after the other to each process, and the cores idle.
    """
    waiting = [item for item in items if item.get_closest_marker("e2e") is not None]
    computing = [item for item in items if item.get_closest_marker("e2e") is None]
    step = len(computing) * _SPREAD_OVER / len(waiting) if waiting else 0.0
    ordered: list[pytest.Item] = []
    taken = 0
    for number, item in enumerate(waiting):
        until = int(number * step)
        ordered += [*computing[taken:until], item]
        taken = until
    items[:] = [*ordered, *computing[taken:]]
