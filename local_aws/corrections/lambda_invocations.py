"""Lambda's asynchronous invocation: the queue, its retries and its age limit, and a note of every run.

MiniStack tries again as Lambda does but keeps the code that an event was queued with, counts a throttle as a
failed try, and forgets a function's alias. Here (Lambda guide, invocation-async-error-handling,
invocation-async-configuring):

- A function error, a time-out included, is tried again as often as the function's settings say, twice by
  default.
- A throttled event goes back to the queue, after one second at first and up to five minutes, and costs no
  try.
- An event older than MaximumEventAgeInSeconds is dropped, after at most six hours.
- Each try runs the function as it is then; a function that is gone drops the event.
- All tries of one event, a second delivery too, carry one aws_request_id (reported by users; MiniStack gives
  each a new one).
"""

from __future__ import annotations

import contextvars
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.corrections import ministack
from local_aws.corrections.lambda_failures import Failure, hand_on
from local_aws.corrections.recorder import InvocationEntry, Recorder
from local_aws.platform.aws_lambda import (
    EVENT_AGE_SECONDS_DEFAULT,
    RETRIES_DEFAULT,
    THROTTLE_SECONDS_MAX,
    THROTTLE_SECONDS_MIN,
)
from local_aws.switches import Switches


@dataclass(frozen=True)
class _Try:
    """One try of the event that this thread works off."""

    request_id: str
    number: int
    of: int


_trying: contextvars.ContextVar[_Try | None] = contextvars.ContextVar("local_aws_try", default=None)


@dataclass(frozen=True)
class _Target:
    """What an event was sent to, by name: what the name means is looked up at each try."""

    account: str
    region: str
    name: str
    qualifier: str | None

    def find(self) -> Any | None:
        """The function as it is now, in the form that MiniStack runs; None if it is gone."""
        function = ministack.lambda_service._functions.get(self.name)
        if function is None:
            return None
        if self.qualifier in (None, "$LATEST"):
            record, config = function, function["config"]
        else:
            record, config = ministack.lambda_service._effective_func_record_for_qualifier(
                function, self.qualifier
            )
        if record is None or config is None:
            return None
        return ministack.lambda_service._execution_record_for_config(record, config)


class LambdaInvocations:
    """Takes the place of MiniStack's queue and looks on at every run."""

    def __init__(self, recorder: Recorder, switches: Switches) -> None:
        self._recorder = recorder
        self._switches = switches

    def install(self) -> None:
        """Puts itself in MiniStack's place."""
        service = ministack.lambda_service
        run = service._execute_function_dispatch

        def noted(function: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
            return self._noted(run, function, config, event, request_id, started)

        service._execute_function_dispatch = noted
        service.invoke_async_with_retry = self.submit

    def submit(
        self, function: Mapping[str, Any], event: Any, *, delay_seconds: float = 0.0, request_id: str = ""
    ) -> None:
        """Queues an event and returns at once, as MiniStack's function of this purpose does.

        ``request_id``: of an earlier delivery of the same event.
        """
        config = function.get("config") or function
        account, region = ministack.lambda_service._account_region_from_function_config(config)
        parts = str(config.get("FunctionArn", "")).split(":")
        target = _Target(account, region, config["FunctionName"], parts[7] if len(parts) > 7 else None)
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run,
            args=(self._work_off, target, event, delay_seconds, request_id or str(uuid.uuid4())),
            daemon=True,
            name="lambda-event",
        ).start()

    def _work_off(self, target: _Target, event: Any, delay_seconds: float, request_id: str) -> None:
        ministack.responses._request_account_id.set(target.account)
        ministack.responses._request_region.set(target.region)
        queued_at = time.monotonic()
        time.sleep(delay_seconds)
        tries, throttles = 0, 0
        answer: Mapping[str, Any] = {}
        while True:
            function = target.find()
            if function is None:
                return self._drop(target, event, request_id, "the function is gone")
            retries, age_max, destination = _settings(function, target.qualifier)
            if time.monotonic() - queued_at > age_max:
                failure = Failure(request_id, event, "EventAgeExceeded", tries, answer)
                hand_on(function, destination, failure)
                return self._drop(target, event, request_id, f"older than {age_max} s")
            _trying.set(_Try(request_id, tries + 1, retries + 1))
            result = ministack.lambda_service._execute_function(function, event)
            if result.get("throttle"):
                pause = min(THROTTLE_SECONDS_MIN * 2**throttles, THROTTLE_SECONDS_MAX)
                throttles += 1
            elif not result.get("error"):
                return None
            else:
                tries, answer = tries + 1, _answer(result)
                if tries > retries:
                    failure = Failure(request_id, event, "RetriesExhausted", tries, answer)
                    return hand_on(function, destination, failure)
                pause = self._switches.async_retry_seconds * tries
            time.sleep(pause)

    def _drop(self, target: _Target, event: Any, request_id: str, why: str) -> None:
        nothing = {"number": 0, "of": 0}
        entry = InvocationEntry(request_id, target.name, "Event", nothing, time.time(), _request_id_of(event))
        self._recorder.add_invocation(entry)
        self._recorder.end_invocation(entry, "dropped", why)

    def _noted(
        self, run: Any, function: Any, config: Any, event: Any, request_id: str, started: float
    ) -> Any:
        trying = _trying.get()
        if trying is not None:
            request_id = trying.request_id
        entry = InvocationEntry(
            request_id,
            str(config.get("FunctionName", "")),
            "RequestResponse" if trying is None else "Event",
            {"number": trying.number, "of": trying.of} if trying is not None else {"number": 1, "of": 1},
            started,
            _request_id_of(event),
        )
        self._recorder.add_invocation(entry)
        result = run(function, config, event, request_id, started)
        self._recorder.end_invocation(entry, *_outcome(result))
        return result


def _outcome(result: Mapping[str, Any]) -> tuple[str, str]:
    if not result.get("error"):
        return "ok", ""
    body = _answer(result)
    if result.get("throttle"):
        return "throttled", str(body.get("message", ""))
    kind = "timeout" if body.get("errorType") == "Sandbox.Timedout" else "error"
    return kind, str(body.get("errorMessage", ""))


def _answer(result: Mapping[str, Any]) -> Mapping[str, Any]:
    body = result.get("body")
    return body if isinstance(body, Mapping) else {"errorMessage": str(body)}


def _settings(function: Mapping[str, Any], qualifier: str | None) -> tuple[int, float, str]:
    """Retries, greatest age in seconds and failure destination, from the function's EventInvokeConfig."""
    every = function.get("event_invoke_configs") or {}
    found = every.get(qualifier or "$LATEST") or every.get("") or function.get("event_invoke_config") or {}
    retries = found.get("MaximumRetryAttempts")
    age = found.get("MaximumEventAgeInSeconds")
    destination = ((found.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    return (
        RETRIES_DEFAULT if retries is None else int(retries),
        EVENT_AGE_SECONDS_DEFAULT if age is None else float(age),
        str(destination or ""),
    )


def _request_id_of(event: Any) -> str | None:
    found = event.get("RequestId") if isinstance(event, Mapping) else None
    return found if isinstance(found, str) else None
