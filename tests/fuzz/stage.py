"""The handler on a stage where Lambda, CloudFormation and Rekognition refuse what the real ones refuse.

The world of ``tests/handler`` takes any hand-over, answer and tag. Here a hand-over has to be strict JSON of
a size that Lambda queues, an answer has to fit, and whatever is logged, at any level, is kept.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from world import V1, V2, World, lived, properties, request, service_error

from running_model_handler.core.arn import ProjectArn, ProjectVersionArn
from running_model_handler.core.errors import ServiceError
from running_model_handler.core.status import Observation
from running_model_handler.core.units import InferenceUnits
from running_model_handler.shell.answer import AnswerNotSent
from running_model_handler.shell.clock import Clock

SIGNATURE = "5f0a9c3b71de4e2286b0f6a4c9d8e7315f0a9c3b71de4e2286b0f6a4c9d8e731"
TOKEN = "FwoGZXIvYXdzEJr%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEaDK3Pq9"
URL = (
    "https://cloudformation-custom-resource-response-euwest1.s3.example/arn%3Aaws%3Acloudformation?"
    f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Security-Token={TOKEN}&X-Amz-Expires=7200"
    f"&X-Amz-Signature={SIGNATURE}"
)
SECRETS = (SIGNATURE, TOKEN, "X-Amz-Signature=" + SIGNATURE[:16])
PAYLOAD_BYTES_MAX = 256 * 1024
"""The smallest size that an asynchronous event may have had (facts: 256 KB before, 1 MB now)."""
BODY_BYTES_MAX = 4096
BILLS = frozenset({"STARTING", "RUNNING", "STOPPING"})


class Stage(World):
    """The world, stricter."""

    def __init__(self, *, invocation_seconds: float = 900.0, url: str = URL) -> None:
        super().__init__(invocation_seconds=invocation_seconds)
        self.url = url
        self.handed_over: list[str] = []
        self.refused_tags: list[Mapping[str, str]] = []
        self.began_at = self.clock.now()
        self.function.services.put_answer = self._put

    def _put(self, url: str, body: bytes, clock: Clock) -> None:
        assert url == self.url
        if len(body) > BODY_BYTES_MAX:
            raise AnswerNotSent("HTTP 400")
        self.answers.append(json.loads(body) | {"At": clock.now()})

    def send(self, event: Mapping[str, Any]) -> None:
        """Lambda parses the payload, and more strictly than Python does."""
        try:
            payload = json.dumps(event, allow_nan=False)
        except ValueError:
            raise service_error("InvalidRequestContentException", "lambda:InvokeFunction") from None
        if re.search(r"\\ud[89a-f]", re.sub(r"\\ud[89ab]..\\ud[c-f]..", "", payload)):
            raise service_error("InvalidRequestContentException", "lambda:InvokeFunction")
        if re.search(r"[0-9]{309}", payload):
            raise service_error("InvalidRequestContentException", "lambda:InvokeFunction")
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise service_error("RequestTooLargeException", "lambda:InvokeFunction", 413)
        self.handed_over.append(payload)
        super().send(event)

    def observe(self, arn: ProjectVersionArn, project: ProjectArn) -> Observation:
        """DescribeProjectVersions refuses what is no ARN of a project."""
        if not re.fullmatch(r"[0-9]+", project.created, re.ASCII):
            raise service_error("InvalidParameterException", "rekognition:DescribeProjectVersions")
        return super().observe(arn, project)

    def start(self, arn: ProjectVersionArn, units: InferenceUnits) -> None:
        assert units.effective_maximum < 2**31, "an integer of the API has 32 bits"
        super().start(arn, units)

    def tag(self, arn: ProjectVersionArn, tags: Mapping[str, str]) -> None:
        """TagResource refuses values that its pattern does not allow."""
        if not all(re.fullmatch(r"[\w .:/=+\-@]{0,256}", value) for value in tags.values()):
            self.refused_tags.append(tags)
            raise service_error("InvalidParameterException", "rekognition:TagResource")
        super().tag(arn, tags)


@dataclass
class Played:
    """What came of an event."""

    stage: Stage
    answer: dict[str, Any] | None
    error: Exception | None
    lines: list[str] = field(default_factory=list)

    def status(self, arn: str) -> str:
        """The status of a model once all that was begun has ended."""
        self.stage.clock.sleep(3600)
        return self.stage.versions[arn].status


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        trace = self._formatter.formatException(record.exc_info) if record.exc_info else ""
        self.lines.append(f"{record.getMessage()} {vars(record)} {trace}")


def play(stage: Stage, event: Mapping[str, Any]) -> Played:
    """Deliver an event as Lambda does, with every logger at DEBUG."""
    keeper, root = _Keeper(), logging.getLogger()
    every = [root, *(logging.getLogger(name) for name in ("running_model", "crhelper", "botocore"))]
    levels = [logger.level for logger in every]
    for logger in every:
        logger.setLevel(logging.DEBUG)
    root.addHandler(keeper)
    answer, error = None, None
    try:
        answer = stage.deliver(event)
    except (AnswerNotSent, ServiceError, Exception) as caught:
        error = caught
    finally:
        root.removeHandler(keeper)
        for logger, level in zip(every, levels, strict=True):
            logger.setLevel(level)
    return Played(stage, answer, error, keeper.lines)


def creating() -> Stage:
    """CloudFormation creates the resource."""
    stage = Stage()
    stage.stack.goes("CREATE_IN_PROGRESS")
    stage.stack.begins("CREATE", properties())
    return stage


def updating(former: str = V1, units: str = "1") -> Stage:
    """CloudFormation updates a resource whose model runs, to what its event does not tell."""
    stage = Stage()
    lived(stage, former, MinInferenceUnits=units)
    stage.stack.goes("UPDATE_IN_PROGRESS")
    stage.stack.begins("UPDATE", {})
    stage.began_at = stage.clock.now()
    return stage


def deleting() -> Stage:
    """CloudFormation deletes a stack whose model runs, so long that a hand-over falls into the stop."""
    stage = Stage(invocation_seconds=120)
    lived(stage)
    stage.versions[V1].stop_seconds = 300
    stage.stack.goes("DELETE_IN_PROGRESS")
    stage.stack.begins("DELETE", properties())
    stage.began_at = stage.clock.now()
    return stage


def an_event(kind: str, **changes: Any) -> dict[str, Any]:
    """A valid request of a type, with other fields; an ellipsis removes one."""
    event = request(kind, properties(), physical_id=None if kind == "Create" else V1) | {"ResponseURL": URL}
    if kind == "Update":
        event |= {
            "ResourceProperties": properties(V2),
            "OldResourceProperties": properties(V1),
        }
    return {key: value for key, value in (event | changes).items() if value is not ...}


STAGES = {"Create": creating, "Update": updating, "Delete": deleting}
