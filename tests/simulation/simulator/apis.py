"""The APIs as the seams call them: each call takes the gateway to its service and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import ApiError
from simulator.plan import ModelPlan, View
from simulator.rekognition import Look
from simulator.stack import Shown, Stack, StackEvent
from simulator.words import accepted, told_look, told_looks, told_owner

if TYPE_CHECKING:
    from simulator.gateway import Gateway
    from simulator.world import World

QUEUE_LAG_SECONDS: Final = 60.0
"""The numbers of a queue settle within a minute (GetQueueAttributes)."""
METRIC_LAG_SECONDS: Final = 300.0
"""How late a metric may be."""


class Apis:
    """Rekognition, CloudFormation and Lambda; raises ``ApiError`` or ``AnswerLost``."""

    def __init__(self, world: World, gateway: Gateway | None = None) -> None:
        """``gateway``: the way of the calls, if it is not the world's own."""
        self._world = world
        self._gateway = gateway or world.gateway
        self._rekognition = world.rekognition

    def find_project(self, name: str) -> str | None:
        """DescribeProjects."""
        return self._gateway.call(
            "rekognition:DescribeProjects", "*", lambda: self._rekognition.project_arn(name)
        )

    def describe(self, arn: str, project_arn: str, version: str) -> tuple[Any, Look] | None:
        """DescribeProjectVersions; ``arn`` is the model that is asked for."""
        lag = self._gateway.faults.describe_lag

        def effect() -> tuple[Any, Look] | None:
            seen = self._rekognition.describe(project_arn, version, self._gateway.lag(lag) if lag else 0.0)
            if lag and seen is not None and seen[1] is not self._rekognition.models[arn].now:
                self._gateway.note("old look at a model")
            return seen

        seen = self._gateway.call("rekognition:DescribeProjectVersions", arn, effect, told_look)
        self._world.current_invocation().last_look[arn] = (self._world.kernel.now, seen[1] if seen else None)
        return seen

    def find_projects(self) -> list[str]:
        """DescribeProjects for all of them."""
        projects = self._rekognition.projects
        return self._gateway.call("rekognition:DescribeProjects", "*", lambda: list(projects.values()), len)

    def describe_all(self, project_arn: str) -> list[tuple[ModelPlan, Look]]:
        """DescribeProjectVersions for all versions of a project."""

        def effect() -> list[tuple[ModelPlan, Look]]:
            return self._rekognition.describe_all(
                project_arn, self._gateway.lag(self._gateway.faults.describe_lag)
            )

        return self._gateway.call("rekognition:DescribeProjectVersions", project_arn, effect, told_looks)

    def start(self, arn: str, minimum: int, maximum: int | None) -> None:
        """StartProjectVersion."""
        by = self._asked("rekognition:StartProjectVersion", arn)
        self._gateway.call(
            "rekognition:StartProjectVersion",
            arn,
            lambda: self._rekognition.start(arn, minimum, maximum, by),
            lambda _: f"accepted, {minimum}-{maximum or minimum} units",
        )

    def stop(self, arn: str) -> None:
        """StopProjectVersion."""
        by = self._asked("rekognition:StopProjectVersion", arn)
        self._gateway.call(
            "rekognition:StopProjectVersion", arn, lambda: self._rekognition.stop(arn, by), accepted
        )

    def _asked(self, action: str, arn: str) -> object:
        invocation = self._world.current_invocation()
        for monitor in self._world.monitors:
            monitor.asked(invocation, action, arn)
        return invocation.request or invocation.delivery.actor

    def list_tags(self, arn: str) -> Mapping[str, str]:
        """ListTagsForResource."""
        lag = self._gateway.faults.tag_lag

        def effect() -> Mapping[str, str]:
            tags = self._rekognition.list_tags(arn, self._gateway.lag(lag))
            if lag and tags is not self._rekognition.models[arn].true_tags:
                self._gateway.note("old tags")
            return tags

        return self._gateway.call("rekognition:ListTagsForResource", arn, effect, told_owner)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """TagResource."""
        by = self._world.current_invocation().request
        self._gateway.call(
            "rekognition:TagResource",
            arn,
            lambda: self._rekognition.tag(arn, tags, by),
            lambda _: told_owner(tags),
        )

    def untag(self, arn: str, keys: list[str]) -> None:
        """UntagResource."""
        self._gateway.call(
            "rekognition:UntagResource", arn, lambda: self._rekognition.untag(arn, keys), lambda _: len(keys)
        )

    def describe_stack_resource(self, stack_id: str, logical_id: str) -> Shown:
        """DescribeStackResource."""

        def effect() -> Shown:
            stack = self._world.stacks.get(stack_id)
            if stack is None or not stack.statuses:
                raise ApiError("ValidationError", f"Stack '{stack_id}' does not exist")
            shown = stack.view(logical_id, self._moment(stack, View.RESOURCE, logical_id))
            if shown is None or shown.status is None:
                raise ApiError(
                    "ValidationError", f"Resource {logical_id} does not exist for stack {stack.plan.name}"
                )
            if shown is not stack.resources[logical_id].shown[-1]:
                self._gateway.note("old view of a resource")
            return shown

        return self._gateway.call(
            "cloudformation:DescribeStackResource", stack_id, effect, lambda shown: shown.status
        )

    def describe_stack_events(self, stack_id: str, token: int | None = None) -> tuple[list[StackEvent], int]:
        """DescribeStackEvents: a page, and the token of the next one, 0 after the last."""

        def effect() -> tuple[list[StackEvent], int]:
            stack = self._world.stacks.get(stack_id)
            if stack is None or not stack.statuses:
                raise ApiError("ValidationError", f"Stack [{stack_id}] does not exist")
            events, following = stack.events_at(self._moment(stack, View.EVENTS), token)
            if token is None and (not events or events[0] is not stack.events[-1]):
                self._gateway.note("old events")
            return events, following

        return self._gateway.call(
            "cloudformation:DescribeStackEvents", stack_id, effect, lambda page: len(page[0])
        )

    def describe_stack(self, stack_id: str) -> str:
        """DescribeStacks: the status."""

        def effect() -> str:
            stack = self._world.stacks.get(stack_id)
            status = stack.status_at(self._moment(stack, View.STACK)) if stack is not None else ""
            if stack is not None and status != stack.status:
                self._gateway.note("old status of a stack")
            if not status:
                raise ApiError("ValidationError", f"Stack with id {stack_id} does not exist")
            return status

        return self._gateway.call("cloudformation:DescribeStacks", stack_id, effect, str)

    def _moment(self, stack: Stack, view: View, logical_id: str | None = None) -> float:
        lag, now = self._gateway.faults.stack_lag, self._world.kernel.now
        moment = now - (self._gateway.lag(lag) if lag else 0.0)
        if not stack.freezes:
            return moment
        seen = stack.seen_at(view, moment, now, logical_id)
        if seen < moment:
            self._gateway.note(f"frozen {view}")
        return seen

    def messages(self, url: str) -> int:
        """GetQueueAttributes: how many messages wait, as it was a while ago."""
        demands = self._world.demands

        def effect() -> int:
            if demands is None:
                raise ApiError("QueueDoesNotExist", "The specified queue does not exist.", 400)
            return demands.messages(self._world.kernel.now - self._gateway.lag(QUEUE_LAG_SECONDS))

        return self._gateway.call("sqs:GetQueueAttributes", url, effect, str)

    def last_call(self, since: float) -> float | None:
        """GetMetricData: when models were called last, as far as the metric has it by now."""
        demands = self._world.demands

        def effect() -> float | None:
            late = self._gateway.lag(METRIC_LAG_SECONDS)
            return demands.last_call(since, self._world.kernel.now - late) if demands is not None else None

        return self._gateway.call("cloudwatch:GetMetricData", "*", effect)

    def invoke(self, arn: str, event: Mapping[str, Any]) -> None:
        """Invoke, InvocationType Event."""
        invocation = self._world.current_invocation()

        def effect() -> None:
            chance, share = self._world.answer_chance.random, self._gateway.faults.hand_over_throttled
            if share and chance() < share:
                self._gateway.note("hand-over throttled")
                raise ApiError("TooManyRequestsException", "Rate exceeded", 429)
            for monitor in self._world.monitors:
                monitor.handed_over(invocation, event)
            self._world.functions.invoke(arn, event, invocation.request, invocation.delivery.depth + 1)
            invocation.handed_over = True

        self._gateway.call("lambda:InvokeFunction", arn, effect, accepted)
