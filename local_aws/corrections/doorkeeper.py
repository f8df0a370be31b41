"""Keeps web pages, and everybody without the token, away from MiniStack: see ``local_aws.door``.

MiniStack answers any Host, allows every Origin (``Access-Control-Allow-Origin: *``) and lets anybody reset it
and change its settings under ``/_ministack/``. It waits for a body for ever.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from local_aws.corrections import admin, answers
from local_aws.door import TOKEN_HEADER, has_token, refusal_of, token_missing

BODY_SECONDS: Final = 60.0
"""How long the body of a request may take to arrive."""

_OWN: Final = (admin.PREFIX, "/_ministack/", "/_localstack/")
_FOR_ALL: Final = (
    answers.PATH,
    "/_ministack/health",
    "/_ministack/cfn-",
    "/_ministack/lambda-code/",
    "/_ministack/lambda-layers/",
)
"""Pre-signed URLs of services, and what tells nothing."""


class Doorkeeper:
    """The ASGI application that everything else is behind."""

    def __init__(self, inner: Any, token: str) -> None:
        self._inner = inner
        self._token = token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, one web socket, or the life of the server."""
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is None:
            await self._inner(scope, _in_time(receive) if scope["type"] == "http" else receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send, refused)

    def _refused(self, scope: Any) -> str | None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        refused = refusal_of(headers)
        path = scope["path"]
        if refused is None and path.startswith(_OWN) and not path.startswith(_FOR_ALL):
            given = {name.lower(): value for name, value in headers}.get(TOKEN_HEADER.lower())
            return None if has_token(given, self._token) else token_missing(path)
        return refused


def _in_time(receive: Any) -> Any:
    """``receive``, with a limit until the body is there; what comes after it may take any time."""
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS
    complete = False

    async def limited() -> Any:
        nonlocal complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            complete = True
            return {"type": "http.disconnect"}
        complete = not message.get("more_body", False)
        return message

    return limited


async def _refuse(send: Any, message: str) -> None:
    content = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": content})
