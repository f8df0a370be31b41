"""From what one embedded AWS has written down to the figures of a stack's create and delete. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.figures import Summary, summary
from local_aws.journal import CustomResourceRequest, Invocation
from local_aws.rekognition.journal import CALL, TRANSITION, Entry

CONTROL_OPERATIONS: Final = frozenset(
    {"StartProjectVersion", "StopProjectVersion", "DescribeProjectVersions", "DescribeProjects"}
)
"""What shares the quota of control calls; calls about tags have their own."""
MINUTE: Final = 60.0


@dataclass(frozen=True)
class Wanted:
    """What a request is for, in the words of the service."""

    request_type: str
    begun: str
    """The status once the service has taken the call."""
    reached: str


CREATE: Final = Wanted("Create", "STARTING", "RUNNING")
DELETE: Final = Wanted("Delete", "STOPPING", "STOPPED")


@dataclass(frozen=True)
class Seen:
    """What happened between the call for a stack and its end, of this stack and nothing else.

    ``asked_at``: CreateStack or DeleteStack. ``ended_at``: CREATE_COMPLETE or DELETE_COMPLETE.
    """

    asked_at: float
    ended_at: float
    requests: Sequence[CustomResourceRequest]
    journal: Sequence[Entry]
    invocations: Sequence[Invocation]


@dataclass(frozen=True)
class Figures:
    """A create, or a delete. Seconds count from the call for the stack, unless said otherwise."""

    models: int
    answered: int
    """Requests whose first answer was a SUCCESS that CloudFormation took."""
    events_seconds: float
    """Until CloudFormation had sent the last event."""
    first_call_seconds: float
    """Until the first call to Rekognition: before, the functions' processes were starting."""
    begun_seconds: float
    """Until the last Start, or Stop, was accepted; after a Stop nothing is billed."""
    reached_seconds: float
    """Until the last model was RUNNING, or STOPPED."""
    complete_seconds: float
    """Until the stack was complete."""
    lag: Summary
    """From RUNNING, or STOPPED, to the answer that was taken."""
    control_calls: int
    control_throttled: int
    busiest_second: int
    """Control calls, refused ones included."""
    busiest_minute: int
    tag_calls: int
    tag_throttled: int
    functions_at_once: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def figures(wanted: Wanted, seen: Seen, rate_error: str) -> Figures:
    """The figures of one create or delete.

    ``rate_error``: how the service refuses a call over its quota. Raises ValueError where a model did not
    get where it should.
    """
    own = [request for request in seen.requests if request.request_type == wanted.request_type]
    reached = _last_change(seen.journal, wanted.reached)
    begun = _last_change(seen.journal, wanted.begun)
    answers = {_arn(request): at for request in own if (at := taken_at(request)) is not None}
    missing = {_arn(request) for request in own} - (set(begun) & set(reached))
    if not own or missing:
        raise ValueError(f"never {wanted.reached}: {sorted(missing) or 'nobody was asked'}")
    calls = [entry for entry in seen.journal if entry.kind == CALL]
    control = [entry for entry in calls if entry.operation in CONTROL_OPERATIONS]
    tags = [entry for entry in calls if entry.operation not in CONTROL_OPERATIONS]

    def since(at: float) -> float:
        return round(at - seen.asked_at, 1)

    return Figures(
        models=len(own),
        answered=len(answers),
        events_seconds=since(max(request.sent_at for request in own)),
        first_call_seconds=since(min(entry.at for entry in calls)),
        begun_seconds=since(max(begun.values())),
        reached_seconds=since(max(reached.values())),
        complete_seconds=since(seen.ended_at),
        lag=summary([at - reached[arn] for arn, at in answers.items()], 1),
        control_calls=len(control),
        control_throttled=_refused(control, rate_error),
        busiest_second=most_within([entry.at for entry in control], 1.0),
        busiest_minute=most_within([entry.at for entry in control], MINUTE),
        tag_calls=len(tags),
        tag_throttled=_refused(tags, rate_error),
        functions_at_once=most_at_once((run.started_at, run.ended_at) for run in seen.invocations),
    )


def taken_at(request: CustomResourceRequest) -> float | None:
    """When CloudFormation took a SUCCESS for an answer; None for a request whose answer was missed."""
    taken = [answer.at for answer in request.answers if answer.verdict == "taken"]
    return taken[0] if taken and request.outcome == "SUCCESS" else None


def most_within(times: Iterable[float], seconds: float) -> int:
    """The most that happened in any span of so many seconds, wherever it begins."""
    ordered = sorted(times)
    return max(
        (bisect_right(ordered, at + seconds) - first for first, at in enumerate(ordered)),
        default=0,
    )


def most_at_once(spans: Iterable[tuple[float, float | None]]) -> int:
    """The most spans that cover one moment; one without an end goes on."""
    changes: list[tuple[float, int]] = []
    for begin, end in spans:
        changes.append((begin, 1))
        if end is not None:
            changes.append((end, -1))
    most = now = 0
    # Where one ends as another begins, the end comes first.
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def leftovers(found: Mapping[str, Any], statuses: Iterable[str]) -> list[str]:
    """What a deleted stack has left, in words: its own things, and models that still do something.

    The tag with the length of a start is meant to stay, so tags are not among it.
    """
    things = [f"{count} {name}" for name, count in sorted(found.items()) if count]
    return things + sorted({f"models {status}" for status in statuses if status != "STOPPED"})


def _last_change(journal: Iterable[Entry], status: str) -> dict[str, float]:
    return {e.arn: e.at for e in journal if e.kind == TRANSITION and e.detail["to"] == status}


def _arn(request: CustomResourceRequest) -> str:
    return str(request.properties["ProjectVersionArn"])


def _refused(calls: Iterable[Entry], rate_error: str) -> int:
    return sum(entry.detail["outcome"] == rate_error for entry in calls)
