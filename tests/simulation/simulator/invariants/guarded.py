"""What sweeps do to models with guards, and when: D1 to D4."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

from simulator.conditions import STALE_SECONDS
from simulator.invariants.base import Invariant, Violation
from simulator.invariants.owners import JUST_SHOWN_SECONDS
from simulator.invariants.truth import COMPLETE, Owner, Truth, names_of
from simulator.kernel import EPOCH
from simulator.recurring import Recurring
from simulator.rekognition import PERSON, Change, Model
from simulator.stack import Stack
from simulator.sweeps import Sweep

if TYPE_CHECKING:
    from simulator.functions import Delivery, Invocation
    from simulator.world import World

LOOK_SECONDS: Final = 30.0
SETTLED_SECONDS: Final = 90.0
"""After something has happened with a stack sweeps hold back for a minute."""
SWEEPS_MAX: Final = 2
"""So many whole sweeps leave no model otherwise than it is to be."""
APART_SECONDS: Final = 60.0
"""Sweeps that come closer to each other may all see the same."""
VIEW_SECONDS: Final = 90.0
"""So long a sweep may take from its first look to its last call, with what is shown to it from before."""
READY: Final = frozenset({"TRAINING_COMPLETED", "COPYING_COMPLETED", "STOPPED"})


@dataclass(slots=True)
class _Since:
    """Since when something is so without a break, and how many whole sweeps have seen it."""

    what: tuple[bool, str | None]
    at: float
    sweeps: list[float] = field(default_factory=list)
    told: bool = False


class Watch(Invariant):
    """What the invariants of sweeps share: whose a model is for certain."""

    def owner_for_certain(self, model: Model) -> Owner | None:
        """The one resource that a model is, in a stack at rest that was never contradicted by another one."""
        declaring = self.truth.declaring(model.plan.arn)
        if not declaring or any(one.stack is not declaring[-1].stack for one in declaring):
            return None
        owner, stack = declaring[-1].owner, declaring[-1].stack
        if stack.status not in COMPLETE or self.world.kernel.now - stack.statuses[-1][0] < SETTLED_SECONDS:
            return None
        if not self.truth.has(owner, model.plan.arn) or model.plan.arn in self.world.retained:
            return None
        others = next(self.truth.others_with(owner, model.plan.arn), None)
        works = any(one.chains for one in declaring)
        return None if others is not None or works else owner


class AsDutyAsks(Watch):
    """Off duty a model is at rest, on duty it runs, within two whole sweeps and what a stop or a start takes.

    A sweep is whole that was neither killed nor refused anything. One at the same time, or right after it, is
    not either: it leaves what is asked for already.
    """

    guarantee = "D1"

    def __init__(self, world: World, violations: list[Violation], truth: Truth) -> None:
        super().__init__(world, violations, truth)
        self._since: dict[str, _Since] = {}
        self._marred: set[int] = set()
        self._refused: dict[Owner, float] = {}
        Recurring(world, EPOCH + LOOK_SECONDS, LOOK_SECONDS, self._look)

    def called(self, invocation: Invocation, action: str, succeeded: bool) -> None:
        delivery, sweep = invocation.delivery, invocation.delivery.actor
        if succeeded or not isinstance(sweep, Sweep):
            return
        self._marred.add(id(delivery))
        self._refused[sweep.owner] = self.world.kernel.now
        for arn, since in self._since.items():
            if self._looks_after(sweep, arn):
                since.sweeps = [born for born in since.sweeps if born < delivery.born]

    def wake_ended(self, delivery: Delivery, lost: str) -> None:
        sweep = delivery.actor
        if not isinstance(sweep, Sweep) or lost not in ("", "silent") or id(delivery) in self._marred:
            return
        if delivery.born < self._refused.get(sweep.owner, -inf) + STALE_SECONDS:
            return
        for arn, since in self._since.items():
            last = since.sweeps[-1] if since.sweeps else since.at
            if self._looks_after(sweep, arn) and delivery.born >= last + APART_SECONDS:
                since.sweeps.append(delivery.born)

    def _looks_after(self, sweep: Sweep, arn: str) -> bool:
        declaring = self.truth.declaring(arn)
        return bool(declaring) and declaring[-1].owner == sweep.owner

    def _look(self) -> None:
        for arn, model in self.world.rekognition.models.items():
            owner = self.owner_for_certain(model)
            duty = None if owner is None else self.duties.duty(owner, model, self.world.kernel.now)
            if duty is None:
                self._since.pop(arn, None)
                continue
            known = self._since.get(arn)
            if known is None or known.what != (duty, model.status):
                self._since[arn] = _Since((duty, model.status), self.world.kernel.now)
                continue
            wrong = model.status in (READY if duty else ("RUNNING", "STARTING"))
            if wrong and len(known.sweeps) >= SWEEPS_MAX and not known.told:
                known.told = True
                word = "on" if duty else "off"
                self.violated(f"{model.plan.name} is {word} duty, and {model.status} after two sweeps")


class SweepsObey(Watch):
    """No sweep stops what is needed, nor starts what is not."""

    guarantee = "D2"

    def acted(self, model: Model, change: Change) -> None:
        sweep = change.by
        if not isinstance(sweep, Sweep):
            return
        now = self.world.kernel.now
        moments = [now + seconds for seconds in range(int(-VIEW_SECONDS), int(JUST_SHOWN_SECONDS) + 1, 15)]
        duties = {self.duties.duty(sweep.owner, model, moment) for moment in moments}
        starts = change.verb == "Start"
        if duties == {not starts}:
            word = "off" if starts else "on"
            self.violated(f"the {sweep.name} {change.verb.lower()}s {model.plan.name}, which is {word} duty")


class SweepsGiveWay(Watch):
    """A sweep changes nothing while an operation is under way, nor after the resource is gone, nor what is
    another's.

    What CloudFormation shows may be as old as for requests.
    """

    guarantee = "D3"

    def acted(self, model: Model, change: Change) -> None:
        sweep = change.by
        if not isinstance(sweep, Sweep):
            return
        text = f"the {sweep.name} {change.verb.lower()}s {model.plan.name}"
        now, stack = self.world.kernel.now, sweep.stack
        at, status = stack.statuses[-1]
        if self._is_hidden(stack):
            return
        if now - at > STALE_SECONDS and (status.endswith("_IN_PROGRESS") or status == "DELETE_COMPLETE"):
            self.violated(f"{text}, and its stack is {status}")
        elif now - at > STALE_SECONDS and not self.truth.has(sweep.owner, model.plan.arn):
            self.violated(f"{text}, which its resource does not have")
        if change.verb == "Stop":
            self._may_take(sweep, model, text)
        elif not self.truth.is_wanted(stack, model.plan.arn, change.units):
            self.violated(f"{text} with {change.units} units, which nobody declares")

    def _is_hidden(self, stack: Stack) -> bool:
        return any(freeze.until >= self.world.kernel.now for freeze in stack.freezes)

    def _may_take(self, sweep: Sweep, model: Model, text: str) -> None:
        arn, moment = model.plan.arn, self.world.kernel.now - JUST_SHOWN_SECONDS
        others = [
            other
            for other in self.truth.others_with(sweep.owner, arn)
            if other[0] == sweep.owner[0] and self.truth.had_or_wanted(other, arn, moment)
        ]
        if others:
            self.violated(f"{text}, which is {names_of(others)}'s")


class NobodyUndoes(Invariant):
    """No sweep starts again what was stopped, or stops again what was started, while nothing has changed.

    That is: what is asked of the model, its stack, or by hand. The former may be a request's doing.
    """

    guarantee = "D4"

    def acted(self, model: Model, change: Change) -> None:
        sweep = change.by
        former = next((one for one in reversed(model.changes) if one is not change and one.verb), None)
        if not isinstance(sweep, Sweep) or former is None or former.verb == change.verb:
            return
        since, now = former.at - VIEW_SECONDS, self.world.kernel.now
        deployed = self.duties.last_deployment(sweep.owner, model.plan.arn)
        by_hand = any(one.by == PERSON and one.at >= since for one in model.changes)
        if deployed is None or by_hand or sweep.stack.statuses[-1][0] >= since:
            return
        if not self.duties.turns(deployed, model, since, now):
            self.violated(f"the {sweep.name} undoes the {former.verb} of {model.plan.name} by {former.by}")
