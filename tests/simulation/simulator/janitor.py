"""The janitor of the account: a function outside of all stacks, which a schedule wakes every ten minutes.

What it calls goes its own way, with the faults of the plan but with chances of its own: until it stops
something, a history is the same as without it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from running_model_handler.core.names import JANITOR_STOPS, Tag
from simulator.apis import Apis
from simulator.functions import DeployedFunction, Functions
from simulator.gateway import Gateway
from simulator.iam import Role
from simulator.kernel import EPOCH
from simulator.plan import ACCOUNT, REGION, JanitorPlan, Kill
from simulator.recurring import Recurring

if TYPE_CHECKING:
    from simulator.world import World

JANITOR: Final = "the janitor"
"""Who acts in its rounds."""
ROUND_SECONDS: Final = 600.0
"""The construct's ROUND_MINUTES; as old may an event of its become."""
INVOCATION_SECONDS: Final = 300.0
"""The time-out of its function."""
FIRST_INVOCATION: Final = 1_000_000
"""Its invocations are numbered from here on."""
_ARN: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:janitor"
_ANY_STACK: Final = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/"
_LOOKS: Final = frozenset(
    {
        "rekognition:DescribeProjects",
        "rekognition:DescribeProjectVersions",
        "rekognition:ListTagsForResource",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStackResource",
    }
)


class JanitorRole(Role):
    """Its role: the statements of the construct's ``janitor_statements``, in force since long ago."""

    def __init__(self) -> None:
        super().__init__("", _ARN)

    def allows(self, action: str, resource: str, tags: Mapping[str, str] | None, now: float) -> bool:
        """See ``Role``."""
        stops = action == "rekognition:StopProjectVersion"
        return action in _LOOKS or (stops and (tags or {}).get(Tag.STACK_ID, "").startswith(_ANY_STACK))


class JanitorActor:
    """Its function, and the schedule that wakes it."""

    def __init__(self, world: World, plan: JanitorPlan) -> None:
        def chance(name: str) -> random.Random:
            return random.Random(f"{world.plan.seed} janitor {name}")

        self._world = world
        self._plan = plan
        self.jitter = chance("jitter")
        self.gateway = Gateway(world, chance("calls"))
        self.apis = Apis(world, self.gateway)
        self._functions = Functions(
            world, chance("events"), self.gateway, label="janitor ", first=FIRST_INVOCATION
        )
        self._functions.by_task = world.functions.by_task
        self._function: DeployedFunction

    @property
    def kills(self) -> tuple[Kill, ...]:
        """Those of the plan, with the numbers of its invocations."""
        return tuple(
            Kill(FIRST_INVOCATION + each.invocation, each.at, each.count) for each in self._plan.kills
        )

    @property
    def rounds(self) -> int:
        """How many invocations it has had."""
        return self._functions.count - FIRST_INVOCATION

    def begin(self) -> None:
        """Let the schedule wake it from now on."""
        # Only a history with a janitor needs its code.
        from simulator.fast_janitor import new_janitor

        self._function = self._functions.deploy(
            _ARN, JanitorRole(), lambda: new_janitor(self._world, self), INVOCATION_SECONDS
        )
        self._function.retries, self._function.event_seconds = 0, ROUND_SECONDS
        self._function.settles_since = float("-inf")
        Recurring(self._world, EPOCH + self._plan.begins, ROUND_SECONDS, self._wake)

    def _wake(self) -> None:
        self._functions.invoke(_ARN, {JANITOR_STOPS: True}, None, actor=JANITOR)
