"""Only this machine's own programs are served, and nothing is left in a person's home."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from stack_world import zipped

from local_aws import EmbeddedAws
from local_aws.door import TOKEN_HEADER, refusal_of

pytestmark = pytest.mark.slow

Server = tuple[http.client.HTTPConnection, str]
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["MiniStack", "Rekognition"])
def server(request: pytest.FixtureRequest, aws: EmbeddedAws) -> Iterator[Server]:
    """A connection to each of the two, and a path of its own that changes it."""
    address = urlsplit(aws.endpoint if request.param == "MiniStack" else aws.rekognition.endpoint)
    if request.param == "MiniStack":
        tls = ssl.create_default_context(cafile=aws.environment["NODE_EXTRA_CA_CERTS"])
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            str(address.hostname), address.port, timeout=20, context=tls
        )
        path = "/_local_aws/switches"
    else:
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        path = "/_emulator/settings"
    yield connection, path
    connection.close()


def status_of(server: Server, method: str, path: str, headers: Mapping[str, str]) -> int:
    """The HTTP status of a request; a Host among the headers takes the place of the right one."""
    connection, _ = server
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in {"Content-Length": "0", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.mark.parametrize("path", ["own", "/", "/bucket/key", "/_ministack/reset"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"origin": "http://localhost:3000"},
        {"Host": "example.org"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "localhost.example.org:80"},
        {"Host": ""},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_no_web_page_is_served(
    server: Server, aws: EmbeddedAws, method: str, path: str, headers: dict[str, str]
) -> None:
    """A foreign Host, or any Origin, is refused on every path, whatever else the request holds."""
    asked = server[1] if path == "own" else path
    assert status_of(server, method, asked, {TOKEN_HEADER: aws.token, **headers}) == 403


@pytest.mark.parametrize("given", [{}, {TOKEN_HEADER: ""}, {TOKEN_HEADER: "guessed"}])
def test_the_own_paths_need_the_token(server: Server, aws: EmbeddedAws, given: dict[str, str]) -> None:
    """Whoever did not start it, such as a function that runs in it, changes and reads nothing of it."""
    assert status_of(server, "GET", server[1], given) == 403
    assert status_of(server, "GET", server[1], {TOKEN_HEADER: aws.token}) == 200


@pytest.mark.parametrize("path", ["switches", "refusals", "events", "authorize", "trail"])
@pytest.mark.parametrize("body", [b"[1]", b'"a"', b"null", b"7", b"\xff\xfe", b"{", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(aws: EmbeddedAws, path: str, body: bytes) -> None:
    """With a word about it, on every path that takes one."""
    status, answer = told(aws, "PATCH" if path == "switches" else "POST", path, body)
    assert status == 400
    assert "the body must be a JSON object" in answer


@pytest.mark.parametrize(
    ("path", "document", "said"),
    [
        ("events", {}, "function must be the name or ARN of a function, got None"),
        ("events", {"function": "f"}, "event must be an object, what CloudFormation sends, got None"),
        ("events", {"function": "f", "event": {"StackId": 1}}, "RequestType must be a text, got None"),
        ("refusals", {"action": "a:B"}, "not a refusal: "),
        ("refusals", {"action": 7, "code": "X"}, "action must be a text that is not empty, got 7"),
        ("refusals", {"action": "a:B", "code": "X", "status": 200}, "status must be a whole number"),
        ("authorize", {}, "missing: 'access_key_id'"),
        ("trail", {}, "missing: "),
    ],
)
def test_what_is_wrong_with_a_document_is_told(
    aws: EmbeddedAws, path: str, document: dict[str, object], said: str
) -> None:
    """By the name of the member."""
    status, answer = told(aws, "POST", path, json.dumps(document).encode())
    assert (status, said in answer) == (400, True), answer


def told(aws: EmbeddedAws, method: str, path: str, body: bytes) -> tuple[int, str]:
    """What MiniStack's process answers on a path of its own."""
    address = urlsplit(aws.endpoint)
    tls = ssl.create_default_context(cafile=aws.environment["NODE_EXTRA_CA_CERTS"])
    connection = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=20, context=tls)
    connection.request(method, f"/_local_aws/{path}", body, {TOKEN_HEADER: aws.token})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_reset_of_ministack_needs_the_token(aws: EmbeddedAws) -> None:
    """Else a bucket of this test would be gone."""
    aws.client("s3").create_bucket(
        Bucket="kept", CreateBucketConfiguration={"LocationConstraint": aws.region}
    )
    tls = ssl.create_default_context(cafile=aws.environment["NODE_EXTRA_CA_CERTS"])
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=20, context=tls)
    for path in ("/_ministack/reset", "/_ministack/config"):
        connection.request("POST", path, b"{}")
        answer = connection.getresponse()
        assert (answer.status, b"token" in answer.read()) == (403, True)
    connection.close()
    assert "kept" in {one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:80", "localhost:4566", "LOCALHOST", "[::1]:1", "b.localhost"]
)
def test_every_name_of_this_machine_is_served(host: str) -> None:
    """Services put buckets and API ids before localhost."""
    assert refusal_of([("Host", host)]) is None


def test_two_hosts_are_one_too_many() -> None:
    """Which of the two counts is nothing to guess about."""
    assert refusal_of([("Host", "localhost"), ("host", "example.org")]) is not None


def test_a_function_does_not_find_the_token(aws: EmbeddedAws, role_arn: str) -> None:
    """Neither in its environment nor in that of the process that started it."""
    source = """
import os
def handler(event, context):
    parent = open(f"/proc/{os.getppid()}/environ", "rb").read().decode(errors="replace")
    return {"found": event["token"] in parent or event["token"] in str(dict(os.environ))}
"""
    client = aws.client("lambda")
    client.create_function(
        FunctionName="curious", Runtime="python3.13", Role=role_arn, Handler="index.handler",
        Code={"ZipFile": zipped(source)},
    )  # fmt: skip
    answer = client.invoke(FunctionName="curious", Payload=json.dumps({"token": aws.token}))
    assert json.load(answer["Payload"]) == {"found": False}


def test_it_listens_on_the_loopback_interface_alone(aws: EmbeddedAws) -> None:
    """No listening socket of its processes has another address."""
    for endpoint in (aws.endpoint, aws.rekognition.endpoint):
        port = int(str(urlsplit(endpoint).port))
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = [one[1] for one in lines if one[3] == "0A" and int(one[1].partition(":")[2], 16) == port]
        assert [address.partition(":")[0] for address in listening] == ["0100007F"]
    assert socket.gethostbyname("localhost").startswith("127.")


def test_tools_keep_their_things_out_of_the_home(aws: EmbeddedAws, tmp_path: Path) -> None:
    """The CDK CLI, jsii and the SDKs, started with these variables, leave nothing there and read nothing."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nregion = mars-1\nendpoint_url = http://example.org\n"
    )
    environment = aws.process_environment() | {"HOME": str(tmp_path)}
    look = "import aws_cdk, boto3; aws_cdk.App(); print(boto3.client('sts').get_caller_identity()['Account'])"
    seen = subprocess.run(
        [sys.executable, "-c", look],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.split() == [aws.account]
    home = aws.environment["CDK_HOME"]
    command = [str(ROOT / "node_modules" / ".bin" / "cdk"), "bootstrap", f"aws://{aws.account}/{aws.region}"]
    subprocess.run(
        [*command, "--app", "", "--no-notices"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    memory = Path(home, "cache", "accounts_partitions.json").read_text()
    assert aws.account in memory
    assert sorted(place.name for place in tmp_path.iterdir()) == [".aws"]
    assert home.startswith(str(aws.log_file.parent))
