"""How far a soak has come, kept in a file that a crash leaves whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.tally import Tally

_ROOT = Path(__file__).parents[3]
FOLDERS: Final = (
    _ROOT / "lambda" / "running_model_handler",
    _ROOT / "local_aws" / "platform",
    Path(__file__).parent,
)
"""All that decides what happens in a history."""


def fingerprint() -> str:
    """A digest of the sources of the handler, of the simulator, and of what AWS is."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*.py")):
            digest.update(f"{file.relative_to(_ROOT)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class Progress:
    """Which seeds were played by which code, and what was counted."""

    code: str
    first: int
    done: list[tuple[int, int]] = field(default_factory=list)
    """First seeds and ends of what was played, sorted, apart from each other."""
    tally: Tally = field(default_factory=Tally)

    def add(self, seeds: range, counted: Tally) -> None:
        """Note what was played."""
        self.tally.add(counted)
        self.done = list(_joined([*self.done, (seeds.start, seeds.stop)]))

    def missing(self, count: int) -> Iterator[range]:
        """What is left of so many seeds."""
        at, end = self.first, self.first + count
        for first, stop in self.done:
            if at < min(first, end):
                yield range(at, min(first, end))
            at = max(at, stop)
        if at < end:
            yield range(at, end)

    def save(self, file: Path) -> None:
        """Write it so that at every instant the file is whole: the former one or this one."""
        data = {
            "code": self.code,
            "first": self.first,
            "done": self.done,
            "tally": self.tally.to_data(),
        }
        replace_file(file, json.dumps(data))


def load(file: Path) -> Progress | None:
    """What was saved; None if nothing was."""
    if not file.exists():
        return None
    data = json.loads(file.read_text())
    done = [(first, stop) for first, stop in data["done"]]
    return Progress(data["code"], data["first"], done, Tally.from_data(data["tally"]))


def replace_file(file: Path, text: str) -> None:
    """Write a whole file or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    with new.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    end = 0
    for first, stop in sorted(ranges):
        if begin is not None and first <= end:
            end = max(end, stop)
            continue
        if begin is not None:
            yield begin, end
        begin, end = first, stop
    if begin is not None:
        yield begin, end
