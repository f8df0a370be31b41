"""What Lambda refuses is refused here: sizes, ranges, runtimes, concurrency."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from stack_world import StackWorld, zipped

from local_aws import EmbeddedAws, LocalAwsError
from local_aws.platform import aws_lambda

pytestmark = pytest.mark.slow

ECHO = """
import time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    return "x" * event["answer"] if "answer" in event else len(str(event))
"""
KB = 1024


@pytest.fixture(scope="session")
def functions(aws: EmbeddedAws, role_arn: str) -> Any:
    """A client that neither checks parameters nor asks twice; and a function named echo."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    environment = aws.environment
    import boto3

    client = boto3.Session("test", "test", region_name=aws.region).client(
        "lambda", endpoint_url=aws.endpoint, verify=environment["NODE_EXTRA_CA_CERTS"], config=config
    )
    create(client, role_arn, FunctionName="echo")
    return client


def create(client: Any, role_arn: str, **settings: Any) -> Any:
    """A new function with these settings."""
    given = {
        "FunctionName": "new",
        "Runtime": "python3.13",
        "Role": role_arn,
        "Handler": "index.handler",
        "Code": {"ZipFile": zipped(ECHO)},
    }
    return client.create_function(**{**given, **settings})


def code_of(call: Callable[[], object]) -> str:
    """ "ok", or the error's code."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


SETTINGS = [
    ({"Timeout": 900}, "ok"),
    ({"Timeout": 901}, "ValidationException"),
    ({"Timeout": 0}, "ValidationException"),
    ({"MemorySize": 10_240}, "ok"),
    ({"MemorySize": 10_241}, "ValidationException"),
    ({"MemorySize": 127}, "ValidationException"),
    ({"Runtime": "python3.14"}, "ok"),
    ({"Runtime": "python4.0"}, "InvalidParameterValueException"),
    ({"Environment": {"Variables": {"A": "x" * 4000}}}, "ok"),
    ({"Environment": {"Variables": {"A": "x" * 4096}}}, "InvalidParameterValueException"),
    ({"Environment": {"Variables": {"A": "é" * 2050}}}, "InvalidParameterValueException"),
]


@pytest.mark.parametrize(("settings", "code"), SETTINGS)
def test_settings_have_their_ranges(
    functions: Any, role_arn: str, settings: dict[str, Any], code: str
) -> None:
    """When a function is made, and when it is changed."""
    assert code_of(lambda: create(functions, role_arn, FunctionName="made", **settings)) == code
    if code == "ok":
        functions.delete_function(FunctionName="made")
    assert code_of(lambda: functions.update_function_configuration(FunctionName="echo", **settings)) == code


@pytest.mark.parametrize(("settings", "code"), SETTINGS[:3])
def test_templates_have_the_same_ranges(stacks: StackWorld, settings: dict[str, Any], code: str) -> None:
    """A stack with such a function fails, with the reason."""
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::123456789012:role/wishes",
            "Handler": "index.handler",
            "Code": {"ZipFile": ECHO},
            **settings,
        },
    }
    stack = stacks.create({"Function": function})
    assert stacks.settled(stack) == ("CREATE_COMPLETE" if code == "ok" else "ROLLBACK_COMPLETE")
    assert code == "ok" or any("at 'timeout' failed" in reason for reason in stacks.told(stack))


@pytest.mark.parametrize(
    ("kind", "size", "code"),
    [
        ("RequestResponse", 6 * KB * KB - 100, "ok"),
        ("RequestResponse", 6 * KB * KB, "RequestTooLargeException"),
        ("Event", KB * KB - 100, "ok"),
        ("Event", KB * KB, "RequestTooLargeException"),
    ],
)
def test_payloads_have_their_sizes(functions: Any, kind: str, size: int, code: str) -> None:
    """6 MB for a caller who waits, 1 MB for one who does not."""
    payload = json.dumps({"text": "x" * size}).encode()
    assert (
        code_of(lambda: functions.invoke(FunctionName="echo", InvocationType=kind, Payload=payload)) == code
    )


def test_an_answer_has_its_size(functions: Any) -> None:
    """More than 6 MB is an error of the function."""
    payload = json.dumps({"answer": 6 * KB * KB + 1})
    answer = functions.invoke(FunctionName="echo", Payload=payload)
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"MaximumRetryAttempts": 0}, "ok"),
        ({"MaximumRetryAttempts": 2}, "ok"),
        ({"MaximumRetryAttempts": 3}, "ValidationException"),
        ({"MaximumRetryAttempts": -1}, "ValidationException"),
        ({"MaximumEventAgeInSeconds": 60}, "ok"),
        ({"MaximumEventAgeInSeconds": 59}, "ValidationException"),
        ({"MaximumEventAgeInSeconds": 21_600}, "ok"),
        ({"MaximumEventAgeInSeconds": 21_601}, "ValidationException"),
    ],
)
def test_asynchronous_settings_have_their_ranges(functions: Any, settings: dict[str, Any], code: str) -> None:
    """No or up to two retries, 60 seconds to six hours."""
    call = functions.put_function_event_invoke_config
    assert code_of(lambda: call(FunctionName="echo", **settings)) == code


def test_a_resource_policy_has_its_size(functions: Any) -> None:
    """The statement that is one too many is not kept."""

    def add(number: int) -> str:
        return code_of(
            lambda: functions.add_permission(
                FunctionName="echo", StatementId=f"s{number:03}-{'x' * 90}", Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=f"arn:aws:events:eu-west-1:1:rule/{'r' * 90}",
            )
        )  # fmt: skip

    codes = [add(number) for number in range(60)]
    kept = codes.index("PolicyLengthExceededException")
    assert set(codes[:kept]) == {"ok"}
    policy = functions.get_policy(FunctionName="echo")["Policy"]
    assert len(json.loads(policy)["Statement"]) == kept
    assert len(policy.replace(", ", ",").replace(": ", ":")) <= aws_lambda.POLICY_BYTES_MAX


@pytest.fixture
def two_at_once(aws: EmbeddedAws) -> Iterator[None]:
    """An account that may run two functions at once."""
    aws.set_switches(account_concurrency=2)
    yield
    aws.set_switches(account_concurrency=1000)


def test_the_account_s_concurrency_is_a_setting(functions: Any, two_at_once: None, aws: EmbeddedAws) -> None:
    """A third one is throttled while two run."""
    for _ in range(2):
        functions.invoke(FunctionName="echo", InvocationType="Event", Payload=b'{"sleep": 5}')
    while sum(one.function == "echo" and one.outcome == "running" for one in aws.invocations) < 2:
        pass
    call = code_of(lambda: functions.invoke(FunctionName="echo", Payload=b"{}"))
    assert call == "TooManyRequestsException"
    with pytest.raises(LocalAwsError, match="account_concurrency must be a whole number"):
        aws.set_switches(account_concurrency=1.5)
