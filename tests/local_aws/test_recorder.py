"""What the host writes down takes no more memory as it grows, and nothing of it is lost."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws.corrections.custom_resources import KEPT_AFTER_EXPIRY_SECONDS, CustomResources
from local_aws.corrections.lambda_invocations import LambdaInvocations
from local_aws.corrections.recorder import PAGE_MAX, InvocationEntry, Recorder, RequestEntry
from local_aws.journal import api_call_from, invocation_from, request_from
from local_aws.platform.cloudformation import RESPONSE_URL_SECONDS
from local_aws.switches import Switches


def request(number: int) -> RequestEntry:
    """One that waits."""
    return RequestEntry(
        f"request-{number}", "Create", "stack", "Model", "Custom::Model", None, {"n": number}, None,
        "function", False, float(number),
    )  # fmt: skip


def invocation(number: int) -> InvocationEntry:
    """One that runs."""
    return InvocationEntry(f"run-{number}", "function", "Event", {"number": 1, "of": 3}, float(number), None)


def test_memory_holds_the_newest_of_each_kind() -> None:
    """Three lists, each with up to twice as many as it keeps."""
    recorder = Recorder(newest=10)
    for number in range(1000):
        recorder.add_request(request(number))
        recorder.add_invocation(invocation(number))
        recorder.add_api_call("role", "s3:GetObject", "*", True, {})
    assert recorder.in_memory < 60
    assert [entry["request_id"] for entry in recorder.requests(since=7)["entries"][:2]] == [
        "request-7", "request-8",
    ]  # fmt: skip
    assert len(recorder.invocations()["entries"]) == len(recorder.api_calls()["entries"]) == 1000


def test_an_answer_that_comes_late_is_kept() -> None:
    """After two hours, when hundreds of newer requests have pushed this one out of memory."""
    recorder = Recorder(newest=4)
    late = request(0)
    recorder.add_request(late)
    for number in range(1, 50):
        recorder.add_request(request(number))
    recorder.end_request(late, "timed out")
    recorder.end_request(late, "SUCCESS")
    recorder.add_answer(
        late, {"at": 1.0, "verdict": "ignored", "why": "late", "http_status": 200, "body": "x"}
    )
    for found in (recorder.request("request-0"), recorder.requests()["entries"][0]):
        kept = request_from(found or {})
        assert (kept.outcome, kept.properties, len(kept.answers)) == ("timed out", {"n": 0}, 1)
    assert recorder.request("request-1") == recorder.requests(since=1)["entries"][0]
    assert recorder.request("no such") is None


def test_the_end_of_a_long_run_is_kept() -> None:
    """A run of 15 minutes, among many short ones."""
    recorder = Recorder(newest=4)
    long = invocation(0)
    recorder.add_invocation(long)
    for number in range(1, 50):
        recorder.add_invocation(invocation(number))
    recorder.end_invocation(long, "error", "no reason")
    kept = invocation_from(recorder.invocations()["entries"][0])
    assert (kept.outcome, kept.detail, kept.attempt.of) == ("error", "no reason", 3)


def test_a_page_says_whether_there_is_more() -> None:
    """And the last one does not."""
    recorder = Recorder(newest=100)
    for number in range(PAGE_MAX + 1):
        recorder.add_api_call("role", f"s3:Get{number}", "*", True, {})
    first = recorder.api_calls()
    assert (len(first["entries"]), first["more"]) == (PAGE_MAX, True)
    rest = recorder.api_calls(since=PAGE_MAX)
    assert (api_call_from(rest["entries"][0]).action, rest["more"]) == (f"s3:Get{PAGE_MAX}", False)


def test_requests_are_forgotten_once_their_url_has_long_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to then a call of it is told why it is refused."""
    custom = CustomResources(Recorder(), Switches(), LambdaInvocations(Recorder(), Switches()))
    monkeypatch.setattr(custom, "_deliver", lambda function, event: None)
    now = [1_800_000_000.0]
    monkeypatch.setattr("local_aws.corrections.custom_resources.time.time", lambda: now[0])
    monkeypatch.setattr("local_aws.corrections.custom_resources.signed_url", lambda *_, **__: _url(now[0]))

    async def send() -> str:
        return custom.send_by_hand(
            "function", {"RequestType": "Create", "StackId": "stack", "LogicalResourceId": "Model"}
        )

    first = asyncio.run(send())
    now[0] += RESPONSE_URL_SECONDS + KEPT_AFTER_EXPIRY_SECONDS - 1
    second = asyncio.run(send())
    assert custom.url_of(first) is not None
    now[0] += 2
    asyncio.run(send())
    assert custom.url_of(first) is None
    assert custom.url_of(second) is not None


def _url(now: float) -> Any:
    return SimpleNamespace(url="https://x", signature="s", expires_at=now + RESPONSE_URL_SECONDS)
