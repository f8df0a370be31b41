"""docs/ministack.md names every correction, and places of MiniStack that are there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from local_aws.corrections import ministack

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/ministack.md").read_text()
ROWS = [row.split(" | ") for row in PAGE.splitlines() if row.count("`") >= 4 and row.startswith("| ")]
HELP_ONLY = {"__init__", "ministack"}


def test_every_correction_is_named() -> None:
    """A module of the corrections stands in one line at least, and no line names one that is not there."""
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[-1])}
    present = {path.stem for path in ROOT.glob("local_aws/corrections/*.py")} - HELP_ONLY
    assert named == present


@pytest.mark.parametrize("place", sorted({row[1].strip("`") for row in ROWS}))
def test_places_are_there(place: str) -> None:
    """Another release of MiniStack may have moved them."""
    module = place
    attributes: list[str] = []
    while True:
        try:
            found = import_module(module)
            break
        except ModuleNotFoundError:
            module, _, name = module.rpartition(".")
            attributes.insert(0, name)
    for name in attributes:
        found = getattr(found, name)
    assert found is not None


def test_the_release_is_the_one_that_is_corrected() -> None:
    """The page is for it."""
    assert f"MiniStack {ministack.RELEASE} " in PAGE
