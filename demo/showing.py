"""How a demo is shown: its promises, its picture, and the status that it ends with."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from rich.console import Console

from demo.commands import DemoFailed
from local_aws.ending import write
from local_aws.timeline import Timeline


def show(console: Console, folder: Path, demo: Callable[[], None]) -> int:
    """Play a demo; the exit status: 0 if every promise was kept, 1 if one was not, 130 after ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    try:
        demo()
    except KeyboardInterrupt:
        console.print("\ninterrupted; nothing is left running")
        return 130
    except DemoFailed as error:
        console.print(f"\n[red]{error}[/red]")
        return 1
    console.print(f"  every promise kept, in {time.monotonic() - begin:.0f} s")
    return 0


def promise(console: Console, kept: bool, what: str) -> None:
    """Say what was promised and kept; raises ``DemoFailed`` if it was not."""
    if not kept:
        raise DemoFailed(f"not as promised: {what}")
    console.print(f"  [green]✓[/green] {what}")


def show_timeline(console: Console, timeline: Timeline, folder: Path, *title: str) -> None:
    """The timeline as text, and where its picture is; ``title`` where it is not that of one model's life."""
    console.print()
    for line in write(timeline, folder, *title):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(f"\n  picture: {folder / 'timeline.svg'}   output of the CDK CLI: {folder / 'cdk.log'}")


def _interrupt(_sign: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
