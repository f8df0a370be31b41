"""HTTP as a server sees it: the bytes of a request taken apart, an answer put into bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import h11

REQUEST_ID: Final = "11111111-2222-3333-4444-555555555555"
"""What services send along with every answer; the handler never reads it."""


class WireFault(BaseException):
    """Something went over the wire that no service of this world knows.

    Not an ``Exception``: the clients would take it for a lost connection and hide it.
    """


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, whole."""

    method: str
    target: str
    """Path and query, as they were sent."""
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a service answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Conversation:
    """A connection at its server: one request comes in, one answer goes out, then it is closed."""

    def __init__(self) -> None:
        self._http = h11.Connection(our_role=h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self.request: HttpRequest | None = None
        """The request, once it is there to its last byte."""

    def take(self, data: bytes) -> None:
        """More bytes have come."""
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Request):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self.request = self._whole()
        except h11.RemoteProtocolError as error:
            raise WireFault(f"not a request: {error}") from error

    def put(self, answer: HttpAnswer) -> bytes:
        """The bytes of an answer."""
        headers = {
            "x-amzn-RequestId": REQUEST_ID,
            **answer.headers,
            "Content-Length": str(len(answer.body)),
            "Connection": "close",
        }
        response = h11.Response(
            status_code=answer.status,
            reason=HTTPStatus(answer.status).phrase.encode(),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        )
        parts = (
            self._http.send(response),
            self._http.send(h11.Data(data=answer.body)),
            self._http.send(h11.EndOfMessage()),
        )
        return b"".join(part or b"" for part in parts)

    def _whole(self) -> HttpRequest:
        head = self._head
        if head is None:
            raise WireFault("a body without a head")
        headers = {name.decode("ascii"): value.decode("ascii") for name, value in head.headers}
        return HttpRequest(head.method.decode(), head.target.decode(), headers, bytes(self._body))
