"""The embedded AWS, one for a whole run (or for each xdist worker), and ways to deploy to it.

Tests that are about what people see of the CDK CLI, or about its options, are marked ``real_cli``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from by_api import ByApi
from by_cli import CDK, Cdk
from harness import Deployment

from local_aws import EmbeddedAws
from local_aws.rekognition import Settings

START_SECONDS, STOP_SECONDS = 4.0, 2.0


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """One embedded AWS for the run."""
    settings = Settings(start_seconds=START_SECONDS, stop_seconds=STOP_SECONDS)
    with EmbeddedAws(rekognition=settings) as embedded:
        yield embedded


@pytest.fixture(scope="session")
def api(aws: EmbeddedAws) -> ByApi:
    """CloudFormation's API, with the account bootstrapped."""
    assert CDK.exists(), "the CDK CLI is not installed: run make setup"
    api = ByApi(aws)
    api.bootstrap()
    return api


@pytest.fixture(scope="session")
def cdk(api: ByApi, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """The CLI, in that account."""
    return Cdk(api.aws, tmp_path_factory.mktemp("cdk"))


@pytest.fixture
def deployment(cdk: Cdk, api: ByApi, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """A stack of its own, gone at the end whatever the test did, and no model that goes on billing."""
    real_cli = request.node.get_closest_marker("real_cli") is not None
    this = Deployment(cdk if real_cli else api, tmp_path)
    yield this
    this.rekognition.faults.reset(0)
    this.aws.refuse_nothing()
    if this.assembly is not None and this.stack_status() not in (None, "DELETE_COMPLETE"):
        outcome = api.destroy(this.assembly, this.name)
        assert this.stack_status() in (None, "DELETE_COMPLETE"), outcome.output
    this.check_role()
    # Another delivery of an event may come late, and makes sure before it stops what it finds.
    this.wait_for("the end of all that bills", lambda: not this.billing(), seconds=180)
