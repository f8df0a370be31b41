"""A socket whose other end is the simulated world: what urllib3 has in its hands instead of a real one."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.errors import AnswerLost
from simulator.gateway import READ_TIMEOUT_SECONDS
from simulator.wire_http import Conversation, HttpAnswer, HttpRequest, WireFault

Serve = Callable[[HttpRequest], HttpAnswer]
"""A service: answers, or raises ``AnswerLost``."""

_TIMED_OUT: Final = "ReadTimeoutError"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over one connection."""

    host: str
    port: int
    sent: bytes
    received: bytes
    """Empty where the answer was lost."""


class WireSocket:
    """The part of ``socket.socket`` that an HTTP client uses."""

    def __init__(self, host: str, port: int, serve: Serve, heard: Callable[[Exchange], None]) -> None:
        self._host = host
        self._port = port
        self._serve = serve
        self._heard = heard
        self._conversation = Conversation()
        self._sent = bytearray()
        self._timeout: float | None = None

    def sendall(self, data: bytes) -> None:
        """Bytes to the service."""
        self._sent += data
        self._conversation.take(bytes(data))

    def settimeout(self, seconds: float | None) -> None:
        """How long a read may wait; the world counts in its own time."""
        self._timeout = seconds

    def makefile(self, mode: str, *_: object) -> io.BufferedReader:
        """Where the answer is read from; the service begins to work at the first read."""
        return io.BufferedReader(_Incoming(self.answer))

    def close(self) -> None:
        """Nothing is held."""

    def answer(self) -> bytes:
        """Have the service answer; the task sleeps meanwhile. Empty if the connection just ends."""
        request = self._conversation.request
        if request is None:
            raise WireFault(f"{self._host} waits for the rest of a request: {bytes(self._sent)[:200]!r}")
        received = b""
        try:
            received = self._conversation.put(self._serve(request))
        except AnswerLost as lost:
            if str(lost) == _TIMED_OUT:
                if self._timeout != READ_TIMEOUT_SECONDS:
                    raise WireFault(f"the client would wait {self._timeout} s for an answer") from lost
                raise TimeoutError("timed out") from lost
        finally:
            self._heard(Exchange(self._host, self._port, bytes(self._sent), received))
        return received


class _Incoming(io.RawIOBase):
    """The bytes that come back."""

    def __init__(self, answer: Callable[[], bytes]) -> None:
        super().__init__()
        self._answer: Callable[[], bytes] | None = answer
        self._left = io.BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._answer is not None:
            answer, self._answer = self._answer, None
            self._left = io.BytesIO(answer())
        return self._left.readinto(buffer)
