"""The HTTP side: AWS's JSON 1.1 protocol on 127.0.0.1, and the emulator's own paths beside it."""

from __future__ import annotations

import json
import re
import socket
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from typing import Any, Final

from local_aws.door import TOKEN_HEADER, has_token, refusal_of, token_missing
from local_aws.rekognition.dispatch import Dispatcher, Reply, Request
from local_aws.rekognition.errors import ApiError

ADMIN: Final = "/_emulator/"
_TARGET: Final = "RekognitionService."
_CREDENTIAL: Final = re.compile(r"Credential=([^/,\s]+)/")
_BODY_MAX: Final = 16 * 1024 * 1024
_CONTENT: Final = "application/x-amz-json-1.1"
_LENGTH: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
IDLE_SECONDS: Final = 75.0
"""How long a connection may lie idle between two requests."""
READ_SECONDS: Final = 20.0
"""How long a whole request may take to arrive, from its first line on."""
CONNECTIONS_MAX: Final = 1000

Admin = Callable[[str, str, bytes], tuple[int, Any]]
"""(method, path after the prefix with its query, body) → (HTTP status, JSON document)."""


class _Handler(BaseHTTPRequestHandler):
    """One connection; kept open between calls, as SDKs like it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    """An answer leaves in one piece."""
    timeout = IDLE_SECONDS
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the journal tells it all."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not _LENGTH.fullmatch(length) or int(length) > _BODY_MAX or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(413, {"__type": "RequestEntityTooLargeException", "message": "send a plain body"})
            return
        body = self.rfile.read(int(length))
        self.server.has_read(self.connection)
        refused = refusal_of(self.headers.items())
        if refused is not None:
            self.close_connection = True
            self._send(403, {"__type": "AccessDeniedException", "message": refused})
        elif self.path.startswith(ADMIN):
            self._send(*self._administer(body))
        else:
            self._reply(self._call(body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _administer(self, body: bytes) -> tuple[int, Any]:
        if not has_token(self.headers.get(TOKEN_HEADER), self.server.token):
            return 403, {"error": token_missing(self.path)}
        return self.server.admin(self.command, self.path[len(ADMIN) :], body)

    def _call(self, body: bytes) -> Reply:
        try:
            request = self._request(body)
        except ApiError as error:
            return Reply(error.status, {"__type": error.code, "Message": error.message})
        return self.server.dispatcher.handle(request)

    def _request(self, body: bytes) -> Request:
        target = self.headers.get("X-Amz-Target") or ""
        if self.command != "POST" or not target.startswith(_TARGET):
            raise ApiError("UnknownOperationException", "The request names no operation of Rekognition.")
        credential = _CREDENTIAL.search(self.headers.get("Authorization") or "")
        if credential is None:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")
        return Request(
            operation=target.removeprefix(_TARGET),
            body=body,
            access_key_id=credential.group(1),
            session_token=self.headers.get("X-Amz-Security-Token") or "",
        )

    def _reply(self, reply: Reply) -> None:
        if reply.dropped:
            self.close_connection = True
            return
        self._send(reply.status, reply.document)

    def _send(self, status: int, document: Any) -> None:
        body = json.dumps(document, default=str).encode()
        self.send_response(status)
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Type", _CONTENT)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def parse_request(self) -> bool:
        """As the base does; from its first line on a request has to come within ``READ_SECONDS``."""
        self.server.begins_to_read(self.connection)
        return super().parse_request()

    def handle_one_request(self) -> None:
        """As the base does; a peer that goes away is nothing to report."""
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):
            self.close_connection = True
        finally:
            self.server.has_read(self.connection)


class _Server(HTTPServer):
    """One thread for each connection; every thread and socket is known, so that a stop leaves none."""

    request_queue_size = 128

    def __init__(self, dispatcher: Dispatcher, admin: Admin, token: str) -> None:
        self.dispatcher = dispatcher
        self.admin = admin
        self.token = token
        self._reading: dict[socket.socket, float] = {}
        self._open: dict[threading.Thread, socket.socket] = {}
        self._open_lock = threading.Lock()
        self._ends = False
        super().__init__(("127.0.0.1", 0), _Handler)

    def begins_to_read(self, connection: socket.socket) -> None:
        """A request begins to arrive on a connection."""
        self._reading[connection] = monotonic()

    def has_read(self, connection: socket.socket) -> None:
        """It is there, or will never be."""
        self._reading.pop(connection, None)

    def service_actions(self) -> None:
        """Called many times a second: ends connections whose request arrives drop by drop."""
        for connection, since in dict(self._reading).items():
            if monotonic() - since > READ_SECONDS:
                self.has_read(connection)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its own thread; one more than ``CONNECTIONS_MAX`` is ended at once."""
        if len(self._open) >= CONNECTIONS_MAX:
            self.shutdown_request(request)
            return
        thread = threading.Thread(
            target=self._work, args=(request, client_address), name="rekognition-connection", daemon=True
        )
        with self._open_lock:
            self._open[thread] = request
        thread.start()

    def _work(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:  # one connection must not bring down the rest
            if not self._ends:
                self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)
            with self._open_lock:
                self._open.pop(threading.current_thread(), None)

    def close_connections(self) -> None:
        """End every connection and wait for its thread; that one breaks off then is no error."""
        self._ends = True
        with self._open_lock:
            connections = dict(self._open)
        for connection in connections.values():
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in connections:
            thread.join()


class HttpServer:
    """Serves from ``start`` to ``stop`` on a free port of 127.0.0.1."""

    def __init__(self, dispatcher: Dispatcher, admin: Admin, token: str) -> None:
        self._server = _Server(dispatcher, admin, token)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="rekognition-server", daemon=True
        )
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Leave no thread and no socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.close_connections()
