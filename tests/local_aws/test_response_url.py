"""What an answer must be like, and what the pre-signed URL lets through, without an embedded AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.corrections.answers import judge, refusal, signed_url
from local_aws.platform.cloudformation import ANSWER_BODY_BYTES_MAX, PHYSICAL_ID_BYTES_MAX

IDS = {"RequestId": "r", "StackId": "s", "LogicalResourceId": "l"}
GOOD = {**IDS, "Status": "SUCCESS", "PhysicalResourceId": "p"}
URL = signed_url("https://here", request_id="r", stack_id="s", logical_id="l", region="eu-west-1")
SIGNED_AT = URL.expires_at - 7199
QUERY = URL.url.partition("?")[2]


def judged(**answer: Any) -> tuple[str, str]:
    """How CloudFormation reads a good answer with these changes."""
    judgement = judge(json.dumps({**GOOD, **answer}).encode(), request_id="r", stack_id="s", logical_id="l")
    return judgement.status, judgement.reason


@pytest.mark.parametrize("data", [{}, None, {"Key": "value"}, {"Key": {"nested": [1]}}])
def test_data_is_an_object_or_nothing(data: Any) -> None:
    """Empty and absent data are good, and so is whatever it holds."""
    assert judged(Data=data) == ("SUCCESS", "")


@pytest.mark.parametrize("data", [[], ["a"], "", "text", 0, 7, False])
@pytest.mark.parametrize("no_echo", [False, True, "true"])
def test_other_data_is_refused(data: Any, no_echo: Any) -> None:
    """Empty values of another kind too; NoEcho or not."""
    assert judged(Data=data, NoEcho=no_echo) == ("invalid", "Invalid Data")


@pytest.mark.parametrize("name", ["RequestId", "StackId", "LogicalResourceId"])
@pytest.mark.parametrize("value", ["other", "", None, 1])
def test_ids_must_match(name: str, value: Any) -> None:
    """Each of the three, exactly."""
    assert judged(**{name: value}) == ("invalid", f"Invalid {name}")


@pytest.mark.parametrize("value", ["", None, 7, "x" * (PHYSICAL_ID_BYTES_MAX + 1), "ä" * 513])
def test_a_wrong_physical_id(value: Any) -> None:
    """Empty, absent, no text, or more than 1 KB of UTF-8."""
    assert judged(PhysicalResourceId=value) == ("invalid", "Invalid PhysicalResourceId")


def test_the_longest_physical_id() -> None:
    """1,024 bytes are allowed."""
    assert judged(PhysicalResourceId="x" * PHYSICAL_ID_BYTES_MAX)[0] == "SUCCESS"


@pytest.mark.parametrize("status", ["success", "", None, 1, [], "FAILURE"])
def test_another_status(status: Any) -> None:
    """SUCCESS and FAILED, in capitals."""
    assert judged(Status=status) == ("invalid", "Invalid Status")


@pytest.mark.parametrize("reason", ["", None, 5, ["why"]])
def test_a_failure_needs_a_reason(reason: Any) -> None:
    """A text that is not empty; with SUCCESS it does not matter."""
    assert judged(Status="FAILED", Reason=reason) == ("invalid", "Invalid Reason")
    assert judged(Status="FAILED", Reason="why") == ("FAILED", "why")
    assert judged(Reason=reason)[0] == "SUCCESS"


@pytest.mark.parametrize(("more", "status"), [(0, "SUCCESS"), (1, "invalid")])
def test_the_whole_body_counts(more: int, status: str) -> None:
    """4,096 bytes and no more, white space included."""
    body = json.dumps(GOOD).encode().ljust(ANSWER_BODY_BYTES_MAX + more)
    assert judge(body, request_id="r", stack_id="s", logical_id="l").status == status


def test_hidden_data_is_shown_nowhere() -> None:
    """NoEcho masks each value; whoever asks for one still gets it."""
    body = json.dumps({**GOOD, "NoEcho": True, "Data": {"Word": "sesame"}}).encode()
    judgement = judge(body, request_id="r", stack_id="s", logical_id="l")
    assert judgement.no_echo
    assert "sesame" not in repr(judgement.body)
    assert judgement.data == {"Word": "sesame"}


@pytest.mark.parametrize(
    ("method", "query", "headers", "seconds", "why"),
    [
        ("PUT", QUERY, {}, 0.0, None),
        ("PUT", QUERY, {"content-type": ""}, 7198.0, None),
        ("PUT", QUERY, {}, 7199.0, "has expired"),
        ("POST", QUERY, {}, 0.0, "signed for PUT"),
        ("GET", QUERY, {}, 0.0, "signed for PUT"),
        ("PUT", QUERY, {"content-type": "application/json"}, 0.0, "empty content type"),
        ("PUT", QUERY, {"content-type": "text/plain\r\nX: y"}, 0.0, "text/plain??X: y"),
        ("PUT", "", {}, 0.0, "does not match"),
        ("PUT", QUERY + "0", {}, 0.0, "does not match"),
        ("PUT", "X-Amz-Signature=é", {}, 0.0, "does not match"),
    ],
)
def test_what_the_url_lets_through(
    method: str, query: str, headers: dict[str, str], seconds: float, why: str | None
) -> None:
    """PUT, without a content type, with its signature, for two hours; anything else is refused."""
    refused = refusal(method, query, headers, URL, SIGNED_AT + seconds)
    assert refused is None if why is None else why in (refused or "")


def test_a_url_that_nobody_signed() -> None:
    """An unknown request has no signature that could match."""
    assert refusal("PUT", QUERY, {}, None, SIGNED_AT) == "the signature does not match"
