"""The contract: what AWS documents, line by line (lines.toml), and the page that tells of it.

``python tests/contract/lines.py > docs/contract.md`` writes the page.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

_STANDS: Final = {
    "both": "holds in both",
    "embedded": "holds on the embedded AWS",
    "simulation": "holds in the simulation",
    "switch": "switch",
    "not represented": "not represented",
}
_HEAD: Final = """\
# What AWS documents, and how it stands here

The embedded AWS (`local_aws`) and the simulation of the tests are two worlds that the handler is tried in.
What both know stands once, in `local_aws/platform`. This page goes through what AWS documents of the services
that the construct uses, in the project's own words. `tests/contract` plays the same courses in both worlds;
`tests/contract/lines.toml` names the tests of lines that other folders check.
`python tests/contract/lines.py > docs/contract.md` writes this page.

A *switch* is something that AWS leaves open in part: it can be turned both ways, and a test turns it. Every
switch is in `local_aws/switches.py`, `local_aws/rekognition/settings.py` or
`tests/simulation/simulator/plan.py`."""


@dataclass(frozen=True)
class Line:
    """One thing that a page of AWS, or the model of an API, says; the fields are told in lines.toml."""

    key: str
    topic: str
    says: str
    source: str
    where: Literal["both", "embedded", "simulation", "switch", "not represented"]
    note: str = ""
    proof: tuple[str, ...] = ()


def read_lines() -> tuple[Line, ...]:
    """All lines, in their order. Raises TypeError for a field that is missing or unknown."""
    document = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return tuple(Line(**{**one, "proof": tuple(one.get("proof", ()))}) for one in document["line"])


def page() -> Iterator[str]:
    """The lines of docs/contract.md."""
    yield from _HEAD.splitlines()
    for topic, lines in groupby(read_lines(), key=lambda line: line.topic):
        yield from ("", f"## {topic}", "", "| Line | Says | Stands |", "|---|---|---|")
        for line in lines:
            note = f": {line.note}" if line.note else ""
            yield f"| {line.key} | {line.says} ({line.source}) | {_STANDS[line.where]}{note} |"


if __name__ == "__main__":
    print("\n".join(page()))
