"""How services refuse what comes too fast, against the models of their APIs."""

from __future__ import annotations

import botocore.session
import pytest

from local_aws.platform.throttles import CODES, OF_REKOGNITION, throttle_of


@pytest.mark.parametrize(
    ("service", "action"),
    [("rekognition", "rekognition:StopProjectVersion"), ("lambda", "lambda:InvokeFunction")],
)
def test_a_throttle_is_the_one_of_its_service(service: str, action: str) -> None:
    """With the HTTP status of botocore's model, where a fault is a 500."""
    code, status = throttle_of(action)
    told = botocore.session.get_session().get_service_data(service)["shapes"][code]
    assert status == (500 if told.get("fault") else told["error"]["httpStatusCode"])


def test_services_that_are_not_named_have_the_common_one() -> None:
    """CloudFormation's protocol has another name for it."""
    assert throttle_of("states:StartExecution") == ("ThrottlingException", 400)
    assert throttle_of("cloudformation:DescribeStacks") == ("Throttling", 400)
    assert {*OF_REKOGNITION, "Throttling", "TooManyRequestsException"} == CODES
