"""The host process's admin interface, from the side of the process that started it."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_aws.door import TOKEN_HEADER
from local_aws.errors import LocalAwsError

PREFIX = "/_local_aws"
TIMEOUT_SECONDS = 30.0


class AdminClient:
    """JSON over HTTP, one connection a call, usable from any thread."""

    def __init__(self, endpoint: str, authority: Path, token: str) -> None:
        self._address = urlsplit(endpoint)
        self._headers = {"Content-Type": "application/json", TOKEN_HEADER: token}
        self._tls = ssl.create_default_context(cafile=str(authority))

    def healthy(self) -> bool:
        """Whether the host answers."""
        try:
            self.get("/health")
        except (OSError, LocalAwsError, http.client.HTTPException):
            return False
        return True

    def get(self, path: str) -> Any:
        """The JSON behind ``path``."""
        return self._call("GET", path, None)

    def entries(self, path: str) -> list[Any]:
        """All that stands in the list behind ``path``, page by page."""
        page = self.get(path)
        found: list[Any] = page["entries"]
        while page["more"]:
            page = self.get(f"{path}?since={len(found)}")
            found += page["entries"]
        return found

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Sends ``body`` and returns the answer."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Changes what ``path`` stands for and returns it."""
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """Takes back what ``path`` stands for."""
        return self._call("DELETE", path, None)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        connection = http.client.HTTPSConnection(
            self._address.hostname or "", self._address.port, timeout=TIMEOUT_SECONDS, context=self._tls
        )
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, PREFIX + path, payload, self._headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        finally:
            connection.close()
        if response.status >= 400:
            raise LocalAwsError(
                str(answer.get("message", answer)) if isinstance(answer, dict) else str(answer)
            )
        return answer
