"""What the ResponseURL and CloudFormation take, refuse and ignore."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request

import pytest
from stack_world import StackWorld, until

pytestmark = pytest.mark.slow


def put(stacks: StackWorld, url: str, body: bytes, method: str = "PUT", **headers: str) -> int:
    """Calls a URL as a function would; returns the HTTP status."""
    trusted = ssl.create_default_context(cafile=stacks.aws.environment["AWS_CA_BUNDLE"])
    request = urllib.request.Request(url, body, {"Content-Type": "", **headers}, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, context=trusted) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


WRONG = {
    "too long": ({"reason": "x" * 4096, "status": "FAILED"}, "Response object is too long."),
    "no physical id": ({"id": ""}, "Invalid PhysicalResourceId"),
    "physical id too long": ({"id": "x" * 1025}, "Invalid PhysicalResourceId"),
    "failed without a reason": ({"status": "FAILED", "reason": ""}, "Invalid Reason"),
    "another status": ({"status": "MAYBE"}, "Invalid Status"),
    "no JSON": ({"raw": "SUCCESS"}, "Response is not valid JSON."),
    "no object": ({"raw": "[1]"}, "Response is not a JSON object."),
    "another request": ({"raw": json.dumps({"RequestId": "x"})}, "Invalid RequestId"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_fails_the_resource(stacks: StackWorld, what: str) -> None:
    """S3 takes the answer, CloudFormation fails the resource and deletes it."""
    wish, reason = WRONG[what]
    stack_id = stacks.create({"A": stacks.resource(Create=wish)})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    create = stacks.request(stack_id, "A", "Create")
    assert (create.outcome, [(one.verdict, one.why) for one in create.answers]) == (
        "invalid",
        [("taken", reason)],
    )
    assert reason in stacks.told(stack_id)
    assert stacks.request(stack_id, "A", "Delete").physical_id


def test_an_answer_with_a_content_type_is_refused(stacks: StackWorld) -> None:
    """The URL is signed for an empty content type: any other gets 403, and CloudFormation never sees it."""
    wish = {"content_type": "application/json"}
    stack_id = stacks.create({"A": stacks.resource(Create=wish, ServiceTimeout=2)})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    create = stacks.request(stack_id, "A", "Create")
    assert create.outcome == "timed out"
    assert [(one.verdict, one.http_status) for one in create.answers] == [("refused", 403)]


def test_only_the_first_answer_counts(stacks: StackWorld) -> None:
    """A second answer to the same request gets status 200 and changes nothing."""
    stack_id = stacks.created({"A": stacks.resource(Create={"again": "1"})})
    answers = until("both answers", lambda: _two(stacks, stack_id))
    assert answers == ["taken", "ignored"]
    assert stacks.status(stack_id) == "CREATE_COMPLETE"


def _two(stacks: StackWorld, stack_id: str) -> list[str]:
    answers = stacks.request(stack_id, "A", "Create").answers
    return [one.verdict for one in answers] if len(answers) == 2 else []


def test_a_url_that_was_not_given_is_refused(stacks: StackWorld) -> None:
    """Without the right signature, by another method, or for an unknown request: 403."""
    stack_id = stacks.created({"A": stacks.resource()})
    url = stacks.aws.response_url(stacks.request(stack_id, "A", "Create").request_id)
    assert put(stacks, url, b"{}") == 200
    assert put(stacks, url, b"{}", method="POST") == 403
    assert put(stacks, url[:-1] + ("0" if url[-1] != "0" else "1"), b"{}") == 403
    assert put(stacks, url.partition("?")[0], b"{}") == 403
    assert put(stacks, url.replace("Create", "x").replace("A%7C", "A%7Cx"), b"{}") == 403


def test_the_url_is_a_secret_worth_looking_for(stacks: StackWorld) -> None:
    """It is long, signed and unlike any other, and the journal never holds it."""
    stack_id = stacks.created({"A": stacks.resource(), "B": stacks.resource()})
    first, second = (stacks.request(stack_id, name, "Create") for name in "AB")
    url = stacks.aws.response_url(first.request_id)
    signature = url.partition("X-Amz-Signature=")[2]
    assert len(signature) == 64
    assert signature not in stacks.aws.response_url(second.request_id)
    assert signature not in repr(stacks.aws.custom_resource_requests)
    assert signature not in stacks.aws.log_file.read_text()


def test_no_echo_hides_the_data(stacks: StackWorld) -> None:
    """Under NoEcho the values reach those that ask for them, and the journal shows stars."""
    wish = {"data": {"Secret": "sesame"}, "no_echo": "true"}
    stack_id = stacks.created(
        {"A": stacks.resource(Create=wish), "B": stacks.resource(Word={"Fn::GetAtt": ["A", "Secret"]})}
    )
    answer = stacks.request(stack_id, "A", "Create").answer
    assert answer is not None
    assert answer["Data"] == {"Secret": "****"}
    assert stacks.request(stack_id, "B", "Create").properties["Word"] == "sesame"


def test_an_event_sent_by_hand(stacks: StackWorld) -> None:
    """A test can send an event of its own and read the answer; no stack knows of it."""
    sent = stacks.aws.send_custom_resource_event(
        stacks.function_arn,
        {
            "RequestType": "Delete",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/gone/1",
            "LogicalResourceId": "Gone",
            "PhysicalResourceId": "gone",
            "ResourceProperties": {"notes": str(stacks.notes), "Delete": {"id": "answered"}},
        },
    )
    answered = stacks.aws.wait_for_answer(sent.request_id)
    assert answered.hand_made
    assert answered.answer is not None
    assert answered.answer["PhysicalResourceId"] == "answered"
