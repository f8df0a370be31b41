"""The Lambda function: crhelper in front, the life cycle behind, and the wiring between them.

The only module that does work on import: whatever can be made once for all requests is made here.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from botocore.session import Session
from crhelper import FAILED, CfnResource

from running_model_handler.core.actions import Answer
from running_model_handler.core.answer import encode_answer
from running_model_handler.core.arn import location_of
from running_model_handler.core.errors import ErrorKind, ServiceError
from running_model_handler.core.event import URL_KEY, readable_event
from running_model_handler.core.memory import STATE_KEY, Memory, memory_from_json
from running_model_handler.core.names import SWEEP, Attribute
from running_model_handler.core.operation import RequestType
from running_model_handler.core.waiting import HAND_OVER_REFUSED_SECONDS, HAND_OVERS_MAX, backoff_seconds
from running_model_handler.decide import decide
from running_model_handler.effort import Effort
from running_model_handler.envelope import (
    Envelope,
    UnanswerableEvent,
    parse_envelope,
    physical_id_for_failure,
)
from running_model_handler.loop import Decide, HandOver, end, run
from running_model_handler.request import Request, parse_request
from running_model_handler.shell.answer import AnswerNotSent, put_answer
from running_model_handler.shell.clients import (
    CLOUDFORMATION,
    CLOUDWATCH,
    LAMBDA,
    REKOGNITION,
    SQS,
    Clients,
    new_session,
)
from running_model_handler.shell.clock import Clock, SystemClock
from running_model_handler.shell.cloudformation import CloudFormationStacks, Stacks
from running_model_handler.shell.handover import HandOver as Successor
from running_model_handler.shell.handover import LambdaHandOver
from running_model_handler.shell.rekognition import Models, RekognitionModels

if TYPE_CHECKING:
    from running_model_handler.shell.detections import Detections
    from running_model_handler.shell.waiting_messages import Queues

_logger = logging.getLogger("running_model")
_TRIES_BACKED_OFF: Final = 3
"""Of a hand-over: from then on the pause is at most 4 s."""
_LAST_SECONDS: Final = 6.0
"""Before the end of an invocation no more tries to hand over: a pause of 4 s, and the call."""
_TOO_MANY: Final = (
    f"not done after {HAND_OVERS_MAX} hand-overs, as many as Lambda's loop detection lets pass; give the "
    "function a time-out of 15 minutes"
)


class Services:
    """The neighbours of the handler, each made on first use; tests and simulations bring their own."""

    def __init__(self, session: Session | None = None) -> None:
        self.clock: Clock = SystemClock()
        self.put_answer: Callable[[str, bytes, Clock], None] = put_answer
        self.tell: Callable[[str], None] = print
        """Takes lines of metrics."""
        self._clients = Clients(session or new_session())

    def prepare(self) -> None:
        """Make what every request needs, before there is one.

        What fails here fails again when it is needed, where the request can be answered.
        """
        with suppress(Exception):
            self._clients.make_ready()

    @property
    def models(self) -> Models:
        """Rekognition."""
        return RekognitionModels(self._clients.get(REKOGNITION))

    @property
    def stacks(self) -> Stacks:
        """CloudFormation."""
        return CloudFormationStacks(self._clients.get(CLOUDFORMATION))

    @property
    def queues(self) -> Queues:
        """SQS. It is loaded only by the sweeps that need it, as is ``detections``."""
        from running_model_handler.shell.waiting_messages import SqsQueues

        return SqsQueues(self._clients.get(SQS))

    @property
    def detections(self) -> Detections:
        """CloudWatch."""
        from running_model_handler.shell.detections import CloudWatchDetections

        return CloudWatchDetections(self._clients.get(CLOUDWATCH))

    def hand_over(self, function_arn: str) -> Successor:
        """Lambda."""
        return LambdaHandOver(self._clients.get(LAMBDA), function_arn)


class Provider(CfnResource):
    """crhelper, which takes the request apart, calls the function for its type and answers.

    What is replaced, and why: its three boto3 clients (made on import, used only by its EventBridge
    poller), its log set-up (Lambda's JSON format stays), its time-out alarm (it answers FAILED without a
    physical id, where a retry of the invocation would carry on), its sender (see ``shell.answer``). It is
    shown no ResponseURL, nor ids that repeat it: it logs its events at DEBUG.
    """

    def __init__(self, services: Services) -> None:
        # Where Lambda knows a level it has set it already (ApplicationLogLevel); crhelper would set it anew.
        level = logging.root.level if "AWS_LAMBDA_LOG_LEVEL" in os.environ else logging.INFO
        with _without_clients():
            super().__init__(log_level=logging.getLevelName(level), boto_level="ERROR", sleep_on_delete=0)
        for name, level in (("crhelper", logging.CRITICAL), ("urllib3", logging.ERROR)):
            logger = logging.getLogger(name)
            if logger.level != level:
                logger.setLevel(level)
        self.services = services
        self.unanswered: Exception | None = None
        self.handed_over = False
        self.fallback_physical_id = ""
        self.envelope: Envelope

    def _log_setup(self, event: Any, context: Any) -> None:
        pass

    def _set_timeout(self) -> None:
        pass

    def _cfn_response(self, event: Any) -> None:
        if not self.handed_over and self.unanswered is None:
            super()._cfn_response(event)  # type: ignore[misc]  # private to crhelper's stubs

    def _send(self, status: str | None = None, reason: str = "", *_: Any) -> None:
        envelope = self.envelope
        body = encode_answer(
            status=status or self.Status,
            reason=reason or self.Reason,
            physical_id=str(self.PhysicalResourceId or self.fallback_physical_id),
            stack_id=envelope.stack_id,
            request_id=envelope.request_id,
            logical_id=envelope.logical_id,
            data=self.Data if (status or self.Status) != FAILED else {},
        )
        try:
            self.services.put_answer(envelope.response_url, body, self.services.clock)
        except AnswerNotSent as error:
            self.unanswered = error


@contextmanager
def _without_clients() -> Iterator[None]:
    """crhelper makes no clients where SAM runs a function locally; that switch is read when it is made."""
    before = os.environ.get("AWS_SAM_LOCAL")
    os.environ["AWS_SAM_LOCAL"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_SAM_LOCAL"]
        else:
            os.environ["AWS_SAM_LOCAL"] = before


class Function:
    """The function as Lambda sees it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.decided: Decide = decide
        self._provider = Provider(services)
        self._envelope: Envelope
        self._event: Mapping[str, Any]
        for register in (self._provider.create, self._provider.update, self._provider.delete):
            register(self._run)

    def __call__(self, event: Any, context: Any) -> None:
        """Answer a request of CloudFormation, or hand it over to the next invocation; or look after a model.

        Raises what kept the answer from being sent, so that Lambda tries the invocation again.
        """
        if isinstance(event, Mapping) and SWEEP in event and URL_KEY not in event:
            # Loaded when it is needed: no request pays for it.
            from running_model_handler.sweep import sweep

            sweep(event, self.services, context.invoked_function_arn)
            return
        try:
            envelope = parse_envelope(event)
        except UnanswerableEvent as error:
            _logger.error(f"event ignored: {error}", extra={"problem": str(error)})
            return
        provider = self._provider
        provider.unanswered, provider.handed_over = None, False
        provider.fallback_physical_id = physical_id_for_failure(event, envelope)
        provider.envelope = self._envelope = envelope
        self._event = readable_event(event)
        known = envelope.request_type in {kind.value for kind in RequestType}
        # crhelper looks the function up by the type; an unknown one is refused by ours.
        request_type = envelope.request_type if known else RequestType.CREATE.value
        provider({**self._event, "RequestType": request_type, "ResponseURL": ""}, context)
        if provider.unanswered is not None:
            raise provider.unanswered

    def _run(self, _: Any, context: Any) -> str:
        """What crhelper calls: the physical id of a success, an exception with the reason otherwise."""
        provider, envelope, event = self._provider, self._envelope, self._event
        provider.PhysicalResourceId = provider.fallback_physical_id
        request = parse_request(event, envelope, location_of(context.invoked_function_arn))
        memory = memory_from_json(event.get(STATE_KEY), self.services.clock.now(), envelope.sent_at)
        effort = self._effort(request, context)
        outcome = run(request, memory, effort, self.decided)
        if isinstance(outcome, HandOver):
            refused = self._hand_over(event, outcome.memory, context, effort)
            if refused is None:
                return provider.fallback_physical_id
            outcome = end(request, refused, effort)
        return self._answer(request, outcome)

    def _answer(self, request: Request, answer: Answer) -> str:
        provider = self._provider
        about = {"resource": request.wish.owner.logical_id, "request": request.envelope.request_id}
        provider.PhysicalResourceId = answer.physical_id or provider.fallback_physical_id
        if not answer.succeeded:
            _logger.error(f"failed: {answer.reason}", extra={"reason": answer.reason, **about})
            raise _Reason(answer.reason)
        provider.Data = dict(answer.data)
        # What a later failure of another resource leaves running is found by this line.
        bills = ": the model runs, and bills until this resource goes" if answer.data else ""
        duty = str(answer.data.get(Attribute.DUTY, "on"))
        if duty != "on":
            bills = f": the model is not started, its duty is {duty}"
        _logger.info(f"succeeded{bills}", extra={"physical_id": provider.PhysicalResourceId, **about})
        return str(provider.PhysicalResourceId)

    def _effort(self, request: Request, context: Any) -> Effort:
        services, seconds = self.services, context.get_remaining_time_in_millis() / 1000
        return Effort(
            request,
            models=services.models,
            stacks=services.stacks,
            clock=services.clock,
            ends_at=services.clock.now() + seconds,
            seconds=seconds,
        )

    def _hand_over(
        self, event: Mapping[str, Any], memory: Memory, context: Any, effort: Effort
    ) -> Memory | None:
        """Invoke the function anew; what is remembered, with a failure, where no invocation can be had."""
        clock, tries, refused_at = self.services.clock, 0, 0.0
        if memory.hand_overs >= HAND_OVERS_MAX:
            return memory.cut_short(_TOO_MANY, clock.now())
        is_last = effort.may_be_last_try(memory.handed_over_at or memory.sent_at)
        memory = memory._replace(hand_overs=memory.hand_overs + 1, handed_over_at=clock.now())
        following = {**event, STATE_KEY: memory.to_json()}
        while True:
            try:
                self.services.hand_over(context.invoked_function_arn).send(following)
            except ServiceError as error:
                tries, now = tries + 1, clock.now()
                _logger.warning(f"hand-over failed: {error}", extra={"code": error.code, "tries": tries})
                refused_at = refused_at or (0.0 if error.transient else now)
                refused = refused_at > 0.0 and now - refused_at >= HAND_OVER_REFUSED_SECONDS
                if refused or (is_last and effort.left < effort.margin / 2):
                    return memory.cut_short(_no_other(error), now)
                if effort.left < _LAST_SECONDS:
                    # Lambda tries the event again, which goes on with what is done by then.
                    self._provider.unanswered = error
                    return None
                clock.sleep(backoff_seconds(min(tries, _TRIES_BACKED_OFF), clock.chance()))
                continue
            self._provider.handed_over = True
            _logger.info("handed over", extra={"hand_overs": memory.hand_overs})
            return None


def _no_other(error: ServiceError) -> str:
    """The reason of a request that no other invocation can be had for."""
    way_out = "allow it" if error.kind is ErrorKind.DENIED else "deploy again once Lambda takes it"
    return f"it can't go on in another invocation: {error}; {way_out}"


class _Reason(Exception):
    """Carries the reason of a failure through crhelper."""


def _load(services: Services) -> Function:
    """The function, as Lambda loads it.

    While it does, the function has a whole core, and afterwards what its memory entitles it to: a fourteenth
    at 128 MB. So whatever can be made before the first request is. Nothing of it is garbage, so nobody looks.
    """
    gc.disable()
    try:
        # Which also keeps quiet what boto3 has to say of its clients.
        function = Function(services)
        services.prepare()
    finally:
        gc.freeze()
        gc.enable()
    return function


# Whoever else imports this, a test or a simulation, brings its own services, and may have no Region.
handler = _load(Services()) if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else Function(Services())
