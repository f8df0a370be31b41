"""Lambda's limits, of which MiniStack knows few: what AWS refuses is refused here, by API and by template.

Lambda guide, gettingstarted-limits: an invocation's payload 6 MB if it is synchronous and 1 MB if it is
asynchronous, 900 seconds, 128 to 10,240 MB, 4 KB of environment, 20 KB of resource policy.
invocation-async-error-handling and -configuring: no or up to two retries, an age of 60 s to 6 h. Runtimes are
those of botocore's model. The account's concurrency is a switch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from local_aws.corrections import ministack
from local_aws.platform import aws_lambda
from local_aws.switches import Switches

_RANGES: Final = {
    "Timeout": (1, round(aws_lambda.FUNCTION_SECONDS_MAX)),
    "MemorySize": (aws_lambda.FUNCTION_MIB_MIN, aws_lambda.FUNCTION_MIB_MAX),
}
_EVENT_RANGES: Final = {
    "MaximumRetryAttempts": (0, aws_lambda.RETRIES_MAX),
    "MaximumEventAgeInSeconds": (aws_lambda.EVENT_AGE_SECONDS_MIN, aws_lambda.EVENT_AGE_SECONDS_MAX),
}

Problem = tuple[str, str]
"""Code and message of the error."""


def problem_of(settings: Mapping[str, Any]) -> Problem | None:
    """What Lambda would refuse of a function's settings; only those that are given are looked at."""
    if problem := _out_of_range(settings, _RANGES):
        return problem
    runtime = settings.get("Runtime")
    if runtime and runtime not in _runtimes():
        words = (
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set"
        )
        return "InvalidParameterValueException", f"{words}: [{', '.join(_runtimes())}]"
    variables = (settings.get("Environment") or {}).get("Variables") or {}
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > aws_lambda.ENVIRONMENT_BYTES_MAX:
        return "InvalidParameterValueException", (
            "Lambda was unable to configure your environment variables because the environment variables you "
            f"have provided exceeded the 4KB limit. String measured: {measured[:200]}..."
        )
    return None


def event_problem_of(settings: Mapping[str, Any]) -> Problem | None:
    """What Lambda would refuse of the settings of asynchronous invocations."""
    return _out_of_range(settings, _EVENT_RANGES)


def payload_problem(size: int, invocation_type: str) -> Problem | None:
    """What Lambda would say to a payload of so many bytes."""
    most = (
        aws_lambda.ASYNCHRONOUS_BYTES_MAX if invocation_type == "Event" else aws_lambda.SYNCHRONOUS_BYTES_MAX
    )
    if size <= most:
        return None
    return (
        "RequestTooLargeException",
        f"{size} byte payload is too large for the {invocation_type} invocation type (limit {most} bytes)",
    )


def _out_of_range(settings: Mapping[str, Any], ranges: Mapping[str, tuple[int, int]]) -> Problem | None:
    for name, (least, most) in ranges.items():
        value = settings.get(name)
        if value is None:
            continue
        member = name[:1].lower() + name[1:]
        whole = str(value).removeprefix("-").isdecimal()
        if whole and least <= int(value) <= most:
            continue
        bound = (
            f"greater than or equal to {least}"
            if whole and int(value) < least
            else f"less than or equal to {most}"
        )
        return "ValidationException", (
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
    return None


@lru_cache(maxsize=1)
def _runtimes() -> tuple[str, ...]:
    import botocore.session

    shape: Any = botocore.session.get_session().get_service_model("lambda").shape_for("Runtime")
    return tuple(shape.enum)


def install(switches: Switches) -> None:
    """Puts the checks before MiniStack's functions."""
    service = ministack.lambda_service
    service._create_function = _checked(service._create_function, 0, problem_of)
    service._update_config = _checked(service._update_config, 1, problem_of)
    service._put_event_invoke_config = _checked(service._put_event_invoke_config, 2, event_problem_of)
    service._add_permission = _policy_checked(service._add_permission)
    service.handle_request = _payload_checked(service.handle_request)
    service._execute_function_warm = _answer_checked(service._execute_function_warm)
    service._acquire_execution_slot = _by_switch(service._acquire_execution_slot, switches)
    handlers = ministack.provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    handlers["create"] = _template_checked(handlers["create"])


def _refused(problem: Problem, status: int = 400) -> Any:
    return ministack.responses.error_response_json(*problem, status)


def _checked(inner: Any, position: int, check: Any) -> Any:
    def checked(*arguments: Any, **named: Any) -> Any:
        problem = check(arguments[position])
        return inner(*arguments, **named) if problem is None else _refused(problem)

    return checked


def _template_checked(inner: Any) -> Any:
    def checked(logical_id: Any, properties: Mapping[str, Any], *rest: Any) -> Any:
        problem = problem_of(properties)
        if problem is not None:
            raise ValueError(f"{problem[1]} (Service: Lambda, Status Code: 400)")
        return inner(logical_id, properties, *rest)

    return checked


def _policy_checked(inner: Any) -> Any:
    def checked(name: str, *rest: Any, **named: Any) -> Any:
        answer = inner(name, *rest, **named)
        policy = ministack.lambda_service._functions.get(name, {}).get("policy", {})
        if answer[0] < 300 and len(json.dumps(policy, separators=(",", ":"))) > aws_lambda.POLICY_BYTES_MAX:
            policy["Statement"].pop()
            return _refused(
                (
                    "PolicyLengthExceededException",
                    f"The final policy size is bigger than the limit ({aws_lambda.POLICY_BYTES_MAX}).",
                )
            )
        return answer

    return checked


def _payload_checked(inner: Any) -> Any:
    async def checked(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/invocations"):
            kind = {name.lower(): value for name, value in headers.items()}.get("x-amz-invocation-type")
            problem = payload_problem(len(body), kind or "RequestResponse")
            if problem is not None:
                return _refused(problem, 413)
        return await inner(method, path, headers, body, query)

    return checked


def _answer_checked(inner: Any) -> Any:
    def checked(*arguments: Any, **named: Any) -> Any:
        result = inner(*arguments, **named)
        size = len(json.dumps(result.get("body"), default=str).encode())
        if result.get("error") or size <= aws_lambda.SYNCHRONOUS_BYTES_MAX:
            return result
        limit = f"({aws_lambda.SYNCHRONOUS_BYTES_MAX} bytes)"
        words = f"Response payload size exceeded maximum allowed payload size {limit}."
        error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": words}
        return {**result, "error": True, "body": error}

    return checked


def _by_switch(inner: Any, switches: Switches) -> Any:
    def acquire(function: Any, config: Any) -> Any:
        ministack.lambda_service._ACCOUNT_CONCURRENCY_CAP = switches.account_concurrency
        return inner(function, config)

    return acquire
