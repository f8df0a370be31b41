"""The marked part of docs/growth.md that is about the embedded AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bench.many.figures import MINUTE
from bench.report import table

BEGIN: Final = "<!-- begin of what python -m bench.many writes -->"
END: Final = "<!-- end of what python -m bench.many writes -->"

Stack = Mapping[str, Any]
Row = tuple[str, Callable[[Stack, Stack], str]]
"""Its heading, and its cell: of a stack, beside the stack with one model."""


def section(found: Mapping[str, Any]) -> str:
    """Everything that a run has found."""
    stacks, times = found["stacks"], found["times"]
    return "\n\n".join(
        [
            f"A start takes {times['start']:g} s, a stop {times['stop']:g} s; all was measured in "
            f"{found['minutes']:.0f} minutes.",
            _table("create", stacks, [*_course("create", "last Start accepted", "all RUNNING"), *_CALLS]),
            _table(
                "delete",
                stacks,
                [*_course("delete", "nothing is billed any more", "all STOPPED"), *_CALLS, _LEFT],
            ),
        ]
    )


def _table(phase: str, stacks: Sequence[Stack], rows: Sequence[Row]) -> str:
    one = next(stack for stack in stacks if stack["models"] == 1)
    return table(
        [f"{phase}; models", *(str(stack["models"]) for stack in stacks)],
        [
            [name, *(cell({**stack, **stack[phase]}, {**one, **one[phase]}) for stack in stacks)]
            for name, cell in rows
        ],
    )


def _course(phase: str, begun: str, reached: str) -> list[Row]:
    """How one request of all models went on."""
    return [
        ("answered", lambda stack, _: f"{stack['answered']} of {stack['models']}"),
        ("last event sent after (s)", _seconds("events_seconds")),
        ("first call to Rekognition after (s)", _seconds("first_call_seconds")),
        (f"{begun} after (s)", _seconds("begun_seconds")),
        (f"{reached} after (s)", _seconds("reached_seconds")),
        (f"**{phase.upper()}_COMPLETE after (s)**", _seconds("complete_seconds")),
        ("**… times one model's**", lambda stack, one: f"{_complete(stack) / _complete(one):.2f}"),
        (
            "… the same, both counted from the first call",
            lambda stack, one: f"{_from_first_call(stack) / _from_first_call(one):.2f}",
        ),
        ("lag: median, p95, worst (s)", _lag),
    ]


def _seconds(name: str) -> Callable[[Stack, Stack], str]:
    return lambda stack, _: f"{stack[name]:.1f}"


def _lag(stack: Stack, _: Stack) -> str:
    lag = stack["lag"]
    return f"{lag['median']:.1f}, {lag['p95']:.1f}, {lag['worst']:.1f}"


def _complete(stack: Stack) -> float:
    return float(stack["complete_seconds"])


def _from_first_call(stack: Stack) -> float:
    return _complete(stack) - float(stack["first_call_seconds"])


def _refused(family: str) -> Callable[[Stack, Stack], str]:
    def cell(stack: Stack, _: Stack) -> str:
        refused, calls = stack[f"{family}_throttled"], stack[f"{family}_calls"]
        return f"{refused} ({refused / max(1, calls):.0%})"

    return cell


_CALLS: Final[Sequence[Row]] = (
    (
        "control calls; a model",
        lambda stack, _: f"{stack['control_calls']}; {stack['control_calls'] / stack['models']:.0f}",
    ),
    ("… in the busiest second", lambda stack, _: str(stack["busiest_second"])),
    ("… a second, in the busiest minute", lambda stack, _: f"{stack['busiest_minute'] / MINUTE:.1f}"),
    ("… throttled", _refused("control")),
    ("calls for tags", lambda stack, _: str(stack["tag_calls"])),
    ("… throttled", _refused("tag")),
    ("Lambda functions at once", lambda stack, _: str(stack["functions_at_once"])),
)
"""What it took of the quotas."""

_LEFT: Final[Row] = ("left", lambda stack, _: ", ".join(stack["left"]) or "nothing")
