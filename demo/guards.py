"""``make demo-guards``: a day of three guarded models on the embedded AWS, through the real CDK CLI.

Exit status 0 only if every step was as promised; 130 after ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

from demo.commands import DemoFailed
from demo.day import SETTINGS, ZONE, Day
from demo.marks import marks_of
from local_aws import EmbeddedAws
from local_aws.ending import write
from local_aws.timeline import SECOND_FOR_SECOND, Band, Timeline, build

FOLDER = Path(os.environ.get("DEMO_FOLDER", "build/demo-guards"))
_INTRODUCTION = """\
The clock of this AWS is moved: the time between two of its hours below is skipped, and the schedules that
were due meanwhile run once. A model starts in five minutes. All times are those of Berlin."""


def timeline(aws: EmbeddedAws, day: Day) -> Timeline:
    """What happened, by the clocks in Berlin."""
    begin, end = day.steps[0].begin - 600, aws.now()
    steps = [replace(step, begin=step.begin - begin, end=step.end - begin) for step in day.steps]
    arns = list(day.models.values())
    found = build(
        aws.rekognition.journal.entries,
        {arn: name for name, arn in day.models.items()},
        steps,
        begin,
        end,
        minutes_per_second=SECOND_FOR_SECOND,
    )
    midnight = datetime.fromtimestamp(begin, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    clock = begin - midnight.timestamp()
    started = next(call for call in aws.rekognition.journal.calls("StartProjectVersion"))
    bands = (
        Band(arns.index(day.models["OfficeHours"]), 7 * 3600 - clock, 19 * 3600 - clock, "running hours"),
        Band(
            arns.index(day.models["Preview"]),
            started.at - begin,
            min(started.at - begin + 8 * 3600, end - begin),
            "stop_after, 8 hours",
        ),
    )
    return replace(found, bands=bands, marks=tuple(marks_of(aws, day.told, arns, steps, begin)), clock=clock)


def _interrupt(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """The exit status."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    FOLDER.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    try:
        with EmbeddedAws(rekognition=SETTINGS, movable_time=True) as aws:
            console.print(_INTRODUCTION, soft_wrap=True)
            day = Day(aws, console, FOLDER)
            day.run()
            console.print()
            for line in write(timeline(aws, day), FOLDER, "A day of three guarded models"):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            console.print(
                f"\n  picture: {FOLDER / 'timeline.svg'}   output of the CDK CLI: {FOLDER / 'cdk.log'}"
            )
    except KeyboardInterrupt:
        console.print("\ninterrupted; nothing is left running")
        return 130
    except DemoFailed as error:
        console.print(f"\n[red]{error}[/red]")
        return 1
    console.print(f"  every promise kept, in {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
