"""The emulator's own paths, for other processes: ``/_emulator/…``, JSON in and out.

GET journal (?since=NUMBER, ?limit=NUMBER, ?kind=call; "more" says whether there is more), GET models, GET and
PATCH settings, GET and PATCH faults, POST and DELETE refusals {action, code, …}, POST projects {name}, POST
versions {project_arn, name, …}, POST actions {action, arn, …}, POST reset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from local_aws.asked import document_of, whole_number
from local_aws.errors import LocalAwsError
from local_aws.refusals import refusal_from
from local_aws.rekognition.called import call_with
from local_aws.rekognition.errors import ApiError
from local_aws.rekognition.journal import as_document
from local_aws.rekognition.models import Models

Document = Mapping[str, Any]
ENTRIES_DEFAULT = 10_000
ENTRIES_MAX = 100_000
"""Entries of the journal in one answer."""


class AdminApi:
    """Answers (method, path, body) with (HTTP status, JSON document)."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._routes: dict[tuple[str, str], Callable[[Document], Any]] = {
            ("GET", "journal"): self._journal,
            ("GET", "models"): lambda _: {"models": models.models()},
            ("GET", "settings"): lambda _: models.settings.as_dict(),
            ("PATCH", "settings"): self._change_settings,
            ("GET", "faults"): lambda _: self._faults(),
            ("PATCH", "faults"): self._change_faults,
            ("POST", "refusals"): lambda body: models.faults.refuse(refusal_from(body)),
            ("DELETE", "refusals"): lambda _: models.faults.refuse_nothing(),
            ("POST", "projects"): lambda body: {"project_arn": call_with(models.add_project, body)},
            ("POST", "versions"): lambda body: {"version_arn": call_with(models.add_version, body)},
            ("POST", "actions"): self._act,
            ("POST", "reset"): self._reset,
        }

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Answer one request; what is wrong with it is 400, an unknown path 404."""
        parts = urlsplit(path)
        route = self._routes.get((method, parts.path.strip("/")))
        if route is None:
            return 404, {
                "error": f"no {method} {parts.path}",
                "known": [" ".join(key) for key in self._routes],
            }
        try:
            return 200, route(document_of(body, parts.query))
        except (ValueError, TypeError, KeyError, ApiError, LocalAwsError) as error:
            return 400, {"error": str(error)}

    def _journal(self, query: Document) -> Any:
        since, limit = whole_number(query, "since", 0), whole_number(query, "limit", ENTRIES_DEFAULT)
        if not 1 <= limit <= ENTRIES_MAX:
            raise ValueError(f"limit must be 1 to {ENTRIES_MAX}, got {limit}")
        kind = query.get("kind")
        # One more than asked for tells whether there is more.
        found = self._models.journal.select(since=since, limit=limit + 1, kind=kind)
        entries = [as_document(entry) for entry in found[:limit]]
        return {"now": self._models.clock.now(), "entries": entries, "more": len(found) > limit}

    def _change_settings(self, body: Document) -> Any:
        self._models.settings.update(body)
        return self._models.settings.as_dict()

    def _faults(self) -> Any:
        return {**self._models.faults.as_dict(), "fired": self._models.faults.counts()}

    def _change_faults(self, body: Document) -> Any:
        self._models.faults.update(body)
        return self._faults()

    def _act(self, body: Document) -> Any:
        models = self._models
        actions: dict[str, Callable[..., object]] = {
            "start": models.start_by_hand,
            "stop": models.stop_by_hand,
            "delete": models.delete_by_hand,
            "set_status": models.set_status,
            "configure": models.configure,
            "tag": models.tag_by_hand,
        }
        rest = {name: value for name, value in body.items() if name not in ("action", "arn")}
        action = actions.get(str(body.get("action")))
        if action is None:
            raise ValueError(f"action must be one of {', '.join(actions)}")
        arn = body.get("arn")
        call_with(action, {"version_arn": arn, **rest})
        return {"status": models.status(str(arn))}

    def _reset(self, _: Document) -> Any:
        self._models.reset()
        return {}
