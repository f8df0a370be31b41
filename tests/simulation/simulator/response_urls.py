"""The way of an answer to CloudFormation, and what it takes for one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from local_aws.platform.cloudformation import ANSWER_BODY_BYTES_MAX, ANSWER_STATUSES, PHYSICAL_ID_BYTES_MAX
from simulator.errors import AnswerLost
from simulator.functions import Invocation
from simulator.gateway import READ_TIMEOUT_SECONDS
from simulator.plan import KillAt
from simulator.requests import Outcome, Request
from simulator.words import short

if TYPE_CHECKING:
    from simulator.world import World


class ResponseUrls:
    """Takes answers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def put(self, url: str, body: bytes) -> int:
        """A PUT to a ResponseURL; the HTTP status."""
        invocation = self._world.current_invocation()
        number = invocation.calls
        invocation.calls += 1
        kill = self._world.kill_of(invocation, number)
        if kill is KillAt.BEFORE_CALL:
            self._world.functions.kill(invocation, kill, "before its answer")
        self._world.kernel.sleep(0.05 + 0.1 * self._world.answer_chance.random())
        share, chance = self._world.gateway.faults.answer_lost, self._world.answer_chance.random
        fate = chance() if share else 1.0
        if fate < share / 2:
            self._world.gateway.note("answer not sent")
            if url in self._world.by_url:
                self._world.by_url[url].unsent += 1
            self._world.story.note(self._world.kernel.now, invocation.name, "PUT answer", "lost on its way")
            raise AnswerLost("ProtocolError")
        status = self._take(url, body, invocation)
        if kill is KillAt.AFTER_EFFECT:
            self._world.functions.kill(invocation, kill, "after its answer was taken")
        if fate < share:
            self._world.gateway.note("answer lost after")
            if chance() < 0.5:
                return 503
            self._world.kernel.sleep(READ_TIMEOUT_SECONDS)
            raise AnswerLost("ReadTimeoutError")
        return status

    def _take(self, url: str, body: bytes, invocation: Invocation) -> int:
        """Read an answer. An empty physical id ends a request as failed ("Invalid PhysicalResourceId",
        observed: issues 56 and 67 of crhelper); what else does not fit is taken for no answer.
        """
        request = self._world.by_url.get(url)
        answer = _read_answer(body)
        now = self._world.kernel.now
        if request is None or answer is None or not _fits(answer, request):
            self._world.story.note(now, invocation.name, "PUT answer", f"refused: {body[:200]!r}")
            for monitor in self._world.monitors:
                monitor.refused(invocation, body)
            if request is None or answer is None or answer.get("PhysicalResourceId") != "":
                return 403
            if request.waiting:
                self._world.end_request(request, Outcome.FAILED)
                if request.waiter is not None:
                    self._world.kernel.wake(request.waiter)
            return 200
        taken = request.waiting
        request.answered_at.append(now)
        request.answers.append(answer)
        invocation.answers += 1
        told = f"{answer['Status']} {short(str(answer['PhysicalResourceId']))} {answer.get('Reason', '')}"
        self._world.story.note(
            now, invocation.name, f"PUT answer to {request.name}", told + ("" if taken else " (ignored)")
        )
        if taken:
            request.answer = answer
            self._world.end_request(
                request, Outcome.SUCCESS if answer["Status"] == "SUCCESS" else Outcome.FAILED
            )
        elif request.stack.plan.names_late:
            self._name_late(request, str(answer["PhysicalResourceId"]))
        for monitor in self._world.monitors:
            monitor.answered(request, invocation, answer, taken)
        if taken and request.waiter is not None:
            self._world.kernel.wake(request.waiter)
        return 200

    def _name_late(self, request: Request, physical_id: str) -> None:
        resource = request.stack.resources.get(request.logical_id)
        latest = next(one for one in reversed(self._world.requests) if one.owner == request.owner)
        if request is not latest or request.type != "Create":
            return
        if resource is not None and resource.physical_id is None:
            self._world.gateway.note("a late answer names the id")
            resource.physical_id = physical_id


def _read_answer(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and len(body) <= ANSWER_BODY_BYTES_MAX else None


def _fits(answer: Mapping[str, Any], request: Request) -> bool:
    physical = answer.get("PhysicalResourceId")
    return (
        answer.get("Status") in ANSWER_STATUSES
        and answer.get("StackId") == request.stack.plan.stack_id
        and answer.get("RequestId") == request.id
        and answer.get("LogicalResourceId") == request.logical_id
        and isinstance(physical, str)
        and 0 < len(physical.encode()) <= PHYSICAL_ID_BYTES_MAX
        and (answer["Status"] == "SUCCESS" or bool(answer.get("Reason")))
    )
