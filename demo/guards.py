"""``make demo-guards``: a day of three guarded models on the embedded AWS, through the real CDK CLI.

Exit status 0 only if every step was as promised; 130 after ctrl-C.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from demo.day import SETTINGS, ZONE, Day
from demo.marks import marks_of
from demo.showing import show, show_timeline
from local_aws import EmbeddedAws
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


def main() -> int:
    """The exit status."""
    console = Console(highlight=False)

    def play() -> None:
        with EmbeddedAws(rekognition=SETTINGS, movable_time=True) as aws:
            console.print(_INTRODUCTION, soft_wrap=True)
            day = Day(aws, console, FOLDER)
            day.run()
            show_timeline(console, timeline(aws, day), FOLDER, "A day of three guarded models")

    return show(console, FOLDER, play)


if __name__ == "__main__":
    sys.exit(main())
