"""One embedded AWS for all tests of this folder, and a function that does what its resource says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from caller import CALLER, Caller
from stack_world import PROVIDER_SOURCE, TRUST, StackWorld, zipped

from local_aws import EmbeddedAws, Switches
from local_aws.rekognition import Settings

FUNCTION_SECONDS = 20


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """A running embedded AWS."""
    rekognition = Settings(metrics_period_seconds=0.2)
    with EmbeddedAws(rekognition=rekognition, switches=Switches(async_retry_seconds=0.1)) as running:
        yield running


@pytest.fixture(scope="session")
def role_arn(aws: EmbeddedAws) -> str:
    """A role for functions, without any permission."""
    role = aws.client("iam").create_role(RoleName="wishes", AssumeRolePolicyDocument=json.dumps(TRUST))
    return str(role["Role"]["Arn"])


@pytest.fixture(scope="session")
def function_arn(aws: EmbeddedAws, role_arn: str) -> str:
    """The function behind the custom resources."""
    made = aws.client("lambda").create_function(
        FunctionName="wishes",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Timeout=FUNCTION_SECONDS,
        Code={"ZipFile": zipped(PROVIDER_SOURCE)},
    )
    return str(made["FunctionArn"])


@pytest.fixture
def stacks(
    aws: EmbeddedAws, function_arn: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[StackWorld]:
    """Stacks of this test alone; switches are as before when it ends."""
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", str(request.node.name)).removeprefix("test-")[:60].rstrip("-")
    yield StackWorld(aws, function_arn, prefix, tmp_path)
    aws.set_switches(**Switches(async_retry_seconds=0.1).as_dict())


@pytest.fixture
def caller(aws: EmbeddedAws) -> Iterator[Caller]:
    """The caller, without any permission at first and again at the end."""
    client, iam = aws.client("lambda"), aws.client("iam")
    if "caller" not in {one["FunctionName"] for one in client.list_functions()["Functions"]}:
        trust = {"Version": "2012-10-17", "Statement": []}
        role = iam.create_role(RoleName="callers", AssumeRolePolicyDocument=json.dumps(trust))
        client.create_function(
            FunctionName="caller",
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="index.handler",
            Timeout=20,
            Code={"ZipFile": zipped(CALLER)},
        )
    yield Caller(aws, "allowed")
    for name in iam.list_role_policies(RoleName="callers")["PolicyNames"]:
        iam.delete_role_policy(RoleName="callers", PolicyName=name)
