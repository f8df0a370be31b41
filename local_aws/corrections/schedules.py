"""EventBridge Scheduler: time zones, and targets that are an operation of any service.

MiniStack takes every expression for UTC, sweeps every ten seconds, knows no universal target, and its
templates lose the time zone, the dates and every error. Here (Scheduler guide, schedule-types and
managing-targets-universal):

- cron() and at() are in the schedule's zone. A time that the spring gap leaves out is skipped, one that the
  autumn repeats runs once.
- ``arn:aws:scheduler:::aws-sdk:SERVICE:operation`` makes that call, with Input as its parameters and the
  permissions of the execution role, which has to trust scheduler.amazonaws.com, for this account and the
  schedule's group if its conditions say so (cross-service-confused-deputy-prevention). Operations that read
  are refused.
- Throttles and faults of the service are tried again, by the retry policy; what the caller did wrong is not.
  What could not be delivered goes to the dead-letter queue.
- A flexible window begins with the time itself.
- Context attributes in Input, such as <aws.scheduler.scheduled-time>, are filled in (Scheduler guide,
  managing-schedule-context-attributes).
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from local_aws.corrections import ministack
from local_aws.platform.throttles import CODES

SWEEP_SECONDS: Final = 1.0
PAUSE_SECONDS_MAX: Final = 60.0
TRIES_DEFAULT: Final = 185
AGE_SECONDS_DEFAULT: Final = 86_400
PRINCIPAL: Final = "scheduler.amazonaws.com"
_UNIVERSAL: Final = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([A-Za-z0-9]+):([A-Za-z0-9]+)")
_CONTEXT: Final = re.compile(r"<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>")
_READS: Final = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup",
    "discover", "validate", "batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList",
    "testMigration", "retrieve", "testConnection", "translateDocument", "isAuthorized", "invokeModel",
)  # fmt: skip
_SCHEDULE: Final = (
    "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target", "State",
    "Description", "StartDate", "EndDate", "KmsKeyArn", "GroupName",
)  # fmt: skip
logger = logging.getLogger("schedules")


# --- when -----------------------------------------------------------------------------------------


def next_time(expression: str, zone: str, after: float, anchor: float) -> float | None:
    """The first moment after ``after`` at which a schedule is due; None if there is none any more.

    All are seconds since 1970; ``anchor``: from when a rate counts. Raises ValueError for an expression or a
    zone that is none.
    """
    place = _zone(zone)
    text = expression.strip()
    if found := re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", text):
        moment = _moment(datetime.fromisoformat(found[1]), place)
        return moment if moment is not None and moment > after else None
    seconds: int | None = ministack.eventbridge._parse_rate_seconds(text)
    if seconds:
        return anchor + seconds * (max(0, int((after - anchor) // seconds)) + 1)
    fields = ministack.eventbridge._parse_cron_fields(text)
    if fields is None or seconds == 0:
        raise ValueError(f"Invalid Schedule Expression {expression}.")
    return _next_cron(fields, place, after)


def _next_cron(fields: Any, place: tzinfo, after: float) -> float | None:
    # MiniStack walks through the hands of a clock, in whatever zone: here those of the schedule's place.
    hands = datetime.fromtimestamp(after, place).replace(tzinfo=UTC)
    while True:
        found = ministack.eventbridge._cron_next_fire(fields, hands)
        if found is None:
            return None
        hands = found
        moment = _moment(hands.replace(tzinfo=None), place)
        # In the gap there is no such moment; of a repeated hour the first one counts, which may be over.
        if moment is not None and moment > after:
            return moment


def _moment(hands: datetime, place: tzinfo) -> float | None:
    """When a clock there shows this, for the first time; None if it never does."""
    moment = hands.replace(tzinfo=place).timestamp()
    return moment if datetime.fromtimestamp(moment, place).replace(tzinfo=None) == hands else None


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    if name not in available_timezones():
        raise ValueError(f"Invalid ScheduleExpressionTimezone {name}.")
    return ZoneInfo(name)


def problem_of(schedule: Mapping[str, Any]) -> str | None:
    """What the service would refuse of a schedule."""
    expression = str(schedule.get("ScheduleExpression") or "")
    try:
        next_time(expression, str(schedule.get("ScheduleExpressionTimezone") or "UTC"), 0.0, 0.0)
    except ValueError as error:
        return str(error)
    target = schedule.get("Target") or {}
    universal = _UNIVERSAL.fullmatch(str(target.get("Arn", "")))
    if universal and universal[2].startswith(_READS):
        return f"The operation {universal[2]} reads: it is no target of a schedule."
    try:
        document = json.loads(target.get("Input") or "{}")
    except ValueError:
        document = None
    return "Input must be a JSON object." if universal and not isinstance(document, dict) else None


# --- what is due ----------------------------------------------------------------------------------


class Schedules:
    """Takes the place of MiniStack's sweep."""

    def __init__(self) -> None:
        self._looked: dict[Any, tuple[float, float]] = {}
        """By schedule: its last modification, and until when it has been looked at."""

    def install(self) -> None:
        """Puts itself in MiniStack's place."""
        service, handlers = ministack.scheduler, ministack.provisioners._RESOURCE_HANDLERS
        service._SCHEDULE_TICK_INTERVAL = SWEEP_SECONDS
        service._tick_schedules = lambda: self.sweep(time.time())
        service._create_schedule = _checked(service._create_schedule)
        service._update_schedule = _checked(service._update_schedule)
        handlers["AWS::Scheduler::Schedule"].update(create=_create_by_template, update=_update_by_template)

    def sweep(self, now: float) -> None:
        """Fires every schedule that has become due since the last sweep, once."""
        present = list(ministack.scheduler._schedules._data.items())
        for key in set(self._looked) - {key for key, _ in present}:
            del self._looked[key]
        for key, schedule in present:
            begin = schedule["LastModificationDate"]
            modified, since = self._looked.get(key, (begin, begin))
            since = since if modified == begin else begin
            self._looked[key] = (begin, now)
            try:
                self._look(key, schedule, since, now)
            except Exception:  # one schedule must not keep the others
                logger.exception("schedule %s", key)

    def _look(self, key: Any, schedule: Mapping[str, Any], since: float, now: float) -> None:
        dates = ministack.scheduler._to_epoch
        start, end = dates(schedule.get("StartDate")), dates(schedule.get("EndDate"))
        anchor = start if start is not None else schedule["CreationDate"]
        expression, zone = schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone") or "UTC"
        due = next_time(expression, zone, max(since, (start or 0) - 1), anchor)
        last = end is not None and (due is None or due > end)
        if due is not None and due <= now and not last and schedule.get("State") == "ENABLED":
            fire(key[0], key[1], dict(schedule), latest_time(expression, zone, due, now, anchor))
            last = next_time(expression, zone, now, anchor) is None
        over = last and (end is None or now >= end)
        if over and schedule.get("ActionAfterCompletion") == "DELETE":
            ministack.scheduler._schedules._data.pop(key, None)


def latest_time(expression: str, zone: str, due: float, now: float, anchor: float) -> float:
    """The last of the moments that are due by now: where the clock was moved, the others are lost."""
    following: float | None = due
    while following is not None and following <= now:
        due, following = following, next_time(expression, zone, following, anchor)
    return due


def _checked(inner: Any) -> Any:
    def checked(name: str, body: Mapping[str, Any]) -> Any:
        problem = problem_of(body)
        if problem is not None and body.get("ScheduleExpression"):
            return ministack.scheduler._error(400, "ValidationException", problem)
        return inner(name, body)

    return checked


def _create_by_template(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
    name = properties.get("Name") or ministack.provisioners._physical_name(stack_name, logical_id, max_len=64)
    return _put_by_template(ministack.scheduler._create_schedule, name, properties)


def _update_by_template(
    physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str
) -> Any:
    same = new.get("Name") in (None, physical_id) and old.get("GroupName") == new.get("GroupName")
    if not same:
        return _create_by_template(physical_id, new, stack_name)
    return _put_by_template(ministack.scheduler._update_schedule, physical_id, new)


def _put_by_template(put: Any, name: str, properties: Mapping[str, Any]) -> Any:
    ministack.scheduler._ensure_default_group()
    status, _, answer = put(name, {key: properties[key] for key in _SCHEDULE if key in properties})
    if status >= 400:
        raise ValueError(f"{json.loads(answer)['Message']} (Service: Scheduler, Status Code: {status})")
    return name, {"Arn": ministack.scheduler._schedule_arn(properties.get("GroupName", "default"), name)}


# --- to whom --------------------------------------------------------------------------------------


def fire(account: str, region: str, schedule: Mapping[str, Any], due: float) -> None:
    """Delivers to a schedule's target, in a thread of its own."""
    given = (account, region, schedule, due)
    threading.Thread(target=_deliver, args=given, daemon=True, name="schedule").start()


def filled(text: str, arn: str, due: float, attempt: int = 1) -> str:
    """A target's Input with its context attributes filled in."""
    known = {
        "schedule-arn": arn,
        "scheduled-time": datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": uuid.uuid4().hex[:16],
        "attempt-number": str(attempt),
    }
    return _CONTEXT.sub(lambda found: known[found[1]], text)


def _deliver(account: str, region: str, schedule: Mapping[str, Any], due: float) -> None:
    ministack.responses._request_account_id.set(account)
    ministack.responses._request_region.set(region)
    target = schedule["Target"]
    universal = _UNIVERSAL.fullmatch(target["Arn"])
    if universal is None:
        event = {
            "EventId": schedule["Name"],
            "Source": "aws.scheduler",
            "DetailType": "Scheduled Event",
            "Detail": "{}",
            "Time": time.time(),
            "Resources": [schedule["Arn"]],
            "Account": account,
            "Region": region,
        }
        text = target.get("Input")
        given = {**target, "Input": filled(text, schedule["Arn"], due)} if text else target
        ministack.eventbridge._invoke_target(given, event, schedule)
        return
    try:
        session = _session_of(target["RoleArn"], account, region, schedule)
        texts = partial(filled, target.get("Input") or "{}", schedule["Arn"], due)
        error = _call(session, universal[1], universal[2], target, texts)
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if error and queue:
            _to_queue(session, queue, schedule, error)
    except Exception as problem:  # told in the log, as nothing else would
        error = f"{type(problem).__name__}: {problem}"
    if error:
        logger.warning("schedule %s was not delivered to %s: %s", schedule["Name"], target["Arn"], error)


def _session_of(role_arn: str, account: str, region: str, schedule: Mapping[str, Any]) -> Any:
    import boto3

    name, group = schedule["Name"], schedule.get("GroupName") or "default"
    source = f"arn:aws:scheduler:{region}:{account}:schedule-group/{group}"
    role = ministack.iam._roles.get(role_arn.rpartition("/")[2])
    if role is None or not trusts(role.get("AssumeRolePolicyDocument"), account, source):
        raise PermissionError(
            f"the execution role {role_arn} must allow {PRINCIPAL} to assume it, with aws:SourceAccount "
            f"{account} and aws:SourceArn {source} where it has conditions on them"
        )
    # The same way in which MiniStack gives a function its role.
    identity = f"arn:aws:lambda:{region}:{account}:function:schedule-{name}"
    given = ministack.lambda_runtime.execution_credentials(
        {"Role": role_arn, "FunctionArn": identity, "FunctionName": name}
    )
    return boto3.Session(
        given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], given["AWS_SESSION_TOKEN"], region
    )


def trusts(document: Any, account: str, source: str) -> bool:
    """Whether a role's trust policy lets the Scheduler assume it for an account and a schedule group."""
    policy = json.loads(document) if isinstance(document, str) else document or {}
    statements = policy.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    evaluator = ministack.iam_evaluator
    # MiniStack's own services call as the root, which a statement for a service lets in.
    caller = f"arn:aws:iam::{account}:root"
    context = evaluator.EvalContext(
        principal_arn=caller,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn="*",
        region="",
        service_context={"aws:sourceaccount": account, "aws:sourcearn": source},
    )
    ours = [
        {**statement, "Principal": {"Service": PRINCIPAL}} for statement in statements if _names_us(statement)
    ]
    return bool(evaluator.evaluate_trust_policy({"Statement": ours}, caller, context))


def _names_us(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return PRINCIPAL in ([services] if isinstance(services, str) else services)


def _call(
    session: Any, service: str, operation: str, target: Mapping[str, Any], texts: Callable[[int], str]
) -> str:
    """Makes the call until it succeeds or the retry policy ends it; returns what went wrong, or nothing.

    ``texts``: the parameters of each attempt, which count from 1.
    """
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    policy = target.get("RetryPolicy") or {}
    tries = int(policy.get("MaximumRetryAttempts", TRIES_DEFAULT)) + 1
    deadline = time.monotonic() + float(policy.get("MaximumEventAgeInSeconds", AGE_SECONDS_DEFAULT))
    client = _client(session, service, Config(retries={"total_max_attempts": 1}))
    method = client.meta.service_model.operation_names
    name = next((one for one in method if one.lower() == operation.lower()), None)
    if name is None:
        return f"{service} has no operation {operation}"
    error = ""
    for number in range(tries):
        try:
            client._make_api_call(name, json.loads(texts(number + 1)))
        except ClientError as problem:
            error = str(problem)
            status = problem.response["ResponseMetadata"]["HTTPStatusCode"]
            if status < 500 and problem.response["Error"]["Code"] not in CODES:
                return error
        except BotoCoreError as problem:
            error = str(problem)
        else:
            return ""
        pause = min(2.0**number, PAUSE_SECONDS_MAX)
        if time.monotonic() + pause > deadline:
            return error
        time.sleep(pause)
    return error


def _client(session: Any, service: str, config: Any = None) -> Any:
    own = {"rekognition": os.environ.get("AWS_ENDPOINT_URL_REKOGNITION")}.get(service)
    endpoint = own or f"https://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    return session.client(service, endpoint_url=endpoint, config=config)


def _to_queue(session: Any, queue_arn: str, schedule: Mapping[str, Any], error: str) -> None:
    parts = queue_arn.split(":")
    queues = _client(session, "sqs")
    url = queues.get_queue_url(QueueName=parts[5])["QueueUrl"]
    told = {
        "SCHEDULE_ARN": schedule["Arn"],
        "TARGET_ARN": schedule["Target"]["Arn"],
        "ERROR_MESSAGE": error[:1000],
    }
    queues.send_message(
        QueueUrl=url,
        MessageBody=schedule["Target"].get("Input") or "{}",
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in told.items()
        },
    )
