"""Just enough of AWS for one function to bring one model up and down, over TLS.

The embedded AWS is a whole one and shares its cores with the function. This one answers from a script, so
that what a function's process needs for itself can be told: a model that runs after so many looks, a
resource that is being created or deleted, a stack with so many events.
"""

from __future__ import annotations

import json
import ssl
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import trustme

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"
PROJECT_ARN: Final = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/parts/1627045542000"
VERSION_ARN: Final = f"arn:aws:rekognition:{REGION}:{ACCOUNT}:project/parts/version/v1/1627045542080"
FUNCTION_ARN: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:provider"
STACK_ID: Final = (
    f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/parts/11111111-2222-3333-4444-555555555555"
)
LOGICAL_ID: Final = "Model"
ANSWER_HOST: Final = f"cloudformation-custom-resource-response-{REGION.replace('-', '')}.s3.amazonaws.com"
HOSTS: Final = (
    f"rekognition.{REGION}.amazonaws.com",
    f"cloudformation.{REGION}.amazonaws.com",
    f"lambda.{REGION}.amazonaws.com",
    f"events.{REGION}.amazonaws.com",
    ANSWER_HOST,
)
_EVENT_TIME: Final = "2026-01-01T00:00:00.000Z"
_NAMESPACE: Final = "http://cloudformation.amazonaws.com/doc/2010-05-15/"

Heard = Callable[[str], None]
"""Told the name of each call before it is answered: whoever called waits meanwhile."""


class Script:
    """The state behind the answers."""

    def __init__(self, *, looks: int, events: int, event_characters: int = 600) -> None:
        self.looks = looks
        """How many of them a model takes to start or to stop."""
        self._others = [_other_event(number, event_characters) for number in range(events - 2)]
        self._left = 0
        self.request = "Create"
        self.status = "TRAINING_COMPLETED"
        self.tags: dict[str, str] = {}
        self.answered: dict[str, Any] | None = None
        self.handed_over: dict[str, Any] | None = None
        """The event for the next invocation."""

    def rekognition(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to a call of Rekognition."""
        if operation == "StartProjectVersion":
            self.status, self._left = "STARTING", self.looks
            return {"Status": self.status}
        if operation == "StopProjectVersion":
            self.status, self._left = "STOPPING", self.looks
            return {"Status": self.status}
        if operation == "DescribeProjectVersions":
            return {"ProjectVersionDescriptions": [self._look()]}
        if operation == "TagResource":
            self.tags |= asked["Tags"]
        elif operation == "UntagResource":
            self.tags = {key: value for key, value in self.tags.items() if key not in asked["TagKeys"]}
        elif operation == "ListTagsForResource":
            return {"Tags": self.tags}
        return {}

    def _look(self) -> dict[str, Any]:
        self._left -= 1
        if self._left <= 0:
            self.status = {"STARTING": "RUNNING", "STOPPING": "STOPPED"}.get(self.status, self.status)
        return {"ProjectVersionArn": VERSION_ARN, "Status": self.status, "MinInferenceUnits": 1}

    def cloudformation(self, action: str) -> str:
        """The answer to a call of CloudFormation, as XML."""
        kind = self.request.upper()
        resource = (
            f"<LogicalResourceId>{LOGICAL_ID}</LogicalResourceId><StackId>{STACK_ID}</StackId>"
            f"<PhysicalResourceId>{VERSION_ARN if self.request != 'Create' else ''}</PhysicalResourceId>"
            "<ResourceType>Custom::RekognitionRunningModel</ResourceType>"
            f"<ResourceStatus>{kind}_IN_PROGRESS</ResourceStatus>"
        )
        if action == "DescribeStackResource":
            updated = f"<LastUpdatedTimestamp>{_EVENT_TIME}</LastUpdatedTimestamp>"
            found = f"<StackResourceDetail>{resource}{updated}</StackResourceDetail>"
        elif action == "DescribeStackEvents":
            own = (
                f"{resource}<ResourceProperties>"
                f"{json.dumps({'ProjectVersionArn': VERSION_ARN, 'MinInferenceUnits': '1'})}"
                "</ResourceProperties>"
            )
            members = [own, *self._others, _stack_event(kind)]
            found = "<StackEvents>" + "".join(f"<member>{m}{_event_id(m)}</member>" for m in members)
            found += "</StackEvents>"
        else:
            found = (
                f"<Stacks><member><StackId>{STACK_ID}</StackId><StackName>parts</StackName>"
                f"<CreationTime>{_EVENT_TIME}</CreationTime><StackStatus>{kind}_IN_PROGRESS</StackStatus>"
                "</member></Stacks>"
            )
        return (
            f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{found}</{action}Result>'
            f"<ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></{action}Response>"
        )


def _event_id(member: str) -> str:
    at = f"<EventId>{hash(member)}</EventId><StackName>parts</StackName>"
    return f"{at}<Timestamp>{_EVENT_TIME}</Timestamp>"


def _other_event(number: int, characters: int) -> str:
    """What the stack's other resources went through; a policy is what a stack of this kind has most of."""
    properties = {"PolicyName": f"Policy{number}", "PolicyDocument": {"Statement": ["x" * characters]}}
    return (
        f"<StackId>{STACK_ID}</StackId><LogicalResourceId>Other{number // 3}</LogicalResourceId>"
        f"<PhysicalResourceId>parts-Other{number // 3}</PhysicalResourceId>"
        "<ResourceType>AWS::IAM::Policy</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
        f"<ResourceProperties>{json.dumps(properties)}</ResourceProperties>"
    )


def _stack_event(kind: str) -> str:
    return (
        f"<StackId>{STACK_ID}</StackId><LogicalResourceId>parts</LogicalResourceId>"
        f"<PhysicalResourceId>{STACK_ID}</PhysicalResourceId>"
        "<ResourceType>AWS::CloudFormation::Stack</ResourceType>"
        f"<ResourceStatus>{kind}_IN_PROGRESS</ResourceStatus>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        """A call: Rekognition's protocol names it in a header, CloudFormation's in the form."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        script = self.server.script
        target = self.headers.get("X-Amz-Target")
        if target is not None:
            operation = target.rpartition(".")[2]
            self.server.heard(operation)
            self._send(json.dumps(script.rekognition(operation, json.loads(body))), "x-amz-json-1.1")
            return
        if self.path.endswith("/invocations"):
            self.server.heard("Invoke")
            script.handed_over = json.loads(body)
            self._send("", "octet-stream")
            return
        action = parse_qs(body.decode())["Action"][0]
        self.server.heard(action)
        self._send(script.cloudformation(action), "xml")

    def do_GET(self) -> None:
        """What is no call has no answer."""
        self._send("", "xml")

    def do_PUT(self) -> None:
        """The answer to CloudFormation."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.heard("answer")
        self.server.script.answered = json.loads(body)
        self._send("", "xml")

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _send(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A process that is ended in the middle of a call is no error here."""

    script: Script
    heard: Heard


class ScriptedAws:
    """Listens on a free port of 127.0.0.1 for all hosts, with a certificate for their names."""

    def __init__(self, script: Script, heard: Heard) -> None:
        authority = trustme.CA(organization_name="Scripted AWS")
        self.authority = authority.cert_pem.bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder) / "chain.pem"
            authority.issue_cert(*HOSTS).private_key_and_cert_chain_pem.write_to_path(str(chain))
            context.load_cert_chain(chain)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.script, self._server.heard = script, heard
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> ScriptedAws:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
