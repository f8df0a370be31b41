"""The simulated world: puts the services together, plays a plan to its end, and lets monitors watch."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final

from simulator.cloudformation import Operator
from simulator.conditions import Condition
from simulator.deployment import Deployment, OwnProvider
from simulator.errors import AnswerLost, ApiError
from simulator.eventbridge import EventBridge
from simulator.functions import Functions, Handler, Invocation
from simulator.gateway import READ_TIMEOUT_SECONDS, Gateway
from simulator.kernel import EPOCH, Kernel
from simulator.line_kills import LineKills
from simulator.monitor import Monitor
from simulator.plan import ByHand, Hand, KillAt, Plan
from simulator.rekognition import PERSON, Change, Look, Model, Rekognition
from simulator.requests import STARVED_SECONDS, Outcome, Request
from simulator.stack import Resource, Shown, Stack, StackEvent
from simulator.step_functions import StepFunctions
from simulator.story import Story

HISTORY_SECONDS_MAX: Final = 48 * 3600.0
"""What is still at work by then will never end."""
BODY_BYTES_MAX: Final = 4096
PHYSICAL_ID_BYTES_MAX: Final = 1024


class World:
    """One history."""

    def __init__(
        self,
        plan: Plan,
        new_handler: Callable[[World], Handler],
        deployment: Deployment | None = None,
    ) -> None:
        self.plan = plan
        self.kernel = Kernel()
        self.story = Story()
        self.gateway = Gateway(self, random.Random(f"{plan.seed} calls"))
        self.functions = Functions(self, random.Random(f"{plan.seed} events"))
        self.rekognition = Rekognition(self.kernel, plan, acted=self._acted, moved=self._moved)
        self.jitter = random.Random(f"{plan.seed} jitter")
        self._answers = random.Random(f"{plan.seed} answers")
        self._new_handler = new_handler
        self.setting = ExitStack()
        """What a seam has put in place for as long as the history plays."""
        self.deployment = deployment or OwnProvider()
        self.eventbridge = EventBridge(self)
        self.step_functions = StepFunctions(self)
        self.monitors: list[Monitor] = []
        self.requests: list[Request] = []
        self._by_url: dict[str, Request] = {}
        self.stacks = {one.stack_id: Stack(one) for one in plan.stacks}
        self._operators = [
            Operator(self, stack, random.Random(f"{plan.seed} stack {number}"))
            for number, stack in enumerate(self.stacks.values())
        ]
        self.retained: list[str] = []
        """Physical ids that their templates left as they were."""
        self.conditions: list[Condition] = []
        """What excused that something bills for nobody at the end."""
        self._kills: dict[int, dict[int, KillAt]] = {}
        lines: dict[int, int] = {}
        for kill in plan.kills:
            if kill.at is KillAt.LINE:
                lines.setdefault(kill.invocation, kill.count)
            else:
                self._kills.setdefault(kill.invocation, {}).setdefault(kill.count, kill.at)
        self.line_kills = LineKills(self.kernel, lines, self.functions.kill)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.kernel.now - EPOCH

    def play(self) -> bool:
        """Let the whole plan happen; False if something never ends."""
        for operator in self._operators:
            begins = EPOCH + operator.stack.plan.begins
            self.kernel.at(begins, self._begin, operator)
        for act in self.plan.by_hand:
            self.kernel.at(EPOCH + act.at, self._by_hand, act)
        with self.setting:
            return self.kernel.run(EPOCH + HISTORY_SECONDS_MAX)

    def _begin(self, operator: Operator) -> None:
        self.kernel.spawn(operator.stack.plan.name, operator.run)

    def new_handler(self) -> Handler:
        """A fresh execution environment of the function."""
        return self._new_handler(self)

    # --- who runs -----------------------------------------------------------------------------------

    def current_invocation(self) -> Invocation:
        """The invocation whose code runs now."""
        task = self.kernel.current
        if task is None:
            raise RuntimeError("no invocation runs")
        return self.functions.by_task[task]

    def kill_of(self, invocation: Invocation, call: int) -> KillAt | None:
        """Whether an invocation dies at a call of its own."""
        if not self._kills:
            return None
        return self._kills.get(invocation.number, {}).get(call)

    # --- what services ask of the world -------------------------------------------------------------

    def noted_call(self, invocation: Invocation, action: str, resource: str, result: object) -> None:
        """A call was decided."""
        self.story.note(self.kernel.now, invocation.name, f"{action} {_short(resource)}", result)

    def note_end_of_call(self, invocation: Invocation, action: str, *, succeeded: bool) -> None:
        """A call came back to its invocation."""
        for monitor in self.monitors:
            monitor.called(invocation, action, succeeded)

    def note_rest(self, stack: Stack) -> None:
        """The rest of a stack between two operations is over."""
        for monitor in self.monitors:
            monitor.rested(stack)

    def add_request(self, request: Request) -> None:
        """CloudFormation sends a request."""
        self.requests.append(request)
        self._by_url[request.url] = request
        physical = f", physical id {_short(request.physical_id)}" if request.physical_id else ""
        declares = f"{_short(request.declared_arn)} with {_units(request.properties)}"
        self.story.note(self.kernel.now, "CloudFormation", f"sends {request.name}: {declares}{physical}")

    def end_request(self, request: Request, outcome: Outcome) -> None:
        """CloudFormation no longer waits."""
        request.outcome, request.ended_at = outcome, self.kernel.now
        waits = request.chains > 0 and request.running == 0
        request.starved = waits and request.ran_until < self.kernel.now - STARVED_SECONDS
        self.story.note(self.kernel.now, "CloudFormation", f"ends {request.name}", str(outcome))
        for monitor in self.monitors:
            monitor.request_ended(request)

    def note_status(self, stack: Stack, status: str) -> None:
        """A stack has a new status."""
        self.story.note(self.kernel.now, "CloudFormation", f"stack {stack.plan.name}", status)

    def note_retained(self, resource: Resource) -> None:
        """A resource was left as it is, as its template says."""
        self.retained.append(resource.physical_id or "")

    def _moved(self, model: Model, before: str | None, after: str | None) -> None:
        self.story.note(self.kernel.now, "Rekognition", f"{model.plan.name} was {before}", after)

    def _acted(self, model: Model, change: Change) -> None:
        for monitor in self.monitors:
            monitor.acted(model, change)

    # --- the APIs, as the seams call them -----------------------------------------------------------

    def find_project(self, name: str) -> str | None:
        """DescribeProjects."""
        return self.gateway.call(
            "rekognition:DescribeProjects", "*", lambda: self.rekognition.project_arn(name)
        )

    def describe(self, arn: str, project_arn: str, version: str) -> tuple[Any, Look] | None:
        """DescribeProjectVersions; ``arn`` is the model that is asked for."""
        lag = self.gateway.faults.describe_lag
        seen = self.gateway.call(
            "rekognition:DescribeProjectVersions",
            arn,
            lambda: self.rekognition.describe(project_arn, version, self.gateway.lag(lag) if lag else 0.0),
            _told_look,
        )
        self.current_invocation().last_look[arn] = (self.kernel.now, seen[1] if seen else None)
        return seen

    def start(self, arn: str, minimum: int, maximum: int | None) -> None:
        """StartProjectVersion."""
        by = self._asked("rekognition:StartProjectVersion", arn)
        self.gateway.call(
            "rekognition:StartProjectVersion",
            arn,
            lambda: self.rekognition.start(arn, minimum, maximum, by),
            lambda _: f"accepted, {minimum}-{maximum or minimum} units",
        )

    def stop(self, arn: str) -> None:
        """StopProjectVersion."""
        by = self._asked("rekognition:StopProjectVersion", arn)
        self.gateway.call(
            "rekognition:StopProjectVersion", arn, lambda: self.rekognition.stop(arn, by), _accepted
        )

    def _asked(self, action: str, arn: str) -> Request | None:
        invocation = self.current_invocation()
        for monitor in self.monitors:
            monitor.asked(invocation, action, arn)
        return invocation.request

    def list_tags(self, arn: str) -> Mapping[str, str]:
        """ListTagsForResource."""
        lag = self.gateway.faults.tag_lag
        return self.gateway.call(
            "rekognition:ListTagsForResource",
            arn,
            lambda: self.rekognition.list_tags(arn, self.gateway.lag(lag)),
            _told_owner,
        )

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """TagResource."""
        self.gateway.call(
            "rekognition:TagResource",
            arn,
            lambda: self.rekognition.tag(arn, tags),
            lambda _: _told_owner(tags),
        )

    def untag(self, arn: str, keys: list[str]) -> None:
        """UntagResource."""
        self.gateway.call(
            "rekognition:UntagResource", arn, lambda: self.rekognition.untag(arn, keys), lambda _: len(keys)
        )

    def describe_stack_resource(self, stack_id: str, logical_id: str) -> Shown:
        """DescribeStackResource."""

        def effect() -> Shown:
            stack = self.stacks.get(stack_id)
            if stack is None or not stack.statuses:
                raise ApiError("ValidationError", f"Stack '{stack_id}' does not exist")
            shown = stack.view(logical_id, self._moment())
            if shown is None or shown.status is None:
                raise ApiError(
                    "ValidationError", f"Resource {logical_id} does not exist for stack {stack.plan.name}"
                )
            return shown

        return self.gateway.call(
            "cloudformation:DescribeStackResource", stack_id, effect, lambda shown: shown.status
        )

    def describe_stack_events(self, stack_id: str) -> list[StackEvent]:
        """DescribeStackEvents, its first page."""

        def effect() -> list[StackEvent]:
            stack = self.stacks.get(stack_id)
            if stack is None or not stack.statuses:
                raise ApiError("ValidationError", f"Stack [{stack_id}] does not exist")
            return stack.events_at(self._moment())

        return self.gateway.call("cloudformation:DescribeStackEvents", stack_id, effect, len)

    def describe_stack(self, stack_id: str) -> str:
        """DescribeStacks: the status."""

        def effect() -> str:
            stack = self.stacks.get(stack_id)
            status = stack.status_at(self._moment()) if stack is not None else ""
            if not status:
                raise ApiError("ValidationError", f"Stack with id {stack_id} does not exist")
            return status

        return self.gateway.call("cloudformation:DescribeStacks", stack_id, effect, str)

    def _moment(self) -> float:
        lag = self.gateway.faults.stack_lag
        return self.kernel.now - (self.gateway.lag(lag) if lag else 0.0)

    def invoke(self, arn: str, event: Mapping[str, Any]) -> None:
        """Invoke, InvocationType Event."""
        invocation = self.current_invocation()

        def effect() -> None:
            chance, share = self._answers.random, self.gateway.faults.hand_over_throttled
            if share and chance() < share:
                self.gateway.note("hand-over throttled")
                raise ApiError("TooManyRequestsException", "Rate exceeded", 429)
            for monitor in self.monitors:
                monitor.handed_over(invocation, event)
            self.functions.invoke(arn, event, invocation.request, invocation.delivery.depth + 1)
            invocation.handed_over = True

        self.gateway.call("lambda:InvokeFunction", arn, effect, _accepted)

    def put_answer(self, url: str, body: bytes) -> int:
        """A PUT to a ResponseURL; the HTTP status."""
        invocation = self.current_invocation()
        number = invocation.calls
        invocation.calls += 1
        kill = self.kill_of(invocation, number)
        if kill is KillAt.BEFORE_CALL:
            self.functions.kill(invocation, "before its answer")
        self.kernel.sleep(0.05 + 0.1 * self._answers.random())
        share, chance = self.gateway.faults.answer_lost, self._answers.random
        fate = chance() if share else 1.0
        if fate < share / 2:
            self.gateway.note("answer not sent")
            self.story.note(self.kernel.now, invocation.name, "PUT answer", "lost on its way")
            raise AnswerLost("ProtocolError")
        status = self._take(url, body, invocation)
        if kill is KillAt.AFTER_EFFECT:
            self.functions.kill(invocation, "after its answer was taken")
        if fate < share:
            self.gateway.note("answer lost after")
            if chance() < 0.5:
                return 503
            self.kernel.sleep(READ_TIMEOUT_SECONDS)
            raise AnswerLost("ReadTimeoutError")
        return status

    def _take(self, url: str, body: bytes, invocation: Invocation) -> int:
        """Read an answer. An empty physical id ends a request as failed ("Invalid PhysicalResourceId",
        observed: issues 56 and 67 of crhelper); what else does not fit is taken for no answer.
        """
        request = self._by_url.get(url)
        answer = _read_answer(body)
        now = self.kernel.now
        if request is None or answer is None or not _fits(answer, request):
            self.story.note(now, invocation.name, "PUT answer", f"refused: {body[:200]!r}")
            for monitor in self.monitors:
                monitor.refused(invocation, body)
            if request is None or answer is None or answer.get("PhysicalResourceId") != "":
                return 403
            if request.waiting:
                self.end_request(request, Outcome.FAILED)
                if request.waiter is not None:
                    self.kernel.wake(request.waiter)
            return 200
        taken = request.waiting
        request.answered_at.append(now)
        invocation.answers += 1
        told = f"{answer['Status']} {_short(str(answer['PhysicalResourceId']))} {answer.get('Reason', '')}"
        self.story.note(
            now, invocation.name, f"PUT answer to {request.name}", told + ("" if taken else " (ignored)")
        )
        if taken:
            request.answer = answer
            self.end_request(request, Outcome.SUCCESS if answer["Status"] == "SUCCESS" else Outcome.FAILED)
        for monitor in self.monitors:
            monitor.answered(request, invocation, answer, taken)
        if taken and request.waiter is not None:
            self.kernel.wake(request.waiter)
        return 200

    # --- people -------------------------------------------------------------------------------------

    def _by_hand(self, act: ByHand) -> None:
        model = self.plan.models[act.model]
        result = "done"
        try:
            if act.hand is Hand.START:
                self.rekognition.start(model.arn, 1, None, PERSON)
            elif act.hand is Hand.STOP:
                self.rekognition.stop(model.arn, PERSON)
            else:
                self.rekognition.delete(model.arn)
        except ApiError as error:
            result = error.code
        self.story.note(self.kernel.now, PERSON, f"{act.hand}s {model.name}", result)


def _read_answer(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and len(body) <= BODY_BYTES_MAX else None


def _fits(answer: Mapping[str, Any], request: Request) -> bool:
    physical = answer.get("PhysicalResourceId")
    return (
        answer.get("Status") in ("SUCCESS", "FAILED")
        and answer.get("StackId") == request.stack.plan.stack_id
        and answer.get("RequestId") == request.id
        and answer.get("LogicalResourceId") == request.logical_id
        and isinstance(physical, str)
        and 0 < len(physical.encode()) <= PHYSICAL_ID_BYTES_MAX
        and (answer["Status"] == "SUCCESS" or bool(answer.get("Reason")))
    )


def _short(resource: str | None) -> str:
    text = resource or ""
    return text.split("/version/")[1].split("/")[0] if "/version/" in text else text.rpartition(":")[2][:60]


def _units(properties: Mapping[str, str]) -> str:
    return f"{properties['MinInferenceUnits']}-{properties.get('MaxInferenceUnits', '')} units".replace(
        "- ", " "
    )


def _accepted(_: object) -> str:
    return "accepted"


def _told_look(seen: tuple[Any, Look] | None) -> str:
    if seen is None:
        return "no such version"
    look = seen[1]
    return (
        f"{look.status} ({look.minimum}-{look.maximum or look.minimum})" if look.minimum else str(look.status)
    )


def _told_owner(tags: Mapping[str, str]) -> str:
    stack = tags.get("rekognition-running-model:stack-id", "")
    name = stack.split("/")[1] if "/" in stack else "nobody"
    return f"owner {name}/{tags.get('rekognition-running-model:logical-id', '')}"
