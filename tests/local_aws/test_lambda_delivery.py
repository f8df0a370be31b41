"""How Lambda delivers a custom resource's event: asynchronously, again after a fault, maybe twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stack_world import StackWorld, until, zipped

from local_aws import EmbeddedAws, Invocation

pytestmark = pytest.mark.slow


def runs(stacks: StackWorld, request_id: str) -> list[Invocation]:
    """The runs that an event led to."""
    return [one for one in stacks.aws.invocations if one.cloudformation_request_id == request_id]


def test_a_crash_is_tried_again(stacks: StackWorld) -> None:
    """A function that fails twice and then answers makes the resource complete."""
    stack_id = stacks.created({"A": stacks.resource(Create={"crashes": "2"})})
    request = stacks.request(stack_id, "A", "Create")
    seen = until("the third run's end", lambda: _ended(stacks, request.request_id, 3))
    assert [(one.kind, one.attempt.number, one.attempt.of, one.outcome) for one in seen] == [
        ("Event", 1, 3, "error"),
        ("Event", 2, 3, "error"),
        ("Event", 3, 3, "ok"),
    ]
    assert "crash 0" in seen[0].detail
    assert len({one.invocation_id for one in seen}) == 1


def _ended(stacks: StackWorld, request_id: str, count: int) -> list[Invocation]:
    seen = [one for one in runs(stacks, request_id) if one.ended_at is not None]
    return seen if len(seen) >= count else []


def test_after_the_last_try_there_is_silence(stacks: StackWorld) -> None:
    """Three crashes and no answer: CloudFormation waits for ServiceTimeout."""
    stack_id = stacks.create({"A": stacks.resource(Create={"crashes": "9"}, ServiceTimeout=3)})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    request = stacks.request(stack_id, "A", "Create")
    assert request.outcome == "timed out"
    assert len(runs(stacks, request.request_id)) == 3


@pytest.fixture
def short_function(aws: EmbeddedAws, function_arn: str, role_arn: str) -> str:
    """The same function with one second to live and a single retry."""
    from stack_world import PROVIDER_SOURCE

    client = aws.client("lambda")
    name = "short"
    if name not in {one["FunctionName"] for one in client.list_functions()["Functions"]}:
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role_arn,
            Handler="index.handler",
            Timeout=1,
            Code={"ZipFile": zipped(PROVIDER_SOURCE)},
        )
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    return function_arn.replace(":wishes", f":{name}")


def test_the_functions_own_time_out_is_kept(stacks: StackWorld, short_function: str) -> None:
    """A run is killed when its time is over, and is tried again as often as the settings say."""
    stacks.function_arn = short_function
    stack_id = stacks.create({"A": stacks.resource(Create={"hang": "yes"}, ServiceTimeout=6)})
    assert stacks.settled(stack_id) == "ROLLBACK_COMPLETE"
    seen = runs(stacks, stacks.request(stack_id, "A", "Create").request_id)
    assert [(one.attempt.number, one.attempt.of, one.outcome) for one in seen] == [
        (1, 2, "timeout"),
        (2, 2, "timeout"),
    ]
    assert "timed out after 1" in seen[0].detail


def test_one_event_can_come_twice(stacks: StackWorld) -> None:
    """With the switch set, each event is delivered once more, and only the first answer counts."""
    stacks.aws.set_switches(duplicate_deliveries=1, duplicate_delay_seconds=0.2)
    stack_id = stacks.created({"A": stacks.resource()})
    request_id = stacks.request(stack_id, "A", "Create").request_id
    assert len(until("both runs", lambda: _ended(stacks, request_id, 2))) == 2
    verdicts = [one.verdict for one in stacks.request(stack_id, "A", "Create").answers]
    assert verdicts == ["taken", "ignored"]


def test_an_event_can_come_when_the_function_is_gone(stacks: StackWorld, role_arn: str) -> None:
    """An event that is still in the queue when the function is deleted is dropped."""
    client = stacks.aws.client("lambda")
    client.create_function(
        FunctionName="brief",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Code={"ZipFile": zipped("def handler(event, context): pass")},
    )
    stacks.aws.set_switches(delivery_delay_seconds=0.5)
    sent = stacks.aws.send_custom_resource_event(
        "brief", {"RequestType": "Create", "StackId": "arn:x", "LogicalResourceId": "A"}
    )
    client.delete_function(FunctionName="brief")
    (dropped,) = until("the drop", lambda: runs(stacks, sent.request_id))
    assert (dropped.outcome, dropped.detail) == ("dropped", "the function is gone")


def test_what_is_tried_in_vain_is_handed_on(stacks: StackWorld, role_arn: str) -> None:
    """After the last try: to the failure destination with the error, to the dead-letter queue as it was."""
    functions, queues = stacks.aws.client("lambda"), stacks.aws.client("sqs")
    urls = [queues.create_queue(QueueName=name)["QueueUrl"] for name in ("in-vain", "dead")]
    arns = [
        queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for url in urls
    ]
    made = functions.create_function(
        FunctionName="in-vain",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        DeadLetterConfig={"TargetArn": arns[1]},
        Code={"ZipFile": zipped("def handler(event, context): raise ValueError('no luck')")},
    )
    functions.put_function_event_invoke_config(
        FunctionName="in-vain",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arns[0]}},
    )
    event = {"RequestType": "Create", "StackId": "arn:x", "LogicalResourceId": "A"}
    sent = stacks.aws.send_custom_resource_event("in-vain", event)

    def received(url: str) -> Any:
        asked = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
        return until("it", lambda: queues.receive_message(**asked).get("Messages"))[0]

    told = json.loads(received(urls[0])["Body"])
    run, again = runs(stacks, sent.request_id)
    assert run.invocation_id == again.invocation_id
    assert told["requestContext"] == {
        "requestId": run.invocation_id,
        "functionArn": made["FunctionArn"] + ":$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 2,
    }
    assert told["requestPayload"]["RequestId"] == sent.request_id
    assert told["responsePayload"]["errorMessage"] == "no luck"
    dead = received(urls[1])
    assert json.loads(dead["Body"]) == told["requestPayload"]
    attributes = {name: one["StringValue"] for name, one in dead["MessageAttributes"].items()}
    assert attributes == {"RequestID": run.invocation_id, "ErrorCode": "200", "ErrorMessage": "no luck"}


def test_a_function_that_only_calls_itself_is_stopped(stacks: StackWorld) -> None:
    """Loop detection drops the seventeenth link of a chain, whoever made the calls between."""
    source = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    link = json.dumps({'link': event['link'] + 1, 'RequestId': event['RequestId']})\n"
        "    boto3.client('lambda').invoke(\n"
        "        FunctionName='loop', InvocationType='Event', Payload=link)\n"
    )
    client, roles = stacks.aws.client("lambda"), stacks.aws.client("iam")
    role_arn = roles.create_role(RoleName="loop", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    roles.put_role_policy(RoleName="loop", PolicyName="self", PolicyDocument=policy)
    client.create_function(
        FunctionName="loop",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Timeout=30,
        Code={"ZipFile": zipped(source)},
    )
    client.put_function_event_invoke_config(FunctionName="loop", MaximumRetryAttempts=0)
    first = json.dumps({"link": 1, "RequestId": "chain"})
    client.invoke(FunctionName="loop", InvocationType="Event", Payload=first)

    def ended() -> bool:
        links = runs(stacks, "chain")
        return bool(links) and "RecursiveInvocationException" in links[-1].detail

    until("the end of the chain", ended)
    assert len(runs(stacks, "chain")) == 16


def test_runs_of_one_function_go_side_by_side(stacks: StackWorld) -> None:
    """Six events of one function run at the same moment."""
    gate = stacks.gate("all")
    wish = stacks.resource(Create={"wait_for": str(gate)})
    stack_id = stacks.create({f"A{number}": wish for number in range(6)})
    ids = [stacks.request(stack_id, f"A{number}", "Create").request_id for number in range(6)]
    until("six runs", lambda: all(runs(stacks, one) for one in ids))
    gate.touch()
    assert stacks.settled(stack_id) == "CREATE_COMPLETE"
    seen = [run for one in ids for run in runs(stacks, one)]
    assert max(run.started_at for run in seen) < min(run.ended_at or float("inf") for run in seen)


def test_new_code_does_not_end_a_run(stacks: StackWorld, role_arn: str) -> None:
    """A run goes on with the code it began with; the next one has the new code."""
    client, gate = stacks.aws.client("lambda"), stacks.gate("code")
    old = f"""
import os, time
def handler(event, context):
    while event and not os.path.exists({str(gate)!r}):
        time.sleep(0.02)
    open({str(gate)!r} + "-old", "w").close()
"""
    client.create_function(
        FunctionName="changing",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": zipped(old)},
    )
    client.invoke(FunctionName="changing", InvocationType="Event", Payload=b'{"wait": 1}')
    until("the run", lambda: [one for one in stacks.aws.invocations if one.function == "changing"])
    client.update_function_code(
        FunctionName="changing", ZipFile=zipped("def handler(event, context): return 'new'")
    )
    answer = client.invoke(FunctionName="changing", Payload=b"null")
    assert json.loads(answer["Payload"].read()) == "new"
    gate.touch()
    until("the end of the old run", lambda: (gate.parent / f"{gate.name}-old").exists())


LONG_LIVED = """
import os
runs = []
def handler(event, context):
    runs.append(event)
    if event == "raise":
        raise RuntimeError(f"{os.getpid()} {len(runs)}")
    if event == "die":
        os._exit(1)
    return f"{os.getpid()} {len(runs)}"
"""


def test_a_raised_error_does_not_end_the_process(stacks: StackWorld, role_arn: str) -> None:
    """The next run finds what the last one has left in memory; only after a crash there is nothing."""
    client = stacks.aws.client("lambda")
    client.create_function(
        FunctionName="long-lived",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": zipped(LONG_LIVED)},
    )

    def invoked(event: str) -> tuple[str | None, Any]:
        answer = client.invoke(FunctionName="long-lived", Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    nothing_wrong, first = invoked("be well")
    error, raised = invoked("raise")
    _, after_error = invoked("be well")
    process = first.split()[0]
    assert (nothing_wrong, first) == (None, f"{process} 1")
    assert error is not None
    assert raised["errorMessage"] == f"{process} 2"
    assert after_error == f"{process} 3"
    crash, _ = invoked("die")
    _, after_crash = invoked("be well")
    assert crash is not None
    assert after_crash.split()[0] != process
    assert after_crash.split()[1] == "1"


@pytest.mark.parametrize(
    ("module", "there"), [("boto3", True), ("json", True), ("crhelper", False), ("aws_cdk", False)]
)
def test_a_function_sees_only_its_asset_and_the_runtime(
    stacks: StackWorld, role_arn: str, module: str, there: bool
) -> None:
    """What is installed beside the embedded AWS, but not in Lambda's runtime, cannot be imported."""
    client = stacks.aws.client("lambda")
    client.create_function(
        FunctionName=f"imports-{module}",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Timeout=20,
        Code={"ZipFile": zipped(f"import {module}\ndef handler(event, context): return 'imported'")},
    )
    answer = json.loads(client.invoke(FunctionName=f"imports-{module}", Payload=b"null")["Payload"].read())
    if there:
        assert answer == "imported"
    else:
        assert "neither in the function's asset nor in Lambda's runtime" in answer["errorMessage"]


def test_a_module_in_the_asset_wins(stacks: StackWorld, role_arn: str) -> None:
    """crhelper from the asset is imported, not the one of this environment."""
    client = stacks.aws.client("lambda")
    client.create_function(
        FunctionName="bundled",
        Runtime="python3.13",
        Role=role_arn,
        Handler="index.handler",
        Timeout=20,
        Code={
            "ZipFile": zipped(
                "import crhelper\ndef handler(event, context): return crhelper.WHOSE",
                {"crhelper/__init__.py": "WHOSE = 'the asset'"},
            )
        },
    )
    answer = client.invoke(FunctionName="bundled", Payload=b"null")
    assert json.loads(answer["Payload"].read()) == "the asset"
