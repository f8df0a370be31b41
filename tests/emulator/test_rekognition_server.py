"""The HTTP side: protocol, the emulator's own paths, and that nothing is left behind."""

from __future__ import annotations

import http.client
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from emulator_world import World, admin, client_of, outcome_of, post

from local_aws.door import TOKEN_HEADER
from local_aws.rekognition import Fault, HandClock, RekognitionEmulator, server


def test_a_request_without_a_signature_is_refused(world: World) -> None:
    """As AWS does; the signature itself is not verified."""
    status, answer = post(world.emulator, "DescribeProjects", {}, Authorization="")
    assert (status, answer["__type"]) == (400, "MissingAuthenticationTokenException")


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ("DescribeNothing", 400, "UnknownOperationException"),
        ("DetectFaces", 501, "NotImplemented"),
    ],
)
def test_what_the_emulator_does_not_do(world: World, operation: str, status: int, code: str) -> None:
    """An operation that does not exist differs from one that is not emulated, and says which."""
    got, answer = post(world.emulator, operation, {})
    assert (got, answer["__type"]) == (status, code)
    assert operation in answer["message"]


def test_answers_are_those_of_json_1_1(world: World) -> None:
    """Content type, request id and kept-open connection, as SDKs expect them."""
    answer = world.rekognition.describe_projects()["ResponseMetadata"]
    assert answer["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert len(answer["RequestId"]) == 36
    assert world.rekognition.describe_projects()["ResponseMetadata"]["RequestId"] != answer["RequestId"]


def test_only_this_machine_is_served(world: World) -> None:
    """It listens on 127.0.0.1 on a port of its own."""
    address = urlsplit(world.emulator.endpoint)
    assert address.hostname == "127.0.0.1"
    assert address.port


def test_stop_leaves_neither_thread_nor_socket() -> None:
    """Even with open connections and an answer that is late."""
    before = set(threading.enumerate())
    emulator = RekognitionEmulator()
    with emulator:
        address = urlsplit(emulator.endpoint)
        client = client_of(emulator)
        client.describe_projects()
        idle = socket.create_connection((str(address.hostname), int(address.port or 0)))
        emulator.faults.update({"slow_answer_seconds": 3600})
        emulator.faults.once("DescribeProjects", Fault.SLOW_ANSWER)
        pool = ThreadPoolExecutor(1)
        late = pool.submit(lambda: post(emulator, "DescribeProjects", {}))
        while not emulator.faults.fired(Fault.SLOW_ANSWER):
            assert not late.done()
    assert isinstance(late.exception(timeout=20), OSError)
    pool.shutdown()
    idle.close()
    client.close()
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5)
    with pytest.raises(RuntimeError, match="does not run"):
        _ = emulator.endpoint


@pytest.mark.parametrize(("ends", "told"), [(True, False), (False, True)])
def test_what_breaks_off_as_it_ends_is_no_error(
    ends: bool, told: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while a call is being answered printed a traceback."""
    served = server._Server(lambda _: None, lambda *_: (200, {}), "token")  # type: ignore[arg-type]

    def break_off(request: object, address: object) -> None:
        raise BrokenPipeError("the connection is gone")

    monkeypatch.setattr(served, "finish_request", break_off)
    ours, theirs = socket.socketpair()
    if ends:
        served.close_connections()
    served._work(ours, ("127.0.0.1", 1))
    served.server_close()
    theirs.close()
    assert ("Traceback" in capsys.readouterr().err) is told


def test_it_can_be_started_again(world: World) -> None:
    """State survives a stop; a second start while it runs is refused."""
    arn = world.version("RUNNING")
    with pytest.raises(RuntimeError, match="already runs"):
        world.emulator.start()
    world.emulator.stop()
    world.emulator.stop()
    with world.emulator:
        assert client_of(world.emulator).stop_project_version(ProjectVersionArn=arn)["Status"] == "STOPPING"


def test_many_clients_at_once(world: World) -> None:
    """Fifty connections at once are all answered."""

    def call(_: int) -> str:
        return outcome_of(client_of(world.emulator).describe_projects)

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(call, range(50))) == ["ok"] * 50


def test_a_caller_that_goes_away_harms_nothing(world: World) -> None:
    """Half a request, no request, rubbish: the next caller is served."""
    address = urlsplit(world.emulator.endpoint)
    pieces = (b"", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", b"\0\xff rubbish\r\n\r\n")
    for piece in pieces:
        with socket.create_connection((str(address.hostname), int(address.port or 0))) as connection:
            connection.sendall(piece)
    assert outcome_of(world.rekognition.describe_projects) == "ok"


@pytest.mark.parametrize("headers", [{"Content_Length": "99999999999"}, {"Content_Length": "many"}])
def test_fails_when_the_body_is_absurd(world: World, headers: dict[str, str]) -> None:
    """Refused without reading it."""
    assert post(world.emulator, "DescribeProjects", {}, **headers)[0] == 413


def test_it_can_be_watched_and_changed_from_another_process(world: World) -> None:
    """Projects, versions, settings, faults, actions, models and journal are reachable over HTTP."""
    emulator = world.emulator
    project = admin(emulator, "POST", "projects", {"name": "remote"})[1]["project_arn"]
    version = {"project_arn": project, "name": "v1", "start_seconds": 3, "tags": {"a": "b"}}
    arn = admin(emulator, "POST", "versions", version)[1]["version_arn"]
    assert admin(emulator, "PATCH", "settings", {"stop_seconds": 9})[1]["stop_seconds"] == 9
    faults = admin(emulator, "PATCH", "faults", {"error_probability": {"StopProjectVersion": 1}})[1]
    assert faults["error_probability"] == {"StopProjectVersion": 1}
    action = {"action": "start", "arn": arn, "units": 2}
    assert admin(emulator, "POST", "actions", action)[1] == {"status": "STARTING"}
    world.clock.advance(10)
    shown = admin(emulator, "GET", "models")[1]["models"][0]
    assert (shown["arn"], shown["status"], shown["units"], shown["tags"]) == (arn, "RUNNING", 2, {"a": "b"})
    assert shown["billed_unit_seconds"] == pytest.approx(14)
    assert outcome_of(lambda: world.stop(arn)) == "InternalServerError"
    counts = admin(emulator, "GET", "faults")[1]["fired"]
    assert counts["error"] == {"StopProjectVersion": 1}
    journal = admin(emulator, "GET", "journal")[1]
    assert journal["now"] == world.clock.now()
    last = journal["entries"][-1]["number"]
    assert admin(emulator, "GET", f"journal?since={last}")[1]["entries"] == []
    kinds = {entry["kind"] for entry in admin(emulator, "GET", "journal?kind=call")[1]["entries"]}
    assert kinds == {"call"}


def test_reset_begins_anew(world: World) -> None:
    """No project, journal or fault, and the settings of the beginning."""
    world.version("RUNNING")
    world.emulator.settings.start_seconds = 1
    world.emulator.faults.error_probability = 1
    world.emulator.faults.once("DescribeProjects", Fault.THROTTLE)
    outcome_of(world.rekognition.describe_projects)
    assert admin(world.emulator, "POST", "reset") == (200, {})
    assert world.emulator.versions() == []
    assert world.emulator.journal.entries == []
    assert world.emulator.settings.start_seconds == 600
    assert world.emulator.faults.fired() == 0
    assert world.rekognition.describe_projects()["ProjectDescriptions"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "nothing", None, 404, "no GET nothing"),
        ("POST", "journal", {}, 404, "no POST journal"),
        ("PATCH", "settings", {"start_seconds": -1}, 400, "start_seconds must be"),
        ("PATCH", "settings", {"start_second": 1}, 400, "unknown: 'start_second'"),
        ("PATCH", "faults", {"error_probability": 2}, 400, "error_probability must be"),
        ("POST", "projects", {"name": "parts"}, 400, "a project named parts"),
        ("POST", "projects", {"nome": "parts"}, 400, "nome"),
        ("POST", "versions", {"project_arn": "x", "name": "v"}, 400, "ResourceNotFoundException"),
        ("POST", "actions", {"action": "fly", "arn": "x"}, 400, "action must be one of"),
        ("POST", "projects", ["x"], 400, "JSON object"),
    ],
)
def test_fails_when_an_own_path_is_misused(
    world: World, method: str, path: str, body: object, status: int, message: str
) -> None:
    """Each mistake has an answer that says what is wrong."""
    got, answer = admin(world.emulator, method, path, body)
    assert got == status
    assert message in answer["error"]


def test_fails_when_the_account_is_none() -> None:
    """An account has twelve digits."""
    with pytest.raises(ValueError, match="account must be twelve digits"):
        RekognitionEmulator(account="12345", clock=HandClock())


BAD_VALUES = [None, True, 1.5, -1, 10**400, 1e999, "", "x", "\ud800", [], ["x"], {}, {"a": 1}, [[1]]]


@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
@pytest.mark.parametrize(
    ("method", "path", "member"),
    [
        ("POST", "projects", "name"),
        ("POST", "projects", "tags"),
        ("POST", "versions", "project_arn"),
        ("POST", "versions", "labels"),
        ("POST", "versions", "start_seconds"),
        ("POST", "versions", "units"),
        ("POST", "versions", "tags"),
        ("POST", "actions", "arn"),
        ("POST", "actions", "action"),
        ("POST", "actions", "units"),
        ("POST", "refusals", "action"),
        ("POST", "refusals", "calls"),
        ("POST", "refusals", "seconds"),
        ("PATCH", "settings", "start_seconds"),
        ("PATCH", "settings", "default_labels"),
        ("PATCH", "settings", "_x"),
        ("PATCH", "faults", "error_probability"),
        ("PATCH", "faults", "_seed"),
    ],
)
def test_no_value_ends_a_connection(world: World, method: str, path: str, member: str, value: object) -> None:
    """Of whatever kind a value is: taken, or refused with 400; and the next call is served."""
    body = {
        "projects": {"name": "other"},
        "versions": {"project_arn": world.project, "name": "odd"},
        "actions": {"action": "start", "arn": world.version()},
        "refusals": {"action": "rekognition:StopProjectVersion", "code": "X"},
    }.get(path, {})
    status, _ = admin(world.emulator, method, path, {**body, member: value})
    assert status in (200, 400)
    assert admin(world.emulator, "GET", "models")[0] == 200
    assert outcome_of(lambda: world.start(world.version())) != "InternalServerError"
    assert world.emulator.journal.select(kind="note") == []


@pytest.mark.parametrize(
    ("path", "member", "value", "wanted"),
    [
        ("projects", "tags", {"a": 1}, "an object of texts"),
        ("projects", "tags", ["a"], "an object of texts"),
        ("versions", "labels", "ab", "a list of texts"),
        ("versions", "labels", ["a", 1], "a list of texts"),
        ("versions", "units", True, "a whole number"),
        ("versions", "units", 1.0, "a whole number"),
        ("versions", "stop_seconds", "5", "a number"),
        ("versions", "start_seconds", 1e999, "a number"),
    ],
)
def test_fails_when_a_value_is_of_another_kind(
    world: World, path: str, member: str, value: object, wanted: str
) -> None:
    """It is named, with what it has to be, and nothing is made."""
    body = {"projects": {"name": "other"}, "versions": {"project_arn": world.project, "name": "odd"}}[path]
    status, answer = admin(world.emulator, "POST", path, {**body, member: value})
    assert status == 400
    assert f"{member} must be {wanted}" in answer["error"]
    assert world.emulator.versions() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"null", b"\xff", b"[" * 100_000, b'{"name": 1e}'])
def test_no_body_ends_a_connection(world: World, body: bytes) -> None:
    """What is no JSON object is 400."""
    address = urlsplit(world.emulator.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
    connection.request("POST", "/_emulator/projects", body, {TOKEN_HEADER: world.emulator.token})
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.parametrize(
    "query", ["since=-1", "since=x", "since=%C2%B2", "limit=0", "limit=99999999", "limit="]
)
def test_fails_when_a_part_of_the_journal_is_none(world: World, query: str) -> None:
    """Numbers are whole, and a part is not too large."""
    status, answer = admin(world.emulator, "GET", f"journal?{query}")
    assert (status, "must be" in answer["error"] or "limit" in answer["error"]) == (400, True)


def test_a_request_that_never_ends_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte now and then keeps no thread for ever."""
    monkeypatch.setattr(server, "READ_SECONDS", 0.2)
    address = urlsplit(world.emulator.endpoint)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                connection.sendall(b"x")
                connection.settimeout(0.05)
                with suppress(TimeoutError):
                    assert connection.recv(1) == b""
                    break
    assert outcome_of(world.rekognition.describe_projects) == "ok"


def test_too_many_connections_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than the most is ended; those that are open go on."""
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 3)
    address = urlsplit(world.emulator.endpoint)
    assert outcome_of(world.rekognition.describe_projects) == "ok"
    open_ones = [socket.create_connection((str(address.hostname), int(address.port or 0))) for _ in range(6)]
    open_ones[-1].settimeout(20)
    assert open_ones[-1].recv(1) == b""
    assert outcome_of(world.rekognition.describe_projects) == "ok"
    for one in open_ones:
        one.close()


@pytest.mark.parametrize("region", ["mars-1", "eu-west-3", "cn-north-1", ""])
def test_fails_where_custom_labels_does_not_exist(region: str) -> None:
    """Rekognition has more Regions than Custom Labels."""
    with pytest.raises(ValueError, match=r"region must be one of us-east-1, .*eu-west-1.*, got"):
        RekognitionEmulator(region=region)


def test_a_get_of_the_service_is_no_operation(world: World) -> None:
    """A browser gets a readable refusal instead of a hang."""
    with pytest.raises(urllib.error.HTTPError) as problem:
        urllib.request.urlopen(world.emulator.endpoint, timeout=20)  # noqa: S310
    assert problem.value.code == 400
