"""The real CDK CLI against the embedded AWS, one of each for a whole run (or for each xdist worker)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import CDK, Cdk, Deployment

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
def cdk(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    """The CLI, with the account bootstrapped."""
    assert CDK.exists(), "the CDK CLI is not installed: run make setup"
    runner = Cdk(aws, tmp_path_factory.mktemp("cdk"))
    outcome = runner.run("bootstrap", "aws://123456789012/eu-west-1", "--app", "")
    assert outcome.code == 0, outcome.output
    return runner


@pytest.fixture
def deployment(cdk: Cdk, tmp_path: Path) -> Iterator[Deployment]:
    """A stack of its own, gone at the end whatever the test did, and no model that goes on billing."""
    this = Deployment(cdk, tmp_path)
    yield this
    this.rekognition.faults.reset(0)
    this.aws.refuse_nothing()
    if this.assembly is not None and this.stack_status() not in (None, "DELETE_COMPLETE"):
        outcome = this.destroy()
        assert this.stack_status() in (None, "DELETE_COMPLETE"), outcome.output
    this.check_role()
    # Another delivery of an event may come late, and makes sure before it stops what it finds.
    this.wait_for("the end of all that bills", lambda: not this.billing(), seconds=180)
