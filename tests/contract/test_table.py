"""The contract is whole: each line has its tests, each test its lines, and the page is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lines import Line, page, read_lines

LINES = read_lines()
TESTS = Path(__file__).parents[1]
HERE = [path for path in TESTS.glob("contract/test_*.py") if path.name != "test_table.py"]
NAMED = {
    key
    for path in HERE
    for call in re.findall(r"^@holds\((.*)\)$", path.read_text(), re.MULTILINE)
    for key in re.findall(r'"([^"]+)"', call)
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.key)
def test_each_line_stands_as_it_says(line: Line) -> None:
    """It has a test here or elsewhere, or says why not; a switch and a single world are explained."""
    if line.where == "not represented":
        assert line.note
        assert line.key not in NAMED
        return
    if line.where != "both":
        assert line.note
    assert line.key in NAMED or line.proof, "no test checks it"
    for proof in line.proof:
        path, _, name = proof.partition("::")
        text = (TESTS / path).read_text()
        assert not name or f"def {name}(" in text, f"there is no {proof}"


def test_keys_are_unique_and_known() -> None:
    """No test is for a line that is not there."""
    keys = [line.key for line in LINES]
    assert len(keys) == len(set(keys))
    assert set(keys) >= NAMED


def test_the_page_is_what_the_table_says() -> None:
    """docs/contract.md was written anew after the last change."""
    written = (TESTS.parent / "docs/contract.md").read_text().splitlines()
    assert written == list(page()), "run python tests/contract/lines.py > docs/contract.md"
