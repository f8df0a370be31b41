"""The faithful seam: the whole production handler, down to the bytes that its clients send.

Only the clock is replaced, the one that requests are signed by included. botocore and urllib3 are the
real ones; they are given sockets whose other end is the simulated world, and the environment variables of a
Lambda function instead of the machine's.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from unittest import mock

from botocore.session import Session
from urllib3.connection import HTTPConnection, HTTPSConnection

from running_model_handler.entry import Function, Services
from running_model_handler.shell.clients import new_session
from simulator import wire_cloudformation, wire_lambda, wire_rekognition, wire_response_url
from simulator.fast_seam import SimulatedClock
from simulator.plan import REGION
from simulator.wire_http import HttpAnswer, HttpRequest, WireFault
from simulator.wire_signature import ACCESS_KEY_ID, SESSION_TOKEN
from simulator.wire_socket import Exchange, WireSocket

if TYPE_CHECKING:
    from simulator.functions import Handler
    from simulator.world import World

SERVICES: Final[Mapping[str, Callable[[World, HttpRequest], HttpAnswer]]] = {
    f"rekognition.{REGION}.amazonaws.com": wire_rekognition.answer,
    f"cloudformation.{REGION}.amazonaws.com": wire_cloudformation.answer,
    f"lambda.{REGION}.amazonaws.com": wire_lambda.answer,
    wire_response_url.HOST: wire_response_url.answer,
}
"""All that can be reached, by host; nothing listens but on port 443."""

_ENVIRONMENT: Final = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": "simulated-secret",
    "AWS_SESSION_TOKEN": SESSION_TOKEN,
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""What Lambda sets, and that there are no files of a user."""
_playing: Final[set[World]] = set()


def new_handler(world: World, heard: Callable[[Exchange], None] = lambda _: None) -> Handler:
    """A fresh execution environment with the production handler; ``heard`` gets all that it sends."""
    return Function(new_services(world, heard))


def new_services(world: World, heard: Callable[[Exchange], None] = lambda _: None) -> Services:
    """The production services, at the wire of a world for as long as its history plays."""
    if world not in _playing:
        world.setting.enter_context(_at_the_wire(world, heard))
    services = Services(shared_session())
    services.clock = SimulatedClock(world)
    return services


@contextmanager
def _at_the_wire(world: World, heard: Callable[[Exchange], None]) -> Iterator[None]:
    """Put the sockets of all clients of this process into the world."""

    def connect(connection: HTTPConnection) -> None:
        host, port = connection.host, connection.port or 0
        service = SERVICES.get(host)
        if service is None or port != 443 or not isinstance(connection, HTTPSConnection):
            raise WireFault(f"nothing listens at {host}:{port}")
        connection.sock = WireSocket(host, port, lambda request: service(world, request), heard)
        connection.is_verified = True

    def signing_time() -> datetime:
        return datetime.fromtimestamp(world.kernel.now, UTC).replace(tzinfo=None)

    with (
        mock.patch("botocore.auth.get_current_datetime", signing_time),
        mock.patch.object(HTTPSConnection, "connect", connect),
        mock.patch.object(HTTPConnection, "connect", connect),
        mock.patch.object(os, "environ", dict(_ENVIRONMENT)),
    ):
        _playing.add(world)
        try:
            yield
        finally:
            _playing.discard(world)


@functools.cache
def shared_session() -> Session:
    """A session for all histories: it holds service models and credentials, and learns nothing from calls."""
    return new_session()
