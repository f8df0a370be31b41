"""What the host writes down for the process that started it: see ``local_aws.journal`` for the meaning of the
fields.

Written from the event loop and from the threads that run functions, read from the event loop. Memory holds
the newest entries, the others lie in a file (``local_aws.spill``); an entry that was moved there may still
change, as a run may last for 15 minutes and an answer come after two hours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol, TypeVar

from local_aws.spill import NEWEST, Spill

PAGE_MAX: Final = 1000
"""Entries in one answer."""


@dataclass
class RequestEntry:
    """One request to a custom resource."""

    request_id: str
    request_type: str
    stack_id: str
    logical_id: str
    resource_type: str
    physical_id: str | None
    properties: dict[str, Any]
    old_properties: dict[str, Any] | None
    function: str
    hand_made: bool
    sent_at: float
    ended_at: float | None = None
    outcome: str = "waiting"
    answers: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0
    """Position among the requests, from 1."""


@dataclass
class InvocationEntry:
    """One run of a function, or an event that was dropped."""

    invocation_id: str
    function: str
    kind: str
    attempt: dict[str, int]
    started_at: float
    cloudformation_request_id: str | None
    ended_at: float | None = None
    outcome: str = "running"
    detail: str = ""
    number: int = 0
    """Position among the invocations, from 1."""


@dataclass
class ApiCallEntry:
    """One call of an AWS API by a role or a user."""

    at: float
    principal: str
    action: str
    resource: str
    allowed: bool
    condition_keys: dict[str, Any]
    number: int = 0
    """Position among the calls, from 1."""


class _Numbered(Protocol):
    number: int


E = TypeVar("E", bound=_Numbered)


class Recorder:
    """Everything written down since the start."""

    def __init__(self, newest: int = NEWEST) -> None:
        """``newest``: how many entries of each kind memory holds at least; up to twice as many."""
        self._lock = threading.Lock()
        self._requests = _kept(RequestEntry, lambda entry: entry.request_id, newest)
        self._invocations = _kept(InvocationEntry, lambda entry: entry.invocation_id, newest)
        self._api_calls = _kept(ApiCallEntry, lambda entry: entry.action, newest)

    def add_request(self, entry: RequestEntry) -> None:
        """A request was sent."""
        self._add(self._requests, entry)

    def add_answer(self, entry: RequestEntry, answer: dict[str, Any]) -> None:
        """Something was put to the ResponseURL of a request."""
        with self._lock:
            entry.answers.append(answer)
            self._requests.rewrite(entry.number, entry)

    def end_request(self, entry: RequestEntry, outcome: str) -> None:
        """CloudFormation waits no longer. Only the first end counts."""
        with self._lock:
            if entry.ended_at is None:
                entry.ended_at, entry.outcome = time.time(), outcome
                self._requests.rewrite(entry.number, entry)

    def add_invocation(self, entry: InvocationEntry) -> None:
        """A function starts to run, or an event was dropped."""
        self._add(self._invocations, entry)

    def end_invocation(self, entry: InvocationEntry, outcome: str, detail: str = "") -> None:
        """The run is over."""
        with self._lock:
            entry.ended_at, entry.outcome, entry.detail = time.time(), outcome, detail
            self._invocations.rewrite(entry.number, entry)

    def add_api_call(
        self, principal: str, action: str, resource: str, allowed: bool, condition_keys: Mapping[str, Any]
    ) -> None:
        """A role or a user called an AWS API."""
        entry = ApiCallEntry(time.time(), principal, action, resource, allowed, dict(condition_keys))
        self._add(self._api_calls, entry)

    def _add(self, entries: Spill[E], entry: E) -> None:
        with self._lock:
            entry.number = len(entries) + 1
            entries.append(entry)

    def request(self, request_id: str) -> dict[str, Any] | None:
        """One request, None if there is none of that id."""
        with self._lock:
            found = self._requests.select(kind=RequestEntry.__name__, subject=request_id, limit=1)
            return _document(found[0]) if found else None

    def requests(self, since: int = 0) -> dict[str, Any]:
        """Requests after number ``since``, oldest first, at most ``PAGE_MAX``, and whether there are more."""
        return self._page(self._requests, since)

    def invocations(self, since: int = 0) -> dict[str, Any]:
        """Runs after number ``since``, likewise."""
        return self._page(self._invocations, since)

    def api_calls(self, since: int = 0) -> dict[str, Any]:
        """API calls after number ``since``, likewise."""
        return self._page(self._api_calls, since)

    @property
    def in_memory(self) -> int:
        """How many entries memory holds."""
        return sum(entries.in_memory for entries in (self._requests, self._invocations, self._api_calls))

    def _page(self, entries: Spill[Any], since: int) -> dict[str, Any]:
        with self._lock:
            found = [_document(entry) for entry in entries.select(since=since, limit=PAGE_MAX)]
            return {"entries": found, "more": since + len(found) < len(entries)}


def _kept(kind: Callable[..., E], subject: Callable[[E], str], newest: int) -> Spill[E]:
    name = getattr(kind, "__name__", "")
    return Spill(
        lambda entry: (name, "", subject(entry)), _document, lambda found: kind(**found), newest=newest
    )


def _document(entry: Any) -> dict[str, Any]:
    """An entry as the process that started the host reads it: it counts for itself."""
    return {name: value for name, value in asdict(entry).items() if name != "number"}
