"""The emulator's own paths, for other processes: ``/_emulator/…``, JSON in and out.

GET journal (?since=NUMBER, ?kind=call), GET models, GET and PATCH settings, GET and PATCH faults, POST and
DELETE refusals {action, code, …}, POST projects {name}, POST versions {project_arn, name, …}, POST actions
{action, arn, …}, POST reset.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from local_aws.errors import LocalAwsError
from local_aws.refusals import refusal_from
from local_aws.rekognition.errors import ApiError

if TYPE_CHECKING:
    from local_aws.rekognition.emulator import RekognitionEmulator

Document = Mapping[str, Any]


class AdminApi:
    """Answers (method, path, body) with (HTTP status, JSON document)."""

    def __init__(self, emulator: RekognitionEmulator) -> None:
        self._emulator = emulator
        self._routes: dict[tuple[str, str], Callable[[Document], Any]] = {
            ("GET", "journal"): self._journal,
            ("GET", "models"): lambda _: {"models": emulator.models()},
            ("GET", "settings"): lambda _: emulator.settings.as_dict(),
            ("PATCH", "settings"): self._change_settings,
            ("GET", "faults"): lambda _: self._faults(),
            ("PATCH", "faults"): self._change_faults,
            ("POST", "refusals"): lambda body: emulator.faults.refuse(refusal_from(body)),
            ("DELETE", "refusals"): lambda _: emulator.faults.refuse_nothing(),
            ("POST", "projects"): lambda body: {"project_arn": emulator.add_project(**body)},
            ("POST", "versions"): lambda body: {"version_arn": emulator.add_version(**body)},
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
            document = json.loads(body) if body.strip() else dict(parse_qsl(parts.query))
            if not isinstance(document, dict):
                raise ValueError("the body must be a JSON object")
            return 200, route(document)
        except (ValueError, TypeError, KeyError, AttributeError, ApiError, LocalAwsError) as error:
            return 400, {"error": str(error)}

    def _journal(self, query: Document) -> Any:
        since, kind = int(query.get("since", 0)), query.get("kind")
        entries = self._emulator.journal.to_json()
        chosen = [item for item in entries if item["number"] > since and kind in (None, item["kind"])]
        return {"now": self._emulator.clock.now(), "entries": chosen}

    def _change_settings(self, body: Document) -> Any:
        self._emulator.settings.update(body)
        return self._emulator.settings.as_dict()

    def _faults(self) -> Any:
        return {**self._emulator.faults.as_dict(), "fired": self._emulator.faults.counts()}

    def _change_faults(self, body: Document) -> Any:
        self._emulator.faults.update(body)
        return self._faults()

    def _act(self, body: Document) -> Any:
        emulator = self._emulator
        actions: dict[str, Callable[..., object]] = {
            "start": emulator.start_by_hand,
            "stop": emulator.stop_by_hand,
            "delete": emulator.delete_by_hand,
            "set_status": emulator.set_status,
            "configure": emulator.configure,
            "tag": emulator.tag_by_hand,
        }
        rest = {name: value for name, value in body.items() if name not in ("action", "arn")}
        action = actions.get(str(body.get("action")))
        if action is None:
            raise ValueError(f"action must be one of {', '.join(actions)}")
        action(body["arn"], **rest)
        return {"status": emulator.status(body["arn"])}

    def _reset(self, _: Document) -> Any:
        self._emulator.reset()
        return {}
