"""Lambda's queue in the simulation: chains that are cut off, throttles, age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from holds import holds

from local_aws.platform.aws_lambda import THROTTLE_SECONDS_MAX
from simulator.functions import EVENT_AGE_SECONDS_MAX, Handler
from simulator.plan import Declared, ModelPlan, Operation, Plan, StackPlan, Template, Verb
from simulator.requests import Outcome
from simulator.world import World

DEPLOY = Operation(Verb.DEPLOY, Template((("A", Declared(0)),)))


def plan(**of_plan: Any) -> Plan:
    """One model, deployed once."""
    return Plan(1, (ModelPlan("v1", "parts"),), (StackPlan("alpha", 0.0, (DEPLOY,)),), **of_plan)


@holds("loop detection")
def test_a_chain_is_cut_off() -> None:
    """A function that only ever invokes itself is not invoked a seventeenth time."""
    depths: list[int] = []

    def passing_on(world: World) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> None:
            delivery = context.delivery
            if context.request is world.requests[0]:
                depths.append(delivery.depth)
            world.functions.invoke(delivery.function.arn, event, delivery.request, delivery.depth + 1)

        return handle

    world = World(plan(), passing_on)
    assert world.play()
    assert depths == list(range(1, 17))
    assert world.requests[0].outcome is Outcome.TIMED_OUT
    assert world.requests[0].lost[-1] == "loop detection"


@holds("tries as hops")
@pytest.mark.parametrize(("count", "links"), [(True, 6), (False, 16)])
def test_whether_tries_count_as_hops(count: bool, links: int) -> None:
    """Where two tries of each link die before the third one hands over, they count for three, or for one."""
    tries: Counter[int] = Counter()

    def passing_on_at_last(world: World) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> None:
            delivery = context.delivery
            link = event.get("link", 1)
            if context.request is not world.requests[0]:
                return
            tries[link] += 1
            if tries[link] < 3:
                raise RuntimeError("dies")
            event = {**event, "link": link + 1}
            world.functions.invoke(delivery.function.arn, event, delivery.request, delivery.depth + 1)

        return handle

    world = World(plan(retries_count_as_hops=count), passing_on_at_last)
    assert world.play()
    assert world.requests[0].lost[-1] == "loop detection"
    assert len(tries) == links


@holds("throttles and age", "concurrency")
def test_a_throttled_event_waits_until_it_is_too_old() -> None:
    """Without any concurrency it comes back to the queue, and is dropped when its age is over."""

    def nobody(_: World) -> Handler:
        raise AssertionError("nothing runs")

    world = World(plan(concurrency=0), nobody)
    assert world.play()
    request = world.requests[0]
    assert (request.outcome, request.lost) == (Outcome.TIMED_OUT, ["too old"])
    dropped = next(entry for entry in world.story.entries if "too old" in str(entry))
    waited = dropped[0] - request.sent_at
    assert EVENT_AGE_SECONDS_MAX < waited <= EVENT_AGE_SECONDS_MAX + THROTTLE_SECONDS_MAX + 1
