"""What the host writes down for the process that started it: see ``local_aws.journal`` for the meaning of the
fields.

Written from the event loop and from the threads that run functions, read from the event loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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

    def end(self, outcome: str) -> None:
        """CloudFormation waits no longer. Only the first end counts."""
        if self.ended_at is None:
            self.ended_at = time.time()
            self.outcome = outcome


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

    def end(self, outcome: str, detail: str = "") -> None:
        """The run is over."""
        self.ended_at = time.time()
        self.outcome = outcome
        self.detail = detail


class Recorder:
    """Everything written down since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[str, RequestEntry] = {}
        self._invocations: list[InvocationEntry] = []
        self._api_calls: list[dict[str, Any]] = []

    def add_request(self, entry: RequestEntry) -> None:
        """A request was sent."""
        with self._lock:
            self._requests[entry.request_id] = entry

    def add_invocation(self, entry: InvocationEntry) -> None:
        """A function starts to run, or an event was dropped."""
        with self._lock:
            self._invocations.append(entry)

    def add_api_call(
        self, principal: str, action: str, resource: str, allowed: bool, condition_keys: Mapping[str, Any]
    ) -> None:
        """A role or a user called an AWS API."""
        entry = {
            "at": time.time(),
            "principal": principal,
            "action": action,
            "resource": resource,
            "allowed": allowed,
            "condition_keys": dict(condition_keys),
        }
        with self._lock:
            self._api_calls.append(entry)

    def request(self, request_id: str) -> dict[str, Any] | None:
        """One request, None if there is none of that id."""
        with self._lock:
            entry = self._requests.get(request_id)
            return asdict(entry) if entry is not None else None

    def requests(self) -> list[dict[str, Any]]:
        """All requests, oldest first."""
        with self._lock:
            return [asdict(entry) for entry in self._requests.values()]

    def invocations(self) -> list[dict[str, Any]]:
        """All runs, oldest first."""
        with self._lock:
            return [asdict(entry) for entry in self._invocations]

    def api_calls(self) -> list[dict[str, Any]]:
        """All API calls, oldest first."""
        with self._lock:
            return list(self._api_calls)
