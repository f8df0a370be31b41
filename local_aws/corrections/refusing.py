"""Answers calls with an error on purpose, before MiniStack sees them: see ``local_aws.refusals``.

Only calls by roles and users: the account's root, which the tests and the CDK CLI are, is spared.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from local_aws.corrections import ministack
from local_aws.refusals import Refusal, Refusals

_CREDENTIAL = re.compile(rb"Credential=([^/,\s]+)/\d+/[^/]+/([^/]+)/")
_INVOCATION = re.compile(r"^/2015-03-31/functions/[^/]+/invocations$")


class Refusing:
    """The ASGI application that another is behind."""

    def __init__(self, inner: Any, refusals: Refusals) -> None:
        self._inner = inner
        self._refusals = refusals

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        signed = _signed(scope) if scope["type"] == "http" and self._refusals else None
        if signed is None or ministack.iam_evaluator.is_root_access_key(signed[0]):
            await self._inner(scope, receive, send)
            return
        body = await _whole(receive)
        access_key, service = signed
        action = f"{service}:{_action(scope, service, body)}"
        refusal = self._refusals.of_call(action, access_key, time.monotonic())
        if refusal is None:
            await self._inner(scope, _again(body, receive), send)
        else:
            await _answer(refusal, service, send)


def _signed(scope: Any) -> tuple[str, str] | None:
    """The access key and the service that a request is signed with."""
    header = dict(scope["headers"]).get(b"authorization", b"")
    found = _CREDENTIAL.search(header)
    return (found[1].decode(), found[2].decode()) if found is not None else None


def _action(scope: Any, service: str, body: bytes) -> str:
    target: str = dict(scope["headers"]).get(b"x-amz-target", b"").decode()
    if target:
        return target.rpartition(".")[2]
    if service == "lambda" and scope["method"] == "POST" and _INVOCATION.match(scope["path"]):
        return "InvokeFunction"
    return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]


async def _whole(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _again(body: bytes, receive: Any) -> Any:
    """What gives a body that was read once more."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return messages.pop() if messages else await receive()

    return replay


async def _answer(refusal: Refusal, service: str, send: Any) -> None:
    """In the protocol of the service: JSON for Lambda, XML for the others that are asked here."""
    if service == "lambda":
        content = json.dumps({"Type": "User", "message": refusal.message}).encode()
        kind = b"application/json"
    else:
        content = (
            '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>'
            f"<Type>Sender</Type><Code>{escape(refusal.code)}</Code>"
            f"<Message>{escape(refusal.message)}</Message></Error>"
            f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        ).encode()
        kind = b"text/xml"
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        (b"x-amzn-errortype", refusal.code.encode()),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
