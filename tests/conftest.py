"""In which order the end-to-end tests run: those that take longest first."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of two minutes that begins last would be waited for alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
