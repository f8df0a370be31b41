"""``EmbeddedAws``: all of it, started and stopped by one object."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local_aws.errors import LocalAwsError
from local_aws.host_process import HostProcess, HostSettings
from local_aws.journal import (
    ApiCall,
    CustomResourceRequest,
    Invocation,
    api_call_from,
    invocation_from,
    request_from,
)
from local_aws.refusals import refusal_from
from local_aws.rekognition import REGIONS, AuthorizationRequest, RekognitionEmulator, Settings
from local_aws.rekognition.clock import MovedClock
from local_aws.switches import Switches

ROOT_KEY = "test"
PORT_MAX = 65_535
JSII_CACHE = Path(__file__).parents[1] / "build" / "jsii"
"""Where jsii unpacks the CDK, by its content: hundreds of megabytes, too much for each run of its own."""
_UNWANTED = "AWS_"
"""Variables that begin so lead tools elsewhere: a profile, a session, an endpoint of one service."""


class EmbeddedAws:
    """CloudFormation, Lambda, IAM, S3 and the rest of MiniStack, and Rekognition, on this machine.

    A context manager; ``start`` and ``stop`` do the same by hand. Everything listens on 127.0.0.1, on
    ``port`` (0: any free one) and a free one for Rekognition. Several may run at once. Raises LocalAwsError
    with one readable line.
    """

    def __init__(
        self,
        *,
        account: str = "123456789012",
        region: str = "eu-west-1",
        rekognition: Settings | None = None,
        switches: Switches | None = None,
        port: int = 0,
        seed: int = 0,
        movable_time: bool = False,
    ) -> None:
        """``movable_time``: ``move_time`` can be called."""
        _check(account, region, port)
        self.account = account
        self.region = region
        self._clock = MovedClock() if movable_time else None
        self._ahead = 0.0
        self.rekognition = RekognitionEmulator(
            account=account,
            region=region,
            settings=rekognition or Settings(),
            seed=seed,
            clock=self._clock,
        )
        self._switches = switches or Switches()
        self._port = port
        self._host: HostProcess | None = None
        self._clients: dict[str, Any] = {}

    def start(self, cancelled: threading.Event | None = None) -> Self:
        """Starts everything and returns when it can be used; ends with LocalAwsError once ``cancelled`` is
        set before that."""
        self.rekognition.start()
        try:
            host = HostProcess(
                HostSettings(
                    account=self.account,
                    region=self.region,
                    rekognition_endpoint=self.rekognition.endpoint,
                    port=self._port,
                    switches=self._switches.as_dict(),
                    token=self.token,
                    movable_time=self._clock is not None,
                )
            )
            host.start(cancelled)
            self._host = host
            self._wire(host)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends everything. May be called twice."""
        host, self._host = self._host, None
        self._clients.clear()
        try:
            self.rekognition.authorizer = None
            self.rekognition.record_calls_with(None)
            self.rekognition.stop()
        finally:
            if host is not None:
                host.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wire(self, host: HostProcess) -> None:
        """Rekognition asks MiniStack's IAM who may do what, reads its S3 and writes to its CloudWatch."""

        def authorize(request: AuthorizationRequest) -> str | None:
            message: str | None = host.admin.post(
                "/authorize",
                {
                    "access_key_id": request.access_key_id,
                    "session_token": request.session_token,
                    "action": request.action,
                    "resource": request.resource_arn,
                    "context": dict(request.context),
                },
            )["denied"]
            return message

        def read_s3(bucket: str, key: str, version: str | None) -> bytes:
            # An empty answer is the first Region's (S3 API reference, GetBucketLocation).
            place = self.client("s3").get_bucket_location(Bucket=bucket)
            if (place.get("LocationConstraint") or "us-east-1") != self.region:
                raise LocalAwsError(f"the bucket {bucket} is in another Region than the model")
            wanted = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
            data: bytes = self.client("s3").get_object(**wanted)["Body"].read()
            return data

        self.rekognition.authorizer = authorize
        self.rekognition.s3_reader = read_s3
        self.rekognition.record_calls_with(lambda event: host.admin.post("/trail", asdict(event)))
        self.rekognition.publish_metrics_to(self.client("cloudwatch").put_metric_data)

    @property
    def _running(self) -> HostProcess:
        if self._host is None:
            raise LocalAwsError("the embedded AWS is not running")
        return self._host

    @property
    def endpoint(self) -> str:
        """Where everything but Rekognition listens."""
        return self._running.endpoint

    @property
    def token(self) -> str:
        """What the paths that change the embedded AWS itself want in the header X-Local-Aws-Token."""
        return self.rekognition.token

    @property
    def log_file(self) -> Path:
        """What MiniStack and the Lambda functions print; it goes with ``stop``."""
        return self._running.log_file

    @property
    def process_group(self) -> int:
        """The process group of MiniStack and its Lambda workers."""
        return self._running.process_group

    def now(self) -> float:
        """The time of this AWS, in seconds since 1970: the machine's, unless it was moved."""
        return time.time() + self._ahead

    def move_time(self, seconds: float) -> None:
        """Let so many seconds pass at once, for every service and function of this AWS.

        What they would have brought is there then: schedules that were due run once, a model that started is
        RUNNING. Time-outs that are running, such as CloudFormation's hour, are not shortened. Raises
        LocalAwsError without ``movable_time``, and ValueError for a negative number of seconds.
        """
        if self._clock is None:
            raise LocalAwsError("time can only be moved with EmbeddedAws(movable_time=True)")
        self._clock.move(seconds)
        self._ahead += seconds
        self._running.move_time(self._ahead)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make ``cdk``, ``aws``, boto3 and the JavaScript SDK use this AWS."""
        certificate, own = self._running.certificate, self._running.own_home
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_REKOGNITION": self.rekognition.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "CDK_DEFAULT_ACCOUNT": self.account,
            "CDK_DEFAULT_REGION": self.region,
            "AWS_CA_BUNDLE": str(certificate.bundle),
            "SSL_CERT_FILE": str(certificate.bundle),
            "NODE_EXTRA_CA_CERTS": str(certificate.authority),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            # A proxy would not find this machine.
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            # Nothing of a person's own home is read, and nothing left there: the CDK CLI remembers which
            # account an access key belongs to, and takes that for true wherever the same key is used.
            "CDK_HOME": str(own / "cdk"),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(JSII_CACHE),
            "AWS_CONFIG_FILE": str(own / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(own / "credentials"),
        }

    def process_environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """A whole environment for a child process: ``base``, by default this process's, without what would
        lead the tools to another account, and with ``environment``."""
        given = os.environ if base is None else base
        kept = {name: value for name, value in given.items() if not name.startswith(_UNWANTED)}
        return kept | self.environment

    def client(self, service: str) -> Any:
        """A boto3 client on this AWS, as its root; made once for each service."""
        if service not in self._clients:
            import boto3

            # A session of its own: the default one is shared and not safe to make clients from in threads.
            session: Any = boto3.Session(
                aws_access_key_id=ROOT_KEY,
                aws_secret_access_key="test",  # noqa: S106
                region_name=self.region,
            )
            rekognition = service == "rekognition"
            self._clients[service] = session.client(
                service,
                endpoint_url=self.rekognition.endpoint if rekognition else self.endpoint,
                verify=str(self._running.certificate.authority),
            )
        return self._clients[service]

    @property
    def custom_resource_requests(self) -> list[CustomResourceRequest]:
        """Every request to a custom resource so far, with its answers, oldest first."""
        return [request_from(entry) for entry in self._running.admin.entries("/requests")]

    def requests_of(
        self, logical_id: str, *, request_type: str | None = None, stack_id: str | None = None
    ) -> list[CustomResourceRequest]:
        """The requests of one resource, oldest first."""
        return [
            request
            for request in self.custom_resource_requests
            if request.logical_id == logical_id
            and request_type in (None, request.request_type)
            and stack_id in (None, request.stack_id)
        ]

    @property
    def invocations(self) -> list[Invocation]:
        """Every run of a Lambda function so far, oldest first."""
        return [invocation_from(entry) for entry in self._running.admin.entries("/invocations")]

    @property
    def api_calls(self) -> list[ApiCall]:
        """Every AWS API call by roles and users so far, Rekognition's included, oldest first."""
        return [api_call_from(entry) for entry in self._running.admin.entries("/api-calls")]

    def set_switches(self, **values: Any) -> Switches:
        """Changes switches at run time and returns all of them. Raises LocalAwsError for an unknown one."""
        changed = Switches()
        changed.update(self._running.admin.patch("/switches", values))
        return changed

    def refuse(self, action: str, code: str, **options: Any) -> None:
        """Refuses calls of roles and users with an error on purpose, from now on.

        ``action``: as a policy names it, ``*`` for any part after the colon. ``options``: seconds, since the
        first call that is refused; calls; status; message. Raises LocalAwsError for anything else.
        """
        refusal = {"action": action, "code": code, **options}
        if action.startswith("rekognition:"):
            self.rekognition.faults.refuse(refusal_from(refusal, spares=[ROOT_KEY]))
        else:
            self._running.admin.post("/refusals", refusal)

    def refuse_nothing(self) -> None:
        """Ends everything that ``refuse`` has begun."""
        self.rekognition.faults.refuse_nothing()
        self._running.admin.delete("/refusals")

    def send_custom_resource_event(self, function: str, event: Mapping[str, Any]) -> CustomResourceRequest:
        """Sends a hand-made event to a function, as CloudFormation would, and returns at once.

        ``event`` holds RequestType, StackId, LogicalResourceId, ResourceProperties and so on; RequestId may
        be left out. A ResponseURL of its own is added, so the answer changes nothing but the journal.
        """
        sent = self._running.admin.post("/events", {"function": function, "event": dict(event)})
        return self.custom_resource_request(sent["request_id"])

    def custom_resource_request(self, request_id: str) -> CustomResourceRequest:
        """A request by its id, as it stands now."""
        return request_from(self._running.admin.get(f"/requests/{request_id}"))

    def response_url(self, request_id: str) -> str:
        """The ResponseURL of a request: what a log must never hold."""
        url: str = self._running.admin.get(f"/requests/{request_id}/response-url")["response_url"]
        return url

    def wait_for_answer(self, request_id: str, *, timeout_seconds: float = 60.0) -> CustomResourceRequest:
        """The request once it has an answer, of whatever verdict. Raises LocalAwsError when there is none in
        time."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            request = self.custom_resource_request(request_id)
            if request.answers:
                return request
            if time.monotonic() > deadline:
                raise LocalAwsError(
                    f"no answer to {request.request_type} {request_id} after {timeout_seconds:g} s"
                )
            time.sleep(0.05)


def _check(account: str, region: str, port: int) -> None:
    if not (account.isascii() and account.isdigit() and len(account) == 12):
        raise LocalAwsError(f"account must be 12 digits, got {account!r}")
    if region not in REGIONS:
        raise LocalAwsError(f"region must be one with Custom Labels, {', '.join(REGIONS)}; got {region!r}")
    if not 0 <= port <= PORT_MAX:
        raise LocalAwsError(f"port must be 0, for any free one, to {PORT_MAX}, got {port}")


def export_lines(environment: Mapping[str, str]) -> list[str]:
    """Shell lines that set ``environment`` and clear what would win over it."""
    from shlex import quote

    present = f"$(env | sed -n 's/^\\({_UNWANTED}[A-Za-z0-9_]*\\)=.*/\\1/p')"
    return [f"unset AWS_PROFILE {present}"] + [
        f"export {name}={quote(value)}" for name, value in environment.items()
    ]
