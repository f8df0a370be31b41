"""One call from its arrival to its answer: faults, rate, validation, policy, operation, journal."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.platform.throttles import MESSAGE
from local_aws.rekognition.authorization import (
    AuthorizationRequest,
    Authorizer,
    context_of,
    denied_message,
)
from local_aws.rekognition.detection import Detection
from local_aws.rekognition.errors import ApiError
from local_aws.rekognition.faults import Fault, Faults
from local_aws.rekognition.journal import CALL, FAULT, NOTE
from local_aws.rekognition.metrics import Metrics
from local_aws.rekognition.operations import OPERATIONS, Answer, Call, Operation, tags_of
from local_aws.rekognition.quotas import Rates
from local_aws.rekognition.store import Store
from local_aws.rekognition.trail import Trail, TrailEvent, is_recorded
from local_aws.rekognition.validation import parse, service_model

DETECT = "DetectCustomLabels"


@dataclass(frozen=True, slots=True)
class Request:
    """A signed request; the signature is not verified, only read."""

    operation: str
    body: bytes
    access_key_id: str
    session_token: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back; ``dropped``: nothing does, the connection ends."""

    status: int
    document: Mapping[str, Any]
    dropped: bool = False


@dataclass
class _Course:
    """What became of a call so far."""

    received: float
    faults: frozenset[Fault]
    parameters: dict[str, Any] = field(default_factory=dict)
    arn: str = ""
    journalled: bool = False

    @property
    def loses_answer(self) -> bool:
        """Whether a success will not reach the caller as such."""
        return bool(self.faults & {Fault.LOST_ANSWER, Fault.LATE_ERROR})


class Dispatcher:
    """Answers calls, from any number of threads."""

    def __init__(self, store: Store, faults: Faults, metrics: Metrics, closing: threading.Event) -> None:
        self.trail: Trail | None = None
        self.rates = Rates(store.clock.now)
        self.detection = Detection(self.rates)
        self._store = store
        self._faults = faults
        self._metrics = metrics
        self._closing = closing
        self._operations = {**OPERATIONS, DETECT: self.detection.operation}

    @property
    def authorizer(self) -> Authorizer | None:
        """Who judges calls, and the reading of pictures on a caller's behalf; None allows everything."""
        return self.detection.authorizer

    @authorizer.setter
    def authorizer(self, authorizer: Authorizer | None) -> None:
        self.detection.authorizer = authorizer

    def handle(self, request: Request) -> Reply:
        """Answer one call and write it into the journal."""
        operation = self._operations.get(request.operation)
        if operation is None:
            return _refused(_unknown(request.operation))
        course = _Course(self._store.clock.now(), self._faults.draw(request.operation))
        if self._strikes(Fault.DROPPED_REQUEST, request, course):
            self._journal(request, course, "dropped", answered=False)
            return _DROPPED
        try:
            reply = Reply(200, self._answer(request, operation, course))
        except ApiError as error:
            if not course.journalled:
                self._journal(request, course, error.code, message=error.message)
            reply = _refused(error)
        except Exception as error:  # a fault of the emulator itself: told, and never a dropped connection
            problem = {"problem": f"the emulator failed: {type(error).__name__}: {error}"}
            self._store.journal.add(self._store.clock.now(), NOTE, request.operation, course.arn, problem)
            reply = _refused(_internal_error())
        if self._strikes(Fault.SLOW_ANSWER, request, course):
            self._store.clock.wait(self._faults.slow_answer_seconds, self._closing)
            if self._closing.is_set():
                return _DROPPED
        self._measure(request, course, reply)
        self._tell_trail(request, course, reply)
        if reply.status == 200 and self._strikes(Fault.LOST_ANSWER, request, course):
            return _DROPPED
        return reply

    # --- on the way in --------------------------------------------------------------------------

    def _answer(self, request: Request, operation: Operation, course: _Course) -> Answer:
        self._admit(request, operation, course)
        model = service_model().operation_model(request.operation)
        course.parameters = parse(model, request.body, self._error_of)
        course.arn = operation.subject(course.parameters)
        self._authorize(request, operation, course)
        age = self._age(request, course)
        call = Call(request.operation, course.parameters, request.access_key_id, age, request.session_token)
        if request.operation == DETECT:
            self._store.settle()
            document = operation.answer(self._store, call)
            self._journal(request, course, "ok", answered=not course.loses_answer)
        else:
            document = self._act(request, operation, course, call)
        if self._strikes(Fault.LATE_ERROR, request, course):
            raise _internal_error()
        return document

    def _error_of(self, kind: str) -> str:
        return str(getattr(self._store.settings, f"{kind}_error"))

    def _admit(self, request: Request, operation: Operation, course: _Course) -> None:
        refusal = self._faults.refusal(request.operation, request.access_key_id, self._store.clock.now())
        if refusal is not None:
            detail = {"fault": "refusal", "code": refusal.code}
            self._store.journal.add(self._store.clock.now(), FAULT, request.operation, course.arn, detail)
            raise ApiError(refusal.code, refusal.message, refusal.status)
        if self._strikes(Fault.THROTTLE, request, course):
            raise ApiError(self._faults.throttle_code, MESSAGE)
        settings = self._store.settings
        if not self.rates.take(request.operation, getattr(settings, operation.rate)):
            raise ApiError(settings.rate_error, f"The calls a second of {request.operation} are used up.")
        if self._strikes(Fault.ERROR, request, course):
            raise _internal_error()

    def _authorize(self, request: Request, operation: Operation, course: _Course) -> None:
        if self.authorizer is None:
            return
        self._ask(request, course, operation.resource(course.parameters))
        if operation.second_resource is not None:
            self._ask(request, course, operation.second_resource(course.parameters))

    def _ask(self, request: Request, course: _Course, resource_arn: str) -> None:
        about = course.arn if resource_arn == "*" else resource_arn
        asked = AuthorizationRequest(
            access_key_id=request.access_key_id,
            session_token=request.session_token,
            action=f"rekognition:{request.operation}",
            resource_arn=resource_arn,
            context=context_of(course.parameters, self._resource_tags(about)),
        )
        # Not under the store's lock: an authorizer may ask another process.
        try:
            message = None if self.authorizer is None else self.authorizer(asked)
        except Exception as error:  # the host is ending, or has a fault: to a caller the service has one
            problem = {"problem": f"the authorizer failed: {type(error).__name__}: {error}"}
            self._store.journal.add(self._store.clock.now(), NOTE, request.operation, course.arn, problem)
            raise _internal_error() from error
        if message is not None:
            raise ApiError("AccessDeniedException", message or denied_message(asked))

    def _resource_tags(self, arn: str) -> Mapping[str, str]:
        with self._store.lock:
            self._store.settle()
            try:
                return tags_of(self._store, arn, self._faults.stale_authorization_seconds)
            except ApiError:
                return {}

    def _age(self, request: Request, course: _Course) -> float:
        if self._strikes(Fault.STALE_DESCRIBE, request, course):
            return self._faults.stale_describe_seconds
        if self._strikes(Fault.STALE_TAGS, request, course):
            return self._faults.stale_tags_seconds
        return 0.0

    def _act(self, request: Request, operation: Operation, course: _Course, call: Call) -> Answer:
        """Run the operation. The journal's entry of the call comes before those of what it causes."""
        store = self._store
        with store.lock:
            store.settle()
            detail = self._journal(request, course, "ok", answered=not course.loses_answer)
            try:
                document = operation.answer(store, call)
            except ApiError as error:
                detail.update(outcome=error.code, message=error.message, answered=True)
                raise
            detail["answer"] = _told(document)
            return document

    # --- what is left of a call -----------------------------------------------------------------

    def _strikes(self, fault: Fault, request: Request, course: _Course) -> bool:
        """Whether this call meets this fault; if so it is counted and journalled."""
        if fault not in course.faults:
            return False
        self._faults.record(fault, request.operation)
        now = self._store.clock.now()
        self._store.journal.add(now, FAULT, request.operation, course.arn, {"fault": fault.value})
        return True

    def _journal(
        self, request: Request, course: _Course, outcome: str, *, answered: bool = True, message: str = ""
    ) -> dict[str, Any]:
        course.journalled = True
        detail = {
            "parameters": _readable(course.parameters),
            "outcome": outcome,
            "message": message,
            "answered": answered,
        }
        now = self._store.clock.now()
        journal = self._store.journal
        return journal.add(now, CALL, request.operation, course.arn, detail, request.access_key_id)

    def _tell_trail(self, request: Request, course: _Course, reply: Reply) -> None:
        if self.trail is None or not is_recorded(request.operation):
            return
        error = reply.status != 200
        event = TrailEvent(
            operation=request.operation,
            access_key_id=request.access_key_id,
            session_token=request.session_token,
            parameters=_readable(course.parameters),
            answer={} if error else reply.document,
            resource_arn=course.arn,
            error_code=str(reply.document["__type"]) if error else "",
            error_message=str(reply.document["message"]) if error else "",
        )
        try:
            self.trail(event)
        except Exception as problem:  # a call does not depend on who records it
            detail = {"problem": f"the trail failed: {type(problem).__name__}: {problem}"}
            self._store.journal.add(self._store.clock.now(), NOTE, request.operation, course.arn, detail)

    def _measure(self, request: Request, course: _Course, reply: Reply) -> None:
        if request.operation == DETECT:
            code = str(reply.document.get("__type", ""))
            seconds = self._store.clock.now() - course.received
            self._metrics.count_detection(code, reply.status, seconds, course.arn)


_DROPPED = Reply(0, {}, dropped=True)


def _refused(error: ApiError) -> Reply:
    # Both spellings of "message" occur in AWS's JSON protocols; SDKs read either.
    return Reply(error.status, {"__type": error.code, "Message": error.message, "message": error.message})


def _internal_error() -> ApiError:
    return ApiError("InternalServerError", "The service had an internal error. Try again.")


def _unknown(name: str) -> ApiError:
    if name in service_model().operation_names:
        return ApiError("NotImplemented", f"The emulator does not know {name}.", 501)
    return ApiError("UnknownOperationException", f"There is no operation {name!r}.")


def _readable(value: Any) -> Any:
    """Parameters as JSON takes them, a picture as its size."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {key: _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list) else value


def _told(document: Mapping[str, Any]) -> Any:
    """What the journal keeps of an answer."""
    versions = document.get("ProjectVersionDescriptions")
    if versions is not None:
        return {item["ProjectVersionArn"]: item["Status"] for item in versions}
    return {key: value for key, value in document.items() if isinstance(value, str)}
