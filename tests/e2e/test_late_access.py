"""Credentials and permissions that arrive late, or end early, through the real CDK CLI."""

from __future__ import annotations

import pytest
from harness import Deployment
from stacks import models

pytestmark = pytest.mark.e2e

EACH_SECONDS = 5.0
"""For how long each error meets a call, one error after the other: a part of the five minutes for which they
are tried again."""

ON_THE_WAY_UP = (
    ("UnrecognizedClientException", 400),
    ("InvalidClientTokenId", 403),
    ("RequestTimeoutException", 408),
)
ON_THE_WAY_DOWN = (
    ("ExpiredTokenException", 400),
    ("AccessDeniedException", 400),
    ("NobodyKnowsException", 418),
)


@pytest.mark.long
def test_access_that_comes_late_and_goes_early(deployment: Deployment) -> None:
    """G3: waited for on the way up; on the way down any error is no reason to let a model bill."""
    model = deployment.model("v1", start_seconds=1.0, stop_seconds=1.0)
    try:
        for code, status in ON_THE_WAY_UP:
            deployment.aws.refuse("rekognition:*", code, status=status, seconds=EACH_SECONDS)
        outcome = deployment.deploy(models(model))
        assert outcome.code == 0, outcome.output
        for code, status in ON_THE_WAY_DOWN:
            deployment.aws.refuse("rekognition:StopProjectVersion", code, status=status, seconds=EACH_SECONDS)
        destroyed = deployment.destroy()
        assert destroyed.code == 0, destroyed.output
        assert deployment.rekognition.status(model) == "STOPPED"
    finally:
        deployment.aws.refuse_nothing()
        deployment.leave_nothing_running()
