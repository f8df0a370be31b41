"""An emulator on a clock that is moved by hand, and boto3 clients that show every error at once."""

from __future__ import annotations

import json
import struct
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.door import TOKEN_HEADER
from local_aws.rekognition import HandClock, RekognitionEmulator

KEY = "AKIAIOSFODNN7EXAMPLE"


def client_of(emulator: RekognitionEmulator, **options: Any) -> Any:
    """A boto3 client that asks once and does not check parameters, so that the emulator has to."""
    config = Config(
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        read_timeout=20,
        max_pool_connections=30,
    )
    return boto3.client(
        "rekognition",
        endpoint_url=emulator.endpoint,
        region_name=emulator.region,
        aws_access_key_id=KEY,
        aws_secret_access_key="secret",
        config=config,
        **options,
    )


@dataclass
class World:
    """An emulator with one project and its clock."""

    emulator: RekognitionEmulator
    clock: HandClock
    rekognition: Any
    project: str
    made: list[str] = field(default_factory=list)

    def version(self, status: str = "TRAINING_COMPLETED", **options: Any) -> str:
        """A new version in a status; its ARN."""
        self.made.append(self.emulator.add_version(self.project, f"v{len(self.made)}", status, **options))
        return self.made[-1]

    def start(self, arn: str, units: int = 1, **options: Any) -> str:
        """StartProjectVersion; the status answered."""
        answer = self.rekognition.start_project_version(
            ProjectVersionArn=arn, MinInferenceUnits=units, **options
        )
        return str(answer["Status"])

    def stop(self, arn: str) -> str:
        """StopProjectVersion; the status answered."""
        return str(self.rekognition.stop_project_version(ProjectVersionArn=arn)["Status"])

    def describe(self, arn: str) -> dict[str, Any]:
        """What DescribeProjectVersions shows of a version; empty if nothing."""
        name = arn.split("/")[3]
        answer = self.rekognition.describe_project_versions(ProjectArn=self.project, VersionNames=[name])
        found: list[dict[str, Any]] = answer["ProjectVersionDescriptions"]
        return found[0] if found else {}


def outcome_of(call: Callable[[], object]) -> str:
    """ "ok", or the code of the error that a call raised."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def post(emulator: RekognitionEmulator, operation: str, body: object, **headers: str) -> tuple[int, Any]:
    """A call without any SDK; (HTTP status, document)."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(emulator.endpoint + "/", data=data, method="POST")  # noqa: S310
    request.add_header("X-Amz-Target", f"RekognitionService.{operation}")
    request.add_header("Content-Type", "application/x-amz-json-1.1")
    request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/eu-west-1/rekognition/x")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def admin(emulator: RekognitionEmulator, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """A request to the emulator's own paths; (HTTP status, document)."""
    data = None if body is None else json.dumps(body).encode()
    address = f"{emulator.endpoint}/_emulator/{path}"
    headers = {TOKEN_HEADER: emulator.token}
    request = urllib.request.Request(address, data=data, method=method, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def png(width: int = 80, height: int = 80, shade: int = 128) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([shade]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg(width: int = 80, height: int = 80) -> bytes:
    """The head of a JPEG file: JFIF segment, then the frame with its size."""
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + jfif + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\xff\xd9"
