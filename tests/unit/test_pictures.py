"""The drawn pictures of the documentation: nothing is cut off, and nothing lies over a caption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).parents[2] / "docs"
CHARACTER_WIDTH = 0.57
"""Of a wide font, as a share of its size."""


class Box(NamedTuple):
    """A rectangle, and what it shows."""

    left: float
    top: float
    right: float
    bottom: float
    shows: str

    def meets(self, other: Box) -> bool:
        """Whether they overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def elements(path: Path, tag: str) -> Iterator[tuple[ElementTree.Element, dict[str, str]]]:
    """The elements of a kind, with all attributes that they have or inherit."""

    def walk(
        element: ElementTree.Element, inherited: dict[str, str]
    ) -> Iterator[tuple[ElementTree.Element, dict[str, str]]]:
        attributes = inherited | element.attrib
        if element.tag.endswith(f"}}{tag}"):
            yield element, attributes
        for child in element:
            if not child.tag.endswith("}defs"):
                yield from walk(child, attributes)

    yield from walk(ElementTree.parse(path).getroot(), {})  # noqa: S314 - our own picture


def captions(path: Path) -> list[Box]:
    """Where the texts are, as far as that can be told without a font."""
    found = []
    for element, attributes in elements(path, "text"):
        size, text = float(attributes["font-size"]), element.text or ""
        width = size * CHARACTER_WIDTH * len(text) * (1.1 if attributes.get("font-weight") == "bold" else 1)
        shift = {"middle": 0.5, "end": 1.0}.get(attributes.get("text-anchor", "start"), 0.0)
        left, base = float(attributes["x"]) - shift * width, float(attributes["y"])
        found.append(Box(left, base - 0.75 * size, left + width, base + 0.2 * size, text))
    return found


def straight_lines(path: Path) -> list[Box]:
    """The lines that go up and down or sideways; the arrows between the boxes are of these too."""
    found = []
    for _, attributes in elements(path, "path"):
        if match := re.fullmatch(r"M(\S+) (\S+)([VH])(\S+)", attributes["d"]):
            x, y, end = float(match[1]), float(match[2]), float(match[4])
            other = (x, end) if match[3] == "V" else (end, y)
            left, right, top, bottom = (*sorted((x, other[0])), *sorted((y, other[1])))
            found.append(Box(left - 1, top - 1, right + 1, bottom + 1, attributes["d"]))
    return found


@pytest.mark.parametrize("name", ["how-it-works.svg"])
def test_every_caption_can_be_read(name: str) -> None:
    """Inside the frame, and crossed by no line and no other caption."""
    frame = ElementTree.parse(DOCS / name).getroot().attrib  # noqa: S314 - our own picture
    told = captions(DOCS / name)
    lines = straight_lines(DOCS / name)
    assert len(told) > 20
    assert lines
    for box in told:
        assert box.left >= 0, box
        assert box.right <= float(frame["width"]), box
        assert [line.shows for line in lines if line.meets(box)] == [], box
    assert [(a.shows, b.shows) for a, b in combinations(told, 2) if a.meets(b)] == []


def test_it_shows_money_and_a_failure() -> None:
    """What a reader wants to know first: from when to when a model is billed, and what a failure leaves."""
    words = " ".join(box.shows for box in captions(DOCS / "how-it-works.svg"))
    wanted = ("billed from here, about 4 USD", "billed to here", "the deployment fails, with the reason")
    assert [phrase for phrase in wanted if phrase not in words] == []
