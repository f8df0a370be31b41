"""The function in front: crhelper, malformed events, hand-over, answers, and what never leaves."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from deletes import delete
from hypothesis import given, settings
from hypothesis import strategies as st
from world import (
    FUNCTION,
    STACK,
    URL,
    V1,
    World,
    answered,
    created,
    creating,
    properties,
    request,
    service_error,
)

from running_model_handler.core.memory import STATE_KEY
from running_model_handler.entry import Provider, Services


def test_crhelper_makes_no_clients_and_keeps_its_poller_out() -> None:
    """The three clients and the EventBridge poller of crhelper are not used."""
    provider = vars(Provider(Services()))
    assert "_lambda_client" not in provider
    assert "_events_client" not in provider
    assert all(provider[f"_poll_{kind}_func"] is None for kind in ("create", "update", "delete"))


@pytest.mark.parametrize("event", [None, "x", [], {}, {"RequestType": "Create"}, {"Records": []}])
def test_what_is_no_request_is_ignored(event: Any) -> None:
    """There is nobody to answer: no call, no answer, no exception that Lambda would repeat."""
    world = World()
    world.function(event, None)
    assert (world.calls, world.answers) == ([], [])


def test_a_malformed_event_never_answers_the_request_before_it() -> None:
    """crhelper keeps the URL of the former request; a broken event must not reach it."""
    world = World()
    created(world)
    answers = len(world.answers)
    broken = request("Create", properties())
    del broken["StackId"]
    world.function(broken, None)
    assert len(world.answers) == answers


@pytest.mark.parametrize("url", ["http://plain.example/x", "ftp://x", "nonsense", "https://", "https://[::1"])
def test_only_an_https_url_is_answered(url: str) -> None:
    """An answer goes to nothing but an HTTPS URL."""
    world = World()
    world.function(request("Create", properties()) | {"ResponseURL": url}, None)
    assert world.answers == []


def test_unknown_request_type_is_refused_by_name() -> None:
    """A type that CloudFormation does not have is answered, not guessed."""
    world = World()
    answer = world.deliver(request("Import", properties()))
    assert answer is not None
    assert answer["Status"] == "FAILED"
    assert "RequestType must be Create, Update or Delete, got 'Import'" in answer["Reason"]
    assert world.calls == []


def test_crhelpers_own_keys_in_an_event_have_no_effect() -> None:
    """CrHelperPoll would make crhelper answer SUCCESS without any work."""
    world = World()
    answer = answered(world, creating(world) | {"CrHelperPoll": True, "CrHelperData": {"x": 1}})
    assert answer["PhysicalResourceId"] == V1
    assert world.versions[V1].status == "RUNNING"


def test_the_hand_over_is_the_request_plus_the_state() -> None:
    """The next invocation gets the same event and what was done so far."""
    world = World(invocation_seconds=300)
    created(world)
    first, second = world.invocations[:2]
    assert {key: value for key, value in second.items() if key != STATE_KEY} == first
    assert second[STATE_KEY]["version"] == 1
    assert second[STATE_KEY]["t"] == world.stack.began_at()
    assert second[STATE_KEY]["models"][V1]["starts"] == 1


def test_a_failed_hand_over_is_tried_again() -> None:
    """Throttled by Lambda at the end of an invocation: tried again while there is time."""
    world = World(invocation_seconds=300)
    refused: list[str] = []

    def refuse(action: str, arn: str) -> None:
        if action == "InvokeFunction" and len(refused) < 3:
            refused.append(arn)
            raise service_error("TooManyRequestsException", "lambda:InvokeFunction")

    world.before = refuse
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert refused == [FUNCTION] * 3


def test_a_hand_over_that_was_never_possible_raises_for_lambdas_retry() -> None:
    """Lambda out of reach to the end of an invocation: the invocation fails and Lambda repeats it."""
    world = World(invocation_seconds=300)

    def refuse(action: str, arn: str) -> None:
        if action == "InvokeFunction" and len(world.invocations) < 2:
            raise service_error("ServiceException", "lambda:InvokeFunction", 500)

    world.before = refuse
    answer = created(world)
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1
    assert len(world.answers) == 1


def test_an_answer_that_cannot_be_sent_is_sent_by_lambdas_retry() -> None:
    """CloudFormation out of reach: the invocation fails, and the retry finds all done and answers."""
    world = World()
    event = creating(world)
    world.answer_refused = True
    with pytest.raises(Exception, match="HTTP 500"):
        world.deliver(event, tries=1)
    world.answer_refused = False
    answer = answered(world, event)
    assert answer["Status"] == "SUCCESS"
    assert world.count("StartProjectVersion") == 1


def test_unexpected_errors_are_answered_with_type_and_message() -> None:
    """A bug of ours ends as FAILED with a reason, and leaves nothing running."""
    world = World()

    def burst(action: str, arn: str) -> None:
        if action == "DescribeProjectVersions" and world.versions[V1].status == "RUNNING":
            world.before = lambda action, arn: None
            raise RuntimeError("a bug")

    world.before = burst
    answer = created(world)
    assert answer["Status"] == "FAILED"
    assert "unexpected RuntimeError: a bug" in answer["Reason"]
    assert world.versions[V1].status == "STOPPED"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_g12_the_response_url_is_never_logged(level: int, caplog: pytest.LogCaptureFixture) -> None:
    """G12: no log line of a whole life, failures included, holds the pre-signed URL."""
    caplog.set_level(level)
    world = World(invocation_seconds=300)
    created(world)
    world.stack.done()
    delete(world)
    world.deliver(request("Create", properties("nonsense")))
    text = "\n".join(str(vars(record)) for record in caplog.records)
    assert "X-Amz-Signature" not in text
    assert URL not in text
    assert len(caplog.records) > 10


def test_log_messages_hold_the_reason(caplog: pytest.LogCaptureFixture) -> None:
    """Who sees nothing but messages, as the CDK CLI shows them after a failure, reads what went wrong."""
    caplog.set_level(logging.INFO)
    world = World()

    def refuse(action: str, arn: str) -> None:
        if action == "StartProjectVersion":
            raise service_error("LimitExceededException", f"rekognition:{action}")

    world.before = refuse
    reason = created(world)["Reason"]
    world.function({"RequestType": "Create"}, None)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    refused, failed, ignored = told
    assert refused.startswith("error: rekognition:StartProjectVersion on resource: LimitExceededException: ")
    assert failed == f"failed: {reason}"
    assert ignored.startswith("event ignored: ")
    assert "decided: StartModel" in caplog.messages


def test_the_log_is_short_enough_to_be_read(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At INFO stand the changes, and each thing that is waited for once; at DEBUG all looks."""
    world = World()
    created(world)
    told = [message for message in caplog.messages if message.startswith("decided: ")]
    assert told.index("decided: WriteClaim") < told.index("decided: StartModel")
    assert told.count("decided: Pause, it is starting") == 1
    assert len(told) == len(set(told)) <= 5
    looks = sum(action == "DescribeProjectVersions" for action, _ in world.calls)
    caplog.clear()
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "DEBUG")
    caplog.set_level(logging.DEBUG)
    created(World())
    assert caplog.messages.count("decided: Look") == looks > 5


def test_the_log_says_what_bills(caplog: pytest.LogCaptureFixture) -> None:
    """Another resource may fail afterwards, in a stack that is not rolled back: our log names the bill."""
    caplog.set_level(logging.INFO)
    world = World()
    created(world)
    assert caplog.messages[-1] == "succeeded: the model runs, and bills until this resource goes"
    world.stack.done()
    delete(world)
    assert caplog.messages[-1] == "succeeded"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [*sorted(properties()), "MaxInferenceUnits", "ProjectArn", "TimeoutSeconds", "Replacement"]


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["Create", "Update", "Delete", "Import"]),
    changes=st.dictionaries(st.sampled_from(FIELDS), JSON | st.text(min_size=2000, max_size=5000)),
    physical_id=JSON,
    old=JSON,
)
def test_any_property_is_answered_within_the_limits(
    kind: str, changes: dict[str, Any], physical_id: Any, old: Any
) -> None:
    """Whatever stands in the fields: one answer that fits, and nothing left running after a failure."""
    world = World()
    verb = "CREATE" if kind == "Import" else kind.upper()
    world.stack.goes(f"{verb}_IN_PROGRESS")
    world.stack.begins(verb, properties(), physical_id=None if verb == "CREATE" else V1)
    event = request(kind, properties()) | {"PhysicalResourceId": physical_id, "OldResourceProperties": old}
    event["ResourceProperties"] = properties() | changes
    answer = world.deliver(event)
    assert answer is not None
    assert answer["Bytes"] <= 4096
    assert answer["PhysicalResourceId"]
    if answer["Status"] == "FAILED":
        assert answer["Reason"]
        assert all(version.status != "RUNNING" for version in world.versions.values())
    assert json.dumps(answer)


def test_owner_is_named_by_stack_and_resource() -> None:
    """The stack's name comes out of its ARN."""
    from running_model_handler.core.claim import Owner

    assert str(Owner(STACK, "Model")) == "stack parts (resource Model)"
