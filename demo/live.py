"""What a person sees while waiting: what each model does, since when, and what is expected."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

EXPECTED = {
    "STARTING": "RUNNING after about {start:.0f} s here (5 to 30 minutes on AWS)",
    "STOPPING": "STOPPED after about {stop:.0f} s here",
    "RUNNING": "answers DetectCustomLabels, and bills",
}
_COLOURS = {"STARTING": "yellow", "RUNNING": "green", "STOPPING": "magenta", "FAILED": "red"}
_LOOK_SECONDS = 0.25


class Watch:
    """Shows the models from a thread of its own: a table on a terminal, a line for each change elsewhere."""

    def __init__(
        self,
        console: Console,
        names: dict[str, str],
        status: Callable[[str], str],
        stack: Callable[[], str],
        *,
        start_seconds: float,
        stop_seconds: float,
    ) -> None:
        self._console = console
        self._names = names
        self._status = status
        self._stack = stack
        self._times = {"start": start_seconds, "stop": stop_seconds}
        self._since: dict[str, tuple[str, float]] = {}
        self._begin = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="watch")
        self._live = (
            Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        )
        self._step = ""
        self._shown_stack = ""

    def __enter__(self) -> Watch:
        if self._live is not None:
            self._live.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        if self._live is not None:
            self._live.stop()

    def step(self, title: str) -> None:
        """A new step begins."""
        self._step = title
        self._console.print(f"[bold]▸ {title}[/bold]")

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            changed = self._look()
            if self._live is not None:
                self._live.update(self._table(), refresh=True)
            else:
                for line in changed:
                    self._console.print(f"    {time.monotonic() - self._begin:6.1f} s  {line}")

    def _look(self) -> list[str]:
        changed, now = [], time.monotonic()
        for arn, name in self._names.items():
            status = self._status(arn)
            known, since = self._since.get(arn, ("", now))
            if status != known:
                told = f" after {now - since:.1f} s of {known}" if known else ""
                changed.append(f"{name}: {status}{told}")
                self._since[arn] = (status, now)
        stack = self._stack()
        if stack != self._shown_stack:
            self._shown_stack = stack
            changed.append(f"CloudFormation: {stack}")
        return changed

    def _table(self) -> Table:
        table = Table(title=f"{self._step}  ({time.monotonic() - self._begin:.0f} s)", title_justify="left")
        for column in ("", "status", "for", "what to expect"):
            table.add_column(column)
        for arn, name in self._names.items():
            status, since = self._since.get(arn, ("", time.monotonic()))
            colour = _COLOURS.get(status, "white")
            expected = EXPECTED.get(status, "bills nothing").format(**self._times)
            table.add_row(
                name, f"[{colour}]{status}[/{colour}]", f"{time.monotonic() - since:.0f} s", expected
            )
        table.add_row("CloudFormation", self._shown_stack, "", "")
        return table
