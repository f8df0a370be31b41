"""The clients of AWS: what is made while the function is loaded, and what that must not change."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import NoRegionError
from botocore.loaders import Loader

from running_model_handler.entry import Services
from running_model_handler.shell.clients import (
    CLOUDFORMATION,
    CLOUDWATCH,
    LAMBDA,
    REKOGNITION,
    SQS,
    Clients,
    new_session,
)

LOAD = (
    "import gc, json, running_model_handler.entry as entry; "
    "print(json.dumps([gc.isenabled(), gc.get_freeze_count() > 0, callable(entry.handler)]))"
)


@dataclass
class Heard:
    """What reached the endpoint."""

    url: str
    connections: int = 0
    requests: list[tuple[str, str, bool]] = field(default_factory=list)
    """Method, path, and whether it was signed."""


@pytest.fixture
def endpoint() -> Iterator[Heard]:
    """An endpoint for all services that knows nothing and keeps its connections."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            heard.connections += 1
            super().setup()

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            heard.requests.append((self.command, self.path, "Authorization" in self.headers))
            self.send_response(404 if self.command == "GET" else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    heard = Heard(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def environment(endpoint: Heard, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """The variables of a function whose services are all at the endpoint."""
    for name, value in variables(endpoint).items():
        monkeypatch.setenv(name, value)
    return endpoint


def variables(endpoint: Heard) -> dict[str, str]:
    """What Lambda sets."""
    return {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_ENDPOINT_URL": endpoint.url,
        "NO_PROXY": "127.0.0.1",
    }


def test_the_services_are_among_those_of_botocore(environment: Heard) -> None:
    """The list is not looked up, so it has to be true; and every client can be made from it."""
    clients = Clients(new_session())
    for service in (REKOGNITION, CLOUDFORMATION, LAMBDA, CLOUDWATCH, SQS):
        assert service in Loader().list_available_services("service-2")
        assert clients.get(service).meta.service_model.service_name == service
        assert clients.get(service) is clients.get(service)
    assert environment.requests == []


def test_the_first_call_finds_its_connection_open(environment: Heard) -> None:
    """One unsigned request for each service that every request needs, and its connection is used again."""
    clients = Clients(new_session())
    clients.make_ready()
    assert environment.requests == [("GET", "/ping", False)] * 2
    assert environment.connections == 2
    clients.get(REKOGNITION).list_tags_for_resource(ResourceArn="arn:aws:rekognition:eu-west-1:1:project/p")
    assert environment.requests[2:] == [("POST", "/", True)]
    assert environment.connections == 2


def test_a_failure_is_left_to_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could be answered yet, and CloudFormation would wait for an hour."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    services = Services()
    services.prepare()
    with pytest.raises(NoRegionError):
        _ = services.models


def load(environment: dict[str, str]) -> Any:
    """A fresh process that imports the entry: does it collect garbage, has it set some aside, can it run."""
    found = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(found.stdout)


def test_only_lambda_makes_clients_on_import(endpoint: Heard) -> None:
    """There the function is ready before its first request; nobody else's import does anything."""
    function = variables(endpoint) | {"PYTHONPATH": ":".join(sys.path)}
    assert load({"PYTHONPATH": function["PYTHONPATH"]}) == [True, False, True]
    assert load(function) == [True, False, True]
    assert endpoint.requests == []
    assert load(function | {"AWS_LAMBDA_FUNCTION_NAME": "provider"}) == [True, True, True]
    assert len(endpoint.requests) == 2


def test_no_request_loads_what_only_sweeps_need() -> None:
    """Nor the models of their services: a cold start of a model without guards is what it was."""
    code = (
        "import sys, running_model_handler.entry; "
        "print([name for name in sys.modules if name.startswith('running_model_handler') and "
        "name.rpartition('.')[2] in ('sweep', 'sweep_event', 'sweeping', 'detections', 'waiting_messages')])"
    )
    path = {"PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_endpoint_that_is_not_there_does_not_keep_the_function_from_loading(endpoint: Heard) -> None:
    """The head start is lost, nothing else."""
    function = variables(endpoint) | {
        "PYTHONPATH": ":".join(sys.path),
        "AWS_LAMBDA_FUNCTION_NAME": "provider",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    assert load(function) == [True, True, True]
