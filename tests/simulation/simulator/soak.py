"""``python -m simulator.soak --seeds 1000000``: a long run that can be stopped, killed and taken up again.

What is lost is what was played since the file was last written, a second or so, and the chunks under way.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.draw import WIDE
from simulator.fast_seam import new_handler
from simulator.fleet import play_on_all_cores
from simulator.history import HandlerFactory
from simulator.progress import Progress, fingerprint, load, replace_file
from simulator.report import as_data, as_page

SAVE_SECONDS: Final = 1.0
TELL_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Soak:
    """What is to be played, and where its files are."""

    seeds: int
    first: int = 1
    directory: Path = Path("build/soak")
    processes: int = os.cpu_count() or 1
    wide: bool = WIDE
    """As in ``draw``."""
    janitor: bool = False
    """As in ``draw``."""
    guards: bool = False
    """As in ``draw``."""

    @property
    def file(self) -> Path:
        """How far it has come."""
        return self.directory / "progress.json"

    @property
    def code(self) -> str:
        """What has to be the same for a run to be taken up again."""
        return fingerprint() + "".join(f"-{name}" for name, is_on in self.drawn.items() if is_on)

    @property
    def drawn(self) -> dict[str, bool]:
        """What the plans are drawn with."""
        return {"wide": self.wide, "janitor": self.janitor, "guards": self.guards}


def soak(run: Soak, handler: HandlerFactory = new_handler) -> int:
    """Play what is left, write the summary; 1 if anything was violated."""
    progress = _take_up(run)
    teller = _Teller(run.seeds, progress.tally.histories)
    saved = 0.0
    try:
        for seeds, counted in play_on_all_cores(
            progress.missing(run.seeds), run.processes, handler, **run.drawn
        ):
            progress.add(seeds, counted)
            for seed, texts in counted.violations.items():
                print(f"seed {seed}: " + "; ".join(texts), flush=True)
            if time.monotonic() - saved >= SAVE_SECONDS:
                progress.save(run.file)
                saved = time.monotonic()
            teller.tell(progress)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", flush=True)
        return 130
    finally:
        progress.save(run.file)
    return _finish(run, progress)


def _take_up(run: Soak) -> Progress:
    """Go on where the last run stopped, unless it played other code or began elsewhere."""
    code, former = run.code, load(run.file)
    if former is None:
        return Progress(code, run.first)
    if former.code != code or former.first != run.first:
        why = "the code has changed" if former.code != code else f"it began with seed {former.first}"
        print(f"begins afresh, not after the {former.tally.histories} histories of {run.file}: {why}")
        return Progress(code, run.first)
    if any(stop > run.first + run.seeds for _, stop in former.done):
        print(f"begins afresh: {run.file} holds more than {run.seeds} histories")
        return Progress(code, run.first)
    print(f"goes on after {former.tally.histories} histories of {run.file}", flush=True)
    return former


def _finish(run: Soak, progress: Progress) -> int:
    data = as_data(progress, run.seeds)
    replace_file(run.directory / "summary.json", json.dumps(data, indent=2) + "\n")
    replace_file(run.directory / "summary.md", as_page(data))
    print(
        f"{data['histories']} histories from seed {run.first}, {data['violating_seeds']} with violations, "
        f"{data['excused']} with a leak that a condition excuses, "
        f"{data['histories_a_second_and_core']:.0f} a second and core; {run.directory}/summary.md"
    )
    return 1 if data["violating_seeds"] else 0


class _Teller:
    """Says how far it is, now and then."""

    def __init__(self, seeds: int, before: int) -> None:
        self._seeds = seeds
        self._before = before
        self._began = self._told = time.monotonic()

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told < TELL_SECONDS:
            return
        self._told = now
        done = progress.tally.histories
        rate = (done - self._before) / (now - self._began)
        left = (self._seeds - done) / rate
        print(
            f"{done}/{self._seeds} histories, {rate:.0f} a second, {len(progress.tally.violations)} with "
            f"violations, {left / 60:.0f} min left",
            flush=True,
        )


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000_000, help="how many histories")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, default=Soak.directory)
    parser.add_argument("--processes", type=int, default=Soak.processes)
    parser.add_argument(
        "--wide", action=argparse.BooleanOptionalAction, default=WIDE, help="see simulator.draw"
    )
    parser.add_argument("--janitor", action="store_true", help="in an account with a janitor")
    parser.add_argument("--guards", action="store_true", help="with guards, and sweeps that look after them")
    chosen = parser.parse_args()
    return soak(
        Soak(
            chosen.seeds,
            chosen.first_seed,
            chosen.directory,
            chosen.processes,
            chosen.wide,
            chosen.janitor,
            chosen.guards,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
