"""The wire of the faithful seam: which bytes go where, what comes back, and that nothing else is touched."""

from __future__ import annotations

import logging
import os
import socket
import traceback
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import urllib3
from botocore.parsers import create_parser
from botocore.validate import validate_parameters
from urllib3.connection import HTTPSConnection

from simulator import faithful_seam
from simulator.functions import Handler
from simulator.plan import (
    Declared,
    Faults,
    Kill,
    KillAt,
    ModelPlan,
    Operation,
    Plan,
    StackPlan,
    Template,
    Verb,
)
from simulator.wire_http import WireFault
from simulator.wire_response_url import HOST
from simulator.wire_socket import Exchange
from simulator.world import World

LIFE = (
    Operation(Verb.DEPLOY, Template((("Model", Declared(0)),))),
    Operation(Verb.DEPLOY, Template((("Model", Declared(1)),))),
    Operation(Verb.DELETE),
)


def plan_of_a_life(faults: Faults = Faults(), kills: tuple[Kill, ...] = ()) -> Plan:  # noqa: B008
    """A model is created, replaced and deleted, with hand-overs in between."""
    models = (ModelPlan("v1", "parts"), ModelPlan("v2", "parts"))
    return Plan(3, models, (StackPlan("stack", 0.0, LIFE),), faults, kills, invocation_seconds=60.0)


def everything_sent(plan: Plan) -> tuple[World, list[Exchange]]:
    """Play a plan and listen to the wire."""
    exchanges: list[Exchange] = []
    world = World(plan, lambda world: faithful_seam.new_handler(world, exchanges.append))
    world.play()
    return world, exchanges


def play_with(handler: Callable[[], Any]) -> None:
    """Let something else than the handler run in the first invocation, at the wire of a world."""

    def new_handler(world: World) -> Handler:
        faithful_seam.new_services(world)
        return lambda event, context: handler()

    World(plan_of_a_life(), new_handler).play()


def test_the_bytes_of_an_answer() -> None:
    """The PUT has what its URL was signed for, an empty content type, and nothing else."""
    world, exchanges = everything_sent(plan_of_a_life())
    puts = [exchange for exchange in exchanges if exchange.host == HOST]
    assert len(puts) == len(world.requests) == 4
    for request, exchange in zip(world.requests, puts, strict=True):
        head, _, body = exchange.sent.partition(b"\r\n\r\n")
        assert head.decode().split("\r\n") == [
            f"PUT {request.url.removeprefix(f'https://{HOST}')} HTTP/1.1",
            f"Host: {HOST}",
            "Accept-Encoding: identity",
            f"Content-Length: {len(body)}",
            f"User-Agent: python-urllib3/{version('urllib3')}",
            "content-type: ",
        ]
        assert exchange.received.startswith(b"HTTP/1.1 200 OK\r\n")


def test_no_byte_goes_anywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket is made and no name is looked up; every connection ends in the world, over TLS."""

    def refuse(*_: object, **__: object) -> None:
        raise WireFault("a real socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    _, exchanges = everything_sent(plan_of_a_life(Faults(lost_after=0.2, failed_before=0.2)))
    assert {(exchange.host, exchange.port) for exchange in exchanges} == {
        (host, 443) for host in faithful_seam.SERVICES
    }


def test_the_response_url_goes_to_its_bucket_and_to_the_next_invocation_alone() -> None:
    """G12: no other service gets to see the ResponseURL."""
    world, exchanges = everything_sent(plan_of_a_life())
    secrets = [request.url.rpartition("=")[2].encode() for request in world.requests]
    saw = {exchange.host for exchange in exchanges for secret in secrets if secret in exchange.sent}
    assert saw == {HOST, "lambda.eu-west-1.amazonaws.com"}


def test_no_log_holds_the_response_url(caplog: pytest.LogCaptureFixture) -> None:
    """G12: with the root logger at DEBUG, answers that fail in every way, and in what the function raises."""
    levels = {name: logging.getLogger(name).level for name in (None, "running_model")}
    raised: list[str] = []

    def new_handler(world: World) -> Handler:
        function = faithful_seam.new_handler(world)
        for name in levels:
            logging.getLogger(name).setLevel(logging.DEBUG)

        def handler(event: Any, context: Any) -> None:
            try:
                function(event, context)
            except Exception as error:  # Lambda writes it into the log
                raised.append("".join(traceback.format_exception(error)))
                raise

        return handler

    faults = Faults(answer_lost=0.9, hand_over_throttled=0.5, lost_after=0.2)
    world = World(plan_of_a_life(faults), new_handler)
    try:
        world.play()
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    told = {record.message.partition(": ")[0] for record in caplog.records}
    assert told >= {"handed over", "hand-over failed", "answer not sent", "answer refused", "error"}
    secrets = [request.url.rpartition("=")[2] for request in world.requests]
    assert "AnswerNotSent" in "".join(raised)
    logged = [repr(vars(record)) + caplog.handler.format(record) for record in caplog.records]
    for everything in (*logged, *raised):
        assert HOST not in everything
        assert not [secret for secret in secrets if secret in everything]


def test_answers_are_whole_as_the_service_models_say() -> None:
    """botocore finds every required member, each of its type, in what the services of the world answer."""
    _, exchanges = everything_sent(plan_of_a_life())
    session = botocore.session.get_session()
    checked = set()
    for exchange in exchanges:
        service = exchange.host.partition(".")[0]
        if service not in ("rekognition", "cloudformation"):
            continue
        model = session.get_service_model(service)
        name = operation_of(exchange)
        head, _, body = exchange.received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            continue
        shape = model.operation_model(name).output_shape
        assert shape is not None
        parser = create_parser(model.resolved_protocol)
        parsed = parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        del parsed["ResponseMetadata"]
        validate_parameters(parsed, shape)
        checked.add(name)
    assert len(checked) == 8


def operation_of(exchange: Exchange) -> str:
    """Which operation was called."""
    sent = exchange.sent.decode()
    if "X-Amz-Target: " in sent:
        return sent.partition("X-Amz-Target: RekognitionService.")[2].partition("\r\n")[0]
    return sent.partition("\r\n\r\nAction=")[2].partition("&")[0]


@pytest.mark.parametrize(
    ("method", "headers"),
    [("PUT", {"content-type": "application/json"}), ("POST", {"content-type": ""}), ("GET", {})],
)
def test_what_the_url_was_not_signed_for_is_refused(method: str, headers: dict[str, str]) -> None:
    """The bucket is as strict as a pre-signed URL: another method or content type is a 403."""
    answers = []

    def handler() -> None:
        pool = urllib3.PoolManager(retries=False)
        answers.append(pool.request(method, f"https://{HOST}/request-0", body=b"{}", headers=headers))

    play_with(handler)
    assert {answer.status for answer in answers} == {403}
    assert b"<Code>SignatureDoesNotMatch</Code>" in answers[0].data


@pytest.mark.parametrize("url", ["https://example.com/", f"http://{HOST}/", f"https://{HOST}:8443/"])
def test_a_stranger_on_the_wire_ends_the_history(url: str) -> None:
    """What goes to no service of the world is not hidden behind the clients' own errors."""
    with pytest.raises(WireFault, match="nothing listens at"):
        play_with(lambda: urllib3.PoolManager().request("PUT", url))


def test_unsigned_calls_are_refused() -> None:
    """A service looks at who calls before it looks at what is called."""
    problems = []

    def handler() -> None:
        session: Any = faithful_seam.shared_session()
        client = session.create_client("rekognition", aws_access_key_id="x", aws_secret_access_key="y")
        try:
            client.stop_project_version(ProjectVersionArn="arn:aws:rekognition:eu-west-1:123456789012:x")
        except client.exceptions.ClientError as error:
            problems.append(error.response["Error"]["Code"])

    play_with(handler)
    assert set(problems) == {"MissingAuthenticationToken"}


def test_nothing_of_the_machine_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither variables nor files of the machine's user reach the clients."""
    plan = plan_of_a_life()
    calm, _ = everything_sent(plan)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = us-east-1\nendpoint_url = https://wrong\n")
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_PROFILE": "nobody",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "https://wrong.example",
        "HTTPS_PROXY": "http://wrong.example:3128",
        "AWS_ACCESS_KEY_ID": "wrong",
    }.items():
        monkeypatch.setenv(name, value)
    faithful_seam.shared_session.cache_clear()
    again, _ = everything_sent(plan)
    assert again.story.lines() == calm.story.lines()


def test_nothing_is_left_behind() -> None:
    """After a history, killed invocations and all, the process is as it was before."""
    before = HTTPSConnection.connect, os.environ, dict(os.environ)
    kills = tuple(Kill(number, KillAt.AFTER_EFFECT, 4) for number in range(3))
    world, _ = everything_sent(plan_of_a_life(kills=kills))
    assert world.gateway.fired["killed"]
    assert (HTTPSConnection.connect, os.environ, dict(os.environ)) == before
